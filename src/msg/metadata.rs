//! What is known of the connection a message came from (`zmq_msg_gets`).
//!
//! Invariant: immutable once made; shared by all messages of one connection.

use std::ffi::{CStr, CString};

/// Properties of a connection: names are compared without regard to case (`ZMTP 3.1, 2.5.1`).
#[derive(Debug, Default)]
pub struct Metadata {
    properties: Vec<(String, CString)>,
    /// The descriptor the message came through (`ZMQ_SRCFD`), -1 for none.
    pub fd: i32,
}

impl Metadata {
    /// Metadata without properties, of the connection with this descriptor (-1 for none).
    pub fn new(fd: i32) -> Metadata {
        Metadata {
            properties: Vec::new(),
            fd,
        }
    }

    /// Adds a property. The value ends at its first zero octet, as C will see it.
    pub fn insert(&mut self, name: &str, value: &[u8]) {
        let end = value
            .iter()
            .position(|&octet| octet == 0)
            .unwrap_or(value.len());
        if let Ok(value) = CString::new(&value[..end]) {
            self.properties.push((name.to_owned(), value));
        }
    }

    /// The value of a property; `Identity` is an older name of `Routing-Id`.
    pub fn get(&self, name: &str) -> Option<&CStr> {
        let name = if name.eq_ignore_ascii_case("Identity") {
            "Routing-Id"
        } else {
            name
        };
        self.properties
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_c_str())
    }
}
