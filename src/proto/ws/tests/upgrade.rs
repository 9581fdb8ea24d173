//! Requests and responses, good and bad.

use super::super::upgrade::{Chosen, Client, MAX_HEAD, Outcome, serve};
use super::request;
use crate::proto::tests::pair::config;
use crate::proto::{Config, Login, Mechanism};

fn plain() -> Config {
    Config {
        mechanism: Mechanism::PlainServer,
        legacy_allowed: false,
        ..config("ROUTER")
    }
}

fn strict() -> Config {
    Config {
        legacy_allowed: false,
        ..config("ROUTER")
    }
}

#[test]
fn a_server_answers_with_the_first_protocol_that_it_knows() {
    use Chosen::{Bare, Mechanism};
    for (offered, config, name, chosen) in [
        ("ZWS2.0/NULL", config("PUB"), "ZWS2.0/NULL", Mechanism),
        (
            "ZWS2.0/NULL,ZWS2.0",
            config("PUB"),
            "ZWS2.0/NULL",
            Mechanism,
        ),
        ("ZWS2.0,ZWS2.0/NULL", config("PUB"), "ZWS2.0", Bare),
        ("chat, ZWS2.0/PLAIN , ZWS2.0", config("PUB"), "ZWS2.0", Bare),
        ("ZWS2.0,ZWS2.0/NULL", strict(), "ZWS2.0/NULL", Mechanism),
        ("ZWS2.0,ZWS2.0/PLAIN", plain(), "ZWS2.0/PLAIN", Mechanism),
    ] {
        let request = request(offered);
        // With the answer to the key that RFC 45 has for its example.
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\
             Sec-WebSocket-Protocol: {name}\r\n\r\n"
        );
        let expected = Outcome::Done {
            chosen,
            size: request.len(),
            response,
        };
        let behind = [request.as_bytes(), b"\x82\x80 more"].concat();
        assert_eq!(serve(&behind, &config), expected, "{offered}");
        for cut in 0..request.len() {
            let outcome = serve(&request.as_bytes()[..cut], &config);
            assert_eq!(outcome, Outcome::More, "{offered} up to {cut}");
        }
    }
}

#[test]
fn two_fields_are_one_list() {
    let request = request("chat\r\nsec-websocket-protocol: x, ZWS2.0/NULL");
    assert!(matches!(
        serve(request.as_bytes(), &config("PUB")),
        Outcome::Done { .. }
    ));
}

#[test]
fn a_server_refuses_what_is_no_upgrade_of_ours() {
    let good = request("ZWS2.0/NULL");
    let key = "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n";
    for (what, with, status) in [
        ("GET", "POST", "400"),
        ("HTTP/1.1", "HTTP/1.0", "400"),
        ("HTTP/1.1", "HTTP/9.9", "400"),
        ("GET /any", "GET/any", "400"),
        ("Host: ", "Ho st: ", "400"),
        ("Upgrade: websocket", "Upgrade: h2c", "426"),
        ("Upgrade: websocket", "Upgraded: websocket", "426"),
        ("keep-alive, Upgrade", "keep-alive", "426"),
        ("Version: 13", "Version: 8", "426"),
        (
            "Version: 13",
            "Version: 13\r\nSec-WebSocket-Version: 13",
            "426",
        ),
        (key, "", "400"),
        (key, &format!("{key}{key}"), "400"),
        ("GBhXDw==", "GBhXDw", "400"),
        ("x3JJ", "x3J", "400"),
        ("x3JJ", "", "400"),
        ("x3JJ", "\u{e9}3JJ", "400"),
        ("ZWS2.0/NULL", "ZWS1.0", "400"),
        ("ZWS2.0/NULL", "zws2.0/null", "400"),
        ("ZWS2.0/NULL", "ZWS2.0/CURVE,ZWS2.0/PLAIN", "400"),
        ("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocols", "400"),
    ] {
        let bad = good.replace(what, with);
        assert_ne!(bad, good, "{with}");
        match serve(bad.as_bytes(), &config("PUB")) {
            Outcome::Malformed(answer) => {
                let answer = std::str::from_utf8(answer).unwrap();
                let expected = format!("HTTP/1.1 {status} ");
                assert!(answer.starts_with(&expected), "{with}: {answer}");
                assert!(answer.ends_with("\r\n\r\n"));
            }
            outcome => panic!("{with}: {outcome:?}"),
        }
    }
    // Without a mechanism nobody would ask who the peer is.
    let bare = request("ZWS2.0");
    for config in [strict(), plain()] {
        let outcome = serve(bare.as_bytes(), &config);
        assert!(matches!(outcome, Outcome::Malformed(_)), "{outcome:?}");
    }
}

#[test]
fn heads_have_an_end() {
    let mut head = request("ZWS2.0/NULL");
    head.truncate(head.len() - 2);
    let field = format!("X: {}\r\n", "y".repeat(100));
    while head.len() + field.len() + 2 <= MAX_HEAD {
        head += &field;
    }
    let fits = format!("{head}\r\n");
    // More fields than anyone sends.
    let outcome = serve(fits.as_bytes(), &config("PUB"));
    assert!(matches!(outcome, Outcome::Malformed(_)), "{outcome:?}");

    let mut head = request("ZWS2.0/NULL");
    head.truncate(head.len() - 2);
    head += "X: ";
    head += &"y".repeat(MAX_HEAD - head.len() - 4);
    head += "\r\n\r\n";
    assert_eq!(head.len(), MAX_HEAD);
    let outcome = serve(head.as_bytes(), &config("PUB"));
    assert!(matches!(outcome, Outcome::Done { size: MAX_HEAD, .. }));
    let long = head.replace("X: ", "X: y");
    let outcome = serve(long.as_bytes(), &config("PUB"));
    assert!(matches!(outcome, Outcome::Malformed(_)), "{outcome:?}");
}

/// A head without the line that begins so, and with it twice.
fn without_and_twice(head: &str, name: &str) -> [String; 2] {
    let line = head.lines().find(|line| line.starts_with(name)).unwrap();
    let line = format!("{line}\r\n");
    [
        head.replace(&line, ""),
        head.replace(&line, &line.repeat(2)),
    ]
}

#[test]
fn each_field_of_a_request_is_there_and_as_often_as_it_may_be() {
    for (name, without, twice) in [
        // COMPAT: a host need not be named.
        ("Host", None, Some("400")),
        // Lists, which may come in several fields.
        ("Upgrade", Some("426"), None),
        ("Connection", Some("426"), None),
        ("Sec-WebSocket-Protocol", Some("400"), None),
        ("Sec-WebSocket-Key", Some("400"), Some("400")),
        ("Sec-WebSocket-Version", Some("426"), Some("426")),
        ("Origin", None, None),
    ] {
        let heads = without_and_twice(&request("ZWS2.0/NULL"), name);
        for (head, expected) in heads.iter().zip([without, twice]) {
            match (serve(head.as_bytes(), &config("PUB")), expected) {
                (Outcome::Done { .. }, None) => {}
                (Outcome::Malformed(answer), Some(status)) => {
                    let answer = std::str::from_utf8(answer).unwrap();
                    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
                }
                other => panic!("{other:?}: {head}"),
            }
        }
    }
}

#[test]
fn each_field_of_a_response_is_there_and_as_often_as_it_may_be() {
    let config = config("REQ");
    let (judge, good) = client(&config);
    for (name, may_come_twice) in [
        ("Upgrade", true),
        ("Connection", true),
        ("Sec-WebSocket-Accept", false),
        ("Sec-WebSocket-Protocol", false),
    ] {
        let [without, twice] = without_and_twice(&good, name);
        let outcome = judge.judge(without.as_bytes(), &config);
        assert_eq!(outcome, Outcome::Malformed(b""), "{name}");
        let outcome = judge.judge(twice.as_bytes(), &config);
        assert_eq!(
            matches!(outcome, Outcome::Done { .. }),
            may_come_twice,
            "{name}"
        );
    }
    // As long as it may be, and longer.
    let long = |size: usize| {
        let head = good.strip_suffix("\r\n").unwrap();
        let rest = size - head.len() - "X: \r\n\r\n".len();
        format!("{head}X: {}\r\n\r\n", "y".repeat(rest))
    };
    let outcome = judge.judge(long(MAX_HEAD).as_bytes(), &config);
    assert!(matches!(outcome, Outcome::Done { size: MAX_HEAD, .. }));
    let outcome = judge.judge(long(MAX_HEAD + 1).as_bytes(), &config);
    assert_eq!(outcome, Outcome::Malformed(b""));
    let endless = judge.judge(&[b"HTTP/1.1 101 ", &[b'x'; MAX_HEAD][..]].concat(), &config);
    assert_eq!(endless, Outcome::Malformed(b""));
}

/// A client, and what a good server says to it.
fn client(config: &Config) -> (Client, String) {
    let (client, asked) = Client::new("example.org:5555", "/zeromq?x=y", config);
    let server = Config {
        mechanism: match &config.mechanism {
            Mechanism::PlainClient(_) => Mechanism::PlainServer,
            other => other.clone(),
        },
        ..config.clone()
    };
    match serve(asked.as_bytes(), &server) {
        Outcome::Done { response, size, .. } if size == asked.len() => (client, response),
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn a_client_asks_for_what_it_may_use() {
    let login = Login {
        username: Vec::new(),
        password: Vec::new(),
    };
    let plain = Config {
        mechanism: Mechanism::PlainClient(login),
        legacy_allowed: false,
        ..config("REQ")
    };
    for (config, offer) in [
        (config("REQ"), "ZWS2.0/NULL,ZWS2.0"),
        (strict(), "ZWS2.0/NULL"),
        (plain, "ZWS2.0/PLAIN"),
    ] {
        let (_, asked) = Client::new("example.org:5555", "/zeromq?x=y", &config);
        let (_, again) = Client::new("example.org:5555", "/zeromq?x=y", &config);
        assert_ne!(asked, again, "the same key twice");
        assert!(asked.starts_with("GET /zeromq?x=y HTTP/1.1\r\nHost: example.org:5555\r\n"));
        assert!(asked.contains(&format!("\r\nSec-WebSocket-Protocol: {offer}\r\n")));
        let (client, response) = client(&config);
        let size = response.len();
        let expected = Outcome::Done {
            chosen: Chosen::Mechanism,
            size,
            response: String::new(),
        };
        let behind = [response.as_bytes(), b"\x82"].concat();
        assert_eq!(client.judge(&behind, &config), expected);
        for cut in 0..size {
            let outcome = client.judge(&response.as_bytes()[..cut], &config);
            assert_eq!(outcome, Outcome::More, "up to {cut}");
        }
    }
}

#[test]
fn a_client_takes_no_answer_but_the_right_one() {
    let config = config("REQ");
    let (judge, good) = client(&config);
    let bare = good.replace("ZWS2.0/NULL", "ZWS2.0");
    assert!(matches!(
        judge.judge(bare.as_bytes(), &config),
        Outcome::Done {
            chosen: Chosen::Bare,
            ..
        }
    ));
    let outcome = judge.judge(bare.as_bytes(), &strict());
    assert_eq!(outcome, Outcome::Malformed(b""), "it was not offered");
    for status in [
        "200 OK",
        "302 Found",
        "503 Service Unavailable",
        "100 Continue",
    ] {
        let other = good.replace("101 Switching Protocols", status);
        let outcome = judge.judge(other.as_bytes(), &config);
        assert_eq!(outcome, Outcome::Refused, "{status}");
    }
    let (other, _) = client(&config);
    let outcome = other.judge(good.as_bytes(), &config);
    assert_eq!(
        outcome,
        Outcome::Malformed(b""),
        "the answer to another key"
    );
    for (what, with) in [
        ("HTTP/1.1", "HTTP/1.0"),
        ("HTTP/1.1", "ICY"),
        ("Upgrade: websocket", "Upgrade: h2c"),
        ("Connection: Upgrade", "Connection: close"),
        ("Sec-WebSocket-Accept", "Sec-WebSocket-Except"),
        ("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocols"),
        ("ZWS2.0/NULL", "ZWS2.0/PLAIN"),
        ("ZWS2.0/NULL", "ZWS2.0/NULL, ZWS2.0"),
        ("ZWS2.0/NULL", "ZWS2.0/NULL\r\nSec-WebSocket-Extensions: x"),
        ("ZWS2.0/NULL", "\u{e9}"),
    ] {
        let bad = good.replace(what, with);
        let outcome = judge.judge(bad.as_bytes(), &config);
        assert_eq!(outcome, Outcome::Malformed(b""), "{with}");
    }
}
