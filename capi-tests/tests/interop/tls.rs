//! `wss://` with peers whose TLS and WebSocket are neither ours nor libzmq's: Python's and openssl's;
//! and whom the system trusts.
//!
//! Invariant: who is not vouched for, or called otherwise, or out of date, is believed by nobody.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use crate::actor::{Actor, Lib, Part};
use crate::secured::{self, octets};
use crate::zmq;
use capi_tests::{root, run, run_ok, scratch};

const TRUST_SYSTEM: i32 = 107;

const FAILED: i32 = 0x0800;

/// One who vouches for servers, in a folder of its own.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// The files of a certificate and of its key.
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new([]).expect("no names are no wrong names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("there is chance enough");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("all is said");
        let folder = scratch(&format!("tls-{name}"));
        fs::write(folder.join("ca.pem"), issuer.pem()).expect("the folder is ours");
        Authority { issuer, folder }
    }

    /// What to trust.
    fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A server with these names, up to that year.
    fn server(&self, names: &[&str], until: i32) -> Identity {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let title = format!("{}-{until}", names.join("-"));
        let mut params = CertificateParams::new(names).expect("they are names");
        params.distinguished_name.push(DnType::CommonName, &title);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("there is chance enough");
        let certificate = params.signed_by(&key, &self.issuer).expect("all is said");
        let file = |ending: &str, text: String| {
            let path = self.folder.join(format!("{title}.{ending}"));
            fs::write(&path, text).expect("the folder is ours");
            path
        };
        Identity {
            certificate: file("crt", certificate.pem()),
            key: file("key", key.serialize_pem()),
        }
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("it was just written")
}

/// An actor that serves with this identity; where.
fn serving(identity: &Identity) -> (Actor, String) {
    let mut actor = Actor::new(Lib::Ours);
    actor.open(0, zmq::DEALER);
    octets(
        &mut actor,
        secured::CERTIFICATE,
        text(&identity.certificate).as_bytes(),
    );
    octets(&mut actor, secured::KEY, text(&identity.key).as_bytes());
    let endpoint = actor.bind(0, "wss://127.0.0.1:*/tls");
    (actor, endpoint)
}

fn python() -> Command {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(root().join("capi-tests/c/interop/stranger.py"));
    command
}

/// Whether there is a Python with WebSocket.
fn has_python() -> bool {
    let mut command = Command::new("/usr/bin/python3");
    let has = run(
        command.args(["-c", "import websockets"]),
        "/usr/bin/python3",
    )
    .status
    .success();
    if !has {
        println!("skipped: apt-get install python3-websockets");
    }
    has
}

/// What a stranger in Python says of a server, which echoes what it is asked.
fn asks(identity: &Identity, trusted: &Path, name: &str, version: &str) -> String {
    let (mut actor, endpoint) = serving(identity);
    let mut stranger = python();
    stranger
        .args(["ask", &endpoint])
        .arg(trusted)
        .args([name, version]);
    stranger.stdout(Stdio::piped());
    let child = stranger.spawn().expect("Python is there");
    if name == "right.test" && trusted.parent() == identity.key.parent() {
        // Its sizes, see there.
        for _ in 0..8 {
            actor.tell("echo 0");
        }
    }
    let output = child.wait_with_output().expect("it is our child");
    assert!(output.status.success());
    actor.tell("close 0");
    actor.leave();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_stranger_in_python_asks_ours() {
    if !has_python() {
        return;
    }
    let (ours, other) = (Authority::new("asks"), Authority::new("asks-other"));
    let good = ours.server(&["right.test"], 4000);
    for version in ["TLSv1_2", "TLSv1_3"] {
        assert_eq!(
            asks(&good, &ours.file(), "right.test", version),
            "fine: 1000"
        );
    }
    let refused = "refused: CERTIFICATE_VERIFY_FAILED";
    assert_eq!(asks(&good, &ours.file(), "wrong.test", "TLSv1_3"), refused);
    assert_eq!(asks(&good, &other.file(), "right.test", "TLSv1_3"), refused);
}

/// A server in Python; it ends with its input.
struct Server {
    child: Child,
    _stdin: Option<ChildStdin>,
    endpoint: String,
}

impl Server {
    fn new(identity: &Identity) -> Server {
        let mut command = python();
        command
            .arg("serve")
            .args([&identity.certificate, &identity.key]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("Python is there");
        let stdout = child.stdout.take().expect("it is a pipe");
        let mut port = String::new();
        BufReader::new(stdout)
            .read_line(&mut port)
            .expect("it says its port");
        Server {
            _stdin: child.stdin.take(),
            endpoint: format!("wss://127.0.0.1:{}/", port.trim()),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether an actor that is told this believes a server, and then talks to it.
fn believes(mut actor: Actor, endpoint: &str, tell: impl FnOnce(&mut Actor)) -> bool {
    actor.open(0, zmq::DEALER);
    tell(&mut actor);
    actor.tell("watch 0");
    actor.tell(format!("connect 0 {endpoint}"));
    let seen = actor.tell(format!("await 0 {}", FAILED | zmq::HANDSHAKE_SUCCEEDED));
    let believed = seen.starts_with(&format!("{} ", zmq::HANDSHAKE_SUCCEEDED));
    if believed {
        for size in [0, 1, 126, 70_000] {
            actor.send(0, &[Part::body(size, 3)]);
            actor.expect(0, &[Part::body(size, 3)]);
        }
    }
    actor.tell("close 0");
    actor.leave();
    believed
}

fn trusting(actor: &mut Actor, trusted: &Path, name: &str) {
    octets(actor, secured::TRUST, text(trusted).as_bytes());
    octets(actor, secured::HOSTNAME, name.as_bytes());
}

#[test]
fn ours_asks_a_stranger_in_python() {
    if !has_python() {
        return;
    }
    let (ours, other) = (Authority::new("serves"), Authority::new("serves-other"));
    let good = Server::new(&ours.server(&["right.test"], 4000));
    let asks = |server: &Server, trusted: &Path, name: &str| {
        believes(Actor::new(Lib::Ours), &server.endpoint, |actor| {
            trusting(actor, trusted, name);
        })
    };
    assert!(asks(&good, &ours.file(), "right.test"));
    assert!(!asks(&good, &ours.file(), "wrong.test"));
    assert!(!asks(&good, &other.file(), "right.test"));
    let expired = Server::new(&ours.server(&["right.test"], 2002));
    assert!(!asks(&expired, &ours.file(), "right.test"));
}

#[test]
fn whom_the_system_trusts_is_believed_where_that_is_wanted() {
    if !has_python() {
        return;
    }
    let (ours, other) = (Authority::new("system"), Authority::new("system-other"));
    let server = Server::new(&ours.server(&["right.test", "127.0.0.1"], 4000));
    let named = Server::new(&ours.server(&["right.test"], 4000));
    // The file that stands for what the system trusts; the name that is wanted.
    let asks = |server: &Server, system: &Path, wanted: Option<&str>, name: &str| {
        let actor = Actor::with(Lib::Ours, "SSL_CERT_FILE", system);
        believes(actor, &server.endpoint, |actor| {
            if wanted.is_some() {
                actor.set(0, TRUST_SYSTEM, 1);
            }
            octets(actor, secured::HOSTNAME, name.as_bytes());
        })
    };
    let system = Some("system");
    assert!(asks(&server, &ours.file(), system, "right.test"));
    assert!(!asks(&server, &ours.file(), system, "wrong.test"));
    assert!(!asks(&server, &other.file(), system, "right.test"));
    assert!(
        !asks(&server, &ours.file(), None, "right.test"),
        "not wanted"
    );
    // Without a name it has to be the host's.
    assert!(asks(&server, &ours.file(), system, ""));
    assert!(!asks(&named, &ours.file(), system, ""));
    // Beside the system's those count that are named.
    let actor = Actor::with(Lib::Ours, "SSL_CERT_FILE", &other.file());
    assert!(believes(actor, &server.endpoint, |actor| {
        actor.set(0, TRUST_SYSTEM, 1);
        trusting(actor, &ours.file(), "right.test");
    }));
}

#[test]
fn openssl_believes_ours_as_far_as_it_may() {
    let (ours, other) = (Authority::new("openssl"), Authority::new("openssl-other"));
    let good = ours.server(&["right.test"], 4000);
    let expired = ours.server(&["right.test"], 2002);
    for (identity, trusted, name, expected) in [
        (&good, ours.file(), "right.test", "0 (ok)"),
        (&good, ours.file(), "wrong.test", "62 (hostname mismatch)"),
        (
            &good,
            other.file(),
            "right.test",
            "21 (unable to verify the first certificate)",
        ),
        (
            &expired,
            ours.file(),
            "right.test",
            "10 (certificate has expired)",
        ),
    ] {
        let (mut actor, endpoint) = serving(identity);
        let host = endpoint["wss://".len()..]
            .split('/')
            .next()
            .expect("there is one");
        for version in ["-tls1_2", "-tls1_3"] {
            let mut openssl = Command::new("openssl");
            openssl.args([
                "s_client",
                "-connect",
                host,
                "-verify_hostname",
                name,
                version,
            ]);
            openssl.arg("-CAfile").arg(&trusted).stdin(Stdio::null());
            let said = String::from_utf8_lossy(&run(&mut openssl, "openssl").stdout).into_owned();
            let verdict = format!("Verify return code: {expected}");
            assert!(said.contains(&verdict), "{version}, {name}: {said}");
        }
        // And none of the older versions.
        let mut openssl = Command::new("openssl");
        openssl.args([
            "s_client",
            "-connect",
            host,
            "-tls1_1",
            "-cipher",
            "ALL:@SECLEVEL=0",
        ]);
        let old = run(openssl.stdin(Stdio::null()), "openssl");
        assert!(!old.status.success());
        // The port is served on.
        let mut openssl = Command::new("openssl");
        run_ok(
            openssl
                .args(["s_client", "-connect", host])
                .stdin(Stdio::null()),
            "openssl",
        );
        actor.tell("close 0");
        actor.leave();
    }
}
