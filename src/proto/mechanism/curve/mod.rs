//! CURVE (RFC 25, RFC 26): both sides prove that they hold their keys, and all traffic is sealed.
//!
//! ```text
//!  client                                           server
//!  HELLO (C', box (0: C' → S)) ──────────────────►
//!                        ◄───────────────────────── WELCOME (box (S', cookie: S → C'))
//!  INITIATE (cookie, box (C, vouch, …: C' → S')) ►
//!                                                   asks its handler whether C may come in
//!                        ◄───────────────────────── READY (box (…: S' → C'))
//!  MESSAGE (box (flags, body: C' → S')) ─────────►
//!                        ◄───────────────────────── MESSAGE (box (flags, body: S' → C'))
//! ```
//!
//! C and S are long-lived keys, C' and S' made for the connection: who later gets hold of the
//! long-lived ones cannot read it.
//!
//! Invariant: no nonce is used twice under one key, and no counter of the peer's is taken over
//! before the box that it came with has opened.

mod client;
mod keys;
mod secretbox;
mod server;
mod traffic;

#[cfg(test)]
mod tests;

pub use keys::{ClientKeys, Key, SecretKey};

pub(super) use client::Client;
pub(super) use server::Server;
pub(in crate::proto) use traffic::Traffic;

use crate::proto::{Failure, ProtocolError};
use secretbox::Nonce;

/// The size of a HELLO, of a WELCOME, and of the smallest INITIATE and READY, with their names.
const HELLO: usize = 200;
const WELCOME: usize = 168;
const LEAST_INITIATE: usize = 257;
const LEAST_READY: usize = 30;
/// The size of a cookie and of a vouch.
const COOKIE: usize = 96;

/// A box that does not open.
const CRYPTOGRAPHIC: Failure = Failure::Protocol(ProtocolError::Cryptographic);

/// The nonce of counted boxes.
fn counted(prefix: &[u8; 16], count: [u8; 8]) -> Nonce {
    let mut nonce = [0; 24];
    nonce[..16].copy_from_slice(prefix);
    nonce[16..].copy_from_slice(&count);
    nonce
}

/// The nonce of boxes that are sealed under a random one.
fn random(prefix: &[u8; 8], random: &[u8; 16]) -> Nonce {
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(prefix);
    nonce[8..].copy_from_slice(random);
    nonce
}

/// A random half of a nonce.
fn fresh() -> Result<[u8; 16], Failure> {
    let mut octets = [0; 16];
    keys::fill(&mut octets)?;
    Ok(octets)
}

/// Takes the next `N` octets off the front. For parts of commands whose size was looked at.
fn take<'a, const N: usize>(octets: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = octets.split_first_chunk()?;
    *octets = rest;
    Some(taken)
}
