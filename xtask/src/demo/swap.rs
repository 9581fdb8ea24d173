//! Programs that were compiled and linked for the genuine library, run on this one.
//!
//! Invariant: nothing is installed on the system; Debian's packages are unpacked into a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::stage::Library;
use super::{Outcome, PROGRAMS, Place, compile, perform};
use crate::deps;
use crate::sh::{Run, note};

/// Compiles on Debian's library, runs on it, then runs the same files on ours.
///
/// # Errors
/// When something does not go as it should.
pub fn run(place: &Place) -> Result<Outcome, String> {
    if let Some(missing) = deps::missing(&[deps::CC, deps::DPKG]) {
        return Ok(Outcome::Skipped(missing));
    }
    let genuine = match genuine(place) {
        Ok(genuine) => genuine,
        Err(error) => return Ok(Outcome::Skipped(format!("no genuine library: {error}"))),
    };
    let programs = place.folder("swapped")?;
    for name in PROGRAMS {
        // Should some of its own libraries be missing here, they are not needed to link.
        let run = compile(name, &programs)
            .arg("-I")
            .arg(genuine.include.as_path());
        let run = run.arg("-L").arg(genuine.libraries.as_path()).arg("-lzmq");
        run.arg("-Wl,--allow-shlib-undefined").output()?;
    }
    note("first as they are:");
    let env = [("LD_LIBRARY_PATH", genuine.libraries.clone())];
    perform(
        &programs,
        &env,
        &Library::In(genuine.libraries),
        &["inproc"],
    )?;
    note("then the same files, with LD_LIBRARY_PATH naming our folder:");
    let env = [("LD_LIBRARY_PATH", place.lib())];
    perform(
        &programs,
        &env,
        &Library::In(place.lib()),
        &["tcp", "ipc", "inproc"],
    )?;
    Ok(Outcome::Passed)
}

/// Debian's libzmq, unpacked.
struct Genuine {
    include: PathBuf,
    libraries: PathBuf,
}

fn genuine(place: &Place) -> Result<Genuine, String> {
    let root = place.work.join("genuine");
    if let Ok(found) = look(&root) {
        return Ok(found);
    }
    let packages = place.folder("packages")?;
    deps::apt_download(&["libzmq5"], &["libzmq3-dev"], &packages)?;
    let entries = fs::read_dir(&packages).map_err(|e| e.to_string())?;
    for package in entries.flatten().map(|entry| entry.path()) {
        if package
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            Run::new("dpkg")
                .arg("-x")
                .arg(&package)
                .arg(&root)
                .quiet()?;
        }
    }
    look(&root)
}

fn look(root: &Path) -> Result<Genuine, String> {
    let include = root.join("usr/include");
    let usr = root.join("usr/lib");
    let mut folders: Vec<PathBuf> = match fs::read_dir(&usr) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    folders.push(usr);
    let libraries = folders
        .into_iter()
        .find(|dir| dir.join("libzmq.so").exists());
    match libraries {
        Some(libraries) if include.join("zmq.h").is_file() => Ok(Genuine { include, libraries }),
        _ => Err(format!(
            "Debian's packages hold no libzmq.so or zmq.h: see {}",
            root.display()
        )),
    }
}
