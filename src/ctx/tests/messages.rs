//! What a socket says to new peers, and hears of those that come, go and come back.

use std::time::Instant;

use super::*;

fn put(socket: &Socket, option: i32, octets: &[u8]) {
    socket
        .set_option(option, Some(octets), octets.len())
        .unwrap();
}

fn limited(context: &'static Context, kind: i32) -> &'static Socket {
    let socket = context.socket(kind).unwrap();
    set(socket, number::RCVTIMEO, 20_000);
    socket
}

fn connect(from: &Socket, to: &Socket) {
    from.connect(text(to, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
}

/// A whole message, its parts joined by `|`.
fn whole(socket: &Socket) -> String {
    let mut parts = Vec::new();
    loop {
        let (body, more) = recv(socket);
        parts.push(String::from_utf8(body).unwrap());
        if !more {
            return parts.join("|");
        }
    }
}

#[test]
fn both_sides_say_hello_first() {
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let (router, dealer) = (
            limited(context, kind::ROUTER),
            limited(context, kind::DEALER),
        );
        put(router, number::HELLO_MSG, b"welcome");
        put(dealer, number::HELLO_MSG, b"hello");
        put(dealer, number::ROUTING_ID, b"X");
        router.bind(endpoint.as_bytes()).unwrap();
        connect(dealer, router);
        send(dealer, b"body", false);
        assert_eq!(whole(dealer), "welcome");
        assert_eq!(whole(router), "X|hello", "{endpoint}");
        assert_eq!(whole(router), "X|body");
        dealer.close();
        router.close();
        context.terminate().unwrap();
    }
}

#[test]
fn hello_waits_for_who_binds_later_and_types_without_it_say_nothing() {
    let context = Context::create().unwrap();
    let (server, client) = (
        limited(context, kind::SERVER),
        limited(context, kind::CLIENT),
    );
    put(server, number::HELLO_MSG, b"welcome");
    put(client, number::HELLO_MSG, b"hello");
    client.connect(b"inproc://late").unwrap();
    server.bind(b"inproc://late").unwrap();
    assert_eq!(
        (whole(client), whole(server)),
        ("welcome".into(), "hello".into())
    );
    let (push, pull) = (limited(context, kind::PUSH), limited(context, kind::PULL));
    for socket in [push, pull] {
        put(socket, number::HELLO_MSG, b"no");
        put(socket, number::DISCONNECT_MSG, b"no");
        put(socket, number::HICCUP_MSG, b"no");
    }
    pull.bind(b"tcp://127.0.0.1:*").unwrap();
    connect(push, pull);
    send(push, b"yes", false);
    push.close();
    assert_eq!(whole(pull), "yes");
    set(pull, number::RCVTIMEO, 50);
    assert_eq!(pull.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
    [server, client, pull]
        .iter()
        .for_each(|socket| socket.close());
    context.terminate().unwrap();
}

#[test]
fn peers_that_go_are_heard_of_behind_all_they_said() {
    for endpoint in endpoints() {
        for closes in [true, false] {
            let context = Context::create().unwrap();
            let (router, dealer) = (
                limited(context, kind::ROUTER),
                limited(context, kind::DEALER),
            );
            put(router, number::DISCONNECT_MSG, b"gone");
            set(router, number::RCVHWM, 2);
            put(dealer, number::ROUTING_ID, b"X");
            router.bind(endpoint.as_bytes()).unwrap();
            connect(dealer, router);
            send(dealer, b"1", false);
            send(dealer, b"2", true);
            send(dealer, b"3", false);
            if closes {
                dealer.close();
            } else {
                dealer
                    .disconnect(text(dealer, number::LAST_ENDPOINT).as_bytes())
                    .unwrap();
            }
            for expected in ["X|1", "X|2|3", "X|gone"] {
                assert_eq!(whole(router), expected, "{endpoint}");
            }
            dealer.close();
            router.close();
            context.terminate().unwrap();
        }
    }
}

#[test]
fn who_hangs_up_hears_nothing() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        let context = Context::create().unwrap();
        let (server, client) = (
            limited(context, kind::SERVER),
            limited(context, kind::CLIENT),
        );
        put(server, number::DISCONNECT_MSG, b"gone");
        server.bind(endpoint.as_bytes()).unwrap();
        connect(client, server);
        send(client, b"x", false);
        assert_eq!(whole(server), "x");
        let bound = text(server, number::LAST_ENDPOINT);
        server.unbind(bound.as_bytes()).unwrap();
        set(server, number::RCVTIMEO, 50);
        assert_eq!(server.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
        client.close();
        server.close();
        context.terminate().unwrap();
    }
}

#[test]
fn a_lost_server_is_a_hiccup_and_hello_is_said_again() {
    let context = Context::create().unwrap();
    let (first, client) = (
        limited(context, kind::SERVER),
        limited(context, kind::CLIENT),
    );
    set(client, number::RECONNECT_IVL, 10);
    put(client, number::HELLO_MSG, b"hello");
    put(client, number::HICCUP_MSG, b"hiccup");
    first.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(first, number::LAST_ENDPOINT);
    client.connect(endpoint.as_bytes()).unwrap();
    assert_eq!(whole(first), "hello");
    first.unbind(endpoint.as_bytes()).unwrap();
    first.close();
    assert_eq!(whole(client), "hiccup");
    let second = limited(context, kind::SERVER);
    second.bind(endpoint.as_bytes()).unwrap();
    assert_eq!(whole(second), "hello");
    // Once for each loss.
    set(client, number::RCVTIMEO, 50);
    assert_eq!(client.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
    second.close();
    client.close();
    context.terminate().unwrap();
}

#[test]
fn a_router_notices_peers_that_come_and_go() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
        for notify in 1..=3 {
            let context = Context::create().unwrap();
            let (router, dealer) = (
                limited(context, kind::ROUTER),
                limited(context, kind::DEALER),
            );
            set(router, number::ROUTER_NOTIFY, notify);
            put(dealer, number::ROUTING_ID, b"X");
            router.bind(endpoint.as_bytes()).unwrap();
            connect(dealer, router);
            send(dealer, b"body", false);
            dealer.close();
            let mut expected = vec!["X|body"];
            if notify & 1 != 0 {
                expected.insert(0, "X|");
            }
            if notify & 2 != 0 {
                expected.push("X|");
            }
            for expected in expected {
                assert_eq!(whole(router), expected, "{endpoint} {notify}");
            }
            router.close();
            context.terminate().unwrap();
        }
    }
}

#[test]
fn who_disconnects_may_want_no_more_reconnecting() {
    let context = Context::create().unwrap();
    // An address that nobody listens at: it was given back.
    let other = limited(context, kind::PULL);
    other.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(other, number::LAST_ENDPOINT);
    other.unbind(endpoint.as_bytes()).unwrap();
    let push = limited(context, kind::PUSH);
    set(push, number::RECONNECT_STOP, 4);
    set(push, number::RECONNECT_IVL, 10);
    push.connect(endpoint.as_bytes()).unwrap();
    send(push, b"for nobody", false);
    push.disconnect(endpoint.as_bytes()).unwrap();
    push.close();
    other.close();
    // It would linger for ever.
    let before = Instant::now();
    context.terminate().unwrap();
    assert!(before.elapsed() < Duration::from_secs(10));
}

#[test]
fn metadata_is_told_in_the_handshake() {
    let context = Context::create().unwrap();
    let (pull, push) = (limited(context, kind::PULL), limited(context, kind::PUSH));
    put(push, number::METADATA, b"X-name:first");
    put(push, number::METADATA, b"X-name:value");
    put(push, number::METADATA, b"X-other:more: than a word");
    pull.bind(b"tcp://127.0.0.1:*").unwrap();
    connect(push, pull);
    send(push, b"x", false);
    let mut msg = Msg::empty();
    pull.recv(&mut msg, 0).unwrap();
    let known = msg.metadata().unwrap();
    assert_eq!(known.get("X-name"), Some(c"value"));
    assert_eq!(known.get("x-OTHER"), Some(c"more: than a word"));
    push.close();
    pull.close();
    context.terminate().unwrap();
}

#[test]
fn batches_of_any_size_carry_messages_of_any_size() {
    for batch in [1, 7, 8192, 1 << 20] {
        let context = Context::create().unwrap();
        let (pull, push) = (limited(context, kind::PULL), limited(context, kind::PUSH));
        for socket in [pull, push] {
            set(socket, number::IN_BATCH_SIZE, batch);
            set(socket, number::OUT_BATCH_SIZE, batch);
        }
        pull.bind(b"tcp://127.0.0.1:*").unwrap();
        connect(push, pull);
        for size in [0, 1, 255, 256, 3000, 20_000] {
            let body = vec![size as u8; size];
            send(push, &body, false);
            assert!(recv(pull).0 == body, "{size} octets by {batch}");
        }
        push.close();
        pull.close();
        context.terminate().unwrap();
    }
}
