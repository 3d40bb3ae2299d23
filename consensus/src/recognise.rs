//! This node's own signature, shown by somebody else (R15).
//!
//! What the record covers is an echo. What it does not cover was signed and forgotten, or by somebody with the same key:
//! this node counts among the faulty from here on, and says so on disk before anything else. Signatures inside
//! certificates are looked at, too: that may be all that is left of them.

use cybermesh_proto::agree::{ProposalStatement, Qc, Signed, Tc, TimeoutStatement, Vote};
use cybermesh_proto::planted::{Fault, planted};

use crate::core::Core;
use crate::effect::{Alarm, Effect};
use crate::invariants::covers;
use crate::variables::Memory;

impl Core {
    pub(crate) fn recognise_proposal(&mut self, shown: &Signed<ProposalStatement>) {
        let record = self.safety.record();
        let newest = record.last_proposal.as_ref().map(|proposal| proposal.signed().statement);
        if Some(shown.author) == self.me && !covers(record, &shown.statement, newest.as_ref()) {
            self.forget();
        }
    }

    pub(crate) fn recognise_vote(&mut self, shown: &Vote) {
        let record = self.safety.record();
        let newest = record.last_vote.as_ref().map(|vote| &vote.statement);
        if Some(shown.author) == self.me && !covers(record, &shown.statement, newest) {
            self.forget();
        }
    }

    pub(crate) fn recognise_timeout(&mut self, shown: &Signed<TimeoutStatement>) {
        let record = self.safety.record();
        let newest = record.last_timeout.as_ref().map(|timeout| &timeout.statement);
        if Some(shown.author) == self.me && !covers(record, &shown.statement, newest) {
            self.forget();
        }
    }

    /// R15: this node's own signature inside a certificate shows what it signed, too.
    pub(crate) fn recognise_vote_in(&mut self, qc: &Qc) {
        if !self.me.is_some_and(|me| qc.votes.signers.contains(me)) {
            return;
        }
        let record = self.safety.record();
        let newest = record.last_vote.as_ref().map(|vote| &vote.statement);
        if !covers(record, &qc.statement(self.committee.chain), newest) {
            self.forget();
        }
    }

    pub(crate) fn recognise_timeout_in(&mut self, tc: &Tc) {
        let Some(claim) = tc.claims.iter().find(|claim| Some(claim.author) == self.me) else { return };
        let record = self.safety.record();
        let newest = record.last_timeout.as_ref().map(|timeout| &timeout.statement);
        if !covers(record, &tc.statement(self.committee.chain, claim), newest) {
            self.forget();
        }
    }

    /// R15: there is something that the record does not cover.
    fn forget(&mut self) {
        if planted(Fault::RejoinVotesAtOnce) || self.safety.record().memory == Memory::Forgot {
            return;
        }
        let write = self.safety.forget();
        self.push(write);
        self.push(Effect::Alarm(Alarm::Amnesia));
        self.lose_memory();
    }
}
