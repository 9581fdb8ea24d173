//! How a session gets its stream: resolve, connect, and when that fails wait and try again.
//!
//! Invariant: nothing here waits. A name service is asked by a thread of its own, and the answer
//! is handed to the session under its lock.

use std::hash::{BuildHasher, RandomState};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::proto::Failure;
use crate::runtime::{Post, Watch, number};
use crate::transport::{Family, Stream, Target};

use super::connection::End;
use super::{Phase, Plan, Session};

/// How to reach the peer, and how often that failed.
pub struct Connecter {
    family: &'static Family,
    address: String,
    endpoint: String,
    /// Places still to try in this round, the next one last.
    targets: Vec<Target>,
    /// What a name service said.
    answer: Option<Result<Vec<Target>, Errno>>,
    /// The last interval between two tries, in milliseconds.
    interval: Option<i32>,
}

/// What came of a step.
pub(super) enum Step {
    Stay(Phase),
    /// `registered`: the poller knows the stream already.
    Connected {
        stream: Stream,
        registered: bool,
    },
    GiveUp,
}

pub(super) fn fd_of(stream: &Stream) -> RawFd {
    stream.as_raw_fd()
}

impl Connecter {
    /// A connecter to an address that [`Family::check_connect`] let pass.
    pub fn new(family: &'static Family, address: &str) -> Connecter {
        Connecter {
            family,
            address: address.to_owned(),
            endpoint: format!("{}://{address}", family.scheme),
            targets: Vec::new(),
            answer: None,
            interval: None,
        }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn take_answer(&mut self, answer: Result<Vec<Target>, Errno>) {
        self.answer = Some(answer);
    }

    /// Goes on from a phase as far as it goes without waiting.
    pub(super) fn advance(
        &mut self,
        phase: Phase,
        plan: &Arc<Plan>,
        post: &Arc<Post>,
        session: &Weak<Session>,
        now: Instant,
    ) -> Step {
        match phase {
            Phase::Waiting { until: Some(until) } if until > now => Step::Stay(phase),
            Phase::Waiting { until: Some(_) } => self.resolve(plan, post, session, now),
            Phase::Waiting { until: None } => match self.answer.take() {
                Some(Ok(targets)) => {
                    self.set_targets(targets);
                    self.connect(plan, post, now)
                }
                Some(Err(errno)) => self.failed(plan, errno, now),
                None => self.resolve(plan, post, session, now),
            },
            Phase::Connecting { stream, deadline } => self.check(plan, post, stream, deadline, now),
            phase => Step::Stay(phase),
        }
    }

    fn set_targets(&mut self, mut targets: Vec<Target>) {
        targets.reverse();
        self.targets = targets;
    }

    fn resolve(
        &mut self,
        plan: &Arc<Plan>,
        post: &Arc<Post>,
        session: &Weak<Session>,
        now: Instant,
    ) -> Step {
        if self.family.is_immediate(&self.address) {
            return match self.family.resolve(&self.address, &plan.options) {
                Ok(targets) => {
                    self.set_targets(targets);
                    self.connect(plan, post, now)
                }
                Err(errno) => self.failed(plan, errno, now),
            };
        }
        let (family, address) = (self.family, self.address.clone());
        let Some(session) = session.upgrade() else {
            return Step::GiveUp;
        };
        let plan_there = plan.clone();
        let asked = std::thread::Builder::new()
            .name("ZMQbg/DNS".to_owned())
            .spawn(move || {
                crate::sys::block_signals();
                session.resolved(family.resolve(&address, &plan_there.options));
            });
        match asked {
            Ok(_) => Step::Stay(Phase::Resolving),
            Err(error) => self.failed(plan, error.into(), now),
        }
    }

    /// Tries the next place.
    fn connect(&mut self, plan: &Arc<Plan>, post: &Arc<Post>, now: Instant) -> Step {
        let mut last = Errno::EHOSTUNREACH;
        while let Some(target) = self.targets.pop() {
            match target.connect(&plan.options) {
                Ok((stream, false)) => return self.connected(plan, stream, false),
                Ok((stream, true)) => {
                    if let Err(errno) = post.io().register(post.key(), fd_of(&stream), Watch::Both)
                    {
                        last = errno;
                        continue;
                    }
                    let errno = Errno::EINPROGRESS.0 as u64;
                    plan.events
                        .raise(number::CONNECT_DELAYED, errno, &self.endpoint);
                    let timeout = plan.options.connect_timeout;
                    let deadline =
                        (timeout > 0).then(|| now + Duration::from_millis(timeout as u64));
                    return Step::Stay(Phase::Connecting { stream, deadline });
                }
                Err(errno) => last = errno,
            }
        }
        self.failed(plan, last, now)
    }

    /// Looks how connecting went.
    fn check(
        &mut self,
        plan: &Arc<Plan>,
        post: &Arc<Post>,
        stream: Stream,
        deadline: Option<Instant>,
        now: Instant,
    ) -> Step {
        let errno = match stream.connect_result(&plan.options) {
            Ok(()) => return self.connected(plan, stream, true),
            Err(Errno::EINPROGRESS) if deadline.is_none_or(|deadline| deadline > now) => {
                return Step::Stay(Phase::Connecting { stream, deadline });
            }
            Err(Errno::EINPROGRESS) => Errno::ETIMEDOUT,
            Err(errno) => errno,
        };
        post.io().deregister(fd_of(&stream));
        plan.events
            .raise(number::CLOSED, fd_of(&stream) as u64, &self.endpoint);
        drop(stream);
        if self.targets.is_empty() {
            return self.failed(plan, errno, now);
        }
        self.connect(plan, post, now)
    }

    fn connected(&mut self, plan: &Plan, stream: Stream, registered: bool) -> Step {
        self.interval = None;
        plan.events
            .raise(number::CONNECTED, fd_of(&stream) as u64, &self.endpoint);
        Step::Connected { stream, registered }
    }

    fn failed(&mut self, plan: &Plan, errno: Errno, now: Instant) -> Step {
        let stop = errno == Errno::ECONNREFUSED && plan.options.reconnect_stop & 1 != 0;
        if stop {
            return Step::GiveUp;
        }
        match self.back_off(plan, now) {
            Some(until) => Step::Stay(Phase::Waiting { until: Some(until) }),
            // COMPAT: without reconnecting the endpoint stays, and nothing comes of it.
            None => Step::Stay(Phase::Resolving),
        }
    }

    /// Whether a lost connection is to be made anew. `greeted`: its handshake was over.
    // COMPAT: who breaks the protocol, or refuses us, is not tried again; who just hangs up is.
    pub(super) fn may_retry(&self, plan: &Plan, end: &End, greeted: bool) -> bool {
        let hopeless = match end {
            End::Stream(_) | End::Memory => false,
            End::Protocol(failure) => !matches!(
                failure,
                Failure::Timeout(_) | Failure::NoMemory | Failure::NoHandler | Failure::Denied
            ),
        };
        let stopped = !greeted && plan.options.reconnect_stop & 2 != 0;
        let may = plan.options.reconnect_ivl > 0 || plan.options.reconnect_ivl_max > 0;
        !hopeless && !stopped && may
    }

    /// When to try again: `ZMQ_RECONNECT_IVL` plus up to as much again at random, so that peers
    /// who lost the same server do not all come back at once; or, with `ZMQ_RECONNECT_IVL_MAX`,
    /// twice the last interval up to that. `None` for never.
    pub(super) fn back_off(&mut self, plan: &Plan, now: Instant) -> Option<Instant> {
        let (base, most) = (plan.options.reconnect_ivl, plan.options.reconnect_ivl_max);
        if base <= 0 && most <= 0 {
            return None;
        }
        let interval = if most > 0 {
            let next = self
                .interval
                .map_or(base.max(1), |last| last.saturating_mul(2))
                .min(most);
            self.interval = Some(next);
            next
        } else {
            let jitter = RandomState::new().hash_one(0_u8) % base as u64;
            base.saturating_add(jitter as i32)
        };
        plan.events
            .raise(number::CONNECT_RETRIED, interval as u64, &self.endpoint);
        now.checked_add(Duration::from_millis(interval as u64))
    }
}
