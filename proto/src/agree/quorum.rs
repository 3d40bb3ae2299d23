//! How many liars a set survives, and how many signatures decide.
//!
//! f = ⌊(n − 1) / 3⌋ and q = ⌈(n + f + 1) / 2⌉. For every n ≥ 4 two quorums share more than f members
//! (2q − n > f), so at least one honest one; the honest alone are a quorum (q ≤ n − f); and every quorum holds
//! at least f + 1 honest ones (q − f ≥ f + 1). With n = 5 a quorum of three would fork: it is four.

use crate::refusal::ensure;
use crate::{Code, Refusal};

/// How many of `n` validators may lie.
#[must_use]
pub const fn faults(n: usize) -> usize {
    n.saturating_sub(1) / 3
}

/// How many of `n` validators decide.
#[must_use]
pub const fn quorum(n: usize) -> usize {
    // ⌈(n + f + 1) / 2⌉ = ⌊(n + f) / 2⌋ + 1
    (n.saturating_add(faults(n)) / 2).saturating_add(1)
}

/// Refuses a configured quorum that is not the one safe quorum.
pub fn check_quorum(n: usize, configured: usize) -> Result<(), Refusal> {
    let safe = quorum(n);
    ensure(configured == safe, Code::QuorumUnsafe, || {
        format!("{configured} of {n}; the only safe quorum is {safe}").into()
    })
}
