//! Shortage: without descriptors, threads, memory or names every call says so; nothing dies,
//! hangs, spins or leaks, and all is well once there are some again.

#[macro_use]
mod child;

use std::process::Command;

cases! { shortage: sweep sweep_late accepting connecting no_memory no_threads }

cases! { shortage_names: unknown hanging late }

/// What the kernel may say, and to which calls. (`EAGAIN` is left out: a poller that tells edges
/// relies on the kernel not to lie about that.)
const FAULTS: &[(&str, &[&str])] = &[
    ("epoll_create1,eventfd2,clone3", &["EMFILE", "ENOMEM"]),
    ("socket,bind,listen", &["EMFILE", "ENOBUFS"]),
    ("setsockopt,getsockopt,getsockname", &["ENOBUFS", "EINVAL"]),
    ("getpeername", &["ENOTCONN", "ENOBUFS"]),
    ("connect", &["ENETUNREACH", "EADDRNOTAVAIL", "EPERM"]),
    (
        "accept4",
        &["ECONNABORTED", "ENOMEM", "EPERM", "EINTR", "EIO"],
    ),
    ("epoll_ctl", &["ENOMEM", "ENOSPC"]),
    ("epoll_wait", &["EINTR", "EIO"]),
    (
        "recvfrom",
        &["ECONNRESET", "ENOMEM", "EINTR", "EIO", "ETIMEDOUT"],
    ),
    (
        "sendto,sendmsg",
        &["EPIPE", "ENOBUFS", "EINTR", "EIO", "ENETDOWN"],
    ),
    ("shutdown", &["ENOTCONN"]),
    ("poll", &["EINTR", "ENOMEM", "EIO"]),
];

/// Whatever the kernel answers, once and at any of the first few calls, the scene comes to a good
/// end: each call of ours worked or said why not, and lost connections came back.
#[test]
fn faults() {
    static PROGRAM: child::Program = child::Program::new("shortage_faults");
    let traced = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output();
    if !traced.is_ok_and(|traced| traced.status.success()) {
        println!("skipped: no strace, or it may not trace (apt-get install strace)");
        return;
    }
    for (calls, errors) in FAULTS {
        for error in *errors {
            for (at, case) in [(1, "tcp"), (2, "tcp"), (3, "ipc"), (5, "tcp")] {
                let fault = format!("inject={calls}:error={error}:when={at}");
                PROGRAM.case_under(
                    &["strace", "-f", "-qq", "-o", "/dev/null", "-e", &fault],
                    case,
                );
            }
        }
    }
}
