//! Names of hosts and interfaces, and the addresses behind them.
//!
//! Invariant: lists that the C library made are given back to it, and nothing of them outlives that.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::{io, mem, ptr};

/// The index of the network interface called `name`, if there is one.
pub fn interface_index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: `name` is a C string that lives through the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (index != 0).then_some(index)
}

/// The name of the network interface with this index, if there is one.
pub fn interface_name(index: u32) -> Option<String> {
    let mut name = [0 as libc::c_char; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that the call may write.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: on success the call left a C string in `name`.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Some(name.to_string_lossy().into_owned())
}

/// The IPv4 and IPv6 addresses of the network interface called `name`, port 0, in the kernel's
/// order. Empty when there is no such interface.
pub fn interface_addresses(name: &str) -> io::Result<Vec<SocketAddr>> {
    let mut list: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: `list` receives a list that is freed below and not used after.
    if unsafe { libc::getifaddrs(&mut list) } == -1 {
        return Err(io::Error::last_os_error());
    }
    let mut addresses = Vec::new();
    let mut entry = list;
    while !entry.is_null() {
        // SAFETY: `entry` is a node of the list, which is freed only after the loop; its name is
        // a C string, its address is null or a socket address of the family that it names.
        unsafe {
            if CStr::from_ptr((*entry).ifa_name).to_bytes() == name.as_bytes() {
                addresses.extend(socket_address((*entry).ifa_addr));
            }
            entry = (*entry).ifa_next;
        }
    }
    // SAFETY: `list` came from getifaddrs and is freed once.
    unsafe { libc::freeifaddrs(list) };
    Ok(addresses)
}

/// Which addresses a look-up should find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// IPv4 only; an IPv4-mapped IPv6 address in digits counts as IPv4.
    V4,
    /// IPv6 and IPv4, in the order in which they should be tried.
    Both,
}

/// The addresses, port 0, that `host` stands for (`getaddrinfo`).
///
/// With `numeric` only digits are understood, in every notation that libc knows, and no file and
/// no name service is asked. Without, this may take seconds. `NotFound` when there are none.
pub fn look_up(host: &str, wanted: Wanted, numeric: bool) -> io::Result<Vec<SocketAddr>> {
    let host = CString::new(host)?;
    // SAFETY: addrinfo is integers and pointers, for which zero is a value.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_family = if wanted == Wanted::V4 {
        libc::AF_INET
    } else {
        libc::AF_UNSPEC
    };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = if numeric { libc::AI_NUMERICHOST } else { 0 };
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: `host` and `hints` live through the call; `list` receives a list that is freed
    // below and not used after.
    let status = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list) };
    match status {
        0 => {}
        libc::EAI_SYSTEM => return Err(io::Error::last_os_error()),
        libc::EAI_MEMORY => return Err(io::Error::from_raw_os_error(libc::ENOMEM)),
        _ => return Err(io::ErrorKind::NotFound.into()),
    }
    let mut addresses = Vec::new();
    let mut entry = list;
    while !entry.is_null() {
        // SAFETY: `entry` is a node of the list, which is freed only after the loop, and its
        // address is null or a socket address of the family that it names.
        unsafe {
            addresses.extend(socket_address((*entry).ai_addr));
            entry = (*entry).ai_next;
        }
    }
    // SAFETY: `list` came from getaddrinfo and is freed once.
    unsafe { libc::freeaddrinfo(list) };
    if addresses.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(addresses)
}

/// Reads an IPv4 or IPv6 address; `None` for other families and for null.
///
/// # Safety
/// `address` is null or points to a socket address as large as its family makes it.
unsafe fn socket_address(address: *const libc::sockaddr) -> Option<SocketAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller's promise: it is readable, and as large as its family makes it.
    unsafe {
        match i32::from((*address).sa_family) {
            libc::AF_INET => {
                let v4 = ptr::read_unaligned(address.cast::<libc::sockaddr_in>());
                let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, 0).into())
            }
            libc::AF_INET6 => {
                let v6 = ptr::read_unaligned(address.cast::<libc::sockaddr_in6>());
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                Some(SocketAddrV6::new(ip, 0, 0, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}
