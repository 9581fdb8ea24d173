//! Whether to spin for an answer from a peer in this process before sleeping.
//!
//! To be woken takes the better part of 10 µs, and several times that on a processor that is idle;
//! an answer within the process takes less than one. So who has sent and waits for the answer looks
//! for it for a moment, if such waits were short lately. It takes no longer than a sleeper needs to
//! wake up, for the peer may have to.
//!
//! Invariant: it pays, or it stops. What comes later than a sleep would have cost counts as a
//! failure if it goes on, and after failures comes a rest, four times as long at each one: somebody
//! who never succeeds spins for less than 2 ms in a second. One thread spins for a socket at most,
//! and none that finds the peer on its own processor, which it would only keep from answering.
//!
//! Times are since a moment that all threads agree on, so that two who rest begin again together:
//! alone neither finds the other awake.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::runtime::Inbox;

/// A spin takes no longer than this.
const LONGEST: Duration = Duration::from_micros(50);
/// What comes within this time was worth spinning for.
const PROMPT: Duration = Duration::from_micros(10);
/// A sleep that was shorter than this might have been spared: two threads that both had to be woken.
const SHORT: Duration = Duration::from_micros(200);
/// So many short waits in a row make a conversation.
const ENOUGH: u8 = 4;
/// So many answers in a row may come late: the first ones, while the peer still sleeps.
const LATE: u8 = 6;
/// So many prompt answers in a row make up for one failure.
const AMENDS: u8 = 64;
/// The shortest rest. Rests end at multiples of their length.
const REST: Duration = Duration::from_millis(1);
/// How much longer the next rest is, as a power of two, and how often it gets longer.
const LONGER: u32 = 2;
const LEVELS: u32 = 4;

/// How a spin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spin {
    /// Something came after this time.
    Found(Duration),
    /// Nothing came.
    InVain,
}

/// What a socket knows of its waits.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// A thread spins at present.
    spinning: bool,
    /// Short waits in a row.
    short: u8,
    late: u8,
    prompt: u8,
    /// Failures that nothing made up for.
    failures: u32,
    rests_until: Duration,
}

impl Patience {
    /// Begins to spin, if that is likely to pay at this time.
    pub(super) fn begin(&mut self, now: Duration) -> bool {
        let begun = !self.spinning && self.short >= ENOUGH && now >= self.rests_until;
        self.spinning |= begun;
        begun
    }

    /// The spin that was begun is over.
    pub(super) fn end(&mut self, spin: Spin, now: Duration) {
        self.spinning = false;
        match spin {
            Spin::Found(after) if after <= PROMPT => {
                self.late = 0;
                self.prompt += 1;
                if self.prompt == AMENDS {
                    self.prompt = 0;
                    self.failures = self.failures.saturating_sub(1);
                }
            }
            Spin::Found(_) if self.late < LATE => self.late += 1,
            Spin::Found(_) | Spin::InVain => self.rest(now),
        }
    }

    fn rest(&mut self, now: Duration) {
        // (Nanoseconds fill 64 bits in 584 years.)
        let length = (REST.as_nanos() as u64) << (LONGER * self.failures);
        let begun = now.as_nanos() as u64 / length;
        self.rests_until = Duration::from_nanos((begun + 1) * length);
        self.failures = (self.failures + 1).min(LEVELS);
        (self.late, self.prompt) = (0, 0);
    }

    /// A sleep is over.
    pub(super) fn slept(&mut self, lasted: Duration) {
        if lasted <= SHORT {
            self.short = (self.short + 1).min(ENOUGH);
        } else {
            self.short = 0;
        }
    }
}

/// How long after the moment that all times here are counted from.
pub(super) fn since_began(now: Instant) -> Duration {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    now.saturating_duration_since(*BEGAN.get_or_init(|| now))
}

/// Looks whether something is inside, for as long as it may, and holds no lock meanwhile.
pub(super) fn spin(inbox: &Inbox, began: Instant, deadline: Option<Instant>) -> (Spin, Instant) {
    /// How often between two looks at the clock.
    const LOOKS: u32 = 16;
    let longest = began + LONGEST;
    let end = deadline.map_or(longest, |deadline| deadline.min(longest));
    loop {
        for _ in 0..LOOKS {
            if inbox.is_dirty() {
                let now = Instant::now();
                return (Spin::Found(now.saturating_duration_since(began)), now);
            }
            std::hint::spin_loop();
        }
        let now = Instant::now();
        if now >= end {
            return (Spin::InVain, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn micros(count: u64) -> Duration {
        Duration::from_micros(count)
    }

    const SOON: Spin = Spin::Found(micros(1));
    const LATELY: Spin = Spin::Found(micros(40));

    /// One that had enough short waits.
    fn eager() -> Patience {
        let mut patience = Patience::default();
        for _ in 0..ENOUGH {
            assert!(!patience.begin(micros(5)));
            patience.slept(micros(80));
        }
        patience
    }

    /// Spins until the next rest, each time with this result: how often.
    fn spins(patience: &mut Patience, now: Duration, spin: Spin) -> u32 {
        (0..1000)
            .take_while(|_| {
                let begun = patience.begin(now);
                if begun {
                    patience.end(spin, now);
                }
                begun
            })
            .count() as u32
    }

    #[test]
    fn it_takes_several_short_waits_to_begin_and_a_long_one_to_stop() {
        let mut patience = eager();
        assert!(patience.begin(micros(10)));
        patience.end(SOON, micros(11));
        assert_eq!(spins(&mut patience, micros(20), SOON), 1000);
        patience.slept(micros(201));
        assert!(!patience.begin(micros(30)));
        patience.slept(micros(1));
        assert!(!patience.begin(micros(40)));
    }

    #[test]
    fn one_at_a_time() {
        let mut patience = eager();
        assert!(patience.begin(micros(10)));
        assert!(!patience.begin(micros(11)));
        patience.end(SOON, micros(12));
        assert!(patience.begin(micros(12)));
    }

    #[test]
    fn failures_are_followed_by_rests_that_grow_and_end_together() {
        let mut patience = eager();
        let mut now = micros(1_000_700);
        for end in [1001, 1004, 1008, 1024, 1280, 1536, 1792].map(Duration::from_millis) {
            assert!(patience.begin(now));
            patience.end(Spin::InVain, now + LONGEST);
            assert!(!patience.begin(end - micros(1)), "{end:?}");
            now = end;
        }
        assert!(patience.begin(now));
    }

    #[test]
    fn late_answers_are_borne_for_a_while_only() {
        let mut patience = eager();
        assert_eq!(
            spins(&mut patience, micros(10), LATELY),
            u32::from(LATE) + 1
        );
        assert_eq!(patience.failures, 1);
        let now = patience.rests_until;
        for _ in 0..LATE {
            assert!(patience.begin(now));
            patience.end(LATELY, now);
        }
        // The peer is awake now.
        assert_eq!(spins(&mut patience, now, SOON), 1000);
        assert_eq!(patience.failures, 0);
    }

    #[test]
    fn who_never_succeeds_spins_next_to_never() {
        let mut patience = eager();
        let (mut now, mut spent) = (Duration::ZERO, Duration::ZERO);
        // Waits of 4 µs on a processor that both share, say.
        while now < Duration::from_secs(10) {
            if patience.begin(now) {
                now += LONGEST;
                spent += LONGEST;
                patience.end(Spin::InVain, now);
            }
            now += micros(4);
            patience.slept(micros(4));
        }
        assert!(
            spent > Duration::ZERO && spent < Duration::from_millis(10),
            "{spent:?}"
        );
    }
}
