//! Passing messages from one socket to another, many at a time, as a proxy does.
//!
//! Invariants: the locks of the sockets are taken in the order of their addresses, by who holds
//! none, and nothing waits while they are held. A message is begun only if the other side has room;
//! should a part find none all the same, it is handed to the caller and never lost.

use crate::errno::Errno;
use crate::msg::{Msg, flag};

use super::{Guard, Inner, Socket};

/// What came of [`Socket::pass_to`].
#[derive(Default)]
pub struct Passed {
    /// Messages that were passed whole.
    pub messages: u64,
    /// Octets of all parts that were passed.
    pub octets: u64,
    /// A part that was received and could not be sent without waiting. The parts behind it, if there
    /// are any, are still to be received.
    pub stuck: Option<Stuck>,
}

/// See [`Passed::stuck`].
pub struct Stuck {
    /// The part.
    pub msg: Msg,
    /// `capture` has its copy already.
    pub captured: bool,
}

impl Socket {
    /// Passes up to `most` messages that wait here to `to`, and a copy of each to `capture`, without
    /// waiting. All of them must be different sockets. `ETERM`, `ENOTSOCK`, and what receiving and
    /// sending answer, but for `EAGAIN`.
    pub fn pass_to(
        &self,
        to: &Socket,
        capture: Option<&Socket>,
        most: u64,
    ) -> Result<Passed, Errno> {
        if let Some(capture) = capture {
            let [mut from, mut to, mut capture] = enter_all([self, to, capture])?;
            pass(&mut from, &mut to, Some(&mut capture), most)
        } else {
            let [mut from, mut to] = enter_all([self, to])?;
            pass(&mut from, &mut to, None, most)
        }
    }
}

/// The insides of different sockets, locked, with all news taken in.
fn enter_all<const N: usize>(sockets: [&Socket; N]) -> Result<[Guard<'_>; N], Errno> {
    let mut order: [usize; N] = std::array::from_fn(|index| index);
    order.sort_unstable_by_key(|&index| std::ptr::from_ref(sockets[index]).addr());
    let mut guards: [Option<Guard<'_>>; N] = [const { None }; N];
    for index in order {
        guards[index] = Some(sockets[index].enter()?);
    }
    Ok(guards.map(|guard| guard.expect("`order` names every place")))
}

fn pass(
    from: &mut Inner,
    to: &mut Inner,
    mut capture: Option<&mut Inner>,
    most: u64,
) -> Result<Passed, Errno> {
    let mut passed = Passed::default();
    let result = pass_messages(from, to, capture.as_deref_mut(), most, &mut passed);
    // Once for all of them, and before an error is seen to.
    from.settle();
    to.settle();
    if let Some(capture) = capture {
        capture.settle();
    }
    result.map(|()| passed)
}

fn pass_messages(
    from: &mut Inner,
    to: &mut Inner,
    mut capture: Option<&mut Inner>,
    most: u64,
    passed: &mut Passed,
) -> Result<(), Errno> {
    let mut msg = Msg::empty();
    while passed.messages < most {
        from.hear_news()?;
        to.hear_news()?;
        if let Some(capture) = &mut capture {
            capture.hear_news()?;
        }
        if !to.call_pattern(|pattern, scope| pattern.has_out(scope)) {
            break;
        }
        loop {
            match from.call_pattern(|pattern, scope| pattern.recv(scope, &mut msg)) {
                // A proxy waits next, so it may keep the stream that it reads.
                Err(Errno::EAGAIN) => return Ok(()),
                result => from.received(&msg, result)?,
            }
            let (more, octets) = (msg.more(), msg.len() as u64);
            if let Some(capture) = &mut capture {
                let mut copy = msg.share();
                match capture.send_part(&mut copy, more) {
                    Err(Errno::EAGAIN) => {
                        let captured = false;
                        passed.stuck = Some(Stuck { msg, captured });
                        return Ok(());
                    }
                    result => result?,
                }
            }
            match to.send_part(&mut msg, more) {
                Err(Errno::EAGAIN) => {
                    if more {
                        msg.set(flag::MORE);
                    }
                    let captured = capture.is_some();
                    passed.stuck = Some(Stuck { msg, captured });
                    return Ok(());
                }
                result => result?,
            }
            passed.octets += octets;
            if !more {
                break;
            }
        }
        passed.messages += 1;
    }
    Ok(())
}

impl Inner {
    fn send_part(&mut self, msg: &mut Msg, more: bool) -> Result<(), Errno> {
        self.prepare(msg, more);
        self.call_pattern(|pattern, scope| pattern.send(scope, msg))
    }
}
