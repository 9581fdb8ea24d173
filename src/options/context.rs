//! The options of a context: `zmq_ctx_set`, `zmq_ctx_get` and their `_ext` forms.
//!
//! Invariant: every value held here was accepted by [`ContextOptions::set`] or
//! [`ContextOptions::set_ext`], or is the default. Manual pages: `zmq_ctx_set`, `zmq_ctx_get`.

use std::collections::BTreeSet;

use super::shape::copy;
use crate::errno::Errno;

/// The numbers of the context options, as `zmq.h` has them.
pub mod number {
    /// Count: I/O threads to start with the first socket.
    pub const IO_THREADS: i32 = 1;
    /// Count: sockets that may be open at once.
    pub const MAX_SOCKETS: i32 = 2;
    /// Count: the most that MAX_SOCKETS can be. To be read only.
    pub const SOCKET_LIMIT: i32 = 3;
    /// Scheduling priority of the I/O threads; the number of SOCKET_LIMIT. To be set only.
    pub const THREAD_PRIORITY: i32 = 3;
    /// Scheduling policy of the I/O threads; -1 leaves the system's.
    pub const THREAD_SCHED_POLICY: i32 = 4;
    /// Octets: the longest message that may be sent.
    pub const MAX_MSGSZ: i32 = 5;
    /// Octets: the size of `zmq_msg_t`. To be read only.
    pub const MSG_T_SIZE: i32 = 6;
    /// A CPU on which I/O threads may run, one more each time. To be set only.
    pub const THREAD_AFFINITY_CPU_ADD: i32 = 7;
    /// A CPU to take from that set. To be set only.
    pub const THREAD_AFFINITY_CPU_REMOVE: i32 = 8;
    /// 1 to 16 octets in front of the names of the I/O threads.
    pub const THREAD_NAME_PREFIX: i32 = 9;
    /// Flag: large messages received may share the receive buffer.
    pub const ZERO_COPY_RECV: i32 = 10;
    /// Flag: new sockets have IPV6 set.
    pub const IPV6: i32 = 42;
    /// Flag: new sockets linger for ever, so that `zmq_ctx_term` waits for their messages.
    pub const BLOCKY: i32 = 70;
}

/// What SOCKET_LIMIT answers.
const SOCKET_LIMIT: i32 = 65_535;
/// The size of `zmq_msg_t`.
const MSG_T_SIZE: i32 = 64;
/// The longest THREAD_NAME_PREFIX.
const LONGEST_PREFIX: usize = 16;

/// What new sockets take over from their context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContextDefaults {
    /// Default of the socket option IPV6.
    pub ipv6: bool,
    /// False: the default of LINGER is 0.
    pub blocky: bool,
    /// Large messages received may share the receive buffer.
    pub zero_copy_recv: bool,
}

impl Default for ContextDefaults {
    fn default() -> ContextDefaults {
        ContextOptions::default().defaults()
    }
}

/// Everything that the options of one context say; [`number`] tells their meaning and unit.
#[allow(missing_docs)]
#[derive(Clone, Debug)]
pub struct ContextOptions {
    pub io_threads: i32,
    /// COMPAT: may be far more than can ever be opened; nothing is reserved for it.
    pub max_sockets: i32,
    /// -1: as the system has it.
    pub thread_priority: i32,
    /// -1: as the system has it.
    pub thread_sched_policy: i32,
    pub max_msgsz: i32,
    /// Empty: every CPU.
    pub thread_affinity_cpus: BTreeSet<i32>,
    /// Empty: none.
    pub thread_name_prefix: Vec<u8>,
    pub zero_copy_recv: bool,
    pub ipv6: bool,
    pub blocky: bool,
}

impl Default for ContextOptions {
    fn default() -> ContextOptions {
        ContextOptions {
            io_threads: 1,
            max_sockets: 1023,
            thread_priority: -1,
            thread_sched_policy: -1,
            max_msgsz: i32::MAX,
            thread_affinity_cpus: BTreeSet::new(),
            thread_name_prefix: Vec::new(),
            zero_copy_recv: true,
            ipv6: false,
            blocky: true,
        }
    }
}

impl ContextOptions {
    /// What new sockets take over.
    pub fn defaults(&self) -> ContextDefaults {
        ContextDefaults {
            ipv6: self.ipv6,
            blocky: self.blocky,
            zero_copy_recv: self.zero_copy_recv,
        }
    }

    /// `zmq_ctx_set`: `EINVAL` for an option that is unknown or cannot be set, and for a value that
    /// it does not take.
    pub fn set(&mut self, option: i32, value: i32) -> Result<(), Errno> {
        // COMPAT: of a number, the prefix is its decimal digits, and negative ones are accepted.
        if option == number::THREAD_NAME_PREFIX {
            self.thread_name_prefix = value.to_string().into_bytes();
            return Ok(());
        }
        let least = if option == number::MAX_SOCKETS { 1 } else { 0 };
        if value < least {
            return Err(Errno::EINVAL);
        }
        match option {
            number::IO_THREADS => self.io_threads = value,
            number::MAX_SOCKETS => self.max_sockets = value,
            number::THREAD_PRIORITY => self.thread_priority = value,
            number::THREAD_SCHED_POLICY => self.thread_sched_policy = value,
            number::MAX_MSGSZ => self.max_msgsz = value,
            number::THREAD_AFFINITY_CPU_ADD => {
                self.thread_affinity_cpus.insert(value);
            }
            number::THREAD_AFFINITY_CPU_REMOVE => {
                if !self.thread_affinity_cpus.remove(&value) {
                    return Err(Errno::EINVAL);
                }
            }
            number::ZERO_COPY_RECV => self.zero_copy_recv = value != 0,
            number::IPV6 => self.ipv6 = value != 0,
            number::BLOCKY => self.blocky = value != 0,
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    /// `zmq_ctx_get`: `EINVAL` for an option that is unknown or cannot be read. A value may be -1.
    pub fn get(&self, option: i32) -> Result<i32, Errno> {
        Ok(match option {
            number::IO_THREADS => self.io_threads,
            number::MAX_SOCKETS => self.max_sockets,
            number::SOCKET_LIMIT => SOCKET_LIMIT,
            number::THREAD_SCHED_POLICY => self.thread_sched_policy,
            number::MAX_MSGSZ => self.max_msgsz,
            number::MSG_T_SIZE => MSG_T_SIZE,
            number::THREAD_NAME_PREFIX => leading_int(&self.thread_name_prefix),
            number::ZERO_COPY_RECV => i32::from(self.zero_copy_recv),
            number::IPV6 => i32::from(self.ipv6),
            number::BLOCKY => i32::from(self.blocky),
            _ => return Err(Errno::EINVAL),
        })
    }

    /// `zmq_ctx_set_ext`: an `int` in four octets, or the octets of THREAD_NAME_PREFIX. `None` is a
    /// NULL pointer, which is refused.
    ///
    /// COMPAT: four octets are an `int` even for the prefix.
    pub fn set_ext(&mut self, option: i32, value: Option<&[u8]>) -> Result<(), Errno> {
        let value = value.ok_or(Errno::EINVAL)?;
        if let Ok(int) = value.try_into() {
            return self.set(option, i32::from_ne_bytes(int));
        }
        match (option, value.len()) {
            (number::THREAD_NAME_PREFIX, 1..=LONGEST_PREFIX) => {
                self.thread_name_prefix = copy(value)?;
                Ok(())
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `zmq_ctx_get_ext`: writes an `int` into four octets, or THREAD_NAME_PREFIX into any other
    /// buffer that it fits, and tells the length that the caller gets to see. `EINVAL` else.
    ///
    /// COMPAT: that length is always the buffer's own, and what is behind the prefix stays as it
    /// was: the prefix has no end that the caller could see but in a buffer of zeros.
    pub fn get_ext(&self, option: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        if buffer.len() == 4 {
            buffer.copy_from_slice(&self.get(option)?.to_ne_bytes());
        } else if option == number::THREAD_NAME_PREFIX {
            let prefix = &self.thread_name_prefix;
            buffer
                .get_mut(..prefix.len())
                .ok_or(Errno::EINVAL)?
                .copy_from_slice(prefix);
        } else {
            return Err(Errno::EINVAL);
        }
        Ok(buffer.len())
    }
}

/// The number at the front of a text as C's `atoi` finds it; 0 if there is none.
fn leading_int(text: &[u8]) -> i32 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    // At most LONGEST_PREFIX digits: they fit.
    let value = digits
        .iter()
        .take_while(|digit| digit.is_ascii_digit())
        .fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    // C cuts a `long` down to its low bits.
    (if negative { -value } else { value }) as i32
}
