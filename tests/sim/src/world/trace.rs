//! What happened: a hash over all of it, and on demand lines that a person reads.
//!
//! **Promise**: two runs of one plan and seed give the same hash; the lines are no part of it.

use core::fmt;

use cybermesh_proto::Digest;
use sha2::{Digest as _, Sha256};

/// 200,000 lines are kept at most, the newest.
const LINES_MAX: usize = 200_000;

/// The trace of a run.
#[derive(Clone)]
pub struct Trace {
    hash: Sha256,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// A trace, with lines or without.
    #[must_use]
    pub fn new(readable: bool) -> Self {
        Self { hash: Sha256::new(), lines: readable.then(Vec::new) }
    }

    /// Something happened: numbers that say what.
    pub fn note(&mut self, what: &[u64]) {
        what.iter().for_each(|number| self.hash.update(number.to_le_bytes()));
    }

    /// A line, made only if somebody reads it.
    pub fn line(&mut self, now: u64, node: Option<u32>, text: impl FnOnce() -> String) {
        let Some(lines) = &mut self.lines else {
            return;
        };
        if lines.len() == LINES_MAX {
            lines.drain(..LINES_MAX / 2);
        }
        let who = node.map_or_else(|| "  ".to_owned(), |node| format!("n{node}"));
        lines.push(format!("{:>4}.{:06} {who} {}", now / 1_000_000, now % 1_000_000, text()));
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// The hash over everything.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::new(self.hash.clone().finalize().into())
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Trace({:?})", self.hash())
    }
}
