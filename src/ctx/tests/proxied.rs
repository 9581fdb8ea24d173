//! Through SOCKS5 proxies: honest ones, slow ones, and all that refuse, lie or fall silent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

/// What a proxy says next: it reads so many octets first, then says this.
type Line = (usize, &'static [u8]);

/// A proxy of which the last customer is served.
struct Proxy {
    address: String,
    served: JoinHandle<io::Result<Vec<u8>>>,
}

/// A proxy that follows one script for each customer and hangs up, and connects the customer after
/// them to the place it was asked for. It gives back what that customer said to be connected.
fn proxy(scripts: Vec<Vec<Line>>, method: u8) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = std::thread::spawn(move || {
        for script in scripts {
            let (mut customer, _) = listener.accept()?;
            for (said, line) in script {
                customer.read_exact(&mut vec![0; said])?;
                customer.write_all(line)?;
            }
        }
        let (customer, _) = listener.accept()?;
        serve(customer, method)
    });
    Proxy { address, served }
}

fn serve(mut customer: TcpStream, method: u8) -> io::Result<Vec<u8>> {
    customer.set_nodelay(true)?;
    let mut said = vec![0; 3];
    customer.read_exact(&mut said)?;
    customer.write_all(&[5, method])?;
    let mut read = |count: usize| -> io::Result<usize> {
        let start = said.len();
        said.resize(start + count, 0);
        (&customer).read_exact(&mut said[start..])?;
        Ok(said[said.len() - 1].into())
    };
    if method == 2 {
        read(1)?;
        for _ in 0..2 {
            let size = read(1)?;
            read(size)?;
        }
        (&customer).write_all(&[1, 0])?;
    }
    let rest = match read(4)? {
        1 => 4 + 2,
        3 => read(1)? + 2,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    read(rest)?;
    let port = u16::from_be_bytes([said[said.len() - 2], said[said.len() - 1]]);
    let peer = TcpStream::connect(("127.0.0.1", port))?;
    // In one write with the peer's first words, of which none may be lost.
    let mut first = [0; 4096];
    let count = (&peer).read(&mut first)?;
    let reply = [b"\x05\x00\x00\x03\x04name\x00\x07", &first[..count]].concat();
    customer.write_all(&reply)?;
    let (mut from, mut to) = (customer.try_clone()?, peer.try_clone()?);
    let there = std::thread::spawn(move || {
        let copied = io::copy(&mut from, &mut to);
        // The peer may be gone already.
        let _ = to.shutdown(Shutdown::Write);
        copied
    });
    let _ = io::copy(&mut (&peer), &mut customer);
    let _ = customer.shutdown(Shutdown::Write);
    let _ = there.join();
    Ok(said)
}

/// Sends a message through a proxy, to a peer that is known under this name there.
fn send_through(proxy: Proxy, name: &str, prepare: impl Fn(&Socket)) -> Vec<u8> {
    let context = Context::create().unwrap();
    let (pull, push) = (
        context.socket(kind::PULL).unwrap(),
        context.socket(kind::PUSH).unwrap(),
    );
    set(pull, number::RCVTIMEO, 20_000);
    set(push, number::RECONNECT_IVL, 1);
    prepare(push);
    pull.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = text(pull, number::LAST_ENDPOINT).replace("127.0.0.1", name);
    let address = proxy.address.as_bytes();
    push.set_option(number::SOCKS_PROXY, Some(address), address.len())
        .unwrap();
    push.connect(endpoint.as_bytes()).unwrap();
    send(push, b"through", false);
    assert_eq!(recv(pull), (b"through".to_vec(), false));
    push.close();
    pull.close();
    context.terminate().unwrap();
    proxy.served.join().unwrap().unwrap()
}

#[test]
fn a_proxy_resolves_names_and_loses_nothing() {
    let said = send_through(proxy(Vec::new(), 0), "no.such.host.example", |_| {});
    assert_eq!(
        said[..said.len() - 2],
        *b"\x05\x01\x00\x05\x01\x00\x03\x14no.such.host.example"
    );
    let said = send_through(proxy(Vec::new(), 0), "127.0.0.1", |_| {});
    assert_eq!(
        said[..said.len() - 2],
        *b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01"
    );
}

#[test]
fn a_proxy_is_told_name_and_password() {
    let said = send_through(proxy(Vec::new(), 2), "127.0.0.1", |push| {
        push.set_option(number::SOCKS_USERNAME, Some(b"me"), 2)
            .unwrap();
        push.set_option(number::SOCKS_PASSWORD, Some(b"secret"), 6)
            .unwrap();
    });
    assert!(said.starts_with(b"\x05\x01\x02\x01\x02me\x06secret\x05\x01\x00\x01"));
}

#[test]
fn a_proxy_that_fails_is_asked_again() {
    let scripts: Vec<Vec<Line>> = vec![
        vec![],
        vec![(3, b"")],
        vec![(3, b"\x05")],
        vec![(3, b"HTTP/1.1 400 Bad Request\r\n\r\n")],
        vec![(3, b"\x05\xff")],
        vec![(3, b"\x05\x02")],
        vec![(3, b"\x05\x00"), (10, b"\x05\x00\x00")],
        vec![(3, b"\x05\x00"), (10, b"\x05\x05\x00\x01\0\0\0\0\0\0")],
        vec![(3, b"\x05\x00"), (10, b"\x05\x01\x00\x03")],
        vec![(3, b"\x05\x00"), (10, b"\x05\x00\x00\x03\xffshort")],
        vec![(3, b"\x05\x00"), (10, b"\x05\x00\x00\x09\0\0\0\0\0\0")],
    ];
    send_through(proxy(scripts, 0), "127.0.0.1", |_| {});
}

#[test]
fn a_proxy_that_is_silent_is_left_when_patience_ends() {
    let context = Context::create().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let push = context.socket(kind::PUSH).unwrap();
    set(push, number::RECONNECT_IVL, 1);
    set(push, number::HANDSHAKE_IVL, 50);
    set(push, number::LINGER, 0);
    let address = listener.local_addr().unwrap().to_string();
    push.set_option(number::SOCKS_PROXY, Some(address.as_bytes()), address.len())
        .unwrap();
    push.connect(b"tcp://127.0.0.1:9").unwrap();
    let (mut first, _) = listener.accept().unwrap();
    let mut said = Vec::new();
    // It hangs up, and comes again.
    first.read_to_end(&mut said).unwrap();
    assert_eq!(said, b"\x05\x01\x00");
    let (mut second, _) = listener.accept().unwrap();
    let mut again = [0; 3];
    second.read_exact(&mut again).unwrap();
    assert_eq!(again, *b"\x05\x01\x00");
    // Closing does not wait for the proxy.
    push.close();
    context.terminate().unwrap();
    assert_eq!(second.read(&mut again).unwrap(), 0);
}
