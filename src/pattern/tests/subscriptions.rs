//! Keys and subscriptions against plain lists.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::active_set::ActiveSet;
use super::super::keys::Keys;
use super::super::subscriptions::{Interests, Removed, Subscriptions};
use super::super::table::SHORT;
use super::*;

fn matching(subscriptions: &Subscriptions, octets: &[u8]) -> BTreeSet<u32> {
    let mut pipes = BTreeSet::new();
    subscriptions.matching(octets, |wanting| {
        pipes.extend(wanting.iter().map(|pipe| pipe.0));
    });
    pipes
}

/// Topics that are often prefixes of each other, of all lengths around the limits.
fn topic() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![4 => Just(0_u8), 2 => Just(b'a'), 1 => Just(255_u8)];
    prop_oneof![
        6 => prop::collection::vec(octet.clone(), 0..10),
        2 => prop::collection::vec(octet.clone(), 20..27),
        1 => (0_usize..300).prop_map(|len| vec![b'a'; len]),
        1 => (0_usize..300, 0_usize..300).prop_map(|(len, place)| {
            let mut octets = vec![b'a'; len];
            octets.iter_mut().skip(place).take(1).for_each(|octet| *octet = b'b');
            octets
        }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<u8>, u32),
    Remove(Vec<u8>, u32),
    Gone(u32),
    Match(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (topic(), 0_u32..6).prop_map(|(topic, pipe)| Step::Add(topic, pipe)),
        4 => (topic(), 0_u32..6).prop_map(|(topic, pipe)| Step::Remove(topic, pipe)),
        1 => (0_u32..6).prop_map(Step::Gone),
        3 => topic().prop_map(Step::Match),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn subscriptions_do_what_a_list_of_pairs_does(steps in prop::collection::vec(step(), 1..120)) {
        let mut real = Subscriptions::default();
        let mut model: BTreeMap<Vec<u8>, BTreeSet<u32>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add(topic, pipe) => {
                    let first = !model.contains_key(&topic);
                    prop_assert_eq!(real.add(&topic, PipeId(pipe)), Ok(first));
                    model.entry(topic).or_default().insert(pipe);
                }
                Step::Remove(topic, pipe) => {
                    let removed = model
                        .get_mut(&topic)
                        .map(|pipes| (pipes.remove(&pipe), pipes.is_empty()));
                    let expected = match removed {
                        Some((true, true)) => Removed::Last,
                        Some((true, false)) => Removed::Remains,
                        _ => Removed::Unknown,
                    };
                    model.retain(|_, pipes| !pipes.is_empty());
                    prop_assert_eq!(real.remove(&topic, PipeId(pipe)), expected);
                }
                Step::Gone(pipe) => {
                    let mut lost = BTreeSet::new();
                    real.remove_pipe(PipeId(pipe), |topic, last| {
                        assert!(lost.insert((topic.to_vec(), last)), "told twice");
                    });
                    let mut expected = BTreeSet::new();
                    for (topic, pipes) in &mut model {
                        if pipes.remove(&pipe) {
                            expected.insert((topic.clone(), pipes.is_empty()));
                        }
                    }
                    model.retain(|_, pipes| !pipes.is_empty());
                    prop_assert_eq!(lost, expected);
                }
                Step::Match(octets) => {
                    let mut expected = BTreeSet::new();
                    for (topic, pipes) in &model {
                        if octets.starts_with(topic) {
                            expected.extend(pipes);
                        }
                    }
                    prop_assert_eq!(matching(&real, &octets), expected);
                }
            }
            prop_assert_eq!(real.len(), model.len());
        }
    }

    #[test]
    fn interests_count(steps in prop::collection::vec((topic(), any::<bool>()), 1..100)) {
        let mut real = Interests::default();
        let mut model: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        for (topic, add) in steps {
            if add {
                real.add(&topic).unwrap();
                *model.entry(topic.clone()).or_default() += 1;
            } else {
                let expected = match model.get_mut(&topic) {
                    None => Removed::Unknown,
                    Some(1) => Removed::Last,
                    Some(count) => { *count -= 1; Removed::Remains }
                };
                if expected == Removed::Last { model.remove(&topic); }
                prop_assert_eq!(real.remove(&topic), expected);
            }
            let any = model.keys().any(|known| topic.starts_with(known));
            prop_assert_eq!(real.matches(&topic), any);
            prop_assert!(real.iter().eq(model.keys()), "all, in their order");
            prop_assert_eq!(real.len(), model.len());
        }
    }

    #[test]
    fn whoever_has_the_turn_keeps_it(
        steps in prop::collection::vec((0_u8..5, 0_u32..8), 1..200),
    ) {
        let mut set = ActiveSet::default();
        let mut alive = BTreeSet::new();
        let mut active = BTreeSet::new();
        for (step, number) in steps {
            let pipe = PipeId(number);
            let turn = set.current();
            match step {
                0 => { set.insert(pipe); alive.insert(pipe); active.insert(pipe); }
                1 => {
                    set.activate(pipe);
                    if alive.contains(&pipe) { active.insert(pipe); }
                }
                2 => { set.remove(pipe); alive.remove(&pipe); active.remove(&pipe); }
                3 => {
                    set.retire_current();
                    if let Some(turn) = turn { active.remove(&turn); }
                }
                _ => set.advance(),
            }
            let stays = step <= 2 && turn.is_some() && turn != Some(pipe);
            if stays { prop_assert_eq!(set.current(), turn); }
            prop_assert_eq!(set.current().is_some(), !active.is_empty());
            prop_assert!(set.current().is_none_or(|turn| active.contains(&turn)));
            prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), alive.clone());
            // Everyone who is active gets the turn within one round.
            let mut seen = BTreeSet::new();
            for _ in 0..active.len() {
                seen.extend(set.current());
                set.advance();
            }
            prop_assert_eq!(&seen, &active);
        }
    }
}

#[test]
fn keys_survive_growth_and_reuse() {
    let mut keys = Keys::default();
    let key = |number: u32| format!("{number:0width$}", width = (number % 40) as usize);
    for number in 0..20_000 {
        let key = key(number);
        assert_eq!(keys.find(key.as_bytes()), None);
        keys.insert(key.as_bytes(), number).unwrap();
        let place = keys.find(key.as_bytes()).unwrap();
        assert_eq!(keys.value(place), number);
        assert_eq!(keys.key(place), key.as_bytes());
    }
    for number in (0..20_000).step_by(2) {
        let index = keys.find(key(number).as_bytes()).unwrap();
        keys.remove(index);
        assert_eq!(keys.find(key(number).as_bytes()), None);
    }
    for number in 0..20_000 {
        let found = keys
            .find(key(number).as_bytes())
            .map(|index| keys.value(index));
        assert_eq!(found, (number % 2 == 1).then_some(number));
    }
    assert_eq!(keys.len(), 10_000);
    for number in (1..20_000).step_by(2) {
        let index = keys.find(key(number).as_bytes()).unwrap();
        keys.remove(index);
    }
    assert_eq!(keys.len(), 0);
    assert_eq!(keys.iter().count(), 0);
    keys.insert(b"again", 1).unwrap();
    assert!(keys.find(b"again").is_some());
}

#[test]
fn every_length_around_the_inline_limit_is_found() {
    let mut keys = Keys::default();
    let long = vec![b'x'; SHORT * 3];
    for len in 0..long.len() {
        keys.insert(&long[..len], len as u32).unwrap();
    }
    let mut found = Vec::new();
    keys.prefixes_of(&long, |number| {
        found.push(number as usize);
        true
    });
    assert_eq!(found, (0..long.len()).collect::<Vec<_>>());
}

/// Whoever subscribes chooses how many lengths there are, and does not know what is published.
#[test]
fn lengths_that_lead_nowhere_are_not_looked_for() {
    let mut keys = Keys::default();
    for len in 0..10_000_usize {
        let mut garbage = vec![0xEE; len];
        garbage.iter_mut().take(1).for_each(|octet| *octet = 0xFF);
        keys.insert(&garbage, 1).unwrap();
    }
    let looks = |keys: &Keys, octets: &[u8]| {
        keys.looks.set(0);
        let mut found = 0;
        keys.prefixes_of(octets, |_| {
            found += 1;
            true
        });
        (found, keys.looks.get())
    };
    let published = vec![b'x'; 20_000];
    assert_eq!(looks(&keys, &published), (1, 32));
    // One that agrees in 200 octets opens the way to 256, and to no more.
    keys.insert(&published[..200], 2).unwrap();
    assert_eq!(looks(&keys, &published), (2, 256));
    keys.remove(keys.find(&published[..200]).unwrap());
    assert_eq!(looks(&keys, &published), (1, 32));
    // All that there are, for one who publishes what was asked for.
    let mut wanted = vec![0xEE; 20_000];
    wanted[0] = 0xFF;
    assert_eq!(looks(&keys, &wanted), (10_000, 9_999));
}

#[test]
fn guards_go_with_what_they_guard() {
    for len in [31, 32, 33, 64, 65, 128, 129, 1000] {
        let (one, mut other) = (vec![1; len], vec![1; len]);
        other[len - 1] = 2;
        let mut keys = Keys::default();
        keys.insert(&one, 1).unwrap();
        keys.insert(&other, 2).unwrap();
        let longer: Vec<u8> = other.iter().copied().chain([7; 50]).collect();
        let found = |keys: &Keys| {
            let mut found = Vec::new();
            keys.prefixes_of(&longer, |number| {
                found.push(number);
                true
            });
            found
        };
        assert_eq!(found(&keys), [2], "{len}");
        keys.remove(keys.find(&one).unwrap());
        assert_eq!(found(&keys), [2], "{len}");
        keys.remove(keys.find(&other).unwrap());
        assert_eq!(found(&keys), [] as [u32; 0], "{len}");
    }
}

#[test]
fn zeros_at_the_end_of_a_topic_count() {
    let mut subscriptions = Subscriptions::default();
    for len in 0..20 {
        subscriptions
            .add(&vec![0; len], PipeId(len as u32))
            .unwrap();
    }
    for len in 0..20 {
        let expected: BTreeSet<u32> = (0..=len).collect();
        assert_eq!(matching(&subscriptions, &vec![0; len as usize]), expected);
    }
}

#[test]
fn a_pipe_that_subscribes_and_cancels_for_ever_does_not_grow() {
    let mut subscriptions = Subscriptions::default();
    for round in 0..100_000_u32 {
        let topic = (round % 100).to_le_bytes();
        subscriptions.add(&topic, PipeId(0)).unwrap();
        subscriptions.add(&topic, PipeId(1)).unwrap();
        assert_eq!(subscriptions.remove(&topic, PipeId(0)), Removed::Remains);
        assert_eq!(subscriptions.remove(&topic, PipeId(1)), Removed::Last);
    }
    assert!(subscriptions.held_by(PipeId(0)) < 200);
    assert_eq!(subscriptions.len(), 0);
}

#[test]
fn a_topic_of_many_megabytes_is_nothing_special() {
    let long = vec![b'x'; 64 << 20];
    let mut subscriptions = Subscriptions::default();
    assert_eq!(subscriptions.add(&long, PipeId(0)), Ok(true));
    assert_eq!(matching(&subscriptions, &long), BTreeSet::from([0]));
    let mut lost = 0;
    subscriptions.remove_pipe(PipeId(0), |topic, last| {
        assert!(last);
        lost = topic.len();
    });
    assert_eq!(lost, long.len());
    assert_eq!(subscriptions.remove(&long, PipeId(0)), Removed::Unknown);
}

/// Not a test of anything but speed; run with `--release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_million_subscriptions() {
    let count = 1_000_000_u32;
    let topic = |number: u32| {
        let mut topic = *b"topic.00000000";
        for (place, octet) in topic[6..].iter_mut().enumerate() {
            *octet = b"0123456789abcdef"[(number >> (place * 4) & 15) as usize];
        }
        topic
    };
    let mut subscriptions = Subscriptions::default();
    let start = std::time::Instant::now();
    for number in 0..count {
        subscriptions
            .add(&topic(number), PipeId(number % 100))
            .unwrap();
    }
    println!("subscribe {:?}", start.elapsed() / count);
    let mut found = 0;
    let start = std::time::Instant::now();
    for number in 0..count {
        let number = number.wrapping_mul(2_654_435_761) % count;
        subscriptions.matching(&topic(number), |pipes| found += pipes.len() as u32);
    }
    println!("match {:?}", start.elapsed() / count);
    assert_eq!(found, count);
}
