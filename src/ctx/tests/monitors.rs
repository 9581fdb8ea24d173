//! Monitors of version 2, for peers of every type.

use super::*;

/// An event as version 2 tells it: number, values, local and remote endpoint.
pub(super) fn event(monitor: &Socket) -> (u64, Vec<u64>, String, String) {
    let mut numbers = Vec::new();
    let mut parts = Vec::new();
    loop {
        let (part, more) = recv(monitor);
        parts.push(part);
        if !more {
            break;
        }
    }
    let remote = String::from_utf8(parts.pop().unwrap()).unwrap();
    let local = String::from_utf8(parts.pop().unwrap()).unwrap();
    for part in parts {
        numbers.push(u64::from_ne_bytes(part.try_into().unwrap()));
    }
    assert_eq!(
        numbers[1] as usize,
        numbers.len() - 2,
        "the count of values"
    );
    (numbers[0], numbers[2..].to_vec(), local, remote)
}

fn monitor_of(context: &'static Context, kind: i32, name: &str) -> &'static Socket {
    let socket = context.socket(kind).unwrap();
    set(socket, number::RCVTIMEO, 20_000);
    if kind == kind::SUB {
        socket.set_option(number::SUBSCRIBE, Some(b""), 0).unwrap();
    }
    socket.connect(name.as_bytes()).unwrap();
    socket
}

const LISTENING: u64 = 0x8;
const ACCEPTED: u64 = 0x20;
const CONNECTED: u64 = 0x1;
const DELAYED: u64 = 0x2;
const SUCCEEDED: u64 = 0x1000;
const STATS: u64 = 0x1_0000;

#[test]
fn both_ends_are_told_to_peers_of_every_type() {
    for (type_, peer) in [
        (kind::PAIR, kind::PAIR),
        (kind::PUSH, kind::PULL),
        (kind::PUB, kind::SUB),
    ] {
        let context = Context::create().unwrap();
        let [pull, push] = [kind::PULL, kind::PUSH].map(|kind| context.socket(kind).unwrap());
        for (socket, name) in [(pull, "inproc://pull"), (push, "inproc://push")] {
            socket
                .monitor(Some(name.as_bytes()), 0x1_FFFF, 2, type_)
                .unwrap();
        }
        let pulls = monitor_of(context, peer, "inproc://pull");
        let pushes = monitor_of(context, peer, "inproc://push");
        pull.bind(b"tcp://127.0.0.1:*").unwrap();
        let endpoint = text(pull, number::LAST_ENDPOINT);
        push.connect(endpoint.as_bytes()).unwrap();
        let (number, _, local, remote) = event(pulls);
        assert_eq!(
            (number, local.as_str(), remote.as_str()),
            (LISTENING, &*endpoint, "")
        );
        let mut connected = event(pushes);
        if connected.0 == DELAYED {
            connected = event(pushes);
        }
        let (number, _, near, far) = connected;
        assert_eq!((number, &far), (CONNECTED, &endpoint));
        assert!(near.starts_with("tcp://127.0.0.1:") && near != far);
        for (number, monitor, ends) in [
            (ACCEPTED, pulls, (&far, &near)),
            (SUCCEEDED, pulls, (&far, &near)),
            (SUCCEEDED, pushes, (&near, &far)),
        ] {
            let (happened, values, local, remote) = event(monitor);
            assert_eq!((happened, (&local, &remote)), (number, ends));
            assert_eq!(values.len(), 1);
        }
        [pull, push, pulls, pushes]
            .iter()
            .for_each(|one| one.close());
        context.terminate().unwrap();
    }
}

#[test]
fn subscribers_choose_their_events_and_workers_take_turns() {
    let context = Context::create().unwrap();
    let socket = context.socket(kind::PULL).unwrap();
    socket
        .monitor(Some(b"inproc://m"), 0xFFFF, 2, kind::PUB)
        .unwrap();
    let all = monitor_of(context, kind::SUB, "inproc://m");
    let some = context.socket(kind::SUB).unwrap();
    set(some, number::RCVTIMEO, 20_000);
    let topic = 0x400_u64.to_ne_bytes();
    some.set_option(number::SUBSCRIBE, Some(&topic), 8).unwrap();
    some.connect(b"inproc://m").unwrap();
    socket.bind(b"tcp://127.0.0.1:*").unwrap();
    socket.monitor(None, 0, 1, kind::PAIR).unwrap();
    assert_eq!(event(some).0, 0x400);
    assert_eq!((event(all).0, event(all).0), (LISTENING, 0x400));
    socket
        .monitor(Some(b"inproc://turns"), 0xFFFF, 2, kind::PUSH)
        .unwrap();
    let [one, two] = [(); 2].map(|()| monitor_of(context, kind::PULL, "inproc://turns"));
    for _ in 0..4 {
        socket.bind(b"tcp://127.0.0.1:*").unwrap();
    }
    for worker in [one, two, one, two] {
        assert_eq!(event(worker).0, LISTENING);
    }
    [socket, all, some, one, two]
        .iter()
        .for_each(|one| one.close());
    context.terminate().unwrap();
}

#[test]
fn versions_and_types_that_there_are_not_are_refused() {
    let context = Context::create().unwrap();
    let socket = context.socket(kind::PULL).unwrap();
    let name: Option<&[u8]> = Some(b"inproc://m");
    for (events, version, kind) in [
        (0xFFFF, 0, kind::PAIR),
        (0xFFFF, 3, kind::PAIR),
        (0x1_0000, 1, kind::PAIR),
        (0xFFFF, 2, kind::CLIENT),
        (0xFFFF, 2, kind::DEALER),
    ] {
        assert_eq!(
            socket.monitor(name, events, version, kind),
            Err(Errno::EINVAL)
        );
    }
    assert_eq!(
        socket.monitor(Some(b"tcp://127.0.0.1:*"), 0, 2, kind::PAIR),
        Err(Errno::EPROTONOSUPPORT)
    );
    socket.close();
    context.terminate().unwrap();
}

#[test]
fn pipes_are_counted_when_asked_for() {
    let context = Context::create().unwrap();
    let socket = context.socket(kind::DEALER).unwrap();
    let peer = context.socket(kind::DEALER).unwrap();
    for socket in [socket, peer] {
        set(socket, number::SNDHWM, 10);
        set(socket, number::RCVHWM, 10);
    }
    assert_eq!(socket.report_pipes(), Err(Errno::EINVAL));
    socket
        .monitor(Some(b"inproc://m"), STATS, 2, kind::PAIR)
        .unwrap();
    assert_eq!(socket.report_pipes(), Err(Errno::EAGAIN));
    let monitor = monitor_of(context, kind::PAIR, "inproc://m");
    peer.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(peer, number::LAST_ENDPOINT);
    socket.connect(endpoint.as_bytes()).unwrap();
    // What came is counted, read or not, until it is acknowledged.
    for _ in 0..3 {
        send(peer, b"x", false);
    }
    let wanted = poll::Item {
        socket: Some(socket),
        fd: -1,
        events: 1,
        revents: 0,
    };
    loop {
        assert_eq!(poll::poll(&mut [wanted], 20_000), Ok(1));
        socket.report_pipes().unwrap();
        let (number, values, local, remote) = event(monitor);
        assert_eq!((number, &remote), (STATS, &endpoint));
        assert!(local.starts_with("tcp://127.0.0.1:"));
        assert_eq!((values.len(), values[0]), (2, 0));
        if values[1] == 3 {
            break;
        }
    }
    [socket, peer, monitor].iter().for_each(|one| one.close());
    context.terminate().unwrap();
}
