//! A peer that says anything from its first octet on.

#![no_main]

use ferrozmq_fuzz::{Input, config, converse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(input) = Input::new(data) {
        let mut end = converse(&config(input.kind), b"", &input);
        end.tick(8);
    }
});
