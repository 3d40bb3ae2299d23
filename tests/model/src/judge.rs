//! What must never be found in a state, and what must be found in some.

use std::sync::Arc;

use crate::blocks::{BlockNo, Blocks};
use crate::local::{Local, Said};
use crate::pool::Pool;

/// What can be found in a state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Finding {
    /// Two honest validators decided different blocks at one height.
    Fork,
    /// An honest validator voted twice in one view, or after giving the view or a later one up.
    TwoVotes,
    /// An honest validator claimed less in a timeout than the newest certificate it had voted on.
    LockLost,
    /// A block can be certified that does not extend one that could be decided before.
    Overruled,
    /// An honest core stopped, or believes that it forgot what it signed.
    Stopped,
    /// Somebody decided a block.
    Decided,
    /// All honest validators decided the same first block.
    DecidedByAll,
    /// Somebody decided a block above one that was given a view after a timeout.
    DecidedAfterTimeout,
}

impl Finding {
    /// What must never be found.
    pub const NEVER: [Self; 5] = [Self::Fork, Self::TwoVotes, Self::LockLost, Self::Overruled, Self::Stopped];
    /// What must be found somewhere: else nothing was shown.
    pub const SOMEWHERE: [Self; 3] = [Self::Decided, Self::DecidedByAll, Self::DecidedAfterTimeout];

    pub(crate) const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The name of the property.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fork => "agreement",
            Self::TwoVotes => "one vote per view",
            Self::LockLost => "the lock holds",
            Self::Overruled => "later certificates extend what can be decided",
            Self::Stopped => "no core stops",
            Self::Decided => "a block is decided",
            Self::DecidedByAll => "a block is decided by all",
            Self::DecidedAfterTimeout => "a block is decided that a timeout let in",
        }
    }
}

/// Everything that is found in a state, as bits.
#[must_use]
pub fn judge(locals: &[Arc<Local>], pool: &Pool, blocks: &Blocks) -> u16 {
    let all = locals.iter().all(|local| !local.decided.is_empty());
    let after_timeout = |local: &Arc<Local>| {
        local.decided.iter().any(|block| {
            let made = blocks.get(*block);
            blocks.view(made.parent).saturating_add(1) < made.view
        })
    };
    let found = [
        (Finding::Fork, forked(locals)),
        (Finding::TwoVotes, locals.iter().any(|local| votes_twice(local, blocks))),
        (Finding::LockLost, locals.iter().any(|local| loses_lock(local, blocks))),
        (Finding::Overruled, overruled(pool, blocks)),
        (Finding::Stopped, locals.iter().any(|local| local.stopped)),
        (Finding::Decided, locals.iter().any(|local| !local.decided.is_empty())),
        (Finding::DecidedByAll, all),
        (Finding::DecidedAfterTimeout, locals.iter().any(after_timeout)),
    ];
    found.iter().filter(|(_, is)| *is).fold(0, |bits, (finding, _)| bits | finding.bit())
}

/// Blocks are decided in the order of heights, without gap: the n-th ones are of one height.
fn forked(locals: &[Arc<Local>]) -> bool {
    let differ = |one: &Local, other: &Local| one.decided.iter().zip(&other.decided).any(|(a, b)| a != b);
    locals.iter().enumerate().any(|(at, one)| locals.iter().skip(at + 1).any(|other| differ(one, other)))
}

fn votes_twice(local: &Local, blocks: &Blocks) -> bool {
    let mut newest = 0;
    let mut given_up = 0;
    local.said.iter().any(|said| match said {
        Said::Voted(block) => {
            let view = blocks.view(*block);
            let again = view <= newest || view <= given_up;
            newest = newest.max(view);
            again
        }
        Said::TimedOut(timeout) => {
            given_up = given_up.max(timeout.view);
            false
        }
        Said::Proposed(..) => false,
    })
}

fn loses_lock(local: &Local, blocks: &Blocks) -> bool {
    let mut lock = 0;
    local.said.iter().any(|said| match said {
        Said::Voted(block) => {
            lock = lock.max(blocks.view(blocks.get(*block).parent));
            false
        }
        Said::TimedOut(timeout) => blocks.view(timeout.claim) < lock,
        Said::Proposed(..) => false,
    })
}

/// Whether the rule of decisions is undermined: B0 and a child of the next view can both be certified, and so can a
/// block of a view above B0's that does not extend B0.
fn overruled(pool: &Pool, blocks: &Blocks) -> bool {
    let consecutive = |upper: &BlockNo| {
        let made = blocks.get(*upper);
        let below = made.parent;
        let follows = blocks.view(below).saturating_add(1) == made.view;
        (follows && below != BlockNo::ROOT && pool.certified.contains(&below)).then_some(below)
    };
    let decidable = pool.certified.iter().filter_map(consecutive);
    let over = |lower: BlockNo| {
        let later = pool.certified.iter().filter(move |block| blocks.view(**block) > blocks.view(lower));
        later.into_iter().any(|block| !blocks.extends(*block, lower))
    };
    decidable.into_iter().any(over)
}
