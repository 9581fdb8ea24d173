//! PLAIN (RFC 24): a name and a password in clear, judged by a ZAP handler.
//!
//! ```text
//!  client                          server
//!  HELLO (name, password) ───────►
//!                                  asks its handler
//!                         ◄─────── WELCOME
//!  INITIATE (properties)  ───────►
//!                         ◄─────── READY (properties)
//! ```
//!
//! Invariant: a server that was not told by its handler that the peer is welcome says nothing but
//! ERROR.

use super::{Cipher, Handshake, Login, Progress, introduce, reason, refusal, split};
use crate::msg::SendBuffer;
use crate::proto::zap::Credentials;
use crate::proto::{Config, Failure, ProtocolError, command, property};

/// The client's side.
pub(in crate::proto) enum Client {
    /// HELLO was sent.
    Hello,
    /// INITIATE was sent.
    Initiate,
}

impl Client {
    pub(super) fn start(login: &Login, out: &mut SendBuffer) -> Progress {
        let field = |text: &[u8]| {
            let text = &text[..text.len().min(255)];
            [&[text.len() as u8], text].concat()
        };
        let load = [field(&login.username), field(&login.password)];
        command::put(b"HELLO", &[&load[0], &load[1]], out);
        Progress::Wait(Handshake::PlainClient(Client::Hello))
    }

    pub(super) fn handle(
        self,
        body: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match (split(body)?, self) {
            ((b"WELCOME", load), Client::Hello) => {
                if !load.is_empty() {
                    return Err(ProtocolError::MalformedCommandWelcome.into());
                }
                command::put(b"INITIATE", &[&property::announce(config)], out);
                Ok(Progress::Wait(Handshake::PlainClient(Client::Initiate)))
            }
            ((b"READY", load), Client::Initiate) => Ok(Progress::Done {
                peer: introduce(load, config)?,
                cipher: Cipher::None,
            }),
            ((b"ERROR", load), _) => Err(refusal(reason(load)?)),
            _ => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }
}

/// The server's side.
pub(in crate::proto) enum Server {
    /// Waits for HELLO.
    Hello,
    /// Waits for what the handler says.
    Asked,
    /// Waits for INITIATE.
    Initiate,
}

impl Server {
    pub(super) fn start() -> Progress {
        Progress::Wait(Handshake::PlainServer(Server::Hello))
    }

    pub(super) fn handle(
        self,
        body: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match (split(body)?, self) {
            ((b"HELLO", load), Server::Hello) => {
                let values = login(load).ok_or(ProtocolError::MalformedCommandHello)?;
                let credentials = Credentials {
                    mechanism: "PLAIN",
                    values,
                };
                Ok(Progress::Ask(
                    Handshake::PlainServer(Server::Asked),
                    credentials,
                ))
            }
            ((b"INITIATE", load), Server::Initiate) => {
                let peer = introduce(load, config)?;
                command::put(b"READY", &[&property::announce(config)], out);
                Ok(Progress::Done {
                    peer,
                    cipher: Cipher::None,
                })
            }
            _ => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }

    pub(super) fn admit(self, out: &mut SendBuffer) -> Result<Progress, Failure> {
        match self {
            Server::Asked => {
                command::put(b"WELCOME", &[], out);
                Ok(Progress::Wait(Handshake::PlainServer(Server::Initiate)))
            }
            _ => Err(ProtocolError::Unspecified.into()),
        }
    }
}

/// Name and password from the load of a HELLO, which holds nothing else.
fn login(load: &[u8]) -> Option<Vec<Vec<u8>>> {
    let field = |octets: &'_ [u8]| -> Option<(Vec<u8>, usize)> {
        let (&size, rest) = octets.split_first()?;
        let text = rest.get(..size as usize)?;
        Some((text.to_vec(), 1 + text.len()))
    };
    let (username, used) = field(load)?;
    let load = load.get(used..)?;
    let (password, used) = field(load)?;
    (used == load.len()).then(|| vec![username, password])
}
