//! From what was found on disk to a running core.
//!
//! Nothing is signed before others were asked (R15). A record older than its mirror, damaged or missing is a memory
//! lost; its successor's generation lies above everything that was ever written, so that no older slot wins again.

use std::collections::BTreeMap;
use std::sync::Arc;

use cybermesh_proto::View;
use cybermesh_proto::agree::{Anchor, AttestationStatement, Committee};

use crate::amnesia::Standing;
use crate::anchor::Ledger;
use crate::attest::Attest;
use crate::catch_up::CatchUp;
use crate::core::Core;
use crate::effect::{Alarm, Effect, ToSign};
use crate::epoch::{Ended, index_of};
use crate::evidence::Seen;
use crate::input::Timer;
use crate::pacemaker::Pacemaker;
use crate::propose::Proposing;
use crate::quorum::Tally;
use crate::safety::{Released, Safety};
use crate::start::{Found, Start};
use crate::tree::{Place, Tree};
use crate::variables::{Generation, Memory, SafetyRecord};

impl Core {
    /// A core from what was found on disk, and its first effects.
    #[must_use]
    pub fn start(start: Start) -> (Self, Vec<Effect>) {
        let committee = Arc::new(start.committee.clone());
        let mut safety = Safety::new(remembered(&start, &committee));
        // R8: what was read may never have been synced, and R10: the epoch may have changed since.
        let write = if safety.record().epoch < committee.epoch {
            safety.enter(&committee)
        } else {
            safety.persist(Released::Record)
        };
        let mut core = Self::idle(start, committee, safety);
        core.push(write);
        if core.safety.record().memory == Memory::Forgot {
            core.push(Effect::Alarm(Alarm::Amnesia));
        }
        core.begin();
        let effects = core::mem::take(&mut core.out);
        (core, effects)
    }

    fn idle(start: Start, committee: Arc<Committee>, safety: Safety) -> Self {
        let record = safety.record();
        let certified = start.certified.as_ref().map_or(committee.root.height, |pair| pair.0.height);
        let ledger = Ledger::new(&start.decisions, start.applied.height, certified);
        let root = root(&start, &committee, &ledger);
        let past: Vec<_> =
            start.past.iter().filter(|header| header.epoch == committee.epoch).cloned().collect();
        let view = view_of(record, &committee);
        let decided = root.view;
        let fenced = record.memory != Memory::Whole;
        let me = index_of(&committee.set, start.key);
        let height = start.applied.height;
        let newest = start.certified.map(|pair| Arc::new(*pair));
        let mut core = Self {
            key: start.key,
            clock: start.clock,
            me,
            safety,
            pacemaker: Pacemaker::new(committee.epoch, view, decided),
            tally: Tally::default(),
            tree: Tree::new(root, committee.root.height, &past),
            candidates: BTreeMap::new(),
            proposing: Proposing::default(),
            decided: BTreeMap::new(),
            ledger,
            attest: Attest::new(height, start.uncertified, start.attestations, newest),
            ended: start.next.map(|next| Ended { height, next }),
            quarantines: start.quarantines,
            due: start.due,
            work: false,
            standing: Standing::new(start.nonce, start.lost_store || fenced),
            catch_up: CatchUp::default(),
            seen: Seen::default(),
            halted: false,
            out: Vec::new(),
            config: start.config,
            committee,
        };
        for block in start.blocks {
            let id = block.header.id();
            if block.header.epoch == core.committee.epoch && core.insert(id, block, None) {
                core.on_stored(id);
            }
        }
        core
    }

    /// The first timers and questions.
    fn begin(&mut self) {
        self.arm_view();
        self.push(Effect::Schedule(Timer::Heartbeat, self.config.heartbeat));
        self.push(Effect::Schedule(Timer::Resend, self.config.resend));
        self.schedule_due();
        self.attest_again();
        // A node counts its own attestations, or all nodes, started at once, would be one short for ever.
        for own in self.attest.own().cloned().collect::<Vec<_>>() {
            self.collect(own);
        }
        self.ask_own_again();
        let high_qc = self.safety.record().high_qc.clone();
        self.want(high_qc.block, high_qc.height, None);
    }

    /// The newest result may be on disk without an attestation: it was covered by a certificate that is lost.
    fn attest_again(&mut self) {
        let height = self.ledger.applied();
        let missing =
            height > self.ledger.certified() && self.attest.own().all(|own| own.statement.height < height);
        if let Some(decision) = self.attest.result(height).filter(|_| missing && self.me.is_some()) {
            let statement = AttestationStatement::of(decision);
            self.push(Effect::Sign(Box::new(ToSign::Attestation(statement))));
        }
    }
}

/// The record to go on from.
fn remembered(start: &Start, committee: &Committee) -> SafetyRecord {
    let fresh = |memory, generation| SafetyRecord { memory, ..SafetyRecord::fresh(committee, generation) };
    match &start.record {
        Found::FirstBoot if start.mirror == Generation::default() => fresh(Memory::Whole, start.mirror),
        Found::Record(record) if record.chain == committee.chain => {
            // R15: older than its mirror.
            if record.generation >= start.mirror {
                return unsaid((**record).clone());
            }
            fresh(Memory::Forgot, start.mirror)
        }
        Found::Record(_) | Found::FirstBoot | Found::Nothing => fresh(Memory::Forgot, start.mirror),
    }
}

/// A timeout or proposal whose bytes are not in the record never left, however the record got its number: it may be made
/// anew. Else a view in which this node neither voted nor timed out would be lost to it for ever.
fn unsaid(mut record: SafetyRecord) -> SafetyRecord {
    let timeout = record.last_timeout.as_ref().map_or(View::ZERO, |timeout| timeout.statement.view);
    let proposal = record.last_proposal.as_ref().map_or(View::ZERO, |proposal| proposal.header.view);
    record.highest_timeout_view = record.fence.max(timeout);
    record.last_proposal_view = record.fence.max(proposal);
    record
}

/// The newest applied block; the epoch's root counts as view 0 and is its own anchor.
fn root(start: &Start, committee: &Committee, ledger: &Ledger) -> Place {
    let applied = Place::of(&start.applied);
    if applied.id != committee.root.block {
        return applied;
    }
    let decision = ledger.decision(applied.height).unwrap_or(start.applied.anchor_hash);
    Place { view: View::ZERO, anchor: Anchor { height: applied.height, decision }, ..applied }
}

/// The view after the newest certificate; the first one in an epoch that the record does not know.
pub(crate) fn view_of(record: &SafetyRecord, committee: &Committee) -> View {
    if record.epoch != committee.epoch {
        return View::ZERO.next();
    }
    record.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view).max(record.high_qc.view).next()
}
