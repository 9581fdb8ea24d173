//! Whether to spin for an answer before sleeping.
//!
//! To be woken takes the better part of 10 µs, and several times that on a processor that is idle.
//! An answer within the process takes less than one, and one by a stream of the machine some ten.
//! So who has sent and waits for the answer looks for it for a moment, if such waits were short
//! lately. It takes no longer than a sleeper needs to wake up, for the peer may have to.
//!
//! Invariant: it pays, or it stops. What comes later than it takes the processor to put a thread to
//! sleep and to wake it counts as a failure if it goes on, and after failures comes a rest, four times
//! as long at each one: somebody who never succeeds spins for less than 2 ms in a second, beside
//! streams for less than 3. That is also all that is lost where the peer needs the processor that
//! this thread runs on; within the process it is known, and nobody spins then. One thread spins for a
//! socket at most.
//!
//! Times are since the machine was started, and rests end at multiples of their length, so that two
//! who rest begin again together, in two processes as well: alone neither finds the other awake.

use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::queue::Parker;
use crate::runtime::Inbox;

/// What is short and what is long, by where the answer comes from.
#[derive(Debug)]
struct Terms {
    /// A spin takes no longer than this: what it takes the peer to wake up, and to answer.
    longest: Duration,
    /// What comes within this time was worth spinning for.
    prompt: Duration,
    /// A wait that was shorter than this might have been spared: both had to be woken.
    short: Duration,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From within the process: the inbox tells of it.
    Within,
    /// From a stream that the thread waits for itself.
    Beside,
}

impl Source {
    const fn terms(self) -> Terms {
        match self {
            Source::Within => Terms {
                longest: Duration::from_micros(50),
                prompt: Duration::from_micros(10),
                short: Duration::from_micros(200),
            },
            Source::Beside => Terms {
                longest: Duration::from_micros(100),
                prompt: Duration::from_micros(50),
                short: Duration::from_micros(500),
            },
        }
    }
}

/// So many short waits in a row make a conversation. (In a model nobody runs while others spin.)
const ENOUGH: u8 = if cfg!(loom) { u8::MAX } else { 4 };
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
#[derive(Debug)]
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
    /// How long answers take that are found, about.
    usual: Duration,
}

impl Patience {
    /// Of one who never waited.
    pub(super) const fn new() -> Patience {
        Patience {
            spinning: false,
            short: 0,
            late: 0,
            prompt: 0,
            failures: 0,
            rests_until: Duration::ZERO,
            usual: Duration::ZERO,
        }
    }

    /// Begins to spin, if that is likely to pay at this time.
    pub(super) fn begin(&mut self, now: Duration) -> bool {
        let begun = !self.spinning && self.short >= ENOUGH && now >= self.rests_until;
        self.spinning |= begun;
        begun
    }

    /// The spin that was begun is over.
    pub(super) fn end(&mut self, source: Source, spin: Spin, now: Duration) {
        self.spinning = false;
        if let Spin::Found(after) = spin {
            self.usual = after.min(self.usual + self.usual / 16 + Duration::from_nanos(50));
        }
        match spin {
            Spin::Found(after) if after <= source.terms().prompt => {
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
        self.usual = Duration::ZERO;
    }

    /// How long after it began a spin beside streams need not look: each look is a system call, and
    /// answers take about as long as those before them. What comes sooner is found a little late, and
    /// the next one sooner.
    pub(super) fn quiet(&self) -> Duration {
        self.usual / 2
    }

    /// A sleep is over.
    pub(super) fn slept(&mut self, source: Source, lasted: Duration) {
        if lasted <= source.terms().short {
            self.short = (self.short + 1).min(ENOUGH);
        } else {
            self.short = 0;
        }
    }
}

/// Until when a spin lasts.
fn end_of(source: Source, began: Instant, deadline: Option<Instant>) -> Instant {
    let longest = began + source.terms().longest;
    deadline.map_or(longest, |deadline| deadline.min(longest))
}

/// Looks whether something is inside, for as long as it may, and holds no lock meanwhile.
pub(super) fn spin(inbox: &Inbox, began: Instant, deadline: Option<Instant>) -> (Spin, Instant) {
    /// How often between two looks at the clock.
    const LOOKS: u32 = 16;
    let end = end_of(Source::Within, began, deadline);
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

/// A spin beside streams, of a thread that is registered as a sleeper and sleeps when it is over:
/// nothing is missed in between.
#[derive(Debug)]
pub(super) struct Vigil {
    began: Instant,
    /// Before, it does not look at the streams.
    first: Instant,
    end: Instant,
    /// Not over yet.
    goes_on: bool,
}

impl Vigil {
    /// Begins now, and does not look for so long.
    pub(super) fn begin(began: Instant, quiet: Duration, deadline: Option<Instant>) -> Vigil {
        let end = end_of(Source::Beside, began, deadline);
        Vigil {
            began,
            first: end.min(began + quiet),
            end,
            goes_on: true,
        }
    }

    /// What [`Parker::park_among`] does, but looks before it sleeps, as long as that is to be.
    pub(super) fn park(
        &mut self,
        parker: &Parker,
        items: &mut [libc::pollfd],
        deadline: Option<Instant>,
    ) -> Result<usize, Errno> {
        /// A peer on another processor is not to be held up by ours looking all the time.
        const PAUSES: u32 = 8;
        while Instant::now() < self.first && !parker.is_woken() {
            std::hint::spin_loop();
        }
        while self.goes_on {
            match parker.peek_among(items) {
                Ok(Some(0)) => break,
                Ok(None) => self.goes_on = Instant::now() < self.end,
                found => {
                    self.goes_on = found.is_ok();
                    return found.map(Option::unwrap_or_default);
                }
            }
            for _ in 0..PAUSES {
                std::hint::spin_loop();
            }
        }
        parker.park_among(items, deadline)
    }

    /// How it ended, and when.
    pub(super) fn end(&self) -> (Spin, Instant) {
        let now = Instant::now();
        if self.goes_on {
            (Spin::Found(now.saturating_duration_since(self.began)), now)
        } else {
            (Spin::InVain, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::EventFd;

    const LONGEST: Duration = Source::Within.terms().longest;

    const fn micros(count: u64) -> Duration {
        Duration::from_micros(count)
    }

    const SOON: Spin = Spin::Found(micros(1));
    const LATELY: Spin = Spin::Found(micros(40));

    /// One that had enough short waits.
    fn eager() -> Patience {
        let mut patience = Patience::new();
        for _ in 0..ENOUGH {
            assert!(!patience.begin(micros(5)));
            patience.slept(Source::Within, micros(80));
        }
        patience
    }

    /// Spins until the next rest, each time with this result: how often.
    fn spins(patience: &mut Patience, now: Duration, spin: Spin) -> u32 {
        (0..1000)
            .take_while(|_| {
                let begun = patience.begin(now);
                if begun {
                    patience.end(Source::Within, spin, now);
                }
                begun
            })
            .count() as u32
    }

    /// Ten seconds of waits, each `asleep` if the thread sleeps, and found `after` so long if it
    /// spins: how often it does, and how long.
    fn spend(source: Source, after: Duration, asleep: Duration) -> (u32, Duration) {
        let longest = source.terms().longest;
        let mut patience = Patience::new();
        let (mut now, mut begun, mut spent) = (Duration::ZERO, 0, Duration::ZERO);
        while now < Duration::from_secs(10) {
            if patience.begin(now) {
                begun += 1;
                spent += after.min(longest);
                now += after.min(longest);
                if after <= longest {
                    patience.end(source, Spin::Found(after), now);
                    continue;
                }
                patience.end(source, Spin::InVain, now);
            }
            now += asleep;
            patience.slept(source, asleep);
        }
        (begun, spent)
    }

    #[test]
    fn it_takes_several_short_waits_to_begin_and_a_long_one_to_stop() {
        let mut patience = eager();
        assert!(patience.begin(micros(10)));
        patience.end(Source::Within, SOON, micros(11));
        assert_eq!(spins(&mut patience, micros(20), SOON), 1000);
        patience.slept(Source::Within, micros(201));
        assert!(!patience.begin(micros(30)));
        patience.slept(Source::Within, micros(1));
        assert!(!patience.begin(micros(40)));
    }

    #[test]
    fn one_at_a_time() {
        let mut patience = eager();
        assert!(patience.begin(micros(10)));
        assert!(!patience.begin(micros(11)));
        patience.end(Source::Within, SOON, micros(12));
        assert!(patience.begin(micros(12)));
    }

    #[test]
    fn failures_are_followed_by_rests_that_grow_and_end_together() {
        let mut patience = eager();
        let mut now = micros(1_000_700);
        for end in [1001, 1004, 1008, 1024, 1280, 1536, 1792].map(Duration::from_millis) {
            assert!(patience.begin(now));
            patience.end(Source::Within, Spin::InVain, now + LONGEST);
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
            patience.end(Source::Within, LATELY, now);
        }
        // The peer is awake now.
        assert_eq!(spins(&mut patience, now, SOON), 1000);
        assert_eq!(patience.failures, 0);
    }

    #[test]
    fn who_never_succeeds_spins_next_to_never() {
        // Waits of 4 µs on a processor that both share, say.
        for source in [Source::Within, Source::Beside] {
            let (begun, spent) = spend(source, Duration::MAX, micros(4));
            assert!(begun > 0 && spent < Duration::from_millis(10), "{spent:?}");
        }
    }

    #[test]
    fn who_succeeds_late_spins_little() {
        for (source, most) in [(Source::Within, 20), (Source::Beside, 35)] {
            let (_, spent) = spend(source, source.terms().longest, micros(200));
            assert!(spent < Duration::from_millis(most), "{spent:?}");
        }
    }

    #[test]
    fn who_succeeds_spins_always() {
        let (begun, spent) = spend(Source::Beside, micros(20), micros(120));
        assert_eq!(spent, micros(20) * begun);
        assert!(spent > Duration::from_millis(9_990), "{spent:?}");
    }

    #[test]
    fn two_who_failed_apart_begin_again_together() {
        let mut one = eager();
        let mut other = eager();
        for now in [100, 300].map(micros) {
            for (patience, late) in [(&mut one, 0), (&mut other, 60)] {
                let now = now + micros(late);
                if patience.begin(now) {
                    patience.end(Source::Beside, Spin::InVain, now + micros(100));
                }
            }
        }
        assert_eq!(one.rests_until, other.rests_until);
    }

    #[test]
    fn nobody_looks_long_before_an_answer_is_due() {
        let mut patience = eager();
        assert_eq!(patience.quiet(), Duration::ZERO);
        let mut answers = |count: u32, after: u64| {
            for _ in 0..count {
                assert!(patience.begin(micros(10)));
                let found = micros(after).max(patience.quiet());
                patience.end(Source::Beside, Spin::Found(found), micros(10));
            }
            patience.quiet()
        };
        assert!(answers(200, 16) > micros(7));
        assert_eq!(answers(100, 16), micros(8));
        // They come sooner now: half as late each time.
        assert!(answers(3, 2) <= micros(1));
        patience.end(Source::Beside, Spin::InVain, micros(20));
        assert_eq!(patience.quiet(), Duration::ZERO);
    }

    fn items(fd: std::os::fd::RawFd) -> [libc::pollfd; 2] {
        [-1, fd].map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        })
    }

    #[test]
    fn a_vigil_ends_with_what_comes_by_the_stream() {
        let parker = Parker::current();
        parker.reset();
        let stream = EventFd::new().unwrap();
        stream.signal();
        let mut vigil = Vigil::begin(Instant::now(), Duration::ZERO, None);
        let mut items = items(stream.fd());
        assert_eq!(vigil.park(&parker, &mut items, None), Ok(1));
        assert_ne!(items[1].revents, 0);
        assert!(matches!(vigil.end(), (Spin::Found(_), _)));
    }

    #[test]
    fn a_vigil_ends_with_a_wake_up() {
        let parker = Parker::current();
        parker.reset();
        let stream = EventFd::new().unwrap();
        let mut vigil = Vigil::begin(Instant::now(), Duration::ZERO, None);
        parker.unpark();
        let mut items = items(stream.fd());
        assert_eq!(vigil.park(&parker, &mut items, None), Ok(1));
        assert_eq!(items[1].revents, 0);
        assert!(matches!(vigil.end(), (Spin::Found(_), _)));
    }

    #[test]
    fn a_vigil_in_vain_ends_in_sleep() {
        let parker = Parker::current();
        parker.reset();
        let stream = EventFd::new().unwrap();
        let began = Instant::now();
        let deadline = began + Duration::from_millis(20);
        let mut vigil = Vigil::begin(began, Duration::ZERO, Some(deadline));
        let woken = vigil.park(&parker, &mut items(stream.fd()), Some(deadline));
        assert_eq!(woken, Ok(0));
        assert!(Instant::now() >= deadline);
        assert!(matches!(vigil.end(), (Spin::InVain, _)));
        // It looks no more: a second sleep is one.
        stream.signal();
        let mut items = items(stream.fd());
        assert_eq!(vigil.park(&parker, &mut items, None), Ok(1));
        assert!(matches!(vigil.end(), (Spin::InVain, _)));
    }
}
