//! The safety rules as pure predicates: what may be signed, and what is decided.
//!
//! **Why it is safe.** Let B1 of view v + 1 be certified with a QC of view v. Every TC of a view ≥ v + 1 holds an
//! honest voter of B1: two quorums share one. It voted before it timed out (`last_voted_view`), and voting raised its
//! lock to v (R3), so what it claims is ≥ v (R4). So by R2 every certified block of a later view rests on a QC of a
//! view ≥ v; by induction, and because one view has one QC, it extends the block of that QC. Leaders and times play no
//! part in this.

use cybermesh_proto::agree::{Header, Qc, Signed, Slotted, Tc};
use cybermesh_proto::planted::{Fault, planted};
use cybermesh_proto::{Height, TimeUs, View};

use crate::variables::SafetyRecord;

/// R1: a view is proposed in once, and only on the certificate that lets into it.
pub(crate) fn may_propose(record: &SafetyRecord, view: View) -> bool {
    // R1: (1) never twice; (2) on a QC or TC of the view before.
    view > record.last_proposal_view && let_in(record, view)
}

/// Whether the newest QC or the newest TC is of the view before.
fn let_in(record: &SafetyRecord, view: View) -> bool {
    let by_tc = record.high_tc.as_ref().is_some_and(|tc| tc.view.next() == view);
    by_tc || record.high_qc.view.next() == view
}

/// R2, what binds a block to its certificate: the parent is what the QC certifies.
pub(crate) fn extends(header: &Header, qc: &Qc) -> bool {
    // R2: the wire refuses such a block already; a vote does not rest on that alone.
    let tied = header.parent == qc.block && header.height == qc.height.next();
    let named = header.qc_hash == qc.hash(header.chain);
    let same_epoch = qc.epoch == header.epoch && qc.view < header.view;
    same_epoch && named && (tied || planted(Fault::ParentUntied))
}

/// R2, what lets a block into its view: the QC of the view before, or the TC of it with no claim above the QC.
pub(crate) fn follows(header: &Header, qc: &Qc, tc: Option<&Tc>) -> bool {
    // R2: the second half is what makes a lock of others count.
    let Some(tc) = tc else { return qc.view.next() == header.view };
    let claimed = qc.view >= tc.highest_claim() || planted(Fault::IgnoreTcQc);
    tc.epoch == header.epoch && tc.view.next() == header.view && claimed
}

/// R2: no second vote, and none after a timeout.
pub(crate) fn not_voted(record: &SafetyRecord, view: View) -> bool {
    // R2
    view > record.last_voted_view || planted(Fault::ForgetLastVoted)
}

/// R3: the lock after a vote.
pub(crate) fn lock_after(record: &SafetyRecord, qc: &Qc) -> View {
    // R3
    record.lock_view.max(qc.view)
}

/// R4: what may be given up, and with which claim.
pub(crate) fn may_time_out(record: &SafetyRecord, view: View) -> bool {
    // R4: (1) once; (2) never below a vote; (3) only a view that was entered; (4) no claim below the lock.
    let once = view > record.highest_timeout_view;
    once && view >= record.last_voted_view
        && let_in(record, view)
        && (record.high_qc.view >= record.lock_view || planted(Fault::TimeoutSkipsLock))
}

/// R7: two certified blocks, the upper on the lower one, of consecutive views.
pub(crate) fn decides(lower: (Height, View), upper: (Height, View)) -> bool {
    // R7: consecutive heights prove nothing.
    if planted(Fault::DecideOnHeight) {
        return lower.0.next() == upper.0;
    }
    lower.1.next() == upper.1
}

/// R9, what can be judged once and for all when a header arrives: it is not dated long ago.
pub(crate) fn is_recent(header: &Header, clock: TimeUs, tolerance_us: u64) -> bool {
    // R9
    header.time_us.get() >= clock.get().saturating_sub(tolerance_us) || planted(Fault::NoLowerTimeBound)
}

/// R9: by how much a header is dated ahead of what the clock allows.
pub(crate) fn early_by(header: &Header, clock: TimeUs, drift_us: u64) -> u64 {
    // R9
    header.time_us.get().saturating_sub(clock.get().saturating_add(drift_us))
}

/// R14: whether a voter accepts payload at this height above this anchor.
pub(crate) fn payload_fits(height: Height, anchor: Height, lag: u64) -> bool {
    // R14
    height.get() <= anchor.get().saturating_add(lag) || planted(Fault::OrderingUnbounded)
}

/// R15: whether a record covers a statement that carries this node's own signature.
///
/// Compared kind by kind: a timeout raises `last_voted_view`, and still covers no vote.
pub(crate) fn covers<S: Slotted>(record: &SafetyRecord, shown: &S, newest: Option<&S>) -> bool {
    // R15: (1) an older epoch is behind us; (2) at or below the fence everything counts as covered; (3) nothing
    // newer than the newest, and nothing else in its slot.
    if shown.epoch() < record.epoch {
        return true;
    }
    if shown.epoch() == record.epoch && shown.slot() <= record.fence.get() {
        return true;
    }
    let Some(newest) = newest.filter(|newest| newest.epoch() == shown.epoch()) else { return false };
    match shown.slot().cmp(&newest.slot()) {
        core::cmp::Ordering::Less => true,
        core::cmp::Ordering::Equal => shown.content() == newest.content(),
        core::cmp::Ordering::Greater => false,
    }
}

/// R11: two signed statements of one author in one slot whose contents differ.
pub(crate) fn equivocates<S: Slotted>(one: &Signed<S>, other: &Signed<S>) -> bool {
    // R11: other signatures over equal content are no evidence.
    let (a, b) = (&one.statement, &other.statement);
    let epochs = a.epoch() == b.epoch() || planted(Fault::EpochlessStatements);
    let one_slot = one.author == other.author && a.chain() == b.chain() && epochs && a.slot() == b.slot();
    let differ =
        a.content() != b.content() || (planted(Fault::CompareSignatures) && one.signature != other.signature);
    one_slot && differ
}
