//! `zmq_poll` over a few sockets, whose streams the polling thread may read for itself.

use std::time::Instant;

use super::*;
use crate::ctx::poll::{Item, poll};
use crate::sys::EventFd;

const IN: i16 = 1;
const OUT: i16 = 2;

fn items(sockets: &[&'static Socket]) -> Vec<Item> {
    let item = |&socket| Item {
        socket: Some(socket),
        fd: -1,
        events: IN,
        revents: 0,
    };
    sockets.iter().map(item).collect()
}

/// Which of the sockets can be read, by their places.
fn wait(items: &mut [Item], timeout: i64) -> Result<Vec<usize>, Errno> {
    let count = poll(items, timeout)?;
    let ready: Vec<_> = (0..items.len())
        .filter(|&place| items[place].revents != 0)
        .collect();
    assert_eq!(ready.len(), count);
    Ok(ready)
}

/// So many connected pairs, half of them over tcp and half over ipc.
fn many(context: &'static Context, count: usize) -> (Vec<&'static Socket>, Vec<&'static Socket>) {
    (0..count)
        .map(|place| pairs(context, ["tcp://127.0.0.1:*", "ipc://*"][place % 2]))
        .unzip()
}

/// The others ask in turn, and are answered by the one thread that polls: enough for the streams to
/// be borrowed, where sleeps are short.
fn converse(items: &mut [Item], others: &[&'static Socket], rounds: usize) {
    for round in 0..rounds {
        let place = round * 7 % others.len();
        let body = round.to_ne_bytes();
        let other = others[place];
        std::thread::scope(|scope| {
            scope.spawn(move || send(other, &body, false));
            assert_eq!(wait(items, 20_000), Ok(vec![place]));
        });
        let socket = items[place].socket.unwrap();
        assert_eq!(recv(socket).0, body);
        send(socket, &body, false);
        assert_eq!(recv(other).0, body);
    }
}

fn over(context: &'static Context, sockets: [&[&'static Socket]; 2]) {
    for socket in sockets.into_iter().flatten() {
        set(socket, number::LINGER, 0);
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn every_peer_is_heard_alone_and_together() {
    let context = Context::create().unwrap();
    // The last of these are too many to be borrowed.
    for count in [2, 5, 16, 17] {
        let (sockets, others) = many(context, count);
        let mut items = items(&sockets);
        converse(&mut items, &others, 20 * count);
        for _ in 0..20 {
            others.iter().for_each(|other| send(other, b"all", false));
            let mut left: Vec<_> = (0..count).collect();
            while !left.is_empty() {
                for place in wait(&mut items, 20_000).unwrap() {
                    left.retain(|&other| other != place);
                    assert_eq!(recv(sockets[place]).0, b"all");
                    send(sockets[place], b"one", false);
                }
            }
            others
                .iter()
                .for_each(|other| assert_eq!(recv(other).0, b"one"));
        }
        assert_eq!(wait(&mut items, 1), Ok(vec![]));
        sockets
            .iter()
            .chain(&others)
            .for_each(|socket| socket.close());
    }
    context.terminate().unwrap();
}

#[test]
fn nobody_is_forgotten_beside_one_that_always_has_something() {
    let context = Context::create().unwrap();
    let (sockets, others) = many(context, 3);
    let mut items = items(&sockets);
    for _ in 0..3 {
        converse(&mut items, &others, 60);
        send(others[0], b"always", false);
        assert_eq!(wait(&mut items, 20_000), Ok(vec![0]));
        send(others[1], b"now", false);
        send(others[2], b"now", false);
        let begin = Instant::now();
        while wait(&mut items, 20_000).unwrap() != [0, 1, 2] {
            assert!(begin.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        sockets.iter().for_each(|socket| drop(recv(socket)));
    }
    over(context, [&sockets, &others]);
}

#[test]
fn room_is_waited_for_as_well() {
    let context = Context::create().unwrap();
    let (sockets, others) = many(context, 2);
    let mut items = items(&sockets);
    converse(&mut items, &others, 60);
    items[1].events = OUT;
    assert_eq!(wait(&mut items, 20_000), Ok(vec![1]));
    assert_eq!(items[1].revents, OUT);
    items[1].events = IN | OUT;
    send(others[1], b"x", false);
    let begin = Instant::now();
    while wait(&mut items, 20_000) == Ok(vec![1]) && items[1].revents != IN | OUT {
        assert!(begin.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    // An event that nobody asks for is none.
    items[1].events = 0;
    assert_eq!(wait(&mut items, 1), Ok(vec![]));
    over(context, [&sockets, &others]);
}

#[test]
fn a_busy_thread_that_polls_is_no_dead_peer() {
    let context = Context::create().unwrap();
    let (sockets, others) = many(context, 3);
    let mut items = items(&sockets);
    // Peers that ask for signs of life, and hang up without.
    let strict = context.socket(kind::PAIR).unwrap();
    set(strict, number::HEARTBEAT_IVL, 50);
    set(strict, number::HEARTBEAT_TIMEOUT, 500);
    set(strict, number::RECONNECT_IVL, -1);
    set(strict, number::RCVTIMEO, 20_000);
    let server = context.socket(kind::PAIR).unwrap();
    set(server, number::RCVTIMEO, 20_000);
    server.bind(b"tcp://127.0.0.1:*").unwrap();
    strict
        .connect(text(server, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    items[1].socket = Some(server);
    let theirs = [others[0], strict, others[2]];
    converse(&mut items, &theirs, 60);
    // It computes.
    std::thread::sleep(Duration::from_secs(1));
    converse(&mut items, &theirs, 60);
    sockets[1].close();
    others[1].close();
    over(context, [&[sockets[0], server, sockets[2]], &theirs]);
}

#[test]
fn peers_come_and_go_while_they_are_waited_for() {
    let context = Context::create().unwrap();
    let server = context.socket(kind::DEALER).unwrap();
    set(server, number::RCVTIMEO, 20_000);
    server.bind(b"tcp://127.0.0.1:*").unwrap();
    let address = text(server, number::LAST_ENDPOINT);
    let client = || {
        let client = context.socket(kind::DEALER).unwrap();
        set(client, number::RCVTIMEO, 20_000);
        client.connect(address.as_bytes()).unwrap();
        client
    };
    let (mut sockets, mut others) = many(context, 2);
    sockets.push(server);
    others.push(client());
    let mut items = items(&sockets);
    for _ in 0..5 {
        converse(&mut items, &others, 60);
        // A second peer of the same socket, then only that one.
        let second = client();
        send(second, b"hello", false);
        assert_eq!(wait(&mut items, 20_000), Ok(vec![2]));
        assert_eq!(recv(server).0, b"hello");
        others[2].close();
        others[2] = second;
        // The first is gone once two answers in a row reach the second.
        let begin = Instant::now();
        for round in 0_u32.. {
            assert!(begin.elapsed() < Duration::from_secs(20));
            send(server, &round.to_ne_bytes(), false);
            send(server, &round.to_ne_bytes(), false);
            let mut reached = 0;
            while poll(&mut [items_of(second)], 20).unwrap() == 1 {
                reached += u32::from(recv(second).0 == round.to_ne_bytes());
            }
            if reached == 2 {
                break;
            }
        }
    }
    over(context, [&sockets, &others]);
}

fn items_of(socket: &'static Socket) -> Item {
    items(&[socket])[0]
}

#[test]
fn a_sleep_beside_streams_ends_with_the_context() {
    let context = Context::create().unwrap();
    let (sockets, others) = many(context, 4);
    let mut items = items(&sockets);
    converse(&mut items, &others, 80);
    let waiting = std::thread::spawn(move || {
        let mut result = Ok(vec![]);
        while result.is_ok() {
            result = wait(&mut items, -1);
        }
        sockets.iter().for_each(|socket| socket.close());
        result
    });
    others.iter().for_each(|socket| socket.close());
    context.terminate().unwrap();
    assert_eq!(waiting.join().unwrap(), Err(Errno::ETERM));
}

#[test]
fn descriptors_are_waited_for_with_sockets() {
    let context = Context::create().unwrap();
    // Few of them, and more than fit without allocating.
    for count in [1, 15, 16, 40] {
        let (sockets, others) = many(context, 2);
        let events: Vec<_> = (0..count).map(|_| EventFd::new().unwrap()).collect();
        let mut items: Vec<_> = events
            .iter()
            .map(|event| Item {
                socket: None,
                fd: event.fd(),
                events: IN,
                revents: 0,
            })
            .collect();
        items.extend(self::items(&sockets));
        assert_eq!(wait(&mut items, 0), Ok(vec![]));
        assert_eq!(wait(&mut items, 1), Ok(vec![]));
        for (place, event) in events.iter().enumerate() {
            event.signal();
            for timeout in [0, 20_000, -1] {
                assert_eq!(wait(&mut items, timeout), Ok(vec![place]));
            }
            event.clear();
        }
        let body = b"x";
        for (place, other) in others.iter().enumerate() {
            std::thread::scope(|scope| {
                scope.spawn(|| send(other, body, false));
                assert_eq!(wait(&mut items, -1), Ok(vec![count + place]));
            });
            events[count - 1].signal();
            assert_eq!(wait(&mut items, 0), Ok(vec![count - 1, count + place]));
            events[count - 1].clear();
            assert_eq!(recv(sockets[place]).0, body);
        }
        sockets
            .iter()
            .chain(&others)
            .for_each(|socket| socket.close());
    }
    context.terminate().unwrap();
}
