//! The C side of the project: C programs, upstream's own suite, header and symbol checks.
