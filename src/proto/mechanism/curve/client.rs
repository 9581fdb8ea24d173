//! The client's side of a CURVE handshake.
//!
//! Invariant: nothing secret is sent before the server has proved that it holds its key.

use super::keys::{ClientKeys, Key, SecretKey};
use super::secretbox::BoxKey;
use super::traffic::Traffic;
use super::{COOKIE, CRYPTOGRAPHIC, LEAST_READY, WELCOME, counted, fresh, random, take};
use crate::msg::SendBuffer;
use crate::proto::mechanism::seal::Seal;
use crate::proto::mechanism::{Cipher, Handshake, Progress, introduce, reason, refusal, split};
use crate::proto::{Config, Failure, ProtocolError, command, property};

/// How far it is.
pub(in crate::proto) enum Client {
    /// HELLO was sent.
    Hello {
        keys: ClientKeys,
        /// The secret half of C'.
        own: SecretKey,
    },
    /// INITIATE was sent; the key between C' and S'.
    Initiate(BoxKey),
}

impl Client {
    pub(in crate::proto::mechanism) fn start(
        keys: &ClientKeys,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        let client = Client::hello(keys, SecretKey::random()?, out)?;
        Ok(Progress::Wait(Handshake::CurveClient(Box::new(client))))
    }

    /// Says HELLO with this key as C'.
    pub(super) fn hello(
        keys: &ClientKeys,
        own: SecretKey,
        out: &mut SendBuffer,
    ) -> Result<Client, Failure> {
        let key = BoxKey::between(&own, &keys.server).ok_or(CRYPTOGRAPHIC)?;
        let count = 1_u64.to_be_bytes();
        let signature = key.seal(&counted(b"CurveZMQHELLO---", count), &[&[0; 64]]);
        let load: [&[u8]; 5] = [&[1, 0], &[0; 72], &own.public(), &count, &signature];
        command::put(b"HELLO", &load, out);
        Ok(Client::Hello {
            keys: keys.clone(),
            own,
        })
    }

    pub(in crate::proto::mechanism) fn handle(
        self,
        body: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Result<Progress, Failure> {
        match (split(body)?, self) {
            ((b"WELCOME", load), Client::Hello { keys, own }) => {
                if body.len() != WELCOME {
                    return Err(ProtocolError::MalformedCommandWelcome.into());
                }
                let properties = property::announce(config);
                let next = welcomed(load, &keys, &own, &properties, out)?;
                Ok(Progress::Wait(Handshake::CurveClient(Box::new(next))))
            }
            ((b"READY", load), Client::Initiate(key)) => {
                if body.len() < LEAST_READY {
                    return Err(ProtocolError::MalformedCommandReady.into());
                }
                let (count, sealed) = load.split_first_chunk().ok_or(CRYPTOGRAPHIC)?;
                let nonce = counted(b"CurveZMQREADY---", *count);
                let properties = key.open(&nonce, sealed).ok_or(CRYPTOGRAPHIC)?;
                let heard = u64::from_be_bytes(*count);
                Ok(Progress::Done {
                    peer: introduce(&properties, config)?,
                    cipher: Cipher::Sealed(Seal::Curve(Box::new(Traffic::of_client(&key, heard)))),
                })
            }
            ((b"ERROR", load), _) => Err(refusal(reason(load)?)),
            _ => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }
}

/// Reads a WELCOME and answers with INITIATE.
fn welcomed(
    mut load: &[u8],
    keys: &ClientKeys,
    own: &SecretKey,
    properties: &[u8],
    out: &mut SendBuffer,
) -> Result<Client, Failure> {
    let nonce = random(b"WELCOME-", take(&mut load).ok_or(CRYPTOGRAPHIC)?);
    let opened = BoxKey::between(own, &keys.server)
        .and_then(|key| key.open(&nonce, load))
        .ok_or(CRYPTOGRAPHIC)?;
    let mut opened = opened.as_slice();
    let server: &Key = take(&mut opened).ok_or(CRYPTOGRAPHIC)?;
    let cookie: &[u8; COOKIE] = take(&mut opened).ok_or(CRYPTOGRAPHIC)?;

    let half = fresh()?;
    let vouch = BoxKey::between(&keys.secret, server)
        .ok_or(CRYPTOGRAPHIC)?
        .seal(&random(b"VOUCH---", &half), &[&own.public(), &keys.server]);
    let key = BoxKey::between(own, server).ok_or(CRYPTOGRAPHIC)?;
    let count = 2_u64.to_be_bytes();
    let sealed = key.seal(
        &counted(b"CurveZMQINITIATE", count),
        &[&keys.public, &half, &vouch, properties],
    );
    command::put(b"INITIATE", &[cookie, &count, &sealed], out);
    Ok(Client::Initiate(key))
}
