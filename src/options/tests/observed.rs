//! Reads `observed.txt`: what a genuine libzmq answered.
//!
//! Invariant: `observed.txt` is what `observe.c` printed, run with libzmq 4.3.5 (drafts, libsodium,
//! GSSAPI, GnuTLS) and, for its last line, without drafts; it is never edited by hand.

use super::KINDS;

const OBSERVED: &str = include_str!("observed.txt");

/// The lines of one sort, cut at their blanks, without the word that names the sort.
pub(super) fn observed(sort: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    OBSERVED
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(move |words| words.first() == Some(&sort))
        .map(|words| words[1..].to_vec())
}

pub(super) fn arguments() -> Vec<&'static str> {
    observed("args").next().expect("the line of arguments")
}

/// The octets that an argument stands for; `None` for NULL.
pub(super) fn octets(argument: &str) -> Option<Vec<u8>> {
    let rest = &argument[1..];
    let number = || rest.parse::<i64>().expect("a number");
    match argument.as_bytes()[0] {
        b'n' => None,
        b'i' => Some((number() as i32).to_ne_bytes().to_vec()),
        b'l' => Some(number().to_ne_bytes().to_vec()),
        b'b' => Some(vec![b'x'; number() as usize]),
        b't' => Some(rest.replace('_', " ").into_bytes()),
        b'z' => Some((rest.replace('_', " ") + "\0").into_bytes()),
        _ => panic!("what is {argument}?"),
    }
}

/// Octets as the observer writes them: hexadecimal, `78*32.` for a run.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.trim_start_matches('-');
    while !rest.is_empty() {
        let octet = u8::from_str_radix(&rest[..2], 16).expect("an octet");
        rest = &rest[2..];
        let mut times = 1;
        if let Some(run) = rest.strip_prefix('*') {
            let (count, after) = run.split_once('.').expect("the end of a run");
            times = count.parse().expect("a count");
            rest = after;
        }
        octets.extend(std::iter::repeat_n(octet, times));
    }
    octets
}

pub(super) fn kinds(mask: &str) -> impl Iterator<Item = i32> {
    let mask = u32::from_str_radix(mask, 16).expect("a mask");
    KINDS.filter(move |kind| mask & 1 << kind != 0)
}
