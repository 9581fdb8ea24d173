//! The one rule, checked: calls go down. Reads the sources and fails on an upward use, on `unsafe`
//! where it does not belong, on files too long to hold in the head, and on files that do not say
//! what they are.

use std::fs;
use std::path::{Path, PathBuf};

/// Where `unsafe` may stand: files, or folders with all that is in them. A longer list is a
/// visible change.
const UNSAFE: &[&str] = &[
    "sys.rs",
    "sys/barrier.rs",
    "sys/memory.rs",
    "sys/names.rs",
    "sys/tipc.rs",
    "sys/vm.rs",
    "msg/block.rs",
    "msg/content.rs",
    "msg/content/copies.rs",
    "msg/region.rs",
    "msg/room.rs",
    "msg/slab.rs",
    "msg/spent.rs",
    "msg/tests.rs",
    "proto/mechanism/curve/secretbox/both_avx2.rs",
    "proto/mechanism/curve/secretbox/both_avx512.rs",
    "proto/mechanism/curve/secretbox/salsa_avx2.rs",
    "proto/mechanism/curve/secretbox/tag_avx2.rs",
    "queue/",
    "capi/",
];

/// No file is longer than this.
const LINES_AT_MOST: usize = 700;

/// A source file: its path below `src`, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 10, "the sources are there");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("src can be read")
        .map(|entry| entry.expect("src can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let below = path.strip_prefix(root).expect("inside of src");
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            found.push(Source {
                path: parts.join("/"),
                text,
            });
        }
    }
}

/// A text without its comments and the insides of its strings; lines stay where they are.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => string(rest),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#") => raw_string(rest),
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\\"'") => 4,
            _ => 0,
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|&c| c == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of the string literal that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, octet) in text.bytes().enumerate().skip(1) {
        match octet {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of the raw string that `text` begins with; 0 if it is a raw identifier.
fn raw_string(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|&octet| octet == b'#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    text[start..]
        .find(&end)
        .map_or(text.len(), |at| start + at + end.len())
}

/// The floors, lowest first: the `pub mod` lines of `lib.rs`.
fn floors() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let text = fs::read_to_string(root).expect("there is a lib.rs");
    let floors: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert_eq!(floors.first().map(String::as_str), Some("errno"));
    assert_eq!(floors.last().map(String::as_str), Some("capi"));
    floors
}

/// The names that follow `crate::` in a text, those in braces included, with their lines.
fn used(code: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(heads(group).map(|name| (line, name)));
        } else {
            names.push((line, word(rest)));
        }
    }
    names
}

/// The first word of each item of a group in braces.
fn heads(group: &str) -> impl Iterator<Item = String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items
        .into_iter()
        .map(|item| word(item.trim_start_matches([',', ' ', '\n'])))
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|&c| c.is_alphanumeric() || c == '_')
        .collect()
}

/// How often a word stands in code, by line.
fn lines_with(code: &str, wanted: &str) -> Vec<usize> {
    let holds = |line: &str| {
        line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == wanted)
    };
    code.lines()
        .enumerate()
        .filter(|(_, line)| holds(line))
        .map(|(at, _)| at + 1)
        .collect()
}

#[test]
fn calls_go_down() {
    let floors = floors();
    let height = |name: &str| floors.iter().position(|floor| floor == name);
    let mut wrong = Vec::new();
    for source in sources() {
        let floor = source.path.split(['/', '.']).next().unwrap_or_default();
        if floor == "lib" {
            continue;
        }
        let Some(own) = height(floor) else {
            wrong.push(format!("src/{}: no floor of lib.rs", source.path));
            continue;
        };
        for (line, name) in used(&code(&source.text)) {
            if height(&name).is_some_and(|other| other > own) {
                wrong.push(format!(
                    "src/{}:{line}: {floor} uses {name}, above it",
                    source.path
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_stays_in_its_places() {
    let mut wrong = Vec::new();
    for source in sources() {
        let allowed = |place: &str| {
            source.path == place || (place.ends_with('/') && source.path.starts_with(place))
        };
        if UNSAFE.iter().copied().any(allowed) {
            continue;
        }
        let lines = lines_with(&code(&source.text), "unsafe");
        wrong.extend(
            lines
                .iter()
                .map(|line| format!("src/{}:{line}: unsafe", source.path)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_can_be_held_in_the_head() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|&(lines, _)| lines > LINES_AT_MOST)
        .map(|(lines, path)| format!("src/{path}: {lines} lines, more than {LINES_AT_MOST}"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn files_say_what_they_are() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("src/{}: does not open with //!", source.path))
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_checks_see_what_they_look_for() {
    let text = r##"
        // crate::above in a comment, unsafe
        const A: &str = "crate::above \" unsafe";
        const B: &str = r#"crate::above " unsafe"#;
        const C: char = '"';
        use crate::{errno::Errno, msg::{Msg, flag}, queue};
        fn f() -> crate::sys::Fd { unsafe { g() } }
        fn unsafe_code(r#type: i32) {}
    "##;
    let code = code(text);
    let names: Vec<String> = used(&code).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["errno", "msg", "queue", "sys"]);
    assert_eq!(used(&code)[3].0, 7);
    assert_eq!(lines_with(&code, "unsafe"), [7]);
}
