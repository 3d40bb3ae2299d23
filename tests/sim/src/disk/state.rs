//! The state store: one synced write batch for each applied height, and the certificates.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use cybermesh_consensus::Generation;
use cybermesh_proto::Height;
use cybermesh_proto::agree::{Attestation, Block, Decision, DecisionCertificate, Handover};

use crate::model::Executed;
use crate::rng::Rng;

/// The write batch of one height.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The block.
    pub block: Arc<Block>,
    /// Its result.
    pub executed: Rc<Executed>,
    /// This node's attestation, unless it needed none.
    pub attestation: Option<Attestation>,
    /// The newest generation of the safety record that was on disk when the batch was built.
    pub mirror: Generation,
}

/// A decision with its certificate, and the handover when it ends its epoch.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The decision.
    pub decision: Decision,
    /// Its certificate.
    pub certificate: DecisionCertificate,
    /// The next validators.
    pub handover: Option<Handover>,
}

/// One write.
#[derive(Clone, Debug)]
pub enum StateWrite {
    /// A height.
    Applied(Rc<Applied>),
    /// A certificate.
    Certified(Rc<Certified>),
}

/// The store.
#[derive(Clone, Debug, Default)]
pub struct StateStore {
    applied: BTreeMap<Height, Rc<Applied>>,
    certified: BTreeMap<Height, Rc<Certified>>,
    pending: VecDeque<StateWrite>,
}

impl StateStore {
    /// Appends a write to the log.
    pub fn write(&mut self, write: StateWrite) {
        self.pending.push_back(write);
    }

    /// The oldest write is synced.
    pub fn sync(&mut self) -> Option<StateWrite> {
        let write = self.pending.pop_front()?;
        self.keep(write.clone());
        Some(write)
    }

    fn keep(&mut self, write: StateWrite) {
        match write {
            StateWrite::Applied(applied) => {
                drop(self.applied.insert(applied.block.header.height, applied));
            }
            StateWrite::Certified(certified) => {
                drop(self.certified.insert(certified.decision.height, certified));
            }
        }
    }

    /// The power goes off: the log is whole up to some write.
    pub fn crash(&mut self, rng: &mut Rng) -> u64 {
        let pending = std::mem::take(&mut self.pending);
        let (count, kept) = (pending.len(), rng.place(pending.len() + 1));
        pending.into_iter().take(kept).for_each(|write| self.keep(write));
        count as u64
    }

    /// The newest applied height.
    #[must_use]
    pub fn newest(&self) -> Option<&Rc<Applied>> {
        self.applied.last_key_value().map(|(_, applied)| applied)
    }

    /// An applied height.
    #[must_use]
    pub fn applied(&self, height: Height) -> Option<&Rc<Applied>> {
        self.applied.get(&height)
    }

    /// All applied heights.
    pub fn all_applied(&self) -> impl Iterator<Item = &Rc<Applied>> {
        self.applied.values()
    }

    /// The newest certificate.
    #[must_use]
    pub fn newest_certified(&self) -> Option<&Rc<Certified>> {
        self.certified.last_key_value().map(|(_, certified)| certified)
    }

    /// The certificate of a height.
    #[must_use]
    pub fn certified(&self, height: Height) -> Option<&Rc<Certified>> {
        self.certified.get(&height)
    }

    /// The handovers, oldest first.
    pub fn handovers(&self) -> impl Iterator<Item = &Handover> {
        self.certified.values().filter_map(|certified| certified.handover.as_ref())
    }

    /// The newest generation of the safety record that this store knows to have been on disk.
    #[must_use]
    pub fn mirror(&self) -> Generation {
        self.newest().map_or(Generation::default(), |applied| applied.mirror)
    }
}
