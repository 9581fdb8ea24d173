//! What was measured, and what it says.
//!
//! Invariant: a ratio is of two runs made one right after the other, and what is said of a case is
//! the median of such ratios, never a ratio of medians.

use serde_json::{Value, json};

use super::cases::{Case, Figure, Target};
use super::measure::{Counts, Run};
use super::statistics::{self, Ratio};

/// Runs made one right after the other.
#[derive(Clone, Debug)]
pub struct Turn {
    pub ours: Run,
    pub peer: Run,
    /// The kernel's sockets without a library, where the case has such a counterpart.
    pub raw: Option<Run>,
}

/// All runs of a case.
#[derive(Clone, Debug)]
pub struct Measured {
    pub case: Case,
    pub counts: Counts,
    pub turns: Vec<Turn>,
    /// Why there are not more turns.
    pub problem: Option<String>,
    /// Whether the runs were so short that only their going well says something.
    pub smoke: bool,
}

/// What a case says of one of its figures.
#[derive(Clone, Debug)]
pub struct Finding {
    pub case: Case,
    pub figure: &'static Figure,
    /// Medians.
    pub ours: Option<f64>,
    pub peer: Option<f64>,
    /// Ours as a multiple of the peer's.
    pub of_peer: Option<Ratio>,
    /// Ours as a multiple of the raw socket's.
    pub of_raw: Option<Ratio>,
    /// How many times better than the peer's ours is.
    pub better: Option<Ratio>,
    /// How many times better than the raw socket's ours is.
    pub better_than_raw: Option<Ratio>,
    pub target: Target,
    pub met: Option<bool>,
}

impl Measured {
    /// What it says of each of its figures.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        let figures = self.case.work.figures.iter();
        figures.map(|figure| self.finding(figure))
    }

    /// What it says of the processor time, if that is one of its figures.
    pub fn cpu(&self) -> Option<Finding> {
        self.findings().find(Finding::is_cpu)
    }

    fn finding(&self, figure: &'static Figure) -> Finding {
        let of = |run: &Run| run.get(figure.name).copied();
        let median = |values: Vec<f64>| statistics::median(&values);
        let pairs = || {
            self.turns
                .iter()
                .filter_map(|t| of(&t.ours).zip(of(&t.peer)))
        };
        let raws = || {
            let raw = |t: &Turn| t.raw.as_ref().and_then(of);
            self.turns
                .iter()
                .filter_map(move |t| of(&t.ours).zip(raw(t)))
        };
        let swap = |(a, b): (f64, f64)| match figure.times_better(2.0, 1.0) > 1.0 {
            true => (a, b),
            false => (b, a),
        };
        let ours = median(self.turns.iter().filter_map(|t| of(&t.ours)).collect());
        let (of_peer, of_raw) = (statistics::ratio(pairs()), statistics::ratio(raws()));
        let target = (figure.target)(self.case.value);
        let middle = |ratio: Option<Ratio>| ratio.map(|r| r.median);
        Finding {
            case: self.case,
            figure,
            ours,
            peer: median(self.turns.iter().filter_map(|t| of(&t.peer)).collect()),
            of_peer,
            of_raw,
            better: statistics::ratio(pairs().map(swap)),
            better_than_raw: statistics::ratio(raws().map(swap)),
            target,
            met: target
                .met(figure.better, middle(of_peer), middle(of_raw), ours)
                .filter(|_| !self.smoke),
        }
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let figures: Vec<Value> = self
            .findings()
            .map(|found| {
                let name = found.figure.name;
                let all = |side: &dyn Fn(&Turn) -> Option<f64>| -> Vec<Option<f64>> {
                    self.turns.iter().map(side).collect()
                };
                json!({
                    "figure": name,
                    "unit": found.figure.unit,
                    "better": format!("{:?}", found.figure.better).to_lowercase(),
                    "ours": all(&|t| t.ours.get(name).copied()),
                    "peer": all(&|t| t.peer.get(name).copied()),
                    "raw": all(&|t| t.raw.as_ref()?.get(name).copied()),
                    "of_peer": found.of_peer.map(ratio),
                    "of_raw": found.of_raw.map(ratio),
                    "target": {
                        "of_peer": found.target.peer,
                        "of_raw": found.target.raw,
                        "value": found.target.value,
                        "one_is_enough": found.target.any,
                    },
                    "met": found.met,
                })
            })
            .collect();
        json!({
            "case": self.case.name(),
            "work": self.case.work.name,
            "value": self.case.value,
            "count": self.counts.library,
            "raw_count": self.counts.raw,
            "messages": self.case.messages(self.counts.library),
            "problem": self.problem,
            "figures": figures,
        })
    }
}

fn ratio(r: Ratio) -> Value {
    json!({ "median": r.median, "low": r.low, "high": r.high })
}

impl Finding {
    /// Whether it is of the processor time, which stands beside another figure.
    pub fn is_cpu(&self) -> bool {
        self.figure.name == "cpu"
    }

    /// The case, and the figure where the case has several of equal rank.
    pub fn name(&self) -> String {
        let first = &self.case.work.figures[0];
        let plain = ["rate", "latency", "load"].contains(&self.figure.name);
        if plain && std::ptr::eq(first, self.figure) {
            return self.case.name();
        }
        format!("{} {}", self.case.name(), self.figure.name)
    }

    /// How many times better than the peer's it is to be.
    pub fn target_better(&self) -> Option<f64> {
        self.target.peer.map(|t| self.figure.times_better(t, 1.0))
    }

    /// `yes`, `no`, or nothing.
    pub fn verdict(&self) -> &'static str {
        match self.met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A case as if measured, with the same in each of three turns.
    pub fn measured(name: &str, ours: &[(&str, f64)], peer: &[(&str, f64)]) -> Measured {
        let run = |figures: &[(&str, f64)]| -> Run {
            figures.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect()
        };
        let case = Case::all().into_iter().find(|c| c.name() == name).unwrap();
        let turn = Turn {
            ours: run(ours),
            peer: run(peer),
            raw: case.work.raw.map(|_| run(peer)),
        };
        Measured {
            case,
            counts: Counts {
                library: 10,
                raw: 10,
            },
            turns: vec![turn; 3],
            problem: None,
            smoke: false,
        }
    }

    #[test]
    fn ratios_and_verdicts_are_of_the_figure() {
        let slow = measured(
            "tcp_lat/16",
            &[("latency", 10.0), ("cpu", 1.0)],
            &[("latency", 20.0), ("cpu", 3.0)],
        );
        let found: Vec<Finding> = slow.findings().collect();
        assert_eq!(found[0].of_peer.unwrap().median, 0.5);
        assert_eq!(found[0].better.unwrap().median, 2.0);
        assert_eq!(found[0].of_raw.unwrap().median, 0.5);
        assert_eq!(
            (found[0].met, found[0].target_better()),
            (Some(false), Some(2.5))
        );
        assert_eq!(found[0].name(), "tcp_lat/16");
        assert_eq!(slow.cpu().unwrap().of_peer.unwrap().median, 1.0 / 3.0);

        let fast = measured("tcp_thr/16", &[("rate", 30.0)], &[("rate", 10.0)]);
        let found: Vec<Finding> = fast.findings().collect();
        assert_eq!(found[0].better.unwrap().median, 3.0);
        assert_eq!(found[0].met, Some(true));
        assert_eq!((found[1].ours, found[1].met), (None, None));
    }

    #[test]
    fn a_smoke_run_judges_nothing() {
        let mut smoke = measured("tcp_thr/16", &[("rate", 30.0)], &[("rate", 10.0)]);
        smoke.smoke = true;
        assert!(smoke.findings().all(|found| found.met.is_none()));
    }

    #[test]
    fn the_name_says_which_figure() {
        let topics = measured(
            "subscriptions/1000000",
            &[("unwanted", 100.0), ("publisher_heap", 120.0)],
            &[("unwanted", 1000.0), ("publisher_heap", 600.0)],
        );
        let found: Vec<Finding> = topics.findings().collect();
        assert_eq!(found[0].name(), "subscriptions/1000000 unwanted");
        assert_eq!((found[0].met, found[2].met), (Some(true), Some(false)));
    }

    #[test]
    fn a_case_without_a_turn_says_nothing_but_why() {
        let mut none = measured("router/1", &[], &[]);
        none.turns.clear();
        none.problem = Some("it hung".to_owned());
        assert!(
            none.findings()
                .all(|f| f.of_peer.is_none() && f.met.is_none())
        );
        assert_eq!(none.json()["problem"], "it hung");
    }
}
