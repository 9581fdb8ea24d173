//! Properties of a connection (`ZMTP 3.1, 2.5.1`): what peers tell each other in the handshake.
//!
//! Invariant: names are compared without regard to case. Of equal names the first counts.

use super::{Config, Failure, Peer, ProtocolError};

/// The peer's socket type.
pub const SOCKET_TYPE: &str = "Socket-Type";
/// The peer's routing id, under its older name.
pub const IDENTITY: &str = "Identity";
/// The longest routing id (`ZMTP 3.1, 2.5.1`).
pub const MAX_ROUTING_ID: usize = 255;

/// Name and value.
pub type Property = (String, Vec<u8>);

/// Reads all properties. Lengths that do not add up, and empty names, are errors.
// COMPAT: names may hold any octet, as with libzmq, whose ZMQ_METADATA takes any after "X-".
pub fn parse(mut octets: &[u8]) -> Result<Vec<Property>, Failure> {
    let mut properties = Vec::new();
    while !octets.is_empty() {
        let (name, value, rest) = split(octets).ok_or(ProtocolError::InvalidMetadata)?;
        let mut kept = Vec::new();
        kept.try_reserve_exact(value.len())
            .and_then(|()| properties.try_reserve(1))
            .map_err(|_| Failure::NoMemory)?;
        kept.extend_from_slice(value);
        properties.push((String::from_utf8_lossy(name).into_owned(), kept));
        octets = rest;
    }
    Ok(properties)
}

/// The first name and value, and the octets behind them.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&size, rest) = octets.split_first()?;
    let (name, rest) = rest.split_at_checked(size as usize)?;
    let (size, rest) = rest.split_first_chunk()?;
    let size = u32::from_be_bytes(*size);
    if name.is_empty() || size > i32::MAX as u32 {
        return None;
    }
    let (value, rest) = rest.split_at_checked(size as usize)?;
    Some((name, value, rest))
}

/// Writes a property. Names end after 255 octets.
pub fn put(name: &str, value: &[u8], to: &mut Vec<u8>) {
    let name = &name.as_bytes()[..name.len().min(255)];
    to.push(name.len() as u8);
    to.extend_from_slice(name);
    to.extend_from_slice(&(value.len() as u32).to_be_bytes());
    to.extend_from_slice(value);
}

/// Everything that we announce of ourselves.
// COMPAT: libzmq sends an Identity for these three socket types only, and then even when empty.
pub fn announce(config: &Config) -> Vec<u8> {
    let mut all = Vec::new();
    put(SOCKET_TYPE, config.socket_type.as_bytes(), &mut all);
    if matches!(config.socket_type, "REQ" | "DEALER" | "ROUTER") {
        put(IDENTITY, &config.routing_id, &mut all);
    }
    for (name, value) in &config.metadata {
        put(name, value, &mut all);
    }
    all
}

/// Who the peer says it is; an error if we may not talk to it (`ZMTP 3.1, 2.5.2`).
// COMPAT: a peer that does not say its socket type is let in, as libzmq does.
pub fn introduce(
    properties: Vec<Property>,
    version: (u8, u8),
    config: &Config,
) -> Result<Peer, ProtocolError> {
    let find = |wanted: &str| {
        properties
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_slice())
    };
    let socket_type = match find(SOCKET_TYPE) {
        None => "",
        Some(value) => (config.peers.iter())
            .find(|known| known.as_bytes() == value)
            .ok_or(ProtocolError::InvalidMetadata)?,
    };
    let routing_id = find(IDENTITY).unwrap_or_default().to_vec();
    if routing_id.len() > MAX_ROUTING_ID {
        return Err(ProtocolError::InvalidMetadata);
    }
    Ok(Peer {
        version,
        socket_type: socket_type.to_owned(),
        routing_id,
        properties,
    })
}
