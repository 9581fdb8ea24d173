//! The ipc scheme, as zmq_ipc(7) describes it: local sockets under a path, under an abstract name
//! (`@name`), or under a path made up for the occasion (`*`).
//!
//! Invariant: a file is only ever removed if it is in the way of a bind and holds nothing, or if
//! it is the very socket that this process bound.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Metadata};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{self, Path, PathBuf};
use std::process;

use socket2::{SockAddr, Socket};

use super::{Family, Listener, Target};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys;

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "ipc",
    check_connect: |address, _| socket_address(address).map(|_| ()),
    is_immediate: |_| true,
    resolve: |family, address, _| Ok(vec![Target::new(family, socket_address(address)?, None)]),
    listen,
    prepare: |socket, _, options| {
        tune(socket, None, options);
        Ok(())
    },
    tune,
    admit: |socket, _, options| admits(socket, options),
    owns: SockAddr::is_unix,
    address: text,
    canonical: None,
    websocket: None,
    #[cfg(feature = "wss")]
    credentials: None,
    destination: None,
    datagrams: false,
    peer_address: |socket, _| peer_address(socket),
};

/// The longest path or abstract name, in bytes, the `@` included.
const MAX_LENGTH: usize = 107;

/// The variables of the environment that may name the folder for made-up paths, first one first.
const FOLDERS: [&str; 3] = ["TMPDIR", "TEMPDIR", "TMP"];

fn socket_address(address: &str) -> Result<SockAddr, Errno> {
    if address.is_empty() || address == "@" || address.contains('\0') {
        return Err(Errno::EINVAL);
    }
    if address.len() > MAX_LENGTH {
        return Err(Errno::ENAMETOOLONG);
    }
    let path = match address.strip_prefix('@') {
        Some(name) => format!("\0{name}"),
        None => address.to_owned(),
    };
    SockAddr::unix(path).map_err(|_| Errno::EINVAL)
}

fn listen(family: &'static Family, address: &str, options: &Options) -> Result<Listener, Errno> {
    if options.use_fd != -1 {
        return Listener::adopt(family, options.use_fd);
    }
    if address == "*" {
        let folder = TemporaryFolder::create()?;
        let path = folder.0.join("socket");
        let Some(address) = path.to_str() else {
            return Err(Errno::EINVAL);
        };
        let listener = Listener::bind(family, &socket_address(address)?, options)?;
        let endpoint = format!("ipc://{address}");
        let file = SocketFile::bound(&path, Some(folder))?;
        return Ok(listener.with_file(endpoint, file));
    }
    let name = socket_address(address)?;
    if address.starts_with('@') {
        return Listener::bind(family, &name, options);
    }
    let path = Path::new(address);
    clear(path);
    let listener = Listener::bind(family, &name, options)?;
    Ok(listener.with_file(format!("ipc://{address}"), SocketFile::bound(path, None)?))
}

/// Removes what a bind may replace: a socket (left behind, or another listener's, which loses its
/// binding, as the manual says), a link, and an empty file (as `mkstemp` makes).
///
/// libzmq removes any file at all; here the bind then fails with `EADDRINUSE`.
fn clear(path: &Path) {
    let Ok(found) = fs::symlink_metadata(path) else {
        return;
    };
    let kind = found.file_type();
    if kind.is_socket() || kind.is_symlink() || (kind.is_file() && found.len() == 0) {
        // If it cannot be removed, bind tells why.
        let _ = fs::remove_file(path);
    }
}

/// The file that a bind made, and its folder if that was made for it. Dropping it removes both.
pub(super) struct SocketFile {
    path: PathBuf,
    /// What tells the file from another that took its place: device and inode.
    identity: (u64, u64),
    /// The process that bound it: a child of it leaves the file alone.
    process: u32,
    /// Dropped after the file is gone.
    _folder: Option<TemporaryFolder>,
}

impl SocketFile {
    /// The file at `path`, just bound.
    fn bound(path: &Path, folder: Option<TemporaryFolder>) -> io::Result<SocketFile> {
        Ok(SocketFile {
            // The process may move to another folder.
            path: path::absolute(path)?,
            identity: identity(&fs::symlink_metadata(path)?),
            process: process::id(),
            _folder: folder,
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = self.process == process::id()
            && fs::symlink_metadata(&self.path)
                .is_ok_and(|found| identity(&found) == self.identity);
        if ours {
            // Gone already, or no longer ours to remove: either way nothing is left to do.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// A new folder that only this user may enter. Dropping it removes it, if it is empty.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// In the first folder that the environment names, else in `/tmp`, else here.
    fn create() -> Result<TemporaryFolder, Errno> {
        let named = FOLDERS.iter().filter_map(env::var_os).map(PathBuf::from);
        let parent = named
            .chain([PathBuf::from("/tmp")])
            .find(|folder| !folder.as_os_str().is_empty() && folder.is_dir())
            .unwrap_or_default();
        let mut taken = 0;
        loop {
            let random = RandomState::new().build_hasher().finish();
            let folder = parent.join(format!("tmp{:08x}", random as u32));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(TemporaryFolder(folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && taken < 100 => {
                    taken += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // A child's copy finds the socket still in it, and so removes nothing.
        let _ = fs::remove_dir(&self.0);
    }
}

/// What the kernel is asked to take for a peer that has not read it yet, unless the application
/// says how much. (It grants twice that, or twice `net.core.wmem_max`.) Its default, a quarter of
/// it, is less than one write of ours, so that reader and writer wait for each other all the time.
const IN_KERNEL: usize = 416 * 1024;

fn tune(socket: &Socket, _: Option<&SockAddr>, options: &Options) {
    let _ = socket.set_send_buffer_size(usize::try_from(options.sndbuf).unwrap_or(IN_KERNEL));
    if let Ok(size) = usize::try_from(options.rcvbuf) {
        let _ = socket.set_recv_buffer_size(size);
    }
}

/// Without filters everybody; else whose process, user or one of whose groups is listed. The
/// groups are the process's own, as the kernel noted them when it connected.
fn admits(socket: &Socket, options: &Options) -> bool {
    let (pids, uids, gids) = (
        &options.ipc_filter_pid,
        &options.ipc_filter_uid,
        &options.ipc_filter_gid,
    );
    if pids.is_empty() && uids.is_empty() && gids.is_empty() {
        return true;
    }
    let Ok(peer) = sys::peer_credentials(socket.as_fd()) else {
        return false;
    };
    let lists = |ids: &[i32], id: u32| ids.iter().any(|&listed| listed as u32 == id);
    pids.contains(&peer.pid)
        || lists(uids, peer.uid)
        || lists(gids, peer.gid)
        || (!gids.is_empty()
            && sys::peer_groups(socket.as_fd())
                .is_ok_and(|groups| groups.into_iter().any(|group| lists(gids, group))))
}

/// `/path`, `@name`, or nothing.
fn text(address: &SockAddr) -> String {
    if let Some(name) = address.as_abstract_namespace() {
        return format!("@{}", String::from_utf8_lossy(name));
    }
    let path = address
        .as_pathname()
        .map(Path::as_os_str)
        .map(OsStr::as_bytes);
    String::from_utf8_lossy(path.unwrap_or_default()).into_owned()
}

/// COMPAT: the host is always called `localhost`, and user, group and process follow it.
fn peer_address(socket: &Socket) -> String {
    match sys::peer_credentials(socket.as_fd()) {
        Ok(peer) => format!("localhost:{}:{}:{}", peer.uid, peer.gid, peer.pid),
        Err(_) => String::new(),
    }
}
