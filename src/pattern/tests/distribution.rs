//! Who gets a message, whatever the reasons: an XPUB against a plain list of subscriptions.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::options::kind as kinds;

#[derive(Clone, Debug)]
enum Step {
    Subscribe(usize, &'static str),
    Cancel(usize, &'static str),
    /// A body, in so many parts, so many times.
    Publish(&'static str, usize, usize),
    Drain(usize),
}

const PEERS: usize = 5;
/// The high-water mark of each pipe.
const MARK: usize = 4;

/// What a pipe counts: reads are acknowledged in steps of half the mark.
#[derive(Clone, Copy, Default)]
struct Count {
    written: usize,
    read: usize,
    acknowledged: usize,
}

impl Count {
    fn is_full(&self) -> bool {
        self.written - self.acknowledged == MARK
    }

    fn read(&mut self) {
        self.read += 1;
        if (self.read - self.acknowledged) * 2 >= MARK {
            self.acknowledged = self.read;
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let topic = || prop::sample::select(vec!["", "a", "ab", "abc", "b"]);
    let message = prop::sample::select(vec!["", "a", "abcd", "abx", "b", "c"]);
    prop_oneof![
        3 => (0..PEERS, topic()).prop_map(|(peer, topic)| Step::Subscribe(peer, topic)),
        2 => (0..PEERS, topic()).prop_map(|(peer, topic)| Step::Cancel(peer, topic)),
        6 => (message, prop_oneof![Just(1), 1_usize..4], 1_usize..6)
            .prop_map(|(body, parts, times)| Step::Publish(body, parts, times)),
        2 => (0..PEERS).prop_map(Step::Drain),
    ]
}

proptest! {
    #[test]
    fn each_gets_what_it_wants_once(
        steps in prop::collection::vec(step(), 1..80),
        inverted: bool,
        nodrop: bool,
        runs: bool,
    ) {
        let mut rig = Rig::with(kinds::XPUB, |options| {
            options.invert_matching = inverted;
            options.xpub_nodrop = nodrop;
        });
        rig.runs = runs;
        let mark = Limits {
            send: Some(MARK as i32),
            receive: None,
        };
        let mut peers: Vec<Pipe> = (0..PEERS).map(|_| rig.limited(mark)).collect();
        let mut wanted = vec![BTreeSet::new(); PEERS];
        let mut expected = vec![Vec::new(); PEERS];
        let mut counts = [Count::default(); PEERS];
        for step in steps {
            match step {
                Step::Subscribe(peer, topic) => {
                    subscribe(&mut peers[peer], topic);
                    wanted[peer].insert(topic);
                }
                Step::Cancel(peer, topic) => {
                    cancel(&mut peers[peer], topic);
                    wanted[peer].remove(topic);
                }
                Step::Publish(body, parts, times) => for _ in 0..times {
                    let takes = |peer: usize| {
                        wanted[peer].iter().any(|topic| body.starts_with(topic)) != inverted
                    };
                    let full = (0..PEERS).any(|peer| takes(peer) && counts[peer].is_full());
                    let message = vec![body; parts];
                    let mut sent = rig.send(&message);
                    if full && nodrop {
                        prop_assert_eq!(sent, Err(Errno::EAGAIN));
                        continue;
                    }
                    // A sender that outran its peer hears of it once, be there room meanwhile.
                    for _ in 0..PEERS {
                        if nodrop && sent == Err(Errno::EAGAIN) {
                            sent = rig.send(&message);
                        }
                    }
                    prop_assert_eq!(sent, Ok(()));
                    for peer in (0..PEERS).filter(|&peer| takes(peer)) {
                        if !counts[peer].is_full() {
                            counts[peer].written += 1;
                            expected[peer].push(message.join("|"));
                        }
                    }
                }
                Step::Drain(peer) => {
                    let expected = std::mem::take(&mut expected[peer]);
                    expected.iter().for_each(|_| counts[peer].read());
                    prop_assert_eq!(drain(&mut peers[peer]), expected);
                }
            }
        }
        for (peer, expected) in peers.iter_mut().zip(expected) {
            prop_assert_eq!(drain(peer), expected);
        }
    }
}
