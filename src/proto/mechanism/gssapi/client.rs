//! The client's side of a GSSAPI handshake.
//!
//! Invariant: a server that has not proved that it is the one wanted is told nothing but tokens.

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::credential::CredUsage;
use libgssapi::util::Buf;

use super::{ClientSide, Traffic, proven, put_nothing, put_ready, put_token, ready, token};
use crate::msg::SendBuffer;
use crate::proto::mechanism::seal::Seal;
use crate::proto::mechanism::{Cipher, Handshake, Progress, Work};
use crate::proto::{Config, Failure, ProtocolError};

/// How far it is.
pub(in crate::proto) enum Client {
    /// The first token is made, and is to be sent.
    Begun {
        context: ClientCtx,
        first: Buf,
        plaintext: bool,
    },
    /// Waits for a token.
    Token { context: ClientCtx, plaintext: bool },
    /// Waits for READY; who the server is, is known.
    Ready(Option<Box<Traffic>>),
}

impl Client {
    pub(in crate::proto::mechanism) fn start(side: &ClientSide) -> Progress {
        let side = side.clone();
        Progress::Work(Work::new(move || Client::begin(&side).map(Client::boxed)))
    }

    /// Gets a ticket, which may take a while.
    fn begin(side: &ClientSide) -> Result<Client, Failure> {
        let service = side.service.import()?.ok_or(Failure::NoCredentials)?;
        let own = side.principal.credentials(CredUsage::Initiate)?;
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG
            | CtxFlags::GSS_C_REPLAY_FLAG
            | CtxFlags::GSS_C_SEQUENCE_FLAG
            | CtxFlags::GSS_C_CONF_FLAG
            | CtxFlags::GSS_C_INTEG_FLAG;
        let mut context = ClientCtx::new(own, service, flags, None);
        match context.step(None, None) {
            Ok(Some(first)) => Ok(Client::Begun {
                context,
                first,
                plaintext: side.plaintext,
            }),
            Ok(None) | Err(_) => Err(Failure::NoCredentials),
        }
    }

    fn boxed(self) -> Handshake {
        Handshake::GssapiClient(Box::new(self))
    }

    pub(in crate::proto::mechanism) fn resume(
        self,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match self {
            Client::Begun {
                context,
                first,
                plaintext,
            } => {
                put_token(&first, out)?;
                Ok(Progress::Wait(Client::Token { context, plaintext }.boxed()))
            }
            _ => Err(ProtocolError::Unspecified.into()),
        }
    }

    pub(in crate::proto::mechanism) fn handle(
        self,
        body: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match self {
            Client::Begun { .. } => Err(ProtocolError::UnexpectedCommand.into()),
            Client::Token {
                mut context,
                plaintext,
            } => {
                let answer = context
                    .step(Some(token(body)?), None)
                    .map_err(|_| ProtocolError::Cryptographic)?;
                if !context.is_complete() {
                    put_token(answer.as_deref().unwrap_or_default(), out)?;
                    return Ok(Progress::Wait(Client::Token { context, plaintext }.boxed()));
                }
                proven(&context, plaintext)?;
                match answer {
                    Some(last) => put_token(&last, out)?,
                    None => put_nothing(out),
                }
                let traffic = (!plaintext).then(|| Box::new(Traffic::of_client(context)));
                Ok(Progress::Wait(Client::Ready(traffic).boxed()))
            }
            Client::Ready(mut traffic) => {
                let peer = ready(traffic.as_deref_mut(), body, config)?;
                put_ready(traffic.as_deref_mut(), config, out)?;
                let cipher = traffic.map_or(Cipher::None, |traffic| {
                    Cipher::Sealed(Seal::Gssapi(traffic))
                });
                Ok(Progress::Done { peer, cipher })
            }
        }
    }
}
