//! How a session gets its stream: resolve, connect, ask a proxy if there is one, and when that fails
//! wait and try again.
//!
//! Invariant: nothing here waits. A name service is asked by a thread of its own, and the answer
//! is handed to the session under its lock.

use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, IoSlice};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::msg::SendBuffer;
use crate::proto::socks::{Destination, Refusal, Socks};
use crate::proto::{Failure, Login};
use crate::runtime::{Ends, Post, Watch, number};
use crate::transport::{Family, Stream, Target};

use super::connection::End;
use super::{Phase, Plan, Session};

/// How to reach the peer, and how often that failed.
pub struct Connecter {
    family: &'static Family,
    address: String,
    /// What monitors hear of.
    endpoint: Ends,
    /// Where the proxy is to connect to, if there is a proxy.
    destination: Option<Destination>,
    /// Places still to try in this round, the next one last.
    targets: Vec<Target>,
    /// What a name service said.
    answer: Option<Result<Vec<Target>, Errno>>,
    /// The last interval between two tries, in milliseconds.
    interval: Option<i32>,
}

/// A proxy that was reached, and is asked to go on from there.
pub(super) struct Proxy {
    socks: Socks,
    out: SendBuffer,
    pub(super) deadline: Option<Instant>,
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
            endpoint: Ends::connected(String::new(), family.canonical(address)),
            destination: None,
            targets: Vec::new(),
            answer: None,
            interval: None,
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn ends(&self) -> &Ends {
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
            Phase::Proxying { stream, proxy } => self.negotiate(plan, post, stream, proxy, now),
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
        let address = match self.first_stop(plan) {
            Ok(address) => address,
            Err(errno) => return self.failed(plan, errno, now),
        };
        if self.family.is_immediate(&address) {
            return match self.family.resolve(&address, &plan.options) {
                Ok(targets) => {
                    self.set_targets(targets);
                    self.connect(plan, post, now)
                }
                Err(errno) => self.failed(plan, errno, now),
            };
        }
        let family = self.family;
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
                Ok((stream, Some(own))) => {
                    return self.reached(plan, post, stream, own, false, now);
                }
                Ok((stream, None)) => {
                    if let Err(errno) = post.register(fd_of(&stream), Watch::Both) {
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
            Ok(own) => return self.reached(plan, post, stream, own, true, now),
            Err(Errno::EINPROGRESS) if deadline.is_none_or(|deadline| deadline > now) => {
                return Step::Stay(Phase::Connecting { stream, deadline });
            }
            Err(Errno::EINPROGRESS) => Errno::ETIMEDOUT,
            Err(errno) => errno,
        };
        self.let_go(plan, post, stream);
        if self.targets.is_empty() {
            return self.failed(plan, errno, now);
        }
        self.connect(plan, post, now)
    }

    fn let_go(&self, plan: &Plan, post: &Post, stream: Stream) {
        post.deregister(fd_of(&stream));
        plan.events
            .raise(number::CLOSED, fd_of(&stream) as u64, &self.endpoint);
    }

    /// Whom to connect to ourselves: the peer, or its proxy (`ZMQ_SOCKS_PROXY`).
    fn first_stop(&mut self, plan: &Plan) -> Result<String, Errno> {
        let proxy = &plan.options.socks_proxy;
        let Some(destination) = self.family.destination(&self.address) else {
            return Ok(self.address.clone());
        };
        if proxy.is_empty() {
            return Ok(self.address.clone());
        }
        let (host, port) = destination?;
        self.destination = Some(Destination::new(host, port).ok_or(Errno::EINVAL)?);
        let proxy = String::from_utf8(proxy.clone()).map_err(|_| Errno::EINVAL)?;
        // COMPAT: monitors hear of the proxy, not of the peer behind it.
        self.endpoint.remote = format!("{}://{proxy}", self.family.scheme);
        Ok(proxy)
    }

    /// A stream stands: to the peer, or to its proxy. `own`: its own endpoint.
    fn reached(
        &mut self,
        plan: &Arc<Plan>,
        post: &Arc<Post>,
        stream: Stream,
        own: String,
        registered: bool,
        now: Instant,
    ) -> Step {
        let Some(destination) = self.destination.take() else {
            return self.connected(plan, stream, own, registered);
        };
        if !registered && let Err(errno) = post.register(fd_of(&stream), Watch::Both) {
            return self.failed(plan, errno, now);
        }
        let options = &plan.options;
        let login = Login {
            username: options.socks_username.clone(),
            password: options.socks_password.clone(),
        };
        let mut out = SendBuffer::new();
        let socks = Socks::new(destination, Some(login), &mut out);
        // A proxy that says nothing must not hold us for ever. (libzmq waits that long.)
        let patience = u64::try_from(options.handshake_ivl).unwrap_or(0);
        let deadline = (patience > 0)
            .then(|| now.checked_add(Duration::from_millis(patience)))
            .flatten();
        let proxy = Box::new(Proxy {
            socks,
            out,
            deadline,
        });
        self.negotiate(plan, post, stream, proxy, now)
    }

    /// Talks with the proxy as far as that goes without waiting.
    fn negotiate(
        &mut self,
        plan: &Arc<Plan>,
        post: &Arc<Post>,
        stream: Stream,
        mut proxy: Box<Proxy>,
        now: Instant,
    ) -> Step {
        let errno = match proxy.advance(&stream) {
            Ok(true) => {
                let own = stream.local_endpoint();
                return self.connected(plan, stream, own, true);
            }
            Ok(false) if proxy.deadline.is_none_or(|deadline| deadline > now) => {
                return Step::Stay(Phase::Proxying { stream, proxy });
            }
            Ok(false) => Errno::ETIMEDOUT,
            Err(errno) => errno,
        };
        self.let_go(plan, post, stream);
        // The next place would be another one of the proxy's: what it said it would say again.
        self.failed(plan, errno, now)
    }

    fn connected(&mut self, plan: &Plan, stream: Stream, own: String, registered: bool) -> Step {
        self.interval = None;
        // The round is over.
        self.targets = Vec::new();
        self.endpoint.local = own;
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
                Failure::Timeout(_)
                    | Failure::NoMemory
                    | Failure::NoHandler
                    | Failure::NoCredentials
                    | Failure::Denied
                    | Failure::Closed
                    | Failure::NotUpgraded
                    | Failure::Tls
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

impl Proxy {
    /// Writes and reads until one of both would have to wait (`false`), or the proxy connected us.
    fn advance(&mut self, stream: &Stream) -> Result<bool, Errno> {
        loop {
            if !self.out.is_empty() {
                let write = |pieces: &[IoSlice<'_>]| stream.write_vectored(pieces);
                match self.out.write_with(write) {
                    Ok(0) => return Ok(false),
                    Ok(_) => continue,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error.into()),
                }
            }
            if self.socks.is_over() {
                return Ok(true);
            }
            match stream.read(self.socks.room()) {
                Ok(0) => return Err(Errno::ECONNRESET),
                Ok(count) => self.socks.filled(count, &mut self.out).map_err(errno)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a proxy's refusal comes to. `ECONNREFUSED` is what `ZMQ_RECONNECT_STOP` may be told to take
/// as final, and so is only said of the peer.
fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Reply(5) => Errno::ECONNREFUSED,
        Refusal::Reply(3) => Errno::ENETUNREACH,
        Refusal::Reply(4) => Errno::EHOSTUNREACH,
        Refusal::Login | Refusal::Methods | Refusal::Reply(2) => Errno::EACCES,
        Refusal::Malformed | Refusal::Reply(_) => Errno::EPROTO,
    }
}
