//! Every domain of a hash or a signature, in one place.
//!
//! A value that was hashed or signed for one purpose must be worthless for every other. The domain stands in
//! front of what is hashed ([`crate::hash::tagged`]) or signed ([`crate::pae`]).

use core::fmt;

/// The name of one purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(&'static str);

impl Domain {
    /// The text as it is hashed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

macro_rules! domains {
    ($($(#[$doc:meta])+ $name:ident = $text:literal;)+) => {
        impl Domain {
            $($(#[$doc])+ pub const $name: Self = Self($text);)+

            /// All of them; a test keeps them distinct.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

domains! {
    /// Signature of a producer over event bytes.
    EVENT = "cybermesh/event/v1";
    /// Hash that names an event.
    EVENT_ID = "cybermesh/event-id/v1";
    /// Signature of one holder of a piece of evidence.
    CUSTODY = "cybermesh/custody/v1";
    /// Hash that names a public-key bundle (kid).
    KID = "cybermesh/kid/v1";
    /// Hash that names a chain.
    GENESIS = "cybermesh/genesis/v1";
    /// Hash that names a block: over its header.
    BLOCK = "cybermesh/block/v1";
    /// Hash of what a QC certifies.
    QC = "cybermesh/qc/v1";
    /// Signature of a leader.
    PROPOSAL = "cybermesh/proposal/v1";
    /// Hash of what travels beside a header.
    CARRIED = "cybermesh/carried/v1";
    /// Signature of a voter.
    VOTE = "cybermesh/vote/v1";
    /// Signature of a timeout.
    TIMEOUT = "cybermesh/timeout/v1";
    /// Signature of a heartbeat.
    HEARTBEAT = "cybermesh/heartbeat/v1";
    /// Signature of a batch's author over its header.
    BATCH = "cybermesh/batch/v1";
    /// Hash that names a batch: over its header.
    BATCH_ID = "cybermesh/batch-id/v1";
    /// Hash of a decision.
    DECISION = "cybermesh/decision/v1";
    /// Hash over the newest numbers of all outbound partitions.
    HEADS = "cybermesh/heads/v1";
    /// Signature of a validator over a decision's hash.
    ATTESTATION = "cybermesh/attestation/v1";
    /// Hash of a validator set.
    VALIDATOR_SET = "cybermesh/validator-set/v1";
    /// Hash that names a piece of evidence.
    EVIDENCE = "cybermesh/evidence/v1";
    /// Signature of a report to a node that lost its memory.
    AMNESIA_REPORT = "cybermesh/amnesia-report/v1";
    /// Signature of a publisher's report.
    RUN_REPORT = "cybermesh/run-report/v1";
    /// Hash that names a publisher's report.
    RUN_REPORT_ID = "cybermesh/run-report-id/v1";
    /// Signature of an administrator over a governance transaction.
    GOVERNANCE = "cybermesh/governance/v1";
    /// Hash that names a governance transaction.
    GOVERNANCE_ID = "cybermesh/governance-id/v1";
    /// Signature of an operator over a redrive transaction.
    REDRIVE = "cybermesh/redrive/v1";
    /// Hash that names a redrive transaction.
    REDRIVE_ID = "cybermesh/redrive-id/v1";
}
