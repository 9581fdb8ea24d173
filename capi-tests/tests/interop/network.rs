//! Two hosts and a cable between them: network namespaces that a play makes for itself.
//!
//! Invariant: what is made lasts as long as the two processes that hold it, and nothing of it is
//! seen outside; nothing inside leads out.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Two hosts, `here` with the interface `v0`, `there` with `v1`.
pub struct Network {
    here: Host,
    there: Host,
}

/// A process that waits in a namespace of its own.
pub struct Host(Child);

/// Waits for the end of its standard input. Addresses count at once, without asking whether
/// somebody else has them.
const HOLD: &str = "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; \
     ip link set lo up && echo ready && exec cat";

impl Network {
    /// `None`, and it is said why, where there may be no namespaces.
    pub fn new() -> Option<Network> {
        let (here, there) = (Host::new()?, Host::new()?);
        let cable = format!(
            "ip link add v0 type veth peer name v1 netns {}",
            there.0.id()
        );
        let made = here.run(&cable) && here.settle("v0", 1) && there.settle("v1", 2);
        if !made {
            println!("skipped: this kernel connects no namespaces (ip link add type veth)");
        }
        made.then_some(Network { here, there })
    }

    /// 10.99.0.1, fd99::1.
    pub fn here(&self) -> &Host {
        &self.here
    }

    /// 10.99.0.2, fd99::2.
    pub fn there(&self) -> &Host {
        &self.there
    }
}

impl Host {
    fn new() -> Option<Host> {
        let child = Command::new("unshare")
            .args(["-n", "sh", "-c", HOLD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let host = child.ok().and_then(|mut child| {
            let stdout = child.stdout.take()?;
            let host = Host(child);
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).ok()?;
            (line == "ready\n").then_some(host)
        });
        if host.is_none() {
            println!("skipped: network namespaces are for root, with util-linux and iproute2");
        }
        host
    }

    /// A command that will run in it.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.0.id().to_string(), "-n", "--"]);
        command.arg(program);
        command
    }

    fn run(&self, commands: &str) -> bool {
        let mut shell = self.command("sh");
        let status = shell.args(["-e", "-c", commands]).status();
        status.is_ok_and(|status| status.success())
    }

    /// Gives the interface its addresses, and groups without an interface the way through it.
    fn settle(&self, interface: &str, number: u8) -> bool {
        self.run(&format!(
            "ip address add 10.99.0.{number}/24 broadcast 10.99.0.255 dev {interface}\n\
             ip address add fd99::{number}/64 dev {interface} nodad\n\
             ip link set {interface} up\n\
             ip route add 224.0.0.0/4 dev {interface}"
        ))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
