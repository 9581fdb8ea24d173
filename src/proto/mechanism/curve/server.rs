//! The server's side of a CURVE handshake.
//!
//! Invariant: a client is let in only with a cookie that this very connection was given, and with
//! a vouch that proves that it holds the key it shows.

use super::keys::{Key, SecretKey};
use super::secretbox::BoxKey;
use super::traffic::Traffic;
use super::{COOKIE, CRYPTOGRAPHIC, HELLO, LEAST_INITIATE, counted, fresh, random, take};
use crate::msg::SendBuffer;
use crate::proto::mechanism::seal::Seal;
use crate::proto::mechanism::{Cipher, Handshake, Progress, introduce, split};
use crate::proto::zap::Credentials;
use crate::proto::{Config, Failure, Peer, ProtocolError, command, property};
use subtle::ConstantTimeEq;

/// How far it is.
pub(in crate::proto) enum Server {
    /// Waits for HELLO.
    Hello(SecretKey),
    /// WELCOME was sent.
    Welcome(Welcome),
    /// Waits for what the handler says.
    Asked(Initiated),
}

/// What INITIATE has to fit.
pub(in crate::proto) struct Welcome {
    secret: SecretKey,
    /// C'.
    client: Key,
    /// The secret half of S'.
    own: SecretKey,
    cookie_key: BoxKey,
    /// The counter of HELLO.
    heard: u64,
}

/// A client that has proved who it is.
pub(in crate::proto) struct Initiated {
    peer: Peer,
    /// Between C' and S'.
    key: BoxKey,
    /// The counter of INITIATE.
    heard: u64,
}

impl Server {
    pub(in crate::proto::mechanism) fn start(secret: &SecretKey) -> Progress {
        Server::Hello(secret.clone()).wait()
    }

    fn wait(self) -> Progress {
        Progress::Wait(Handshake::CurveServer(Box::new(self)))
    }

    pub(in crate::proto::mechanism) fn handle(
        self,
        body: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match (split(body)?, self) {
            ((b"HELLO", load), Server::Hello(secret)) => {
                if body.len() != HELLO {
                    return Err(ProtocolError::MalformedCommandHello.into());
                }
                let own = SecretKey::random()?;
                Ok(Server::Welcome(hello(load, secret, own, out)?).wait())
            }
            ((b"INITIATE", load), Server::Welcome(welcome)) => {
                if body.len() < LEAST_INITIATE {
                    return Err(ProtocolError::MalformedCommandInitiate.into());
                }
                let (client, initiated) = welcome.initiate(load, config)?;
                if !config.asks {
                    return Ok(initiated.ready(config, out));
                }
                let credentials = Credentials {
                    mechanism: "CURVE",
                    values: vec![client.to_vec()],
                };
                let asked = Handshake::CurveServer(Box::new(Server::Asked(initiated)));
                Ok(Progress::Ask(asked, credentials))
            }
            _ => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }

    pub(in crate::proto::mechanism) fn admit(
        self,
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match self {
            Server::Asked(initiated) => Ok(initiated.ready(config, out)),
            _ => Err(ProtocolError::Unspecified.into()),
        }
    }
}

/// Reads a HELLO and answers with WELCOME.
fn hello(
    mut load: &[u8],
    secret: SecretKey,
    own: SecretKey,
    out: &mut SendBuffer,
) -> Result<Welcome, Failure> {
    let malformed = ProtocolError::MalformedCommandHello;
    if take(&mut load) != Some(&[1, 0]) {
        return Err(malformed.into());
    }
    let _padding: &[u8; 72] = take(&mut load).ok_or(malformed)?;
    let client: Key = *take(&mut load).ok_or(malformed)?;
    let count: &[u8; 8] = take(&mut load).ok_or(malformed)?;
    let key = BoxKey::between(&secret, &client).ok_or(CRYPTOGRAPHIC)?;
    key.open(&counted(b"CurveZMQHELLO---", *count), load)
        .ok_or(CRYPTOGRAPHIC)?;

    let cookie_key = BoxKey::random()?;
    let half = fresh()?;
    let cookie = cookie_key.seal(&random(b"COOKIE--", &half), &[&client, own.octets()]);
    let nonce = fresh()?;
    let sealed = key.seal(
        &random(b"WELCOME-", &nonce),
        &[&own.public(), &half, &cookie],
    );
    command::put(b"WELCOME", &[&nonce, &sealed], out);
    Ok(Welcome {
        secret,
        client,
        own,
        cookie_key,
        heard: u64::from_be_bytes(*count),
    })
}

impl Welcome {
    /// Reads an INITIATE: the client's long-lived key, and what comes of it.
    fn initiate(self, mut load: &[u8], config: &Config) -> Result<(Key, Initiated), Failure> {
        let malformed = ProtocolError::MalformedCommandInitiate;
        let cookie: &[u8; COOKIE] = take(&mut load).ok_or(malformed)?;
        let count: &[u8; 8] = take(&mut load).ok_or(malformed)?;

        let (half, sealed) = cookie.split_first_chunk().ok_or(malformed)?;
        let opened = self
            .cookie_key
            .open(&random(b"COOKIE--", half), sealed)
            .ok_or(CRYPTOGRAPHIC)?;
        let (client, own) = opened.split_at(size_of::<Key>());
        if !bool::from(client.ct_eq(&self.client)) || !self.own.is(own) {
            return Err(CRYPTOGRAPHIC);
        }

        let key = BoxKey::between(&self.own, &self.client).ok_or(CRYPTOGRAPHIC)?;
        let opened = key
            .open(&counted(b"CurveZMQINITIATE", *count), load)
            .ok_or(CRYPTOGRAPHIC)?;
        let mut opened = opened.as_slice();
        let client: Key = *take(&mut opened).ok_or(malformed)?;
        let half = take(&mut opened).ok_or(malformed)?;
        let sealed: &[u8; COOKIE - 16] = take(&mut opened).ok_or(malformed)?;
        let vouch = BoxKey::between(&self.own, &client)
            .and_then(|key| key.open(&random(b"VOUCH---", half), sealed))
            .ok_or(CRYPTOGRAPHIC)?;
        let expected = [self.client, self.secret.public()].concat();
        if !bool::from(vouch.ct_eq(&expected)) {
            return Err(ProtocolError::KeyExchange.into());
        }

        let heard = u64::from_be_bytes(*count);
        if heard <= self.heard {
            return Err(ProtocolError::InvalidSequence.into());
        }
        let peer = introduce(opened, config)?;
        Ok((client, Initiated { peer, key, heard }))
    }
}

impl Initiated {
    /// Says READY.
    fn ready(self, config: &Config, out: &mut SendBuffer) -> Progress {
        let count = 1_u64.to_be_bytes();
        let nonce = counted(b"CurveZMQREADY---", count);
        let sealed = self.key.seal(&nonce, &[&property::announce(config)]);
        command::put(b"READY", &[&count, &sealed], out);
        Progress::Done {
            peer: self.peer,
            cipher: Cipher::Sealed(Seal::Curve(Box::new(Traffic::of_server(
                &self.key, self.heard,
            )))),
        }
    }
}
