//! Another Rust archive for a program to link: it starts a thread, and catches a panic there.

use std::panic::{catch_unwind, set_hook};
use std::thread;

#[no_mangle]
pub extern "C" fn beside_answer() -> i32 {
    set_hook(Box::new(|_| {}));
    let thread = thread::spawn(|| catch_unwind(|| -> i32 { panic!("caught below") }));
    match thread.join() {
        Ok(Err(_)) => 42,
        _ => 0,
    }
}
