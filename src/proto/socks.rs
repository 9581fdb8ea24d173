//! SOCKS5 (RFC 1928, with the names and passwords of RFC 1929), the client's side: asking a proxy
//! to connect somewhere.
//!
//! ```text
//!  Method ──none──────────────────► Reply ──► Address ──► over
//!     └─────name and password─► Verdict ─┘
//! ```
//!
//! Invariant: no octet behind the proxy's reply is ever asked for: that octet is the peer's.

use std::net::IpAddr;

use super::Login;
use crate::msg::SendBuffer;

/// The version of the protocol.
const VERSION: u8 = 5;
/// The version of the sub-negotiation (RFC 1929, 2).
const LOGIN_VERSION: u8 = 1;
/// No authentication.
const NONE: u8 = 0;
/// A name and a password.
const LOGIN: u8 = 2;
/// The command that connects.
const CONNECT: u8 = 1;
/// Types of addresses.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
/// The most that one read is asked to bring.
const LARGEST: usize = 256 + 2;

/// Where a proxy is to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    /// 1 to 255 octets; the proxy resolves it.
    Name(Vec<u8>),
}

impl Destination {
    /// A host, as digits or as a name, and its port; `None` for a host that is empty, or a name
    /// of more than 255 octets, which the protocol cannot carry.
    pub fn new(host: &str, port: u16) -> Option<Destination> {
        let host = match host.parse::<IpAddr>() {
            Ok(ip) => Host::Ip(ip),
            Err(_) if host.is_empty() || host.len() > 255 => return None,
            Err(_) => Host::Name(host.as_bytes().to_vec()),
        };
        Some(Destination { host, port })
    }
}

/// Why a proxy did not connect us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not speak SOCKS5.
    Malformed,
    /// It takes none of the methods that we offered (no authentication if there is no name to
    /// give, else a name and a password).
    Methods,
    /// It does not take our name and password.
    Login,
    /// It could not connect, for this reason (RFC 1928, 6): 1 to 255.
    Reply(u8),
}

/// A request under way. Fed with exactly as many octets as it asks for.
#[derive(Debug)]
pub struct Socks {
    state: State,
    destination: Destination,
    login: Option<Login>,
    input: [u8; LARGEST],
    filled: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The proxy chooses a method.
    Method,
    /// The proxy judges the login.
    Verdict,
    /// The proxy says how it went, and the first octet of the address that it connected from.
    Reply,
    /// The rest of that address, which means nothing to us: so many octets.
    Address(usize),
    Over,
}

impl Socks {
    /// A request, with its greeting. A login without a name is as none.
    // COMPAT: exactly one method is offered; with a name, an open proxy is not what was asked for.
    pub fn new(destination: Destination, login: Option<Login>, out: &mut SendBuffer) -> Socks {
        let login = login.filter(|login| !login.username.is_empty());
        let method = if login.is_some() { LOGIN } else { NONE };
        out.extend(&[VERSION, 1, method]);
        Socks {
            state: State::Method,
            destination,
            login,
            input: [0; LARGEST],
            filled: 0,
        }
    }

    /// Whether the proxy connected us: what comes next is the peer's.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Where the next octets go, exactly as many as are needed next; empty once it is over.
    pub fn room(&mut self) -> &mut [u8] {
        let wanted = self.wanted();
        &mut self.input[self.filled..wanted]
    }

    /// Says that `count` octets of the room were filled, and answers them.
    ///
    /// A refusal is final.
    pub fn filled(&mut self, count: usize, out: &mut SendBuffer) -> Result<(), Refusal> {
        self.filled = (self.filled + count).min(self.wanted());
        if self.filled < self.wanted() || self.is_over() {
            return Ok(());
        }
        let input = self.input;
        self.filled = 0;
        self.state = match (self.state, &input) {
            (State::Method, &[VERSION, NONE, ..]) if self.login.is_none() => self.ask(out),
            (State::Method, &[VERSION, LOGIN, ..]) => match &self.login {
                Some(login) => {
                    out.extend(&[LOGIN_VERSION]);
                    for text in [&login.username, &login.password] {
                        let text = &text[..text.len().min(255)];
                        out.extend(&[text.len() as u8]);
                        out.extend(text);
                    }
                    State::Verdict
                }
                None => return Err(Refusal::Methods),
            },
            (State::Method, &[VERSION, ..]) => return Err(Refusal::Methods),
            (State::Verdict, &[LOGIN_VERSION, 0, ..]) => self.ask(out),
            (State::Verdict, &[LOGIN_VERSION, ..]) => return Err(Refusal::Login),
            (State::Reply, &[VERSION, 0, 0, kind, first, ..]) => State::Address(match kind {
                IPV4 => 4 + 2 - 1,
                IPV6 => 16 + 2 - 1,
                // The first octet is the length of what follows.
                NAME => usize::from(first) + 2,
                _ => return Err(Refusal::Malformed),
            }),
            (State::Reply, &[VERSION, reply, 0, ..]) if reply != 0 => {
                return Err(Refusal::Reply(reply));
            }
            (State::Address(_), _) => State::Over,
            _ => return Err(Refusal::Malformed),
        };
        Ok(())
    }

    fn wanted(&self) -> usize {
        match self.state {
            State::Method | State::Verdict => 2,
            State::Reply => 5,
            State::Address(size) => size,
            State::Over => 0,
        }
    }

    /// Says where to connect to.
    fn ask(&self, out: &mut SendBuffer) -> State {
        out.extend(&[VERSION, CONNECT, 0]);
        match &self.destination.host {
            Host::Ip(IpAddr::V4(ip)) => {
                out.extend(&[IPV4]);
                out.extend(&ip.octets());
            }
            Host::Ip(IpAddr::V6(ip)) => {
                out.extend(&[IPV6]);
                out.extend(&ip.octets());
            }
            Host::Name(name) => {
                out.extend(&[NAME, name.len() as u8]);
                out.extend(name);
            }
        }
        out.extend(&self.destination.port.to_be_bytes());
        State::Reply
    }
}

#[cfg(test)]
mod tests;
