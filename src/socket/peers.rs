//! Groups, and what is asked about single peers.
//!
//! Invariant: the pattern knows groups and peers; here is only the way to it.

use crate::errno::Errno;
use crate::runtime::number;

use super::{POLLOUT, Socket};

impl Socket {
    /// Whether the socket is of a type that several threads may use at once.
    pub fn is_thread_safe(&self) -> Result<bool, Errno> {
        Ok(self.lock()?.kind.thread_safe)
    }

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
    /// socket is neither a ROUTER nor a REP.
    pub fn peer_state(&self, routing_id: &[u8]) -> Result<i32, Errno> {
        let writable = self
            .enter()?
            .with_pattern(|pattern, scope| pattern.peer_state(scope, routing_id))?;
        Ok(if writable { POLLOUT } else { 0 })
    }

    /// Tells the monitor of each peer how many messages wait to be sent to it and to be received
    /// from it (`zmq_socket_monitor_pipes_stats`). `EINVAL` if nobody monitors that, `EAGAIN`
    /// without peers.
    pub fn report_pipes(&self) -> Result<(), Errno> {
        let mut inner = self.enter()?;
        let inner = &mut *inner;
        if !inner.events.wants(number::PIPES_STATS) {
            return Err(Errno::EINVAL);
        }
        let ids = inner.pipes.ids();
        if ids.is_empty() {
            return Err(Errno::EAGAIN);
        }
        for id in ids {
            if let Some((standing, outgoing)) = inner.pipes.standing(id) {
                let values = [outgoing, standing.incoming];
                let ends = &standing.ends;
                inner.events.raise_many(number::PIPES_STATS, &values, ends);
            }
        }
        Ok(())
    }
}
