//! What a socket needs of its context.
//!
//! Invariant: made by a context, used by its sockets; it knows neither.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::errno::Errno;
use crate::options::{ContextDefaults, ContextOptions};
use crate::runtime::{Inbox, IoThread, Names, Shares};
use crate::sys;

/// See the module.
pub struct Realm {
    /// The inproc endpoints.
    pub names: Arc<Names>,
    /// Who still holds the context.
    pub shares: Arc<Shares>,
    options: Mutex<ContextOptions>,
    io_threads: Mutex<Option<Vec<IoThread>>>,
    inboxes: Mutex<HashMap<u64, Arc<Inbox>>>,
    ended: AtomicBool,
}

/// Sockets have numbers of their own in the whole process.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Realm {
    /// A realm without sockets and threads.
    pub fn new() -> Arc<Realm> {
        Arc::new(Realm {
            names: Arc::new(Names::new()),
            shares: Shares::new(),
            options: Mutex::default(),
            io_threads: Mutex::new(None),
            inboxes: Mutex::default(),
            ended: AtomicBool::new(false),
        })
    }

    /// A number that was never used before.
    pub fn fresh_id() -> u64 {
        NEXT_ID.fetch_add(1, Ordering::Relaxed)
    }

    /// The context's options.
    pub fn options(&self) -> parking_lot::MutexGuard<'_, ContextOptions> {
        self.options.lock()
    }

    /// What new sockets take over.
    pub fn defaults(&self) -> ContextDefaults {
        self.options.lock().defaults()
    }

    /// Takes in a new socket. `ETERM` if the context ends, `EMFILE` if it has as many as it may.
    pub fn enlist(&self, inbox: &Arc<Inbox>) -> Result<u64, Errno> {
        let most = self.options.lock().max_sockets;
        let mut inboxes = self.inboxes.lock();
        if self.ended.load(Ordering::Relaxed) {
            return Err(Errno::ETERM);
        }
        if inboxes.len() >= usize::try_from(most).unwrap_or(0) {
            return Err(Errno::EMFILE);
        }
        let id = Realm::fresh_id();
        inboxes.insert(id, inbox.clone());
        Ok(id)
    }

    /// Forgets a socket.
    pub fn delist(&self, id: u64) {
        self.inboxes.lock().remove(&id);
    }

    /// Says to all sockets that the context ends.
    pub fn end(&self) {
        let inboxes = self.inboxes.lock();
        self.ended.store(true, Ordering::Relaxed);
        for inbox in inboxes.values() {
            inbox.terminate();
        }
    }

    /// Starts the I/O threads unless they run. `ETERM` if the context ends, `EMFILE`, `EAGAIN`
    /// and the like if it fails.
    pub fn start_io_threads(&self) -> Result<(), Errno> {
        let options = self.options.lock().clone();
        let mut threads = self.io_threads.lock();
        if threads.is_some() {
            return Ok(());
        }
        if self.ended.load(Ordering::Relaxed) {
            return Err(Errno::ETERM);
        }
        let mut started: Vec<IoThread> = Vec::new();
        let prefix = String::from_utf8_lossy(&options.thread_name_prefix).into_owned();
        let prefix = if prefix.is_empty() {
            prefix
        } else {
            format!("{prefix}/")
        };
        for index in 0..options.io_threads {
            let schedule = sys::Scheduling {
                policy: options.thread_sched_policy,
                priority: options.thread_priority,
                cpus: options.thread_affinity_cpus.iter().copied().collect(),
            };
            let name = format!("{prefix}ZMQbg/IO/{index}");
            match IoThread::start(&name, move || schedule.apply()) {
                Ok(thread) => started.push(thread),
                Err(errno) => {
                    started.iter().for_each(IoThread::stop);
                    return Err(errno);
                }
            }
        }
        *threads = Some(started);
        Ok(())
    }

    /// The I/O threads that an affinity mask allows; 0 allows all.
    pub fn io_threads(&self, affinity: u64) -> Vec<IoThread> {
        let threads = self.io_threads.lock();
        let allowed = |index: usize| affinity == 0 || (index < 64 && affinity >> index & 1 == 1);
        let threads = threads.iter().flatten().enumerate();
        threads
            .filter(|(index, _)| allowed(*index))
            .map(|(_, thread)| thread.clone())
            .collect()
    }

    /// Stops the I/O threads. Nothing of theirs may be left to do.
    pub fn stop_io_threads(&self) {
        let threads = self.io_threads.lock().take().unwrap_or_default();
        threads.iter().for_each(IoThread::stop);
    }
}
