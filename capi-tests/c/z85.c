/* SPDX-License-Identifier: MPL-2.0 */

/* Z85 (RFC 32): its test vectors, every length, and what is refused. */

#include "check.h"

static const uint8_t CLIENT_KEY[32] = {
  0xBB, 0x88, 0x47, 0x1D, 0x65, 0xE2, 0x65, 0x9B, 0x30, 0xC5, 0x5A, 0x53, 0x21, 0xCE, 0xBB, 0x5A,
  0xAB, 0x2B, 0x70, 0xA3, 0x98, 0x64, 0x5C, 0x26, 0xDC, 0xA2, 0xB2, 0xFC, 0xB4, 0x3F, 0xC5, 0x18};
static const char CLIENT_TEXT[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

static void test_vectors (void)
{
    static const uint8_t hello[8] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    char text[41];
    uint8_t data[32];
    CHECK (zmq_z85_encode (text, hello, 8) == text);
    CHECK (!strcmp (text, "HelloWorld"));
    CHECK (zmq_z85_decode (data, "HelloWorld") == data);
    CHECK (!memcmp (data, hello, 8));
    CHECK (zmq_z85_encode (text, CLIENT_KEY, 32) == text);
    CHECK (!strcmp (text, CLIENT_TEXT));
    CHECK (zmq_z85_decode (data, CLIENT_TEXT) == data);
    CHECK (!memcmp (data, CLIENT_KEY, 32));
}

static void test_every_length (void)
{
    static uint8_t data[800], back[800];
    static char text[1001];
    size_t size;
    for (size = 0; size < sizeof data; size++)
        data[size] = (uint8_t) (size * 37 + size / 251);
    for (size = 4; size <= sizeof data; size += 4) {
        memset (text, 'x', sizeof text);
        CHECK (zmq_z85_encode (text, data, size) == text);
        CHECK (strlen (text) == size / 4 * 5);
        memset (back, 0, sizeof back);
        CHECK (zmq_z85_decode (back, text) == back);
        CHECK (!memcmp (back, data, size));
    }
}

static void test_empty (void)
{
    char text[2] = "x";
    CHECK (zmq_z85_encode (text, (const uint8_t *) "", 0) == text);
    CHECK (text[0] == 0);
}

static void test_refused (void)
{
    static const char *const texts[] = {
      "",           "0",          "01",         "012",        "0123",
      "012345678",  "HelloWorl",  "HelloWorldX", "#####",     "%nSc1",
      "0000\x80",   "0000\xFF",   "0000\x1F",   "0000 ",      "0000\"",
      "0000'",      "0000,",      "0000;",      "0000_",      "0000`",
      "0000|",      "0000~",      "0000\x7F",   "HelloWor\\d", NULL};
    char text[20];
    uint8_t data[20];
    int i;
    for (i = 0; texts[i]; i++)
        FAILS_NULL (zmq_z85_decode (data, texts[i]), EINVAL);
    for (i = 1; i < 12; i++)
        if (i % 4)
            FAILS_NULL (zmq_z85_encode (text, CLIENT_KEY, (size_t) i), EINVAL);
#ifndef GENUINE
    FAILS_NULL (zmq_z85_encode (NULL, CLIENT_KEY, 4), EFAULT);
    FAILS_NULL (zmq_z85_encode (text, NULL, 4), EFAULT);
    FAILS_NULL (zmq_z85_decode (NULL, "HelloWorld"), EFAULT);
    FAILS_NULL (zmq_z85_decode (data, NULL), EFAULT);
#endif
}

int main (void)
{
    alarm (SECONDS_AT_MOST);
    test_vectors ();
    test_every_length ();
    test_empty ();
    test_refused ();
    return 0;
}
