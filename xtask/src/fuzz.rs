//! `cargo xtask fuzz [TARGET] [--seconds N]`: builds the fuzz targets and runs each for a while.
//!
//! Invariant: needs nothing but the stable toolchain and a C++ compiler: the compiler flags are
//! those of `cargo-fuzz`, allowed by `RUSTC_BOOTSTRAP`. The seeds in `fuzz/corpus` are only read;
//! what a run finds goes to `fuzz/target/corpus`, and what makes a target fail to `fuzz/artifacts`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All targets, in the order they are run.
const TARGETS: [&str; 11] = [
    "zmtp_server",
    "zmtp_client",
    "frame_v1",
    "command_property",
    "socks",
    "mechanisms",
    "zap",
    "ws_upgrade",
    "ws_frames",
    "tls",
    "datagram",
];

/// What makes libFuzzer see where an input leads, and AddressSanitizer what it breaks.
const FLAGS: [&str; 9] = [
    "--cfg=fuzzing",
    "-Zsanitizer=address",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
];

/// Runs the command; an error says what failed.
pub fn run(args: &[String]) -> Result<(), String> {
    let (targets, seconds) = parse(args)?;
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("xtask has no parent folder")?
        .join("fuzz");
    let host = host()?;
    build(&fuzz, &host, &targets)?;
    for target in targets {
        run_target(&fuzz, &host, target, seconds)?;
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<(Vec<&'static str>, u32), String> {
    let (mut targets, mut seconds) = (Vec::new(), 10);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--seconds" {
            seconds = args
                .next()
                .and_then(|number| number.parse().ok())
                .filter(|&number| number > 0)
                .ok_or("--seconds needs a number above 0")?;
        } else {
            let known = TARGETS.into_iter().find(|target| target == arg);
            targets.push(known.ok_or_else(|| {
                format!("no fuzz target {arg}; there are {}", TARGETS.join(", "))
            })?);
        }
    }
    if targets.is_empty() {
        targets = TARGETS.to_vec();
    }
    Ok((targets, seconds))
}

/// The machine that rustc builds for. Said explicitly to cargo, it keeps the flags away from
/// build scripts.
fn host() -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".to_owned())
}

fn build(fuzz: &Path, host: &str, targets: &[&str]) -> Result<(), String> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(fuzz)
        .args(["build", "--release", "--target", host])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1F"));
    for target in targets {
        cargo.args(["--bin", target]);
    }
    succeed(cargo)
}

fn run_target(fuzz: &Path, host: &str, target: &str, seconds: u32) -> Result<(), String> {
    let found = folder(fuzz.join("target/corpus").join(target))?;
    let artifacts = folder(fuzz.join("artifacts").join(target))?;
    let seeds = fuzz.join("corpus").join(target);
    let mut fuzzer = Command::new(fuzz.join("target").join(host).join("release").join(target));
    fuzzer
        .arg(found)
        .args(seeds.is_dir().then_some(seeds))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-max_len=16384",
            "-print_final_stats=1",
        ]);
    println!("fuzz {target}, {seconds} s");
    succeed(fuzzer)
        .map_err(|error| format!("{error}\nwhat made it fail is in {}", artifacts.display()))
}

fn folder(path: PathBuf) -> Result<PathBuf, String> {
    fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn succeed(mut command: Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, parse};

    #[test]
    fn arguments_are_targets_and_a_time() {
        let parse =
            |args: &[&str]| parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&[]), Ok((TARGETS.to_vec(), 10)));
        assert_eq!(
            parse(&["frame_v1", "--seconds", "3"]),
            Ok((vec!["frame_v1"], 3))
        );
        assert!(parse(&["frame_v2"]).is_err());
        assert!(parse(&["--seconds"]).is_err());
        assert!(parse(&["--seconds", "0"]).is_err());
    }
}
