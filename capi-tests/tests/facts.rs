//! The header, the Rust constants and the exported symbols against what is known of libzmq 4.3.5
//! (`facts/`), and the facts themselves against upstream's own header.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use capi_tests::{
    Profile, exports, include, installed, library, macros, root, rows, run, run_ok, scratch,
    upstream,
};

const MACROS: &str = include_str!("../facts/macros.txt");
const FUNCTIONS: &str = include_str!("../facts/functions.txt");
const ERRNOS: &str = include_str!("../facts/errnos.txt");

/// The first words of the rows of a table that count with or without drafts, in order.
fn names(table: &str, draft: bool) -> Vec<String> {
    let mut names: Vec<String> = rows(table)
        .filter(|row| draft || row.last() == Some(&"stable"))
        .map(|row| row[0].to_owned())
        .collect();
    names.sort();
    names
}

/// Both headers: ours, and the one that the facts were taken from.
fn headers() -> [PathBuf; 2] {
    [include(), upstream().join("include")]
}

#[test]
fn the_headers_define_these_macros_and_no_others() {
    for header in headers() {
        for draft in [false, true] {
            let found = macros(&header, draft);
            assert_eq!(
                found,
                names(MACROS, draft),
                "{} draft={draft}",
                header.display()
            );
        }
    }
}

#[test]
fn the_macros_have_these_values() {
    let mut text = String::from(
        "#include \"zmq.h\"\n#include <string.h>\n#include <stdio.h>\nint main (void)\n{\n\
         \x20   int wrong = 0;\n",
    );
    for row in rows(MACROS) {
        let (name, value) = (row[0], row[1]);
        let differs = match value {
            "-" => continue,
            text if text.starts_with('"') => format!("strcmp ({name}, {text}) != 0"),
            number => format!("({name}) != ({number})"),
        };
        writeln!(
            text,
            "    if ({differs}) {{ puts (\"{name}\"); wrong = 1; }}"
        )
        .expect("memory");
    }
    text += "    if (ZMQ_MAKE_VERSION (1, 2, 3) != 10203) { puts (\"ZMQ_MAKE_VERSION\"); wrong = 1; }\n";
    text += "    return wrong;\n}\n";
    for header in headers() {
        let folder = scratch("values");
        let (source, program) = (folder.join("values.c"), folder.join("values"));
        fs::write(&source, &text).expect("the target folder can be written to");
        let mut gcc = Command::new("gcc");
        gcc.arg("-DZMQ_BUILD_DRAFT_API")
            .arg("-I")
            .arg(&header)
            .arg(&source);
        run_ok(gcc.arg("-o").arg(&program), "gcc");
        run_ok(&mut Command::new(&program), "gcc");
    }
}

#[test]
fn a_system_without_error_numbers_gets_all_of_them() {
    let folder = scratch("errnos");
    fs::write(folder.join("errno.h"), "").expect("the target folder can be written to");
    let mut text = String::from("#include \"zmq.h\"\n");
    for row in rows(ERRNOS) {
        let (name, above) = (row[0], row[1]);
        writeln!(
            text,
            "typedef char is_{name}[{name} == ZMQ_HAUSNUMERO + {above} ? 1 : -1];"
        )
        .expect("memory");
    }
    let source = folder.join("errnos.c");
    fs::write(&source, text).expect("the target folder can be written to");
    for header in headers() {
        let mut gcc = Command::new("gcc");
        gcc.arg("-fsyntax-only")
            .arg("-I")
            .arg(&folder)
            .arg("-I")
            .arg(header)
            .arg(&source);
        run_ok(&mut gcc, "gcc");
    }
}

/// What `ctest` reads, in one file that stands for itself: the constants and the C structures.
fn bindings() -> String {
    let capi = root().join("src/capi");
    let read = |name: &str| fs::read_to_string(capi.join(name)).expect("src/capi is there");
    let mut text = String::from("use core::ffi::{c_int, c_short, c_void};\n");
    for name in ["consts/mod.rs", "consts/options.rs", "consts/monitor.rs"] {
        let apart = |line: &&str| {
            !["//!", "use ", "pub use ", "mod "]
                .iter()
                .any(|start| line.starts_with(start))
        };
        read(name)
            .lines()
            .filter(apart)
            .for_each(|line| text += &format!("{line}\n"));
    }
    for (file, start) in [
        ("poll.rs", "pub type zmq_fd_t"),
        ("poll.rs", "#[repr(C)]"),
        ("poller.rs", "#[repr(C)]"),
    ] {
        let all = read(file);
        let item = &all[all.find(start).expect("the item is there")..];
        let end = if start.starts_with('#') {
            "\n}\n"
        } else {
            ";\n"
        };
        text += &item[..item.find(end).expect("the end of it") + end.len()];
    }
    text
}

#[test]
fn constants_and_structures_are_those_of_the_headers() {
    for header in headers() {
        let folder = scratch("ctest");
        let source = folder.join("bindings.rs");
        fs::write(&source, bindings()).expect("the target folder can be written to");
        let mut generator = ctest::TestGenerator::new();
        generator
            .target(&target_triple())
            .cfg("feature", Some("draft"))
            .header("zmq.h")
            .out_dir(&folder);
        // Ours says `typedef struct zmq_pollitem_t`, upstream's a nameless one.
        let nameless = ["zmq_pollitem_t", "zmq_poller_event_t"];
        generator.rename_struct_ty(move |name| nameless.contains(&name).then(|| name.to_owned()));
        generator
            .generate_files(&source, "generated")
            .expect("ctest reads the bindings");
        check(&folder, &header);
    }
}

/// Compiles both halves of what `ctest` generated, links and runs them.
fn check(folder: &Path, header: &Path) {
    let mut gcc = Command::new("gcc");
    gcc.args(["-c", "-DZMQ_BUILD_DRAFT_API", "-I"]).arg(header);
    gcc.arg(folder.join("generated.c"))
        .arg("-o")
        .arg(folder.join("generated.o"));
    run_ok(&mut gcc, "gcc");
    let main = "#![allow(warnings)]\ninclude!(\"bindings.rs\");\ninclude!(\"generated.rs\");\n";
    fs::write(folder.join("main.rs"), main).expect("the target folder can be written to");
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2021", "--cfg", "feature=\"draft\"", "-C"]);
    rustc.arg(format!("link-arg={}", folder.join("generated.o").display()));
    rustc
        .arg(folder.join("main.rs"))
        .arg("-o")
        .arg(folder.join("main"));
    run_ok(&mut rustc, "rustc");
    let said = run_ok(&mut Command::new(folder.join("main")), "rustc");
    assert!(said.contains("PASSED"), "{said}");
}

fn target_triple() -> String {
    let version = run_ok(Command::new("rustc").arg("-vV"), "rustc");
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc says what it runs on").to_owned()
}

#[test]
fn the_library_exports_these_functions_and_nothing_else() {
    let found = exports(&library(Profile::Release).join("libzmq.so"));
    assert_eq!(found, names(FUNCTIONS, cfg!(feature = "draft")));
}

#[test]
fn the_library_has_the_name_that_programs_ask_for_and_stays_loaded() {
    let file = library(Profile::Release).join("libzmq.so");
    let dynamic = run_ok(
        Command::new("readelf").args(["-d", "-W"]).arg(file),
        "binutils",
    );
    assert!(dynamic.contains("soname: [libzmq.so.5]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}

#[test]
fn programs_linked_with_the_genuine_library_find_all_they_need() {
    let Some(genuine) = installed() else {
        println!("skipped: no libzmq.so.5 of Debian's (apt-get install libzmq5)");
        return;
    };
    // Without debug information abidiff compares the symbols and their versions, which is what a
    // program that was linked before asks for; prototypes are compared by the test `header`.
    let ours = library(Profile::Release).join("libzmq.so");
    let mut abidiff = Command::new("abidiff");
    abidiff
        .args(["--ignore-soname", "--no-unreferenced-symbols"])
        .arg(genuine)
        .arg(ours);
    let output = run(&mut abidiff, "abigail-tools");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
