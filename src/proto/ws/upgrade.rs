//! The way from HTTP to WebSocket (RFC 6455, 4), and which ZWS is spoken then (RFC 45).
//!
//! Invariant: nothing but a whole head of at most [`MAX_HEAD`] octets is judged, and nothing behind
//! it is touched; no octet of a peer ends up in what we write.

use std::hash::{BuildHasher, RandomState};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha1::{Digest, Sha1};

use super::super::{Config, Mechanism};

/// The largest head of a request or a response.
pub const MAX_HEAD: usize = 8 * 1024;
/// The most header fields in one.
const MAX_FIELDS: usize = 64;
/// What a server adds to the key (RFC 6455, 1.3).
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// ZWS without a mechanism: ZMTP 2.0 without its greeting.
const BARE: &str = "ZWS2.0";
/// ZWS with the handshake of a mechanism.
// COMPAT: libzmq speaks CURVE too, which RFC 45 does not mention.
const NULL: &str = "ZWS2.0/NULL";
const PLAIN: &str = "ZWS2.0/PLAIN";
const CURVE: &str = "ZWS2.0/CURVE";
/// What libzmq does not have: among ourselves only.
#[cfg(feature = "gssapi")]
const GSSAPI: &str = "ZWS2.0/GSSAPI";

/// Which ZWS is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The handshake of our mechanism comes first.
    Mechanism,
    /// The routing ids come first.
    Bare,
}

/// The end of the wait for a whole head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// More octets are needed.
    More,
    /// The peer agrees. So many octets were its head.
    Done {
        /// What is spoken from now on.
        chosen: Chosen,
        /// The size of the peer's head.
        size: usize,
        /// What a client is to be answered.
        response: String,
    },
    /// What came is not what it should be: the answer for the client, if there is one.
    Malformed(&'static [u8]),
    /// The server says no.
    Refused,
}

/// The answer to what is not a request for an upgrade, or for none of ours.
const BAD_REQUEST: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
/// The answer to those who speak HTTP only, or another version of WebSocket.
const UPGRADE_REQUIRED: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n\
    Connection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n";

/// What our mechanism is called here.
fn own(config: &Config) -> &'static str {
    match &config.mechanism {
        Mechanism::Null => NULL,
        Mechanism::PlainClient(_) | Mechanism::PlainServer => PLAIN,
        Mechanism::CurveClient(_) | Mechanism::CurveServer(_) => CURVE,
        #[cfg(feature = "gssapi")]
        Mechanism::GssapiClient(_) | Mechanism::GssapiServer(_) => GSSAPI,
    }
}

/// What a protocol means to us, if anything, with its name in our own words. Without a mechanism
/// nobody is asked who the peer is.
fn choose(name: &str, config: &Config) -> Option<(&'static str, Chosen)> {
    if name == own(config) {
        Some((own(config), Chosen::Mechanism))
    } else if name == BARE && config.legacy_allowed {
        Some((BARE, Chosen::Bare))
    } else {
        None
    }
}

/// What the server makes of a key.
fn accept(key: &[u8]) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(SALT).finalize();
    BASE64_STANDARD.encode(digest)
}

/// Whether a list of tokens, in one or several fields of this name, holds this one.
fn has_token(fields: &[httparse::Header<'_>], name: &str, token: &str) -> bool {
    tokens(fields, name).any(|one| one.eq_ignore_ascii_case(token))
}

/// The items of the lists in all fields of this name. What is no text is no item.
fn tokens<'a>(fields: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a str> {
    values(fields, name)
        .filter_map(|value| std::str::from_utf8(value).ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// What all fields of this name say.
fn values<'a>(fields: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .map(|field| field.value)
}

/// What the one field of this name says; `None` if there is none, or more than one.
fn single<'a>(fields: &'a [httparse::Header<'a>], name: &'a str) -> Option<&'a [u8]> {
    let mut found = values(fields, name);
    let value = found.next()?;
    found.next().is_none().then_some(value)
}

/// The client's side.
#[derive(Debug)]
pub struct Client {
    /// What the server has to say to our key.
    accept: String,
}

impl Client {
    /// The request for an upgrade: to this host (with its port), for this path.
    ///
    /// RFC 45: host and path are those that the user gave. They must not hold white space or
    /// control characters.
    pub fn new(host: &str, path: &str, config: &Config) -> (Client, String) {
        // The key is no secret, it only must not be the same each time.
        let random = RandomState::new();
        let key = [random.hash_one(0_u8), random.hash_one(1_u8)].map(u64::to_ne_bytes);
        let key = BASE64_STANDARD.encode(key.as_flattened());
        let bare = if config.legacy_allowed && own(config) == NULL {
            ",ZWS2.0"
        } else {
            ""
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n\
             Sec-WebSocket-Protocol: {}{bare}\r\nSec-WebSocket-Version: 13\r\n\r\n",
            own(config)
        );
        let accept = accept(key.as_bytes());
        (Client { accept }, request)
    }

    /// Judges the server's response (RFC 6455, 4.1).
    pub fn judge(&self, received: &[u8], config: &Config) -> Outcome {
        const MALFORMED: Outcome = Outcome::Malformed(b"");
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let size = match response.parse(&received[..received.len().min(MAX_HEAD)]) {
            Ok(httparse::Status::Complete(size)) => size,
            Ok(httparse::Status::Partial) if received.len() < MAX_HEAD => return Outcome::More,
            _ => return MALFORMED,
        };
        if response.code != Some(101) {
            return Outcome::Refused;
        }
        let fields = &*response.headers;
        let agreed = response.version == Some(1)
            && has_token(fields, "Upgrade", "websocket")
            && has_token(fields, "Connection", "Upgrade")
            && single(fields, "Sec-WebSocket-Accept") == Some(self.accept.as_bytes())
            && values(fields, "Sec-WebSocket-Extensions").next().is_none();
        let protocol = single(fields, "Sec-WebSocket-Protocol")
            .and_then(|name| std::str::from_utf8(name).ok());
        match protocol.and_then(|name| choose(name.trim(), config)) {
            Some((_, chosen)) if agreed => Outcome::Done {
                chosen,
                size,
                response: String::new(),
            },
            _ => MALFORMED,
        }
    }
}

/// Judges a client's request (RFC 6455, 4.2.1). Of the protocols that the client offers the first
/// that we know is taken.
// COMPAT: any path will do, as with libzmq, and a request without a host.
pub fn serve(received: &[u8], config: &Config) -> Outcome {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let size = match request.parse(&received[..received.len().min(MAX_HEAD)]) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) if received.len() < MAX_HEAD => return Outcome::More,
        _ => return Outcome::Malformed(BAD_REQUEST),
    };
    let fields = &*request.headers;
    // RFC 9112, 3.2: not more than one host.
    let hosts = values(fields, "Host").count();
    if request.method != Some("GET") || request.version != Some(1) || hosts > 1 {
        return Outcome::Malformed(BAD_REQUEST);
    }
    if !has_token(fields, "Upgrade", "websocket")
        || !has_token(fields, "Connection", "Upgrade")
        || single(fields, "Sec-WebSocket-Version") != Some(b"13")
    {
        return Outcome::Malformed(UPGRADE_REQUIRED);
    }
    let key = single(fields, "Sec-WebSocket-Key")
        .filter(|key| BASE64_STANDARD.decode(key).is_ok_and(|key| key.len() == 16));
    let choice = tokens(fields, "Sec-WebSocket-Protocol").find_map(|offer| choose(offer, config));
    let (Some(key), Some((name, chosen))) = (key, choice) else {
        return Outcome::Malformed(BAD_REQUEST);
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {name}\r\n\r\n",
        accept(key)
    );
    Outcome::Done {
        chosen,
        size,
        response,
    }
}
