//! The tables of `docs/compatibility.md` that say which test covers what.
//!
//! Invariant: a link leads to a file that holds the test which it names; what can be is linked, and
//! what is not says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::transport::FAMILIES;

const BEGIN: &str = "<!-- tests begin -->";
const END: &str = "<!-- tests end -->";
/// There is no such thing, for a reason that stands below the table.
const NOT: &str = "—";
/// There is such a thing, and no test of it.
const UNTESTED: &str = "untested";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn section() -> String {
    let text = fs::read_to_string(root().join("docs/compatibility.md")).unwrap();
    let (_, rest) = text.split_once(BEGIN).unwrap();
    rest.split_once(END).unwrap().0.to_owned()
}

/// What `[key]: path "test"` says, by key.
fn links(section: &str) -> BTreeMap<String, (PathBuf, String)> {
    let link = |line: &str| {
        let (key, rest) = line.strip_prefix('[')?.split_once("]: ")?;
        let (path, test) = rest.split_once(" \"")?;
        let path = root().join("docs").join(path);
        Some((key.to_owned(), (path, test.strip_suffix('"')?.to_owned())))
    };
    section.lines().filter_map(link).collect()
}

/// A table by its rows and columns: what stands in each cell.
type Table = BTreeMap<(String, String), String>;

fn table(section: &str, heading: &str) -> Table {
    let (_, rest) = section.split_once(&format!("### {heading}\n")).unwrap();
    let rows = rest.lines().skip_while(|line| !line.starts_with('|'));
    let mut rows = rows.take_while(|line| line.starts_with('|')).map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let columns = rows.next().unwrap();
    let mut table = Table::new();
    for row in rows.skip(1) {
        assert_eq!(row.len(), columns.len(), "{row:?}");
        for (column, cell) in columns.iter().zip(&row).skip(1) {
            table.insert((row[0].clone(), column.clone()), cell.clone());
        }
    }
    table
}

/// The keys that a cell refers to: `[text][key]`.
fn keys(cell: &str) -> Vec<&str> {
    let pieces = cell.split("][").skip(1);
    pieces
        .map(|piece| piece.split(']').next().unwrap())
        .collect()
}

#[test]
fn every_link_leads_to_its_test() {
    let section = section();
    let links = links(&section);
    let mut used = BTreeSet::new();
    for heading in [
        "Types and transports",
        "Mechanisms and transports",
        "Types and versions",
    ] {
        for ((row, column), cell) in table(&section, heading) {
            let keys = keys(&cell);
            let is_said = [NOT, UNTESTED].contains(&cell.as_str());
            assert_eq!(is_said, keys.is_empty(), "{row}, {column}: '{cell}'");
            for key in keys {
                assert!(links.contains_key(key), "{row}, {column}: no [{key}]");
                used.insert(key.to_owned());
            }
        }
    }
    for (key, (path, test)) in &links {
        assert!(used.contains(key), "[{key}] is not used");
        let text = fs::read_to_string(path).unwrap_or_else(|error| {
            panic!("[{key}]: {}: {error}", path.display());
        });
        let function = format!("fn {test}(");
        assert!(text.contains(&function), "[{key}]: no test {test}");
    }
}

#[test]
fn every_type_has_its_row_and_every_transport_its_column() {
    let table = table(&section(), "Types and transports");
    let cell = |row: &str, column: &str| {
        let cell = table.get(&(row.to_owned(), column.to_owned()));
        cell.unwrap_or_else(|| panic!("no cell for {row} and {column}"))
            .as_str()
    };
    let streams = ["inproc", "ipc", "tcp", "ws", "wss"];
    for row in KINDS {
        for column in streams {
            // A stream of octets is carried by what is one only.
            let raw = row.raw && !["ipc", "tcp"].contains(&column);
            let carried = !DATAGRAMS_ONLY.contains(&row.number) && !raw;
            let linked = !keys(cell(row.name, column)).is_empty();
            assert_eq!(linked, carried, "{} over {column}", row.name);
        }
        for family in FAMILIES {
            cell(row.name, family.scheme);
        }
    }
    for family in FAMILIES {
        let linked = KINDS
            .iter()
            .any(|row| !keys(cell(row.name, family.scheme)).is_empty());
        assert!(linked, "nothing over {}", family.scheme);
    }
    let rows: BTreeSet<&str> = table.keys().map(|(row, _)| row.as_str()).collect();
    assert_eq!(rows, KINDS.iter().map(|row| row.name).collect());
}

#[test]
fn every_mechanism_and_every_version_has_a_test() {
    let section = section();
    let mechanisms = table(&section, "Mechanisms and transports");
    for row in ["NULL", "PLAIN", "CURVE", "GSSAPI"] {
        for column in ["ipc", "tcp", "ws", "wss"] {
            let cell = &mechanisms[&(row.to_owned(), column.to_owned())];
            let untested = row == "GSSAPI" && column == "wss";
            assert_eq!(keys(cell).is_empty(), untested, "{row} over {column}");
        }
    }
    let versions = table(&section, "Types and versions");
    for row in KINDS {
        for (column, of_drafts) in [
            ("ZMTP 1.0", false),
            ("ZMTP 2.0", false),
            ("ZMTP 3.0", true),
            ("ZMTP 3.1", true),
            ("ZWS 2.0", true),
        ] {
            let cell = &versions[&(row.name.to_owned(), column.to_owned())];
            let spoken = !row.raw && !row.peers.is_empty() && (of_drafts || !row.draft);
            assert_eq!(!keys(cell).is_empty(), spoken, "{} in {column}", row.name);
        }
    }
}
