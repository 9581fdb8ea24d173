//! Placeholder.

/// Placeholder.
#[derive(Clone)]
pub struct Options {}
