//! A peer that says its last words and goes, while we do not listen and our own words find nobody: in
//! every order in which it can be noticed.
//!
//! Invariant: whatever the order, each message that the kernel took from the peer is received, in its
//! turn, and the monitor hears of the end once. Every few orders are played, and with `ZMQ_ORDERS=all`
//! each of them.

use super::*;

/// One step of somebody.
#[derive(Clone, Copy, Debug)]
enum Do {
    /// The peer says so many messages,
    Say(u32),
    /// and goes.
    Leave,
    /// The application sends,
    Send,
    /// receives, if it was told of something,
    Recv,
    /// waits for the stream,
    Attend,
    /// and waits no more.
    Rise,
    /// The I/O thread looks what there is to do,
    Look,
    /// and does it.
    Serve,
    /// Time passes.
    Pass,
}
use Do::*;

/// What each does, in its order.
struct Play {
    way: Way,
    /// How long a message is.
    size: usize,
    set: fn(&mut Options),
    begin: fn(&mut Scene),
    /// One of so many orders is played.
    stride: usize,
    scripts: &'static [&'static [Do]],
}

/// So many messages fit into the pipe.
const ROOM: i32 = 2;
/// Unless all are played, one of so many orders is.
const STRIDE: usize = 31;

fn body(number: u32, size: usize) -> Vec<u8> {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(size.max(4), number as u8);
    body
}

impl Play {
    /// Plays all orders; how many there are.
    fn play(&self) -> usize {
        let (mut order, mut count) = (Vec::new(), 0);
        let mut places = vec![0; self.scripts.len()];
        self.go_on(&mut places, &mut order, &mut count);
        count
    }

    fn go_on(&self, places: &mut [usize], order: &mut Vec<Do>, count: &mut usize) {
        let mut over = true;
        for (at, script) in self.scripts.iter().enumerate() {
            let Some(&step) = script.get(places[at]) else {
                continue;
            };
            over = false;
            places[at] += 1;
            order.push(step);
            self.go_on(places, order, count);
            order.pop();
            places[at] -= 1;
        }
        if over {
            *count += 1;
            if count.is_multiple_of(self.stride) {
                self.run(order);
            }
        }
    }

    fn run(&self, order: &[Do]) {
        let mut scene = Scene::open(self.way, |options| {
            options.rcvhwm = ROOM;
            (self.set)(options);
        });
        (self.begin)(&mut scene);
        let fd = scene.fd();
        let (mut said, mut heard) = (0, 0);
        for &step in order {
            match step {
                Say(count) => {
                    for number in said..said + count {
                        scene.far.say(&body(number, self.size));
                    }
                    scene.far.write();
                    said += count;
                }
                Leave => {
                    scene.far.leave();
                    await_the_end(fd);
                }
                Send => scene.send(b"to nobody"),
                Recv => heard += u32::from(self.hear(&mut scene, heard, order)),
                Attend => scene.attend(),
                Rise => scene.rise(),
                Look => scene.steps.look(),
                Serve => scene.steps.serve(scene.now),
                Pass => scene.pass(Duration::from_millis(6)),
            }
        }
        // From here on everybody does what is to be done.
        scene.rise();
        for _ in 0..200 {
            scene.round();
            while self.hear(&mut scene, heard, order) {
                heard += 1;
            }
            if scene.io.load() == 0 && heard == said {
                break;
            }
            scene.pass(Duration::from_millis(6));
        }
        assert_eq!(heard, said, "were heard of those said: {order:?}");
        assert_eq!(scene.ends(), 1, "ends were told: {order:?}");
        assert_eq!(scene.io.load(), 0, "it is not over: {order:?}");
        assert!(!self.hear(&mut scene, heard, order));
    }

    /// Whether the next message was received.
    fn hear(&self, scene: &mut Scene, number: u32, order: &[Do]) -> bool {
        let msg = scene.recv();
        if let Some(msg) = &msg {
            assert!(*msg == body(number, self.size), "{number}: {order:?}");
        }
        msg.is_some()
    }
}

const IPC: Way = Way {
    scheme: "ipc",
    tcp: false,
};
const WS: Way = Way {
    scheme: "ws",
    tcp: false,
};
const TCP: Way = Way {
    scheme: "tcp",
    tcp: true,
};

/// Plays it with these options beside the usual ones.
fn everywhere(size: usize, set: fn(&mut Options), scripts: &'static [&'static [Do]]) {
    play(&[IPC, WS, TCP], size, set, |_| {}, scripts);
}

fn play(
    ways: &[Way],
    size: usize,
    set: fn(&mut Options),
    begin: fn(&mut Scene),
    scripts: &'static [&'static [Do]],
) {
    let all = std::env::var("ZMQ_ORDERS").is_ok_and(|orders| orders == "all");
    for &way in ways {
        let play = Play {
            way,
            size,
            set,
            begin,
            stride: if all { 1 } else { STRIDE },
            scripts,
        };
        assert!(play.play() > 1000);
    }
}

fn heartbeats(options: &mut Options) {
    (options.heartbeat_ivl, options.heartbeat_timeout) = (5, 1000);
}

/// So many messages were sent that it is the application's thread that writes.
fn in_portions(scene: &mut Scene) {
    let pipe = scene.pipe.unwrap();
    for _ in 0..300 {
        assert!(scene.pipes.write(pipe, Msg::empty()).is_ok());
        scene.pipes.flush(pipe);
    }
    scene.pipes.settle(false);
    scene.round();
    assert!(scene.session.portioned.load(Ordering::Relaxed));
}

/// What is left in the connection is copied, as it is little.
#[test]
fn little_is_left() {
    let scripts: &[&[Do]] = &[
        &[Say(6), Leave],
        &[Send, Recv, Send, Recv],
        &[Look, Serve, Look, Serve],
    ];
    everywhere(10, |_| {}, scripts);
}

/// The buffer itself is kept, as much is left in it.
#[test]
fn much_is_left() {
    let scripts: &[&[Do]] = &[
        &[Say(6), Leave],
        &[Send, Recv, Send, Recv],
        &[Look, Serve, Look, Serve],
    ];
    everywhere(3000, |_| {}, scripts);
}

/// Most is in the kernel still.
#[test]
fn it_is_read_in_small_pieces() {
    let scripts: &[&[Do]] = &[
        &[Say(8), Leave],
        &[Recv, Send, Send, Recv],
        &[Look, Serve, Look, Serve],
    ];
    everywhere(500, |options| options.in_batch_size = 100, scripts);
}

/// The application's thread reads and writes beside the stream.
#[test]
fn an_answer_was_waited_for() {
    let scripts: &[&[Do]] = &[
        &[Say(4), Leave],
        &[Send, Attend, Rise, Recv, Send],
        &[Look, Serve, Look, Serve],
    ];
    everywhere(10, |_| {}, scripts);
}

/// It is our heartbeats that find nobody.
#[test]
fn time_passes() {
    let scripts: &[&[Do]] = &[
        &[Say(3), Say(3), Leave],
        &[Recv, Recv],
        &[Pass, Look, Serve, Pass, Look, Serve],
    ];
    everywhere(10, heartbeats, scripts);
}

/// The application's thread writes a stream of messages, and nobody is told of them.
#[test]
fn much_was_sent() {
    let scripts: &[&[Do]] = &[
        &[Say(6), Leave],
        &[Send, Send, Recv, Recv],
        &[Pass, Look, Serve, Look, Serve],
    ];
    play(&[IPC, TCP], 10, |_| {}, in_portions, scripts);
}
