//! What VMCI options ask of the kernel. What addresses mean is in the tests of vsock.

use std::os::fd::AsFd;

use socket2::{Domain, Socket, Type};

use super::{FAMILY, settings, vm};
use crate::errno::Errno;
use crate::options::{Options, number};
use crate::transport;

fn options(values: &[(i32, &[u8])]) -> Options {
    let mut options = Options::new(0, &Default::default());
    for (option, value) in values {
        crate::options::set(&mut options, *option, Some(value), value.len()).unwrap();
    }
    options
}

#[test]
fn options_become_the_kernels() {
    assert_eq!(settings(&options(&[])), []);
    let all = options(&[
        (number::VMCI_BUFFER_SIZE, &65546_u64.to_ne_bytes()),
        (number::VMCI_BUFFER_MIN_SIZE, &128_u64.to_ne_bytes()),
        (number::VMCI_BUFFER_MAX_SIZE, &(1_u64 << 40).to_ne_bytes()),
        (number::VMCI_CONNECT_TIMEOUT, &2500_i32.to_ne_bytes()),
    ]);
    // A timeval of 2 s and 500000 µs, on a machine of 64 bits.
    let timeval = [2_i64.to_ne_bytes(), 500_000_i64.to_ne_bytes()].concat();
    // The limits come first, for the kernel keeps the size within those it knows.
    let expected = [
        (2, (1_u64 << 40).to_ne_bytes().to_vec()),
        (1, 128_u64.to_ne_bytes().to_vec()),
        (0, 65546_u64.to_ne_bytes().to_vec()),
        (6, timeval),
    ];
    assert_eq!(settings(&all), expected);
    for timeout in [-1_i32, 0] {
        let value = timeout.to_ne_bytes();
        let none = options(&[(number::VMCI_CONNECT_TIMEOUT, &value)]);
        assert_eq!(settings(&none), []);
    }
    let longest = options(&[(number::VMCI_CONNECT_TIMEOUT, &i32::MAX.to_ne_bytes())]);
    let timeval = [2_147_483_i64.to_ne_bytes(), 647_000_i64.to_ne_bytes()].concat();
    assert_eq!(settings(&longest), [(6, timeval)]);
}

#[test]
fn options_reach_a_socket_and_may_be_refused() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let on = 1_i32.to_ne_bytes();
    vm::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_KEEPALIVE, &on).unwrap();
    assert!(socket.keepalive().unwrap());
    let level = libc::AF_VSOCK;
    let refused = vm::set_option(socket.as_fd(), level, 0, &[0; 8]).unwrap_err();
    assert_eq!(Errno::from(refused), Errno::ENOPROTOOPT);
    let sized = options(&[(number::VMCI_BUFFER_SIZE, &4096_u64.to_ne_bytes())]);
    assert_eq!((FAMILY.prepare)(&socket, Domain::IPV4, &sized), Ok(()));
}

#[test]
fn a_machine_without_the_device_has_no_cid() {
    assert_eq!(vm::local_cid(), None);
    assert_eq!(vm::vmci_family(), vm::AF_VSOCK);
    let (family, address) = transport::parse("vmci://@:5").unwrap();
    let options = options(&[]);
    assert_eq!(family.check_connect(address, &options), Err(Errno::ENODEV));
    assert_eq!(family.listen(address, &options).unwrap_err(), Errno::ENODEV);
    // What cannot be resolved is reported as it was given.
    assert_eq!(family.canonical(address), "vmci://@:5");
    let targets = family.resolve("3:5", &options).unwrap();
    assert_eq!(targets[0].endpoint(), "vmci://3:5");
}
