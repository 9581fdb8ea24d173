//! Both libraries are asked the same thousands of questions, by `c/conformance`: every option with
//! every kind of value, every call in every state, and calls that nobody should make.
//!
//! Invariant: each difference stands in `facts/differences.txt` with its reason, each row there is
//! a difference, and `docs/compatibility.md` repeats the rows.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs, mem};

use capi_tests::{Profile, include, library, reference, root, run, run_ok, scratch};

const DIFFERENCES: &str = include_str!("../facts/differences.txt");

/// A row of the list: patterns, and a reason.
struct Row<'a> {
    part: &'a str,
    /// It need not apply.
    optional: bool,
    /// It applies to the libraries with drafts only.
    draft: bool,
    done: &'a str,
    genuine: &'a str,
    ours: &'a str,
    reason: &'a str,
}

/// The rows, in order.
fn rows() -> Vec<Row<'static>> {
    let mut part = "";
    let mut rows = Vec::new();
    for line in DIFFERENCES.lines() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            part = name;
            continue;
        }
        let (optional, line) = match line.strip_prefix("? ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (draft, line) = match line.strip_prefix("draft: ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let fields: Vec<&str> = line.split(" | ").collect();
        let [done, genuine, ours, reason] = fields[..] else {
            panic!("a row has four fields: {line}");
        };
        rows.push(Row {
            part,
            optional,
            draft,
            done,
            genuine,
            ours,
            reason,
        });
    }
    rows
}

/// Whether a text fits a pattern, in which `*` stands for anything and `\*` for itself.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let last = pieces.last_mut().expect("there is always one");
        match character {
            '*' => pieces.push(String::new()),
            '\\' => last.extend(characters.next()),
            other => last.push(other),
        }
    }
    let (first, rest) = pieces.split_first().expect("there is always one");
    let Some(mut text) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    let Some((last, middle)) = rest.split_last() else {
        return text.is_empty();
    };
    for piece in middle {
        let Some(at) = text.find(piece.as_str()) else {
            return false;
        };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last.as_str())
}

#[test]
fn patterns_fit() {
    assert!(fits("a", "a") && !fits("a", "ab") && !fits("", "a"));
    assert!(fits("*", "") && fits("*", "abc") && fits("a*", "abc") && fits("*c", "abc"));
    assert!(fits("a*b*c", "a b c") && !fits("a*b*c", "a c") && fits("a**c", "ac"));
    assert!(fits("a\\*", "a*") && !fits("a\\*", "ab") && fits("\\**", "*b"));
    assert!(!fits("ab*ba", "aba"));
}

/// The program, compiled once, for whatever library the loader finds.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = scratch("conformance").join("conformance");
        let folder = root().join("capi-tests/c/conformance");
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=gnu99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"])
            // Misuse is what is asked about.
            .args(["-Wno-nonnull", "-Wno-stringop-overflow"])
            .arg("-I")
            .arg(include());
        if cfg!(feature = "draft") {
            gcc.arg("-DZMQ_BUILD_DRAFT_API");
        }
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("the folder can be read").path();
            if path.extension().is_some_and(|extension| extension == "c") {
                gcc.arg(path);
            }
        }
        gcc.arg("-L")
            .arg(library(Profile::Dev))
            .args(["-lzmq", "-o"])
            .arg(&program);
        run_ok(&mut gcc, "gcc");
        program
    })
}

/// What a library answers: questions and answers, in order. A question that is asked again has a
/// number behind it.
fn answers(part: &str, whose: &str, lib: &Path) -> Vec<(String, String)> {
    let folder = scratch(&format!("conformance-{part}-{whose}"));
    let mut command = Command::new(program());
    command
        .arg(part)
        .current_dir(folder)
        .env("LD_LIBRARY_PATH", lib)
        .env_remove("TMPDIR");
    let output = run(&mut command, "gcc");
    assert!(
        output.status.success(),
        "{part} on {whose}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let mut times: HashMap<String, usize> = HashMap::new();
    let text = String::from_utf8_lossy(&output.stdout);
    let answers = text.lines().map(|line| {
        let (done, became) = line.split_once(" = ").expect("each line is an answer");
        let time = times.entry(done.to_owned()).or_default();
        *time += 1;
        let done = match *time {
            1 => done.to_owned(),
            time => format!("{done} #{time}"),
        };
        (done, became.to_owned())
    });
    answers.collect()
}

/// The questions of both, each once, in the order of the first that asks them; what is not
/// answered is "-".
fn pairs(
    genuine: Vec<(String, String)>,
    ours: Vec<(String, String)>,
) -> Vec<(String, String, String)> {
    let mut ours_by: HashMap<String, String> = ours.iter().cloned().collect();
    let mut pairs: Vec<(String, String, String)> = Vec::new();
    for (done, became) in genuine {
        let our = ours_by.remove(&done).unwrap_or_else(|| "-".to_owned());
        pairs.push((done, became, our));
    }
    for (done, _) in ours {
        if let Some(our) = ours_by.remove(&done) {
            pairs.push((done, "-".to_owned(), our));
        }
    }
    pairs
}

fn compare(part: &str) {
    if part == "drafts" && !cfg!(feature = "draft") {
        println!("skipped: the library without drafts has none of their functions");
        return;
    }
    let Some(genuine) = reference() else {
        println!("skipped: no genuine libzmq 4.3.5 (cargo xtask reference, --draft with drafts)");
        return;
    };
    let genuine = answers(part, "genuine", &genuine);
    let ours = answers(part, "ours", library(Profile::Dev));
    let rows: Vec<Row<'_>> = rows()
        .into_iter()
        .filter(|row| row.part == part && (!row.draft || cfg!(feature = "draft")))
        .collect();
    let mut used = vec![false; rows.len()];
    let mut report = String::new();
    let pairs = pairs(genuine, ours);
    let asked = pairs.len();
    for (done, genuine, ours) in pairs {
        if genuine == ours {
            continue;
        }
        let row = rows.iter().position(|row| {
            fits(row.done, &done) && fits(row.genuine, &genuine) && fits(row.ours, &ours)
        });
        match row {
            Some(row) => used[row] = true,
            None => {
                let _ = writeln!(report, "{done} | {genuine} | {ours}");
            }
        }
    }
    for (row, used) in rows.iter().zip(used) {
        if !used && !row.optional {
            let _ = writeln!(report, "no longer a difference: {}", row.done);
        }
    }
    let lines = report.lines().count();
    let shown: Vec<&str> = report.lines().take(60).collect();
    assert!(
        report.is_empty(),
        "{lines} differences in {part} that are not in facts/differences.txt \
         (done | libzmq | ours):\n{}",
        shown.join("\n")
    );
    println!("{asked} questions, the same answers but for the differences that are known");
}

macro_rules! parts {
    ($($part:ident)*) => {
        $(#[test] fn $part() { compare(stringify!($part)); })*

        #[test]
        fn every_row_belongs_to_a_part() {
            for row in rows() {
                assert!([$(stringify!($part)),*].contains(&row.part), "[{}]", row.part);
                assert!(row.reason.ends_with('.'), "a reason is a sentence: {}", row.reason);
            }
        }
    };
}

parts! { options context endpoints states messages utilities misuse drafts }

/// The options of the stable library that nothing outside the table of options looks at, by the
/// names that the table gives them and their fields.
fn options_without_effect() -> Vec<String> {
    let table = fs::read_to_string(root().join("src/options/table.rs")).expect("it is there");
    let mut sources = String::new();
    read_sources(&root().join("src"), &mut sources);
    let mut without = Vec::new();
    for row in table.split(';').filter(|row| !row.contains(".needs(")) {
        let Some((head, tail)) = row.split_once("!(") else {
            continue;
        };
        let form = head.rsplit([' ', '\n']).next();
        let name = head
            .lines()
            .rev()
            .find_map(|line| line.trim().split_once(" = "));
        let field = tail.split([',', ')']).next();
        if let (Some("int" | "flag" | "bytes" | "text"), Some((name, _)), Some(field)) =
            (form, name, field)
            && !sources.contains(&format!(".{field}"))
        {
            without.push(name.to_owned());
        }
    }
    without
}

/// The text of all sources but those of the options and the tests.
fn read_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        match name.as_deref() {
            Some("options" | "tests" | "tests.rs") => {}
            _ if path.is_dir() => read_sources(&path, text),
            _ => text.push_str(&fs::read_to_string(&path).expect("sources are text")),
        }
    }
}

#[test]
fn the_manual_names_the_options_without_effect() {
    let manual = fs::read_to_string(root().join("docs/compatibility.md")).expect("it is there");
    let (_, section) = manual
        .split_once("### Options that are taken and read back, and do nothing")
        .expect("the manual has that section");
    let section = section.split("###").next().unwrap_or_default();
    let mut named: Vec<&str> = section
        .split(|character: char| {
            !(character.is_ascii_uppercase() || "_0123456789".contains(character))
        })
        .filter(|word| word.len() > 3)
        .collect();
    let mut without = options_without_effect();
    named.sort_unstable();
    without.sort_unstable();
    assert_eq!(named, without);
}

const BEGIN: &str = "<!-- differences.txt begins -->\n";
const END: &str = "<!-- differences.txt ends -->";

/// The tables of the manual, made of the list.
fn tables() -> String {
    let mut tables = String::new();
    let mut part = "";
    for row in rows() {
        if mem::replace(&mut part, row.part) != row.part {
            let _ = write!(
                tables,
                "\n### {}\n\n| what is done | libzmq 4.3.5 | here | why |\n|---|---|---|---|\n",
                title(row.part)
            );
        }
        let code = |text: &str| match text.replace("\\*", "*") {
            any if any == "*" => "anything".to_owned(),
            text => format!("`{text}`"),
        };
        let _ = writeln!(
            tables,
            "| {} | {} | {} | {} |",
            code(row.done.trim_start_matches("misuse: ")),
            code(row.genuine),
            code(row.ours),
            row.reason
        );
    }
    tables.push('\n');
    tables
}

fn title(part: &str) -> &str {
    match part {
        "context" => "Contexts",
        "drafts" => "Functions of the draft API",
        "endpoints" => "Endpoints",
        "messages" => "Messages",
        "misuse" => "Calls that nobody should make",
        "options" => "Options",
        "states" => "Sockets",
        "utilities" => "Utilities",
        other => other,
    }
}

/// `UPDATE=1 cargo test -p capi-tests --test conformance manual` writes them anew.
#[test]
fn the_manual_has_the_list() {
    let path = root().join("docs/compatibility.md");
    let text = fs::read_to_string(&path).expect("docs/compatibility.md is there");
    let (head, rest) = text.split_once(BEGIN).expect("the tables begin somewhere");
    let (found, tail) = rest.split_once(END).expect("the tables end somewhere");
    let tables = tables();
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{tables}{END}{tail}")).expect("it can be written");
        return;
    }
    assert_eq!(
        found, tables,
        "docs/compatibility.md is out of date: run this test with UPDATE=1"
    );
}
