//! Makes cargo's static library fit for any linker: one object, only `zmq_*` visible.
//!
//! Invariant: the archive links beside another Rust archive, in either order, and a shared object
//! that absorbs it exports nothing of Rust's.
//!
//! As cargo leaves it the archive carries Rust's standard library with visible symbols. Two such
//! archives in one program collide (`rust_eh_personality`), and a shared object made from one
//! exports some two thousand of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::elf;

/// Seals `archive`, keeping the functions `exports` and what they reach; the result is in `work`.
///
/// # Errors
/// When a tool fails.
pub fn seal(archive: &Path, exports: &BTreeSet<String>, work: &Path) -> Result<PathBuf, String> {
    let kept: Vec<&String> = exports
        .iter()
        .filter(|name| name.starts_with("zmq_"))
        .collect();
    if kept.is_empty() {
        return Err("the library exports no zmq_ function, so there is nothing to keep".to_owned());
    }
    let object = work.join("zmq.o");
    let sealed = work.join("libzmq.a");
    // Groups must be dissolved, or the personality routine's reference to itself is cut in two.
    let mut link = elf::tool("ld", "LD").args(["-r", "--force-group-allocation", "--gc-sections"]);
    for name in &kept {
        link = link.arg("-u").arg(name);
    }
    link.arg("-o").arg(&object).arg(archive).quiet()?;
    // Bitcode sections make GNU ar load a plugin that cannot read them.
    let hide = elf::tool("objcopy", "OBJCOPY").args([
        "--wildcard",
        "--keep-global-symbol=zmq_*",
        "--remove-section=.llvmbc",
        "--remove-section=.llvmcmd",
        "--strip-debug",
    ]);
    hide.arg(&object).quiet()?;
    let _ = fs::remove_file(&sealed);
    elf::tool("ar", "AR")
        .arg("rcs")
        .arg(&sealed)
        .arg(&object)
        .quiet()?;

    let visible = elf::archive_exports(&sealed)?;
    let expected: BTreeSet<String> = kept.into_iter().cloned().collect();
    if visible != expected {
        let odd: Vec<_> = visible.symmetric_difference(&expected).cloned().collect();
        return Err(format!(
            "libzmq.a and libzmq.so.5 do not define the same: {}",
            odd.join(" ")
        ));
    }
    Ok(sealed)
}
