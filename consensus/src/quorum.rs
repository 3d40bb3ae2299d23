//! Counting: statements of the near views, one per author and slot, and the certificates that q of them make.
//!
//! **Limit**: views from one below the present to `views_ahead` above it; one statement per author, kind and view.
//! Whatever is further off costs nothing. A second, different statement is no overwriting but evidence (R11).

use std::collections::BTreeMap;

use cybermesh_proto::agree::{
    Claim, Committee, Evidence, Pair, ProposalStatement, Qc, QuorumSignatures, Signed, Slotted, Tc,
    TimeoutStatement, Vote, VoteStatement,
};
use cybermesh_proto::planted::{Fault, planted};
use cybermesh_proto::wire::List;
use cybermesh_proto::{ValidatorIndex, View};

use crate::invariants::equivocates;

type Slots<S> = BTreeMap<(View, ValidatorIndex), Signed<S>>;

/// What became of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Counted {
    /// It is the first of its slot.
    New,
    /// It, or its equal, was there.
    Known,
    /// Its author said something else in this slot before.
    Equivocation(Box<Evidence>),
}

/// The statements of the near views.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Tally {
    proposals: Slots<ProposalStatement>,
    votes: Slots<VoteStatement>,
    timeouts: Slots<TimeoutStatement>,
    /// The newest statements of each author, in whatever view: what one that starts asks about itself.
    newest: BTreeMap<ValidatorIndex, Newest>,
}

impl Tally {
    pub(crate) fn proposal(&mut self, signed: Signed<ProposalStatement>) -> Counted {
        newer(&mut self.newest.entry(signed.author).or_default().0, &signed);
        count(&mut self.proposals, signed.statement.view, signed, Evidence::Proposals)
    }

    pub(crate) fn vote(&mut self, vote: Vote) -> Counted {
        newer(&mut self.newest.entry(vote.author).or_default().1, &vote);
        count(&mut self.votes, vote.statement.view, vote, Evidence::Votes)
    }

    pub(crate) fn timeout(&mut self, timeout: Signed<TimeoutStatement>) -> Counted {
        newer(&mut self.newest.entry(timeout.author).or_default().2, &timeout);
        count(&mut self.timeouts, timeout.statement.view, timeout, Evidence::Timeouts)
    }

    /// The QC of these votes, once there are q for one block.
    pub(crate) fn qc(&self, said: &VoteStatement, committee: &Committee) -> Option<Qc> {
        let quorum = committee.quorum();
        let votes: Vec<_> = view(&self.votes, said.view).filter(|vote| vote.statement == *said).collect();
        let enough = votes.get(..quorum)?;
        let signed = enough.iter().map(|vote| (vote.author, vote.signature.clone())).collect();
        let votes = QuorumSignatures::new(signed)?;
        Some(Qc { epoch: said.epoch, view: said.view, height: said.height, block: said.block, votes })
    }

    /// How many gave this view up.
    pub(crate) fn given_up(&self, given_up: View) -> usize {
        view(&self.timeouts, given_up).count()
    }

    /// The TC of a view, once q gave it up whose claims this QC covers.
    pub(crate) fn tc(&self, given_up: View, high_qc: &Qc, committee: &Committee) -> Option<Tc> {
        // R5: a timeout counts once a QC of its claim or a newer one is known.
        let covered = |timeout: &&Signed<TimeoutStatement>| {
            timeout.statement.hqc_view <= high_qc.view || planted(Fault::TcWithoutQc)
        };
        let counted: Vec<_> = view(&self.timeouts, given_up).filter(covered).collect();
        let claims = counted.get(..committee.quorum())?.iter().map(|timeout| Claim {
            author: timeout.author,
            hqc_view: timeout.statement.hqc_view,
            hqc_block: timeout.statement.hqc_block,
            signature: timeout.signature.clone(),
        });
        let claims = List::new(claims.collect())?;
        Some(Tc { epoch: high_qc.epoch, view: given_up, claims, high_qc: high_qc.clone() })
    }

    /// The newest statements of one author: what a node that starts asks others about itself.
    pub(crate) fn newest_of(&self, author: ValidatorIndex) -> Newest {
        self.newest.get(&author).cloned().unwrap_or_default()
    }

    /// Forgets what lies more than one view behind.
    pub(crate) fn prune(&mut self, present: View) {
        let oldest = View::new(present.get().saturating_sub(1));
        self.proposals.retain(|(view, _), _| *view >= oldest);
        self.votes.retain(|(view, _), _| *view >= oldest);
        self.timeouts.retain(|(view, _), _| *view >= oldest);
    }

    pub(crate) fn len(&self) -> usize {
        let slots = self.proposals.len().saturating_add(self.votes.len());
        slots.saturating_add(self.timeouts.len()).saturating_add(self.newest.len())
    }
}

type Newest =
    (Option<Signed<ProposalStatement>>, Option<Signed<VoteStatement>>, Option<Signed<TimeoutStatement>>);

fn count<S: Slotted + Clone>(
    slots: &mut Slots<S>,
    view: View,
    signed: Signed<S>,
    evidence: impl FnOnce(Pair<S>) -> Evidence,
) -> Counted {
    let slot = (view, signed.author);
    let Some(first) = slots.get(&slot) else {
        slots.insert(slot, signed);
        return Counted::New;
    };
    // R11: the first one stays, the second one convicts.
    if equivocates(first, &signed) {
        return Counted::Equivocation(Box::new(evidence(Pair::new(first.clone(), signed))));
    }
    if planted(Fault::DuplicateSigner) { Counted::New } else { Counted::Known }
}

fn view<S>(slots: &Slots<S>, view: View) -> impl Iterator<Item = &Signed<S>> {
    let first = ValidatorIndex::default();
    slots.range((view, first)..(view.next(), first)).map(|(_, signed)| signed)
}

fn newer<S: Slotted + Clone>(newest: &mut Option<Signed<S>>, signed: &Signed<S>) {
    if newest.as_ref().is_none_or(|newest| newest.statement.slot() < signed.statement.slot()) {
        *newest = Some(signed.clone());
    }
}
