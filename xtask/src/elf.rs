//! What a library file says of itself, read with binutils.
//!
//! Invariant: only what the tools print is reported; a tool that fails is an error, not an
//! empty answer.

use std::collections::BTreeSet;
use std::path::Path;

use crate::sh::Run;

/// The dynamic section of a shared object.
#[derive(Debug, Default, PartialEq)]
pub struct Dynamic {
    /// `SONAME`.
    pub soname: Option<String>,
    /// `NEEDED`, in order.
    pub needed: Vec<String>,
    /// `FLAGS` and `FLAGS_1`, their words.
    pub flags: Vec<String>,
    /// Whether code must be changed at load time.
    pub textrel: bool,
}

/// Reads the dynamic section of `file`.
///
/// # Errors
/// When `readelf` cannot.
pub fn dynamic(file: &Path) -> Result<Dynamic, String> {
    Ok(parse_dynamic(
        &tool("readelf", "READELF").args(["-dW"]).arg(file).quiet()?,
    ))
}

/// The symbols that a shared object defines for others.
///
/// # Errors
/// When `nm` cannot read it.
pub fn exports(file: &Path) -> Result<BTreeSet<String>, String> {
    let run = tool("nm", "NM").args(["-D", "--defined-only", "-f", "posix"]);
    Ok(symbols(&run.arg(file).quiet()?))
}

/// The symbols that an archive's members define for others.
///
/// # Errors
/// When `nm` cannot read it.
pub fn archive_exports(file: &Path) -> Result<BTreeSet<String>, String> {
    let run = tool("nm", "NM").args(["-g", "--defined-only", "-f", "posix"]);
    Ok(symbols(&run.arg(file).quiet()?))
}

/// Whether a shared object has version definitions.
///
/// # Errors
/// When `readelf` cannot read it.
pub fn has_versions(file: &Path) -> Result<bool, String> {
    let printed = tool("readelf", "READELF").args(["-VW"]).arg(file).quiet()?;
    Ok(printed.contains("Version definition section"))
}

/// A tool of binutils, or the one that an environment variable names instead.
pub fn tool(name: &str, variable: &str) -> Run {
    Run::new(std::env::var_os(variable).unwrap_or_else(|| name.into()))
}

fn parse_dynamic(printed: &str) -> Dynamic {
    let mut dynamic = Dynamic::default();
    for line in printed.lines() {
        let bracketed = || {
            line.rsplit_once('[')
                .map(|(_, rest)| rest.trim_end_matches(']').to_owned())
        };
        if line.contains("(SONAME)") {
            dynamic.soname = bracketed();
        } else if line.contains("(NEEDED)") {
            dynamic.needed.extend(bracketed());
        } else if line.contains("(TEXTREL)") {
            dynamic.textrel = true;
        } else if line.contains("(FLAGS)") || line.contains("(FLAGS_1)") {
            let words = line
                .split_whitespace()
                .skip(2)
                .filter(|word| !word.ends_with(':'));
            dynamic.flags.extend(words.map(str::to_owned));
        }
    }
    dynamic
}

/// The names in what `nm -f posix` prints: `NAME TYPE VALUE SIZE` a line.
fn symbols(printed: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        // The line that names an archive member has nothing behind it.
        words.next().map(|_| name.to_owned())
    };
    printed.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dynamic_section_is_understood() {
        let printed = "\
Dynamic section at offset 0x2cd0 contains 30 entries:
  Tag                Type           Name/Value
 0x0000000000000001 (NEEDED)        Shared library: [libgcc_s.so.1]
 0x0000000000000001 (NEEDED)        Shared library: [libc.so.6]
 0x000000000000000e (SONAME)        Library soname: [libzmq.so.5]
 0x000000000000001e (FLAGS)         BIND_NOW
 0x000000006ffffffb (FLAGS_1)       Flags: NOW NODELETE
";
        let dynamic = parse_dynamic(printed);
        assert_eq!(dynamic.soname.as_deref(), Some("libzmq.so.5"));
        assert_eq!(dynamic.needed, ["libgcc_s.so.1", "libc.so.6"]);
        assert_eq!(dynamic.flags, ["BIND_NOW", "NOW", "NODELETE"]);
        assert!(!dynamic.textrel);
    }

    #[test]
    fn symbols_are_told_from_members() {
        let printed = "libzmq.a[zmq.o]:\nzmq_version T 0 1f\nzmq_bind T 20 8\n";
        let names: Vec<_> = symbols(printed).into_iter().collect();
        assert_eq!(names, ["zmq_bind", "zmq_version"]);
    }
}
