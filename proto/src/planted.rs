//! Classic mistakes, put in on purpose: the test rig must find every one of them.
//!
//! Without the feature `planted-faults` the question [`planted`] is a constant `false` and nothing of this file is
//! in the build. With it, one fault at a time is chosen per thread, at run time; and the rules of agreement count how often
//! each of them decided something ([`reached`]), because a test that never came to a rule has not tested it.

/// A mistake that somebody made in a protocol like this one, or could have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// R7 takes blocks of consecutive heights for blocks of consecutive views.
    DecideOnHeight,
    /// R2 does not ask whether the parent is the block that the QC certifies.
    ParentUntied,
    /// R8: a vote leaves before the record is on disk.
    VoteBeforePersist,
    /// R2 does not compare with `last_voted_view`.
    ForgetLastVoted,
    /// A quorum is one too small.
    QuorumTooSmall,
    /// R4 claims the root instead of the newest QC, whatever the lock says.
    TimeoutSkipsLock,
    /// R2 does not compare the QC with the highest claim of the TC.
    IgnoreTcQc,
    /// R5: a TC counts without a QC of the highest claim.
    TcWithoutQc,
    /// R5: one author counts twice.
    DuplicateSigner,
    /// R7 decides the newest ancestor first.
    AncestorsOutOfOrder,
    /// R4: a timeout is sent once.
    TimeoutSentOnce,
    /// R6: a QC of a view that was left is dropped.
    IgnoreLateQc,
    /// R16: who is behind gets no answer.
    LaggardsUnanswered,
    /// Only blocks decided live are attested, not those of catching up.
    AttestOnlyLive,
    /// R12: leaders follow from what this node saw, not from the chain.
    LeaderFromLocal,
    /// R12: any number of members is left out.
    ExclusionUncapped,
    /// Blocks of catching up are taken without checking their certificates.
    SyncUnverified,
    /// R7: one QC decides.
    QcIsDecision,
    /// R15: who forgot votes at once.
    RejoinVotesAtOnce,
    /// R15: the fence is kept in memory only.
    FenceNotInRecord,
    /// R15: the mark goes with the first block applied.
    MarkDroppedEarly,
    /// The mirror names a generation whose sync has not returned.
    MirrorBeforeSync,
    /// R2: a vote does not wait for block and batches to be on disk.
    PayloadNotDurable,
    /// R10: a set counts before the block that names it is certified.
    SetFromUndecided,
    /// Statements are compared by view alone, whatever their epoch.
    EpochlessStatements,
    /// R9: a leader may date a block as early as it likes.
    NoLowerTimeBound,
    /// R13: a due time makes blocks without end.
    DueUnbounded,
    /// R14: payload is ordered however far ahead of the certified decisions.
    OrderingUnbounded,
    /// R13: no timer runs while nothing waits.
    NoIdleTimer,
    /// R11: statements are compared with their signatures.
    CompareSignatures,
    /// A reducer of the executor panics at an event of type `Planted.Panic.v1`, after it has written.
    ReducerPanics,
}

/// R1 to R16, and nothing at 0.
pub const RULES: usize = 17;

#[cfg(feature = "planted-faults")]
std::thread_local! {
    static CHOSEN: core::cell::Cell<Option<Fault>> = const { core::cell::Cell::new(None) };
    static REACHED: core::cell::Cell<[u64; RULES]> = const { core::cell::Cell::new([0; RULES]) };
}

/// A rule decided something.
#[cfg(feature = "planted-faults")]
pub fn reached(rule: usize) {
    let mut counts = REACHED.get();
    counts.get_mut(rule).into_iter().for_each(|count| *count = count.saturating_add(1));
    REACHED.set(counts);
}

/// A rule decided something: nobody counts, in this build.
#[cfg(not(feature = "planted-faults"))]
pub const fn reached(_rule: usize) {}

/// How often each rule decided something on this thread since the last time of asking.
#[cfg(feature = "planted-faults")]
pub fn take_reached() -> [u64; RULES] {
    REACHED.replace([0; RULES])
}

/// Chooses the fault of this thread, or none.
#[cfg(feature = "planted-faults")]
pub fn plant(fault: Option<Fault>) {
    CHOSEN.set(fault);
}

/// Whether this fault was put in on purpose.
#[cfg(feature = "planted-faults")]
#[must_use]
pub fn planted(fault: Fault) -> bool {
    CHOSEN.get() == Some(fault)
}

/// Whether this fault was put in on purpose: never, in this build.
#[cfg(not(feature = "planted-faults"))]
#[must_use]
pub const fn planted(_fault: Fault) -> bool {
    false
}

impl Fault {
    /// All that break a rule of agreement.
    pub const ALL: [Self; 30] = [
        Self::DecideOnHeight,
        Self::ParentUntied,
        Self::VoteBeforePersist,
        Self::ForgetLastVoted,
        Self::QuorumTooSmall,
        Self::TimeoutSkipsLock,
        Self::IgnoreTcQc,
        Self::TcWithoutQc,
        Self::DuplicateSigner,
        Self::AncestorsOutOfOrder,
        Self::TimeoutSentOnce,
        Self::IgnoreLateQc,
        Self::LaggardsUnanswered,
        Self::AttestOnlyLive,
        Self::LeaderFromLocal,
        Self::ExclusionUncapped,
        Self::SyncUnverified,
        Self::QcIsDecision,
        Self::RejoinVotesAtOnce,
        Self::FenceNotInRecord,
        Self::MarkDroppedEarly,
        Self::MirrorBeforeSync,
        Self::PayloadNotDurable,
        Self::SetFromUndecided,
        Self::EpochlessStatements,
        Self::NoLowerTimeBound,
        Self::DueUnbounded,
        Self::OrderingUnbounded,
        Self::NoIdleTimer,
        Self::CompareSignatures,
    ];
}
