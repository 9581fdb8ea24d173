//! What is particular to ipc: files, and who the peer is.

use std::os::fd::IntoRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process;

use socket2::{Domain, Socket, Type};

use super::*;

/// A folder of the test's own, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let folder = env::temp_dir().join(format!("ferrozmq-{}-{test}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn endpoint(&self, name: &str) -> (PathBuf, String) {
        let path = self.0.join(name);
        let endpoint = format!("ipc://{}", path.display());
        (path, endpoint)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[test]
fn the_file_goes_with_the_listener() {
    let folder = Folder::new("file");
    let options = Options::new(0, &Default::default());
    let (path, endpoint) = folder.endpoint("socket");
    let listener = listen(&endpoint, &options).unwrap();
    assert_eq!(listener.endpoint(), endpoint);
    assert!(exists(&path));
    let (accepted, connected) = pair(&listener, &options);
    assert_eq!(accepted.peer_endpoint(), "ipc://");
    assert_eq!(connected.local_endpoint(), "ipc://");
    drop(listener);
    assert!(!exists(&path));
    // What was connected stays so.
    send(&accepted, &connected, &[b"x"]);

    let mut listener = listen(&endpoint, &options).unwrap();
    let waiting = connect(&endpoint, &options).unwrap();
    listener.unlink();
    assert!(!exists(&path));
    assert_eq!(connect(&endpoint, &options).unwrap_err(), Errno::ENOENT);
    send(&waiting, &accept(&listener, &options).unwrap(), &[b"x"]);
}

#[test]
fn a_made_up_path_goes_with_its_folder() {
    let listener = listen("ipc://*", &Options::new(0, &Default::default())).unwrap();
    let path = PathBuf::from(listener.endpoint().strip_prefix("ipc://").unwrap());
    let folder = path.parent().unwrap().to_owned();
    assert_eq!(path.file_name().unwrap(), "socket");
    assert!(exists(&path));
    assert_eq!(
        fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let second = listen("ipc://*", &Options::new(0, &Default::default())).unwrap();
    assert_ne!(second.endpoint(), listener.endpoint());
    drop(listener);
    assert!(!exists(&folder));
}

/// The first folder of the environment that is one.
#[test]
fn the_environment_says_where_paths_are_made_up() {
    let cases = [
        ("TMPDIR=$0 TEMPDIR=/ TMP=/", true),
        ("TMPDIR=/nosuch TEMPDIR=$0 TMP=/", true),
        ("TMPDIR= TEMPDIR= TMP=$0", true),
        ("TMPDIR= TEMPDIR= TMP=", false),
    ];
    if !is_apart() {
        let folder = Folder::new("environment");
        for (variables, named) in cases {
            let variables = variables.replace("$0", &folder.0.display().to_string());
            let expected = if named { &folder.0 } else { Path::new("/tmp") };
            run_apart(
                "transport::tests::ipc::the_environment_says_where_paths_are_made_up",
                &format!("{variables} EXPECTED={} exec \"$@\"", expected.display()),
            );
        }
        return;
    }
    let expected = env::var("EXPECTED").unwrap();
    let listener = listen("ipc://*", &Options::new(0, &Default::default())).unwrap();
    assert!(
        listener
            .endpoint()
            .starts_with(&format!("ipc://{expected}/tmp")),
        "{listener:?}"
    );
}

#[test]
fn abstract_names_leave_no_file() {
    let name = format!("@ferrozmq-{}", process::id());
    let endpoint = format!("ipc://{name}");
    let options = Options::new(0, &Default::default());
    let listener = listen(&endpoint, &options).unwrap();
    assert_eq!(listener.endpoint(), endpoint);
    let names = fs::read_to_string("/proc/net/unix").unwrap();
    assert!(
        names
            .lines()
            .any(|line| line.ends_with(&format!(" {name}")))
    );
    assert_eq!(listen(&endpoint, &options).unwrap_err(), Errno::EADDRINUSE);
    let (accepted, connected) = pair(&listener, &options);
    assert_eq!(accepted.local_endpoint(), endpoint);
    send(&accepted, &connected, &[b"x"]);
    drop((listener, accepted, connected));
    assert!(listen(&endpoint, &options).is_ok());
}

#[test]
fn bad_addresses_are_told_apart() {
    let folder = Folder::new("bad");
    let longest =
        |length: usize, start: &str| format!("{start}{}", "x".repeat(length - start.len()));
    let inside = format!("{}/", folder.0.display());
    let (ipc, _) = parse("ipc://x").unwrap();
    let options = Options::new(0, &Default::default());
    let looks = [
        ("@", Err(Errno::EINVAL)),
        ("a\0b", Err(Errno::EINVAL)),
        ("*", Ok(())),
        (&longest(107, &inside), Ok(())),
        (&longest(108, &inside), Err(Errno::ENAMETOOLONG)),
        (&longest(107, "@"), Ok(())),
        (&longest(108, "@"), Err(Errno::ENAMETOOLONG)),
        (&longest(5000, "@"), Err(Errno::ENAMETOOLONG)),
    ];
    for (address, expected) in looks {
        assert_eq!(ipc.check_connect(address, &options), expected, "{address}");
        let resolved = ipc
            .resolve(address, &options)
            .map(|targets| targets[0].endpoint());
        assert_eq!(resolved, expected.map(|()| format!("ipc://{address}")));
        if address != "*" {
            let bound = ipc.listen(address, &options).endpoint_or_errno();
            assert_eq!(bound, expected.map(|()| format!("ipc://{address}")));
        }
    }
    let missing = format!("{inside}missing/socket");
    assert_eq!(ipc.listen(&missing, &options).unwrap_err(), Errno::ENOENT);
    assert_eq!(
        ipc.listen(&inside, &options).unwrap_err(),
        Errno::EADDRINUSE
    );
}

#[test]
fn a_bind_replaces_what_holds_nothing() {
    let folder = Folder::new("replace");
    let options = Options::new(0, &Default::default());
    let (path, endpoint) = folder.endpoint("socket");

    // A socket that nobody listens to any more.
    drop(UnixListener::bind(&path).unwrap());
    assert!(exists(&path));
    drop(listen(&endpoint, &options).unwrap());
    // An empty file, as a program makes to reserve a name.
    fs::write(&path, "").unwrap();
    drop(listen(&endpoint, &options).unwrap());
    // A link.
    std::os::unix::fs::symlink("/nowhere", &path).unwrap();
    drop(listen(&endpoint, &options).unwrap());
    assert!(!exists(&path));

    // But not somebody's data.
    fs::write(&path, "precious").unwrap();
    assert_eq!(listen(&endpoint, &options).unwrap_err(), Errno::EADDRINUSE);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_second_bind_takes_over_and_keeps_its_file() {
    let folder = Folder::new("second");
    let options = Options::new(0, &Default::default());
    let (path, endpoint) = folder.endpoint("socket");
    let first = listen(&endpoint, &options).unwrap();
    let second = listen(&endpoint, &options).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    let (accepted, connected) = pair(&second, &options);
    send(&accepted, &connected, &[b"x"]);
    assert_eq!(first.accept(&options).unwrap_err(), AcceptError::Empty);
    drop(first);
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    drop(second);
    assert!(!exists(&path));
}

#[test]
fn filters_let_in_whom_they_list() {
    let folder = Folder::new("filters");
    let own = fs::metadata(&folder.0).unwrap();
    let (pid, uid, gid) = (process::id() as i32, own.uid() as i32, own.gid() as i32);
    let filters = |pids: &[i32], uids: &[i32], gids: &[i32]| Options {
        ipc_filter_pid: pids.to_vec(),
        ipc_filter_uid: uids.to_vec(),
        ipc_filter_gid: gids.to_vec(),
        ..Options::new(0, &Default::default())
    };
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let groups = status
        .lines()
        .find_map(|line| line.strip_prefix("Groups:"))
        .unwrap();
    let mut cases = vec![
        (filters(&[], &[], &[]), true),
        (filters(&[pid], &[], &[]), true),
        (filters(&[], &[uid], &[]), true),
        (filters(&[], &[], &[gid]), true),
        (filters(&[pid + 1], &[], &[]), false),
        (filters(&[], &[uid + 1], &[]), false),
        (filters(&[], &[], &[i32::MAX]), false),
        (filters(&[pid + 1, pid], &[uid + 1], &[]), true),
        (filters(&[pid + 1], &[uid], &[i32::MAX]), true),
        (filters(&[-1, 0], &[-1], &[-1]), false),
    ];
    for group in groups.split_whitespace() {
        cases.push((
            filters(&[], &[], &[group.parse::<u32>().unwrap() as i32]),
            true,
        ));
    }
    for (options, expected) in cases {
        let listener = listen("ipc://*", &options).unwrap();
        let connected = connect(listener.endpoint(), &options).unwrap();
        let accepted = accept(&listener, &options);
        assert_eq!(
            accepted.is_ok(),
            expected,
            "{:?}",
            (
                &options.ipc_filter_pid,
                &options.ipc_filter_uid,
                &options.ipc_filter_gid
            )
        );
        match accepted {
            Ok(accepted) => {
                let peer = format!("localhost:{uid}:{gid}:{pid}");
                assert_eq!(accepted.peer_address(), peer);
                assert_eq!(connected.peer_address(), peer);
            }
            Err(error) => {
                assert_eq!(error, AcceptError::Refused);
                assert_eq!(read_all(&connected, &mut [0; 1]), 0);
            }
        }
    }
}

#[test]
fn a_descriptor_that_listens_is_adopted_and_its_file_left() {
    let folder = Folder::new("adopted");
    let (path, endpoint) = folder.endpoint("socket");
    let use_fd = UnixListener::bind(&path).unwrap().into_raw_fd();
    let options = Options {
        use_fd,
        ..Options::new(0, &Default::default())
    };
    // Not for another family.
    assert_eq!(
        listen("tcp://127.0.0.1:*", &options).unwrap_err(),
        Errno::EINVAL
    );
    let listener = listen(&endpoint, &options).unwrap();
    assert_eq!(listener.endpoint(), endpoint);
    let (accepted, connected) = pair(&listener, &options);
    send(&accepted, &connected, &[b"x"]);
    drop(listener);
    assert!(exists(&path));
}

#[test]
fn a_full_queue_says_try_again() {
    let options = Options {
        backlog: 0,
        ..Options::new(0, &Default::default())
    };
    let listener = listen("ipc://*", &options).unwrap();
    let (family, address) = parse(listener.endpoint()).unwrap();
    let targets = family.resolve(address, &options).unwrap();
    let mut waiting = Vec::new();
    let errno = loop {
        assert!(waiting.len() < 100);
        match targets[0].connect(&options) {
            Ok(stream) => waiting.push(stream),
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::EAGAIN);
    listener.accept(&options).unwrap();
    targets[0].connect(&options).unwrap();
}

#[test]
fn buffers_are_sized_as_asked() {
    let options = Options {
        sndbuf: 20_000,
        rcvbuf: 30_000,
        ..Options::new(0, &Default::default())
    };
    let listener = listen("ipc://*", &options).unwrap();
    let (accepted, connected) = pair(&listener, &options);
    for stream in [&accepted, &connected] {
        assert_eq!(stream.socket().send_buffer_size().unwrap(), 40_000);
        assert_eq!(stream.socket().recv_buffer_size().unwrap(), 60_000);
    }
}

#[test]
fn the_kernel_is_asked_for_room_for_a_whole_write() {
    let options = Options::new(0, &Default::default());
    let listener = listen("ipc://*", &options).unwrap();
    let (accepted, connected) = pair(&listener, &options);
    let plain = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let usual = plain.send_buffer_size().unwrap();
    // As much as the system lets anybody have.
    plain.set_send_buffer_size(1 << 30).unwrap();
    let most = plain.send_buffer_size().unwrap();
    for stream in [&accepted, &connected] {
        let size = stream.socket().send_buffer_size().unwrap();
        assert!(size >= most.min(2 * 256 * 1024) && size >= usual.min(most));
    }
}
