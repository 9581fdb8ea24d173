//! Which `libzmq.so.5` a program is given.
//!
//! Invariant: a library is put before a program by a folder that holds nothing else, and the
//! dynamic loader itself is asked whether it takes it: a libzmq of the system must never be
//! measured by mistake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::install;
use crate::proc::{self, Output};
use crate::reference::{self, Flavour, Places};

/// The name that programs ask for.
const NAME: &str = "libzmq.so.5";

/// Our library, in `folder` or else built from the tree as it is now; checked to be of the flavour.
///
/// # Errors
/// How to build it.
pub fn ours(places: &Places, folder: Option<&Path>, flavour: Flavour) -> Result<PathBuf, String> {
    let folder = match folder {
        Some(folder) => folder.to_path_buf(),
        None => install_here(places, flavour)?,
    };
    let found = [NAME, "libzmq.so"]
        .iter()
        .map(|n| folder.join(n))
        .find(|p| p.is_file());
    let features = if flavour == Flavour::Draft {
        " --features draft"
    } else {
        ""
    };
    let advice = format!("cargo rustc --release --crate-type cdylib{features}");
    let path = found
        .ok_or_else(|| format!("no libzmq.so in {}; build it: {advice}", folder.display()))?
        .canonicalize()
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    let drafts = has_drafts(&fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?);
    if drafts != (flavour == Flavour::Draft) {
        let has = if drafts {
            "was built with drafts"
        } else {
            "was built without drafts"
        };
        return Err(format!("{} {has}; build it: {advice}", path.display()));
    }
    Ok(path)
}

/// Installs what the tree holds now, as it is released; gives the folder of the library.
fn install_here(places: &Places, flavour: Flavour) -> Result<PathBuf, String> {
    let prefix = places.target.join("measured").join(flavour.name());
    let mut options = install::Options::new(&prefix);
    if flavour == Flavour::Draft {
        options.features = "draft".to_owned();
    }
    install::install(&options)?;
    Ok(prefix.join("lib"))
}

/// Whether a shared object's string table names a draft function.
fn has_drafts(object: &[u8]) -> bool {
    let name = b"\0zmq_poller_new\0";
    object.windows(name.len()).any(|window| window == name)
}

/// Makes `folder` one for the loader: `library` under the name that programs ask for.
///
/// # Errors
/// If that cannot be done.
pub fn stage(library: &Path, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    link(library, &folder.join(NAME))
}

/// A folder of the library's own under `target`, so that two measurements at a time do not take each
/// other's: made one for the loader by [`stage`].
///
/// # Errors
/// If that cannot be done.
pub fn staged(places: &Places, library: &Path) -> Result<PathBuf, String> {
    let key = reference::fingerprint(&library);
    let folder = places.target.join("bench/lib").join(key);
    stage(library, &folder)?;
    Ok(folder)
}

/// Makes `link` a symbolic link to `file`.
///
/// # Errors
/// If that cannot be done.
pub fn link(file: &Path, link: &Path) -> Result<(), String> {
    if fs::read_link(link).is_ok_and(|target| target == file) {
        return Ok(());
    }
    let _ = fs::remove_file(link);
    std::os::unix::fs::symlink(file, link).map_err(|e| format!("{}: {e}", link.display()))
}

/// Gives a command the library of `folder`, and no other.
pub fn use_library(command: &mut Command, folder: &Path) {
    command
        .env("LD_LIBRARY_PATH", folder)
        .env_remove("LD_PRELOAD");
}

/// Checks that the loader gives `program` the library of `folder`.
///
/// # Errors
/// Which one it takes instead.
pub fn check(program: &Path, folder: &Path) -> Result<(), String> {
    let mut command = Command::new(program);
    use_library(&mut command, folder);
    command.env("LD_TRACE_LOADED_OBJECTS", "1");
    let finished = proc::run(command, Output::Pipe, Duration::from_secs(20))?;
    let taken = taken(&finished.output);
    if taken == Some(&*folder.join(NAME)) {
        return Ok(());
    }
    Err(format!(
        "{} would get {taken:?}, not {}",
        program.display(),
        folder.join(NAME).display()
    ))
}

/// What the loader's own list says of our library.
fn taken(list: &str) -> Option<&Path> {
    let entry = list
        .lines()
        .find_map(|l| l.trim().strip_prefix(NAME)?.strip_prefix(" => "))?;
    entry.rsplit_once(" (").map(|(path, _)| Path::new(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_list_is_read() {
        let list = "\tlinux-vdso.so.1 (0x7f)\n\tlibzmq.so.5 => /a b/libzmq.so.5 (0x7e)\n\tlibc.so.6 => /c (0x1)\n";
        assert_eq!(taken(list), Some(Path::new("/a b/libzmq.so.5")));
        assert_eq!(taken("\tlibzmq.so.5 => not found\n"), None);
        assert_eq!(taken("\tstatically linked\n"), None);
    }

    #[test]
    fn drafts_are_seen_in_the_string_table() {
        assert!(has_drafts(b"\x7fELF\0zmq_poll\0zmq_poller_new\0zmq_recv\0"));
        assert!(!has_drafts(b"\x7fELF\0zmq_poll\0zmq_poller_newer\0"));
    }

    #[test]
    fn a_link_is_replaced() {
        let folder = std::env::temp_dir().join(format!("zmq-loader-{}", std::process::id()));
        stage(Path::new("/first"), &folder).unwrap();
        stage(Path::new("/second"), &folder).unwrap();
        assert_eq!(
            fs::read_link(folder.join(NAME)).unwrap(),
            Path::new("/second")
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
