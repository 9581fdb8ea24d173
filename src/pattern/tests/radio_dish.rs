//! RADIO and DISH: groups.

use super::*;
use crate::msg::Metadata;
use crate::options::kind as kinds;

/// A peer sends a command.
fn order(far: &mut Pipe, name: &str, group: &str) {
    let mut body = vec![name.len() as u8];
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(group.as_bytes());
    let mut msg = part(&body, false);
    msg.set(flag::COMMAND);
    write(far, msg);
    far.flush();
}

/// Sends a message to a group.
fn radiate(rig: &mut Rig, group: &str, body: &str) -> Result<(), Errno> {
    rig.catch_up();
    let mut msg = part(body.as_bytes(), false);
    msg.set_metadata(Some(Arc::new(Metadata::with_group(group.as_bytes(), None))));
    rig.call(|pattern, scope| pattern.send(scope, &mut msg))
}

fn join(rig: &mut Rig, group: &[u8]) -> Result<(), Errno> {
    rig.catch_up();
    rig.call(|pattern, scope| pattern.join(scope, group))
}

fn leave(rig: &mut Rig, group: &[u8]) -> Result<(), Errno> {
    rig.catch_up();
    rig.call(|pattern, scope| pattern.leave(scope, group))
}

/// A message that was received: its group and its body.
fn received(rig: &mut Rig) -> (String, String) {
    let msg = rig.recv_part().unwrap();
    assert!(!msg.more());
    let group = msg.metadata().unwrap().group().to_str().unwrap().to_owned();
    (group, text(&msg))
}

fn pair_of(group: &str, body: &str) -> (String, String) {
    (group.to_owned(), body.to_owned())
}

#[test]
fn messages_go_to_those_who_joined_just_their_group() {
    let mut rig = Rig::new(kinds::RADIO);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    order(&mut a, "JOIN", "tv");
    order(&mut a, "JOIN", "tv");
    order(&mut b, "JOIN", "t");
    order(&mut b, "JOIN", "");
    for group in ["tv", "t", "", "tvs"] {
        radiate(&mut rig, group, "body").unwrap();
    }
    rig.send(&["of no group"]).unwrap();
    assert_eq!(drain(&mut a), ["tv|body"]);
    assert_eq!(drain(&mut b), ["t|body", "|body", "|of no group"]);
    order(&mut a, "LEAVE", "tv");
    order(&mut a, "LEAVE", "never joined");
    radiate(&mut rig, "tv", "body").unwrap();
    assert!(drain(&mut a).is_empty());
}

#[test]
fn a_radio_looks_at_nothing_but_groups() {
    let mut rig = Rig::new(kinds::RADIO);
    let mut far = rig.peer();
    push(&mut far, &["\x04JOINtv"]);
    push(&mut far, &["\x01tv", "more"]);
    subscribe(&mut far, "tv");
    order(&mut far, "SUBSCRIBE", "tv");
    order(&mut far, "", "");
    radiate(&mut rig, "tv", "body").unwrap();
    assert!(drain(&mut far).is_empty());
}

#[test]
fn a_full_dish_misses_messages_whole_unless_the_radio_may_not_drop() {
    for nodrop in [false, true] {
        let mut rig = Rig::with(kinds::RADIO, |options| options.xpub_nodrop = nodrop);
        let mut slow = rig.limited(limits(1, 1));
        order(&mut slow, "JOIN", "g");
        radiate(&mut rig, "g", "1").unwrap();
        let second = radiate(&mut rig, "g", "2");
        assert_eq!(second, if nodrop { Err(Errno::EAGAIN) } else { Ok(()) });
        radiate(&mut rig, "nobody", "x").unwrap();
        assert_eq!(drain(&mut slow), ["g|1"]);
        radiate(&mut rig, "g", "3").unwrap();
        assert_eq!(drain(&mut slow), ["g|3"]);
    }
}

#[test]
fn who_left_is_in_no_group() {
    let mut rig = Rig::new(kinds::RADIO);
    let mut a = rig.peer();
    order(&mut a, "JOIN", "g");
    radiate(&mut rig, "g", "1").unwrap();
    drop(a);
    rig.catch_up();
    let mut next = rig.peer();
    radiate(&mut rig, "g", "2").unwrap();
    assert!(drain(&mut next).is_empty());
}

#[test]
fn peers_that_cannot_join_get_everything() {
    let mut rig = Rig::new(kinds::RADIO);
    let (near, mut far) = pair([UNLIMITED, Limits::NONE], Conflate::default());
    let id = rig.pipes.insert(near, None);
    rig.call(|pattern, scope| {
        let arrival = Arrival {
            subscribe_to_all: true,
            locally_initiated: true,
            routing_id: b"",
        };
        pattern.attached(scope, id, arrival);
    });
    radiate(&mut rig, "any", "1").unwrap();
    assert_eq!(drain(&mut far), ["any|1"]);
}

#[test]
fn a_dish_tells_every_radio_what_it_joined() {
    let mut rig = Rig::new(kinds::DISH);
    let mut early = rig.peer();
    join(&mut rig, b"tv").unwrap();
    join(&mut rig, b"radio").unwrap();
    assert_eq!(join(&mut rig, b"tv"), Err(Errno::EINVAL));
    assert_eq!(leave(&mut rig, b"sports"), Err(Errno::EINVAL));
    assert_eq!(join(&mut rig, &[b'x'; 256]), Err(Errno::EINVAL));
    join(&mut rig, &[b'x'; 255]).unwrap();
    leave(&mut rig, &[b'x'; 255]).unwrap();
    let mut late = rig.peer();
    leave(&mut rig, b"tv").unwrap();
    let long = "x".repeat(255);
    assert_eq!(
        drain(&mut early),
        [
            "\\x04JOINtv".to_owned(),
            "\\x04JOINradio".to_owned(),
            format!("\\x04JOIN{long}"),
            format!("\\x05LEAVE{long}"),
            "\\x05LEAVEtv".to_owned(),
        ]
    );
    assert_eq!(
        drain(&mut late),
        ["\\x04JOINradio", "\\x04JOINtv", "\\x05LEAVEtv"]
    );
    // A radio that was lost and found knows nothing.
    early.hiccup();
    rig.catch_up();
    assert_eq!(drain(&mut early), ["\\x04JOINradio"]);
}

#[test]
fn a_full_radio_is_told_later() {
    let mut rig = Rig::new(kinds::DISH);
    let mut far = rig.limited(limits(1, 1));
    for group in ["1", "2", "3"] {
        join(&mut rig, group.as_bytes()).unwrap();
    }
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(drain(&mut far));
        rig.catch_up();
    }
    assert_eq!(told, ["\\x04JOIN1", "\\x04JOIN2", "\\x04JOIN3"]);
}

#[test]
fn a_dish_receives_what_it_joined_with_its_group() {
    let mut rig = Rig::new(kinds::DISH);
    let mut far = rig.peer();
    join(&mut rig, b"tv").unwrap();
    join(&mut rig, b"").unwrap();
    push(&mut far, &["tv", "1"]);
    push(&mut far, &["radio", "2"]);
    push(&mut far, &["tv"]);
    push(&mut far, &["tv", "3", "and more", "and more"]);
    push(&mut far, &["", "4"]);
    push(&mut far, &["tv", "5"]);
    assert!(rig.has_in());
    assert_eq!(received(&mut rig), pair_of("tv", "1"));
    assert_eq!(received(&mut rig), pair_of("", "4"));
    assert_eq!(received(&mut rig), pair_of("tv", "5"));
    assert!(!rig.has_in());
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    leave(&mut rig, b"tv").unwrap();
    push(&mut far, &["tv", "6"]);
    assert!(!rig.has_in());
}

#[test]
fn groups_and_connections_are_told_apart() {
    let mut rig = Rig::new(kinds::DISH);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    join(&mut rig, b"g").unwrap();
    for (far, fd) in [(&mut a, 1), (&mut b, 2)] {
        let mut about = Msg::empty();
        about.set(flag::METADATA);
        about.set_metadata(Some(Arc::new(Metadata::new(fd))));
        write(far, about);
        for _ in 0..2 {
            push(far, &["g", "x"]);
        }
    }
    let known: Vec<Arc<Metadata>> = (0..4)
        .map(|_| rig.recv_part().unwrap().metadata().unwrap().clone())
        .collect();
    let fds: Vec<i32> = known.iter().map(|known| known.fd).collect();
    assert_eq!(fds, [1, 2, 1, 2]);
    // One message after the other from the same peer: nothing is made anew.
    drop(a);
    push(&mut b, &["g", "y"]);
    push(&mut b, &["g", "z"]);
    let [first, second] = [(); 2].map(|()| rig.recv_part().unwrap().metadata().unwrap().clone());
    assert!(Arc::ptr_eq(&first, &second));
}
