/* SPDX-License-Identifier: MPL-2.0 */

/* The names of the error numbers that the libraries give: numbers alone are hard to read in a
 * comparison. */

#include "zmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAMED(number)                                                          \
    if (errnum == (number))                                                    \
    return #number

/* The name of an error number; for others the number itself, until the next call. */
__attribute__ ((unused)) static const char *errno_name (int errnum)
{
    static char number[24];
    NAMED (EAGAIN);
    NAMED (EINVAL);
    NAMED (EFAULT);
    NAMED (ENOENT);
    NAMED (ENOMEM);
    NAMED (EMFILE);
    NAMED (ENODEV);
    NAMED (EINTR);
    NAMED (EBADF);
    NAMED (EPERM);
    NAMED (EACCES);
    NAMED (EPROTO);
    NAMED (EISDIR);
    NAMED (ENOTDIR);
    NAMED (ENAMETOOLONG);
    NAMED (ENOTSUP);
    NAMED (ENOTSOCK);
    NAMED (EMSGSIZE);
    NAMED (ENOBUFS);
    NAMED (EADDRINUSE);
    NAMED (EADDRNOTAVAIL);
    NAMED (EAFNOSUPPORT);
    NAMED (EPROTONOSUPPORT);
    NAMED (ECONNREFUSED);
    NAMED (ECONNRESET);
    NAMED (ETIMEDOUT);
    NAMED (EHOSTUNREACH);
    NAMED (ENOTCONN);
    NAMED (EFSM);
    NAMED (ENOCOMPATPROTO);
    NAMED (ETERM);
    NAMED (EMTHREAD);
    snprintf (number, sizeof number, "errno:%d", errnum);
    return number;
}
