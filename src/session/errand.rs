//! Work of a handshake that may wait for a key server or a name service, in a thread of its own.
//!
//! Invariant: peers cannot make us start more than [`MOST`] threads at a time, and each thread
//! keeps its context from ending: a library that is waiting is not to find the process gone.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::proto::{Done, Work};
use crate::runtime::{Post, Share};
use crate::sys;

/// Threads at a time, in all contexts together. The rest waits in a queue.
const MOST: usize = 4;

/// Work under way; dropped, what comes of it is of no interest any more.
pub(super) struct Errand(Arc<Mutex<Option<Done>>>);

/// An errand before it is run.
struct Job {
    work: Work,
    done: Arc<Mutex<Option<Done>>>,
    post: Arc<Post>,
    share: Share,
}

/// The threads of one fork generation: a child has none of its parent's.
struct Runners {
    state: Mutex<State>,
    child: OnceLock<Box<Runners>>,
}

struct State {
    running: usize,
    waiting: VecDeque<Job>,
}

static RUNNERS: Runners = Runners::new();

impl Errand {
    /// Sends it off. The mailbox is asked to look when it is back.
    pub(super) fn send(work: Work, post: Arc<Post>, share: Share) -> Errand {
        let done = Arc::new(Mutex::new(None));
        let job = Job {
            work,
            done: done.clone(),
            post,
            share,
        };
        Runners::here().run(job);
        Errand(done)
    }

    /// What came of it, once it is back.
    pub(super) fn done(&self) -> Option<Done> {
        self.0.lock().take()
    }
}

impl Job {
    fn run(self) {
        // Nobody waits for it any more.
        if Arc::strong_count(&self.done) > 1 {
            let done = self.work.run();
            *self.done.lock() = Some(done);
            self.post.ask();
        }
        drop(self.share);
    }
}

impl Runners {
    const fn new() -> Runners {
        Runners {
            state: Mutex::new(State {
                running: 0,
                waiting: VecDeque::new(),
            }),
            child: OnceLock::new(),
        }
    }

    /// Those of this process.
    fn here() -> &'static Runners {
        let mut runners = &RUNNERS;
        for _ in 0..sys::fork_generation() {
            runners = runners.child.get_or_init(|| Box::new(Runners::new()));
        }
        runners
    }

    fn run(&'static self, job: Job) {
        {
            let mut state = self.state.lock();
            state.waiting.push_back(job);
            if state.running == MOST {
                return;
            }
            state.running += 1;
        }
        let runner = || {
            while let Some(job) = self.next() {
                job.run();
            }
        };
        let started = std::thread::Builder::new()
            .name("ZMQbg/GSS".to_owned())
            .spawn(move || {
                sys::block_signals();
                runner();
            });
        if started.is_err() {
            // Without a thread it is done here: others wait, but nobody for ever.
            runner();
        }
    }

    /// The next job for a thread, which is to end if there is none.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        let job = state.waiting.pop_front();
        if job.is_none() {
            state.running -= 1;
        }
        job
    }
}
