//! Who writes a stream of short messages that goes out: the I/O thread, told of every few of them,
//! or the thread that sends them, in portions.
//!
//! ```text
//!   told ── many messages in a short time, ──► in portions ◄─┐
//!    ▲      whose sender offers portions         │   │        │ at each tick
//!    └──────── several ticks without one ────────┘   └────────┘
//! ```
//!
//! Invariant: while in portions nobody is told of a message, so a tick is always due; what the
//! sender does not write is written by the I/O thread at a tick. Time is an argument.

use std::time::{Duration, Instant};

/// How long the I/O thread waits before it looks for messages that their sender did not write, and
/// once more if it wrote others meanwhile: between these, an eighth of the time that the stream has
/// lasted. (A look takes the sender's processor, or wakes another: 20 to 30 microseconds.)
const TICK: Duration = Duration::from_micros(100);
pub(super) const LONGEST: Duration = Duration::from_micros(500);
/// So many messages
const MANY: usize = if cfg!(loom) { 2 } else { 256 };
/// within this time are a stream.
const WITHIN: Duration = Duration::from_micros(400);
/// Messages whose frames are longer on average, in octets, gain nothing: that the I/O thread copies
/// them for the kernel while the sender goes on is worth more.
const LONG: usize = 96;
/// So many ticks in a row without a portion, and it is over. A few may mean that the sender had to
/// wait for a processor.
const QUIET: u8 = if cfg!(loom) { 3 } else { 8 };

/// What the I/O thread does when it comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    /// It is not time yet.
    Early,
    /// Nothing: the sender took a portion since the last tick, and will do so again.
    Pass,
    /// It writes what there is.
    Write,
    /// The same, and it is to be told of messages again.
    End,
}

/// See the module.
#[derive(Default)]
pub(super) struct Portions {
    /// When to look, while in portions.
    due: Option<Instant>,
    /// How many messages, and octets of them, the I/O thread was told of since then.
    counted: (usize, usize),
    /// Since when messages are counted, or the stream has lasted.
    since: Option<Instant>,
    /// The sender took a portion since the last tick.
    taken: bool,
    /// So many ticks in a row without one.
    quiet: u8,
}

impl Portions {
    /// Whether the sender takes portions, and nobody is told of its messages.
    pub(super) fn is_on(&self) -> bool {
        self.due.is_some()
    }

    /// When the I/O thread is to look.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The I/O thread was told of so many messages, of so many octets in all. `offered`: their sender
    /// would have taken portions.
    pub(super) fn told(&mut self, messages: usize, octets: usize, offered: bool, now: Instant) {
        let lasted = |since| now.saturating_duration_since(since);
        if self.since.is_none_or(|since| lasted(since) > WITHIN) {
            self.since = Some(now);
            self.counted = (0, 0);
        }
        self.counted.0 += messages;
        self.counted.1 += octets;
        if offered && self.counted.0 >= MANY && self.counted.1 / self.counted.0 <= LONG {
            *self = Portions {
                due: Some(now + TICK),
                since: Some(now),
                ..Portions::default()
            };
        }
    }

    /// The sender takes a portion.
    pub(super) fn take(&mut self) {
        self.taken = true;
    }

    /// The I/O thread comes by, while in portions.
    pub(super) fn tick(&mut self, now: Instant) -> Tick {
        let Some(due) = self.due else {
            return Tick::End;
        };
        if due > now {
            return Tick::Early;
        }
        if std::mem::take(&mut self.taken) {
            self.quiet = 0;
            let since = *self.since.get_or_insert(now);
            let lasted = now.saturating_duration_since(since);
            self.due = Some(now + (lasted / 8).clamp(TICK, LONGEST));
            return Tick::Pass;
        }
        self.quiet += 1;
        self.since = None;
        if self.quiet >= QUIET {
            self.end();
            return Tick::End;
        }
        self.due = Some(now + TICK);
        Tick::Write
    }

    /// It is over, whatever it was.
    pub(super) fn end(&mut self) {
        *self = Portions::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(start: Instant, microseconds: u64) -> Instant {
        start + Duration::from_micros(microseconds)
    }

    #[test]
    fn many_short_messages_in_a_short_time_are_a_stream() {
        // Messages each time, octets of each, microseconds in between, offered: on after so many.
        let table = [
            (64, 18, 50, true, Some(4)),
            (256, 18, 0, true, Some(1)),
            (64, 18, 50, false, None),
            (64, 97, 50, true, None),
            (64, 96, 50, true, Some(4)),
            (20, 18, 50, true, None),
            (255, 18, 401, true, None),
            (1, 18, 1, true, Some(256)),
            (1, 18, 5, true, None),
        ];
        for (messages, octets, pause, offered, wanted) in table {
            let (mut portions, start) = (Portions::default(), Instant::now());
            let on = (1..1000).find(|&time| {
                let now = after(start, time * pause);
                portions.told(messages, messages * octets, offered, now);
                portions.is_on()
            });
            assert_eq!(on, wanted, "{messages} of {octets} each {pause} us");
        }
    }

    #[test]
    fn ticks_are_rare_while_the_sender_takes_portions_and_soon_over_when_not() {
        let (mut portions, start) = (Portions::default(), Instant::now());
        portions.told(MANY, MANY, true, start);
        let (mut ticks, mut now) = (0, start);
        while now < after(start, 100_000) {
            portions.take();
            now = portions.due().unwrap();
            assert_eq!(portions.tick(now), Tick::Pass);
            ticks += 1;
        }
        assert!(ticks < 250, "{ticks} ticks in 100 ms");
        let stopped = now;
        for _ in 1..QUIET {
            now = portions.due().unwrap();
            assert_eq!(portions.tick(now), Tick::Write);
        }
        now = portions.due().unwrap();
        assert_eq!(portions.tick(now), Tick::End);
        assert!(!portions.is_on() && now < stopped + LONGEST * 4);
    }

    proptest! {
        #[test]
        fn a_message_that_nobody_takes_is_written_soon(steps in prop::collection::vec(
            (0..4_u8, 0..300_u64), 0..200,
        )) {
            let (mut portions, mut now) = (Portions::default(), Instant::now());
            for (step, microseconds) in steps {
                now += Duration::from_micros(microseconds);
                match step {
                    0 if !portions.is_on() => portions.told(MANY, MANY, true, now),
                    1 => portions.take(),
                    2 if portions.is_on() => { portions.tick(now); }
                    3 => portions.end(),
                    _ => {}
                }
                let Some(due) = portions.due() else { continue };
                prop_assert!(due <= now + LONGEST);
                // From here on the sender does nothing: the second tick at the latest writes.
                let mut copy = Portions { ..portions };
                let first = copy.tick(due);
                if first == Tick::Pass {
                    let second = copy.due().unwrap();
                    prop_assert!(second <= due + LONGEST);
                    prop_assert!(matches!(copy.tick(second), Tick::Write | Tick::End));
                }
            }
        }
    }
}
