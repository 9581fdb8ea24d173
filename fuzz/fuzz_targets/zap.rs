//! A ZAP handler that answers anything: parts of `length, octets …`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zmq::msg::Msg;
use zmq::proto::zap::Answer;

fuzz_target!(|data: &[u8]| {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some((&len, octets)) = rest.split_first() {
        let (part, later) = octets.split_at(usize::from(len).min(octets.len()));
        if let Ok(part) = Msg::from_slice(part) {
            parts.push(part);
        }
        rest = later;
    }
    if let Ok(answer) = Answer::parse(&parts) {
        assert_eq!(parts.len(), 7);
        assert_eq!(parts[3].data(), answer.status.text());
        assert_eq!(parts[5].data(), answer.user_id);
    }
});
