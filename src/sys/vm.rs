//! VM sockets: their addresses under whatever number their family has, the device that tells of
//! them, and their options.
//!
//! Invariant: an address is read only if it is of the family and as long as the family makes it.

use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::OnceLock;

use socket2::{SockAddr, SockAddrStorage};

/// Any CID, or any port (`VMADDR_CID_ANY`, `VMADDR_PORT_ANY`).
pub const ANY: u32 = u32::MAX;
/// The CID by which a machine reaches itself (`VMADDR_CID_LOCAL`).
pub const LOCAL: u32 = 1;
/// `AF_VSOCK`.
pub const AF_VSOCK: libc::sa_family_t = libc::AF_VSOCK as libc::sa_family_t;

/// An address of VM sockets (`linux/vm_sockets.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vm {
    /// The context: which machine.
    pub cid: u32,
    /// The port there.
    pub port: u32,
}

impl Vm {
    /// As the kernel takes it, in the family with this number.
    pub fn to_socket_address(self, family: libc::sa_family_t) -> SockAddr {
        let mut storage = SockAddrStorage::zeroed();
        // SAFETY: the structure is the kernel's: integers, and zeros beside them.
        let address = unsafe { storage.view_as::<libc::sockaddr_vm>() };
        address.svm_family = family;
        address.svm_cid = self.cid;
        address.svm_port = self.port;
        let length = mem::size_of::<libc::sockaddr_vm>() as libc::socklen_t;
        // SAFETY: so much of the storage was just written, and the family says what it is.
        unsafe { SockAddr::new(storage, length) }
    }

    /// As the kernel gave it; `None` for other families than the one with this number.
    pub fn from_socket_address(address: &SockAddr, family: libc::sa_family_t) -> Option<Vm> {
        if address.family() != family
            || (address.len() as usize) < mem::size_of::<libc::sockaddr_vm>()
        {
            return None;
        }
        // SAFETY: so long and of that family, it is a `sockaddr_vm`: integers, which may have any
        // value. The storage is aligned for every address.
        let address = unsafe { &*address.as_ptr().cast::<libc::sockaddr_vm>() };
        Some(Vm {
            cid: address.svm_cid,
            port: address.svm_port,
        })
    }
}

/// What tells of VM sockets. Tests ask what knows nothing of them.
const DEVICE: &str = if cfg!(test) {
    "/dev/null"
} else {
    "/dev/vsock"
};

/// `VMCI_SOCKETS_GET_AF_VALUE` (`vmci_sockets.h`).
const GET_FAMILY: libc::Ioctl = 0x7b8;
/// `IOCTL_VM_SOCKETS_GET_LOCAL_CID`, in VMware's header `VMCI_SOCKETS_GET_LOCAL_CID`.
const GET_LOCAL_CID: libc::Ioctl = 0x7b9;

/// The device, and the number that it answers a request with; `None` if it has none.
fn ask_device(request: libc::Ioctl) -> Option<(File, u32)> {
    let device = File::open(DEVICE).ok()?;
    let mut number = ANY;
    // SAFETY: both requests write one 32-bit integer, which lives for the call.
    let status = unsafe { libc::ioctl(device.as_raw_fd(), request, &mut number) };
    (status >= 0 && number != ANY).then_some((device, number))
}

/// The CID of this machine, if it has one.
pub fn local_cid() -> Option<u32> {
    ask_device(GET_LOCAL_CID).map(|(_, cid)| cid)
}

/// The number of the family of VMCI sockets. In Linux since 3.9 they are a part of `AF_VSOCK`, and its
/// device knows no such question; VMware's own module before that chose one, which it tells, and
/// which stays as long as the device is open (`vmci_sockets.h`).
pub fn vmci_family() -> libc::sa_family_t {
    static CHOSEN: OnceLock<(libc::sa_family_t, File)> = OnceLock::new();
    if let Some((family, _)) = CHOSEN.get() {
        return *family;
    }
    let Some((device, number)) = ask_device(GET_FAMILY) else {
        return AF_VSOCK;
    };
    match libc::sa_family_t::try_from(number) {
        Ok(family) => CHOSEN.get_or_init(|| (family, device)).0,
        Err(_) => AF_VSOCK,
    }
}

/// Sets an option of a socket (`setsockopt(2)`).
pub fn set_option(socket: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads no more than the value, which lives for the call.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
