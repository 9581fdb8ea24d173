//! Options of a live socket: what the table leaves to be done.
//!
//! Invariant: values and lengths are the table's business; here is only what needs the socket.

use crate::errno::Errno;
use crate::options::{self, Effect, Got, Value, number};
use crate::pattern::Straight;

use super::{Inner, Socket};

impl Socket {
    /// Sets an option from `length` octets (`None`: a null pointer).
    pub fn set_option(
        &self,
        option: i32,
        value: Option<&[u8]>,
        length: usize,
    ) -> Result<(), Errno> {
        let mut inner = self.enter()?;
        let inner = &mut *inner;
        inner.plan = None;
        // What was settled was so with the options as they were.
        inner.straight = Straight::default();
        match options::set(&mut inner.options, option, value, length)? {
            Effect::None => Ok(()),
            Effect::Hwm => {
                let limits = inner.limits();
                inner.pipes.set_limits(limits);
                inner.realm.names.set_limits(inner.id, limits);
                Ok(())
            }
            Effect::Subscribe(topic) => inner.tell(number::SUBSCRIBE, topic),
            Effect::Unsubscribe(topic) => inner.tell(number::UNSUBSCRIBE, topic),
            Effect::Pattern(option) => inner.tell(option, &[]),
        }
    }

    /// Writes an option's value into the buffer and returns its length.
    pub fn get_option(&self, option: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut inner = self.lock()?;
        inner.check()?;
        let live = match options::get(&inner.options, option)? {
            Got::Value(value) => return options::store(option, &value, buffer),
            Got::Live(live) => live,
        };
        let value = match live {
            number::RCVMORE => i32::from(inner.receive_more),
            number::FD => {
                inner.give_back();
                inner.inbox.fd()?
            }
            number::EVENTS => {
                if inner.inbox.is_dirty() {
                    inner.take_news();
                }
                inner.events()
            }
            number::TOPICS_COUNT => {
                let topics = inner.pattern.topics_count().ok_or(Errno::EINVAL)?;
                i32::try_from(topics).unwrap_or(i32::MAX)
            }
            _ => return Err(Errno::EINVAL),
        };
        options::store(option, &Value::Int(value), buffer)
    }
}

impl Inner {
    fn tell(&mut self, option: i32, value: &[u8]) -> Result<(), Errno> {
        self.with_pattern(|pattern, scope| pattern.set_option(scope, option, value))
    }
}
