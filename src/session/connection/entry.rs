//! Letting the peer in: what stands between the handshake and the first message. The ZAP handler
//! is asked, work that waits for others is done elsewhere, and the socket gets to know the peer.
//!
//! Invariant: `greet` is called once for a connection, after the handler had nothing against it.

use std::sync::Arc;

use crate::msg::{Metadata, Msg, flag};
use crate::proto::zap::{Answer, Credentials, Status};
use crate::proto::{Event, Peer};
use crate::runtime::{Attachment, Driver, Pipe, number};

use super::super::errand::Errand;
use super::super::zap::{Handler, Inquiry};
use super::{Connection, Context, End};

/// `ZMQ_NOTIFY_CONNECT`.
const NOTIFY_CONNECT: i32 = 1;

impl Connection {
    /// Asks a ZAP handler about the peer.
    fn ask(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        credentials: &Credentials,
    ) -> Result<(), End> {
        let address = self.stream.peer_address();
        match Inquiry::ask(cx.plan, cx.post, &address, credentials).map_err(End::Protocol)? {
            Handler::Asked(inquiry) => {
                self.inquiry = Some(inquiry);
                self.hear_handler(cx, pipe)
            }
            Handler::Needless => self.decided(cx, pipe, Status::Success),
        }
    }

    /// Takes in the handler's answer if it is there.
    pub(super) fn hear_handler(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
    ) -> Result<(), End> {
        let Some(answer) = self.inquiry.as_mut().and_then(|inquiry| inquiry.answer()) else {
            return Ok(());
        };
        self.inquiry = None;
        // What the peer sent meanwhile is to be looked at.
        self.undrained = true;
        let Answer {
            status,
            user_id,
            properties,
        } = answer.map_err(End::Protocol)?;
        if status == Status::Success {
            self.vouched = vec![("User-Id".to_owned(), user_id)];
            self.vouched.extend(properties);
        } else {
            cx.plan.events.raise(
                number::HANDSHAKE_FAILED_AUTH,
                u64::from(status as u32),
                &self.endpoint,
            );
        }
        self.decided(cx, pipe, status)
    }

    /// Lets the peer in, or refuses it.
    fn decided(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        status: Status,
    ) -> Result<(), End> {
        let event = self.protocol.answered(status, &mut self.out, self.now);
        match event.map_err(End::Protocol)? {
            Some(event) => self.proceed(cx, pipe, event),
            None => Ok(()),
        }
    }

    /// Goes on with the handshake.
    pub(super) fn proceed(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        event: Event,
    ) -> Result<(), End> {
        match event {
            Event::Authenticate(credentials) => self.ask(cx, pipe, &credentials),
            Event::Work(work) => {
                let share = cx.plan.shares.share();
                self.errand = Some(Errand::send(work, cx.post.clone(), share));
                Ok(())
            }
            Event::Ready(peer) => self.greet(cx, pipe, peer),
            // Not before it is over.
            Event::Message(_) => Ok(()),
        }
    }

    /// Takes in what came of an errand, if it is back.
    pub(super) fn hear_errand(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
    ) -> Result<(), End> {
        let Some(done) = self.errand.as_ref().and_then(Errand::done) else {
            return Ok(());
        };
        self.errand = None;
        // What the peer sent meanwhile is to be looked at.
        self.undrained = true;
        let event = self.protocol.worked(done, &mut self.out, self.now);
        match event.map_err(End::Protocol)? {
            Some(event) => self.proceed(cx, pipe, event),
            None => Ok(()),
        }
    }

    /// The handshake is over: the socket gets to know the peer.
    fn greet(&mut self, cx: &Context<'_>, pipe: &mut Option<Pipe>, peer: Peer) -> Result<(), End> {
        self.ready = true;
        let plan = cx.plan;
        if !plan.raw {
            plan.events
                .raise(number::HANDSHAKE_SUCCEEDED, 0, &self.endpoint);
        }
        let mut near = None;
        if pipe.is_none() {
            let (socket_end, own) = plan.pipe();
            own.set_owner(cx.post.clone());
            own.set_token(0);
            near = Some(socket_end);
            *pipe = Some(own);
        }
        let Some(own) = pipe else { return Ok(()) };
        own.take_runs(self.is_plain());
        let mut about = Msg::empty();
        about.set(flag::METADATA);
        about.set_metadata(Some(Arc::new(self.metadata(&peer))));
        // Neither of the two is counted, so neither is refused.
        let _ = own.write(about);
        if plan.wants_routing_ids && !plan.raw {
            let mut id = Msg::from_slice(&peer.routing_id).map_err(|_| End::Memory)?;
            id.set(flag::ROUTING_ID);
            let _ = own.write(id);
        }
        if plan.raw && plan.options.stream_notify {
            let _ = own.write(Msg::empty());
        }
        own.flush();
        if plan.options.router_notify & NOTIFY_CONNECT != 0 {
            own.write_anyway(b"");
        }
        if !plan.options.hello_msg.is_empty() && !plan.raw {
            // Before all that waits in the pipe, and again after each reconnect.
            let hello = Msg::from_slice(&plan.options.hello_msg).map_err(|_| End::Memory)?;
            self.encode(hello);
        }
        if let Some(near) = near {
            let refused = plan.acceptor.attach(Attachment {
                pipe: near,
                driver: cx
                    .session
                    .upgrade()
                    .map(|session| session as Arc<dyn Driver>),
                subscribe_to_all: false,
                locally_initiated: cx.connecting,
                routing_id: plan.peer_routing_id.clone(),
            });
            // The socket is gone: its end closes, and with it ours.
            drop(refused);
        }
        Ok(())
    }

    fn metadata(&self, peer: &Peer) -> Metadata {
        let mut metadata = Metadata::new(self.fd());
        if !peer.socket_type.is_empty() {
            metadata.insert("Socket-Type", peer.socket_type.as_bytes());
        }
        metadata.insert("Routing-Id", &peer.routing_id);
        metadata.insert("Peer-Address", self.stream.peer_address().as_bytes());
        for (name, value) in &self.vouched {
            metadata.insert(name, value);
        }
        // Only a handler says who the peer is. (libzmq lets the peer say so, if it has none.)
        let not_its = ["socket-type", "identity", "user-id"];
        for (name, value) in &peer.properties {
            if !not_its.contains(&name.to_ascii_lowercase().as_str()) {
                metadata.insert(name, value);
            }
        }
        metadata.insert("__fd", self.fd().to_string().as_bytes());
        metadata
    }
}
