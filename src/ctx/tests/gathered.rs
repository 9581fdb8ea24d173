//! Conversations with many peers, whose streams the application's thread borrows all at once.

use std::sync::Weak;
use std::time::Instant;

use super::*;
use crate::proto::curve::SecretKey;
use crate::runtime::Nest;

const DISCONNECTED: u64 = 0x200;

/// A ROUTER in a context of its own, and DEALERs in another one.
struct World {
    contexts: [&'static Context; 2],
    server: &'static Socket,
    clients: Vec<&'static Socket>,
}

impl World {
    fn new(clients: usize) -> World {
        World::with(clients, &[])
    }

    fn with(clients: usize, options: &[(i32, i32)]) -> World {
        World::threaded(1, clients, options)
    }

    /// So many I/O threads has the server's context.
    fn threaded(threads: i32, clients: usize, options: &[(i32, i32)]) -> World {
        let contexts = [(); 2].map(|()| Context::create().unwrap());
        contexts[0]
            .set(crate::options::context::number::IO_THREADS, threads)
            .unwrap();
        let server = contexts[0].socket(kind::ROUTER).unwrap();
        set(server, number::RCVTIMEO, 20_000);
        set(server, number::HEARTBEAT_IVL, 50);
        set(server, number::HEARTBEAT_TIMEOUT, 500);
        for &(option, value) in options {
            set(server, option, value);
        }
        server.bind(b"tcp://127.0.0.1:*").unwrap();
        let endpoint = text(server, number::LAST_ENDPOINT);
        let client = |_| {
            let client = contexts[1].socket(kind::DEALER).unwrap();
            set(client, number::RCVTIMEO, 20_000);
            // It must not come back unnoticed.
            set(client, number::RECONNECT_IVL, -1);
            client.connect(endpoint.as_bytes()).unwrap();
            client
        };
        World {
            contexts,
            server,
            clients: (0..clients).map(client).collect(),
        }
    }

    /// Each client asks, and is answered, so many times.
    fn converse(&self, rounds: u32) {
        for round in 0..rounds {
            for client in &self.clients {
                send(client, &round.to_ne_bytes(), false);
            }
            for client in &self.clients {
                assert_eq!(recv(client).0, round.to_ne_bytes());
            }
        }
    }

    /// The same without the first one.
    fn converse_others(&self, rounds: u32) {
        for round in 0..rounds {
            for client in &self.clients[1..] {
                send(client, &round.to_ne_bytes(), false);
            }
            for client in &self.clients[1..] {
                assert_eq!(recv(client).0, round.to_ne_bytes());
            }
        }
    }

    /// Converses until the server has borrowed the streams.
    fn converse_gathered(&self) {
        let begin = Instant::now();
        while !self.server.is_lent() {
            self.converse(5);
            assert!(begin.elapsed() < Duration::from_secs(20));
        }
    }

    fn end(self) {
        for socket in self.clients.iter().chain([&self.server]) {
            set(socket, number::LINGER, 0);
            socket.close();
        }
        for context in self.contexts {
            context.terminate().unwrap();
        }
    }
}

/// Answers a request with what it says, and returns that.
fn answer(server: &Socket) -> Vec<u8> {
    let id = recv(server).0;
    let body = recv(server).0;
    send(server, &id, true);
    send(server, &body, false);
    body
}

/// Has the thread that serves end.
fn end_server(world: &World, server: std::thread::JoinHandle<()>) {
    send(world.clients[0], b"end", false);
    assert_eq!(recv(world.clients[0]).0, b"end");
    server.join().unwrap();
}

fn serve(server: &'static Socket) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || while answer(server) != b"end" {})
}

#[test]
fn a_busy_application_hears_and_answers_its_peers() {
    let world = World::new(5);
    let server = serve(world.server);
    world.converse_gathered();
    end_server(&world, server);
    // It computes: whoever is silent for 500 ms is hung up on.
    std::thread::sleep(Duration::from_millis(1500));
    let server = serve(world.server);
    world.converse(10);
    end_server(&world, server);
    world.end();
}

#[test]
fn what_is_sent_between_two_waits_leaves_at_once() {
    let world = World::new(3);
    let (server, handle) = (world.server, serve(world.server));
    world.converse_gathered();
    end_server(&world, handle);
    // One answer is written by the thread that sends, all further ones are the I/O thread's.
    send(world.clients[0], b"ask", false);
    let id = recv(server).0;
    assert_eq!(recv(server).0, b"ask");
    for _ in 0..100 {
        send(server, &id, true);
        send(server, b"more", false);
    }
    for _ in 0..100 {
        assert_eq!(recv(world.clients[0]).0, b"more");
    }
    world.end();
}

#[test]
fn peers_come_and_go_meanwhile() {
    let mut world = World::new(3);
    let server = serve(world.server);
    let endpoint = text(world.server, number::LAST_ENDPOINT);
    for round in 0..30_u32 {
        world.converse_gathered();
        let client = world.contexts[1].socket(kind::DEALER).unwrap();
        set(client, number::RCVTIMEO, 20_000);
        client.connect(endpoint.as_bytes()).unwrap();
        send(client, &round.to_ne_bytes(), false);
        assert_eq!(recv(client).0, round.to_ne_bytes());
        world.clients.push(client);
        world.converse(5);
        if round % 3 > 0 {
            // At times with a request under way.
            let gone = world.clients.swap_remove(1);
            if round % 3 == 1 {
                send(gone, b"unheard", false);
            }
            gone.close();
        }
    }
    end_server(&world, server);
    world.end();
}

/// Waits for the streams of so many peers to be together.
fn expect_nest(socket: &Socket, peers: usize, mut converse: impl FnMut()) -> Weak<Nest> {
    let begin = Instant::now();
    loop {
        converse();
        if let Some(nest) = socket.nest()
            && nest.strong_count() == 1 + peers
        {
            return nest;
        }
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
}

/// Waits for them to be so no more.
fn expect_gone(nest: &Weak<Nest>, mut converse: impl FnMut()) {
    let begin = Instant::now();
    while nest.upgrade().is_some() {
        converse();
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn the_last_peers_stream_goes_back() {
    let mut world = World::new(3);
    let server = serve(world.server);
    let endpoint = text(world.server, number::LAST_ENDPOINT);
    for _ in 0..5 {
        let nest = expect_nest(world.server, 3, || world.converse(1));
        world.clients.drain(1..).for_each(|client| client.close());
        expect_gone(&nest, || world.converse(1));
        assert!(world.server.nest().is_none());
        // It is served by turns with pauses in which the I/O thread hears its heartbeats.
        for _ in 0..3 {
            world.converse(20);
            std::thread::sleep(Duration::from_millis(200));
        }
        for _ in 0..2 {
            let client = world.contexts[1].socket(kind::DEALER).unwrap();
            set(client, number::RCVTIMEO, 20_000);
            client.connect(endpoint.as_bytes()).unwrap();
            world.clients.push(client);
        }
    }
    end_server(&world, server);
    world.end();
}

/// Who asks two servers: of the one the connection is lost, and the other is disconnected from
/// meanwhile.
#[test]
fn a_connection_to_come_goes_back_too() {
    let worlds = [World::new(0), World::new(0)];
    let endpoints = worlds
        .each_ref()
        .map(|world| text(world.server, number::LAST_ENDPOINT));
    let handles = worlds.each_ref().map(|world| serve(world.server));
    let asker = worlds[0].contexts[1].socket(kind::DEALER).unwrap();
    set(asker, number::RCVTIMEO, 20_000);
    set(asker, number::RECONNECT_IVL, 20);
    for endpoint in &endpoints {
        asker.connect(endpoint.as_bytes()).unwrap();
    }
    let name = b"inproc://lost";
    asker
        .monitor(Some(name), DISCONNECTED, 2, kind::PAIR)
        .unwrap();
    let lost = worlds[0].contexts[1].socket(kind::PAIR).unwrap();
    set(lost, number::RCVTIMEO, 20_000);
    lost.connect(name).unwrap();
    let ask = |what: &[u8]| {
        send(asker, what, false);
        assert_eq!(recv(asker).0, what);
    };
    let nest = expect_nest(asker, 2, || ask(b"ask"));
    // Each hears it once, as messages go to them by turns.
    ask(b"end");
    ask(b"end");
    for handle in handles {
        handle.join().unwrap();
    }
    worlds[0].server.unbind(endpoints[0].as_bytes()).unwrap();
    worlds[0].server.close();
    // What is sent before it has heard of that goes down with the connection.
    assert_eq!(monitors::event(lost).0, DISCONNECTED);
    asker.disconnect(endpoints[1].as_bytes()).unwrap();
    set(asker, number::RCVTIMEO, 5);
    expect_gone(&nest, || {
        assert_eq!(asker.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
    });
    set(asker, number::RCVTIMEO, 20_000);
    let again = worlds[0].contexts[0].socket(kind::ROUTER).unwrap();
    set(again, number::RCVTIMEO, 20_000);
    again.bind(endpoints[0].as_bytes()).unwrap();
    let handle = serve(again);
    ask(b"ask");
    ask(b"end");
    handle.join().unwrap();
    for socket in [again, lost, asker, worlds[1].server] {
        set(socket, number::LINGER, 0);
        socket.close();
    }
    for context in worlds.iter().flat_map(|world| world.contexts) {
        context.terminate().unwrap();
    }
}

#[test]
fn ciphers_keep_their_streams_apart() {
    let world = World::new(0);
    let secret = SecretKey::new([7; 32]);
    let server = world.contexts[0].socket(kind::ROUTER).unwrap();
    set(server, number::RCVTIMEO, 20_000);
    set(server, number::CURVE_SERVER, 1);
    set_bytes(server, number::CURVE_SECRETKEY, &[7; 32]);
    server.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(server, number::LAST_ENDPOINT);
    let clients = [9, 11].map(|own| {
        let client = world.contexts[1].socket(kind::DEALER).unwrap();
        set(client, number::RCVTIMEO, 20_000);
        set_bytes(client, number::CURVE_SERVERKEY, &secret.public());
        let public = SecretKey::new([own; 32]).public();
        set_bytes(client, number::CURVE_PUBLICKEY, &public);
        set_bytes(client, number::CURVE_SECRETKEY, &[own; 32]);
        client.connect(endpoint.as_bytes()).unwrap();
        client
    });
    let handle = serve(server);
    for round in 0..100_u32 {
        for client in clients {
            send(client, &round.to_ne_bytes(), false);
        }
        for client in clients {
            assert_eq!(recv(client).0, round.to_ne_bytes());
        }
        assert!(server.nest().is_none());
    }
    send(clients[0], b"end", false);
    assert_eq!(recv(clients[0]).0, b"end");
    handle.join().unwrap();
    for socket in clients.into_iter().chain([server]) {
        socket.close();
    }
    world.end();
}

#[test]
fn several_io_threads_keep_the_streams() {
    let world = World::threaded(2, 4, &[]);
    let server = serve(world.server);
    for _ in 0..20 {
        world.converse(5);
        assert!(!world.server.is_lent());
    }
    end_server(&world, server);
    world.end();
}

/// Of one peer's requests more come than the pipe holds.
#[test]
fn a_full_pipe_is_read_on_once_there_is_room() {
    let world = World::with(3, &[(number::RCVHWM, 5)]);
    let server = serve(world.server);
    world.converse_gathered();
    for round in 0..20_u32 {
        for number in 0..300_u32 {
            send(
                world.clients[0],
                &[round, number].map(u32::to_ne_bytes).concat(),
                false,
            );
        }
        world.converse_others(5);
        for number in 0..300_u32 {
            let expected = [round, number].map(u32::to_ne_bytes).concat();
            assert_eq!(recv(world.clients[0]).0, expected);
        }
        world.converse(5);
    }
    end_server(&world, server);
    world.end();
}

/// One receives and answers, then the other, each in its time.
#[test]
fn two_threads_use_the_socket_by_turns() {
    let world = World::new(3);
    for _ in 0..10 {
        let handle = serve(world.server);
        world.converse_gathered();
        end_server(&world, handle);
    }
    world.end();
}

#[test]
fn who_polls_hears_many_peers_and_others() {
    let world = World::new(4);
    let other = World::new(4);
    let servers = [world.server, other.server];
    let handle = std::thread::spawn(move || {
        loop {
            let mut items = servers.map(|server| poll::Item {
                socket: Some(server),
                fd: -1,
                events: 1,
                revents: 0,
            });
            assert!(poll::poll(&mut items, 20_000).unwrap() > 0);
            for item in items.iter().filter(|item| item.revents != 0) {
                if answer(item.socket.unwrap()) == b"end" {
                    return;
                }
            }
        }
    });
    for _ in 0..100 {
        world.converse(2);
        other.converse(3);
    }
    end_server(&world, handle);
    world.end();
    other.end();
}

#[test]
fn who_stops_waiting_finds_what_came_meanwhile() {
    let world = World::new(3);
    let handle = serve(world.server);
    world.converse_gathered();
    end_server(&world, handle);
    for round in 0..5_u32 {
        send(world.clients[1], &round.to_ne_bytes(), false);
        let begin = Instant::now();
        while world.server.events().unwrap() & crate::socket::POLLIN == 0 {
            assert!(begin.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        assert_eq!(answer(world.server), round.to_ne_bytes());
        assert_eq!(recv(world.clients[1]).0, round.to_ne_bytes());
    }
    world.end();
}

#[test]
fn waits_end_in_time_and_with_the_context() {
    let world = World::new(3);
    let server = world.server;
    let handle = serve(server);
    world.converse_gathered();
    end_server(&world, handle);
    set(server, number::RCVTIMEO, 1);
    for _ in 0..20 {
        let begin = Instant::now();
        assert_eq!(server.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
        assert!(begin.elapsed() >= Duration::from_millis(1));
    }
    set(server, number::RCVTIMEO, 20_000);
    let handle = serve(server);
    world.converse_gathered();
    let ended = std::thread::spawn(move || world.contexts[0].terminate().unwrap());
    // Its `recv` says so by a panic of that thread alone.
    assert!(handle.join().is_err());
    server.close();
    ended.join().unwrap();
    for client in world.clients {
        set(client, number::LINGER, 0);
        client.close();
    }
    world.contexts[1].terminate().unwrap();
}

#[test]
fn nothing_is_lost_while_many_peers_converse_pause_and_go() {
    let world = World::new(20);
    let server = serve(world.server);
    for round in 0..60 {
        world.converse(20);
        if round % 20 == 0 {
            std::thread::sleep(Duration::from_millis(15));
        }
        // Many at once.
        for number in 0..20_u32 {
            send(world.clients[round % 20], &number.to_ne_bytes(), false);
        }
        for number in 0..20_u32 {
            assert_eq!(recv(world.clients[round % 20]).0, number.to_ne_bytes());
        }
    }
    end_server(&world, server);
    world.end();
}
