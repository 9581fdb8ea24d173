//! The server's side of a GSSAPI handshake.
//!
//! Invariant: READY is said only to a client that the library knows and the handler, if there is
//! one, lets in. (libzmq 4.3.5 lets in whom its handler refuses.)

use libgssapi::context::{SecurityContext, ServerCtx};
use libgssapi::credential::CredUsage;
use libgssapi::util::Buf;

use super::{ServerSide, Traffic, proven, put_ready, put_token, ready, token};
use crate::msg::SendBuffer;
use crate::proto::mechanism::seal::Seal;
use crate::proto::mechanism::{Cipher, Handshake, Progress, Work, split};
use crate::proto::zap::Credentials;
use crate::proto::{Config, Failure, ProtocolError};

/// How far it is.
pub(in crate::proto) enum Server {
    /// Waits for the first token.
    First(ServerSide),
    /// A token was looked at, and is to be answered.
    Looked(Context, Option<Buf>),
    /// Waits for another token.
    Token(Context),
    /// Waits for the client to say that it has no more to say.
    Last(Context),
    /// Waits for what the handler says.
    Asked(Context),
    /// Waits for READY.
    Ready(Option<Box<Traffic>>),
}

/// A context, and what it is for.
pub(in crate::proto) struct Context {
    inner: ServerCtx,
    plaintext: bool,
}

impl Server {
    pub(in crate::proto::mechanism) fn start(side: &ServerSide) -> Progress {
        Server::First(side.clone()).wait()
    }

    fn boxed(self) -> Handshake {
        Handshake::GssapiServer(Box::new(self))
    }

    fn wait(self) -> Progress {
        Progress::Wait(self.boxed())
    }

    /// Finds our keys and looks at a first token, which may take a while: names are looked up, and
    /// a list of tokens that came before is on a disk.
    fn look(side: &ServerSide, first: &[u8]) -> Result<Server, Failure> {
        let own = side.principal.credentials(CredUsage::Accept)?;
        let context = Context {
            inner: ServerCtx::new(own),
            plaintext: side.plaintext,
        };
        context.step(first)
    }

    pub(in crate::proto::mechanism) fn resume(
        self,
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match self {
            Server::Looked(context, answer) => context.answer(answer, config, out),
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
            Server::First(side) => {
                let first = token(body)?.to_vec();
                // The library would take it for a question about what it offers.
                if first.is_empty() {
                    return Err(ProtocolError::MalformedCommandInitiate.into());
                }
                Ok(Progress::Work(Work::new(move || {
                    Server::look(&side, &first).map(Server::boxed)
                })))
            }
            Server::Token(context) => context.step(token(body)?)?.resume(config, out),
            // COMPAT: libzmq takes anything here, and sends an empty command.
            Server::Last(context) if body.is_empty() => context.ask(config, out),
            Server::Last(context) => match split(body)? {
                (b"INITIATE", _) => context.ask(config, out),
                _ => Err(ProtocolError::UnexpectedCommand.into()),
            },
            Server::Ready(mut traffic) => {
                let peer = ready(traffic.as_deref_mut(), body, config)?;
                let cipher = traffic.map_or(Cipher::None, |traffic| {
                    Cipher::Sealed(Seal::Gssapi(traffic))
                });
                Ok(Progress::Done { peer, cipher })
            }
            Server::Looked(..) | Server::Asked(_) => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }

    pub(in crate::proto::mechanism) fn admit(
        self,
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match self {
            Server::Asked(context) => context.admit(config, out),
            _ => Err(ProtocolError::Unspecified.into()),
        }
    }
}

impl Context {
    /// Looks at a token.
    fn step(mut self, token: &[u8]) -> Result<Server, Failure> {
        let answer = self
            .inner
            .step(token, None)
            .map_err(|_| ProtocolError::Cryptographic)?;
        Ok(Server::Looked(self, answer))
    }

    /// Goes on from a token that was looked at.
    fn answer(
        self,
        answer: Option<Buf>,
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        if !self.inner.is_complete() {
            put_token(answer.as_deref().unwrap_or_default(), out)?;
            return Ok(Server::Token(self).wait());
        }
        proven(&self.inner, self.plaintext)?;
        match answer {
            Some(last) => {
                put_token(&last, out)?;
                Ok(Server::Last(self).wait())
            }
            None => self.ask(config, out),
        }
    }

    /// The client is known: asks the handler about it.
    fn ask(self, config: &Config, out: &mut SendBuffer) -> Result<Progress, Failure> {
        if !config.asks {
            return self.admit(config, out);
        }
        let name = self
            .inner
            .source_name()
            .and_then(|name| name.display_name());
        let name = name.map_err(|_| ProtocolError::Cryptographic)?;
        let credentials = Credentials {
            mechanism: "GSSAPI",
            values: vec![name.to_vec()],
        };
        Ok(Progress::Ask(Server::Asked(self).boxed(), credentials))
    }

    /// Says READY.
    fn admit(self, config: &Config, out: &mut SendBuffer) -> Result<Progress, Failure> {
        let mut traffic = (!self.plaintext).then(|| Box::new(Traffic::of_server(self.inner)));
        put_ready(traffic.as_deref_mut(), config, out)?;
        Ok(Server::Ready(traffic).wait())
    }
}
