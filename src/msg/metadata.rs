//! What is known of the connection a message came from (`zmq_msg_gets`).
//!
//! Invariant: immutable once made; shared by all messages of one connection, or, where messages
//! have groups, of one connection and one group.

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::sync::Arc;

thread_local! {
    static KEPT: Cell<Option<Arc<Metadata>>> = const { Cell::new(None) };
}

/// Lets go of metadata, which the thread keeps for the next message of the same connection: neither
/// counts anything then, and counting takes longer than all else that is done with such a message.
#[inline]
pub(super) fn keep(metadata: Arc<Metadata>) {
    // A thread that is just ending keeps nothing.
    let before = KEPT.try_with(|kept| kept.replace(Some(metadata)));
    drop(before);
}

/// Another reference.
#[inline]
pub(super) fn hold(metadata: &Arc<Metadata>) -> Arc<Metadata> {
    match KEPT.try_with(Cell::take) {
        Ok(Some(kept)) if Arc::ptr_eq(&kept, metadata) => kept,
        _ => metadata.clone(),
    }
}

/// Properties of a connection: names are compared without regard to case (`ZMTP 3.1, 2.5.1`).
#[derive(Debug, Default)]
pub struct Metadata {
    /// One behind the other: the length of the name in four octets, the name, the value, a zero
    /// octet. There are as many of these as there are connections.
    properties: Vec<u8>,
    /// The descriptor the message came through (`ZMQ_SRCFD`), -1 for none.
    pub fd: i32,
    /// The message's group (RADIO, DISH).
    group: Option<CString>,
    /// What is known beside the group.
    rest: Option<Arc<Metadata>>,
}

/// Text as C will see it: it ends at its first zero octet.
fn c_text(octets: &[u8]) -> CString {
    let end = octets.iter().position(|&octet| octet == 0);
    CString::new(&octets[..end.unwrap_or(octets.len())]).unwrap_or_default()
}

impl Metadata {
    /// Metadata without properties, of the connection with this descriptor (-1 for none).
    pub fn new(fd: i32) -> Metadata {
        Metadata {
            fd,
            ..Metadata::default()
        }
    }

    /// What a message of this group has, of which this much is known. The group ends at its first
    /// zero octet, as C will see it.
    pub fn with_group(group: &[u8], known: Option<&Arc<Metadata>>) -> Metadata {
        // Only the rest of what is known: groups do not pile up.
        let rest = known.and_then(|known| match known.group {
            Some(_) => known.rest.clone(),
            None => Some(known.clone()),
        });
        Metadata {
            properties: Vec::new(),
            fd: rest.as_ref().map_or(-1, |rest| rest.fd),
            group: Some(c_text(group)),
            rest,
        }
    }

    /// Whether this is what [`with_group`](Metadata::with_group) makes of the two.
    pub fn is_group_of(&self, group: &[u8], known: Option<&Arc<Metadata>>) -> bool {
        let same = match (&self.rest, known) {
            (Some(rest), Some(known)) => Arc::ptr_eq(rest, known),
            (None, None) => true,
            _ => false,
        };
        // A group that was cut is never the same.
        same && self.group().to_bytes() == group
    }

    /// The message's group, empty if it has none.
    pub fn group(&self) -> &CStr {
        self.group.as_deref().unwrap_or_default()
    }

    /// Adds a property. The value ends at its first zero octet, as C will see it.
    pub fn insert(&mut self, name: &str, value: &[u8]) {
        let Ok(length) = u32::try_from(name.len()) else {
            return;
        };
        let value = c_text(value);
        let value = value.as_bytes_with_nul();
        self.properties
            .reserve_exact(size_of::<u32>() + name.len() + value.len());
        self.properties.extend_from_slice(&length.to_ne_bytes());
        self.properties.extend_from_slice(name.as_bytes());
        self.properties.extend_from_slice(value);
    }

    /// Names and values in the order they were added.
    fn iter(&self) -> impl Iterator<Item = (&[u8], &CStr)> {
        let mut rest = &self.properties[..];
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first_chunk()?;
            let (name, behind) = behind.split_at_checked(u32::from_ne_bytes(*length) as usize)?;
            let value = CStr::from_bytes_until_nul(behind).ok()?;
            rest = &behind[value.count_bytes() + 1..];
            Some((name, value))
        })
    }

    /// The value of a property; `Identity` is an older name of `Routing-Id`.
    pub fn get(&self, name: &str) -> Option<&CStr> {
        let name = if name.eq_ignore_ascii_case("Identity") {
            "Routing-Id"
        } else {
            name
        };
        self.iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
            .or_else(|| self.rest.as_ref()?.get(name))
    }
}
