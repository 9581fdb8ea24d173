//! ZAP: the request to the letter, and every way to answer wrongly.

use super::pair::part;
use crate::msg::{Msg, flag};
use crate::proto::zap::{ANSWER_PARTS, Answer, Credentials, Question, Status};
use crate::proto::{Failure, ProtocolError};

const GOOD: [&[u8]; ANSWER_PARTS] = [b"", b"1.0", b"1", b"200", b"OK", b"bob", b""];

fn answer(parts: &[&[u8]]) -> Result<Answer, Failure> {
    let parts: Vec<Msg> = parts.iter().map(|octets| part(octets, 0)).collect();
    Answer::parse(&parts)
}

fn with(place: usize, octets: &[u8]) -> Result<Answer, Failure> {
    let mut parts = GOOD;
    parts[place] = octets;
    answer(&parts)
}

#[test]
fn a_request_has_the_parts_of_rfc_27_behind_an_empty_one() {
    let credentials = Credentials {
        mechanism: "PLAIN",
        values: vec![b"admin".to_vec(), b"".to_vec()],
    };
    let question = Question {
        domain: b"home",
        address: b"127.0.0.1",
        routing_id: b"me",
        credentials: &credentials,
    };
    let parts = question.parts().unwrap();
    let bodies: Vec<&[u8]> = parts.iter().map(Msg::data).collect();
    let expected: [&[u8]; 9] = [
        b"",
        b"1.0",
        b"1",
        b"home",
        b"127.0.0.1",
        b"me",
        b"PLAIN",
        b"admin",
        b"",
    ];
    assert_eq!(bodies, expected);
    let more: Vec<bool> = parts.iter().map(Msg::more).collect();
    assert_eq!(more, [[true; 8].as_slice(), &[false]].concat());
    assert!(parts.iter().all(|part| !part.has(!flag::MORE)));
}

#[test]
fn an_answer_says_what_it_says() {
    let metadata = b"\x05Hello\0\0\0\x05World\x01a\0\0\0\0";
    assert_eq!(
        with(6, metadata),
        Ok(Answer {
            status: Status::Success,
            user_id: b"bob".to_vec(),
            properties: vec![("Hello".into(), b"World".to_vec()), ("a".into(), vec![])],
        })
    );
    for (text, status) in [
        (b"200", Status::Success),
        (b"300", Status::Temporary),
        (b"400", Status::Authentication),
        (b"500", Status::Internal),
    ] {
        assert_eq!(with(3, text).unwrap().status, status);
        assert_eq!(status.text(), text);
        assert_eq!((status as u32).to_string().as_bytes(), text);
    }
}

#[test]
fn wrong_answers_have_the_numbers_of_libzmq() {
    use ProtocolError::{
        ZapBadRequestId, ZapBadVersion, ZapInvalidMetadata, ZapInvalidStatusCode,
        ZapMalformedReply, ZapUnspecified,
    };
    let wrong = |error: ProtocolError| Err(Failure::Protocol(error));
    for count in (0..ANSWER_PARTS).chain([ANSWER_PARTS + 1, 100]) {
        let parts: Vec<&[u8]> = GOOD.iter().copied().cycle().take(count).collect();
        assert_eq!(answer(&parts), wrong(ZapMalformedReply), "{count} parts");
    }
    for (place, octets, error) in [
        (0, &b"x"[..], ZapUnspecified),
        (1, b"", ZapBadVersion),
        (1, b"1.", ZapBadVersion),
        (1, b"1.00", ZapBadVersion),
        (1, b"2.0", ZapBadVersion),
        (2, b"", ZapBadRequestId),
        (2, b"2", ZapBadRequestId),
        (2, b"11", ZapBadRequestId),
        (3, b"", ZapInvalidStatusCode),
        (3, b"20", ZapInvalidStatusCode),
        (3, b"2000", ZapInvalidStatusCode),
        (3, b"100", ZapInvalidStatusCode),
        (3, b"201", ZapInvalidStatusCode),
        (3, b"600", ZapInvalidStatusCode),
        (6, b"\0", ZapInvalidMetadata),
        (6, b"\x05Hello", ZapInvalidMetadata),
        (6, b"\x05Hello\0\0\0\x06World", ZapInvalidMetadata),
        (6, b"\x05Hello\xFF\0\0\x05World", ZapInvalidMetadata),
    ] {
        assert_eq!(with(place, octets), wrong(error), "{place}: {octets:?}");
    }
}
