//! GSSAPI (RFC 38, as libzmq puts it on the wire): Kerberos, or whatever the system's library
//! offers, proves who the peers are, and seals what they say unless both want it in clear.
//!
//! ```text
//!  client                                  server
//!  INITIATE (token)             ─────────►
//!                               ◄───────── INITIATE (token)      as often as the library wants
//!  an empty command             ─────────►
//!                                          asks its handler
//!                               ◄───────── READY (properties)    sealed from here on,
//!  READY (properties)           ─────────►                       unless in clear
//! ```
//!
//! Invariant: nobody is ready before both sides know who the other is. Whatever may wait for a
//! name service or a key server is done in a [`Work`](super::Work), and nowhere else.

mod client;
mod server;
mod traffic;

pub(in crate::proto) use client::Client;
pub(in crate::proto) use server::Server;
pub(in crate::proto) use traffic::Traffic;

use libgssapi::context::{CtxFlags, SecurityContext};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL, GSS_NT_USER_NAME};

use super::{introduce, reason, refusal, split};
use crate::msg::SendBuffer;
use crate::proto::frame::{self, COMMAND};
use crate::proto::{Config, Failure, Peer, ProtocolError, command, property};

/// What stands in front of a token: its length.
type Length = [u8; 4];

/// What a name of a [`Principal`] means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameType {
    /// `ZMQ_GSSAPI_NT_HOSTBASED`: a service, or a service and its host.
    #[default]
    HostBased,
    /// `ZMQ_GSSAPI_NT_USER_NAME`: a user of this machine.
    User,
    /// `ZMQ_GSSAPI_NT_KRB5_PRINCIPAL`: a principal of Kerberos.
    Krb5Principal,
}

impl NameType {
    /// By the number of `zmq.h`; what it has no name for is host based.
    pub fn of_number(number: i32) -> NameType {
        match number {
            1 => NameType::User,
            2 => NameType::Krb5Principal,
            _ => NameType::HostBased,
        }
    }
}

/// Somebody's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The name, up to its first NUL; empty for nobody in particular.
    pub name: Vec<u8>,
    /// What it means.
    pub name_type: NameType,
}

impl Principal {
    /// The name as the library knows names; `None` for nobody in particular.
    // COMPAT: the options take a NUL with the name, as libzmq's own test has it.
    fn import(&self) -> Result<Option<Name>, Failure> {
        let name = self.name.split(|&octet| octet == 0).next();
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let kind = match self.name_type {
            NameType::HostBased => &GSS_NT_HOSTBASED_SERVICE,
            NameType::User => &GSS_NT_USER_NAME,
            NameType::Krb5Principal => &GSS_NT_KRB5_PRINCIPAL,
        };
        let name = Name::new(name, Some(*kind)).map_err(|_| Failure::NoCredentials)?;
        Ok(Some(name))
    }

    /// The credentials that go with the name; `None` for the default ones.
    fn credentials(&self, usage: CredUsage) -> Result<Option<Cred>, Failure> {
        let Some(name) = self.import()? else {
            return Ok(None);
        };
        let cred = Cred::acquire(Some(&name), None, usage, None);
        cred.map(Some).map_err(|_| Failure::NoCredentials)
    }
}

/// What a client has to know.
#[derive(Clone, Debug)]
pub struct ClientSide {
    /// `ZMQ_GSSAPI_PRINCIPAL`: who we are.
    pub principal: Principal,
    /// `ZMQ_GSSAPI_SERVICE_PRINCIPAL`: who the server has to be.
    pub service: Principal,
    /// `ZMQ_GSSAPI_PLAINTEXT`.
    pub plaintext: bool,
}

/// What a server has to know.
#[derive(Clone, Debug)]
pub struct ServerSide {
    /// `ZMQ_GSSAPI_PRINCIPAL`: who we are.
    pub principal: Principal,
    /// `ZMQ_GSSAPI_PLAINTEXT`.
    pub plaintext: bool,
}

/// What the peers must have of each other: proof, both ways, and where it is not all to be in
/// clear, ways to seal.
fn proven(context: &impl SecurityContext, plaintext: bool) -> Result<(), Failure> {
    let mut wanted = CtxFlags::GSS_C_MUTUAL_FLAG;
    if !plaintext {
        wanted |= CtxFlags::GSS_C_CONF_FLAG | CtxFlags::GSS_C_INTEG_FLAG;
    }
    match context.flags() {
        Ok(flags) if flags.contains(wanted) => Ok(()),
        _ => Err(ProtocolError::Cryptographic.into()),
    }
}

/// Says INITIATE, with a token.
fn put_token(token: &[u8], out: &mut SendBuffer) -> Result<(), Failure> {
    let length = u32::try_from(token.len()).map_err(|_| Failure::NoMemory)?;
    command::put(b"INITIATE", &[&length.to_be_bytes(), token], out);
    Ok(())
}

/// The token in an INITIATE.
fn token(body: &[u8]) -> Result<&[u8], Failure> {
    match split(body)? {
        (b"INITIATE", load) => {
            counted(load).ok_or_else(|| ProtocolError::MalformedCommandInitiate.into())
        }
        (b"ERROR", load) => Err(refusal(reason(load)?)),
        _ => Err(ProtocolError::UnexpectedCommand.into()),
    }
}

/// What follows its length, and nothing behind it.
fn counted(load: &[u8]) -> Option<&[u8]> {
    let (length, token) = load.split_first_chunk::<{ size_of::<Length>() }>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (length == token.len()).then_some(token)
}

/// Says READY, sealed if traffic is.
fn put_ready(
    seal: Option<&mut Traffic>,
    config: &Config,
    out: &mut SendBuffer,
) -> Result<(), Failure> {
    let properties = property::announce(config);
    match seal {
        Some(traffic) => traffic.seal_ready(&[b"\x05READY", &properties], out),
        None => {
            command::put(b"READY", &[&properties], out);
            Ok(())
        }
    }
}

/// Who the peer says it is in its READY. An ERROR is believed in clear as well: whoever can put
/// one here can cut the wire, too.
fn ready(seal: Option<&mut Traffic>, body: &[u8], config: &Config) -> Result<Peer, Failure> {
    let mut opened;
    let body = match seal {
        Some(traffic) if body.starts_with(super::seal::NAME) => {
            opened = body.to_vec();
            let (_, at) = traffic.open(&mut opened)?;
            &opened[at..]
        }
        Some(_) => match split(body)? {
            (b"ERROR", load) => return Err(refusal(reason(load)?)),
            _ => return Err(ProtocolError::UnexpectedCommand.into()),
        },
        None => body,
    };
    match split(body)? {
        (b"READY", load) => introduce(load, config),
        (b"ERROR", load) => Err(refusal(reason(load)?)),
        _ => Err(ProtocolError::UnexpectedCommand.into()),
    }
}

/// Says nothing, in a command: the client has no further token.
fn put_nothing(out: &mut SendBuffer) {
    frame::put_header(COMMAND, 0, out);
}

#[cfg(test)]
mod tests;
