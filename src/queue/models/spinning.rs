//! A thread that looks for an answer for a moment before it sleeps (`socket::wait`), while another
//! one brings the answer and a third uses the socket too.

use std::sync::Arc;

use super::*;

/// A socket and its inbox, with one place for a sleeper.
#[derive(Default)]
struct Socket {
    dirty: AtomicBool,
    inside: Mutex<Inside>,
    bed: Bed,
    /// What is behind the socket's lock: messages that can be received.
    messages: Mutex<usize>,
}

#[derive(Default)]
struct Inside {
    marks: usize,
    sleeps: bool,
}

impl Socket {
    fn deliver(&self) {
        let sleeps = {
            let mut inside = self.inside.lock().unwrap();
            inside.marks += 1;
            self.dirty.store(true, Ordering::Relaxed);
            inside.sleeps
        };
        // Who only looks has not to be woken.
        if sleeps {
            self.bed.unpark();
        }
    }

    /// The socket's lock, with all news taken in.
    fn enter(&self) -> loom::sync::MutexGuard<'_, usize> {
        let mut messages = self.messages.lock().unwrap();
        if self.dirty.load(Ordering::Relaxed) {
            let mut inside = self.inside.lock().unwrap();
            self.dirty.store(false, Ordering::Relaxed);
            *messages += std::mem::take(&mut inside.marks);
        }
        messages
    }

    fn watch(&self) -> bool {
        self.bed.reset();
        let mut inside = self.inside.lock().unwrap();
        inside.sleeps = !self.dirty.load(Ordering::Relaxed);
        inside.sleeps
    }

    /// Receives a message: looks once or twice before it sleeps, and `again` at the socket after
    /// that.
    fn receive(&self, again: bool) {
        let mut messages = self.enter();
        let mut spins = true;
        while *messages == 0 {
            if std::mem::take(&mut spins) {
                drop(messages);
                if !self.dirty.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                messages = self.enter();
                if again {
                    continue;
                }
            }
            let watched = self.watch();
            drop(messages);
            if watched {
                self.bed.park();
                self.inside.lock().unwrap().sleeps = false;
            }
            messages = self.enter();
        }
        *messages -= 1;
    }
}

fn looking(again: bool) {
    check(move || {
        let socket = Arc::new(Socket::default());
        let [teller, other] = [socket.clone(), socket.clone()];
        let threads = [
            thread::spawn(move || teller.deliver()),
            // Takes the news in, and does nothing about it.
            thread::spawn(move || drop(other.enter())),
        ];
        socket.receive(again);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn who_looks_and_then_sleeps_misses_nothing() {
    looking(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn who_sleeps_after_looking_without_another_look_misses_it() {
    looking(false);
}
