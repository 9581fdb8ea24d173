//! `cargo xtask loom`: queues, wake-ups and hand-overs between drivers, in every order of events.
//!
//! Invariant: it ends, in minutes, whatever the models do: preemptions are bounded, and so is time.

use std::env;
use std::time::Duration;

use crate::args::Args;
use crate::sh::Run;

/// How often a thread may be interrupted in one order of events, unless told otherwise. With 3,
/// nearly all that can go wrong does; each one more takes several times as long.
const PREEMPTIONS: u32 = 3;

/// How long the models may take with that many; a minute or two is usual.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Where they are, as a filter for the tests.
const MODELS: &str = "::models::";

const HELP: &str = "\
usage: cargo xtask loom [--preemptions N] [MODEL]

Checks with loom the queues and wake-ups (src/queue/models), mailboxes (src/runtime/models.rs) and
hand-overs between drivers (src/ctx/models): every order of events of each model, or of those whose
name begins with MODEL. Builds in target/loom/.

  --preemptions N   interrupt threads up to N times (3); more takes longer, without a limit. Models
                    of the whole library go no further than 1 or 2";

/// `cargo xtask loom`.
///
/// # Errors
/// When a model fails, or they take too long; the output names the model.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let mut args = Args::new(args);
    let preemptions = match args.value("--preemptions")? {
        Some(text) => text
            .parse()
            .map_err(|_| format!("--preemptions wants a number, not '{text}'"))?,
        None => PREEMPTIONS,
    };
    let words = args.words()?;
    let model = match words.as_slice() {
        [] => "",
        [model] => model,
        [_, other, ..] => return Err(format!("one model at a time, not also '{other}'")),
    };
    test().arg("--no-run").stream()?;
    let checks = test()
        .env("LOOM_MAX_PREEMPTIONS", preemptions.to_string())
        .arg(format!("{MODELS}{model}"))
        // The library has statics, which are one model's at a time.
        .args(["--", "--test-threads", "1"]);
    if preemptions > PREEMPTIONS {
        checks.limit(Duration::MAX).stream()
    } else {
        checks.limit(LIMIT).stream()
    }
}

/// `cargo test` of the library alone, with loom's atomics instead of the real ones.
fn test() -> Run {
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    Run::cargo()
        .args(["test", "--package", "ferrozmq", "--lib"])
        .env("RUSTFLAGS", format!("{flags} --cfg loom").trim())
        .env("CARGO_TARGET_DIR", "target/loom")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_before_anything_is_built() {
        let fails = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            run(&args).unwrap_err()
        };
        assert!(fails(&["--preemptions", "many"]).contains("many"));
        assert!(fails(&["--preemptions"]).contains("wants a value"));
        assert!(fails(&["--what"]).contains("--what"));
        assert!(fails(&["a", "b"]).contains("'b'"));
    }
}
