//! Mechanisms: how peers of ZMTP 3 prove who they are. One file each.
//!
//! ```text
//!  start ──► Progress::Wait(Handshake) ──handle──► Wait …
//!                                         ├──────► Progress::Ask(Handshake, …) ──admit──► Wait, Done
//!                                         ├──────► Progress::Work(…) ──resume──► Wait, Ask
//!                                         └──────► Progress::Done { peer, cipher }
//! ```
//!
//! Invariant: a handshake is consumed by each command it is handed, so that none can be handled
//! twice; what it becomes in the end says how traffic is to be read.

pub mod curve;
#[cfg(feature = "gssapi")]
pub mod gssapi;
mod null;
mod plain;
pub(super) mod seal;

use super::zap::Credentials;
use super::{Config, Failure, Peer, ProtocolError, command, property};
use crate::msg::SendBuffer;
use seal::Seal;
use zeroize::Zeroize;

/// The mechanism that a socket was told to use.
#[derive(Clone, Debug)]
pub enum Mechanism {
    /// No proof at all (`ZMTP 3.1, 3`).
    Null,
    /// A name and a password in clear (RFC 24), this side being the client.
    PlainClient(Login),
    /// The same, this side being the server.
    PlainServer,
    /// Elliptic curves (RFC 25), this side being the client.
    CurveClient(curve::ClientKeys),
    /// The same, this side being the server, with its secret key.
    CurveServer(curve::SecretKey),
    /// The system's GSSAPI library (RFC 38), this side being the client.
    #[cfg(feature = "gssapi")]
    GssapiClient(gssapi::ClientSide),
    /// The same, this side being the server.
    #[cfg(feature = "gssapi")]
    GssapiServer(gssapi::ServerSide),
}

/// A name and a password, of at most 255 octets each.
#[derive(Clone)]
pub struct Login {
    /// `ZMQ_PLAIN_USERNAME`, or `ZMQ_SOCKS_USERNAME` for a proxy.
    pub username: Vec<u8>,
    /// `ZMQ_PLAIN_PASSWORD`, or `ZMQ_SOCKS_PASSWORD` for a proxy.
    pub password: Vec<u8>,
}

impl Drop for Login {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

impl Mechanism {
    /// The size of a mechanism's name in the greeting.
    pub const NAME: usize = 20;

    /// The name as the greeting carries it, filled up with zeros.
    pub(super) fn name(&self) -> [u8; Mechanism::NAME] {
        let name: &[u8] = match self {
            Mechanism::Null => b"NULL",
            Mechanism::PlainClient(_) | Mechanism::PlainServer => b"PLAIN",
            Mechanism::CurveClient(_) | Mechanism::CurveServer(_) => b"CURVE",
            #[cfg(feature = "gssapi")]
            Mechanism::GssapiClient(_) | Mechanism::GssapiServer(_) => b"GSSAPI",
        };
        let mut padded = [0; Mechanism::NAME];
        padded[..name.len()].copy_from_slice(name);
        padded
    }
}

/// A handshake under way.
pub(super) enum Handshake {
    /// NULL.
    Null(null::Handshake),
    /// PLAIN, the client.
    PlainClient(plain::Client),
    /// PLAIN, the server.
    PlainServer(plain::Server),
    /// CURVE, the client.
    CurveClient(Box<curve::Client>),
    /// CURVE, the server.
    CurveServer(Box<curve::Server>),
    /// GSSAPI, the client.
    #[cfg(feature = "gssapi")]
    GssapiClient(Box<gssapi::Client>),
    /// GSSAPI, the server.
    #[cfg(feature = "gssapi")]
    GssapiServer(Box<gssapi::Server>),
}

/// What traffic looks like after the handshake.
pub(super) enum Cipher {
    /// Frames are what they seem.
    None,
    /// Everything is sealed.
    Sealed(Seal),
}

/// What a command did to a handshake.
pub(super) enum Progress {
    /// It goes on with the peer's next command.
    Wait(Handshake),
    /// It goes on by [`admit`](Handshake::admit) if a ZAP handler lets the peer in.
    Ask(Handshake, Credentials),
    /// It goes on by [`resume`](Handshake::resume) with what comes of this.
    #[cfg_attr(not(feature = "gssapi"), expect(dead_code, reason = "nobody waits"))]
    Work(Work),
    /// It is over.
    Done {
        /// What the peer announced; the version is left to the caller.
        peer: Peer,
        /// How to read and write from here on.
        cipher: Cipher,
    },
}

/// A part of a handshake that may wait for others than the peer, a key server say. Whoever gets it
/// runs it where that hurts nobody.
pub struct Work(Box<dyn FnOnce() -> Result<Handshake, Failure> + Send>);

/// What came of a [`Work`].
pub struct Done(pub(super) Result<Handshake, Failure>);

impl Work {
    /// For a mechanism to make.
    #[cfg(feature = "gssapi")]
    pub(super) fn new(work: impl FnOnce() -> Result<Handshake, Failure> + Send + 'static) -> Work {
        Work(Box::new(work))
    }

    /// Does it, in the calling thread.
    pub fn run(self) -> Done {
        Done((self.0)())
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

impl Handshake {
    /// Begins, with whatever our side has to say first.
    pub(super) fn start(config: &Config, out: &mut SendBuffer) -> Result<Progress, Failure> {
        Ok(match &config.mechanism {
            Mechanism::Null => null::Handshake::start(config, out),
            Mechanism::PlainClient(login) => plain::Client::start(login, out),
            Mechanism::PlainServer => plain::Server::start(),
            Mechanism::CurveClient(keys) => return curve::Client::start(keys, out),
            Mechanism::CurveServer(secret) => curve::Server::start(secret),
            #[cfg(feature = "gssapi")]
            Mechanism::GssapiClient(side) => gssapi::Client::start(side),
            #[cfg(feature = "gssapi")]
            Mechanism::GssapiServer(side) => gssapi::Server::start(side),
        })
    }

    /// Handles the body of a command.
    pub(super) fn handle(
        self,
        body: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match self {
            Handshake::Null(handshake) => handshake.handle(body, config),
            Handshake::PlainClient(client) => client.handle(body, config, out),
            Handshake::PlainServer(server) => server.handle(body, config, out),
            Handshake::CurveClient(client) => client.handle(body, config, out),
            Handshake::CurveServer(server) => server.handle(body, config, out),
            #[cfg(feature = "gssapi")]
            Handshake::GssapiClient(client) => client.handle(body, config, out),
            #[cfg(feature = "gssapi")]
            Handshake::GssapiServer(server) => server.handle(body, config, out),
        }
    }

    /// The peer is let in.
    pub(super) fn admit(self, config: &Config, out: &mut SendBuffer) -> Result<Progress, Failure> {
        match self {
            Handshake::Null(handshake) => Ok(handshake.admit(config, out)),
            Handshake::PlainServer(server) => server.admit(out),
            Handshake::CurveServer(server) => server.admit(config, out),
            #[cfg(feature = "gssapi")]
            Handshake::GssapiServer(server) => server.admit(config, out),
            #[cfg(feature = "gssapi")]
            Handshake::GssapiClient(_) => Err(ProtocolError::Unspecified.into()),
            // Clients ask nobody.
            Handshake::PlainClient(_) | Handshake::CurveClient(_) => {
                Err(ProtocolError::Unspecified.into())
            }
        }
    }

    /// Goes on from what a [`Work`] has made of it.
    pub(super) fn resume(self, config: &Config, out: &mut SendBuffer) -> Result<Progress, Failure> {
        match self {
            #[cfg(feature = "gssapi")]
            Handshake::GssapiClient(client) => client.resume(out),
            #[cfg(feature = "gssapi")]
            Handshake::GssapiServer(server) => server.resume(config, out),
            _ => {
                let _ = (config, out);
                Err(ProtocolError::Unspecified.into())
            }
        }
    }
}

/// Who the peer is, from the properties in its command.
fn introduce(properties: &[u8], config: &Config) -> Result<Peer, Failure> {
    let properties = property::parse(properties)?;
    Ok(property::introduce(properties, (3, 0), config)?)
}

/// What an ERROR command means, from its reason.
fn refusal(reason: &[u8]) -> Failure {
    match command::zap_status(reason) {
        Some(status) => Failure::Auth(status),
        None => Failure::Refused(reason.to_vec()),
    }
}

/// Splits a command into its name and its load. What has no name, or ends within it, is malformed.
fn split(body: &[u8]) -> Result<(&[u8], &[u8]), ProtocolError> {
    const MALFORMED: ProtocolError = ProtocolError::MalformedCommandUnspecified;
    let (&size, rest) = body.split_first().ok_or(MALFORMED)?;
    let (name, load) = rest.split_at_checked(size as usize).ok_or(MALFORMED)?;
    if name.is_empty() {
        return Err(MALFORMED);
    }
    Ok((name, load))
}

/// Reads the reason of an ERROR from its load. Octets behind it are ignored, as libzmq does.
fn reason(load: &[u8]) -> Result<&[u8], ProtocolError> {
    const MALFORMED: ProtocolError = ProtocolError::MalformedCommandError;
    let (&size, rest) = load.split_first().ok_or(MALFORMED)?;
    rest.get(..size as usize).ok_or(MALFORMED)
}
