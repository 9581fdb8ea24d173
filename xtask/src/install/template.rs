//! Fills in the templates of `pkgconfig/` and `cmake/`.
//!
//! Invariant: a word between `@`s that is not known is an error, so no half-filled file is ever
//! installed.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Options;
use crate::sh::root;

/// Template, and where its result goes below the library folder.
const FILES: &[(&str, &str)] = &[
    ("pkgconfig/libzmq.pc.in", "pkgconfig/libzmq.pc"),
    (
        "cmake/ZeroMQConfig.cmake.in",
        "cmake/ZeroMQ/ZeroMQConfig.cmake",
    ),
    (
        "cmake/ZeroMQConfigVersion.cmake.in",
        "cmake/ZeroMQ/ZeroMQConfigVersion.cmake",
    ),
    (
        "cmake/ZeroMQTargets.cmake.in",
        "cmake/ZeroMQ/ZeroMQTargets.cmake",
    ),
];

/// The files to install, with their text.
///
/// # Errors
/// When a template cannot be read or has an unknown word.
pub fn fill(
    options: &Options,
    version: &str,
    native_libs: &str,
) -> Result<Vec<(&'static str, String)>, String> {
    let words = words(options, version, native_libs)?;
    let mut filled = Vec::new();
    for (template, place) in FILES {
        let text = fs::read_to_string(root().join(template))
            .map_err(|e| format!("cannot read {template}: {e}"))?;
        filled.push((
            *place,
            substitute(&text, &words).map_err(|e| format!("{template}: {e}"))?,
        ));
    }
    Ok(filled)
}

fn words(
    options: &Options,
    version: &str,
    native_libs: &str,
) -> Result<Vec<(&'static str, String)>, String> {
    let pc_dir = options.libdir.join("pkgconfig");
    let cmake_dir = options.libdir.join("cmake/ZeroMQ");
    let prefix = match options.relocatable {
        true => format!(
            "${{pcfiledir}}/{}",
            text(&relative(&options.prefix, &pc_dir)?)?
        ),
        false => text(&options.prefix)?,
    };
    let draft = options.is_draft();
    Ok(vec![
        ("prefix", prefix),
        ("pc_libdir", below(&options.libdir, &options.prefix)?),
        (
            "pc_includedir",
            below(&options.includedir, &options.prefix)?,
        ),
        ("version", version.to_owned()),
        ("native_libs", native_libs.to_owned()),
        (
            "draft_cflags",
            if draft {
                " -DZMQ_BUILD_DRAFT_API=1".into()
            } else {
                String::new()
            },
        ),
        (
            "cmake_native_libs",
            native_libs.split_whitespace().collect::<Vec<_>>().join(";"),
        ),
        (
            "cmake_definitions",
            if draft {
                "ZMQ_BUILD_DRAFT_API".into()
            } else {
                "".into()
            },
        ),
        (
            "cmake_static",
            if draft {
                "ZMQ_STATIC;ZMQ_BUILD_DRAFT_API"
            } else {
                "ZMQ_STATIC"
            }
            .into(),
        ),
        (
            "cmake_libdir",
            text(&relative(&options.libdir, &cmake_dir)?)?,
        ),
        (
            "cmake_includedir",
            text(&relative(&options.includedir, &cmake_dir)?)?,
        ),
    ])
}

fn substitute(template: &str, words: &[(&str, String)]) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    let mut parts = template.split('@');
    filled.push_str(parts.next().unwrap_or_default());
    while let Some(name) = parts.next() {
        let (_, value) = words
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("'@{name}@' is not known"))?;
        let rest = parts
            .next()
            .ok_or_else(|| format!("'@{name}' is not closed"))?;
        filled.push_str(value);
        filled.push_str(rest);
    }
    Ok(filled)
}

/// `dir` as pkg-config files write it: from the prefix where it is within.
fn below(dir: &Path, prefix: &Path) -> Result<String, String> {
    match dir.strip_prefix(prefix) {
        Ok(rest) if rest.as_os_str().is_empty() => Ok("${prefix}".to_owned()),
        Ok(rest) => Ok(format!("${{prefix}}/{}", text(rest)?)),
        Err(_) => text(dir),
    }
}

/// The way from the folder `from` to `to`, both absolute.
fn relative(to: &Path, from: &Path) -> Result<PathBuf, String> {
    let is_plain = |path: &Path| {
        path.is_absolute() && !path.components().any(|part| part == Component::ParentDir)
    };
    if !is_plain(to) || !is_plain(from) {
        return Err(format!(
            "{} and {}: name them without '..'",
            to.display(),
            from.display()
        ));
    }
    let shared = to
        .components()
        .zip(from.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    Ok(if way.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        way
    })
}

fn text(path: &Path) -> Result<String, String> {
    let text = path
        .to_str()
        .ok_or_else(|| format!("{}: not UTF-8", path.display()))?;
    if text.contains(['@', '"', '$', ';', ' ', '\\', '\n']) {
        return Err(format!(
            "{text}: pkg-config and CMake files cannot carry such a name"
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_or_refused() {
        let words = [("a", "1".to_owned()), ("b", String::new())];
        assert_eq!(substitute("x@a@y@b@@a@", &words), Ok("x1y1".to_owned()));
        assert!(substitute("@c@", &words).is_err());
        assert!(substitute("a@b", &words).is_err());
    }

    #[test]
    fn the_way_between_folders_is_found() {
        let way = |to: &str, from: &str| relative(to.as_ref(), from.as_ref()).map(|p| text(&p));
        assert_eq!(
            way("/p/include", "/p/lib/cmake/ZeroMQ"),
            Ok(Ok("../../../include".into()))
        );
        assert_eq!(way("/p/lib", "/p/lib"), Ok(Ok(".".into())));
        assert!(way("/p/../q", "/p").is_err());
    }

    #[test]
    fn every_template_can_be_filled() {
        for relocatable in [false, true] {
            for features in ["", "draft"] {
                let mut options = Options::new("/opt/zmq".as_ref());
                options.libdir = "/opt/zmq/lib/x86_64-linux-gnu".into();
                options.relocatable = relocatable;
                options.features = features.into();
                let files = fill(&options, "4.3.5", "-lrt -lm").expect("all words are known");
                assert_eq!(files.len(), FILES.len());
                let pc = &files[0].1;
                let prefix = if relocatable {
                    "${pcfiledir}/../../.."
                } else {
                    "/opt/zmq"
                };
                assert!(pc.contains(&format!("prefix={prefix}\n")), "{pc}");
                assert!(
                    pc.contains("libdir=${prefix}/lib/x86_64-linux-gnu\n"),
                    "{pc}"
                );
                assert_eq!(pc.contains("ZMQ_BUILD_DRAFT_API"), features == "draft");
                let targets = &files[3].1;
                assert_eq!(targets.contains("ZMQ_BUILD_DRAFT_API"), features == "draft");
                assert!(targets.contains("-lrt;-lm"), "{targets}");
            }
        }
    }
}
