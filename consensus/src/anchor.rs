//! What is decided, applied and certified, and how far ordering may run ahead of it (R14).
//!
//! ```text
//!   certified ≤ applied ≤ decided ≤ ordered ≤ certified + 2K where there is payload
//! ```
//!
//! **Limit**: hashes of decisions are kept from the anchor of the newest applied block on; no later block names an
//! older one.

use std::collections::BTreeMap;

use cybermesh_proto::agree::Anchor;
use cybermesh_proto::{DecisionHash, Height};

/// This node's own decisions.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ledger {
    decisions: BTreeMap<Height, DecisionHash>,
    applied: Height,
    /// The newest height that a certificate on disk covers.
    certified: Height,
}

/// What a voter finds about another's anchor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is this node's own certified decision.
    Same,
    /// This node has not come so far.
    Behind,
    /// It is no decision of this chain.
    Foreign,
}

impl Ledger {
    pub(crate) fn new(decisions: &[(Height, DecisionHash)], applied: Height, certified: Height) -> Self {
        Self { decisions: decisions.iter().copied().collect(), applied, certified }
    }

    pub(crate) fn applied(&self) -> Height {
        self.applied
    }

    pub(crate) fn certified(&self) -> Height {
        self.certified
    }

    pub(crate) fn decision(&self, height: Height) -> Option<DecisionHash> {
        self.decisions.get(&height).copied()
    }

    /// A result; the one at the next height.
    pub(crate) fn apply(&mut self, height: Height, decision: DecisionHash) {
        self.applied = height;
        self.decisions.insert(height, decision);
    }

    /// A certificate on disk covers this height.
    pub(crate) fn certify(&mut self, height: Height) {
        self.certified = self.certified.max(height);
    }

    /// No later block names a decision below this one.
    pub(crate) fn prune(&mut self, oldest: Height) {
        self.decisions.retain(|height, _| *height >= oldest);
    }

    /// The newest certified decision that was applied.
    pub(crate) fn newest(&self) -> Option<Anchor> {
        let newest = self.certified.min(self.applied);
        let (height, decision) = self.decisions.range(..=newest).next_back()?;
        Some(Anchor { height: *height, decision: *decision })
    }

    /// R14: whether an anchor is this node's own certified decision.
    pub(crate) fn judge(&self, anchor: Anchor) -> Verdict {
        // R14
        if anchor.height > self.certified.min(self.applied) {
            return Verdict::Behind;
        }
        match self.decisions.get(&anchor.height) {
            Some(own) if *own == anchor.decision => Verdict::Same,
            Some(_) => Verdict::Foreign,
            None => Verdict::Behind,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.decisions.len()
    }
}
