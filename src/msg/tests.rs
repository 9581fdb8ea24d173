//! The message floor: bodies are owned once, seen whole, freed once.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::errno::Errno;

unsafe extern "C" fn count(_data: *mut c_void, hint: *mut c_void) {
    // SAFETY: every test hands in the address of a counter that outlives the message.
    unsafe { &*hint.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
}

fn foreign(body: &'static [u8], freed: &AtomicUsize) -> Msg {
    let hint = std::ptr::from_ref(freed).cast_mut().cast();
    // SAFETY: the body is static.
    unsafe { Msg::from_foreign(body.as_ptr().cast_mut().cast(), body.len(), count, hint) }.unwrap()
}

#[test]
fn bodies_of_every_kind_read_back() {
    for size in [0, 1, 47, 48, 49, 255, 256, 4096, 100_000] {
        let body: Vec<u8> = (0..size).map(|i| i as u8).collect();
        let mut msg = Msg::from_slice(&body).unwrap();
        assert_eq!(msg.data(), body);
        assert_eq!(msg.len(), size);
        let copy = msg.share();
        assert_eq!(copy.data(), body);
        assert_eq!(msg.is_shared(), size > Msg::INLINE);
        drop(msg);
        assert_eq!(copy.data(), body);
    }
}

#[test]
fn impossible_sizes_are_enomem() {
    for size in [usize::MAX, usize::MAX - 8, 1 << 62, isize::MAX as usize] {
        assert_eq!(
            Msg::with_size(size).err(),
            Some(crate::errno::Errno::ENOMEM)
        );
    }
}

#[test]
fn a_foreign_body_is_freed_once_by_the_last_copy() {
    let freed = AtomicUsize::new(0);
    let mut msg = foreign(b"borrowed", &freed);
    let mut second = msg.share();
    let third = second.share();
    msg.close();
    assert!(!msg.is_live());
    drop(msg);
    drop(third);
    assert_eq!(freed.load(Ordering::Relaxed), 0);
    let moved = second.take();
    drop(second);
    assert_eq!(freed.load(Ordering::Relaxed), 0);
    assert_eq!(moved.data(), b"borrowed");
    drop(moved);
    assert_eq!(freed.load(Ordering::Relaxed), 1);
}

#[test]
fn only_a_lone_body_can_be_written() {
    let mut msg = Msg::from_slice(&[7; 100]).unwrap();
    msg.data_mut().unwrap()[0] = 8;
    let copy = msg.share();
    assert!(msg.data_mut().is_none());
    assert_eq!(copy.data()[0], 8);
    let freed = AtomicUsize::new(0);
    assert!(foreign(b"constant", &freed).data_mut().is_none());
}

#[test]
fn a_lone_body_grows_into_its_room() {
    let mut msg = Msg::with_room(100).unwrap();
    assert_eq!((msg.len(), msg.room().len()), (0, 100));
    assert_eq!(msg.enlarge(usize::MAX / 2), Err(Errno::ENOMEM));
    let mut sent = Vec::new();
    // Less than there is, more, and so much that the block moves.
    for (i, capacity) in [50, 100, 5_000, 3_000_000].into_iter().enumerate() {
        msg.enlarge(capacity).unwrap();
        let room = msg.room().len();
        assert_eq!(room, capacity.max(100) - msg.len());
        let octets = vec![i as u8; room / 2 + 7];
        assert_eq!(msg.room().limit(3).put(&octets), 3);
        assert_eq!(msg.room().put(&octets[3..]), octets.len().min(room) - 3);
        sent.extend_from_slice(&octets[..octets.len().min(room)]);
        assert_eq!(msg.data(), sent);
    }
    // What is given back must be what was given.
    let elsewhere = Box::leak(Box::new([2_u8; 4]));
    assert_eq!(msg.room().read(|_| Ok(elsewhere)).unwrap(), 0);
    assert!(
        msg.room()
            .read(|_| Err(std::io::ErrorKind::WouldBlock.into()))
            .is_err()
    );
    let behind = msg
        .room()
        .read(|memory| Ok(super::room::copy(&[1; 4], &mut memory[1..])));
    assert_eq!((behind.unwrap(), msg.len()), (0, sent.len()));
    let mut copy = msg.share();
    assert_eq!(msg.enlarge(4_000_000), Err(Errno::EINVAL));
    assert!(msg.room().is_empty() && copy.room().is_empty());
    assert_eq!(copy.data(), sent);
    // Neither a short body nor one cut from a slab has a block of its own.
    for size in [0, 100] {
        let mut msg = Msg::with_size(size).unwrap();
        assert_eq!(msg.enlarge(200), Err(Errno::EINVAL));
        assert!(msg.room().is_empty());
    }
}

#[test]
fn bodies_cut_from_a_slab_are_apart_aligned_and_outlive_the_thread() {
    let cut = || {
        let mut kept = Vec::new();
        for i in 0..5000_usize {
            let size = Msg::INLINE + 1 + i * 7 % 1200;
            let mut msg = Msg::with_size(size).unwrap();
            assert_eq!(msg.data_ptr() as usize % 16, 0);
            msg.data_mut().unwrap().fill(i as u8);
            // Most are dropped at once, so that slabs come back while others are held for long.
            if i % 17 == 0 {
                kept.push((i as u8, size, msg));
            }
        }
        kept
    };
    let kept = std::thread::spawn(cut).join().unwrap();
    assert_eq!(kept.len(), 295);
    for (octet, size, msg) in &kept {
        assert_eq!(msg.len(), *size);
        assert!(msg.data().iter().all(|found| found == octet));
    }
}

#[test]
fn a_taken_message_leaves_an_empty_one() {
    for size in [5, 300, 5000] {
        let mut msg = Msg::from_slice(&vec![3; size]).unwrap();
        msg.set(flag::MORE);
        msg.routing_id = 9;
        msg.set_metadata(Some(std::sync::Arc::new(Metadata::new(4))));
        let taken = msg.take();
        assert_eq!(
            (taken.len(), taken.more(), taken.routing_id),
            (size, true, 9)
        );
        assert_eq!(taken.metadata().unwrap().fd, 4);
        assert!(msg.is_live() && msg.is_empty() && !msg.more());
        assert!(msg.routing_id == 0 && msg.metadata().is_none());
    }
}

#[test]
fn a_received_part_takes_the_place_of_what_was_held_and_counts_its_connection() {
    use std::sync::Arc;
    let freed = AtomicUsize::new(0);
    let (one, other) = (Arc::new(Metadata::new(1)), Arc::new(Metadata::new(2)));
    let mut msg = foreign(b"held", &freed);
    for (metadata, counts) in [
        (Some(&one), (2, 1)),
        (Some(&one), (2, 1)),
        (Some(&other), (1, 2)),
        (None, (1, 1)),
        (None, (1, 1)),
        (Some(&one), (2, 1)),
    ] {
        msg.receive(foreign(b"part", &freed), metadata);
        assert_eq!(msg.data(), b"part");
        assert_eq!(msg.metadata().map(|found| found.fd), metadata.map(|m| m.fd));
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&other)), counts);
    }
    assert_eq!(freed.load(Ordering::Relaxed), 6);
    msg.close();
    assert_eq!(freed.load(Ordering::Relaxed), 7);
    assert_eq!(
        Arc::strong_count(&one),
        2,
        "kept for the next of this connection"
    );
    msg = Msg::empty();
    msg.receive(Msg::empty(), Some(&one));
    assert_eq!(Arc::strong_count(&one), 2, "it was the one that was kept");
    msg.close();
    msg = Msg::empty();
    msg.receive(Msg::empty(), Some(&other));
    assert_eq!(
        (Arc::strong_count(&one), Arc::strong_count(&other)),
        (1, 2),
        "only the last one is kept"
    );
}

#[test]
fn what_a_thread_kept_of_a_connection_goes_with_the_thread() {
    use std::sync::Arc;
    let metadata = Arc::new(Metadata::new(1));
    let kept = metadata.clone();
    let thread = std::thread::spawn(move || {
        let mut msg = Msg::empty();
        msg.receive(Msg::empty(), Some(&kept));
        msg.close();
        Arc::strong_count(&kept)
    });
    assert_eq!(thread.join().unwrap(), 3);
    assert_eq!(Arc::strong_count(&metadata), 1);
}

#[test]
fn slices_outlive_the_buffer_and_do_not_move() {
    let mut buffer = RecvBuffer::new(8192);
    let mut kept = Vec::new();
    for round in 0..50_u8 {
        let room = buffer.room().unwrap();
        let count = room.len().min(3000);
        room[..count].fill(round);
        buffer.filled(count);
        while buffer.len() >= 700 {
            let first = buffer.unread()[0];
            kept.push((first, buffer.take(300).unwrap()));
            kept.push((buffer.unread()[0], buffer.take(20).unwrap()));
            buffer.advance(380);
        }
    }
    drop(buffer);
    assert!(kept.len() > 200);
    for (first, msg) in kept {
        assert_eq!(msg.data()[0], first);
    }
}

#[test]
fn leftovers_come_back_in_front() {
    let mut buffer = RecvBuffer::new(4096);
    buffer.append(&[1; 5000]).unwrap();
    assert_eq!(buffer.len(), 5000);
    let room = buffer.room().unwrap();
    room[0] = 2;
    buffer.filled(1);
    buffer.advance(5000);
    assert_eq!(buffer.unread(), [2]);
}

#[test]
fn octets_leave_in_order_however_short_the_writes() {
    for step in [1, 2, 7, 1000, 5000, 1 << 20] {
        let mut buffer = SendBuffer::new();
        let mut expected = Vec::new();
        for i in 0..100_u8 {
            let size = if i % 3 == 0 { 5000 } else { i as usize };
            let body = vec![i; size];
            buffer.extend(&[0xFE, i]);
            buffer.push_body(Msg::from_slice(&body).unwrap());
            expected.extend([0xFE, i]);
            expected.extend(body);
        }
        assert_eq!(buffer.len(), expected.len());
        let mut written = Vec::new();
        while !buffer.is_empty() {
            buffer
                .write_with(|pieces| {
                    let mut left = step;
                    for piece in pieces {
                        let take = piece.len().min(left);
                        written.extend_from_slice(&piece[..take]);
                        left -= take;
                    }
                    Ok(step - left)
                })
                .unwrap();
        }
        assert!(written == expected, "step {step}");
    }
}

#[test]
fn memory_of_a_full_write_goes_to_the_next_who_writes() {
    // What is copied when there is no room for more: 64 KiB, and what was added last.
    for size in [64, 255, 4000, 4095] {
        let mut first = SendBuffer::new();
        while first.copied() < 64 * 1024 {
            first.extend(&[0, 0]);
            first.extend(&[7; 4095][..size]);
        }
        let arena = first.arena();
        assert_eq!(first.drain().len() % (2 + size), 0);
        assert_eq!(first.arena().1, 0, "it has none of its own any more");
        let mut next = SendBuffer::new();
        next.extend(b"next");
        assert_eq!(next.arena(), arena, "{size}");
        assert_eq!(next.drain(), b"next");
    }
}

#[test]
fn little_memory_is_kept_and_very_much_is_not() {
    let mut buffer = SendBuffer::new();
    for (size, kept) in [(100, 128), (4096, 4096), (80_000, 0)] {
        buffer.extend(&vec![7; size]);
        assert_eq!(buffer.drain(), vec![7; size]);
        assert_eq!(buffer.arena().1, kept);
    }
    buffer.extend(b"next");
    assert_eq!(buffer.arena().1, 128);
    buffer.drain();
    buffer.shrink();
    assert_eq!(buffer.arena().1, 0);
}

#[test]
fn what_was_used_is_let_go_of_once() {
    let freed = [const { AtomicUsize::new(0) }; 2];
    let freed_now = || freed.each_ref().map(|count| count.load(Ordering::Relaxed));
    let mut spent = Spent::new();
    spent.add(Msg::from_slice(b"inline").unwrap());
    let mut one = foreign(b"one", &freed[0]);
    let copies: Vec<Msg> = one.share_many(3).collect();
    copies.into_iter().for_each(|copy| spent.add(copy));
    spent.add(one);
    assert_eq!(freed_now(), [0, 0]);
    // The next block has its turn.
    spent.add(foreign(b"two", &freed[1]));
    assert_eq!(freed_now(), [1, 0]);
    let kept = Msg::from_slice(&[1; 100]).unwrap();
    spent.add(Msg::from_slice(&[2; 100]).unwrap());
    assert_eq!(freed_now(), [1, 1]);
    drop(spent);
    assert_eq!((kept.data(), freed_now()), (&[1; 100][..], [1, 1]));
}

#[test]
fn metadata_names_ignore_case_and_know_the_old_alias() {
    let mut metadata = Metadata::new(5);
    metadata.insert("Routing-Id", b"me\0tail");
    metadata.insert("X-App", b"");
    assert_eq!(metadata.get("identity"), Some(c"me"));
    assert_eq!(metadata.get("ROUTING-ID"), Some(c"me"));
    assert_eq!(metadata.get("x-app"), Some(c""));
    assert_eq!(metadata.get("nothing"), None);
}

#[test]
fn references_held_for_copies_go_with_the_message() {
    for count in [1, 2, 3, 32, 33, 34, 100] {
        for order in 0..4 {
            let freed = AtomicUsize::new(0);
            let mut msg = foreign(b"borrowed", &freed);
            let mut copies: Vec<Msg> = (0..count).map(|_| msg.share()).collect();
            let more = [copies[0].share(), copies[0].share()];
            copies.extend(more);
            let mut spent = Spent::new();
            match order {
                0 => drop(msg),
                1 => msg.close(),
                2 => spent.add(msg),
                _ => copies.insert(count / 2, msg.take()),
            }
            assert!(copies.iter().all(|copy| copy.data() == b"borrowed"));
            let kept = copies.pop().unwrap();
            copies.into_iter().for_each(|copy| spent.add(copy));
            spent.settle();
            assert_eq!(freed.load(Ordering::Relaxed), 0);
            drop(kept);
            assert_eq!(freed.load(Ordering::Relaxed), 1);
        }
    }
}

#[test]
fn many_shares_cost_one_count_and_free_the_body_once() {
    for (asked, made) in [(0, 0), (1, 1), (5, 5), (5, 2), (3, 0)] {
        let freed = AtomicUsize::new(0);
        let mut msg = foreign(b"borrowed", &freed);
        let copies: Vec<Msg> = msg.share_many(asked).take(made).collect();
        assert_eq!(copies.len(), made);
        assert!(copies.iter().all(|copy| copy.data() == b"borrowed"));
        drop(msg);
        assert_eq!(freed.load(Ordering::Relaxed), usize::from(made == 0));
        drop(copies);
        assert_eq!(freed.load(Ordering::Relaxed), 1);
    }
    let mut short = Msg::from_slice(b"inline").unwrap();
    let copies: Vec<Msg> = short.share_many(3).collect();
    assert!(!short.is_shared() && copies.iter().all(|copy| copy.data() == b"inline"));
}

#[test]
fn a_group_leaves_the_rest_of_the_metadata_as_it_was() {
    use std::sync::Arc;
    let mut known = Metadata::new(7);
    known.insert("X-App", b"here");
    let known = Arc::new(known);
    let one = Arc::new(Metadata::with_group(b"weather", Some(&known)));
    let other = Metadata::with_group(b"news\0tail", Some(&one));
    assert_eq!((one.group(), other.group()), (c"weather", c"news"));
    assert_eq!((other.fd, other.get("x-app")), (7, Some(c"here")));
    // The first group is gone, the connection is not.
    assert_eq!((Arc::strong_count(&one), Arc::strong_count(&known)), (1, 3));
    assert_eq!(
        (known.group(), Metadata::with_group(b"", None).fd),
        (c"", -1)
    );
}

#[test]
fn references_given_back_together_free_a_block_once() {
    let mut spent = Spent::default();
    let mut held = Vec::new();
    for size in 0..3000 {
        // Pieces of several slabs in turn, bodies that are none, and shared ones.
        let mut msg = Msg::from_slice(&vec![size as u8; 49 + size % 1500]).unwrap();
        if size % 7 == 0 {
            held.push(msg.share());
        }
        assert!(msg.make_way_later(None, &mut spent).is_none());
        assert!(msg.is_empty() && msg.is_live());
        if size % 500 == 0 {
            spent.settle();
        }
    }
    drop(spent);
    for (number, msg) in held.iter().enumerate() {
        let size = number * 7;
        assert!(msg.data().iter().all(|&octet| octet == size as u8));
        assert_eq!(msg.len(), 49 + size % 1500);
    }
}

#[test]
fn a_piece_that_becomes_no_message_is_given_back() {
    assert!(Piece::of_size(Msg::INLINE).is_none() && Piece::of_size(4096).is_none());
    for number in 0..2000 {
        let piece = Piece::copy_of(&[number as u8; 100]).unwrap();
        if number % 3 == 0 {
            assert_eq!(Msg::of(piece, flag::MORE).data(), [number as u8; 100]);
        }
    }
    let mut buffer = RecvBuffer::new(4096);
    buffer.append(&[7; 150]).unwrap();
    assert!(buffer.take_piece(2, 149).is_none() && buffer.take_piece(2, 48).is_none());
    assert!(buffer.take_piece(151, 0).is_none() && buffer.take_piece(0, 256).is_none());
    assert_eq!(buffer.len(), 150);
    assert_eq!(
        Msg::of(buffer.take_piece(2, 148).unwrap(), 0).data(),
        [7; 148]
    );
    assert!(buffer.is_empty());
}
