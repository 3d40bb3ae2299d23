//! Equivocation: what an honest node has seen both sides of ends as evidence, and no honest node is ever named.

use std::collections::{BTreeMap, BTreeSet};

use cybermesh_consensus::Message;
use cybermesh_proto::agree::{Evidence, Signed, Slotted};
use cybermesh_proto::wire::{Checked, Wire};
use cybermesh_proto::{Epoch, View};

use super::{Judge, Verdict};
use crate::world::{Committees, Interned};

/// 16 views ahead statements are kept, and one behind.
const AHEAD: u64 = 16;

/// Key, epoch, kind, slot.
type Slot = ([u8; 32], Epoch, u8, u64);

/// What was seen, and what was found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By observer and its life: the contents seen in a slot of a faulty author.
    contents: BTreeMap<(u32, u32, Slot), Vec<u8>>,
    expected: BTreeMap<Slot, u32>,
    found: BTreeSet<Slot>,
}

impl Judge {
    /// A node got a verified message.
    pub fn delivered(
        &mut self,
        node: u32,
        life: u32,
        view: (Epoch, View),
        message: &Message,
        committees: &Committees,
    ) {
        if self.is_faulty(node) {
            return;
        }
        self.shows(node, life, committees.newest(), message);
        let observer = (node, life, view);
        match message {
            Message::Proposal(one) => {
                self.proposed(one.get());
                self.heard(observer, 1, &one.get().signed(), committees);
            }
            Message::Vote(one) => self.heard(observer, 2, one.get(), committees),
            Message::Timeout(one) => self.heard(observer, 3, &one.get().timeout, committees),
            Message::Evidence(one) => self.names_nobody_honest(node, one.get(), committees),
            _ => {}
        }
    }

    fn heard<S: Slotted>(
        &mut self,
        (node, life, view): (u32, u32, (Epoch, View)),
        kind: u8,
        signed: &Signed<S>,
        committees: &Committees,
    ) {
        let said = &signed.statement;
        let key = committees.get(said.epoch()).and_then(|committee| committee.key(signed.author));
        let Some(key) = key.filter(|key| !self.key_is_honest(key)) else {
            return;
        };
        let kept =
            said.epoch() == view.0 && said.slot() + 1 >= view.1.get() && said.slot() <= view.1.get() + AHEAD;
        if !kept {
            return;
        }
        let slot = (key, said.epoch(), kind, said.slot());
        let content = said.content();
        let known = self.seen.contents.entry((node, life, slot)).or_insert_with(|| content.clone());
        if *known != content {
            self.seen.expected.entry(slot).or_insert(node);
        }
    }

    fn names_nobody_honest(&mut self, node: u32, evidence: &Evidence, committees: &Committees) {
        let (offender, epoch) = evidence.offender();
        let key = committees.get(epoch).and_then(|committee| committee.key(offender));
        if key.is_some_and(|key| self.key_is_honest(&key)) {
            let what = format!("evidence against validator {offender} of epoch {epoch}");
            self.fault(node, "nobody-honest-is-named", &what);
        }
    }

    /// A node found evidence.
    pub fn evidence(&mut self, node: u32, evidence: &Evidence, committee: Option<&Interned>) {
        if self.is_faulty(node) {
            return;
        }
        self.note("evidence".to_owned());
        let Some(committee) = committee else {
            return self.fault(node, "evidence-of-a-known-epoch", "an epoch that it does not know");
        };
        let check = self.scheme.check();
        let checked = evidence.check_shape().and_then(|()| evidence.check(&committee.committee, check));
        if let Err(refusal) = checked {
            return self.fault(node, "evidence-verifies", &refusal.to_string());
        }
        let (offender, epoch) = evidence.offender();
        let Some(key) = committee.key(offender) else {
            return;
        };
        if self.key_is_honest(&key) {
            let what = format!("validator {offender} of epoch {epoch}: {evidence:?}");
            self.fault(node, "nobody-honest-is-named", &what);
        }
        let (kind, slot) = match evidence {
            Evidence::Proposals(pair) => (1, pair.first.statement.slot()),
            Evidence::Votes(pair) => (2, pair.first.statement.slot()),
            Evidence::Timeouts(pair) => (3, pair.first.statement.slot()),
            Evidence::Attestations(pair) => (4, pair.first.statement.slot()),
            Evidence::Batches(pair) => (5, pair.first.statement.slot()),
        };
        self.seen.found.insert((key, epoch, kind, slot));
    }

    pub(super) fn check_evidence(&mut self) {
        let missing = self.seen.expected.iter().find(|(slot, _)| !self.seen.found.contains(slot));
        if let Some(((_, epoch, kind, slot), node)) = missing {
            let what = format!("n{node} saw both of kind {kind}, slot {slot} of epoch {epoch}");
            self.find(Verdict::Diverged, "equivocation-becomes-evidence", Some(*node), what);
        }
    }
}
