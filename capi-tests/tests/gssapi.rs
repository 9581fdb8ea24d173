//! GSSAPI against a Kerberos of our own: a key server on a free port of the loopback, with a realm
//! and keys that are thrown away. `cargo xtask test gssapi` sees to what is needed.
#![cfg(feature = "gssapi")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use capi_tests::{Profile, include, installed, library, root, run, run_ok, scratch, upstream};

const REALM: &str = "FERROZMQ.TEST";
const PACKAGES: &str = "krb5-kdc krb5-admin-server";

/// A key server; it ends with the value.
struct Kerberos {
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl Drop for Kerberos {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where Debian has what only administrators run.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

impl Kerberos {
    /// Starts one; `None`, and a word about it, where the packages are missing.
    fn start(name: &str) -> Option<Kerberos> {
        let tools = ["krb5kdc", "kdb5_util", "kadmin.local"].map(tool);
        let [Some(kdc), Some(util), Some(admin)] = tools else {
            assert!(
                std::env::var_os("CI").is_none(),
                "no Kerberos: apt-get install {PACKAGES}"
            );
            println!("skipped: no Kerberos (apt-get install {PACKAGES})");
            return None;
        };
        let folder = scratch(name);
        let port = free_port();
        let here = folder.display();
        let client = format!(
            "[libdefaults]\n default_realm = {REALM}\n dns_lookup_realm = false\n \
             dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n rdns = false\n \
             qualify_shortname = \"\"\n[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
        );
        let server = format!(
            "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n {REALM} = {{\n  database_name = {here}/principal\n  \
             key_stash_file = {here}/stash\n  acl_file = {here}/acl\n }}\n\
             [logging]\n kdc = STDERR\n admin_server = STDERR\n"
        );
        fs::write(folder.join("krb5.conf"), client).expect("scratch can be written to");
        fs::write(folder.join("kdc.conf"), server).expect("scratch can be written to");

        let set = |program: &Path| {
            let mut command = Command::new(program);
            surround(&mut command, &folder);
            command
        };
        let master = ["create", "-s", "-r", REALM, "-P", "thrown away"];
        run_ok(set(&util).args(master), PACKAGES);
        let principal = format!("zmqtest2/{}", host());
        let add = format!("addprinc -randkey {principal}");
        run_ok(set(&admin).args(["-r", REALM, "-q", &add]), PACKAGES);
        let take = format!("ktadd -k {here}/keytab {principal}");
        run_ok(set(&admin).args(["-r", REALM, "-q", &take]), PACKAGES);
        assert!(folder.join("keytab").is_file(), "there are keys");

        let mut server = set(&kdc)
            .args(["-n", "-r", REALM])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("krb5kdc is there");
        let mut said = BufReader::new(server.stderr.take().expect("a pipe"));
        let kerberos = Kerberos {
            folder,
            port,
            server,
        };
        let mut all = String::new();
        while !all.contains("commencing operation") {
            let read = said.read_line(&mut all).expect("krb5kdc speaks UTF-8");
            assert!(read > 0, "krb5kdc does not start:\n{all}");
        }
        // What it says later is of no interest, but must not fill the pipe.
        thread::spawn(move || said.lines().for_each(drop));
        Some(kerberos)
    }

    /// A program that finds our keys, and nobody else's.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        surround(&mut command, &self.folder);
        command
    }
}

fn surround(command: &mut Command, folder: &Path) {
    let file = |name: &str| format!("FILE:{}", folder.join(name).display());
    command
        .current_dir(folder)
        .env("KRB5_CONFIG", folder.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
        .env("KRB5_KTNAME", file("keytab"))
        .env("KRB5_CLIENT_KTNAME", file("keytab"))
        .env("KRB5CCNAME", "MEMORY:")
        .env("KRB5RCACHENAME", format!("dfl:{}", folder.display()))
        .env("TMPDIR", folder)
        .env_remove("KRB5_TRACE");
}

/// A port that is free both ways.
fn free_port() -> u16 {
    loop {
        let stream = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        let port = stream.local_addr().expect("it is bound").port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The name by which Kerberos knows this machine.
fn host() -> String {
    run_ok(&mut Command::new("hostname"), "hostname")
        .trim()
        .to_lowercase()
}

/// The program of `c/gssapi.c`.
fn peers() -> &'static Path {
    static PEERS: OnceLock<PathBuf> = OnceLock::new();
    PEERS.get_or_init(|| {
        let program = scratch("gssapi-peers").join("gssapi");
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=gnu99", "-g", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(include())
            .arg(root().join("capi-tests/c/gssapi.c"))
            .args(["-ldl", "-lpthread", "-o"])
            .arg(&program);
        run_ok(&mut gcc, "gcc");
        program
    })
}

fn ours() -> PathBuf {
    library(Profile::Dev).join("libzmq.so.5")
}

/// Debian's, which is built with GSSAPI.
fn genuine() -> Option<PathBuf> {
    let found = installed();
    if found.is_none() {
        println!("skipped: no libzmq.so.5 of Debian's (apt-get install libzmq5)");
    }
    found
}

fn meet(kerberos: &Kerberos, server: &Path, client: &Path, rest: &[&str]) {
    let mut command = kerberos.command(peers());
    run_ok(command.arg(server).arg(client).args(rest), "gcc");
}

#[test]
fn ours_talk_to_ours() {
    let Some(kerberos) = Kerberos::start("gssapi-ours") else {
        return;
    };
    let ours = ours();
    for plaintext in ["0", "1"] {
        for rest in [
            &["talk", plaintext][..],
            &["talk", plaintext, "200"],
            &["subscribe", plaintext],
            &["stranger", plaintext],
        ] {
            meet(&kerberos, &ours, &ours, rest);
        }
    }
}

#[test]
fn ours_talk_over_ipc_and_websocket() {
    let Some(kerberos) = Kerberos::start("gssapi-places") else {
        return;
    };
    let ours = ours();
    for place in ["ipc://*", "ws://127.0.0.1:*/place"] {
        for plaintext in ["0", "1"] {
            for what in ["talk", "subscribe"] {
                let mut command = kerberos.command(peers());
                command.args([&ours, &ours]).args([what, plaintext]);
                run_ok(command.env("PLACE", place), "gcc");
            }
        }
    }
}

#[test]
fn ours_and_the_genuine_talk() {
    let (Some(kerberos), Some(genuine)) = (Kerberos::start("gssapi-genuine"), genuine()) else {
        return;
    };
    let ours = ours();
    for plaintext in ["0", "1"] {
        for rest in [&["talk", plaintext][..], &["talk", plaintext, "200"]] {
            meet(&kerberos, &ours, &genuine, rest);
            meet(&kerberos, &genuine, &ours, rest);
        }
        meet(&kerberos, &genuine, &ours, &["subscribe", plaintext]);
    }
    // Sealed, subscriptions of the genuine library's reach nobody, its own kind included.
    meet(&kerberos, &ours, &genuine, &["subscribe", "1"]);
}

/// libzmq 4.3.5 asks its handler, and lets everyone in.
#[test]
fn whom_the_handler_refuses_stays_outside() {
    let Some(kerberos) = Kerberos::start("gssapi-refused") else {
        return;
    };
    let ours = ours();
    let genuine = genuine();
    for plaintext in ["0", "1"] {
        for status in ["300", "400", "500"] {
            let rest = ["refused", plaintext, status];
            meet(&kerberos, &ours, &ours, &rest);
            if let Some(genuine) = &genuine {
                meet(&kerberos, &ours, genuine, &rest);
            }
        }
    }
}

/// The part of the library's own tests that needs tickets.
#[test]
fn the_mechanism_in_memory() {
    let Some(kerberos) = Kerberos::start("gssapi-memory") else {
        return;
    };
    let mut cargo =
        kerberos.command(std::env::var_os("CARGO").map_or("cargo".into(), PathBuf::from));
    cargo
        .current_dir(root())
        .args(["test", "--quiet", "--package", "ferrozmq", "--lib"])
        .args(["--features", "gssapi", "--", "--ignored", "gssapi::"]);
    let said = run_ok(&mut cargo, "cargo");
    assert!(!said.contains(" 0 passed"), "{said}");
}

/// `test_security_gssapi` of libzmq's.
#[test]
fn upstreams_own_test() {
    let Some(kerberos) = Kerberos::start("gssapi-upstream") else {
        return;
    };
    let lib = library(Profile::Dev);
    let folder = &kerberos.folder;
    let mut platform = String::new();
    for name in [
        "ZMQ_HAVE_LINUX",
        "ZMQ_HAVE_IPC",
        "ZMQ_HAVE_UIO",
        "HAVE_MKDTEMP",
        "HAVE_LIBGSSAPI_KRB5",
    ] {
        let _ = writeln!(platform, "#define {name}");
    }
    fs::write(folder.join("platform.hpp"), platform).expect("scratch can be written to");
    let tests = upstream().join("tests");
    let unity = upstream().join("external/unity");
    let program = folder.join("test_security_gssapi");
    let mut compiler = Command::new("g++");
    compiler
        .args(["-g1", "-pthread", "-w", "-fpermissive"])
        .args([
            "-D_GNU_SOURCE",
            "-DZMQ_CUSTOM_PLATFORM_HPP",
            "-DUNITY_EXCLUDE_FLOAT",
        ])
        .arg("-I")
        .arg(folder)
        .arg("-I")
        .arg(&unity);
    compiler.args(["-x", "c"]).arg(unity.join("unity.c"));
    compiler.args(["-x", "c++", "-std=c++11"]);
    for name in [
        "test_security_gssapi",
        "testutil",
        "testutil_monitoring",
        "testutil_unity",
    ] {
        compiler.arg(tests.join(name).with_extension("cpp"));
    }
    compiler
        .args(["-x", "none"])
        .arg(lib.join("libzmq.so"))
        .arg("-o")
        .arg(&program);
    run_ok(&mut compiler, "g++");
    let mut test = kerberos.command(&program);
    let output = run(test.env("LD_LIBRARY_PATH", lib), "g++");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{said}", output.status);
    assert!(said.contains("5 Tests 0 Failures 0 Ignored"), "{said}");
}

/// Who waits for a key server that never answers, or finds none, keeps nobody else waiting.
#[test]
fn without_a_key_server_only_its_client_waits() {
    let Some(mut kerberos) = Kerberos::start("gssapi-gone") else {
        return;
    };
    let ours = ours();
    let _ = kerberos.server.kill();
    let _ = kerberos.server.wait();
    meet(&kerberos, &ours, &ours, &["stranger", "0"]);

    let deaf = UdpSocket::bind(("127.0.0.1", kerberos.port)).expect("the port is free again");
    meet(&kerberos, &ours, &ours, &["silence", "0"]);
    drop(deaf);
}
