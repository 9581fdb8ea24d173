//! XSUB, SUB: what publishers are told, and what the application receives.

use super::*;
use crate::options::kind as kinds;

/// What a publisher was told: body and mark.
fn told(far: &mut Pipe) -> Vec<(String, u8)> {
    std::iter::from_fn(|| far.read())
        .map(|msg| (text(&msg), msg.flags() & (flag::SUBSCRIBE | flag::CANCEL)))
        .collect()
}

fn bodies(far: &mut Pipe) -> Vec<String> {
    told(far).into_iter().map(|(body, _)| body).collect()
}

#[test]
fn a_sub_tells_publishers_that_are_there_and_that_come() {
    let mut rig = Rig::new(kinds::SUB);
    let mut early = rig.peer();
    rig.set(number::SUBSCRIBE, "A").unwrap();
    rig.set(number::SUBSCRIBE, "A").unwrap();
    rig.set(number::SUBSCRIBE, "").unwrap();
    let a = ("\\x01A".to_string(), flag::SUBSCRIBE);
    let all = ("\\x01".to_string(), flag::SUBSCRIBE);
    assert_eq!(told(&mut early), [a.clone(), a.clone(), all.clone()]);
    let mut late = rig.peer();
    let mut news = told(&mut late);
    news.sort();
    assert_eq!(news, [all, a]);
    assert_eq!(rig.pattern.topics_count(), Some(2));
    // One cancellation for each subscription; only the last one is news.
    rig.set(number::UNSUBSCRIBE, "A").unwrap();
    assert_eq!(told(&mut early), []);
    rig.set(number::UNSUBSCRIBE, "A").unwrap();
    assert_eq!(told(&mut early), [("\\x00A".into(), flag::CANCEL)]);
    rig.set(number::UNSUBSCRIBE, "A").unwrap();
    assert_eq!(told(&mut early), []);
}

#[test]
fn a_publisher_that_was_replaced_is_told_everything_again() {
    let mut rig = Rig::new(kinds::SUB);
    let mut far = rig.peer();
    rig.set(number::SUBSCRIBE, "A").unwrap();
    assert_eq!(bodies(&mut far), ["\\x01A"]);
    far.hiccup();
    rig.catch_up();
    assert_eq!(bodies(&mut far), ["\\x01A"]);
}

#[test]
fn a_publisher_replaced_in_the_middle_of_a_message_gets_none_of_it() {
    let mut rig = Rig::new(kinds::XSUB);
    let (mut far, mut other) = (rig.peer(), rig.peer());
    rig.send(&["\x01A"]).unwrap();
    bodies(&mut far);
    bodies(&mut other);
    rig.send_part(b"user", true).unwrap();
    far.hiccup();
    rig.catch_up();
    rig.send_part(b"message", false).unwrap();
    assert_eq!(drain(&mut far), ["\\x01A"]);
    assert_eq!(drain(&mut other), ["user|message"]);
}

#[test]
fn no_subscription_is_lost_on_a_full_pipe() {
    let mut rig = Rig::new(kinds::SUB);
    let mut far = rig.limited(limits(10, 10));
    let topics: Vec<String> = (0..1000).map(|number| format!("{number}")).collect();
    for topic in &topics {
        rig.set(number::SUBSCRIBE, topic).unwrap();
    }
    rig.set(number::UNSUBSCRIBE, "999").unwrap();
    let mut expected: Vec<String> = topics.iter().map(|topic| format!("\\x01{topic}")).collect();
    expected.push("\\x00999".into());
    let mut got = Vec::new();
    loop {
        let more = bodies(&mut far);
        if more.is_empty() {
            break;
        }
        got.extend(more);
        rig.catch_up();
    }
    assert_eq!(got, expected);
    // The same for one that comes late, and for one that forgot everything halfway.
    let mut late = rig.limited(limits(10, 10));
    bodies(&mut late);
    rig.catch_up();
    bodies(&mut late);
    late.hiccup();
    rig.catch_up();
    let mut got = Vec::new();
    loop {
        let more = bodies(&mut late);
        if more.is_empty() {
            break;
        }
        got.extend(more);
        rig.catch_up();
    }
    got.sort();
    got.dedup();
    assert_eq!(got.len(), 999);
}

#[test]
fn a_publisher_that_is_gone_takes_what_waited_for_it_along() {
    let mut rig = Rig::new(kinds::XSUB);
    let far = rig.limited(limits(1, 1));
    let id = rig.last;
    for _ in 0..5 {
        rig.send(&["\x01A"]).unwrap();
    }
    drop(far);
    rig.catch_up();
    let mut next = rig.limited(limits(1, 1));
    assert_eq!(rig.last, id, "the number is used again");
    assert_eq!(bodies(&mut next), ["\\x01A"]);
    rig.catch_up();
    assert_eq!(bodies(&mut next), [""; 0]);
}

#[test]
fn an_xsub_passes_subscriptions_and_other_messages_on() {
    let mut rig = Rig::new(kinds::XSUB);
    let mut far = rig.peer();
    assert!(rig.has_out());
    rig.send(&["\0A"]).unwrap();
    assert_eq!(told(&mut far), []);
    rig.send(&["\x01A"]).unwrap();
    rig.send(&["\x01A"]).unwrap();
    rig.send(&["\0A"]).unwrap();
    assert_eq!(bodies(&mut far), ["\\x01A", "\\x01A"]);
    rig.send(&["\0A"]).unwrap();
    assert_eq!(told(&mut far), [("\\x00A".into(), flag::CANCEL)]);
    rig.options.xsub_verbose_unsubscribe = true;
    rig.send(&["\0A"]).unwrap();
    assert_eq!(bodies(&mut far), ["\\x00A"]);
    rig.send(&["\x02A", "\x01B"]).unwrap();
    rig.send(&[""]).unwrap();
    assert_eq!(drain(&mut far), ["\\x02A|\\x01B", ""]);
    assert_eq!(rig.pattern.topics_count(), Some(1));
}

#[test]
fn only_first_parts_are_subscriptions_when_so_set() {
    let mut rig = Rig::with(kinds::XSUB, |options| options.only_first_subscribe = true);
    let mut far = rig.peer();
    rig.send(&["user", "\x01B", "\0C"]).unwrap();
    assert_eq!(drain(&mut far), ["user|\\x01B|\\x00C"]);
    assert_eq!(rig.pattern.topics_count(), Some(0));
    rig.send(&["\x01B", "\x01C"]).unwrap();
    assert_eq!(drain(&mut far), ["\\x01B|\\x01C"]);
    assert_eq!(rig.pattern.topics_count(), Some(2));
    rig.send(&["\0B", "\0C"]).unwrap();
    assert_eq!(drain(&mut far), ["\\x00B|\\x00C"]);
    assert_eq!(rig.pattern.topics_count(), Some(0));
}

#[test]
fn a_message_with_a_needless_cancellation_in_it_stays_whole() {
    let mut rig = Rig::new(kinds::XSUB);
    let mut far = rig.peer();
    rig.send(&["user", "\0unknown"]).unwrap();
    rig.send(&["next"]).unwrap();
    assert_eq!(drain(&mut far), ["user|\\x00unknown", "next"]);
}

#[test]
fn a_sub_filters_what_it_did_not_ask_for() {
    for look in [false, true] {
        let mut rig = Rig::new(kinds::SUB);
        let (mut a, mut b) = (rig.peer(), rig.peer());
        rig.set(number::SUBSCRIBE, "A").unwrap();
        rig.set(number::SUBSCRIBE, "AB").unwrap();
        push(&mut a, &["B", "A", "A"]);
        push(&mut b, &["A1", "B"]);
        push(&mut a, &["A2"]);
        push(&mut b, &[""]);
        let mut got = Vec::new();
        while !look || rig.has_in() {
            match rig.recv() {
                Ok(message) => got.push(message),
                Err(errno) => {
                    assert_eq!(errno, Errno::EAGAIN);
                    break;
                }
            }
        }
        assert_eq!(got, ["A1|B", "A2"]);
    }
}

#[test]
fn a_sub_without_subscriptions_receives_nothing_and_an_xsub_everything() {
    for (number, expected) in [(kinds::SUB, None), (kinds::XSUB, Some("x"))] {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        push(&mut far, &["x"]);
        assert_eq!(rig.has_in(), expected.is_some());
        assert_eq!(rig.recv().ok().as_deref(), expected);
    }
}

#[test]
fn an_inverted_sub_receives_the_rest() {
    let mut rig = Rig::with(kinds::SUB, |options| options.invert_matching = true);
    let mut far = rig.peer();
    rig.set(number::SUBSCRIBE, "A").unwrap();
    push(&mut far, &["A"]);
    push(&mut far, &["B"]);
    assert_eq!(rig.recv().unwrap(), "B");
    assert!(!rig.has_in());
}

#[test]
fn messages_go_straight_where_all_are_wanted_and_none_waits() {
    for (number, topic, wanted) in [
        (kinds::SUB, "", true),
        (kinds::SUB, "A", false),
        (kinds::XSUB, "A", true),
    ] {
        let mut rig = Rig::new(number);
        let inbound = |rig: &Rig| rig.pattern.straight().inbound;
        if number == kinds::SUB {
            rig.set(number::SUBSCRIBE, topic).unwrap();
        }
        let mut far = rig.peer();
        let only = Some(rig.last).filter(|_| wanted);
        push(&mut far, &["A1"]);
        assert_eq!(rig.recv().unwrap(), "A1");
        assert_eq!(inbound(&rig), only);
        push(&mut far, &["A2", "more"]);
        assert!(rig.has_in());
        if number == kinds::SUB {
            assert_eq!(inbound(&rig), None, "a part was read already");
        }
        assert_eq!(rig.recv_part().unwrap().data(), b"A2");
        assert_eq!(inbound(&rig), None, "the rest comes from where it began");
        assert_eq!(rig.recv().unwrap(), "more");
        assert_eq!(inbound(&rig), only);
        if number == kinds::SUB {
            rig.set(number::UNSUBSCRIBE, topic).unwrap();
            assert_eq!(inbound(&rig), None, "nothing is wanted any more");
            rig.set(number::SUBSCRIBE, topic).unwrap();
            assert_eq!(inbound(&rig), only);
        }
        let mut other = rig.peer();
        push(&mut other, &["A3"]);
        assert_eq!(inbound(&rig), None, "they take turns");
    }
}

#[test]
fn half_a_prefetched_message_goes_with_its_pipe() {
    let mut rig = Rig::new(kinds::SUB);
    let mut far = rig.peer();
    let id = rig.last;
    rig.set(number::SUBSCRIBE, "").unwrap();
    push(&mut far, &["1", "2"]);
    assert!(rig.has_in());
    rig.disconnect(id);
    assert!(!rig.has_in());
    let mut far = rig.peer();
    push(&mut far, &["3"]);
    assert!(rig.has_in());
    drop(far);
    rig.catch_up();
    assert_eq!(rig.recv().unwrap(), "3");
}

#[test]
fn a_proxy_of_xsub_and_xpub_carries_subscriptions_up_and_messages_down() {
    let mut publisher = Rig::new(kinds::PUB);
    let mut subscriber = Rig::new(kinds::SUB);
    let (mut xsub, mut xpub) = (Rig::new(kinds::XSUB), Rig::new(kinds::XPUB));
    let (up, down) = pair([UNLIMITED, UNLIMITED], Conflate::default());
    publisher.attach(up, false, b"");
    xsub.attach(down, true, b"");
    let (up, down) = pair([UNLIMITED, UNLIMITED], Conflate::default());
    xpub.attach(up, false, b"");
    subscriber.attach(down, true, b"");
    subscriber.set(number::SUBSCRIBE, "").unwrap();
    let subscription = xpub.recv_part().unwrap();
    xsub.send_part(subscription.data(), false).unwrap();
    publisher.send(&["", "x"]).unwrap();
    assert_eq!(xsub.recv().unwrap(), "|x");
    xpub.send(&["", "x"]).unwrap();
    assert_eq!(subscriber.recv().unwrap(), "|x");
}
