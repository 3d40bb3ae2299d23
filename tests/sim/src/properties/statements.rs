//! What leaves a node: one statement for each slot, ever, and nothing before what it rests on is on disk.

use std::collections::BTreeMap;

use cybermesh_consensus::{Outbound, SafetyRecord};
use cybermesh_proto::agree::{Header, Proposal, Slotted, TimeoutStatement, VoteStatement};
use cybermesh_proto::{BlockId, Epoch, TimeUs, View};

use super::Judge;
use crate::disk::Disks;

const PROPOSAL: u8 = 1;
const VOTE: u8 = 2;
const TIMEOUT: u8 = 3;
const ATTESTATION: u8 = 4;

/// Key, epoch, kind, slot.
type Slot = ([u8; 32], Epoch, u8, u64);

/// 2 s behind its clock, or as long as the view may take, an honest node accepts a header's time (R9).
const BEHIND_US: u64 = 2_000_000;
/// 3 s: what may pass between the arrival of a header and the vote (fetching, syncs), with the slowest disks of any plan.
const SLACK_US: u64 = 3_000_000;

/// What a node's clock says when it lets something out, and how long its views take.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The clock.
    pub clock: TimeUs,
    /// The longer of the timeouts of the present view and the one before, in µs.
    pub patience_us: u64,
}

/// Everything that was ever said.
#[derive(Debug, Default)]
pub(super) struct Slots {
    said: BTreeMap<Slot, Vec<u8>>,
    /// The newest view that each key said anything in.
    newest: BTreeMap<[u8; 32], (Epoch, View)>,
    /// The same when its holder forgot.
    forgotten: BTreeMap<[u8; 32], (Epoch, View)>,
    /// The highest claim in the TC that came with a block.
    claims: BTreeMap<BlockId, View>,
}

impl Judge {
    /// A message leaves a node.
    pub fn released(
        &mut self,
        node: u32,
        key: [u8; 32],
        outbound: &Outbound,
        disks: &Disks,
        reading: Reading,
    ) {
        if self.is_faulty(node) {
            return;
        }
        match outbound {
            Outbound::Proposal(proposal) => {
                let statement = proposal.signed().statement;
                self.said(node, key, PROPOSAL, &statement);
                self.proposed(proposal);
                let view = statement.view;
                self.covered(node, disks, (statement.epoch, view), "proposal", |record| {
                    record.last_proposal_view >= view
                });
            }
            Outbound::Vote(vote) => {
                let statement = &vote.statement;
                self.said(node, key, VOTE, statement);
                let view = statement.view;
                self.covered(node, disks, (statement.epoch, view), "vote", |record| {
                    record.last_voted_view >= view
                });
                self.payload_held(node, disks, statement);
                self.dated(node, disks, statement, reading);
            }
            Outbound::Timeout(change) => {
                let statement = &change.timeout.statement;
                self.said(node, key, TIMEOUT, statement);
                self.locked(node, disks, statement);
                let view = statement.view;
                self.covered(node, disks, (statement.epoch, view), "timeout", |record| {
                    record.highest_timeout_view >= view
                });
            }
            Outbound::Attestation(attestation) => {
                let statement = &attestation.statement;
                self.said(node, key, ATTESTATION, statement);
                if disks.state.applied(statement.height).is_none() {
                    let what = format!("attestation of height {} before its result", statement.height);
                    self.fault(node, "persist-then-release", &what);
                }
            }
            Outbound::Acknowledged(..)
            | Outbound::Heartbeat(_)
            | Outbound::Evidence(_)
            | Outbound::AskNewer(_)
            | Outbound::Newer(_)
            | Outbound::AskBlocks(_)
            | Outbound::AskOwn(_)
            | Outbound::Own(_)
            | Outbound::AskReport(_)
            | Outbound::Report(_) => {}
        }
    }

    fn said<S: Slotted>(&mut self, node: u32, key: [u8; 32], kind: u8, statement: &S) {
        let content = statement.content();
        let slot = (key, statement.epoch(), kind, statement.slot());
        if kind != ATTESTATION {
            self.in_view(node, key, (statement.epoch(), View::new(statement.slot())));
        }
        let known = self.slots.said.entry(slot).or_insert_with(|| content.clone());
        if *known != content {
            let what = format!(
                "two statements of kind {kind} in slot {} of epoch {}",
                statement.slot(),
                statement.epoch()
            );
            self.fault(node, "one-statement-per-slot", &what);
        }
    }

    /// Whether the holder of a key has attested a height.
    pub(super) fn has_attested(&self, key: &[u8; 32], header: &Header) -> bool {
        self.slots.said.contains_key(&(*key, header.epoch, ATTESTATION, header.height.get()))
    }

    /// A node loses its safety record: it must never sign in a view again that it may have signed in.
    pub fn forgets(&mut self, key: [u8; 32]) {
        if let Some(newest) = self.slots.newest.get(&key) {
            self.slots.forgotten.insert(key, *newest);
        }
    }

    /// The newest view that the holder of a key signed in before it forgot.
    pub(super) fn forgotten(&self, key: &[u8; 32]) -> Option<(Epoch, View)> {
        self.slots.forgotten.get(key).copied()
    }

    fn in_view(&mut self, node: u32, key: [u8; 32], place: (Epoch, View)) {
        if let Some(forgotten) = self.slots.forgotten.get(&key).filter(|forgotten| place <= **forgotten) {
            let what = format!("signs in {place:?}, and signed in {forgotten:?} before it forgot");
            self.fault(node, "forgotten-views-stay-unsigned", &what);
        }
        let newest = self.slots.newest.entry(key).or_insert(place);
        *newest = (*newest).max(place);
    }

    /// A timeout claims no less than the lock that is on disk.
    fn locked(&mut self, node: u32, disks: &Disks, timeout: &TimeoutStatement) {
        let record = disks.safety.synced().filter(|record| record.epoch == timeout.epoch);
        if let Some(record) = record.filter(|record| record.lock_view > timeout.hqc_view) {
            let what = format!("timeout claims view {}, locked on {}", timeout.hqc_view, record.lock_view);
            self.fault(node, "timeouts-claim-the-lock", &what);
        }
    }

    /// A proposal was seen: its TC is not kept with the block.
    pub(super) fn proposed(&mut self, proposal: &Proposal) {
        if let Some(tc) = &proposal.tc {
            self.slots.claims.insert(proposal.header.id(), tc.highest_claim());
        }
    }

    fn covered(
        &mut self,
        node: u32,
        disks: &Disks,
        (epoch, view): (Epoch, View),
        kind: &str,
        covers: impl Fn(&SafetyRecord) -> bool,
    ) {
        let record = disks.safety.synced();
        let on_disk =
            record.is_some_and(|record| record.epoch > epoch || (record.epoch == epoch && covers(record)));
        if !on_disk {
            let what = format!("{kind} of view {view} of epoch {epoch} before the record that covers it");
            self.fault(node, "persist-then-release", &what);
        }
    }

    /// R9 is about the moment of arrival; a vote comes a little later. A clock that jumped is nobody's lie.
    fn dated(&mut self, node: u32, disks: &Disks, vote: &VoteStatement, reading: Reading) {
        let Some(block) = disks.payload.block(&vote.block).filter(|_| !self.jumped.contains(&node)) else {
            return;
        };
        let (time, clock) = (block.header.time_us.get(), reading.clock.get());
        let behind = BEHIND_US.max(reading.patience_us) + SLACK_US;
        if clock > time + behind || time > clock + BEHIND_US + SLACK_US {
            let what = format!("vote of view {} for a block of {time} at {clock}", vote.view);
            self.fault(node, "votes-bound-the-time", &what);
        }
    }

    fn payload_held(&mut self, node: u32, disks: &Disks, vote: &VoteStatement) {
        let Some(block) = disks.payload.block(&vote.block) else {
            let what = format!("vote of view {} before its block is on disk", vote.view);
            return self.fault(node, "payload-is-durable", &what);
        };
        let tied = block.qc.block == block.header.parent && block.qc.height.next() == block.header.height;
        let claim = self.slots.claims.get(&vote.block);
        let follows =
            block.qc.view.next() == block.header.view || claim.is_some_and(|claim| block.qc.view >= *claim);
        let missing = block.batches.iter().filter(|batch| disks.payload.batch(&batch.id).is_none()).count();
        if missing > 0 {
            let what = format!("vote of view {} with {missing} batches not on disk", vote.view);
            self.fault(node, "payload-is-durable", &what);
        }
        if !tied || !follows {
            let what = format!("vote of view {} for a block on a QC of view {}", vote.view, block.qc.view);
            self.fault(node, "votes-follow-certificates", &what);
        }
    }
}
