//! Bind, connect, and taking either back.
//!
//! Invariant: what was bound or connected is in `endpoints` until it is taken back or the socket
//! closes. The same text may be connected several times; taking it back takes back all.

use std::sync::Arc;

use crate::errno::Errno;
use crate::options::{Options, kind};
use crate::runtime::{
    Attachment, Audience, Conflate, Ends, Limits, Party, PipeId, Version, number, pair,
};
use crate::session::{Connecter, Exchange, Listening, Plan, Session};
use crate::sys::Uncancelled;
use crate::transport::{self, Datagrams, Family};

use super::{Inner, Realm, Socket};

/// The scheme that never leaves the process.
const INPROC: &str = "inproc";

/// Something bound or connected.
pub(super) struct Endpoint {
    /// As it was given.
    given: String,
    /// With wildcards resolved.
    resolved: String,
    what: What,
}

enum What {
    Listener(Arc<Listening>),
    Session(Arc<Session>, Option<PipeId>),
    Datagrams(Arc<Exchange>, PipeId),
    InprocBound,
    InprocConnected(PipeId),
}

impl Endpoint {
    pub(super) fn is_inproc_over(&self, pipe: PipeId) -> bool {
        matches!(self.what, What::InprocConnected(own) if own == pipe)
    }

    /// Has what stands behind it end, as the application takes it back.
    fn take_back(&self, linger: i32) {
        match &self.what {
            What::Session(session, _) => session.disconnect(linger),
            What::Datagrams(exchange, _) => exchange.shut(),
            _ => self.close(linger),
        }
    }

    /// Has what stands behind it end.
    pub(super) fn close(&self, linger: i32) {
        match &self.what {
            What::Listener(listener) => listener.close(linger),
            What::Session(session, _) => session.close(linger),
            What::Datagrams(exchange, _) => exchange.close(linger),
            What::InprocBound | What::InprocConnected(_) => {}
        }
    }
}

/// An endpoint as text. COMPAT: libzmq takes any octets; names of hosts and the like are text.
fn text(endpoint: &[u8]) -> Result<&str, Errno> {
    std::str::from_utf8(endpoint).map_err(|_| Errno::EINVAL)
}

impl Socket {
    /// Binds to an endpoint.
    pub fn bind(&self, endpoint: &[u8]) -> Result<(), Errno> {
        let _uncancelled = Uncancelled::begin();
        let mut inner = self.enter()?;
        let endpoint = text(endpoint)?;
        let (scheme, address) = transport::split(endpoint)?;
        inner.check_scheme(endpoint, Side::Bind)?;
        if scheme == INPROC {
            return inner.bind_inproc(endpoint, address);
        }
        inner.bind_stream(endpoint)
    }

    /// Connects to an endpoint.
    pub fn connect(&self, endpoint: &[u8]) -> Result<(), Errno> {
        let _uncancelled = Uncancelled::begin();
        self.enter()?.connect(endpoint).map(|_| ())
    }

    /// Connects to an endpoint and tells the number by which messages name the peer there
    /// (`zmq_connect_peer`). `ENOTSUP` unless the socket is a PEER; `EFAULT` if there is no pipe
    /// before the connection stands (`ZMQ_IMMEDIATE`).
    pub fn connect_peer(&self, endpoint: &[u8]) -> Result<u32, Errno> {
        let _uncancelled = Uncancelled::begin();
        let mut inner = self.enter()?;
        if inner.kind.number != kind::PEER {
            return Err(Errno::ENOTSUP);
        }
        if inner.options.immediate {
            return Err(Errno::EFAULT);
        }
        let pipe = inner.connect(endpoint)?;
        let number = pipe.and_then(|pipe| inner.pattern.peer_number(pipe));
        // A peer that was bound in this process may be gone already.
        number.ok_or(Errno::EHOSTUNREACH)
    }

    /// Hangs up on the peer with this number (`zmq_disconnect_peer`). `EHOSTUNREACH` if there is
    /// none, `ENOTSUP` if the socket's type does not number its peers.
    pub fn disconnect_peer(&self, number: u32) -> Result<(), Errno> {
        let _uncancelled = Uncancelled::begin();
        let mut inner = self.enter()?;
        let pipe = inner.pattern.peer_pipe(number)?;
        inner.let_go(pipe);
        Ok(())
    }

    /// Takes back a bind.
    pub fn unbind(&self, endpoint: &[u8]) -> Result<(), Errno> {
        self.take_back(endpoint)
    }

    /// Takes back a connect.
    pub fn disconnect(&self, endpoint: &[u8]) -> Result<(), Errno> {
        self.take_back(endpoint)
    }

    // COMPAT: libzmq does not tell the two apart either.
    fn take_back(&self, endpoint: &[u8]) -> Result<(), Errno> {
        let _uncancelled = Uncancelled::begin();
        let mut inner = self.enter()?;
        let endpoint = text(endpoint)?;
        let (scheme, address) = transport::split(endpoint)?;
        if scheme == INPROC {
            return inner.take_back_inproc(endpoint, address);
        }
        if scheme == "udp" {
            let check = |side| inner.check_scheme(endpoint, side);
            check(Side::Bind).or_else(|_| check(Side::Connect))?;
        }
        inner.take_back_stream(endpoint)
    }

    /// Reports events to an inproc endpoint (`None`: stops that). `version` and `kind` as
    /// `zmq_socket_monitor_versioned` has them.
    pub fn monitor(
        &self,
        endpoint: Option<&[u8]>,
        events: u64,
        version: i32,
        kind: i32,
    ) -> Result<(), Errno> {
        let inner = self.lock()?;
        inner.check()?;
        let version = match version {
            // It has but 16 bits for an event.
            1 if events >> 16 == 0 => Version::One,
            2 => Version::Two,
            _ => return Err(Errno::EINVAL),
        };
        let Some(endpoint) = endpoint else {
            inner.events.stop();
            return Ok(());
        };
        let (scheme, name) = transport::split(text(endpoint)?)?;
        if scheme != INPROC {
            return Err(Errno::EPROTONOSUPPORT);
        }
        let audience = match kind {
            kind::PAIR => Audience::One,
            kind::PUSH => Audience::Turns,
            kind::PUB => Audience::All,
            _ => return Err(Errno::EINVAL),
        };
        let (manner, owner) = ((version, audience), Realm::fresh_id());
        inner.events.monitor(events, manner, name.as_bytes(), owner)
    }
}

/// What is to be done with an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Bind,
    Connect,
}

impl Inner {
    /// `ENOCOMPATPROTO` if this socket type cannot do that with this scheme; `EINVAL` without one.
    fn check_scheme(&self, endpoint: &str, side: Side) -> Result<(), Errno> {
        let (scheme, _) = transport::split(endpoint)?;
        let fits = match (scheme, self.kind.number) {
            // Datagrams go one way: who receives binds, who sends connects.
            ("udp", kind::RADIO) => side == Side::Connect,
            ("udp", kind::DISH | kind::DGRAM) => side == Side::Bind,
            ("udp", _) => false,
            // A stream without a protocol would be one without TLS.
            ("wss", _) => !self.kind.raw && !self.options.router_raw,
            (_, kind::DGRAM) => scheme != INPROC && transport::parse(endpoint).is_err(),
            _ => true,
        };
        fits.then_some(()).ok_or(Errno::ENOCOMPATPROTO)
    }

    /// Connects, and returns the pipe if there is one already.
    fn connect(&mut self, endpoint: &[u8]) -> Result<Option<PipeId>, Errno> {
        let endpoint = text(endpoint)?;
        let (scheme, address) = transport::split(endpoint)?;
        self.check_scheme(endpoint, Side::Connect)?;
        if scheme == INPROC {
            return self.connect_inproc(endpoint, address).map(Some);
        }
        self.connect_stream(endpoint)
    }

    /// The options as they count for connections: without what means nothing to this type.
    fn counting_options(&self) -> Options {
        let (mut options, kind) = (self.options.clone(), self.kind);
        for (counts, message) in [
            (kind.says_hello, &mut options.hello_msg),
            (kind.hears_disconnects, &mut options.disconnect_msg),
            (kind.hears_hiccups, &mut options.hiccup_msg),
        ] {
            if !counts {
                message.clear();
            }
        }
        if kind.number != kind::ROUTER {
            options.router_notify = 0;
        }
        options
    }

    fn party(&self) -> Party {
        let options = self.counting_options();
        Party {
            owner: self.id,
            limits: if self.conflates() != Conflate::default() {
                Limits {
                    send: Some(0),
                    receive: Some(0),
                }
            } else {
                self.limits()
            },
            routing_id: options.routing_id,
            wants_routing_ids: self.kind.wants_routing_ids,
            hello: options.hello_msg,
            farewell: options.disconnect_msg,
        }
    }

    fn bind_inproc(&mut self, endpoint: &str, name: &str) -> Result<(), Errno> {
        self.realm
            .names
            .bind(name.as_bytes(), self.party(), self.inbox.clone())?;
        endpoint.clone_into(&mut self.options.last_endpoint);
        self.remember(endpoint, endpoint.to_owned(), What::InprocBound);
        // Those who waited for the name are peers when this returns.
        self.take_news();
        Ok(())
    }

    fn connect_inproc(&mut self, endpoint: &str, name: &str) -> Result<PipeId, Errno> {
        let inbox = self.inbox.clone();
        let (party, conflate) = (self.party(), self.conflates());
        let pipe = self
            .realm
            .names
            .connect(name.as_bytes(), party, inbox, conflate, false)?;
        endpoint.clone_into(&mut self.options.last_endpoint);
        let routing_id = std::mem::take(&mut self.options.connect_routing_id);
        let id = self.attach(Attachment {
            pipe,
            driver: None,
            subscribe_to_all: false,
            locally_initiated: true,
            routing_id,
        });
        self.remember(endpoint, endpoint.to_owned(), What::InprocConnected(id));
        Ok(id)
    }

    fn take_back_inproc(&mut self, endpoint: &str, name: &str) -> Result<(), Errno> {
        let bound = self.realm.names.unbind(name.as_bytes(), self.id).is_ok();
        let (taken, kept) = std::mem::take(&mut self.endpoints)
            .into_iter()
            .partition(|one: &Endpoint| one.given == endpoint);
        self.endpoints = kept;
        if taken.is_empty() && !bound {
            return Err(Errno::ENOENT);
        }
        for one in taken {
            if let What::InprocConnected(id) = one.what {
                self.let_go(id);
            }
        }
        Ok(())
    }

    /// Closes a pipe of ours.
    fn let_go(&mut self, id: PipeId) {
        self.with_pattern(|_, scope| scope.pipes.terminate(id));
    }

    fn remember(&mut self, given: &str, resolved: String, what: What) {
        self.endpoints.push(Endpoint {
            given: given.to_owned(),
            resolved,
            what,
        });
    }

    /// What sessions will know of this socket.
    fn plan(&mut self) -> Result<Arc<Plan>, Errno> {
        match &self.plan {
            // Raw sockets are given routing ids by others than the application.
            Some(plan) if !plan.raw => Ok(plan.clone()),
            _ => {
                let plan = self.fresh_plan()?;
                self.plan = Some(plan.clone());
                Ok(plan)
            }
        }
    }

    /// A plan for connections of this family: the common one, unless something in it is their `own`.
    fn plan_for(
        &mut self,
        family: &Family,
        own: bool,
        fill: impl FnOnce(&mut Plan),
    ) -> Result<Arc<Plan>, Errno> {
        if !own && !family.has_credentials() {
            return self.plan();
        }
        let mut plan = self.fresh_plan()?;
        if let Some(plan) = Arc::get_mut(&mut plan) {
            fill(plan);
        }
        Ok(plan)
    }

    fn fresh_plan(&self) -> Result<Arc<Plan>, Errno> {
        let io_threads = self.realm.io_threads(self.options.affinity);
        if io_threads.is_empty() {
            return Err(Errno::EMTHREAD);
        }
        let raw = self.kind.raw || self.options.router_raw;
        Ok(Arc::new(Plan {
            options: self.counting_options(),
            acceptor: self.inbox.clone(),
            names: self.realm.names.clone(),
            events: self.events.clone(),
            shares: self.realm.shares.clone(),
            io_threads,
            socket_type: self.kind.name,
            peers: self.kind.peers,
            announces_routing_id: self.kind.announces_routing_id,
            wants_routing_ids: self.kind.wants_routing_ids,
            raw,
            ends_with_pipe: raw || self.kind.numbers_peers,
            subscribes: self.kind.subscribes,
            publishes: self.kind.publishes,
            conflate: self.conflates(),
            peer_routing_id: Vec::new(),
            #[cfg(feature = "wss")]
            tls: None,
        }))
    }

    /// Binds or connects where there are no streams. The pipe goes to the descriptor itself, and
    /// peers cannot say what they want of it.
    fn open_datagrams(
        &mut self,
        endpoint: &str,
        address: &str,
        side: Side,
    ) -> Result<PipeId, Errno> {
        let plan = self.plan()?;
        let io = plan.least_loaded().ok_or(Errno::EMTHREAD)?.clone();
        let datagrams = match side {
            Side::Bind => Datagrams::bind(address, &self.options)?,
            Side::Connect => Datagrams::connect(address, &self.options)?,
        };
        let resolved = datagrams.endpoint().to_owned();
        let (pipe, own) = plan.pipe();
        let addressed = self.kind.number == kind::DGRAM;
        let exchange = Exchange::start(&plan, &io, datagrams, own, addressed)?;
        let id = self.attach(Attachment {
            pipe,
            driver: None,
            subscribe_to_all: true,
            locally_initiated: side == Side::Connect,
            routing_id: Vec::new(),
        });
        resolved.clone_into(&mut self.options.last_endpoint);
        let resolved = format!("udp://{resolved}");
        self.remember(endpoint, resolved, What::Datagrams(exchange, id));
        self.inbox.nudge();
        Ok(id)
    }

    fn bind_stream(&mut self, endpoint: &str) -> Result<(), Errno> {
        let (family, address) = transport::parse(endpoint)?;
        if family.carries_datagrams() {
            return self
                .open_datagrams(endpoint, address, Side::Bind)
                .map(|_| ());
        }
        let failed = |errno: &Errno| {
            let value = errno.0 as u64;
            self.events
                .raise(number::BIND_FAILED, value, &Ends::bound(endpoint));
        };
        #[cfg(feature = "wss")]
        let tls = family
            .credentials(None, &self.options)
            .inspect_err(&failed)?;
        let listener = family.listen(address, &self.options).inspect_err(&failed)?;
        let plan = self.plan_for(family, false, |_plan| {
            #[cfg(feature = "wss")]
            _plan.tls.clone_from(&tls);
        })?;
        let resolved = listener.endpoint().to_owned();
        let io = plan.least_loaded().ok_or(Errno::EMTHREAD)?.clone();
        let listening = Listening::start(plan, &io, listener)?;
        resolved.clone_into(&mut self.options.last_endpoint);
        // COMPAT: what was bound by a wildcard is known by what became of it only.
        let place = family.without_path(address);
        let wildcard = place == "*" || place.ends_with(":*") || place.ends_with(":0");
        let given = if wildcard {
            resolved.clone()
        } else {
            endpoint.to_owned()
        };
        self.remember(&given, resolved, What::Listener(listening));
        self.inbox.nudge();
        Ok(())
    }

    fn connect_stream(&mut self, endpoint: &str) -> Result<Option<PipeId>, Errno> {
        let (family, address) = transport::parse(endpoint)?;
        if family.carries_datagrams() {
            return self
                .open_datagrams(endpoint, address, Side::Connect)
                .map(Some);
        }
        family.check_connect(address, &self.options)?;
        // COMPAT: a second connection to the same place makes no sense for these, and is ignored.
        let single = [kind::DEALER, kind::SUB, kind::PUB, kind::REQ].contains(&self.kind.number);
        if single && self.endpoints.iter().any(|one| one.given == endpoint) {
            return Ok(None);
        }
        #[cfg(feature = "wss")]
        let tls = family.credentials(Some(address), &self.options)?;
        let routing_id = self.options.connect_routing_id.clone();
        let plan = self.plan_for(family, !routing_id.is_empty(), |plan| {
            plan.peer_routing_id.clone_from(&routing_id);
            #[cfg(feature = "wss")]
            plan.tls.clone_from(&tls);
        })?;
        // Used up, but not by a connection that never was.
        self.options.connect_routing_id.clear();
        let io = plan.least_loaded().ok_or(Errno::EMTHREAD)?.clone();
        let connecter = Connecter::new(family, address);
        let (mut near, mut own) = (None, None);
        if !self.options.immediate {
            let (socket_end, session_end) = pair([plan.limits(), Limits::NONE], plan.conflate);
            near = Some(socket_end);
            own = Some(session_end);
        }
        let session = Session::connecting(plan, &io, connecter, own);
        let pipe = near.map(|pipe| {
            self.attach(Attachment {
                pipe,
                driver: Some(session.clone()),
                subscribe_to_all: false,
                locally_initiated: true,
                routing_id,
            })
        });
        session.start();
        let resolved = family.canonical(address);
        resolved.clone_into(&mut self.options.last_endpoint);
        self.remember(endpoint, resolved, What::Session(session, pipe));
        // COMPAT: in libzmq a socket's descriptor is readable after every bind and connect that
        // needs an I/O thread, until the socket is used; event loops (CZMQ's tests) rely on it.
        self.inbox.nudge();
        Ok(pipe)
    }

    fn take_back_stream(&mut self, endpoint: &str) -> Result<(), Errno> {
        let (family, address) = transport::parse(endpoint)?;
        let matches = |one: &Endpoint| one.given == endpoint || one.resolved == endpoint;
        let mut names = vec![endpoint.to_owned()];
        if !self.endpoints.iter().any(matches) && family.is_immediate(address) {
            // The same place may be written in several ways.
            let places = family.resolve(address, &self.options).unwrap_or_default();
            names.extend(places.iter().map(transport::Target::endpoint));
        }
        let (taken, kept): (Vec<Endpoint>, Vec<Endpoint>) = std::mem::take(&mut self.endpoints)
            .into_iter()
            .partition(|one| {
                names
                    .iter()
                    .any(|name| *name == one.given || *name == one.resolved)
            });
        self.endpoints = kept;
        if taken.is_empty() {
            return Err(Errno::ENOENT);
        }
        let linger = self.options.linger;
        for one in taken {
            one.take_back(linger);
            if let What::Session(_, Some(pipe)) | What::Datagrams(_, pipe) = one.what {
                self.let_go(pipe);
            }
        }
        Ok(())
    }
}
