//! Where the two processes of a measurement meet.
//!
//! Invariant: an address is free when it is made, and a socket file goes with it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cases::Route;
use crate::proc::Running;

/// Where two processes meet. A socket file goes with it.
pub enum Address {
    /// A port of the loopback interface.
    Tcp(u16),
    /// A socket file.
    Ipc(PathBuf),
}

impl Address {
    /// A free one.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn new(route: Route) -> Result<Address, String> {
        if route == Route::Ipc {
            let name = format!("zmq-bench-{}.sock", std::process::id());
            return Ok(Address::Ipc(std::env::temp_dir().join(name)));
        }
        // The kernel picks a free port; it is free again when the listener is dropped.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let address = listener.and_then(|l| l.local_addr());
        Ok(Address::Tcp(
            address.map_err(|e| format!("no free port: {e}"))?.port(),
        ))
    }

    /// As `zmq_bind` takes it.
    pub fn endpoint(&self) -> String {
        match self {
            Address::Tcp(port) => format!("tcp://127.0.0.1:{port}"),
            Address::Ipc(path) => format!("ipc://{}", path.display()),
        }
    }

    /// Waits until a process listens there. Asking the kernel disturbs the listener less than
    /// connecting to it would.
    ///
    /// # Errors
    /// When it ends before, or takes too long.
    pub fn wait_for_listener(&self, local: &Running) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            let table = match self {
                Address::Tcp(_) => "/proc/net/tcp",
                Address::Ipc(_) => "/proc/net/unix",
            };
            let text = std::fs::read_to_string(table).map_err(|e| format!("{table}: {e}"))?;
            if self.listens(&text) {
                return Ok(());
            }
            if local.ends_within(Duration::from_millis(1)) {
                return Err("local: ended before it listened".to_string());
            }
        }
        Err("local: did not listen".to_string())
    }

    /// Whether the kernel's table of sockets has a listener of this address.
    fn listens(&self, table: &str) -> bool {
        table.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match self {
                // Number, local address, remote address, state (10 listens).
                Address::Tcp(port) => {
                    let ends = words.get(1).and_then(|w| w.rsplit_once(':'));
                    let same = ends.and_then(|(_, p)| u16::from_str_radix(p, 16).ok());
                    same == Some(*port) && words.get(3) == Some(&"0A")
                }
                // Number, references, protocol, flags (10000 listens), type, state, inode, path.
                Address::Ipc(path) => {
                    words.get(3) == Some(&"00010000")
                        && words.get(7).map(Path::new) == Some(path.as_path())
                }
            }
        })
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        if let Address::Ipc(path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_found_in_the_kernels_tables() {
        let tcp = "  sl  local_address rem_address   st tx_queue\n\
                   0: 0100007F:15B3 00000000:0000 0A 00000000:00000000\n\
                   1: 0100007F:15B4 0100007F:15B3 01 00000000:00000000\n";
        assert!(Address::Tcp(0x15b3).listens(tcp));
        assert!(!Address::Tcp(0x15b4).listens(tcp));
        let unix = "Num RefCount Protocol Flags Type St Inode Path\n\
                    0000: 00000002 00000000 00010000 0001 01 123 /nowhere/a\n\
                    0000: 00000002 00000000 00000000 0001 03 124 /nowhere/b\n";
        assert!(Address::Ipc("/nowhere/a".into()).listens(unix));
        assert!(!Address::Ipc("/nowhere/b".into()).listens(unix));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(Address::Tcp(port).listens(&std::fs::read_to_string("/proc/net/tcp").unwrap()));
    }
}
