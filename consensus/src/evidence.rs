//! Two different statements where one is allowed (R11).
//!
//! **Promise**: a misdeed is reported once by each node, by its identity: kind, epoch, author and slot. Equal content
//! with other signature bytes is none.
//!
//! **Limit**: what this node finds itself comes from the few views whose statements it keeps, so time bounds it; the
//! [`SEEN_MAX`] newest are remembered. Of what others found, [`REPORTS_MAX`] misdeeds of each kind and member in an epoch
//! are passed on: more convict nobody any better. What is reported twice the executor finds used.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cybermesh_proto::agree::Evidence;
use cybermesh_proto::planted::reached;
use cybermesh_proto::{Epoch, ItemId, ValidatorIndex};

use crate::core::Core;
use crate::effect::{Effect, Misbehaviour, Outbound, To};

/// 1,024: every member of the largest set, in each kind, and again as many.
const SEEN_MAX: usize = 1024;
/// 4 misdeeds.
const REPORTS_MAX: usize = 4;

/// Misdeeds that were reported.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Seen {
    /// Found here, oldest first.
    own: VecDeque<ItemId>,
    /// Found by others.
    others: BTreeMap<(Epoch, ValidatorIndex, u8), BTreeSet<ItemId>>,
}

impl Seen {
    fn find(&mut self, evidence: &Evidence) -> bool {
        let misdeed = evidence.identity();
        if self.own.contains(&misdeed) {
            return false;
        }
        self.own.push_back(misdeed);
        if self.own.len() > SEEN_MAX {
            self.own.pop_front();
        }
        true
    }

    fn hear(&mut self, evidence: &Evidence) -> bool {
        let (misdeed, (offender, epoch)) = (evidence.identity(), evidence.offender());
        let misdeeds = self.others.entry((epoch, offender, kind(evidence))).or_default();
        !self.own.contains(&misdeed) && misdeeds.len() < REPORTS_MAX && misdeeds.insert(misdeed)
    }

    pub(crate) fn enter_epoch(&mut self, epoch: Epoch) {
        self.others.retain(|(of, _, _), _| of.next() >= epoch);
    }
}

fn kind(evidence: &Evidence) -> u8 {
    match evidence {
        Evidence::Proposals(_) => 1,
        Evidence::Votes(_) => 2,
        Evidence::Timeouts(_) => 3,
        Evidence::Attestations(_) => 4,
        Evidence::Batches(_) => 5,
    }
}

impl Core {
    /// R11: this node found somebody out.
    pub(crate) fn convict(&mut self, evidence: Evidence) {
        // R11
        reached(11);
        if self.seen.find(&evidence) {
            let (offender, _) = evidence.offender();
            self.push(Effect::Misbehaved(offender, Misbehaviour::Equivocation));
            self.push(Effect::Send(To::All, Outbound::Evidence(Box::new(evidence.clone()))));
            self.push(Effect::Evidence(Box::new(evidence)));
        }
    }

    /// Somebody else found it out; verified with the keys of its epoch.
    pub(crate) fn on_evidence(&mut self, evidence: Evidence) {
        if self.seen.hear(&evidence) {
            self.push(Effect::Evidence(Box::new(evidence)));
        }
    }
}
