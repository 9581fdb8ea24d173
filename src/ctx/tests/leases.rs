//! Conversations in which the application's threads read for themselves.

use std::time::Instant;

use super::*;

/// So much of a conversation that either end reads for itself.
fn converse(a: &Socket, b: &Socket) {
    for _ in 0..50 {
        send(b, b"ask", false);
        assert_eq!(recv(a).0, b"ask");
        send(a, b"answer", false);
        assert_eq!(recv(b).0, b"answer");
    }
}

fn over(context: &'static Context, sockets: [&'static Socket; 2]) {
    for socket in sockets {
        set(socket, number::LINGER, 0);
        socket.close();
    }
    context.terminate().unwrap();
}

#[test]
fn a_busy_application_is_no_dead_peer() {
    let context = Context::create().unwrap();
    let (a, b) = (
        context.socket(kind::PAIR).unwrap(),
        context.socket(kind::PAIR).unwrap(),
    );
    for socket in [a, b] {
        set(socket, number::RCVTIMEO, 20_000);
    }
    set(a, number::HEARTBEAT_IVL, 50);
    set(a, number::HEARTBEAT_TIMEOUT, 200);
    a.bind(b"tcp://127.0.0.1:*").unwrap();
    // It must not come back unnoticed.
    set(b, number::RECONNECT_IVL, -1);
    b.connect(text(a, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    converse(a, b);
    // Both compute: whatever is silent for 200 ms is hung up on.
    std::thread::sleep(Duration::from_secs(1));
    converse(a, b);
    over(context, [a, b]);
}

#[test]
fn who_stops_waiting_finds_what_came_meanwhile() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "tcp://127.0.0.1:*");
    for wait in [false, true] {
        converse(a, b);
        send(b, b"ask", false);
        if wait {
            assert_eq!(recv(a).0, b"ask");
            set(a, number::RCVTIMEO, 1);
            assert_eq!(a.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
            set(a, number::RCVTIMEO, 20_000);
            send(b, b"ask", false);
        }
        // Without ever waiting.
        let begin = Instant::now();
        while a.events().unwrap() & crate::socket::POLLIN == 0 {
            assert!(begin.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        assert_eq!(recv(a).0, b"ask");
        send(a, b"answer", false);
        assert_eq!(recv(b).0, b"answer");
    }
    over(context, [a, b]);
}

/// The loop of many programs: wait, take all there is, answer. Whoever looks once more after that
/// keeps the stream, and whoever looks on gets what comes.
#[test]
fn who_takes_all_there_is_waits_again() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "tcp://127.0.0.1:*");
    for looks in [1, 2, 3] {
        let server = std::thread::spawn(move || {
            let mut item = [poll::Item {
                socket: Some(a),
                fd: -1,
                events: 1,
                revents: 0,
            }];
            // The peer may be so quick that several are there at once.
            let mut answered = 0;
            while answered < 200 {
                assert_eq!(poll::poll(&mut item, 20_000), Ok(1));
                let mut msg = Msg::empty();
                while a.recv(&mut msg, 1).is_ok() {
                    send(a, msg.data(), false);
                    answered += 1;
                }
                for _ in 1..looks {
                    // The peer may be quick.
                    if a.events().unwrap() & crate::socket::POLLIN != 0 {
                        break;
                    }
                }
            }
        });
        for round in 0..200_u32 {
            send(b, &round.to_ne_bytes(), false);
            assert_eq!(recv(b).0, round.to_ne_bytes());
        }
        server.join().unwrap();
    }
    over(context, [a, b]);
}

#[test]
fn a_second_peer_is_heard_as_well() {
    let context = Context::create().unwrap();
    let server = context.socket(kind::REP).unwrap();
    set(server, number::RCVTIMEO, 20_000);
    server.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(server, number::LAST_ENDPOINT);
    let client = || {
        let client = context.socket(kind::REQ).unwrap();
        set(client, number::RCVTIMEO, 20_000);
        client.connect(endpoint.as_bytes()).unwrap();
        client
    };
    let first = client();
    converse(server, first);
    // The server waits for the first one, and is asked by the second.
    let waiting = std::thread::spawn(move || {
        assert_eq!(recv(server).0, b"hello");
        send(server, b"welcome", false);
    });
    let second = client();
    send(second, b"hello", false);
    assert_eq!(recv(second).0, b"welcome");
    waiting.join().unwrap();
    converse(server, first);
    first.close();
    over(context, [second, server]);
}

#[test]
fn a_wait_ends_with_the_context_and_with_the_peer() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "ipc://*");
    converse(a, b);
    send(a, b"last words", false);
    let waiting = std::thread::spawn(move || {
        let result = a.recv(&mut Msg::empty(), 0);
        a.close();
        result
    });
    assert_eq!(recv(b).0, b"last words");
    b.close();
    context.terminate().unwrap();
    assert_eq!(waiting.join().unwrap(), Err(Errno::ETERM));
}

#[test]
fn nothing_is_lost_while_peers_converse_pause_and_come_back() {
    let context = Context::create().unwrap();
    let threads: Vec<_> = (0..4_u32)
        .map(|pair| {
            std::thread::spawn(move || {
                let (a, b) = pairs(context, ["tcp://127.0.0.1:*", "ipc://*"][pair as usize % 2]);
                let echo = std::thread::spawn(move || {
                    loop {
                        let (body, _) = recv(a);
                        send(a, &body, false);
                        if body == b"end" {
                            a.close();
                            return;
                        }
                    }
                });
                for round in 0..2000_u32 {
                    // Now and then several at once, or one after a while.
                    let burst = if round % 50 == pair { 20 } else { 1 };
                    for number in 0..burst {
                        send(b, &[round, number].map(u32::to_ne_bytes).concat(), false);
                    }
                    for number in 0..burst {
                        let expected = [round, number].map(u32::to_ne_bytes).concat();
                        assert_eq!(recv(b).0, expected);
                    }
                    if round % 500 == 0 {
                        std::thread::sleep(Duration::from_millis(15));
                    }
                }
                send(b, b"end", false);
                assert_eq!(recv(b).0, b"end");
                echo.join().unwrap();
                b.close();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    context.terminate().unwrap();
}
