//! One publisher and many subscribers in the same process.

use std::sync::Barrier;
use std::thread;

use super::*;

/// More than the publisher wakes itself.
const CROWD: usize = 40;

fn subscriber(context: &'static Context, endpoint: &[u8]) -> &'static Socket {
    let socket = context.socket(kind::SUB).unwrap();
    set(socket, number::RCVTIMEO, 20_000);
    socket.set_option(number::SUBSCRIBE, Some(b""), 0).unwrap();
    socket.connect(endpoint).unwrap();
    socket
}

fn publisher(context: &'static Context, endpoint: &[u8]) -> &'static Socket {
    let socket = context.socket(kind::XPUB).unwrap();
    set(socket, number::XPUB_VERBOSE, 1);
    set(socket, number::XPUB_NODROP, 1);
    set(socket, number::RCVTIMEO, 20_000);
    set(socket, number::SNDTIMEO, 20_000);
    socket.bind(endpoint).unwrap();
    socket
}

/// Every message finds all of them asleep or about to be.
#[test]
fn a_crowd_that_sleeps_hears_each_message() {
    for threads in [0, 1, 3] {
        let context = Context::create().unwrap();
        context
            .set(crate::options::context::number::IO_THREADS, threads)
            .unwrap();
        let endpoint = b"inproc://crowd";
        let xpub = publisher(context, endpoint);
        let heard = Barrier::new(CROWD + 1);
        thread::scope(|scope| {
            for _ in 0..CROWD {
                scope.spawn(|| {
                    let sub = subscriber(context, endpoint);
                    for round in 0..200_u32 {
                        assert_eq!(recv(sub).0, round.to_ne_bytes());
                        heard.wait();
                    }
                    sub.close();
                });
            }
            for _ in 0..CROWD {
                recv(xpub);
            }
            for round in 0..200_u32 {
                send(xpub, &round.to_ne_bytes(), false);
                heard.wait();
            }
        });
        xpub.close();
        context.terminate().unwrap();
    }
}

#[test]
fn what_was_published_to_a_crowd_is_there_when_the_call_returns() {
    let context = Context::create().unwrap();
    let endpoint = b"inproc://crowd";
    let xpub = publisher(context, endpoint);
    let subs: Vec<_> = (0..CROWD).map(|_| subscriber(context, endpoint)).collect();
    for _ in 0..CROWD {
        recv(xpub);
    }
    for round in 0..50_u32 {
        send(xpub, &round.to_ne_bytes(), false);
        for sub in &subs {
            let mut msg = Msg::empty();
            sub.recv(&mut msg, 1).unwrap();
            assert_eq!(msg.data(), round.to_ne_bytes());
            assert_eq!(sub.recv(&mut msg, 1), Err(Errno::EAGAIN));
        }
    }
    subs.iter().for_each(|sub| sub.close());
    xpub.close();
    context.terminate().unwrap();
}

/// Subscribers come and go while a stream is published; those that stay miss nothing.
#[test]
fn a_crowd_that_changes_loses_nothing() {
    let context = Context::create().unwrap();
    let endpoint = b"inproc://crowd";
    let xpub = publisher(context, endpoint);
    thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                let sub = subscriber(context, endpoint);
                for number in 0..5_000_u32 {
                    assert_eq!(recv(sub).0, number.to_ne_bytes());
                }
                sub.close();
            });
        }
        for _ in 0..CROWD {
            recv(xpub);
        }
        scope.spawn(|| {
            for _ in 0..100 {
                let passer_by = subscriber(context, endpoint);
                set(passer_by, number::RCVTIMEO, 1);
                let _ = passer_by.recv(&mut Msg::empty(), 0);
                passer_by.close();
            }
        });
        for number in 0..5_000_u32 {
            send(xpub, &number.to_ne_bytes(), false);
        }
    });
    xpub.close();
    context.terminate().unwrap();
}
