//! Commands and properties: what is understood is written again and understood in the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zmq::msg::SendBuffer;
use zmq::proto::command::{self, Command};
use zmq::proto::{frame, property};

/// The body of a command as we write it.
fn body(name: &[u8], load: &[&[u8]]) -> Vec<u8> {
    let mut out = SendBuffer::new();
    command::put(name, load, &mut out);
    let wire = out.drain();
    let header = frame::header(&wire)
        .expect("a frame of our own")
        .expect("a whole one");
    assert_eq!(
        (header.flags, header.len),
        (frame::COMMAND, wire.len() - header.size)
    );
    wire[header.size..].to_vec()
}

fuzz_target!(|data: &[u8]| {
    if let Ok(properties) = property::parse(data) {
        let mut wire = Vec::new();
        for (name, value) in &properties {
            property::put(name, value, &mut wire);
        }
        // Names that are not UTF-8 are kept as replacements, which may be longer than 255 octets.
        if properties.iter().all(|(name, _)| name.len() <= 255) {
            assert_eq!(property::parse(&wire), Ok(properties));
        }
    }
    let Ok(command) = command::parse(data) else {
        return;
    };
    let again = match command {
        Command::Ready(load) => body(b"READY", &[load]),
        Command::Error(reason) => body(b"ERROR", &[&[reason.len() as u8], reason]),
        Command::Ping { ttl, context } => {
            assert!(context.len() <= command::MAX_CONTEXT);
            body(b"PING", &[&ttl.to_be_bytes(), context])
        }
        Command::Pong(load) => body(b"PONG", &[load]),
        Command::Subscribe(topic) => body(b"SUBSCRIBE", &[topic]),
        Command::Cancel(topic) => body(b"CANCEL", &[topic]),
        Command::Join(group) => body(b"JOIN", &[group]),
        Command::Leave(group) => body(b"LEAVE", &[group]),
        Command::Other(name) => body(name, &[]),
    };
    assert_eq!(command::parse(&again), Ok(command));
});
