//! Runs: many readers that sleep, and one who adds.

use super::*;

/// Reads a run to its end, and sleeps when there is nothing; all that was read.
fn read(mut reader: RunReader, bed: &Bed) -> Vec<u8> {
    let mut found = Vec::new();
    loop {
        if reader.read_all(|octets| found.extend_from_slice(octets)) > 0 {
            continue;
        }
        if reader.is_over() {
            return found;
        }
        if reader.ask() {
            bed.park();
        }
    }
}

fn beds() -> [Arc<Bed>; 2] {
    [Arc::default(), Arc::default()]
}

/// Adds messages and wakes who asked; the last one ends it, of which everybody is told otherwise.
fn write(mut writer: RunWriter, beds: &[Arc<Bed>; 2], messages: &[&[u8]]) {
    for message in messages {
        if writer.add(&message[..1], &message[1..]) == Some(true) {
            writer.each_asking(|number| beds[number as usize].unpark());
        }
    }
    drop(writer);
    beds.iter().for_each(|bed| bed.unpark());
}

#[test]
fn readers_of_a_run_that_sleep_are_woken() {
    // With more preemptions, or messages, it takes minutes.
    check_within(2, || {
        let writer = RunWriter::new(2, 1).unwrap();
        let beds = beds();
        let readers = [0, 1].map(|number| {
            let (reader, bed) = (writer.reader(number as u32), beds[number].clone());
            thread::spawn(move || assert_eq!(read(reader, &bed), b"ab"))
        });
        write(writer, &beds, &[b"ab"]);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// Without the end, which wakes everybody, each message must wake who waits for it.
#[test]
fn every_message_of_a_run_is_told() {
    check(|| {
        let mut writer = RunWriter::new(2, 3).unwrap();
        let bed = Arc::new(Bed::default());
        let (mut reader, theirs) = (writer.reader(1), bed.clone());
        let sleeper = thread::spawn(move || {
            let mut count = 0;
            while count < 2 {
                count += reader.read_all(|_| ());
                if count < 2 && reader.ask() {
                    theirs.park();
                }
            }
            reader
        });
        let idler = writer.reader(0);
        let other = thread::spawn(move || idler.ask());
        for message in [b"a", b"b"] {
            if writer.add(message, b"") == Some(true) {
                writer.each_asking(|number| {
                    if number == 1 {
                        bed.unpark();
                    }
                });
            }
        }
        let reader = sleeper.join().unwrap();
        other.join().unwrap();
        assert!(!reader.has_unread());
    });
}
