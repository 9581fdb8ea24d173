//! CLIENT, SERVER, PEER, SCATTER, GATHER, CHANNEL over every transport and from several threads.

use std::collections::HashMap;
use std::thread;

use super::*;

/// Two sockets that are connected, with time limits.
fn connected(
    context: &'static Context,
    kinds: [i32; 2],
    endpoint: &str,
) -> (&'static Socket, &'static Socket) {
    let [a, b] = kinds.map(|kind| context.socket(kind).unwrap());
    for socket in [a, b] {
        set(socket, number::RCVTIMEO, 20_000);
        set(socket, number::SNDTIMEO, 20_000);
    }
    a.bind(endpoint.as_bytes()).unwrap();
    b.connect(text(a, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    (a, b)
}

fn end(context: &'static Context, sockets: &[&'static Socket]) {
    sockets.iter().for_each(|socket| socket.close());
    context.terminate().unwrap();
}

fn recv_from(socket: &Socket) -> (Vec<u8>, u32) {
    let mut msg = Msg::empty();
    socket.recv(&mut msg, 0).unwrap();
    (msg.data().to_vec(), msg.routing_id)
}

fn send_to(socket: &Socket, body: &[u8], number: u32) -> Result<(), Errno> {
    let mut msg = Msg::from_slice(body).unwrap();
    msg.routing_id = number;
    let result = socket.send(&mut msg, 0);
    assert_eq!(msg.is_empty(), result.is_ok(), "taken if and only if sent");
    result
}

#[test]
fn a_server_answers_its_clients() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (server, one) = connected(context, [kind::SERVER, kind::CLIENT], &endpoint);
        let two = context.socket(kind::CLIENT).unwrap();
        two.connect(text(server, number::LAST_ENDPOINT).as_bytes())
            .unwrap();
        set(two, number::RCVTIMEO, 20_000);
        assert_eq!(send_to(server, b"x", 1), Err(Errno::EHOSTUNREACH));
        // A number that the application left in a message means nothing to a client.
        send_to(one, b"one", 77).unwrap();
        send(two, b"two", false);
        let asked: HashMap<Vec<u8>, u32> = (0..2).map(|_| recv_from(server)).collect();
        assert!(!asked.values().any(|&number| number == 0));
        for (body, number) in &asked {
            send_to(server, body, *number).unwrap();
        }
        assert_eq!(recv_from(one), (b"one".to_vec(), 0), "{endpoint}");
        assert_eq!(recv_from(two), (b"two".to_vec(), 0), "{endpoint}");
        assert_eq!(server.send(&mut Msg::empty(), 2), Err(Errno::EINVAL));
        assert_eq!(one.send(&mut Msg::empty(), 2), Err(Errno::EINVAL));
        end(context, &[server, one, two]);
    }
}

#[test]
fn peers_know_each_other_by_number_and_hang_up() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let [a, b] = [(); 2].map(|()| context.socket(kind::PEER).unwrap());
        for socket in [a, b] {
            set(socket, number::RCVTIMEO, 20_000);
        }
        a.bind(endpoint.as_bytes()).unwrap();
        let endpoint = text(a, number::LAST_ENDPOINT);
        let a_at_b = b.connect_peer(endpoint.as_bytes()).unwrap();
        send_to(b, b"hello", a_at_b).unwrap();
        let (body, b_at_a) = recv_from(a);
        assert_eq!(body, b"hello");
        send_to(a, b"welcome", b_at_a).unwrap();
        assert_eq!(recv_from(b), (b"welcome".to_vec(), a_at_b));
        a.disconnect_peer(b_at_a).unwrap();
        assert_eq!(send_to(a, b"x", b_at_a), Err(Errno::EHOSTUNREACH));
        assert_eq!(a.disconnect_peer(b_at_a), Err(Errno::EHOSTUNREACH));
        if endpoint.starts_with("inproc") {
            // There is no reconnecting within a process.
            assert_eq!(send_to(b, b"x", a_at_b), Err(Errno::EHOSTUNREACH));
        } else {
            // Who was hung up on calls again, and is somebody else then. What it sends before it
            // notices is lost.
            let item = poll::Item {
                socket: Some(a),
                fd: -1,
                events: 1,
                revents: 0,
            };
            while poll::poll(&mut [item], 20) == Ok(0) {
                send_to(b, b"again", a_at_b).unwrap();
            }
            let (body, number) = recv_from(a);
            assert!(body == b"again" && number != b_at_a);
        }
        end(context, &[a, b]);
    }
}

#[test]
fn only_peers_are_connected_with_a_number() {
    let context = Context::create().unwrap();
    let client = context.socket(kind::CLIENT).unwrap();
    assert_eq!(client.connect_peer(b"inproc://x"), Err(Errno::ENOTSUP));
    assert_eq!(client.disconnect_peer(1), Err(Errno::ENOTSUP));
    assert_eq!(client.peer_state(b"x"), Err(Errno::ENOTSUP));
    let peer = context.socket(kind::PEER).unwrap();
    assert_ne!(peer.connect_peer(b"inproc://not bound yet"), Ok(0));
    set(peer, number::IMMEDIATE, 1);
    assert_eq!(peer.connect_peer(b"tcp://127.0.0.1:1"), Err(Errno::EFAULT));
    end(context, &[client, peer]);
}

#[test]
fn a_router_says_who_can_be_sent_to() {
    let context = Context::create().unwrap();
    let router = context.socket(kind::ROUTER).unwrap();
    set(router, number::SNDHWM, 1);
    router.bind(b"inproc://state").unwrap();
    assert_eq!(router.peer_state(b"X"), Err(Errno::EHOSTUNREACH));
    let dealer = context.socket(kind::DEALER).unwrap();
    set(dealer, number::RCVHWM, 1);
    dealer
        .set_option(number::ROUTING_ID, Some(b"X"), 1)
        .unwrap();
    dealer.connect(b"inproc://state").unwrap();
    for _ in 0..2 {
        assert_eq!(router.peer_state(b"X"), Ok(2));
        send(router, b"X", true);
        send(router, b"body", false);
    }
    assert_eq!(router.peer_state(b"X"), Ok(0));
    end(context, &[router, dealer]);
}

#[test]
fn a_replier_says_whom_it_could_answer() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (rep, nameless) = connected(context, [kind::REP, kind::REQ], &endpoint);
        let req = context.socket(kind::REQ).unwrap();
        req.set_option(number::ROUTING_ID, Some(b"X"), 1).unwrap();
        set(req, number::RCVTIMEO, 20_000);
        req.connect(text(rep, number::LAST_ENDPOINT).as_bytes())
            .unwrap();
        assert_eq!(rep.peer_state(b"Y"), Err(Errno::EHOSTUNREACH));
        for asking in [req, nameless] {
            send(asking, b"question", false);
            assert_eq!(recv(rep).0, b"question");
            send(rep, b"answer", false);
            assert_eq!(recv(asking).0, b"answer");
        }
        assert_eq!(rep.peer_state(b"X"), Ok(2), "{endpoint}");
        assert_eq!(rep.peer_state(b""), Err(Errno::EHOSTUNREACH));
        end(context, &[rep, nameless, req]);
    }
}

#[test]
fn threads_share_sockets_without_losing_anything() {
    const THREADS: u32 = 4;
    const EACH: u32 = 5_000;
    for kinds in [
        [kind::GATHER, kind::SCATTER],
        [kind::SERVER, kind::CLIENT],
        [kind::CHANNEL, kind::CHANNEL],
    ] {
        for endpoint in endpoints() {
            let context = Context::create().unwrap();
            let (to, from) = connected(context, kinds, &endpoint);
            // Small marks, so that all of them wait now and then.
            set(to, number::RCVHWM, 10);
            set(from, number::SNDHWM, 10);
            let senders: Vec<_> = (0..THREADS)
                .map(|sender| {
                    thread::spawn(move || {
                        for i in 0..EACH {
                            send(from, &(sender * EACH + i).to_ne_bytes(), false);
                        }
                    })
                })
                .collect();
            let receivers: Vec<_> = (0..THREADS)
                .map(|_| {
                    thread::spawn(move || -> Vec<u32> {
                        let mut all = Vec::new();
                        loop {
                            let body = recv(to).0;
                            match body.try_into() {
                                Ok(number) => all.push(u32::from_ne_bytes(number)),
                                Err(_) => return all,
                            }
                        }
                    })
                })
                .collect();
            senders
                .into_iter()
                .for_each(|sender| sender.join().unwrap());
            for _ in 0..THREADS {
                send(from, b"end", false);
            }
            let mut all: Vec<u32> = receivers
                .into_iter()
                .flat_map(|receiver| receiver.join().unwrap())
                .collect();
            all.sort_unstable();
            assert!(
                all == (0..THREADS * EACH).collect::<Vec<u32>>(),
                "{kinds:?} {endpoint}"
            );
            end(context, &[to, from]);
        }
    }
}

#[test]
fn threads_share_a_server_that_answers_while_it_is_asked() {
    let context = Context::create().unwrap();
    let (server, client) = connected(context, [kind::SERVER, kind::CLIENT], "tcp://127.0.0.1:*");
    let workers: Vec<_> = (0..3)
        .map(|_| {
            thread::spawn(move || {
                let mut msg = Msg::empty();
                loop {
                    match server.recv(&mut msg, 0) {
                        Ok(()) => server.send(&mut msg, 0).unwrap(),
                        Err(errno) => return errno,
                    }
                }
            })
        })
        .collect();
    for i in 0..2_000_u32 {
        send(client, &i.to_ne_bytes(), false);
        assert_eq!(recv(client).0, i.to_ne_bytes());
    }
    context.shutdown().unwrap();
    for worker in workers {
        assert_eq!(worker.join().unwrap(), Errno::ETERM);
    }
    end(context, &[server, client]);
}

#[test]
fn the_types_for_threads_have_no_descriptor() {
    let context = Context::create().unwrap();
    for kind in kind::SERVER..=kind::CHANNEL {
        let socket = context.socket(kind).unwrap();
        let safe = kind != kind::DGRAM;
        let mut buffer = [0; 4];
        assert_eq!(socket.get_option(number::THREAD_SAFE, &mut buffer), Ok(4));
        assert_eq!(i32::from_ne_bytes(buffer), i32::from(safe));
        let fd = socket.get_option(number::FD, &mut buffer);
        assert_eq!(fd.is_err(), safe, "{kind}");
        socket.close();
    }
    context.terminate().unwrap();
}
