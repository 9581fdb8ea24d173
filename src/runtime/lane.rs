//! One direction of a pipe: what its two ends share beside the queue.
//!
//! Invariant: the high-water mark is worked out whenever what it follows from changes, under the
//! lock of that, so that a message costs one look.

use std::collections::VecDeque;
use std::sync::OnceLock;

use crate::msg::Msg;
use crate::queue::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::queue::{Notice, RunReader};

/// "No say" in a lane's limit.
pub(super) const SILENT: i32 = i32::MIN;

#[derive(Default)]
#[repr(align(64))]
pub(super) struct Line<T>(pub(super) T);

/// What the high-water mark of a lane follows from.
pub(super) struct Allowed {
    /// By the writer and by the reader; their sum is the mark.
    pub(super) limits: [i32; 2],
    /// The reader is gone.
    pub(super) unread: bool,
}

/// The high-water mark of a lane without one.
const NO_MARK: u64 = u64::MAX;

/// What takes the place of the queue where only the newest message counts.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) msg: Mutex<Option<Msg>>,
    pub(super) reader: Notice,
}

pub(super) struct Lane {
    /// So many messages may be on their way and not acknowledged: the high-water mark, [`NO_MARK`],
    /// or 0 if nobody reads them. One look for each message, so it is worked out beforehand.
    high_water: Line<AtomicU64>,
    /// Written under this lock.
    allowed: Mutex<Allowed>,
    /// The writer went and never wrote a message; set before `ended`.
    pub(super) silent: AtomicBool,
    /// The writer is gone.
    pub(super) ended: AtomicBool,
    /// The reader would have short messages in runs.
    pub(super) takes_runs: AtomicBool,
    /// Messages that the reader has taken out, in steps.
    pub(super) acknowledged: Line<AtomicU64>,
    pub(super) writer: Notice,
    /// `ZMQ_CONFLATE`: only the newest message is kept, here instead of in the queue.
    pub(super) newest: Option<Box<Newest>>,
    rare: OnceLock<Box<Rare>>,
}

/// What most lanes never have.
#[derive(Default)]
pub(super) struct Rare {
    /// The runs that parts in the queue stand for, in their order.
    pub(super) runs: Mutex<VecDeque<RunReader>>,
    /// What the reader is to read last when the writer goes.
    pub(super) farewell: OnceLock<Box<[u8]>>,
}

impl Lane {
    pub(super) fn new(writer: Option<i32>, reader: Option<i32>, conflate: bool) -> Lane {
        let limits = [writer, reader].map(|limit| limit.unwrap_or(SILENT));
        let lane = Lane {
            high_water: Line::default(),
            allowed: Mutex::new(Allowed {
                limits,
                unread: false,
            }),
            silent: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            takes_runs: AtomicBool::new(false),
            acknowledged: Line::default(),
            writer: Notice::new(),
            newest: conflate.then(Box::default),
            rare: OnceLock::new(),
        };
        lane.allow(|_| {});
        lane
    }

    pub(super) fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    /// What the reader is to read last when the writer goes.
    pub(super) fn farewell(&self) -> Option<&[u8]> {
        self.rare.get()?.farewell.get().map(|octets| &**octets)
    }

    #[inline]
    pub(super) fn high_water(&self) -> u64 {
        self.high_water.0.load(Ordering::Relaxed)
    }

    /// Changes what is allowed. `true`: the mark is lower now, or is one where none was.
    pub(super) fn allow(&self, change: impl FnOnce(&mut Allowed)) -> bool {
        let mut allowed = self.allowed.lock();
        change(&mut allowed);
        let (before, now) = (self.high_water(), self.mark(&allowed));
        self.high_water.0.store(now, Ordering::Relaxed);
        now < before
    }

    /// No limit on either side is no limit at all.
    pub(super) fn mark(&self, allowed: &Allowed) -> u64 {
        if allowed.unread {
            return 0;
        }
        let mut sum = 0_u64;
        for limit in allowed.limits {
            match limit {
                SILENT => {}
                limit if limit <= 0 => return NO_MARK,
                limit => sum += limit as u64,
            }
        }
        if sum == 0 || self.newest.is_some() {
            NO_MARK
        } else {
            sum
        }
    }
}
