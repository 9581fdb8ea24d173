//! What the commands need from the system, and how it is fetched.
//!
//! Invariant: nothing is installed that is already there, and nothing without saying so.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sh::{Run, note};

/// How long apt-get may take.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Something that must be on the system.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// What it is for, for people.
    pub what: &'static str,
    /// How to see whether it is there.
    pub probe: Probe,
    /// The Debian packages that bring it.
    pub packages: &'static [&'static str],
}

/// How to see whether something is there.
#[derive(Clone, Copy, Debug)]
pub enum Probe {
    /// A program in `PATH`.
    Program(&'static str),
    /// A program with these arguments ends with status 0.
    Works(&'static [&'static str]),
}

pub const CC: Need = Need {
    what: "a C compiler",
    probe: Probe::Program("gcc"),
    packages: &["gcc", "libc6-dev"],
};
pub const CXX: Need = Need {
    what: "a C++ compiler",
    probe: Probe::Program("g++"),
    packages: &["g++"],
};
pub const BINUTILS: Need = Need {
    what: "ld, objcopy, ar, nm and readelf",
    probe: Probe::Program("objcopy"),
    packages: &["binutils"],
};
pub const PKG_CONFIG: Need = Need {
    what: "pkg-config",
    probe: Probe::Program("pkg-config"),
    packages: &["pkg-config"],
};
pub const CMAKE: Need = Need {
    what: "CMake",
    probe: Probe::Program("cmake"),
    packages: &["cmake", "make"],
};
pub const DPKG: Need = Need {
    what: "dpkg, to unpack a package without installing it",
    probe: Probe::Program("dpkg"),
    packages: &["dpkg"],
};
pub const VENV: Need = Need {
    what: "Python 3 with venv and pip",
    probe: Probe::Works(&["python3", "-c", "import venv, ensurepip"]),
    packages: &["python3", "python3-venv"],
};
pub const WEBSOCKETS: Need = Need {
    what: "Python 3 with WebSocket, as a stranger to talk to",
    probe: Probe::Works(&["/usr/bin/python3", "-c", "import websockets"]),
    packages: &["python3", "python3-websockets"],
};
pub const OPENSSL: Need = Need {
    what: "openssl, as a stranger to talk to",
    probe: Probe::Program("openssl"),
    packages: &["openssl"],
};

pub const STRACE: Need = Need {
    what: "strace, to count system calls",
    probe: Probe::Program("strace"),
    packages: &["strace"],
};

pub const LIBCLANG: Need = Need {
    what: "libclang, to read the system's GSSAPI header",
    probe: Probe::Works(&["sh", "-c", "ls /usr/lib/llvm-*/lib/libclang.so*"]),
    packages: &["libclang-dev"],
};
pub const GSSAPI: Need = Need {
    what: "the system's GSSAPI library",
    probe: Probe::Works(&["pkg-config", "--exists", "mit-krb5-gssapi"]),
    packages: &["libkrb5-dev"],
};
pub const KERBEROS: Need = Need {
    what: "a Kerberos key server, to be started by a test",
    probe: Probe::Works(&[
        "test",
        "-x",
        "/usr/sbin/krb5kdc",
        "-a",
        "-x",
        "/usr/sbin/kadmin.local",
    ]),
    packages: &["krb5-kdc", "krb5-admin-server"],
};

impl Need {
    fn is_met(&self) -> bool {
        match self.probe {
            Probe::Program(name) => find(name).is_some(),
            Probe::Works([program, args @ ..]) => Run::new(program).args(args).succeeds(),
            Probe::Works([]) => true,
        }
    }
}

/// The path of a program in `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Says what is needed, and has apt-get fetch what is missing.
///
/// # Errors
/// When something is missing and cannot be had; says how to get it by hand.
pub fn ensure(needs: &[Need]) -> Result<(), String> {
    let mut missing = Vec::new();
    for need in needs {
        let met = need.is_met();
        note(format!(
            "{:<8} {}",
            if met { "here" } else { "missing" },
            need.what
        ));
        if !met {
            missing.push(*need);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .collect();
    packages.dedup();
    let by_hand = format!("install it by hand: apt-get install {}", packages.join(" "));
    apt_install(&packages).map_err(|error| format!("{error}\n{by_hand}"))?;
    match missing.iter().find(|need| !need.is_met()) {
        Some(need) => Err(format!("{} is still missing; {by_hand}", need.what)),
        None => Ok(()),
    }
}

/// What of these is not there and how to get it, if anything.
pub fn missing(needs: &[Need]) -> Option<String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_met()).collect();
    let what: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .collect();
    let hint = || {
        format!(
            "{} missing: apt-get install {}",
            what.join(", "),
            packages.join(" ")
        )
    };
    (!missing.is_empty()).then(hint)
}

/// Installs Debian packages.
///
/// # Errors
/// When there is no apt-get, we are not root, or it fails.
pub fn apt_install(packages: &[&str]) -> Result<(), String> {
    // Without root or apt-get there is no use in trying twice.
    apt()?;
    let install = || {
        let run = apt()?
            .args(["install", "-y", "--no-install-recommends"])
            .args(packages);
        run.output().map(drop)
    };
    if !has_lists() {
        apt_update()?;
        return install();
    }
    install().or_else(|_| {
        note("once more, with fresh package lists");
        apt_update()?;
        install()
    })
}

/// Downloads Debian packages into `dir` without installing anything: `packages` with all they
/// depend on that is not installed, and `alone` without. Needs no root, except to fetch the package
/// lists where there are none.
///
/// # Errors
/// When there is no apt-get or it fails.
pub fn apt_download(packages: &[&str], alone: &[&str], dir: &Path) -> Result<(), String> {
    if !has_lists() {
        apt_update()?;
    }
    let wanted = match closure(packages) {
        Ok(wanted) => wanted,
        Err(_) => {
            apt_update()?;
            closure(packages)?
        }
    };
    // The sandbox user of apt cannot write here; without it, it does not have to.
    let run = Run::new("apt-get").args(["-q", "-o", "APT::Sandbox::User=root", "download"]);
    let run = run.args(&wanted).args(alone).dir(dir).limit(LIMIT);
    run.clone().output().map(drop).or_else(|_| {
        apt_update()?;
        run.output().map(drop)
    })
}

/// Downloads into `dir` the packages that apt would install for these, and installs nothing. What
/// the system has is left out, so nothing here replaces it. Needs no root, except to fetch the
/// package lists where there are none.
///
/// # Errors
/// When there is no apt-get, or it knows no such package, or fetching fails.
pub fn apt_fetch(packages: &[&str], dir: &Path) -> Result<(), String> {
    let plan = || {
        let run = Run::new("apt-get").args(["-q", "--print-uris", "--no-install-recommends"]);
        run.arg("install").args(packages).quiet()
    };
    if !has_lists() {
        apt_update()?;
    }
    let planned = plan().or_else(|_| {
        apt_update()?;
        plan()
    })?;
    let wanted: Vec<&str> = planned_in(&planned)
        .filter(|name| !is_installed(name))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let run = Run::new("apt-get").args(["-q", "-o", "APT::Sandbox::User=root", "download"]);
    let run = run.args(&wanted).dir(dir).limit(LIMIT);
    run.output().map(drop)
}

/// The packages in what `apt-get --print-uris install` prints: an address between quotes, the name
/// of the file, its size, its digest.
fn planned_in(printed: &str) -> impl Iterator<Item = &str> {
    printed.lines().filter_map(|line| {
        let (_, rest) = line.strip_prefix('\'')?.split_once("' ")?;
        rest.split_once('_').map(|(name, _)| name)
    })
}

/// The packages and what they depend on that is not installed.
fn closure(packages: &[&str]) -> Result<Vec<String>, String> {
    let skip = [
        "recommends",
        "suggests",
        "conflicts",
        "breaks",
        "replaces",
        "enhances",
    ];
    let skip = skip.map(|kind| format!("--no-{kind}"));
    let run = Run::new("apt-cache")
        .args(["depends", "--recurse"])
        .args(skip)
        .args(packages);
    let listed = run.quiet()?;
    let mut wanted: Vec<String> = packages.iter().map(|name| (*name).to_owned()).collect();
    for name in names_in(&listed) {
        if !wanted.iter().any(|known| known == name) && !is_installed(name) {
            wanted.push(name.to_owned());
        }
    }
    Ok(wanted)
}

/// The real packages in what `apt-cache depends --recurse` prints.
fn names_in(listed: &str) -> impl Iterator<Item = &str> {
    let is_name = |line: &&str| !line.starts_with([' ', '|', '<']) && !line.is_empty();
    // A colon marks another architecture.
    listed
        .lines()
        .filter(is_name)
        .filter(|name| !name.contains(':'))
}

fn is_installed(package: &str) -> bool {
    let run = Run::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]);
    // A package that is only provided by another has no status, and nothing to download.
    let has_candidate = || {
        let policy = Run::new("apt-cache")
            .args(["policy", package])
            .quiet()
            .unwrap_or_default();
        policy
            .lines()
            .any(|line| line.trim().starts_with("Candidate:") && !line.contains("(none)"))
    };
    run.quiet().is_ok_and(|status| status == "installed") || !has_candidate()
}

fn apt_update() -> Result<(), String> {
    apt()?.arg("update").output().map(drop)
}

fn apt() -> Result<Run, String> {
    if find("apt-get").is_none() {
        return Err("there is no apt-get here, so nothing can be installed".to_owned());
    }
    let is_root = fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    let run = if is_root {
        Run::new("env")
    } else if find("sudo").is_some() && Run::new("sudo").args(["-n", "true"]).succeeds() {
        Run::new("sudo").args(["-n", "env"])
    } else {
        return Err("installing packages takes root, or a sudo that asks no password".to_owned());
    };
    let run = run.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    Ok(run.args(["-o", "DPkg::Lock::Timeout=120"]).limit(LIMIT))
}

/// Whether apt knows of any package to fetch.
fn has_lists() -> bool {
    let Ok(entries) = fs::read_dir("/var/lib/apt/lists") else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_the_path() {
        assert!(find("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(find("no-such-program-anywhere"), None);
    }

    #[test]
    fn what_apt_would_install_is_read() {
        let printed = "Reading package lists...\n\
            'http://d/p/php-zmq_1-2_amd64.deb' php-zmq_1-2_amd64.deb 123 SHA256:ab\n";
        assert_eq!(planned_in(printed).collect::<Vec<_>>(), ["php-zmq"]);
    }

    #[test]
    fn only_real_packages_of_this_machine_are_listed() {
        let listed =
            "libzmq5\n  Depends: libc6\n |Depends: <x>\n<debconf-2.0>\nlibc6\nlibc6:i386\n";
        assert_eq!(names_in(listed).collect::<Vec<_>>(), ["libzmq5", "libc6"]);
    }
}
