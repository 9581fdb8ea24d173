//! Runs: what readers find, and who is told.

use super::super::*;

fn all(reader: &mut RunReader) -> (u32, Vec<u8>) {
    let mut found = Vec::new();
    let count = reader.read_all(|octets| found.extend_from_slice(octets));
    (count, found)
}

#[test]
fn each_reader_finds_everything_at_its_own_pace() {
    let mut writer = RunWriter::new(2, 10).unwrap();
    let [mut quick, mut slow] = [0, 1].map(|number| writer.reader(number));
    assert!(!quick.has_unread() && !quick.is_over());
    assert_eq!(writer.add(b"1", b"23"), Some(false));
    assert_eq!(all(&mut quick), (1, b"123".to_vec()));
    assert_eq!(all(&mut quick), (0, Vec::new()));
    assert_eq!(writer.add(b"", b"45"), Some(false));
    assert_eq!(writer.add(b"6", b""), Some(false));
    assert_eq!(slow.read_one(|octets| (3, octets.len())), Some(6));
    assert_eq!(all(&mut slow), (2, b"456".to_vec()));
    assert_eq!(slow.read_one(|_| (1, ())), None);
    assert_eq!((writer.messages(), writer.closer().left()), (3, 7));
    drop(writer);
    assert!(slow.is_over() && !quick.is_over());
    assert_eq!(all(&mut quick), (2, b"456".to_vec()));
    assert!(quick.is_over() && !quick.ask());
}

#[test]
fn it_ends_with_its_room_its_messages_or_when_it_is_closed() {
    let mut few = RunWriter::new(1, 2).unwrap();
    assert!(few.add(b"a", b"").is_some() && few.takes(1) && few.add(b"b", b"").is_some());
    assert!(!few.takes(0) && few.add(b"c", b"").is_none() && few.closer().left() == 0);

    let mut long = RunWriter::new(1, 1000).unwrap();
    let mut reader = long.reader(0);
    let mut written = Vec::new();
    while let Some(asked) = long.add(&[1, 2], &[3; 98]) {
        assert!(!asked);
        written.extend([1, 2].iter().chain(&[3; 98]));
    }
    assert!(written.len() >= 4000 && !long.takes(100) && long.takes(1));
    assert_eq!(all(&mut reader), (written.len() as u32 / 100, written));

    let mut closed = RunWriter::new(1, 2).unwrap();
    closed.closer().close();
    assert!(!closed.takes(0) && closed.add(b"a", b"").is_none());
}

#[test]
fn who_asks_is_told_once_and_others_are_not() {
    let mut writer = RunWriter::new(130, 100).unwrap();
    let mut readers: Vec<RunReader> = (0..130).map(|number| writer.reader(number)).collect();
    let told = |writer: &mut RunWriter| {
        let mut numbers = Vec::new();
        if writer.add(b"x", b"").unwrap() {
            writer.each_asking(|number| numbers.push(number));
        }
        numbers
    };
    assert_eq!(told(&mut writer), []);
    assert!(!readers[5].ask(), "there is something to read");
    readers
        .iter_mut()
        .for_each(|reader| assert_eq!(all(reader).0, 1));
    for number in [0, 63, 64, 129] {
        assert!(readers[number].ask() && readers[number].ask());
    }
    // Reader 5 had asked too early, and may be told.
    assert_eq!(told(&mut writer), [0, 5, 63, 64, 129]);
    assert_eq!(told(&mut writer), []);
}

#[test]
fn what_is_read_while_it_is_written_is_whole() {
    for round in 0..20 {
        let mut writer = RunWriter::new(3, 64).unwrap();
        let readers: Vec<_> = (0..3)
            .map(|number| {
                let mut reader = writer.reader(number);
                std::thread::spawn(move || {
                    let (mut found, mut count) = (Vec::new(), 0);
                    while !reader.is_over() {
                        count += reader.read_all(|octets| found.extend_from_slice(octets));
                        std::thread::yield_now();
                    }
                    (count, found)
                })
            })
            .collect();
        let mut written = Vec::new();
        for message in 0..64_u8 {
            let body = vec![message ^ round; usize::from(message) % 60];
            assert!(writer.add(&[0, message], &body).is_some());
            written.extend([0, message]);
            written.extend(body);
        }
        drop(writer);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), (64, written.clone()));
        }
    }
}
