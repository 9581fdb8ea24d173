//! Pollers: sets of sockets and descriptors.

use super::poller::{Found, Poller, Source};
use super::*;
use crate::sys::EventFd;

const IN: i16 = 1;
const OUT: i16 = 2;

/// Waits, and returns the data and events of everything that was found.
fn wait(poller: &Poller<u32>, timeout: i64) -> Result<Vec<(u32, i16)>, Errno> {
    let mut all = Vec::new();
    poller.wait(timeout, |found: Found<u32>| {
        all.push((found.data, found.events));
        true
    })?;
    Ok(all)
}

fn readable(fd: i32) -> bool {
    let item = poll::Item {
        socket: None,
        fd,
        events: IN,
        revents: 0,
    };
    poll::poll(&mut [item], 0) == Ok(1)
}

#[test]
fn sockets_and_descriptors_are_added_changed_and_removed() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "inproc://poller");
    let event = EventFd::new().unwrap();
    let poller = Poller::new();
    assert!(poller.is_empty());
    let (socket, fd) = (Source::Socket(a), Source::Fd(event.fd()));
    for source in [socket, fd] {
        assert_eq!(poller.modify(source, IN), Err(Errno::EINVAL));
        assert_eq!(poller.remove(source), Err(Errno::EINVAL));
        assert_eq!(poller.add(source, 0, i16::MAX), Err(Errno::EINVAL));
    }
    poller.add(socket, 1, IN).unwrap();
    poller.add(fd, 2, IN).unwrap();
    for source in [socket, fd] {
        assert_eq!(poller.add(source, 3, IN), Err(Errno::EINVAL));
        assert_eq!(poller.modify(source, 16), Err(Errno::EINVAL));
    }
    assert_eq!(poller.len(), 2);
    assert_eq!(wait(&poller, 0), Err(Errno::EAGAIN));
    assert_eq!(wait(&poller, 20), Err(Errno::EAGAIN));
    send(b, b"x", false);
    assert_eq!(wait(&poller, -1), Ok(vec![(1, IN)]));
    event.signal();
    assert_eq!(wait(&poller, -1), Ok(vec![(1, IN), (2, IN)]));
    // The level counts, and one of them may be enough.
    let mut first = None;
    poller
        .wait(0, |found| {
            assert!(first.replace(found.data).is_none());
            false
        })
        .unwrap();
    assert_eq!(first, Some(1));
    poller.modify(socket, OUT | IN).unwrap();
    assert_eq!(wait(&poller, 0), Ok(vec![(1, IN | OUT), (2, IN)]));
    poller.modify(socket, 0).unwrap();
    assert_eq!(wait(&poller, 0), Ok(vec![(2, IN)]));
    poller.remove(fd).unwrap();
    // Nothing could ever happen.
    assert_eq!(wait(&poller, -1), Err(Errno::EFAULT));
    assert_eq!(wait(&poller, 10), Err(Errno::EAGAIN));
    poller.remove(socket).unwrap();
    assert_eq!(wait(&poller, -1), Err(Errno::EFAULT));
    a.close();
    b.close();
    context.terminate().unwrap();
}

#[test]
fn waiting_ends_when_something_happens_and_with_the_context() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "tcp://127.0.0.1:*");
    let poller: Poller<u32> = Poller::new();
    poller.add(Source::Socket(a), 7, IN).unwrap();
    let sender = std::thread::spawn(move || send(b, b"x", false));
    assert_eq!(wait(&poller, -1), Ok(vec![(7, IN)]));
    sender.join().unwrap();
    assert_eq!(recv(a).0, b"x");
    let waiter = std::thread::spawn(move || {
        let result = wait(&poller, -1);
        assert_eq!(poller.remove(Source::Socket(a)), Ok(()));
        a.close();
        b.close();
        result
    });
    context.terminate().unwrap();
    assert_eq!(waiter.join().unwrap(), Err(Errno::ETERM));
}

#[test]
fn a_socket_that_was_closed_does_no_harm() {
    let context = Context::create().unwrap();
    let (server, client) = (
        context.socket(kind::SERVER).unwrap(),
        context.socket(kind::CLIENT).unwrap(),
    );
    let poller: Poller<u32> = Poller::new();
    poller.add(Source::Socket(server), 1, IN).unwrap();
    poller.add(Source::Socket(client), 2, IN).unwrap();
    poller.fd().unwrap();
    server.close();
    assert_eq!(wait(&poller, -1), Err(Errno::ENOTSOCK));
    poller.remove(Source::Socket(server)).unwrap();
    assert_eq!(wait(&poller, 0), Err(Errno::EAGAIN));
    client.close();
    drop(poller);
    context.terminate().unwrap();
}

#[test]
fn the_descriptor_is_readable_while_there_may_be_events() {
    let context = Context::create().unwrap();
    let (pair, _other) = pairs(context, "inproc://plain");
    let (server, client) = (
        context.socket(kind::SERVER).unwrap(),
        context.socket(kind::CLIENT).unwrap(),
    );
    let poller = Poller::new();
    assert_eq!(poller.fd(), Err(Errno::EINVAL));
    poller.add(Source::Socket(pair), 1, IN).unwrap();
    assert_eq!(poller.fd(), Err(Errno::EINVAL));
    poller.add(Source::Socket(server), 2, IN).unwrap();
    let fd = poller.fd().unwrap();
    assert_eq!(poller.fd(), Ok(fd));
    // What was there before is found, and then it is quiet.
    let _ = wait(&poller, 0);
    assert!(!readable(fd));
    server.bind(b"inproc://server").unwrap();
    client.connect(b"inproc://server").unwrap();
    assert!(readable(fd));
    assert_eq!(wait(&poller, 0), Err(Errno::EAGAIN));
    assert!(!readable(fd));
    send(client, b"1", false);
    send(client, b"2", false);
    for body in [b"1", b"2"] {
        assert!(readable(fd));
        assert_eq!(wait(&poller, 0), Ok(vec![(2, IN)]));
        assert!(readable(fd), "it may be there still");
        assert_eq!(recv(server).0, body);
    }
    assert_eq!(wait(&poller, 0), Err(Errno::EAGAIN));
    assert!(!readable(fd));
    poller.remove(Source::Socket(server)).unwrap();
    send(client, b"3", false);
    assert!(!readable(fd), "it is watched no more");
    for socket in [pair, _other, server, client] {
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn several_pollers_share_a_socket() {
    let context = Context::create().unwrap();
    let (server, client) = (
        context.socket(kind::SERVER).unwrap(),
        context.socket(kind::CLIENT).unwrap(),
    );
    server.bind(b"inproc://shared").unwrap();
    client.connect(b"inproc://shared").unwrap();
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(move || {
                let poller = Poller::new();
                poller.add(Source::Socket(server), 1, IN).unwrap();
                wait(&poller, 20_000)
            })
        })
        .collect();
    send(client, b"x", false);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Ok(vec![(1, IN)]));
    }
    assert_eq!(recv(server).0, b"x");
    server.close();
    client.close();
    context.terminate().unwrap();
}
