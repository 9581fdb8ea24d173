//! The programs that measure: upstream's performance tools and our own of `benches/c`.
//!
//! Invariant: a program is compiled once, against the genuine library, and is run with any: nothing
//! but the library differs between two measurements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cases::{Kind, Tool, WORK};
use crate::loader;
use crate::reference::{self, Flavour, Places};

/// Where the programs are that [`build`] made.
#[derive(Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// A program, by its file's name, to be run with the library of a folder.
    pub fn command(&self, name: &str, library: &Path) -> Command {
        let mut command = Command::new(self.folder.join(name));
        loader::use_library(&mut command, library);
        command
    }

    /// One that asks the loader for the library.
    pub fn any(&self) -> PathBuf {
        self.folder.join("local_thr")
    }
}

/// Compiles the programs that are not there yet.
///
/// # Errors
/// What the compiler said.
pub fn build(places: &Places) -> Result<Programs, String> {
    let library = reference::library(Flavour::Stable)?;
    let own = places.root.join("benches/c");
    let (mut upstream, mut ours) = (Vec::new(), vec!["raw", "counts", "atomics"]);
    for work in WORK {
        match work.tool {
            Tool::Upstream(name) => upstream.push(name),
            Tool::Pair(Kind::Lat, _) => upstream.extend(["local_lat", "remote_lat"]),
            Tool::Pair(Kind::Thr, _) => upstream.extend(["local_thr", "remote_thr"]),
            Tool::Own(name) => ours.push(name),
        }
    }
    let read =
        |path: &PathBuf| fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let mut sources = reference::files(&own, "c")?;
    sources.extend(reference::files(&own, "h")?);
    let texts: Result<Vec<String>, String> = sources.iter().map(read).collect();
    let platform = "#pragma once\n#define ZMQ_HAVE_LINUX\n";
    let cpp = [
        "-std=c++11",
        "-O2",
        "-D_GNU_SOURCE",
        "-DZMQ_CUSTOM_PLATFORM_HPP",
    ];
    let c = ["-std=gnu11", "-O2"];
    let link = [
        "-pthread",
        "-Wl,--as-needed",
        "-Wl,-z,lazy",
        "-l:libzmq.so.5",
    ];
    let key = reference::fingerprint(&(cpp, c, link, platform, &places.vendor, texts?));
    let folder = places.target.join(format!("bench/programs-{key}"));
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let _only_one = reference::exclusive(&folder.join("lock"))?;
    reference::write(&folder.join("platform.hpp"), platform)?;
    let make = |mut command: Command, source: PathBuf, name: &str| {
        if folder.join(name).is_file() {
            return Ok(());
        }
        reference::progress(&format!("compiling {name}"));
        command.arg(source).arg("-L").arg(&library).args(link);
        reference::compile_to(command, &folder.join(name))
    };
    for name in upstream {
        let mut command = reference::compiler();
        command.args(cpp).arg("-I").arg(&folder);
        make(
            command,
            places.vendor.join(format!("perf/{name}.cpp")),
            name,
        )?;
    }
    for name in ours {
        let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| "gcc".into()));
        command.args(c).arg("-I").arg(places.vendor.join("include"));
        // Its functions are to stand before those of the C library.
        command.args((name == "counts").then_some("-rdynamic"));
        make(command, own.join(format!("{name}.c")), name)?;
    }
    reference::end_progress();
    Ok(Programs { folder })
}
