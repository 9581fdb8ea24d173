//! Every row of [`FAMILIES`] is put through the same: listen, connect, echo, texts, bad addresses.
//!
//! Nothing here leaves this machine, asks a name service, or sleeps.

mod addresses;
mod ipc;
mod tcp;
mod ws;

use std::collections::HashMap;
use std::io::{ErrorKind, IoSlice};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::*;

/// How long an event of this machine may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for a descriptor.
fn await_event(source: &impl AsRawFd, interest: Interest) {
    let mut poll = Poll::new().unwrap();
    poll.registry()
        .register(&mut SourceFd(&source.as_raw_fd()), Token(0), interest)
        .unwrap();
    let mut events = Events::with_capacity(1);
    poll.poll(&mut events, Some(PATIENCE)).unwrap();
    assert!(!events.is_empty(), "nothing happened");
}

/// Resolves and connects to an endpoint's first place, and waits until that is decided.
fn connect(endpoint: &str, options: &Options) -> Result<Stream, Errno> {
    let (family, address) = parse(endpoint)?;
    family.check_connect(address, options)?;
    assert!(family.is_immediate(address), "{endpoint}");
    let targets = family.resolve(address, options)?;
    let (stream, own) = targets[0].connect(options)?;
    let own = match own {
        Some(own) => own,
        None => {
            await_event(&stream, Interest::WRITABLE);
            stream.connect_result(options)?
        }
    };
    assert_eq!(own, stream.local_endpoint());
    Ok(stream)
}

fn listen(endpoint: &str, options: &Options) -> Result<Listener, Errno> {
    let (family, address) = parse(endpoint)?;
    family.listen(address, options)
}

/// Waits for the next peer.
fn accept(listener: &Listener, options: &Options) -> Result<Stream, AcceptError> {
    loop {
        await_event(listener, Interest::READABLE);
        match listener.accept(options) {
            Err(AcceptError::Empty) => {}
            result => return result,
        }
    }
}

/// A connected pair: the accepted stream, and the one that connected.
fn pair(listener: &Listener, options: &Options) -> (Stream, Stream) {
    let connected = connect(listener.endpoint(), options).unwrap();
    (accept(listener, options).unwrap(), connected)
}

/// Reads until the buffer is full or the stream ends; how much that was.
fn read_all(stream: &Stream, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                await_event(stream, Interest::READABLE);
            }
            Err(error) => panic!("{error}"),
        }
    }
    filled
}

fn send(from: &Stream, to: &Stream, parts: &[&[u8]]) {
    let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let whole = parts.concat();
    assert_eq!(from.write_vectored(&slices).unwrap(), whole.len());
    let mut received = vec![0; whole.len()];
    assert_eq!(read_all(to, &mut received), whole.len());
    assert_eq!(received, whole);
}

/// The flags of a descriptor, as open(2) knows them.
fn flags(source: &impl AsRawFd) -> i32 {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", source.as_raw_fd())).unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .unwrap();
    i32::from_str_radix(line.trim(), 8).unwrap()
}

/// Runs one test of this program again in a process of its own, started by a shell line that
/// must end in `"$@"`. The test knows it by the variable `FERROZMQ_TEST_CHILD`.
fn run_apart(test: &str, shell: &str) {
    let output = Command::new("sh")
        .args(["-c", shell, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env("FERROZMQ_TEST_CHILD", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("1 passed"), "{text}{errors}");
}

fn is_apart() -> bool {
    env::var_os("FERROZMQ_TEST_CHILD").is_some()
}

/// Schemes that few kernels have, or that lead off the machine: their rows have tests of their own.
const APART: [&str; 3] = ["tipc", "vsock", "vmci"];

/// The other rows of schemes that have streams.
fn streams() -> impl Iterator<Item = &'static Family> {
    FAMILIES
        .iter()
        .filter(|family| !family.datagrams && !APART.contains(&family.scheme))
}

/// For each scheme an address to bind that is free on any machine.
fn wildcards() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("tcp", "tcp://127.0.0.1:*"),
        ("ipc", "ipc://*"),
        ("ws", "ws://127.0.0.1:*/path"),
        ("wss", "wss://127.0.0.1:*/path"),
    ])
}

#[test]
fn every_family_listens_connects_and_carries() {
    let options = Options::new(0, &Default::default());
    for family in streams() {
        let listener = listen(wildcards()[family.scheme], &options).unwrap();
        assert!(
            listener
                .endpoint()
                .starts_with(&format!("{}://", family.scheme))
        );
        assert!(!listener.endpoint().contains('*'), "{listener:?}");
        assert_eq!(listener.accept(&options).unwrap_err(), AcceptError::Empty);

        let (accepted, connected) = pair(&listener, &options);
        for descriptor in [flags(&listener), flags(&accepted), flags(&connected)] {
            assert_ne!(descriptor & libc::O_NONBLOCK, 0);
            assert_ne!(descriptor & libc::O_CLOEXEC, 0);
        }
        assert_eq!(accepted.family().scheme, family.scheme);
        send(&connected, &accepted, &[b"one", b"", b"two"]);
        send(&accepted, &connected, &[b"three"]);
        let nothing = accepted.read(&mut [0; 1]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);

        assert_eq!(connected.peer_endpoint(), listener.endpoint());
        assert_eq!(accepted.local_endpoint(), listener.endpoint());
        assert_eq!(accepted.peer_endpoint(), connected.local_endpoint());
        assert!(!accepted.peer_address().is_empty());

        connected.shutdown();
        assert_eq!(read_all(&accepted, &mut [0; 1]), 0);
    }
}

#[test]
fn every_family_takes_more_slices_than_one_call_can() {
    let options = Options::new(0, &Default::default());
    for family in streams() {
        let listener = listen(wildcards()[family.scheme], &options).unwrap();
        let (accepted, connected) = pair(&listener, &options);
        let slices = vec![IoSlice::new(b"x"); 5000];
        let written = connected.write_vectored(&slices).unwrap();
        assert_eq!(written, 1024);
        assert_eq!(read_all(&accepted, &mut vec![0; written]), written);
    }
}

#[test]
fn every_family_reports_a_peer_that_is_gone() {
    let options = Options::new(0, &Default::default());
    for family in streams() {
        let listener = listen(wildcards()[family.scheme], &options).unwrap();
        let (accepted, connected) = pair(&listener, &options);
        drop(connected);
        assert_eq!(read_all(&accepted, &mut [0; 1]), 0);
        let error = loop {
            match accepted.write_vectored(&[IoSlice::new(b"to nobody")]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    await_event(&accepted, Interest::WRITABLE);
                }
                Err(error) => break error,
            }
        };
        let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(kinds.contains(&error.kind()), "{error}");
        accepted.shutdown();
        // Who it was may be forgotten, but asking is fine.
        assert_eq!(
            accepted.peer_endpoint().is_empty(),
            accepted.peer_address().is_empty()
        );
    }
}

#[test]
fn every_family_refuses_where_nobody_listens() {
    let options = Options::new(0, &Default::default());
    for family in streams() {
        let listener = listen(wildcards()[family.scheme], &options).unwrap();
        let endpoint = listener.endpoint().to_owned();
        drop(listener);
        let errno = connect(&endpoint, &options).unwrap_err();
        let gone = [Errno::ECONNREFUSED, Errno::ENOENT];
        assert!(gone.contains(&errno), "{endpoint}: {errno:?}");
        // And its address is free again.
        assert_eq!(
            listen(&endpoint, &options).endpoint_or_errno(),
            match family.scheme {
                "ipc" => Err(Errno::ENOENT), // its folder went with it
                _ => Ok(endpoint),
            }
        );
    }
}

/// What a listener came to, in a form that can be compared.
trait Outcome {
    fn endpoint_or_errno(self) -> Result<String, Errno>;
}

impl Outcome for Result<Listener, Errno> {
    fn endpoint_or_errno(self) -> Result<String, Errno> {
        self.map(|listener| listener.endpoint().to_owned())
    }
}

/// Running out of descriptors is a fact told to the caller, and passes.
#[test]
fn exhaustion_is_told_and_passes() {
    if !is_apart() {
        run_apart(
            "transport::tests::exhaustion_is_told_and_passes",
            r#"ulimit -n 32 && exec "$@""#,
        );
        return;
    }
    let options = Options::new(0, &Default::default());
    for family in streams() {
        let listener = listen(wildcards()[family.scheme], &options).unwrap();
        let (_, address) = parse(listener.endpoint()).unwrap();
        let targets = family.resolve(address, &options).unwrap();
        let mut poll = Poll::new().unwrap();
        let descriptor = listener.as_raw_fd();
        let registry = poll.registry();
        registry
            .register(&mut SourceFd(&descriptor), Token(0), Interest::READABLE)
            .unwrap();

        let mut streams = Vec::new();
        let errno = loop {
            match targets[0].connect(&options) {
                Ok((stream, _)) => streams.push(stream),
                Err(errno) => break errno,
            }
        };
        assert_eq!(errno, Errno::EMFILE);
        assert!(streams.len() > 3);
        assert_eq!(
            listen(wildcards()[family.scheme], &options).unwrap_err(),
            Errno::EMFILE
        );
        poll.poll(&mut Events::with_capacity(1), Some(PATIENCE))
            .unwrap();
        for _ in 0..3 {
            let error = listener.accept(&options).unwrap_err();
            assert_eq!(error, AcceptError::Later(Errno::EMFILE));
            assert_eq!(error.errno(), Errno::EMFILE);
        }
        streams.pop();
        let accepted = listener.accept(&options).unwrap();
        send(&streams[0], &accepted, &[b"after all"]);
    }
}

#[test]
fn endpoints_are_split_as_the_manual_says() {
    let cases = [
        ("", Err(Errno::EINVAL)),
        ("tcp", Err(Errno::EINVAL)),
        ("tcp:/x", Err(Errno::EINVAL)),
        ("tcp//x", Err(Errno::EINVAL)),
        ("://x", Err(Errno::EINVAL)),
        ("tcp://", Err(Errno::EINVAL)),
        ("foo://", Err(Errno::EINVAL)),
        ("foo://x", Err(Errno::EPROTONOSUPPORT)),
        ("TCP://x", Err(Errno::EPROTONOSUPPORT)),
        ("inproc://x", Err(Errno::EPROTONOSUPPORT)),
        ("tcp://x", Ok(("tcp", "x"))),
        ("ipc:///x://y", Ok(("ipc", "/x://y"))),
    ];
    for (endpoint, expected) in cases {
        let found = parse(endpoint).map(|(family, address)| (family.scheme, address));
        assert_eq!(found, expected, "{endpoint}");
    }
    assert_eq!(split("inproc://x"), Ok(("inproc", "x")));
}

/// Accepting says what to do next for every error number, the unheard-of included.
#[test]
fn errors_of_accept_are_sorted() {
    let listener = listen("tcp://127.0.0.1:*", &Options::new(0, &Default::default())).unwrap();
    listener
        .socket()
        .shutdown(std::net::Shutdown::Both)
        .unwrap();
    let error = listener
        .accept(&Options::new(0, &Default::default()))
        .unwrap_err();
    assert_eq!(error, AcceptError::Broken(Errno::EINVAL));
    for (error, errno) in [
        (AcceptError::Empty, Errno::EAGAIN),
        (AcceptError::Refused, Errno::EACCES),
        (AcceptError::Lost(Errno::EPROTO), Errno::EPROTO),
    ] {
        assert_eq!(error.errno(), errno);
    }
}
