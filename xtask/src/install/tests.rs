//! Tests of the layout and of the way files are put in place.

use super::*;

fn parse(text: &str) -> Result<Options, String> {
    Options::parse(
        &text
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    )
}

#[test]
fn folders_follow_the_prefix_unless_absolute() {
    let options = parse("--prefix /usr --destdir /tmp/d --libdir lib64").expect("valid");
    assert_eq!(options.libdir, Path::new("/usr/lib64"));
    assert_eq!(
        options.staged(&options.libdir),
        Path::new("/tmp/d/usr/lib64")
    );
    let options = parse("--prefix=/usr --libdir=/usr/lib/arch --no-build").expect("valid");
    assert_eq!(options.libdir, Path::new("/usr/lib/arch"));
    assert_eq!(options.includedir, Path::new("/usr/include"));
    assert!(!options.build);
}

#[test]
fn draft_is_one_feature_among_others() {
    assert!(
        parse("--prefix /p --features gssapi,draft")
            .expect("valid")
            .is_draft()
    );
    assert!(
        !parse("--prefix /p --features drafts")
            .expect("valid")
            .is_draft()
    );
}

#[test]
fn wrong_arguments_are_refused() {
    assert!(parse("").is_err());
    assert!(parse("--prefix").is_err());
    assert!(parse("--prefix /p --frobnicate").is_err());
    assert!(parse("--prefix /p word").is_err());
}

#[test]
fn a_file_is_replaced_not_overwritten() {
    let dir = env::temp_dir().join(format!("xtask-install-{}", process::id()));
    let (from, to) = (dir.join("from"), dir.join("lib/to"));
    fs::create_dir_all(&dir).expect("a temporary folder can be made");
    fs::write(&from, "old").expect("writable");
    put(&from, &to, 0o644).expect("writable");
    let old = fs::File::open(&to).expect("it is there");
    fs::write(&from, "new").expect("writable");
    put(&from, &to, 0o755).expect("writable");

    let seen_by_those_who_had_it = io::read_to_string(old).expect("readable");
    assert_eq!(seen_by_those_who_had_it, "old");
    assert_eq!(fs::read_to_string(&to).expect("readable"), "new");
    let mode = fs::metadata(&to).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o755);

    link("to", &dir.join("lib/link")).expect("writable");
    link("to", &dir.join("lib/link")).expect("a link is replaced too");
    assert_eq!(fs::read_dir(dir.join("lib")).expect("readable").count(), 2);
    fs::remove_dir_all(&dir).expect("it is ours");
}
