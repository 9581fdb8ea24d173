//! One of upstream's test programs: compiled once, run as often as asked.
//!
//! Invariant: a program is run in a new, empty folder of its own with nothing but the staged
//! library on the loader's path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{seeds, unity};
use crate::loader;
use crate::proc::{self, Finished, Output};
use crate::reference::{self, Flavour, Places};

/// Exit status of a program that skips itself.
const SKIP: i32 = 77;

/// Programs that need the draft API. Upstream's build also counts `test_timers`, which does not.
const DRAFT_ONLY: [&str; 20] = [
    "test_app_meta",
    "test_busy_poll",
    "test_channel",
    "test_client_server",
    "test_dgram",
    "test_disconnect_msg",
    "test_hello_msg",
    "test_hiccup_msg",
    "test_msg_init",
    "test_peer",
    "test_poller",
    "test_pubsub_topics_count",
    "test_radio_dish",
    "test_router_notify",
    "test_scatter_gather",
    "test_thread_safe",
    "test_xpub_manual_last_value",
    "test_xsub_verbose",
    "test_zmq_ppoll_fd",
    "test_zmq_ppoll_signals",
];

/// Programs that need a header which Debian lacks.
const NEVER: [&str; 2] = ["test_pair_vmci", "test_reqrep_vmci"];

/// Not `ZMQ_HAVE_VMCI`, with which `test_term_endpoint` would open what leads off the machine.
const SAYS_VMCI: &str = "FERROZMQ_SAYS_VMCI";

/// What the libraries under test are asked with `zmq_has`, and the macro that tells the tests.
const CLAIMS: [(&str, &str); 5] = [
    ("tipc", "ZMQ_HAVE_TIPC"),
    ("vmci", SAYS_VMCI),
    ("pgm", "ZMQ_HAVE_OPENPGM"),
    ("norm", "ZMQ_HAVE_NORM"),
    ("gssapi", "HAVE_LIBGSSAPI_KRB5"),
];

/// Grows when programs are built in another way than before.
const RECIPE: u32 = 2;

/// What the tests are told of the platform in any case: without one of these they check less.
const PLATFORM: [&str; 8] = [
    "ZMQ_HAVE_LINUX",
    "ZMQ_HAVE_IPC",
    "ZMQ_HAVE_UIO",
    "ZMQ_HAVE_SO_PEERCRED",
    "ZMQ_HAVE_SO_PRIORITY",
    "ZMQ_HAVE_PPOLL",
    "ZMQ_HAVE_CURVE",
    "HAVE_MKDTEMP",
];

/// Whose header the programs are compiled on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The one in `include/`.
    Ours,
    /// That of the genuine 4.3.5.
    Upstream,
}

/// A test program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// `test_…`, as upstream calls it.
    pub name: String,
    /// Whether it uses a port or abstract name that another run on this machine would use too.
    pub fixed_names: bool,
}

/// What became of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Exit status 0 and no failed case; how many cases passed.
    Pass(usize),
    /// As a pass, but with fewer cases than the genuine library: here, and there.
    Weak(usize, usize),
    /// It left itself out, or every case: why.
    Skip(String),
    /// A case failed or it ended otherwise: how.
    Failed(String),
    /// It ran into its time limit, or its own alarm.
    TimedOut(String),
    /// It does not compile.
    NotCompiled,
}

impl Verdict {
    /// Whether this is as good as asked for.
    pub fn passes(&self) -> bool {
        matches!(self, Verdict::Pass(_))
    }

    /// One word.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass(_) => "pass",
            Verdict::Weak(..) => "weak",
            Verdict::Skip(_) => "skip",
            Verdict::Failed(_) => "FAIL",
            Verdict::TimedOut(_) => "HANG",
            Verdict::NotCompiled => "no build",
        }
    }
}

/// A run of a program.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it went.
    pub verdict: Verdict,
    /// Its Unity cases.
    pub cases: unity::Cases,
    /// How long it took.
    pub elapsed: Duration,
    /// What it printed.
    pub output: String,
}

/// The programs of a flavour, by name.
///
/// # Errors
/// If upstream's tree cannot be read.
pub fn all(places: &Places, flavour: Flavour) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    for path in reference::files(&places.vendor.join("tests"), "cpp")? {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let drafts_missing = flavour == Flavour::Stable && DRAFT_ONLY.contains(&name.as_str());
        if !name.starts_with("test_") || NEVER.contains(&name.as_str()) || drafts_missing {
            continue;
        }
        let source = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        programs.push(Program {
            name,
            fixed_names: uses_fixed_names(&source),
        });
    }
    Ok(programs)
}

/// Whether a test's source names one of testutil's fixed endpoints, a port of that range, or an
/// abstract ipc name.
fn uses_fixed_names(source: &str) -> bool {
    let numbered = |prefix: &str| {
        source
            .match_indices(prefix)
            .any(|(at, _)| source[at + prefix.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    numbered("ENDPOINT_") || numbered("PORT_") || numbered(":55") || source.contains("ipc://@")
}

/// How long a program may take: a little less than the alarm that it sets itself, so that a
/// program that hangs can still be looked at.
pub fn limit(program: &str) -> Duration {
    Duration::from_secs(match program {
        "test_heartbeats" => 88,
        "test_security_curve" | "test_socks" | "test_shutdown_stress" => 120,
        _ => 58,
    })
}

/// Programs compiled for one flavour, header and set of claims.
#[derive(Debug, Default)]
pub struct Build {
    folder: PathBuf,
    /// The programs that do not compile, with what the compiler said.
    pub broken: Vec<(String, String)>,
}

impl Build {
    /// The path of a program.
    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

/// Which of [`CLAIMS`] the library in `folder` makes. One that cannot even be asked makes none.
///
/// # Errors
/// If the asking program cannot be made.
pub fn claims(places: &Places, folder: &Path) -> Result<Vec<&'static str>, String> {
    let work = places.target.join("upstream/ask");
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let _only_one = reference::exclusive(&work.join("lock"))?;
    let (source, program) = (work.join("ask.cpp"), work.join("ask"));
    if !program.is_file() {
        let text = "extern \"C\" int zmq_has (const char *);\nextern \"C\" int puts (const char *);\n\
                    int main (int argc, char **argv)\n{\n    for (int i = 1; i < argc; i++)\n        \
                    if (zmq_has (argv[i]))\n            puts (argv[i]);\n}\n";
        reference::write(&source, text)?;
        let mut command = reference::compiler();
        command.arg(&source).args(["-Wl,-z,lazy", "-lzmq", "-L"]);
        command.arg(reference::library(Flavour::Stable)?);
        reference::compile_to(command, &program)?;
    }
    let mut command = Command::new(&program);
    command.args(CLAIMS.map(|(name, _)| name));
    loader::use_library(&mut command, folder);
    let finished = proc::run(command, Output::Pipe, Duration::from_secs(20))?;
    let said = |name: &str| finished.success() && finished.output.lines().any(|l| l == name);
    Ok(CLAIMS
        .iter()
        .filter(|(name, _)| said(name))
        .map(|(_, macro_name)| *macro_name)
        .collect())
}

/// Compiles the programs that are not compiled yet.
///
/// # Errors
/// If upstream's shared parts do not compile, or files cannot be written. A test that does not
/// compile is no error: it is listed in [`Build::broken`].
pub fn build(
    places: &Places,
    flavour: Flavour,
    header: Header,
    claims: &[&str],
    programs: &[Program],
) -> Result<Build, String> {
    let library = reference::library(flavour)?;
    let (compile_flags, link_flags) = reference::external_libraries()?;
    let include = match header {
        Header::Ours => places.root.join("include"),
        Header::Upstream => places.vendor.join("include"),
    };
    let headers = reference::files(&include, "h")?;
    let mut contents = Vec::new();
    for path in &headers {
        contents.push(fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?);
    }
    let mut platform = String::from("#pragma once\n");
    for name in PLATFORM.iter().chain(claims) {
        platform.push_str(&format!("#define {name}\n"));
    }
    let mut flags: Vec<String> = [
        "-g1",
        "-D_GNU_SOURCE",
        "-D_REENTRANT",
        "-DZMQ_CUSTOM_PLATFORM_HPP",
        "-DUNITY_USE_COMMAND_LINE_ARGS",
        "-DUNITY_EXCLUDE_FLOAT",
        "-pthread",
    ]
    .map(String::from)
    .to_vec();
    if flavour == Flavour::Draft {
        flags.push("-DZMQ_BUILD_DRAFT_API".into());
    }
    flags.extend(compile_flags);
    let key = reference::fingerprint(&(
        RECIPE,
        &contents,
        &platform,
        &flags,
        &link_flags,
        &places.vendor,
    ));
    let whose = if header == Header::Ours {
        "ours"
    } else {
        "upstream"
    };
    let folder = places
        .target
        .join(format!("upstream/build/{}-{whose}-{key}", flavour.name()));
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let _only_one = reference::exclusive(&folder.join("lock"))?;

    let stage = folder.join("stage");
    stage_sources(&places.vendor, &headers, &stage)?;
    reference::write(&folder.join("platform.hpp"), &platform)?;
    loader::link(
        &folder.join("platform.hpp"),
        &stage.join("src/platform.hpp"),
    )?;
    let unity = places.vendor.join("external/unity");
    let tests = stage.join("tests");
    let compiler = |language: &str| {
        let mut command = reference::compiler();
        command.args(["-x", language]);
        if language == "c++" {
            command.arg("-std=c++11");
        }
        command
            .args(&flags)
            .arg("-I")
            .arg(&folder)
            .arg("-I")
            .arg(&unity);
        command
    };

    // The parts that every program shares.
    let mut shared = vec![(unity.join("unity.c"), "c")];
    for name in [
        "testutil",
        "testutil_monitoring",
        "testutil_security",
        "testutil_unity",
    ] {
        shared.push((tests.join(format!("{name}.cpp")), "c++"));
    }
    let object = |source: &Path| {
        folder
            .join(source.file_name().unwrap_or_default())
            .with_extension("o")
    };
    let made = proc::parallel(
        &shared,
        reference::COMPILER_JOBS,
        |_, (source, language)| {
            if object(source).is_file() {
                return Ok(());
            }
            let mut command = compiler(language);
            command.arg("-c").arg(source);
            reference::compile_to(command, &object(source))
        },
    );
    made.into_iter().collect::<Result<Vec<()>, String>>()?;

    let missing: Vec<&Program> = programs
        .iter()
        .filter(|p| !folder.join(&p.name).is_file())
        .collect();
    let made = proc::parallel(&missing, reference::COMPILER_JOBS, |number, program| {
        reference::progress(&format!(
            "compiling tests: {}/{}",
            number + 1,
            missing.len()
        ));
        let mut command = compiler("c++");
        command.arg(tests.join(format!("{}.cpp", program.name)));
        if program.name == "test_capabilities" && claims.contains(&SAYS_VMCI) {
            command.arg("-DZMQ_HAVE_VMCI");
        }
        if program.name == "test_security_curve" {
            // It calls three of upstream's internal functions, which no library exports, and
            // libsodium, which one of them has to begin: a library under test may do without.
            command.arg("-DZMQ_USE_LIBSODIUM");
            for name in ["err", "random", "clock"] {
                command.arg(stage.join(format!("src/{name}.cpp")));
            }
        }
        command
            .args(["-x", "none"])
            .args(shared.iter().map(|(source, _)| object(source)));
        // Lazily bound, so that a function which is missing fails the tests that call it only.
        command
            .args(["-Wl,--as-needed", "-Wl,-z,lazy", "-lzmq"])
            .args(&link_flags);
        command.arg("-L").arg(&library);
        reference::compile_to(command, &folder.join(&program.name))
    });
    reference::end_progress();
    let mut broken = Vec::new();
    for (program, result) in missing.iter().zip(made) {
        if let Err(said) = result {
            broken.push((program.name.clone(), said));
        }
    }
    forget_old_builds(&folder);
    Ok(Build { folder, broken })
}

/// Removes builds that have not been used since six others were: a header under work makes many.
fn forget_old_builds(newest: &Path) {
    let Some(entries) = newest.parent().and_then(|all| fs::read_dir(all).ok()) else {
        return;
    };
    let mut builds: Vec<(std::time::SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            // Written anew whenever the build is asked for.
            let used = fs::metadata(path.join("platform.hpp"))
                .ok()?
                .modified()
                .ok()?;
            Some((used, path))
        })
        .collect();
    builds.sort();
    let keep = 6;
    for (_, path) in builds.iter().take(builds.len().saturating_sub(keep)) {
        // What cannot be removed stays, and does no harm.
        let _ = fs::remove_dir_all(path);
    }
}

/// Links upstream's `tests` and `src` beside the chosen headers: the tests name both relative to
/// themselves.
fn stage_sources(vendor: &Path, headers: &[PathBuf], stage: &Path) -> Result<(), String> {
    for name in ["include", "src", "tests"] {
        let folder = stage.join(name);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let mut files = Vec::new();
        if name == "include" {
            files.extend_from_slice(headers);
        } else {
            files.extend(reference::files(&vendor.join(name), "hpp")?);
            files.extend(reference::files(&vendor.join(name), "cpp")?);
            files.extend(reference::files(&vendor.join(name), "h")?);
        }
        for file in files {
            loader::link(&file, &folder.join(file.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// Runs a program for `limit` at most in a new folder `scratch`, which is removed afterwards.
///
/// # Errors
/// If it cannot be run at all.
pub fn run(program: &Path, library: &Path, scratch: &Path, limit: Duration) -> Result<Run, String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let problem = |e: std::io::Error| format!("{}: {e}", scratch.display());
    fs::create_dir_all(scratch).map_err(problem)?;
    if seeds::wanted(&name) {
        seeds::write(scratch)?;
    }
    let mut command = Command::new(program);
    command.current_dir(scratch).env("TMPDIR", scratch);
    loader::use_library(&mut command, library);
    let finished = proc::start(command, Output::Terminal)?.wait(limit, backtrace)?;
    fs::remove_dir_all(scratch).map_err(problem)?;
    let cases = unity::parse(&finished.output);
    Ok(Run {
        verdict: verdict(&finished, &cases),
        cases,
        elapsed: finished.elapsed,
        output: finished.output,
    })
}

/// What a run is worth by itself.
fn verdict(finished: &Finished, cases: &unity::Cases) -> Verdict {
    use std::os::unix::process::ExitStatusExt;
    let how = proc::describe(finished);
    let alarm = finished.status.signal() == Some(nix::sys::signal::Signal::SIGALRM as i32);
    if finished.timed_out || alarm {
        return Verdict::TimedOut(how);
    }
    if finished.status.code() == Some(SKIP) {
        return Verdict::Skip(last_line(finished));
    }
    if !cases.failed.is_empty() || !finished.success() {
        let names: Vec<&str> = cases.failed.iter().map(|(name, _)| name.as_str()).collect();
        let what = if names.is_empty() {
            last_line(finished)
        } else {
            names.join(" ")
        };
        return Verdict::Failed(format!("{how}: {what}"));
    }
    match cases.ignored.first() {
        Some((_, why)) if cases.passed == 0 => Verdict::Skip(why.clone()),
        _ => Verdict::Pass(cases.passed),
    }
}

/// The last thing that a program said.
fn last_line(finished: &Finished) -> String {
    let mut lines = finished.output.lines().map(str::trim);
    lines
        .rfind(|line| !line.is_empty())
        .unwrap_or_default()
        .to_string()
}

/// Where the threads of a hanging program are, if gdb is there to tell.
fn backtrace(id: u32) -> String {
    let mut gdb = Command::new("gdb");
    gdb.args([
        "-q",
        "-batch",
        "-nx",
        "-ex",
        "thread apply all backtrace",
        "-p",
        &id.to_string(),
    ]);
    match proc::run(gdb, Output::Pipe, Duration::from_secs(30)) {
        Ok(finished) => format!("\n--- where it hung ---\n{}", finished.output),
        Err(_) => "\n(install gdb to see where it hung)\n".to_string(),
    }
}

#[cfg(test)]
mod tests;
