//! Groups, and what is asked about single peers.
//!
//! Invariant: the pattern knows groups and peers; here is only the way to it.

use crate::errno::Errno;

use super::{POLLOUT, Socket};

impl Socket {
    /// Joins a group (`zmq_join`). `EINVAL` if that was done already or its name is too long,
    /// `ENOTSUP` if the socket is no DISH.
    pub fn join(&self, group: &[u8]) -> Result<(), Errno> {
        self.enter()?
            .with_pattern(|pattern, scope| pattern.join(scope, group))
    }

    /// Leaves a group (`zmq_leave`). `EINVAL` if it was not joined, `ENOTSUP` if the socket is no
    /// DISH.
    pub fn leave(&self, group: &[u8]) -> Result<(), Errno> {
        self.enter()?
            .with_pattern(|pattern, scope| pattern.leave(scope, group))
    }

    /// What can be done with the peer with this routing id: [`POLLOUT`] if it can be sent to, else
    /// 0 (`zmq_socket_get_peer_state`). `EHOSTUNREACH` if there is no such peer, `ENOTSUP` if the
    /// socket is no ROUTER.
    pub fn peer_state(&self, routing_id: &[u8]) -> Result<i32, Errno> {
        let writable = self
            .enter()?
            .with_pattern(|pattern, scope| pattern.peer_state(scope, routing_id))?;
        Ok(if writable { POLLOUT } else { 0 })
    }
}
