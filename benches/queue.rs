//! What the queue costs per item of 64 octets, beside rtrb (a bounded ring) as the yardstick.
//!
//! `cargo bench --bench queue [NAME…]`. Invariant: a number is the best of several rounds, in
//! nanoseconds per item, so that other work on the machine shows as little as possible.

use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use zmq::queue::{Consumer, Notice, Producer, channel};

type Item = [u64; 8];

/// Items per round between threads, and in turn on one.
const STREAM: usize = 1_000_000;
const ROUNDS: usize = 15;
/// As a high-water mark would, keeps a writer from running away.
const WINDOW: usize = 1000;

struct Row {
    name: &'static str,
    what: &'static str,
    run: fn() -> f64,
}

const ROWS: &[Row] = &[
    Row {
        name: "turn",
        what: "push, publish and pop in turn, one thread",
        run: || turn(Way::Untold),
    },
    Row {
        name: "turn-queue",
        what: "the same, looking whether the reader asked the queue",
        run: || turn(Way::Queue),
    },
    Row {
        name: "turn-notice",
        what: "the same, looking whether it armed a notice",
        run: || turn(Way::Notice),
    },
    Row {
        name: "turn-rtrb",
        what: "rtrb in turn",
        run: turn_rtrb,
    },
    Row {
        name: "burst",
        what: "1000 pushed and published, then popped, one thread",
        run: burst,
    },
    Row {
        name: "burst-rtrb",
        what: "rtrb, the same",
        run: burst_rtrb,
    },
    Row {
        name: "stream",
        what: "two threads that never sleep, published one by one",
        run: || stream(1, Way::Untold),
    },
    Row {
        name: "stream-rtrb",
        what: "rtrb, the same",
        run: stream_rtrb,
    },
    Row {
        name: "stream-queue",
        what: "the reader sleeps, and is told by the queue",
        run: || stream(1, Way::Queue),
    },
    Row {
        name: "stream-notice",
        what: "the reader sleeps, and is told by a notice",
        run: || stream(1, Way::Notice),
    },
    Row {
        name: "stream-16",
        what: "told by the queue, published by sixteen",
        run: || stream(16, Way::Queue),
    },
    Row {
        name: "back-queue",
        what: "there and back without sleep, asking the queue each time",
        run: || there_and_back(Way::Queue),
    },
    Row {
        name: "back-notice",
        what: "there and back without sleep, arming a notice each time",
        run: || there_and_back(Way::Notice),
    },
];

/// How the reader is told of items.
#[derive(Clone, Copy)]
enum Way {
    Untold,
    Queue,
    Notice,
}

impl Way {
    /// Shows what was pushed; whether the reader wants to be told.
    #[inline(always)]
    fn show(self, producer: &mut Producer<Item>, notice: &Notice) -> bool {
        match self {
            Way::Queue => producer.announce(),
            Way::Notice => {
                producer.publish();
                notice.fire()
            }
            Way::Untold => {
                producer.publish();
                false
            }
        }
    }

    /// Asks to be told, unless something is there.
    #[inline(always)]
    fn ask(self, consumer: &mut Consumer<Item>, notice: &Notice) -> bool {
        match self {
            Way::Queue => consumer.ask(),
            Way::Notice => {
                notice.arm();
                let asked = !consumer.available();
                if !asked {
                    notice.disarm();
                }
                asked
            }
            Way::Untold => false,
        }
    }
}

fn main() {
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    for row in ROWS {
        if names.is_empty() || names.iter().any(|name| name == row.name) {
            let mut found: Vec<f64> = (0..ROUNDS).map(|_| (row.run)()).collect();
            found.sort_by(f64::total_cmp);
            let (best, middle) = (found[0], found[ROUNDS / 2]);
            println!(
                "{:<14} {best:>7.1} ns (median {middle:>7.1})  {}",
                row.name, row.what
            );
        }
    }
}

fn per_item(start: Instant, items: usize) -> f64 {
    start.elapsed().as_secs_f64() * 1e9 / items as f64
}

/// Reads all of an item; whether there was one.
#[inline(always)]
fn consume(item: Option<Item>) -> bool {
    item.map(|item| black_box(item.iter().sum::<u64>()))
        .is_some()
}

#[inline(always)]
fn turn(way: Way) -> f64 {
    let (mut producer, mut consumer) = channel::<Item>();
    let notice = Notice::new();
    let start = Instant::now();
    for i in 0..STREAM as u64 {
        producer.push([black_box(i); 8]);
        black_box(way.show(&mut producer, &notice));
        consume(consumer.pop());
    }
    per_item(start, STREAM)
}

fn turn_rtrb() -> f64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::<Item>::new(1024);
    let start = Instant::now();
    for i in 0..STREAM as u64 {
        let _ = producer.push([black_box(i); 8]);
        consume(consumer.pop().ok());
    }
    per_item(start, STREAM)
}

fn burst() -> f64 {
    let (mut producer, mut consumer) = channel::<Item>();
    let start = Instant::now();
    for _ in 0..STREAM / 1000 {
        for i in 0..1000 {
            producer.push([black_box(i); 8]);
            producer.publish();
        }
        while consume(consumer.pop()) {}
    }
    per_item(start, STREAM)
}

fn burst_rtrb() -> f64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::<Item>::new(1024);
    let start = Instant::now();
    for _ in 0..STREAM / 1000 {
        for i in 0..1000 {
            let _ = producer.push([black_box(i); 8]);
        }
        while consume(consumer.pop().ok()) {}
    }
    per_item(start, STREAM)
}

/// Waits a little; gives the processor away when it takes long.
struct Patience(u32);

impl Patience {
    fn wait(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(200) {
            thread::yield_now();
        } else {
            spin_loop();
        }
    }
}

#[repr(align(64))]
#[derive(Default)]
struct Line<T>(T);

#[derive(Default)]
struct Shared {
    acknowledged: Line<AtomicUsize>,
    told: Line<AtomicBool>,
    notice: Notice,
}

#[inline(always)]
fn stream(batch: usize, way: Way) -> f64 {
    let (mut producer, mut consumer) = channel::<Item>();
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    let reader = thread::current();
    let start = Instant::now();
    let writer = thread::spawn(move || {
        let mut acknowledged = 0;
        for i in 0..STREAM {
            let mut patience = Patience(0);
            while i - acknowledged >= WINDOW {
                acknowledged = theirs.acknowledged.0.load(Ordering::Acquire);
                if i - acknowledged >= WINDOW {
                    patience.wait();
                }
            }
            producer.push([black_box(i as u64); 8]);
            // The count of items is a multiple of every batch.
            let complete = (i + 1) % batch == 0;
            if complete && way.show(&mut producer, &theirs.notice) {
                theirs.told.0.store(true, Ordering::Release);
                reader.unpark();
            }
        }
    });
    let mut patience = Patience(0);
    let mut count = 0;
    while count < STREAM {
        if consume(consumer.pop()) {
            count += 1;
            if count % (WINDOW / 2) == 0 {
                shared.acknowledged.0.store(count, Ordering::Release);
            }
        } else if way.ask(&mut consumer, &shared.notice) {
            while !shared.told.0.swap(false, Ordering::Acquire) {
                thread::park();
            }
        } else if let Way::Untold = way {
            patience.wait();
        }
    }
    let result = per_item(start, STREAM);
    writer.join().unwrap();
    result
}

fn stream_rtrb() -> f64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::<Item>::new(1024);
    let start = Instant::now();
    let writer = thread::spawn(move || {
        let mut patience = Patience(0);
        for i in 0..STREAM as u64 {
            while producer.push([black_box(i); 8]).is_err() {
                patience.wait();
            }
        }
    });
    let mut patience = Patience(0);
    let mut count = 0;
    while count < STREAM {
        if consume(consumer.pop().ok()) {
            count += 1;
        } else {
            patience.wait();
        }
    }
    let result = per_item(start, STREAM);
    writer.join().unwrap();
    result
}

#[inline(always)]
fn there_and_back(way: Way) -> f64 {
    const TURNS: usize = 50_000;
    let (mut ask, mut asked) = channel::<Item>();
    let (mut answer, mut answered) = channel::<Item>();
    let notices = Arc::new([Notice::new(), Notice::new()]);
    let theirs = notices.clone();
    let start = Instant::now();
    let other = thread::spawn(move || {
        for _ in 0..TURNS {
            answer.push(await_item(way, &mut asked, &theirs[0]));
            black_box(way.show(&mut answer, &theirs[1]));
        }
    });
    for i in 0..TURNS as u64 {
        ask.push([i; 8]);
        black_box(way.show(&mut ask, &notices[0]));
        black_box(await_item(way, &mut answered, &notices[1]));
    }
    let result = per_item(start, TURNS);
    other.join().unwrap();
    result
}

/// Asks once, as a reader does before it sleeps, then looks until something is there.
#[inline(always)]
fn await_item(way: Way, consumer: &mut Consumer<Item>, notice: &Notice) -> Item {
    let mut patience = Patience(0);
    if !consumer.available() && way.ask(consumer, notice) {
        while !consumer.available() {
            patience.wait();
        }
    }
    consumer.pop().expect("it is available")
}
