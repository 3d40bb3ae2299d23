//! Signatures come in, records reach the disk, statements leave (R8).

use crate::core::Core;
use crate::input::SignedStatement;
use crate::safety::Released;
use crate::variables::Generation;

impl Core {
    pub(crate) fn on_signed(&mut self, signed: SignedStatement) {
        match signed {
            SignedStatement::Attestation(attestation) => self.attestation_signed(attestation),
            SignedStatement::Heartbeat(heartbeat) => self.heartbeat_signed(heartbeat),
            SignedStatement::Report(report) => self.report_signed(report),
            SignedStatement::Proposal(_) | SignedStatement::Vote(_) | SignedStatement::Timeout(_) => {
                let effects = self.safety.signed(signed);
                self.out.extend(effects.into_iter().flatten());
            }
        }
    }

    /// R8: what waited for this record may leave.
    pub(crate) fn on_persisted(&mut self, generation: Generation) {
        // R8
        for released in self.safety.persisted(generation) {
            self.release(released);
        }
        self.fence_persisted(generation);
    }

    /// What the record waited for may leave, and counts here.
    pub(crate) fn release(&mut self, released: Released) {
        match released {
            Released::Proposal(proposal) => self.release_proposal(proposal),
            Released::Vote(vote) => self.release_vote(vote),
            Released::Timeout(timeout) => self.release_timeout(timeout),
            Released::Record => {}
        }
    }
}
