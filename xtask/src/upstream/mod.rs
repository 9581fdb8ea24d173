//! `cargo xtask upstream`: upstream's own test suite, unmodified, on our library and the genuine one.
//!
//! Invariant: a result is reported only for a library that the loader was seen to take; and the run
//! succeeds only if what passes is exactly what `capi-tests/upstream/expected-*.txt` lists.

mod lists;
mod program;
mod seeds;
mod unity;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use crate::loader;
use crate::proc::lock;
use crate::reference::{self, Flavour, Places};
use lists::{Difference, Lists};
use program::{Build, Header, Program, Run, Verdict};

const USAGE: &str = "usage: cargo xtask upstream [--draft] [--reference | --reference-only] \
[--lib DIR] [--header ours|upstream] [--jobs N] [--repeat N] \
[--limit SECONDS] [--update] [FILTER…]

  --draft            the draft API too: more programs, and more cases in some
  --reference        run the genuine library as well, beside ours
  --reference-only   run the genuine library alone
  --lib DIR          the folder with our libzmq.so (default: built from the tree as it is)
  --header WHOSE     compile the tests on our include/ or on upstream's (default: upstream)
  --jobs N           programs at a time (default: 6; they mostly sleep)
  --limit SECONDS    stop a program after that time (default: what upstream gives it)
  --repeat N         run each N times; one that fails once has failed
  --update           write the results into capi-tests/upstream (with --reference-only: those of
                     the genuine library)
  FILTER             programs whose name contains it (a full name: just that one)";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    flavour: Flavour,
    ours: bool,
    genuine: bool,
    library: Option<PathBuf>,
    header: Header,
    jobs: usize,
    repeat: usize,
    limit: Option<Duration>,
    update: bool,
    filters: Vec<String>,
}

/// A library to run the programs with.
struct Subject {
    label: &'static str,
    /// The folder for the loader.
    staged: PathBuf,
    build: Build,
}

/// The runs of one program with one library, judged together.
#[derive(Clone, Debug)]
struct Outcome {
    verdict: Verdict,
    /// Cases that passed in every run.
    passed: usize,
    failed_runs: usize,
    runs: usize,
}

/// `cargo xtask upstream`: see the usage text.
///
/// # Errors
/// What is missing, or how the results differ from the list of what must pass.
pub fn run(args: &[String]) -> Result<(), String> {
    let options = parse(args)?;
    let places = reference::places()?;
    let all = program::all(places, options.flavour)?;
    let names: BTreeSet<String> = all.iter().map(|p| p.name.clone()).collect();
    let programs = select(all, &options.filters)?;
    let mut lists = lists::read(&places.root, options.flavour)?;
    let subjects = subjects(places, &options, &programs)?;
    let outcomes = run_all(places, &options, &programs, &subjects, &lists)?;
    print_table(&programs, &subjects, &outcomes, &lists);
    conclude(places, &options, &names, &outcomes, &mut lists)
}

fn parse(args: &[String]) -> Result<Options, String> {
    let mut options = Options {
        flavour: Flavour::Stable,
        ours: true,
        genuine: false,
        library: None,
        header: Header::Upstream,
        jobs: 6,
        repeat: 1,
        limit: None,
        update: false,
        filters: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| format!("{arg} wants a value\n{USAGE}"))
        };
        let number = |text: &String| match text.parse() {
            Ok(n) if n > 0 => Ok(n),
            _ => Err(format!("{arg} {text}? a number above 0\n{USAGE}")),
        };
        match arg.as_str() {
            "--draft" => options.flavour = Flavour::Draft,
            "--reference" => options.genuine = true,
            "--reference-only" => (options.ours, options.genuine) = (false, true),
            "--lib" => options.library = Some(value()?.into()),
            "--jobs" => options.jobs = number(value()?)?,
            "--repeat" => options.repeat = number(value()?)?,
            "--limit" => options.limit = Some(Duration::from_secs(number(value()?)? as u64)),
            "--update" => options.update = true,
            "--header" => {
                options.header = match value()?.as_str() {
                    "ours" => Header::Ours,
                    "upstream" => Header::Upstream,
                    other => return Err(format!("--header {other}?\n{USAGE}")),
                }
            }
            flag if flag.starts_with('-') => return Err(format!("{flag}?\n{USAGE}")),
            filter => options.filters.push(filter.to_string()),
        }
    }
    Ok(options)
}

/// The programs that a filter names or is part of the name of; all without filters.
fn select(all: Vec<Program>, filters: &[String]) -> Result<Vec<Program>, String> {
    if filters.is_empty() {
        return Ok(all);
    }
    let exact =
        |filter: &str, name: &str| name == filter || name.strip_prefix("test_") == Some(filter);
    let mut wanted = BTreeSet::new();
    for filter in filters {
        let found: Vec<&Program> = match all.iter().find(|p| exact(filter, &p.name)) {
            Some(program) => vec![program],
            None => all
                .iter()
                .filter(|p| p.name.contains(filter.as_str()))
                .collect(),
        };
        if found.is_empty() {
            return Err(format!(
                "upstream has no program like {filter:?} in this flavour"
            ));
        }
        wanted.extend(found.iter().map(|p| p.name.clone()));
    }
    Ok(all
        .into_iter()
        .filter(|p| wanted.contains(&p.name))
        .collect())
}

/// Finds the libraries, compiles the programs for them, and makes sure that the loader takes them.
fn subjects(
    places: &Places,
    options: &Options,
    programs: &[Program],
) -> Result<Vec<Subject>, String> {
    let mut wanted = Vec::new();
    if options.ours {
        wanted.push((
            "ours",
            loader::ours(places, options.library.as_deref(), options.flavour)?,
        ));
    }
    if options.genuine {
        wanted.push((
            "genuine",
            reference::library(options.flavour)?.join("libzmq.so.5"),
        ));
    }
    let mut subjects = Vec::new();
    for (label, library) in wanted {
        let staged = places
            .target
            .join(format!("upstream/lib/{}-{label}", options.flavour.name()));
        loader::stage(&library, &staged)?;
        let claims = program::claims(places, &staged)?;
        let build = program::build(places, options.flavour, options.header, &claims, programs)?;
        if let Some(any) = programs
            .iter()
            .map(|p| build.path(&p.name))
            .find(|p| p.is_file())
        {
            loader::check(&any, &staged)?;
        }
        eprintln!("{label}: {}", library.display());
        subjects.push(Subject {
            label,
            staged,
            build,
        });
    }
    Ok(subjects)
}

/// How often a program runs once more that says itself that the machine was too slow for one of its
/// cases.
const MORE_ATTEMPTS: usize = 2;

/// A run to be made.
#[derive(Clone, Copy)]
struct Job {
    program: usize,
    subject: usize,
    number: usize,
}

/// Two queues: programs with fixed names must never meet, not even those of another checkout.
struct Queues {
    fixed: VecDeque<Job>,
    fixed_busy: bool,
    free: VecDeque<Job>,
}

/// What all workers share.
struct Work<'a> {
    places: &'a Places,
    programs: &'a [Program],
    subjects: &'a [Subject],
    lists: &'a Lists,
    limit: Option<Duration>,
    logs: PathBuf,
    scratch: PathBuf,
    queues: Mutex<Queues>,
    total: usize,
    results: Mutex<Vec<(Job, Run)>>,
    problem: Mutex<Option<String>>,
}

type Outcomes = BTreeMap<&'static str, BTreeMap<String, Outcome>>;

fn run_all(
    places: &Places,
    options: &Options,
    programs: &[Program],
    subjects: &[Subject],
    lists: &Lists,
) -> Result<Outcomes, String> {
    let logs = places
        .target
        .join("upstream/logs")
        .join(options.flavour.name());
    fs::create_dir_all(&logs).map_err(|e| format!("{}: {e}", logs.display()))?;
    let scratch = std::env::temp_dir().join(format!("zmq-upstream-{}", std::process::id()));
    let mut queues = Queues {
        fixed: VecDeque::new(),
        fixed_busy: false,
        free: VecDeque::new(),
    };
    // The slow ones first, so that none is alone at the end.
    let mut order: Vec<usize> = (0..programs.len()).collect();
    order.sort_by_key(|&p| std::cmp::Reverse(program::limit(&programs[p].name)));
    for number in 0..options.repeat {
        for &program in &order {
            for subject in 0..subjects.len() {
                let job = Job {
                    program,
                    subject,
                    number,
                };
                let fixed = programs[program].fixed_names;
                if fixed {
                    &mut queues.fixed
                } else {
                    &mut queues.free
                }
                .push_back(job);
            }
        }
    }
    let total = queues.fixed.len() + queues.free.len();
    let work = Work {
        places,
        programs,
        subjects,
        lists,
        limit: options.limit,
        logs,
        scratch,
        queues: Mutex::new(queues),
        total,
        results: Mutex::new(Vec::with_capacity(total)),
        problem: Mutex::new(None),
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.min(total) {
            scope.spawn(|| work.worker());
        }
    });
    let _ = fs::remove_dir_all(&work.scratch);
    if let Some(problem) = lock(&work.problem).take() {
        return Err(problem);
    }
    let results = work
        .results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    Ok(combine(results, programs, subjects, lists))
}

impl Work<'_> {
    fn worker(&self) {
        while let Some((job, fixed)) = self.next() {
            let done = self.run(job, fixed);
            if fixed {
                lock(&self.queues).fixed_busy = false;
            }
            match done {
                Ok(run) => self.report(job, run),
                Err(problem) => {
                    *lock(&self.problem) = Some(problem);
                    return;
                }
            }
        }
    }

    /// The next job, and whether it is one with fixed names.
    fn next(&self) -> Option<(Job, bool)> {
        if lock(&self.problem).is_some() {
            return None;
        }
        let mut queues = lock(&self.queues);
        if !queues.fixed_busy
            && let Some(job) = queues.fixed.pop_front()
        {
            queues.fixed_busy = true;
            return Some((job, true));
        }
        queues.free.pop_front().map(|job| (job, false))
    }

    fn run(&self, job: Job, fixed: bool) -> Result<Run, String> {
        let (program, subject) = (&self.programs[job.program], &self.subjects[job.subject]);
        if let Some((_, said)) = subject
            .build
            .broken
            .iter()
            .find(|(n, _)| *n == program.name)
        {
            return Ok(Run {
                verdict: Verdict::NotCompiled,
                cases: unity::Cases::default(),
                elapsed: Duration::ZERO,
                output: said.clone(),
            });
        }
        // Another checkout's run on this machine would be in the way.
        let _alone = if fixed {
            Some(reference::exclusive(
                &std::env::temp_dir().join("zmq-upstream.lock"),
            )?)
        } else {
            None
        };
        let scratch = self
            .scratch
            .join(format!("{}-{}-{}", subject.label, program.name, job.number));
        let limit = program::limit(&program.name);
        let limit = self.limit.map_or(limit, |wanted| wanted.min(limit));
        let path = subject.build.path(&program.name);
        let mut run = program::run(&path, &subject.staged, &scratch, limit)?;
        for _ in 0..MORE_ATTEMPTS {
            if !run.cases.were_disturbed() {
                break;
            }
            run = program::run(&path, &subject.staged, &scratch, limit)?;
        }
        Ok(run)
    }

    /// Keeps the result, says it, and logs it if it is not as it should be.
    fn report(&self, job: Job, mut run: Run) {
        let (program, subject) = (&self.programs[job.program], &self.subjects[job.subject]);
        run.verdict = self.lists.judge(&program.name, &run.verdict);
        let log = self
            .logs
            .join(format!("{}-{}.log", subject.label, program.name));
        let kept = if matches!(run.verdict, Verdict::Pass(_) | Verdict::Skip(_)) {
            if job.number == 0 {
                let _ = fs::remove_file(&log);
            }
            String::new()
        } else {
            let text = format!("{}: {:?}\n\n{}", program.name, run.verdict, run.output);
            match reference::write(&log, &text) {
                Ok(()) => {
                    let path = log.strip_prefix(&self.places.root).unwrap_or(&log);
                    format!("  ({})", path.display())
                }
                Err(problem) => format!("  ({problem})"),
            }
        };
        let mut results = lock(&self.results);
        println!(
            "[{:>3}/{}] {:<8} {:<8} {:<28} {:>5.1} s {}{kept}",
            results.len() + 1,
            self.total,
            subject.label,
            run.verdict.word(),
            program.name,
            run.elapsed.as_secs_f64(),
            detail(&run.verdict),
        );
        results.push((job, run));
    }
}

/// What there is to say about a verdict besides its word.
fn detail(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass(1) => "1 case".to_string(),
        Verdict::Pass(cases) => format!("{cases} cases"),
        Verdict::Weak(here, there) => format!("{here} of {there} cases"),
        Verdict::Skip(why) | Verdict::Failed(why) | Verdict::TimedOut(why) => why.clone(),
        Verdict::NotCompiled => String::new(),
    }
}

/// Judges the repeated runs of a program together: the worst one counts.
fn combine(
    mut results: Vec<(Job, Run)>,
    programs: &[Program],
    subjects: &[Subject],
    lists: &Lists,
) -> Outcomes {
    results.sort_by_key(|(job, _)| job.number);
    let mut outcomes: Outcomes = subjects
        .iter()
        .map(|s| (s.label, BTreeMap::new()))
        .collect();
    for (job, run) in results {
        let Some(of_subject) = outcomes.get_mut(subjects[job.subject].label) else {
            continue;
        };
        let name = &programs[job.program].name;
        let verdict = lists.judge(name, &run.verdict);
        let bad = usize::from(!matches!(verdict, Verdict::Pass(_) | Verdict::Skip(_)));
        let outcome = of_subject.entry(name.clone()).or_insert_with(|| Outcome {
            verdict: verdict.clone(),
            passed: run.cases.passed,
            failed_runs: 0,
            runs: 0,
        });
        if bad == 1 && outcome.failed_runs == 0 {
            outcome.verdict = verdict;
        }
        outcome.passed = outcome.passed.min(run.cases.passed);
        outcome.failed_runs += bad;
        outcome.runs += 1;
    }
    outcomes
}

fn print_table(programs: &[Program], subjects: &[Subject], outcomes: &Outcomes, lists: &Lists) {
    println!();
    let mut head = format!("{:<28}", "program");
    for subject in subjects {
        head.push_str(&format!(" {:<14}", subject.label));
    }
    println!("{head} {:<10} remarks", "recorded");
    for program in programs {
        let mut line = format!("{:<28}", program.name);
        let mut remarks = Vec::new();
        for subject in subjects {
            let Some(outcome) = outcomes[subject.label].get(&program.name) else {
                continue;
            };
            line.push_str(&format!(
                " {:<8} {:>5}",
                outcome.verdict.word(),
                outcome.passed
            ));
            if !outcome.verdict.passes() {
                remarks.push(detail(&outcome.verdict));
            }
            if outcome.failed_runs > 0 && outcome.runs > 1 {
                let (failed, runs) = (outcome.failed_runs, outcome.runs);
                remarks.push(format!("{}: {failed} of {runs} runs", subject.label));
            }
        }
        let recorded = match lists.genuine.get(&program.name) {
            Some(genuine) if genuine.passes => format!("{} cases", genuine.cases),
            Some(_) => "skip".to_string(),
            None => "-".to_string(),
        };
        println!("{line} {recorded:<10} {}", remarks.join("; "));
    }
    println!();
    for subject in subjects {
        let counted: BTreeMap<String, (Verdict, usize)> = outcomes[subject.label]
            .iter()
            .map(|(name, o)| (name.clone(), (o.verdict.clone(), o.passed)))
            .collect();
        let count = |words: &[&str]| {
            counted
                .values()
                .filter(|(v, _)| words.contains(&v.word()))
                .count()
        };
        let cases: usize = counted.values().map(|(_, passed)| passed).sum();
        println!(
            "{}: {} passed, {} failed, {} skipped; {cases} cases passed",
            subject.label,
            count(&["pass"]),
            count(&["weak", "FAIL", "HANG", "no build"]),
            count(&["skip"]),
        );
        let score = lists.score(&counted);
        println!(
            "{}: {} of {} programs and {} of {} cases that pass with the genuine library",
            subject.label, score.programs.0, score.programs.1, score.cases.0, score.cases.1
        );
    }
}

/// Writes the lists, or compares with them.
fn conclude(
    places: &Places,
    options: &Options,
    names: &BTreeSet<String>,
    outcomes: &Outcomes,
    lists: &mut Lists,
) -> Result<(), String> {
    let verdicts = |label: &str| -> Option<BTreeMap<String, Verdict>> {
        let of_subject = outcomes.get(label)?;
        Some(
            of_subject
                .iter()
                .map(|(n, o)| (n.clone(), o.verdict.clone()))
                .collect(),
        )
    };
    let Some(ours) = verdicts("ours") else {
        return match verdicts("genuine") {
            Some(genuine) if options.update => {
                lists.update_genuine(&genuine, names);
                lists::write_genuine(&places.root, options.flavour, lists)
            }
            _ => Ok(()),
        };
    };
    if options.update {
        lists.update_expected(&ours, names);
        return lists::write_expected(&places.root, options.flavour, lists);
    }
    let differences = lists.differences(&ours, names);
    if differences.is_empty() {
        return Ok(());
    }
    let file = format!(
        "capi-tests/upstream/expected-{}.txt",
        options.flavour.name()
    );
    let mut text = format!("the results differ from {file}:");
    for difference in differences {
        text.push_str(&match difference {
            Difference::Lost(name) => format!("\n  {name} is listed and does not pass"),
            Difference::Won(name) => format!("\n  {name} passes: add it to the list (--update)"),
            Difference::Unknown(name) => format!("\n  {name} is listed and is no program"),
        });
    }
    Err(text)
}

#[cfg(test)]
mod tests;
