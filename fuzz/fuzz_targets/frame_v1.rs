//! A peer of ZMTP 1.0, and its frames one by one.

#![no_main]

use ferrozmq_fuzz::{Input, config, converse};
use libfuzzer_sys::fuzz_target;
use zmq::msg::SendBuffer;
use zmq::proto::{frame, frame_v1};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data) else {
        return;
    };
    let mut config = config(input.kind);
    config.legacy_allowed = true;
    converse(&config, b"\x01\x00", &input);

    if let Ok(Some(header)) = frame_v1::header(input.octets) {
        let mut out = SendBuffer::new();
        frame_v1::put_header(header.flags, header.len, &mut out);
        let again = frame_v1::header(&out.drain());
        let shortest = if header.len < 254 { 2 } else { 10 };
        let expected = frame::Header {
            size: shortest,
            ..header
        };
        assert_eq!(again, Ok(Some(expected)));
        assert!(header.size >= shortest);
    }
});
