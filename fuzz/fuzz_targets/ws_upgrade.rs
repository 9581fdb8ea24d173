//! A peer that says anything in the place of HTTP, and whatever a good one may say behind it.

#![no_main]

use std::time::Instant;

use ferrozmq_fuzz::web::{End, Seen};
use ferrozmq_fuzz::{Input, config};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data) else {
        return;
    };
    let now = Instant::now();
    let talk = |is_client, pieces: &[&[u8]]| -> Seen {
        let mut end = End::new(config(input.kind), is_client, now);
        if is_client {
            end.take_output();
        }
        pieces.iter().for_each(|piece| end.feed(piece));
        let mut seen = end.seen;
        // What is said depends on nothing but what is understood.
        seen.answers.clear();
        seen
    };
    for is_client in [true, false] {
        let whole = talk(is_client, &[input.octets]);
        assert_eq!(talk(is_client, &input.pieces()), whole);
        let lines: Vec<&[u8]> = input.octets.chunks(3).collect();
        assert_eq!(talk(is_client, &lines), whole);
    }
});
