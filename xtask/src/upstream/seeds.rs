//! Our own seeds for upstream's twelve `*_fuzzer` programs, which read every file of
//! `tests/libzmq-fuzz-corpora/NAME_seed_corpus` below their folder and skip themselves without.
//!
//! Invariant: no seed names an address other than a loopback one, nor a host that would be looked
//! up; and a program gets through all of its seeds within its own time limit (half a second each
//! where it waits for a peer).

use std::path::Path;

/// A seed: file name and content.
type Seed = (&'static str, Vec<u8>);

/// The folder of the seeds below the folder that a program is run in.
const FOLDER: &str = "tests/libzmq-fuzz-corpora";

/// Writes the seeds of every fuzzer below `folder`.
///
/// # Errors
/// What could not be written.
pub fn write(folder: &Path) -> Result<(), String> {
    for (program, seeds) in all() {
        let corpus = folder.join(FOLDER).join(format!("{program}_seed_corpus"));
        std::fs::create_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
        for (name, content) in seeds {
            let path = corpus.join(name);
            std::fs::write(&path, content).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(())
}

/// Whether `program` reads seeds.
pub fn wanted(program: &str) -> bool {
    program.ends_with("_fuzzer")
}

fn all() -> Vec<(&'static str, Vec<Seed>)> {
    vec![
        ("test_bind_fuzzer", endpoints()),
        ("test_connect_fuzzer", endpoints()),
        ("test_bind_null_fuzzer", null(b"SUB")),
        // The stream fuzzer of connecting peers reads this one's seeds too.
        ("test_connect_null_fuzzer", null(b"PUB")),
        ("test_connect_stream_fuzzer", null(b"DEALER")),
        ("test_bind_stream_fuzzer", null(b"DEALER")),
        ("test_bind_curve_fuzzer", curve(&[202, 301])),
        ("test_connect_curve_fuzzer", curve(&[170, 72])),
        ("test_bind_ws_fuzzer", web_socket(&request(), 192)),
        ("test_connect_ws_fuzzer", web_socket(&response(), 166)),
        ("test_socket_options_fuzzer", options()),
        ("test_z85_decode_fuzzer", z85()),
    ]
}

/// A greeting of ZMTP 3.x (ZMTP 3.1, 2.2): signature, version, mechanism, as-server, filler.
fn greeting(major: u8, minor: u8, mechanism: &[u8], as_server: bool) -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, major, minor];
    bytes.extend_from_slice(mechanism);
    bytes.resize(32, 0);
    bytes.push(u8::from(as_server));
    bytes.resize(64, 0);
    bytes
}

/// A command frame (ZMTP 3.1, 2.3), short or long as its size wants.
fn command(name: &[u8], body: &[u8]) -> Vec<u8> {
    let size = 1 + name.len() + body.len();
    let mut bytes = match u8::try_from(size) {
        Ok(size) => vec![0x04, size],
        Err(_) => [&[0x06][..], &(size as u64).to_be_bytes()].concat(),
    };
    bytes.push(name.len() as u8);
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(body);
    bytes
}

/// A property of a READY command; `size` is what is announced.
fn property(name: &[u8], value: &[u8], size: u32) -> Vec<u8> {
    [&[name.len() as u8], name, &size.to_be_bytes(), value].concat()
}

fn ready(kind: &[u8]) -> Vec<u8> {
    let body = [
        property(b"Socket-Type", kind, kind.len() as u32),
        property(b"Identity", b"", 0),
    ];
    command(b"READY", &body.concat())
}

/// A message frame; `size` is what is announced.
fn frame(flags: u8, size: u64, body: &[u8]) -> Vec<u8> {
    match u8::try_from(size) {
        Ok(size) if flags & 0x02 == 0 => [&[flags, size], body].concat(),
        _ => [&[flags | 0x02][..], &size.to_be_bytes(), body].concat(),
    }
}

fn null(kind: &[u8]) -> Vec<Seed> {
    let hello = greeting(3, 1, b"NULL", false);
    let good = ready(kind);
    let after = |tail: &[u8]| [&hello[..], tail].concat();
    let joined = |tail: &[u8]| [&hello[..], &good[..], tail].concat();
    vec![
        ("empty", Vec::new()),
        ("signature", hello[..10].to_vec()),
        ("version-1-header", vec![0x01, 0x00]),
        (
            "version-2",
            [&greeting(1, 2, b"", false)[..12], &[0x00, 0x00]].concat(),
        ),
        (
            "version-9",
            [&greeting(9, 9, b"NULL", false)[..], &good[..]].concat(),
        ),
        ("other-mechanism", greeting(3, 1, b"PLAIN", true)),
        ("mechanism-without-end", greeting(3, 0, &[b'X'; 20], false)),
        ("ready", after(&good)),
        ("ready-cut", after(&good[..good.len() / 2])),
        ("wrong-peer", after(&ready(b"REQ"))),
        (
            "property-too-long",
            after(&command(b"READY", &property(b"Identity", b"x", u32::MAX))),
        ),
        ("error", after(&command(b"ERROR", &[200, b'n', b'o']))),
        ("ready-twice", joined(&good)),
        (
            "messages",
            joined(&[frame(1, 3, b"abc"), frame(0, 300, &[7; 300])].concat()),
        ),
        ("huge-frame", joined(&frame(0, u64::MAX, b"abc"))),
        ("reserved-flags", joined(&frame(0xf8, 3, b"abc"))),
        (
            "subscribe",
            joined(&[frame(0, 2, &[1, b'a']), command(b"SUBSCRIBE", b"b")].concat()),
        ),
        (
            "ping",
            joined(&command(
                b"PING",
                &[0, 10, b'c', b'o', b'n', b't', b'e', b'x', b't'],
            )),
        ),
        ("ping-cut", joined(&command(b"PING", &[0]))),
    ]
}

/// Handshakes whose steps after the greeting have the sizes that the program waits for.
fn curve(steps: &[usize]) -> Vec<Seed> {
    let hello = greeting(3, 1, b"CURVE", false);
    let names: [&[u8]; 4] = [b"HELLO", b"INITIATE", b"WELCOME", b"READY"];
    let step = |name: &[u8], size: usize| {
        let header = if size > 257 { 9 } else { 2 };
        command(name, &vec![0x5a; size - header - 1 - name.len()])
    };
    // HELLO says which version of the mechanism it is right after its name (CURVE, RFC 26).
    let named: [&[u8]; 2] = if steps[0] == 202 {
        [names[0], names[1]]
    } else {
        [names[2], names[3]]
    };
    let mut first = step(named[0], steps[0]);
    if steps[0] == 202 {
        first[8..10].copy_from_slice(&[1, 0]);
    }
    let second = step(named[1], steps[1]);
    let all = [&hello[..], &first, &second].concat();
    vec![
        ("empty", Vec::new()),
        ("greeting", hello.clone()),
        ("greeting-null", greeting(3, 1, b"NULL", false)),
        ("greeting-as-server", greeting(3, 1, b"CURVE", true)),
        ("first-step", all[..64 + steps[0]].to_vec()),
        ("first-step-cut", all[..64 + steps[0] - 20].to_vec()),
        ("both-steps", all.clone()),
        (
            "both-steps-then-message",
            [&all[..], &frame(0, 3, b"abc")].concat(),
        ),
        (
            "error",
            [&hello[..], &command(b"ERROR", &[3, b'4', b'0', b'0'])].concat(),
        ),
        (
            "huge-command",
            [&hello[..], &[0x06], &u64::MAX.to_be_bytes()[..]].concat(),
        ),
    ]
}

fn request() -> String {
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Protocol: ZWS2.0\r\n\
     Sec-WebSocket-Version: 13\r\n"
        .to_string()
}

fn response() -> String {
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Accept: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Protocol: ZWS2.0\r\n"
        .to_string()
}

/// Upgrades padded to the `size` that the program sends first, then WebSocket frames (RFC 6455, 5).
fn web_socket(head: &str, size: usize) -> Vec<Seed> {
    let padded = |head: &str| {
        let pad = size.saturating_sub(head.len() + "X: \r\n\r\n".len());
        format!("{head}X: {}\r\n\r\n", "p".repeat(pad)).into_bytes()
    };
    let good = padded(head);
    let then = |tail: &[u8]| [&good[..], tail].concat();
    vec![
        ("empty", Vec::new()),
        ("first-line", head.as_bytes()[..20].to_vec()),
        ("upgrade", good.clone()),
        ("no-protocol", padded(&head.replace("ZWS2.0", "chat"))),
        ("no-colons", padded(&head.replace(": ", " "))),
        (
            "nul-bytes",
            padded(&head.replace("websocket", "web\0socket")),
        ),
        (
            "long-line",
            format!("{head}X: {}", "p".repeat(9000)).into_bytes(),
        ),
        ("no-lines", vec![b'G'; 300]),
        (
            "masked",
            then(&[0x82, 0x84, 1, 2, 3, 4, 1, b'a' ^ 2, b'b' ^ 3, b'c' ^ 4]),
        ),
        ("unmasked", then(&[0x82, 0x04, 0, b'a', b'b', b'c'])),
        ("text", then(&[0x81, 0x83, 0, 0, 0, 0, b'a', b'b', b'c'])),
        (
            "huge",
            then(&[
                0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
            ]),
        ),
        ("empty-frame", then(&[0x82, 0x80, 0, 0, 0, 0])),
        (
            "ping-close",
            then(&[0x89, 0x80, 0, 0, 0, 0, 0x88, 0x80, 0, 0, 0, 0]),
        ),
        ("long-control", then(&[0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0])),
    ]
}

/// Endpoints, good and bad, without a port or path that could meet somebody else.
fn endpoints() -> Vec<Seed> {
    let long = format!("ipc://{}", "x".repeat(4000));
    let texts: Vec<(&'static str, &str)> = vec![
        ("empty", ""),
        ("no-scheme", "127.0.0.1"),
        ("no-address", "tcp://"),
        ("only-separator", "://"),
        ("unknown-scheme", "carrier-pigeon://127.0.0.1:1"),
        ("tcp-wildcard", "tcp://127.0.0.1:*"),
        ("tcp-no-port", "tcp://127.0.0.1:"),
        ("tcp-port-too-large", "tcp://127.0.0.1:65536"),
        ("tcp-negative-port", "tcp://127.0.0.1:-1"),
        ("tcp-port-text", "tcp://127.0.0.1:port"),
        ("tcp-source", "tcp://127.0.0.1:0;127.0.0.1:1"),
        ("tcp-source-empty", "tcp://;"),
        ("tcp-v6", "tcp://[::1]:*"),
        ("tcp-v6-open", "tcp://[::1:1"),
        ("tcp-v6-zone", "tcp://[::1%]:1"),
        ("ipc-wildcard", "ipc://*"),
        ("ipc-empty", "ipc://"),
        ("ipc-abstract-empty", "ipc://@"),
        ("ipc-too-long", &long),
        ("inproc", "inproc://a"),
        ("inproc-empty", "inproc://"),
        ("udp-for-pub", "udp://127.0.0.1:1"),
        ("ws-no-path", "ws://127.0.0.1:*"),
        ("ws-path-only", "ws:///path"),
        ("tipc-range", "tipc://{1,2,3"),
        ("tipc-text", "tipc://a"),
        ("pgm-empty", "pgm://;"),
        ("nul", "tcp://127.0.0.1\0:1"),
        ("spaces", "inproc:// 127.0.0.1 : 1"),
        ("percent", "inproc://%s%n:1"),
    ];
    let mut seeds: Vec<Seed> = texts
        .into_iter()
        .map(|(n, t)| (n, t.as_bytes().to_vec()))
        .collect();
    seeds.push(("not-utf-8", b"inproc://\xff\xfe\x80:1".to_vec()));
    seeds
}

/// Option values of sizes and contents that option setters look at.
fn options() -> Vec<Seed> {
    vec![
        ("byte", vec![1]),
        ("int-zero", vec![0; 4]),
        ("int-one", vec![1, 0, 0, 0]),
        ("int-minus-one", vec![0xff; 4]),
        ("int-smallest", vec![0, 0, 0, 0x80]),
        ("wide-largest", [&[0xff; 7][..], &[0x7f]].concat()),
        ("eleven", vec![3; 11]),
        ("key-binary", vec![0xa5; 32]),
        (
            "key-text",
            b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".to_vec(),
        ),
        (
            "key-text-terminated",
            b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\0".to_vec(),
        ),
        ("key-text-bad", vec![b'~'; 40]),
        ("filter", b"127.0.0.1/32".to_vec()),
        ("filter-bad", b"127.0.0.1/999".to_vec()),
        ("name-255", vec![b'n'; 255]),
        ("name-256", vec![b'n'; 256]),
        ("large", vec![0x42; 5000]),
    ]
}

fn z85() -> Vec<Seed> {
    let alphabet =
        b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    vec![
        ("alphabet", alphabet.to_vec()),
        ("hello-world", b"HelloWorld".to_vec()),
        ("key", b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".to_vec()),
        ("largest", b"%nSc0".to_vec()),
        ("overflow", b"#####".to_vec()),
        ("outside", b"~~~~~\x7f\x80\xff\x01\x1f".to_vec()),
        ("nul", b"01234\0\0\0\0\x0056789".to_vec()),
        ("short", b"0123".to_vec()),
        ("long", alphabet.repeat(100)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_and_steps_have_the_sizes_the_programs_cut_at() {
        assert_eq!(greeting(3, 1, b"NULL", false).len(), 64);
        assert_eq!(greeting(3, 0, &[b'X'; 20], true)[32], 1);
        let of = |seeds: &[Seed], name: &str| {
            seeds
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, bytes)| bytes.len())
        };
        assert_eq!(of(&curve(&[202, 301]), "both-steps"), Some(64 + 202 + 301));
        assert_eq!(of(&curve(&[170, 72]), "both-steps"), Some(64 + 170 + 72));
        assert_eq!(
            of(&web_socket(&request(), 192), "upgrade").map(|n| n >= 192),
            Some(true)
        );
    }

    #[test]
    fn every_fuzzer_has_seeds_of_distinct_names_and_only_loopback_addresses() {
        let all = all();
        assert_eq!(all.len(), 12);
        for (program, seeds) in all {
            assert!(wanted(program) && seeds.len() >= 9, "{program}");
            let names: std::collections::BTreeSet<_> = seeds.iter().map(|(n, _)| n).collect();
            assert_eq!(names.len(), seeds.len(), "{program}");
        }
        for (name, text) in endpoints() {
            let text = String::from_utf8_lossy(&text).into_owned();
            for scheme in ["tcp://", "udp://", "ws://"] {
                let Some(address) = text.strip_prefix(scheme) else {
                    continue;
                };
                let host = address.split(['/', ';']).next().unwrap_or("");
                let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
                assert!(
                    !host.contains(|c: char| c.is_alphabetic()),
                    "{name} may be looked up"
                );
                let loopback = ["", "127.0.0.1", "127.0.0.1\0"].contains(&host);
                assert!(
                    loopback || host.starts_with("[::1"),
                    "{name} is not loopback: {host}"
                );
            }
        }
    }
}
