//! What is kept is bounded, fits, is nobody else's, and holds nothing that a zeroed body shows.

use std::time::{Duration, Instant};

use super::*;
use crate::msg::Msg;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const FROM: usize = 32 * KIB;
const TO: usize = 4 * MIB;

/// An empty shelf for large blocks, which holds so many octets.
fn shelf_of(most: usize) -> Kept {
    Kept::new(FROM, TO, most)
}

/// The capacities that come out when asked for these, one after the other.
fn taken<const N: usize>(kept: &Kept, wanted: [usize; N]) -> [Option<usize>; N] {
    wanted.map(|capacity| kept.take(capacity, false).as_ref().map(Idle::capacity))
}

fn holding(capacities: &[usize]) -> Kept {
    let kept = shelf_of(8 * MIB);
    for &capacity in capacities {
        kept.give(Idle::of(capacity));
    }
    kept
}

#[test]
fn only_large_blocks_are_kept() {
    let kept = holding(&[0, 100, FROM - 1, TO + 1]);
    assert_eq!(kept.held(), (0, 0));
    kept.give(Idle::of(FROM));
    kept.give(Idle::of(TO));
    assert_eq!(kept.held(), (2, FROM + TO));
    kept.clear();
    assert_eq!(kept.held(), (0, 0));
    kept.give(Idle::of(FROM));
    assert_eq!(kept.held(), (1, FROM));
}

#[test]
fn a_block_that_comes_out_fits() {
    let kept = holding(&[200 * KIB, MIB]);
    let wanted = [MIB + 1, 768 * KIB - 1, 201 * KIB, 149 * KIB, 0, usize::MAX];
    assert_eq!(taken(&kept, wanted), [None; 6]);
    assert_eq!(taken(&kept, [150 * KIB]), [Some(200 * KIB)]);
    assert_eq!(taken(&kept, [150 * KIB, 768 * KIB]), [None, Some(MIB)]);
    assert_eq!(kept.held(), (0, 0));
    assert_eq!(taken(&holding(&[FROM]), [FROM / 4 * 3]), [Some(FROM)]);
}

#[test]
fn the_newest_comes_out_and_the_oldest_make_room() {
    let kept = holding(&[200 * KIB, 201 * KIB, 202 * KIB]);
    assert_eq!(
        taken(&kept, [202 * KIB, 190 * KIB]),
        [202, 201].map(|size| Some(size * KIB))
    );
    let kept = shelf_of(64 * MIB);
    let newest = 64 + PLACES + 20;
    for size in 64..=newest {
        kept.give(Idle::of(size * KIB));
        assert!(kept.held().0 <= PLACES);
    }
    assert_eq!(kept.held().0, PLACES);
    let wanted = [newest + 1, newest - 20].map(|size| size * KIB);
    assert_eq!(taken(&kept, wanted), [None, Some(newest * KIB)]);
}

#[test]
fn as_few_go_as_need_be() {
    let sizes: Vec<usize> = (64..160).map(|size| size * KIB).collect();
    let kept = holding(&sizes);
    assert!((2..sizes.len()).contains(&kept.held().0));
    // Small ones go for a large one, and as few as need be.
    kept.give(Idle::of(4 * MIB));
    assert!(kept.held().0 > 2);
    kept.give(Idle::of(4 * MIB - 100 * KIB));
    let (blocks, octets) = kept.held();
    assert_eq!((blocks, octets), (2, 8 * MIB - 100 * KIB));
    kept.give(Idle::of(64 * KIB));
    assert_eq!(kept.held(), (3, octets + 64 * KIB));
    kept.give(Idle::of(MIB));
    assert_eq!(kept.held(), (3, octets + 64 * KIB + MIB - 4 * MIB));
}

#[test]
fn what_was_not_written_once_is_not_taken_for_what_was() {
    let kept = shelf_of(8 * MIB);
    kept.give(Idle::of(MIB));
    kept.give(Idle::unclean(MIB));
    let take = |clean| kept.take(MIB, clean).map(|idle| idle.is_clean());
    assert_eq!([true, true].map(take), [Some(true), None]);
    assert_eq!(take(false), Some(false));
}

/// Other threads drop what was cut, so the last references on slabs are theirs.
#[test]
fn slabs_come_back_to_whoever_cuts() {
    const BODY: usize = 1000;
    let begin = Instant::now();
    loop {
        let bodies: Vec<Msg> = (0..PLACES * SLAB / BODY / 2)
            .map(|number| Msg::from_slice(&[number as u8; BODY]).unwrap())
            .collect();
        let check = move || {
            for (number, body) in bodies.iter().enumerate() {
                assert_eq!(body.data(), [number as u8; BODY]);
            }
        };
        std::thread::spawn(check).join().unwrap();
        // Other tests take some too, and end contexts, which frees all of them.
        if let Some(slab) = SLABS.take(SLAB, true) {
            assert!(slab.is_clean() && slab.capacity() == SLAB);
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn who_finds_the_lock_taken_goes_to_the_allocator() {
    let kept = holding(&[MIB]);
    let busy = kept.shelf.lock();
    assert!(kept.take(MIB, false).is_none());
    kept.give(Idle::of(MIB));
    kept.clear();
    drop(busy);
    assert_eq!(kept.held(), (1, MIB));
}

#[test]
fn a_zeroed_body_is_zero_whatever_was_there_before() {
    const SIZE: usize = 130 * KIB;
    for _ in 0..20 {
        let mut msg = Msg::with_size(SIZE).unwrap();
        msg.data_mut().unwrap().fill(0xA5);
        drop(msg);
        let zeroed = Msg::zeroed(SIZE).unwrap();
        assert!(zeroed.data().iter().all(|&octet| octet == 0));
    }
}

#[test]
fn a_body_from_a_kept_block_is_as_long_as_was_asked() {
    for size in [FROM / 4 * 3, FROM, 190 * KIB, 3 * MIB] {
        drop(Msg::with_size(size + size / 8).unwrap());
        let mut msg = Msg::with_size(size).unwrap();
        assert_eq!((msg.len(), msg.data().len()), (size, size));
        msg.data_mut().unwrap().fill(7);
        let mut room = Msg::with_room(size).unwrap();
        assert!(room.is_empty() && room.room().len() >= size);
        // What has grown is kept with the capacity it has now.
        room.enlarge(size * 2).unwrap();
        assert!(room.room().len() >= size * 2);
        assert_eq!(msg.data(), vec![7; size]);
    }
}

/// Bodies go round among threads that make, check and drop them: whoever had a block at the same
/// time as somebody else would see the other's octets.
#[test]
fn no_block_is_had_twice() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 400;
    let check = |msg: &Msg| {
        let first = msg.data()[0];
        let ends = [0, msg.len() / 2, msg.len() - 1];
        assert!(ends.iter().all(|&at| msg.data()[at] == first));
    };
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS)
        .map(|_| std::sync::mpsc::channel::<Msg>())
        .unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(own, receiver)| {
            let next = senders[(own + 1) % THREADS].clone();
            std::thread::spawn(move || {
                for round in 0..ROUNDS {
                    let size = FROM + (round * 7919 + own * 104_729) % (FROM / 2);
                    let mut msg = Msg::with_size(size).unwrap();
                    let mark = (round * THREADS + own) as u8;
                    let octets = msg.data_mut().unwrap();
                    let (middle, last) = (size / 2, size - 1);
                    (octets[0], octets[middle], octets[last]) = (mark, mark, mark);
                    check(&msg);
                    let copy = (round % 3 == 0).then(|| msg.share());
                    next.send(msg).unwrap();
                    check(&receiver.recv().unwrap());
                    copy.iter().for_each(check);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
