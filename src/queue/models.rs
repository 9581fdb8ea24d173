//! The queue and the ways of being told, in every order of events that loom can find.
//!
//! `cargo xtask loom` runs these. Invariant: a model ends in every order of events; loom reports a
//! thread that is never woken as a deadlock, a chunk or an item's token that is left as a leak, and
//! a slot that is used by both ends at once as a race. The models that must fail show that it does.
//!
//! Under loom the first chunk has one slot, later ones two, and two emptied chunks are kept, so that
//! a handful of items goes through everything.

mod latches;
mod runs;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::*;

/// Runs a model in all orders with as many preemptions as `LOOM_MAX_PREEMPTIONS` says (3).
fn check(model: impl Fn() + Sync + Send + 'static) {
    check_within(usize::MAX, model);
}

/// The same, with at most so many preemptions.
fn check_within(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    let bound = builder.preemption_bound.unwrap_or(3);
    builder.preemption_bound = Some(bound.min(preemptions));
    builder.max_branches = 10_000;
    builder.check(model);
}

/// An item; loom notices when one of its kind is not dropped.
struct Item {
    number: usize,
    _token: Arc<()>,
}

/// Makes items that are counted from 0.
struct Items {
    next: usize,
    token: Arc<()>,
}

impl Items {
    fn new() -> Items {
        Items {
            next: 0,
            token: Arc::new(()),
        }
    }

    fn push(&mut self, producer: &mut Producer<Item>, count: usize) {
        for _ in 0..count {
            producer.push(Item {
                number: self.next,
                _token: self.token.clone(),
            });
            self.next += 1;
        }
    }
}

/// Pops what is there; the items must be those from `next` on. Returns the next one's number.
fn drain(consumer: &mut Consumer<Item>, mut next: usize) -> usize {
    while let Some(item) = consumer.pop() {
        assert_eq!(item.number, next);
        next += 1;
    }
    next
}

// ---- the queue alone --------------------------------------------------------------------------

#[test]
fn items_cross_chunks_in_order() {
    check(|| {
        let (mut producer, mut consumer) = channel();
        let writer = thread::spawn(move || {
            let mut items = Items::new();
            for count in [1, 2, 1, 3] {
                items.push(&mut producer, count);
                producer.publish();
            }
        });
        let mut next = 0;
        for _ in 0..3 {
            next = drain(&mut consumer, next);
            if let Some(item) = consumer.peek() {
                assert_eq!(item.number, next);
            }
        }
        writer.join().unwrap();
        assert_eq!(drain(&mut consumer, next), 7);
    });
}

#[test]
fn emptied_chunks_go_round() {
    check(|| {
        let (mut producer, mut consumer) = channel();
        // The consumer has emptied its second chunk but not left it; the producer is in the third,
        // and will get the second one back if the consumer is quick.
        let mut items = Items::new();
        items.push(&mut producer, 4);
        producer.publish();
        for number in 0..3 {
            assert_eq!(consumer.pop().map(|item| item.number), Some(number));
        }
        let writer = thread::spawn(move || {
            for count in [2, 2] {
                items.push(&mut producer, count);
                producer.publish();
            }
            (producer, items)
        });
        let mut next = 3;
        for _ in 0..2 {
            next = drain(&mut consumer, next);
        }
        let (mut producer, mut items) = writer.join().unwrap();
        assert_eq!(drain(&mut consumer, next), 8);
        // More came back than is used: one goes with the producer.
        items.push(&mut producer, 3);
        producer.publish();
        assert_eq!(drain(&mut consumer, 8), 11);
    });
}

#[test]
fn nothing_is_seen_before_it_is_published() {
    check(|| {
        let (mut producer, mut consumer) = channel();
        let writer = thread::spawn(move || {
            let mut items = Items::new();
            items.push(&mut producer, 2);
            producer.publish();
            items.push(&mut producer, 2);
            producer
        });
        let next = drain(&mut consumer, 0);
        assert!(next == 0 || next == 2);
        let mut producer = writer.join().unwrap();
        assert_eq!(drain(&mut consumer, next), 2);
        producer.publish();
        assert_eq!(drain(&mut consumer, 2), 4);
    });
}

#[test]
fn the_consumer_goes_first() {
    check(|| {
        let (mut producer, mut consumer) = channel();
        let reader = thread::spawn(move || drain(&mut consumer, 0));
        let mut items = Items::new();
        items.push(&mut producer, 3);
        producer.publish();
        // These are pushed to nobody, and the last is not even published.
        items.push(&mut producer, 2);
        producer.publish();
        items.push(&mut producer, 1);
        drop(producer);
        assert!(matches!(reader.join().unwrap(), 0 | 3 | 5));
    });
}

#[test]
fn the_producer_goes_first() {
    check(|| {
        let (mut producer, mut consumer) = channel();
        let writer = thread::spawn(move || {
            let mut items = Items::new();
            items.push(&mut producer, 4);
            producer.publish();
            items.push(&mut producer, 1);
        });
        let next = drain(&mut consumer, 0);
        writer.join().unwrap();
        assert_eq!(drain(&mut consumer, next), 4);
    });
}

// ---- being told -------------------------------------------------------------------------------

/// What `Parker` is, without a descriptor.
#[derive(Default)]
struct Bed {
    woken: Mutex<bool>,
    condition: Condvar,
}

impl Bed {
    fn reset(&self) {
        *self.woken.lock().unwrap() = false;
    }

    fn unpark(&self) {
        *self.woken.lock().unwrap() = true;
        self.condition.notify_all();
    }

    fn park(&self) {
        let mut woken = self.woken.lock().unwrap();
        while !*woken {
            woken = self.condition.wait(woken).unwrap();
        }
        *woken = false;
    }
}

#[derive(Default)]
struct Told {
    notice: Notice,
    bed: Bed,
}

/// How a reader is told of items: by the queue itself, or by a notice beside it.
#[derive(Clone, Copy)]
enum Way {
    Queue,
    Notice,
}

impl Told {
    /// Shows what was pushed, and wakes the reader if it asked.
    fn show(&self, way: Way, producer: &mut Producer<Item>) {
        let asked = match way {
            Way::Queue => producer.announce(),
            Way::Notice => {
                producer.publish();
                self.notice.fire()
            }
        };
        if asked {
            self.bed.unpark();
        }
    }

    /// Sleeps unless something is there.
    fn wait(&self, way: Way, consumer: &mut Consumer<Item>) {
        let asked = match way {
            Way::Queue => consumer.ask(),
            Way::Notice => {
                self.notice.arm();
                !consumer.available()
            }
        };
        if asked {
            self.bed.park();
        } else {
            self.notice.disarm();
        }
    }
}

#[test]
fn a_reader_that_sleeps_is_woken() {
    for way in [Way::Queue, Way::Notice] {
        check(move || {
            let (mut producer, mut consumer) = channel();
            let told = Arc::new(Told::default());
            let theirs = told.clone();
            let writer = thread::spawn(move || {
                let mut items = Items::new();
                for count in [1, 2] {
                    items.push(&mut producer, count);
                    theirs.show(way, &mut producer);
                }
            });
            let mut next = 0;
            loop {
                next = drain(&mut consumer, next);
                if next == 3 {
                    break;
                }
                told.wait(way, &mut consumer);
            }
            writer.join().unwrap();
        });
    }
}

/// A pipe end that was asked for in nobody's name gets an owner, whose name must be used: the
/// mark of an end that is nobody's is dropped.
#[test]
fn who_asks_again_is_told_by_its_new_name() {
    for way in [Way::Queue, Way::Notice] {
        check(move || {
            let (mut producer, mut consumer) = channel();
            let shared = Arc::new((Notice::new(), AtomicBool::new(false), Bed::default()));
            let ask = move |notice: &Notice, consumer: &mut Consumer<Item>| match way {
                Way::Queue => consumer.ask(),
                Way::Notice => {
                    notice.arm();
                    !consumer.available()
                }
            };
            assert!(ask(&shared.0, &mut consumer));
            let theirs = shared.clone();
            let writer = thread::spawn(move || {
                let (notice, named, bed) = &*theirs;
                Items::new().push(&mut producer, 1);
                let asked = match way {
                    Way::Queue => producer.announce(),
                    Way::Notice => {
                        producer.publish();
                        notice.fire()
                    }
                };
                if asked && named.load(Ordering::Relaxed) {
                    bed.unpark();
                }
            });
            let (notice, named, bed) = &*shared;
            named.store(true, Ordering::Relaxed);
            if consumer.pop().is_none() {
                if ask(notice, &mut consumer) {
                    bed.park();
                }
                assert!(consumer.pop().is_some());
            }
            writer.join().unwrap();
        });
    }
}

/// Two words between two threads: the protocol of `Notice`, with a flag for the queue. `fence` is
/// what the real one does between. (Loom's `Arc` cannot be dropped by a model that fails.)
fn two_words(fence: fn()) {
    use std::sync::Arc;
    check(move || {
        let words = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let theirs = words.clone();
        let told = Arc::new(Bed::default());
        let teller = told.clone();
        let writer = thread::spawn(move || {
            let [published, asked] = &*theirs;
            published.store(true, Ordering::Release);
            fence();
            if asked.load(Ordering::Relaxed) && asked.swap(false, Ordering::AcqRel) {
                teller.unpark();
            }
        });
        let [published, asked] = &*words;
        asked.store(true, Ordering::Relaxed);
        fence();
        if !published.load(Ordering::Acquire) {
            told.park();
            assert!(published.load(Ordering::Acquire));
        }
        writer.join().unwrap();
    });
}

#[test]
fn two_words_with_fences() {
    two_words(|| loom::sync::atomic::fence(Ordering::SeqCst));
}

#[test]
#[should_panic(expected = "deadlock")]
fn two_words_without_fences_lose_a_wake_up() {
    two_words(|| ());
}

#[test]
#[should_panic(expected = "deadlock")]
fn two_words_with_lesser_fences_lose_a_wake_up() {
    two_words(|| loom::sync::atomic::fence(Ordering::AcqRel));
}

// ---- the high-water mark ----------------------------------------------------------------------

/// What two ends of a pipe share for one direction (`runtime::pipe`).
#[derive(Default)]
struct Lane {
    high_water: AtomicUsize,
    acknowledged: AtomicUsize,
    reader: Told,
    writer: Told,
}

impl Lane {
    fn new(high_water: usize) -> Arc<Lane> {
        let lane = Lane::default();
        lane.high_water.store(high_water, Ordering::Relaxed);
        Arc::new(lane)
    }

    fn has_room(&self, written: usize) -> bool {
        let acknowledged = self.acknowledged.load(Ordering::Acquire);
        written - acknowledged < self.high_water.load(Ordering::Relaxed)
    }

    /// The writer's end: `count` messages, sleeping whenever there is no room.
    fn write(&self, way: Way, mut producer: Producer<Item>, count: usize) {
        let mut items = Items::new();
        for written in 0..count {
            while !self.has_room(written) {
                self.writer.notice.arm();
                if self.has_room(written) {
                    self.writer.notice.disarm();
                } else {
                    self.writer.bed.park();
                }
            }
            items.push(&mut producer, 1);
            self.reader.show(way, &mut producer);
        }
    }

    /// The reader's end: reads as many, telling the writer at every one.
    fn read(&self, way: Way, mut consumer: Consumer<Item>, count: usize) {
        let mut read = 0;
        while read < count {
            let Some(item) = consumer.pop() else {
                self.reader.wait(way, &mut consumer);
                continue;
            };
            assert_eq!(item.number, read);
            read += 1;
            self.acknowledge(read);
        }
    }

    fn acknowledge(&self, read: usize) {
        self.acknowledged.store(read, Ordering::Release);
        self.tell_writer();
    }

    fn tell_writer(&self) {
        if self.writer.notice.fire() {
            self.writer.bed.unpark();
        }
    }
}

#[test]
fn a_full_writer_and_an_empty_reader_wake_each_other() {
    for (way, high_water) in [(Way::Queue, 1), (Way::Queue, 2), (Way::Notice, 1)] {
        check(move || {
            let (producer, consumer) = channel();
            let lane = Lane::new(high_water);
            let theirs = lane.clone();
            let writer = thread::spawn(move || theirs.write(way, producer, 3));
            lane.read(way, consumer, 3);
            writer.join().unwrap();
        });
    }
}

#[test]
fn a_raised_mark_releases_the_writer() {
    check(|| {
        let (producer, consumer) = channel();
        let lane = Lane::new(1);
        let theirs = lane.clone();
        let writer = thread::spawn(move || theirs.write(Way::Queue, producer, 2));
        lane.high_water.store(2, Ordering::Relaxed);
        lane.tell_writer();
        writer.join().unwrap();
        lane.read(Way::Queue, consumer, 2);
    });
}

// ---- the inbox --------------------------------------------------------------------------------

/// `runtime::inbox`: what happened, and who sleeps until something does.
#[derive(Default)]
struct Inbox {
    dirty: AtomicBool,
    terminated: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    marks: usize,
    sleepers: Vec<Arc<Bed>>,
}

impl Inbox {
    fn wake(&self, state: &State) {
        self.dirty.store(true, Ordering::Relaxed);
        for sleeper in &state.sleepers {
            sleeper.unpark();
        }
    }

    fn deliver(&self) {
        let mut state = self.state.lock().unwrap();
        state.marks += 1;
        self.wake(&state);
    }

    fn terminate(&self) {
        let state = self.state.lock().unwrap();
        self.terminated.store(true, Ordering::Relaxed);
        self.wake(&state);
    }

    fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }

    fn take(&self) -> usize {
        let mut state = self.state.lock().unwrap();
        self.dirty.store(self.is_terminated(), Ordering::Relaxed);
        std::mem::take(&mut state.marks)
    }

    fn watch(&self, bed: &Arc<Bed>) -> bool {
        let mut state = self.state.lock().unwrap();
        if self.dirty.load(Ordering::Relaxed) || self.is_terminated() {
            return false;
        }
        state.sleepers.push(bed.clone());
        true
    }

    fn unwatch(&self, bed: &Arc<Bed>) {
        let mut state = self.state.lock().unwrap();
        state.sleepers.retain(|sleeper| !Arc::ptr_eq(sleeper, bed));
    }

    /// The owner's call: `attempt` until it succeeds, sleeping in between; `None` once terminated.
    fn call<T>(&self, mut attempt: impl FnMut(usize) -> Option<T>) -> Option<T> {
        let bed = Arc::new(Bed::default());
        let mut marks = 0;
        loop {
            if self.dirty.load(Ordering::Relaxed) {
                if self.is_terminated() {
                    return None;
                }
                marks += self.take();
            }
            if let Some(result) = attempt(marks) {
                return Some(result);
            }
            bed.reset();
            if self.watch(&bed) {
                bed.park();
                self.unwatch(&bed);
            }
        }
    }
}

#[test]
fn no_mark_is_missed() {
    check(|| {
        let inbox = Arc::new(Inbox::default());
        let tellers =
            [inbox.clone(), inbox.clone()].map(|inbox| thread::spawn(move || inbox.deliver()));
        assert!(inbox.call(|marks| (marks == 2).then_some(())).is_some());
        for teller in tellers {
            teller.join().unwrap();
        }
        assert!(inbox.state.lock().unwrap().sleepers.is_empty());
    });
}

#[test]
fn termination_ends_a_sleep() {
    check(|| {
        let inbox = Arc::new(Inbox::default());
        let theirs = inbox.clone();
        let context = thread::spawn(move || theirs.terminate());
        assert!(inbox.call(|_| None::<()>).is_none());
        context.join().unwrap();
    });
}

#[test]
fn a_reader_is_told_through_its_inbox() {
    check(|| {
        let (mut producer, mut consumer) = channel();
        let inbox = Arc::new(Inbox::default());
        let theirs = inbox.clone();
        let writer = thread::spawn(move || {
            let mut items = Items::new();
            for _ in 0..2 {
                items.push(&mut producer, 1);
                if producer.announce() {
                    theirs.deliver();
                }
            }
        });
        for number in 0..2 {
            // What `Pipe::read` does.
            let item = inbox.call(|_| {
                consumer
                    .pop()
                    .or_else(|| if consumer.ask() { None } else { consumer.pop() })
            });
            assert_eq!(item.map(|item| item.number), Some(number));
        }
        writer.join().unwrap();
    });
}

mod latch;
mod spinning;
