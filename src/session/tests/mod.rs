//! A session with nothing around it that runs by itself: the I/O thread, the application and the
//! peer each do their next step when the test says so, over a real stream, with the clock of the test.
//!
//! Invariant: who acts is told what a real one is told, and no more: the I/O thread looks at its
//! poller and its schedule, the application reads after a mark in its inbox.

mod farewell;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::Socket;

use super::protocol::{Protocol, each};
use super::*;
use crate::msg::{Msg, RecvBuffer, SendBuffer};
use crate::options::{ContextDefaults, Options, kind};
use crate::proto::Event;
use crate::runtime::{
    Audience, Conflate, EventSource, Inbox, Limits, Names, Party, PipeId, Pipes, Shares, Steps,
    Version, number,
};
use crate::transport::{self, Family};

/// What carries the octets: `ipc` and `ws` over a pair of local sockets, `tcp` over the loopback.
#[derive(Clone, Copy, Debug)]
struct Way {
    scheme: &'static str,
    tcp: bool,
}

/// The peer: a conversation and its end of the stream.
struct Far {
    protocol: Protocol,
    stream: Option<Socket>,
    input: RecvBuffer,
    out: SendBuffer,
}

/// See the module.
struct Scene {
    io: IoThread,
    steps: Steps,
    session: Arc<Session>,
    far: Far,
    now: Instant,
    inbox: Arc<Inbox>,
    pipes: Pipes,
    pipe: Option<PipeId>,
    /// The application was told that there is something to read.
    told: bool,
    loan: Option<Loan>,
    monitor: Pipe,
}

fn plan(io: &IoThread, inbox: &Arc<Inbox>, set: impl FnOnce(&mut Options)) -> Plan {
    let mut options = Options::new(kind::PAIR, &ContextDefaults::default());
    set(&mut options);
    let names = Arc::new(Names::new());
    Plan {
        options,
        acceptor: inbox.clone(),
        events: EventSource::new(names.clone()),
        names,
        shares: Shares::new(),
        io_threads: vec![io.clone()],
        socket_type: "PAIR",
        peers: &["PAIR"],
        announces_routing_id: false,
        wants_routing_ids: false,
        raw: false,
        ends_with_pipe: false,
        subscribes: false,
        publishes: false,
        conflate: Conflate::default(),
        peer_routing_id: Vec::new(),
        #[cfg(feature = "wss")]
        tls: None,
    }
}

/// Somebody who hears of the end of connections.
fn monitor(plan: &Plan) -> Pipe {
    let manner = (Version::One, Audience::One);
    (plan.events)
        .monitor(number::DISCONNECTED, manner, b"events", 1)
        .unwrap();
    let party = Party {
        owner: 2,
        limits: Limits::NONE,
        routing_id: Vec::new(),
        wants_routing_ids: false,
        hello: Vec::new(),
        farewell: Vec::new(),
    };
    let own = Arc::new(Inbox::new());
    let pipe = (plan.names).connect(b"events", party, own, Conflate::default(), true);
    pipe.unwrap()
}

/// Two ends of a stream.
fn ends(way: Way) -> (OwnedFd, OwnedFd) {
    if !way.tcp {
        let (near, far) = UnixStream::pair().unwrap();
        return (near.into(), far.into());
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    far.set_nodelay(true).unwrap();
    (listener.accept().unwrap().0.into(), far.into())
}

impl Far {
    fn new(plan: &Plan, family: &Family, stream: OwnedFd, now: Instant) -> Far {
        let mut out = SendBuffer::new();
        let stream = Socket::from(stream);
        stream.set_nonblocking(true).unwrap();
        Far {
            protocol: Protocol::begin(plan, family, Some("127.0.0.1:1/"), now, &mut out),
            stream: Some(stream),
            input: RecvBuffer::new(64 * 1024),
            out,
        }
    }

    fn write(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.write_all(&self.out.drain()).unwrap();
        }
    }

    /// Takes in what came: bodies of messages.
    fn hear(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        while let Some(stream) = &mut self.stream {
            let count = match stream.read(self.input.room().unwrap()) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            };
            self.input.filled(count);
            let (protocol, out, input) = (&mut self.protocol, &mut self.out, &mut self.input);
            while let Some(event) =
                each!(&mut *protocol, one => one.decode(input, out, now)).unwrap()
            {
                if let Event::Message(msg) = event {
                    heard.push(msg.data().to_vec());
                }
            }
            self.write();
            if count == 0 {
                break;
            }
        }
        heard
    }

    fn say(&mut self, body: &[u8]) {
        let (protocol, out) = (&mut self.protocol, &mut self.out);
        let msg = Msg::from_slice(body).unwrap();
        each!(&mut *protocol, one => one.encode(msg, out));
    }

    /// Says goodbye as peers do, and closes its end.
    fn leave(&mut self) {
        self.protocol.goodbye(&mut self.out);
        self.write();
        self.stream = None;
    }
}

impl Scene {
    /// A session after its handshake.
    fn open(way: Way, set: impl Fn(&mut Options)) -> Scene {
        let (io, steps) = IoThread::stepped();
        let (inbox, now) = (Arc::new(Inbox::new()), sys::now());
        let (family, _) = transport::parse(&format!("{}://x", way.scheme)).unwrap();
        let plan = plan(&io, &inbox, set);
        let monitor = monitor(&plan);
        let (near, far) = ends(way);
        let far = Far::new(&plan, family, far, now);
        let stream = Stream::over(family, Socket::from(near));
        let session = Session::accepted(Arc::new(plan), &io, stream, Ends::default());
        session.start();
        let mut scene = Scene {
            io,
            steps,
            session,
            far,
            now,
            inbox,
            pipes: Pipes::new(),
            pipe: None,
            told: false,
            loan: None,
            monitor,
        };
        for _ in 0..100 {
            scene.far.write();
            scene.round();
            scene.far.hear(now);
            scene.listen();
            if scene.pipe.is_some() {
                scene.round();
                scene.hear_of_room();
                return scene;
            }
        }
        panic!("they do not come to talk: {way:?}");
    }

    // ---- the I/O thread -------------------------------------------------------------------------

    fn round(&mut self) {
        self.steps.look();
        self.steps.serve(self.now);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    // ---- the application --------------------------------------------------------------------

    /// Takes in what it was told.
    fn listen(&mut self) {
        let (mut marks, mut attachments) = (Vec::new(), Vec::new());
        if self.inbox.is_dirty() {
            self.inbox.take(&mut marks, &mut attachments);
        }
        for attachment in attachments {
            let pipe = attachment.pipe;
            pipe.set_owner(self.inbox.clone());
            let id = self.pipes.insert(pipe, attachment.driver);
            self.pipes.get(id).unwrap().set_token(1);
            assert!(self.pipe.replace(id).is_none());
            self.told = true;
        }
        let news = mark::READABLE | mark::CLOSED;
        self.told |= marks.iter().any(|&(_, marks)| marks & news != 0);
    }

    /// Looks once, so that it is told of what comes.
    fn hear_of_room(&mut self) {
        assert_eq!(self.recv(), None);
    }

    /// Receives without waiting.
    fn recv(&mut self) -> Option<Vec<u8>> {
        self.listen();
        if !self.told {
            return None;
        }
        let mut msg = Msg::empty();
        self.told = self.pipes.read_into(self.pipe?, &mut msg);
        self.told.then(|| msg.data().to_vec())
    }

    /// Sends, by its own thread if that may.
    fn send(&mut self, body: &[u8]) {
        self.listen();
        let Some(pipe) = self.pipe else { return };
        let msg = Msg::from_slice(body).unwrap();
        if self.pipes.write(pipe, msg).is_ok() {
            self.pipes.flush(pipe);
            self.pipes.settle(true);
            self.pipes.press(true);
        }
    }

    /// Begins to wait for an answer.
    fn attend(&mut self) {
        if self.loan.is_none() {
            self.loan = self.session.lend(true);
        }
    }

    /// Ends the wait: reads what is there, as who is woken does.
    fn rise(&mut self) {
        let Some(loan) = self.loan.take() else { return };
        let ready = self.is_readable(loan.fd);
        while self.is_readable(loan.fd) && self.session.drive_in(loan) {}
        self.session.leave(loan, !ready);
    }

    fn is_readable(&self, fd: RawFd) -> bool {
        let mut item = [libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        }];
        sys::poll_now(&mut item).unwrap() > 0
    }

    fn fd(&self) -> RawFd {
        match &self.session.core.lock().phase {
            Phase::Running(connection) => connection.fd(),
            _ => panic!("it is not running"),
        }
    }

    // ---- what came of it --------------------------------------------------------------------

    /// How often the monitor heard of the end.
    fn ends(&mut self) -> usize {
        let parts = std::iter::from_fn(|| self.monitor.read());
        parts.filter(|part| !part.more()).count()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.io.stop();
    }
}

/// Waits until the end of the stream has come, behind all that was said.
fn await_the_end(fd: RawFd) {
    let deadline = Some(Instant::now() + Duration::from_secs(20));
    let mut item = [libc::pollfd {
        fd,
        events: libc::POLLRDHUP,
        revents: 0,
    }];
    assert_eq!(sys::poll(&mut item, deadline), Ok(1));
}
