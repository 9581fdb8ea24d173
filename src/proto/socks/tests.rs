//! The proxy's side by hand: what is said to it, and every way in which it may answer.

use super::{Destination, Refusal, Socks};
use crate::msg::SendBuffer;
use crate::proto::Login;

fn start(host: &str, login: Option<(&str, &str)>) -> (Socks, SendBuffer) {
    let mut out = SendBuffer::new();
    let login = login.map(|(username, password)| Login {
        username: username.into(),
        password: password.into(),
    });
    let destination = Destination::new(host, 0x1234).unwrap();
    let socks = Socks::new(destination, login, &mut out);
    (socks, out)
}

/// Feeds octets in pieces of `step`, and returns how many it took, or why it gave up.
fn feed(
    socks: &mut Socks,
    out: &mut SendBuffer,
    octets: &[u8],
    step: usize,
) -> Result<usize, Refusal> {
    let mut taken = 0;
    loop {
        let room = socks.room();
        let count = room.len().min(step).min(octets.len() - taken);
        if count == 0 {
            return Ok(taken);
        }
        room[..count].copy_from_slice(&octets[taken..taken + count]);
        socks.filled(count, out)?;
        taken += count;
    }
}

#[test]
fn each_kind_of_host_is_asked_for_as_what_it_is() {
    let cases: [(&str, &[u8]); 4] = [
        ("10.1.2.3", b"\x05\x01\x00\x01\x0a\x01\x02\x03\x12\x34"),
        (
            "::1",
            b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x34",
        ),
        ("example.org", b"\x05\x01\x00\x03\x0bexample.org\x12\x34"),
        ("1.2.3", b"\x05\x01\x00\x03\x051.2.3\x12\x34"),
    ];
    for (host, request) in cases {
        let (mut socks, mut out) = start(host, None);
        assert_eq!(out.drain(), b"\x05\x01\x00", "{host}");
        assert_eq!(feed(&mut socks, &mut out, b"\x05\x00", 2), Ok(2));
        assert_eq!(out.drain(), request, "{host}");
        assert!(!socks.is_over());
    }
}

#[test]
fn hosts_that_cannot_be_said_are_refused() {
    assert_eq!(Destination::new("", 1), None);
    assert_eq!(Destination::new(&"x".repeat(256), 1), None);
    assert!(Destination::new(&"x".repeat(255), 1).is_some());
}

#[test]
fn name_and_password_are_given_where_asked_for() {
    let (mut socks, mut out) = start("1.1.1.1", Some(("me", "")));
    assert_eq!(out.drain(), b"\x05\x01\x02");
    assert_eq!(feed(&mut socks, &mut out, b"\x05\x02", 1), Ok(2));
    assert_eq!(out.drain(), b"\x01\x02me\x00");
    assert_eq!(feed(&mut socks, &mut out, b"\x01\x00", 1), Ok(2));
    assert_eq!(out.drain(), b"\x05\x01\x00\x01\x01\x01\x01\x01\x12\x34");

    let (mut socks, mut out) = start("1.1.1.1", Some(("me", "secret")));
    out.drain();
    feed(&mut socks, &mut out, b"\x05\x02", 2).unwrap();
    assert_eq!(out.drain(), b"\x01\x02me\x06secret");
    assert_eq!(
        feed(&mut socks, &mut out, b"\x01\x07", 2),
        Err(Refusal::Login)
    );

    // Without a name there is nobody to log in as.
    let (_, mut out) = start("1.1.1.1", Some(("", "secret")));
    assert_eq!(out.drain(), b"\x05\x01\x00");
}

#[test]
fn methods_that_were_not_offered_are_refused() {
    for (login, octets, expected) in [
        (None, b"\x05\xFF", Refusal::Methods),
        (None, b"\x05\x02", Refusal::Methods),
        (None, b"\x05\x01", Refusal::Methods),
        (Some(("me", "x")), b"\x05\x00", Refusal::Methods),
        (Some(("me", "x")), b"\x05\xFF", Refusal::Methods),
        (None, b"\x04\x00", Refusal::Malformed),
        (None, b"HT", Refusal::Malformed),
    ] {
        let (mut socks, mut out) = start("1.1.1.1", login);
        assert_eq!(feed(&mut socks, &mut out, octets, 1), Err(expected));
    }
    let (mut socks, mut out) = start("1.1.1.1", Some(("me", "x")));
    let octets = b"\x05\x02\x05\x00";
    assert_eq!(
        feed(&mut socks, &mut out, octets, 1),
        Err(Refusal::Malformed)
    );
}

#[test]
fn nothing_behind_the_reply_is_taken() {
    let replies: [&[u8]; 5] = [
        b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50",
        b"\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50",
        b"\x05\x00\x00\x03\x09localhost\x00\x50",
        b"\x05\x00\x00\x03\x00\x00\x50",
        &[b"\x05\x00\x00\x03\xff".as_slice(), &[b'x'; 257]].concat(),
    ];
    for reply in replies {
        for step in [1, 2, 3, 300] {
            let (mut socks, mut out) = start("1.1.1.1", None);
            let all = [b"\x05\x00", reply, b"\xFF\0\0\0\0\0\0\0\x01\x7F"].concat();
            let taken = feed(&mut socks, &mut out, &all, step);
            assert_eq!(taken, Ok(2 + reply.len()), "{reply:?} by {step}");
            assert!(socks.is_over() && socks.room().is_empty());
        }
        // Short of one octet it is not over.
        let (mut socks, mut out) = start("1.1.1.1", None);
        let short = [b"\x05\x00", &reply[..reply.len() - 1]].concat();
        assert_eq!(feed(&mut socks, &mut out, &short, 7), Ok(short.len()));
        assert_eq!((socks.is_over(), socks.room().len()), (false, 1));
    }
}

#[test]
fn failures_are_told_apart_from_nonsense() {
    let cases: [(&[u8], Refusal); 6] = [
        (b"\x05\x05\x00\x01\x00", Refusal::Reply(5)),
        (b"\x05\xFF\x00\x03\x00", Refusal::Reply(255)),
        (b"\x04\x00\x00\x01\x00", Refusal::Malformed),
        (b"\x05\x00\x00\x02\x00", Refusal::Malformed),
        (b"\x05\x00\x01\x01\x00", Refusal::Malformed),
        (b"\x05\x05\x01\x01\x00", Refusal::Malformed),
    ];
    for (reply, expected) in cases {
        let (mut socks, mut out) = start("1.1.1.1", None);
        let all = [b"\x05\x00", reply].concat();
        assert_eq!(feed(&mut socks, &mut out, &all, 9), Err(expected));
    }
}
