//! Tests of the table, and of what is said with it.

use super::*;
use std::collections::BTreeSet;

#[test]
fn names_are_unique_and_filters_find_them() {
    let all = Case::all();
    let names: BTreeSet<String> = all.iter().map(Case::name).collect();
    assert_eq!(names.len(), all.len());
    let found = |filter: &str| all.iter().filter(|case| case.is_named(filter)).count();
    assert_eq!(found("tcp_lat/1024"), 1);
    assert_eq!(found("tcp_lat"), NEAR_SIZES.len());
    assert_eq!(found("lat"), 2 * NEAR_SIZES.len() + 3);
    assert_eq!(found("publish"), 6);
    assert_eq!(found("load"), 1);
    assert_eq!(found("udp"), 0);
}

#[test]
fn a_run_is_timed_by_a_rate_or_a_latency() {
    for work in WORK {
        if let Count::Timed(_) = work.count {
            let first = work.figures[0].name;
            assert!(["rate", "latency"].contains(&first), "{}", work.name);
        }
        assert!(work.args.contains(&"#") && !work.values.is_empty());
    }
}

#[test]
fn every_throughput_stands_beside_its_processor_time() {
    for work in WORK {
        if work.figures[0].unit == "msg/s" {
            assert_eq!(work.figures[1].name, "cpu", "{}", work.name);
            assert_eq!((work.figures[1].target)(16), peer(1.0), "{}", work.name);
        }
    }
}

#[test]
fn targets_say_whether_they_are_met() {
    let near = (NEAR[0].target)(16);
    assert_eq!(near.text(Better::Less), "<= 0.4 x, 1.4 raw");
    let judge = |peer, raw| near.met(Better::Less, peer, raw, None);
    assert_eq!(judge(Some(0.3), Some(1.2)), Some(true));
    assert_eq!(judge(Some(0.3), Some(1.5)), Some(false));
    assert_eq!(judge(Some(0.5), None), Some(false));
    assert_eq!(judge(Some(0.3), None), None);

    let stream = (STREAM[0].target)(8 * KIB);
    assert_eq!(stream.text(Better::More), ">= 3 x or 0.9 raw");
    let judge = |peer, raw| stream.met(Better::More, peer, raw, None);
    assert_eq!(judge(Some(2.0), Some(0.95)), Some(true));
    assert_eq!(judge(Some(3.0), None), Some(true));
    assert_eq!(judge(Some(2.0), Some(0.8)), Some(false));
    assert_eq!(judge(Some(2.0), None), None);

    assert_eq!((STREAM[0].target)(16), peer(3.0));
    assert_eq!((STREAM[0].target)(64 * KIB).peer, Some(1.5));
    assert_eq!((STREAM[0].target)(MIB), raw(0.9));
    assert_eq!(NONE.met(Better::Less, Some(1.0), None, None), None);
    assert_eq!(
        value(150.0).met(Better::Less, None, None, Some(149.0)),
        Some(true)
    );
}

#[test]
fn better_is_above_one_either_way() {
    assert_eq!(STREAM[0].times_better(200.0, 100.0), 2.0);
    assert_eq!(NEAR[0].times_better(10.0, 20.0), 2.0);
}

#[test]
fn arguments_are_filled_in() {
    let publish = Case::all()
        .into_iter()
        .find(|c| c.name() == "publish_tcp/10");
    let publish = publish.unwrap();
    assert_eq!(
        publish.arguments(publish.work.args, 7),
        ["tcp", "10", "64", "7"]
    );
    assert_eq!(publish.messages(7), 70.0);
}
