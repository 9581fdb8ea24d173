//! `include/zmq.h` is what cbindgen makes of `src/capi`, compiles in every dialect, and says the
//! same as upstream's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use capi_tests::{include, root, run, run_ok, scratch, upstream};

/// The files that the header is made of, in the order of `zmq.h` (a module brings its own modules).
const SOURCES: &[&str] = &[
    "consts/mod.rs",
    "error.rs",
    "ctx.rs",
    "msg.rs",
    "socket.rs",
    "draft.rs",
    "poll.rs",
    "poller.rs",
    "proxy.rs",
    "legacy.rs",
    "security.rs",
    "utils.rs",
    "timers.rs",
];

fn generate() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("valid");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root().join("src/capi").join(source));
    }
    let mut header = Vec::new();
    builder
        .generate()
        .expect("src/capi parses")
        .write(&mut header);
    tidy(&String::from_utf8(header).expect("src/capi is UTF-8"))
}

/// What cbindgen spreads over three lines said in one, and neighbouring drafts under one `#if`.
fn tidy(header: &str) -> String {
    let lines: Vec<&str> = header.lines().collect();
    let mut tidy = String::new();
    let mut rest = lines.as_slice();
    while let [line, tail @ ..] = rest {
        rest = tail;
        match rest {
            [text, end, tail @ ..] if line.trim() == "/*" && end.trim() == "*/" => {
                let indent = &line[..line.len() - 2];
                tidy += &format!("{indent}/* {} */", text.trim());
                rest = tail;
            }
            ["", open, tail @ ..] if *line == "#endif" && *open == DRAFT => rest = tail,
            _ => tidy += line,
        }
        tidy.push('\n');
    }
    tidy
}

const DRAFT: &str = "#if defined(ZMQ_BUILD_DRAFT_API)";

#[test]
fn the_committed_header_is_the_generated_one() {
    let path = include().join("zmq.h");
    let generated = generate();
    if env::var_os("ZMQ_BLESS").is_some() {
        fs::write(&path, &generated).expect("include can be written to");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = generated
        .lines()
        .zip(committed.lines())
        .position(|(a, b)| a != b);
    assert!(
        generated == committed,
        "include/zmq.h is not what src/capi says (first at line {}); write it anew with: \
         ZMQ_BLESS=1 cargo test -p capi-tests --test header",
        differs.map_or(committed.lines().count(), |line| line + 1)
    );
}

#[test]
fn every_file_of_the_floor_is_part_of_the_header() {
    let mut missing = Vec::new();
    let capi = root().join("src/capi");
    let mut folders = vec![capi.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src/capi is there") {
            let path = entry.expect("src/capi can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("UTF-8");
            let name = path
                .strip_prefix(&capi)
                .expect("inside")
                .display()
                .to_string();
            if text.contains("#[unsafe(no_mangle)]\npub ") && !SOURCES.contains(&name.as_str()) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "add to SOURCES: {missing:?}");
}

/// Compiles a file in one dialect with every warning an error, and returns what is wrong.
fn compile(compiler: &str, dialect: &str, draft: bool, file: &Path) -> Result<(), String> {
    let mut command = Command::new(compiler);
    command
        .args(["-fsyntax-only", "-Wall", "-Wextra", "-pedantic", "-Werror"])
        .arg(format!("-std={dialect}"))
        .arg("-I")
        .arg(include())
        .arg(file);
    if draft {
        command.arg("-DZMQ_BUILD_DRAFT_API");
    }
    let output = run(&mut command, compiler);
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{compiler} {dialect} draft={draft}\n{errors}"))
}

const DIALECTS: &[(&str, &str, &[&str])] = &[
    ("gcc", "c", &["c89", "gnu89", "c99", "c11", "gnu11", "c17"]),
    ("g++", "cpp", &["c++98", "c++11", "c++14", "c++17", "c++20"]),
];

fn compile_everywhere(folder: PathBuf, text: &str, dialects: impl Fn(&str) -> bool) {
    let mut wrong = Vec::new();
    for (compiler, ending, all) in DIALECTS {
        let file = folder.join(format!("unit.{ending}"));
        fs::write(&file, text).expect("the target folder can be written to");
        for dialect in all.iter().filter(|dialect| dialects(dialect)) {
            for draft in [false, true] {
                wrong.extend(compile(compiler, dialect, draft, &file).err());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_headers_compile_in_every_dialect() {
    let text = "#include \"zmq.h\"\n#include \"zmq_utils.h\"\n#include \"zmq.h\"\n\
        typedef char message_size[sizeof (zmq_msg_t) == 64 ? 1 : -1];\n\
        typedef char item_size[sizeof (zmq_pollitem_t) == 8 + sizeof (void *) ? 1 : -1];\n\
        int use (void *socket);\n\
        int use (void *socket)\n{\n    zmq_msg_t msg;\n    zmq_pollitem_t item;\n\
        \x20   item.socket = socket;\n    item.events = ZMQ_POLLIN;\n\
        \x20   return zmq_msg_init (&msg) + zmq_poll (&item, 1, 0) + ZMQ_VERSION + EFSM;\n}\n";
    compile_everywhere(scratch("dialects"), text, |_| true);
}

/// Upstream's prototypes of functions: `ZMQ_EXPORT … ;`, with or without those of drafts.
fn upstream_prototypes(draft: bool) -> Vec<String> {
    let header = fs::read_to_string(upstream().join("include/zmq.h")).expect("zeromq-src has it");
    let file = scratch("prototypes").join("upstream.c");
    fs::write(&file, header).expect("the target folder can be written to");
    let mut gcc = Command::new("gcc");
    gcc.args(["-E", "-P", "-DZMQ_NO_EXPORT"]).arg(&file);
    if draft {
        gcc.arg("-DZMQ_BUILD_DRAFT_API");
    }
    let text = run_ok(&mut gcc, "gcc").replace('\n', " ");
    text.split(';')
        .map(str::trim)
        .filter(|statement| statement.contains("zmq_") && statement.contains('('))
        .filter(|statement| !statement.contains("typedef") && !statement.contains('{'))
        .map(|statement| format!("{statement};"))
        .collect()
}

#[test]
fn the_prototypes_of_upstream_say_the_same() {
    let stable = upstream_prototypes(false);
    assert_eq!(stable.len(), 70, "{stable:#?}");
    let mut drafts = upstream_prototypes(true);
    drafts.retain(|prototype| !stable.contains(prototype));
    // 4.3.5 has all that we have but for zmq_disconnect_peer, which came later.
    assert_eq!(drafts.len(), 26, "{drafts:#?}");
    let text = format!(
        "#include \"zmq.h\"\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n{}\n\
         #if defined(ZMQ_BUILD_DRAFT_API)\n{}\n#endif\n\
         #ifdef __cplusplus\n}}\n#endif\n",
        stable.join("\n"),
        drafts.join("\n")
    );
    let once = |dialect: &str| ["c99", "c++11"].contains(&dialect);
    compile_everywhere(scratch("redeclared"), &text, once);
}

#[test]
fn a_prototype_that_differs_is_noticed() {
    let file = scratch("differs").join("unit.c");
    let text = "#include \"zmq.h\"\nshort zmq_msg_size (int, long);\n";
    fs::write(&file, text).expect("the target folder can be written to");
    let error = compile("gcc", "c99", false, &file).expect_err("a conflict");
    assert!(error.contains("conflicting types"), "{error}");
}
