//! Mailboxes and those who sleep until something is in them: the I/O thread with the posts of what it
//! drives, and the inbox of a socket. Both are the real ones, with their descriptors; see
//! `sys/kernel.rs` for how threads of a model wait.
//!
//! Invariant: a model ends in every order of events; a mark that nobody sees is a deadlock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use loom::thread::{self, JoinHandle};

use super::*;
use crate::msg::Msg;
use crate::queue::sync::STACK;
use crate::queue::{Parker, RunWriter};
use crate::sys::kernel;

/// Runs a model in all orders with as many preemptions, or fewer if `LOOM_MAX_PREEMPTIONS` says so.
fn check(preemptions: usize, model: fn()) {
    let mut builder = loom::model::Builder::new();
    let bound = builder.preemption_bound.unwrap_or(preemptions);
    builder.preemption_bound = Some(bound.min(preemptions));
    builder.max_branches = 20_000;
    builder.check(move || spawn(model).join().unwrap());
}

fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let builder = thread::Builder::new().stack_size(STACK);
    builder.spawn(run).unwrap()
}

// ---- posts ------------------------------------------------------------------------------------

/// Something that is driven, and keeps the marks that it was told of.
struct Driven {
    post: Arc<Post>,
    // Not loom's: it orders nothing, and who waits for it waits in the kernel.
    seen: AtomicU32,
}

impl Handler for Driven {
    fn drive(&self, _: &mut Turn<'_>, ready: Ready) -> Next {
        assert!(ready.marked);
        let marks = self.post.take();
        kernel::call(|| self.seen.fetch_or(marks, Ordering::Relaxed));
        Next::default()
    }
}

impl Driven {
    fn new(io: &IoThread) -> Arc<Driven> {
        let key = io.reserve();
        let driven = Arc::new(Driven {
            post: Arc::new(Post::new(io.clone(), key)),
            seen: AtomicU32::new(0),
        });
        io.add(key, driven.clone());
        driven
    }

    /// Waits until it saw these.
    fn saw(&self, marks: u32) {
        kernel::wait(None, |_| (self.seen.load(Ordering::Relaxed) == marks, ()));
    }
}

#[test]
fn every_mark_is_seen_by_who_is_driven() {
    check(2, || {
        loom::stop_exploring();
        let io = IoThread::start("io", || {}).unwrap();
        let driven = Driven::new(&io);
        loom::explore();
        let post = driven.post.clone();
        let other = spawn(move || post.deliver(0, mark::WRITABLE));
        driven.post.deliver(0, mark::READABLE);
        driven.post.ask();
        driven.saw(mark::READABLE | mark::WRITABLE | mark::ASKED);
        other.join().unwrap();
        loom::stop_exploring();
        io.stop();
    });
}

#[test]
fn two_who_are_driven_both_see_theirs() {
    check(2, || {
        loom::stop_exploring();
        let io = IoThread::start("io", || {}).unwrap();
        let driven = [Driven::new(&io), Driven::new(&io)];
        loom::explore();
        for one in &driven {
            one.post.deliver(0, mark::READABLE);
        }
        for one in &driven {
            one.saw(mark::READABLE);
        }
        loom::stop_exploring();
        io.stop();
    });
}

// ---- the inbox --------------------------------------------------------------------------------

/// Sleeps until so many marks were left.
fn collect(inbox: &Inbox, tokens: usize) {
    let (mut marks, mut attachments) = (Vec::new(), Vec::new());
    let mut seen = Vec::new();
    loop {
        if inbox.is_dirty() {
            inbox.take(&mut marks, &mut attachments);
            seen.extend(marks.drain(..).map(|(token, _)| token));
        }
        if seen.len() == tokens {
            return;
        }
        let parker = Parker::current();
        parker.reset();
        if inbox.watch(&parker) {
            parker.park(None).unwrap();
            inbox.unwatch(&parker);
        }
    }
}

#[test]
fn every_mark_wakes_who_sleeps() {
    check(2, || {
        let inbox = Arc::new(Inbox::new());
        let tellers = [1, 2].map(|token| {
            let inbox = inbox.clone();
            spawn(move || inbox.deliver(token, mark::READABLE))
        });
        collect(&inbox, 2);
        for teller in tellers {
            teller.join().unwrap();
        }
    });
}

/// Who sleeps is woken late, perhaps in its next sleep, and by an I/O thread.
#[test]
fn a_late_wake_up_ends_no_other_sleep_for_good() {
    check(2, || {
        loom::stop_exploring();
        let io = IoThread::start("io", || {}).unwrap();
        let inbox = Arc::new(Inbox::new());
        loom::explore();
        let (theirs, waker) = (inbox.clone(), io.clone());
        let teller = spawn(move || {
            let mut late = vec![theirs.leave(1, mark::READABLE)];
            waker.wake_later(&mut late);
            theirs.deliver(2, mark::READABLE);
        });
        collect(&inbox, 2);
        teller.join().unwrap();
        loom::stop_exploring();
        io.stop();
    });
}

// ---- runs -------------------------------------------------------------------------------------

/// A run, what is added to it while it is read, and what follows it, if anything.
fn a_run_is_read(followed: bool) {
    let limits = Limits {
        send: Some(0),
        receive: Some(0),
    };
    let (mut near, mut far) = pair([limits, Limits::NONE], Conflate::default());
    let inbox = Arc::new(Inbox::new());
    far.set_owner(inbox.clone());
    far.set_token(1);
    let writer = spawn(move || {
        let message = |octet: u8| Msg::from_slice(&[octet]).unwrap();
        let mut run = RunWriter::new(1, 2).unwrap();
        near.put_run(&run, 0);
        near.flush();
        for octet in 0..2 {
            if runs::add(&mut run, &message(octet)).unwrap() {
                run.each_asking(|_| {
                    if near.announce_run() {
                        near.tell_reader();
                    }
                });
            }
        }
        if followed {
            assert!(near.write(message(2)).is_ok());
            near.flush();
        }
        (near, run)
    });
    let (mut next, count) = (0, if followed { 3 } else { 2 });
    while next < count {
        match far.read() {
            Some(msg) => {
                assert_eq!(msg.data(), [next]);
                next += 1;
            }
            None => collect(&inbox, 1),
        }
    }
    drop(writer.join().unwrap());
}

#[test]
fn who_reads_a_run_is_told_of_what_is_added() {
    check(2, || a_run_is_read(false));
}

#[test]
fn who_reads_a_run_is_told_of_what_follows() {
    check(2, || a_run_is_read(true));
}
