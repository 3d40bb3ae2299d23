//! Who leads (R12): a function of the chain that is extended, never of what one node happened to see.
//!
//! **Promise**: every node that holds a chain names the same leader for a view on top of it. The views of an epoch
//! are cut into windows of 2n. Each window leaves out at most f members; the rest lead in turn.
//!
//! ```text
//!   window    w-9 … w-2          w-1            w
//!             judged: who       one window      these leaders are
//!             led and missed    of distance     now fixed
//! ```
//!
//! The window between makes the answer the same wherever in `w` one asks: nothing of `w-1` or `w` counts. A member
//! left out leads in none of the judged windows for a while, and after nine of them gets another try.

use cybermesh_proto::agree::{Header, IndexSet, faults};
use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::{Height, ValidatorIndex, View};

/// 9: the oldest window that is judged lies so many before the one that is led.
const OLDEST: u64 = 9;
/// 2: the newest one.
const NEWEST: u64 = 2;
/// 11 windows of headers, and the newest block before them, are all that leaders can depend on.
pub(crate) const WINDOWS_KEPT: u64 = 11;

/// A validator that may not lead for a while.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Quarantine {
    /// Who.
    pub validator: ValidatorIndex,
    /// The first height whose result has it.
    pub begin: Height,
    /// The first height whose result has it no longer.
    pub end: Option<Height>,
}

/// What the leaders of later windows depend on in one block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Led {
    pub(crate) view: View,
    pub(crate) proposer: ValidatorIndex,
    pub(crate) left_out: IndexSet,
    pub(crate) anchor: Height,
}

impl From<&Header> for Led {
    fn from(header: &Header) -> Self {
        let (view, proposer, left_out) = (header.view, header.proposer, header.left_out);
        Self { view, proposer, left_out, anchor: header.anchor_height }
    }
}

/// The number of views of a window.
pub(crate) fn window_views(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(2).max(1)
}

/// The window of a view.
pub(crate) fn window(n: usize, view: View) -> u64 {
    view.get().checked_div(window_views(n)).unwrap_or(0)
}

/// The leader of a view among those who are not left out.
pub(crate) fn leader(n: usize, view: View, left_out: IndexSet) -> Option<ValidatorIndex> {
    let rest = members(n).filter(|member| !left_out.contains(*member));
    let count = u64::try_from(rest.clone().count()).ok()?;
    let turn = view.get().checked_rem(count)?;
    rest.clone().nth(usize::try_from(turn).ok()?)
}

/// R12: who leads in no view of `window`, on a chain of these blocks (ascending, of this epoch) that grows from a
/// root of this height.
pub(crate) fn left_out(
    n: usize,
    window: u64,
    chain: &[Led],
    root: Height,
    quarantines: &[Quarantine],
) -> IndexSet {
    // R12: quarantined first, then who missed their turns; never more than f.
    let most = if planted(Fault::ExclusionUncapped) { n.saturating_sub(1) } else { faults(n) };
    let quarantined = quarantined(n, window, chain, root, quarantines);
    let missing = missing(n, window, chain);
    let mut out = IndexSet::default();
    for member in quarantined.into_iter().chain(missing) {
        if out.len() < most {
            reached(12);
            out.insert(member);
        }
    }
    out
}

/// Those in quarantine at the anchor of the chain's last block below the window before, longest first.
fn quarantined(
    n: usize,
    window: u64,
    chain: &[Led],
    root: Height,
    quarantines: &[Quarantine],
) -> Vec<ValidatorIndex> {
    let end = window.saturating_sub(1).saturating_mul(window_views(n));
    let last = chain.iter().rev().find(|block| block.view.get() < end);
    let at = last.map_or(root, |block| block.anchor);
    let holds = |one: &&Quarantine| one.begin <= at && one.end.is_none_or(|end| at < end);
    let mut found: Vec<_> = quarantines.iter().filter(holds).map(|one| (one.begin, one.validator)).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, member)| member).filter(|member| member.as_usize() < n).collect()
}

/// Those without a block for half of their views in the newest judged window in which they led; most missed first.
fn missing(n: usize, window: u64, chain: &[Led]) -> Vec<ValidatorIndex> {
    let mut judged = IndexSet::default();
    let mut found = Vec::new();
    for distance in NEWEST..=OLDEST {
        let Some(window) = window.checked_sub(distance) else { break };
        let Some((left_out, blocks)) = blocks_of(n, window, chain) else { continue };
        let led = led(n, window, left_out);
        for member in members(n).filter(|member| !judged.contains(*member)).collect::<Vec<_>>() {
            let count = |list: &[ValidatorIndex]| list.iter().filter(|one| **one == member).count();
            let (led, made) = (count(&led), count(&blocks));
            if led == 0 {
                continue;
            }
            judged.insert(member);
            if made.saturating_mul(2) <= led {
                found.push((core::cmp::Reverse(led.saturating_sub(made)), member));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, member)| member).collect()
}

/// The set left out in a window, and the proposers of the chain's blocks in it; none when it has no block there.
fn blocks_of(n: usize, window: u64, chain: &[Led]) -> Option<(IndexSet, Vec<ValidatorIndex>)> {
    let within = |block: &&Led| self::window(n, block.view) == window;
    let left_out = chain.iter().find(within)?.left_out;
    Some((left_out, chain.iter().filter(within).map(|block| block.proposer).collect()))
}

/// The leaders of all views of a window; nobody leads view 0.
fn led(n: usize, window: u64, left_out: IndexSet) -> Vec<ValidatorIndex> {
    let length = window_views(n);
    let first = window.saturating_mul(length);
    let views = first.max(1)..first.saturating_add(length);
    views.filter_map(|view| leader(n, View::new(view), left_out)).collect()
}

fn members(n: usize) -> impl Iterator<Item = ValidatorIndex> + Clone {
    (0..n).filter_map(ValidatorIndex::new)
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
