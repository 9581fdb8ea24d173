//! `zmq_proxy`: passing messages between two sockets for as long as the context lives.
//!
//! Invariant: messages are passed whole and in order, and only when the other side takes them; a
//! message is never lost between the two.

use crate::errno::Errno;
use crate::msg::Msg;
use crate::socket::{Passed, Socket, Stuck};

use super::poll::{Item, poll};

const IN: i16 = 1;
const OUT: i16 = 2;
const SNDMORE: i32 = 2;
const DONTWAIT: i32 = 1;
/// Messages passed in one direction before the other has its turn.
const BURST: u64 = 256;

/// What control may say, and what it may hear.
enum Order {
    Pause,
    Resume,
    Terminate,
    Statistics,
    Unknown,
}

/// Messages and octets through one socket.
#[derive(Clone, Copy, Default)]
struct Count {
    messages: u64,
    octets: u64,
}

/// In and out of one socket.
#[derive(Clone, Copy, Default)]
struct Traffic {
    received: Count,
    sent: Count,
}

/// Passes messages both ways until the context ends (`ETERM`) or control says TERMINATE (`Ok`).
/// A copy of every message goes to `capture`.
pub fn run(
    frontend: &'static Socket,
    backend: &'static Socket,
    capture: Option<&'static Socket>,
    control: Option<&'static Socket>,
) -> Result<(), Errno> {
    let alone = std::ptr::eq(frontend, backend);
    let mut traffic = [Traffic::default(); 2];
    let mut paused = false;
    loop {
        let mut items = [
            item((!paused).then_some(frontend), IN),
            item((!paused && !alone).then_some(backend), IN),
            item(control, IN),
        ];
        // A side that nobody takes from is waited for together with the other's room.
        wait(&mut items)?;
        if items[2].revents & IN != 0
            && let Some(control) = control
        {
            match order(control)? {
                Order::Pause => paused = true,
                Order::Resume => paused = false,
                Order::Terminate => {
                    acknowledge(control);
                    return Ok(());
                }
                Order::Statistics => {
                    report(control, &traffic)?;
                    continue;
                }
                Order::Unknown => {}
            }
            acknowledge(control);
            continue;
        }
        let ways = [
            (items[0].revents, frontend, backend, 0),
            (items[1].revents, backend, frontend, 1),
        ];
        let mut stuck = [false; 2];
        for (revents, from, to, index) in ways {
            if revents & IN == 0 {
                continue;
            }
            if !alone && !writable(to)? {
                stuck[index] = true;
                continue;
            }
            let (received, sent) = split(&mut traffic, index, alone);
            pass(from, to, capture, received, sent)?;
        }
        let readable = [items[0].revents & IN != 0, items[1].revents & IN != 0];
        if (0..2).all(|index| stuck[index] || !readable[index]) && stuck.contains(&true) {
            wait_for_room(stuck, frontend, backend, control)?;
        }
    }
}

fn item(socket: Option<&'static Socket>, events: i16) -> Item {
    Item {
        socket,
        fd: -1,
        events: if socket.is_some() { events } else { 0 },
        revents: 0,
    }
}

/// Waits for items, leaving out those without a socket.
fn wait(items: &mut [Item]) -> Result<usize, Errno> {
    let mut present = [item(None, 0); 4];
    let mut count = 0;
    for one in items.iter().filter(|one| one.socket.is_some()) {
        present[count] = *one;
        count += 1;
    }
    let ready = poll(&mut present[..count], -1)?;
    let mut answers = present[..count].iter();
    for one in items.iter_mut().filter(|one| one.socket.is_some()) {
        one.revents = answers.next().map_or(0, |answer| answer.revents);
    }
    Ok(ready)
}

fn writable(socket: &Socket) -> Result<bool, Errno> {
    socket.is_writable()
}

/// Every message that waits has nowhere to go: sleeps until it has, or until the other side or
/// control has something to say.
fn wait_for_room(
    stuck: [bool; 2],
    frontend: &'static Socket,
    backend: &'static Socket,
    control: Option<&'static Socket>,
) -> Result<(), Errno> {
    // What frontend has goes to backend, so that is where room is needed, and the reverse.
    let mut items = [
        item(
            Some(frontend),
            if stuck[1] { OUT } else { 0 } | if stuck[0] { 0 } else { IN },
        ),
        item(
            Some(backend),
            if stuck[0] { OUT } else { 0 } | if stuck[1] { 0 } else { IN },
        ),
        item(control, IN),
    ];
    wait(&mut items).map(|_| ())
}

fn split(traffic: &mut [Traffic; 2], from: usize, alone: bool) -> (&mut Count, &mut Count) {
    let [front, back] = traffic;
    match (from, alone) {
        (0, true) => (&mut front.received, &mut front.sent),
        (0, false) => (&mut front.received, &mut back.sent),
        _ => (&mut back.received, &mut front.sent),
    }
}

/// Passes what waits, up to a burst.
fn pass(
    from: &Socket,
    to: &Socket,
    capture: Option<&'static Socket>,
    received: &mut Count,
    sent: &mut Count,
) -> Result<(), Errno> {
    let same = |one: &Socket| std::ptr::eq(one, from) || std::ptr::eq(one, to);
    let passed = if std::ptr::eq(from, to) || capture.is_some_and(same) {
        pass_one(from)?
    } else {
        from.pass_to(to, capture, BURST)?
    };
    let Passed {
        mut messages,
        mut octets,
        stuck,
    } = passed;
    if let Some(stuck) = stuck {
        octets += pass_rest(stuck, from, to, capture)?;
        messages += 1;
    }
    for count in [received, sent] {
        count.messages += messages;
        count.octets += octets;
    }
    Ok(())
}

/// Only receives, for sockets that cannot be held at once.
fn pass_one(from: &Socket) -> Result<Passed, Errno> {
    let mut msg = Msg::empty();
    match from.recv(&mut msg, DONTWAIT) {
        Err(Errno::EAGAIN) => Ok(Passed::default()),
        result => result.map(|()| Passed {
            stuck: Some(Stuck {
                msg,
                captured: false,
            }),
            ..Passed::default()
        }),
    }
}

/// Passes a message from this part on, waiting for room. Returns the octets.
fn pass_rest(
    stuck: Stuck,
    from: &Socket,
    to: &Socket,
    capture: Option<&'static Socket>,
) -> Result<u64, Errno> {
    let Stuck {
        mut msg,
        mut captured,
    } = stuck;
    let mut octets = 0;
    loop {
        octets += msg.len() as u64;
        let more = msg.more();
        let flags = if more { SNDMORE } else { 0 };
        if let Some(capture) = capture
            && !std::mem::take(&mut captured)
        {
            capture.send(&mut msg.share(), flags)?;
        }
        to.send(&mut msg, flags)?;
        if !more {
            return Ok(octets);
        }
        from.recv(&mut msg, 0)?;
    }
}

/// What control says. Further parts of it are dropped.
fn order(control: &Socket) -> Result<Order, Errno> {
    let mut msg = Msg::empty();
    control.recv(&mut msg, 0)?;
    let order = match msg.data() {
        b"PAUSE" => Order::Pause,
        b"RESUME" => Order::Resume,
        b"TERMINATE" => Order::Terminate,
        b"STATISTICS" => Order::Statistics,
        _ => Order::Unknown,
    };
    while msg.more() {
        control.recv(&mut msg, 0)?;
    }
    Ok(order)
}

/// A control that must be answered (REP) gets an empty message.
fn acknowledge(control: &Socket) {
    let mut kind = [0; 4];
    let is_rep = control
        .get_option(crate::options::number::TYPE, &mut kind)
        .is_ok()
        && i32::from_ne_bytes(kind) == crate::options::kind::REP;
    if is_rep {
        // Whoever asked may be gone.
        let _ = control.send(&mut Msg::empty(), DONTWAIT);
    }
}

/// Eight parts of eight octets each: messages and octets received and sent by the frontend, then
/// by the backend, in the machine's own order.
fn report(control: &Socket, traffic: &[Traffic; 2]) -> Result<(), Errno> {
    let counts = traffic.iter().flat_map(|side| [side.received, side.sent]);
    let numbers: Vec<u64> = counts
        .flat_map(|count| [count.messages, count.octets])
        .collect();
    for (index, number) in numbers.iter().enumerate() {
        let flags = if index + 1 < numbers.len() {
            SNDMORE
        } else {
            0
        };
        control.send(&mut Msg::from_slice(&number.to_ne_bytes())?, flags)?;
    }
    Ok(())
}
