//! The epochs a verifier knows: how each one ended, and what it remembers of that between two receipts.
//!
//! A chain of handovers is remembered by content. One that is neither prefix nor extension of it is refused:
//! with honest validators there is only one. What a prefix leaves out still counts: an epoch that is known to
//! have ended stays ended.

use cybermesh_proto::agree::{Committee, Decision, Handover};
use cybermesh_proto::genesis::TrustedGenesis;
use cybermesh_proto::keys::SignatureCheck;
use cybermesh_proto::limits::HANDOVERS_MAX;
use cybermesh_proto::wire::{List, Wire, decode_canonical, encode_canonical};
use cybermesh_proto::{ChainId, Code, Count, DecisionHash, Epoch, Height, Refusal};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// How an epoch ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct EpochEnd {
    /// The height of its last decision.
    pub height: Height,
    /// That decision; it names the next validators too.
    pub decision: DecisionHash,
    /// The size of the event log then.
    pub event_log_size: Count,
    /// The size of the audit log then.
    pub audit_log_size: Count,
}

impl EpochEnd {
    /// The end that a decision makes.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        Self {
            height: decision.height,
            decision: decision.hash(),
            event_log_size: decision.event_log.size,
            audit_log_size: decision.audit_log.size,
        }
    }
}

/// What a verifier remembers: the ends of epochs 0, 1, … of one chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct EpochMemory {
    /// Format of the memory; 1.
    pub version: u16,
    /// The chain.
    pub chain: ChainId,
    /// The ends, in order.
    pub ends: List<EpochEnd, HANDOVERS_MAX>,
}

impl EpochMemory {
    /// A memory of nothing yet.
    #[must_use]
    pub fn new(chain: ChainId) -> Self {
        Self { version: 1, chain, ends: List::default() }
    }

    /// Reads what [`Self::to_bytes`] wrote for this chain.
    pub fn from_bytes(bytes: &[u8], chain: ChainId) -> Result<Self, Refusal> {
        let damaged = |refusal: Refusal| Refusal::new(Code::ReceiptMemory, refusal.note);
        let memory: Self = decode_canonical(bytes).map_err(damaged)?;
        if memory.chain == chain {
            Ok(memory)
        } else {
            Err(Refusal::new(Code::ReceiptMemory, "of another chain"))
        }
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_canonical(self)
    }
}

impl Wire for EpochMemory {
    const NAME: &'static str = "epoch memory";
    /// 64 KiB: 1,024 ends of at most 62 bytes.
    const BYTES_MAX: usize = 64 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let ascending = self.ends.windows(2).all(|pair| matches!(pair, [a, b] if a.height < b.height));
        if ascending && self.version == 1 {
            Ok(())
        } else {
            Err(Refusal::new(Code::ReceiptMemory, "epochs out of order, or a later format"))
        }
    }
}

/// The committees whose keys are known, and the ends of epochs, known from either side.
pub(crate) struct KnownEpochs {
    first: Height,
    committees: Vec<Committee>,
    ends: Vec<EpochEnd>,
}

impl KnownEpochs {
    /// Follows the handovers from the genesis, checking each with the keys of the epoch it ends.
    ///
    /// What contradicts the memory is refused before the first signature is checked.
    pub(crate) fn follow(
        genesis: &TrustedGenesis,
        handovers: &[Handover],
        memory: Option<&EpochMemory>,
        signatures: &dyn SignatureCheck,
    ) -> Result<Self, Refusal> {
        let remembered: &[EpochEnd] = memory.map_or(&[], |memory| &memory.ends);
        let told: Vec<_> = handovers.iter().map(|handover| EpochEnd::of(&handover.decision)).collect();
        if told.iter().zip(remembered).any(|(told, remembered)| told != remembered) {
            return Err(Refusal::new(Code::ReceiptHandoverFork, "an epoch ended otherwise"));
        }
        let mut committee = genesis.committee();
        let first = committee.root.height;
        let mut committees = Vec::with_capacity(handovers.len().saturating_add(1));
        for handover in handovers {
            let next = handover.follow(&committee, signatures)?;
            committees.push(std::mem::replace(&mut committee, next));
        }
        committees.push(committee);
        let ends = if told.len() >= remembered.len() { told } else { remembered.to_vec() };
        Ok(Self { first, committees, ends })
    }

    /// The committee of an epoch, if the handovers lead to it.
    pub(crate) fn committee(&self, epoch: Epoch) -> Result<&Committee, Refusal> {
        place(epoch).and_then(|place| self.committees.get(place)).ok_or_else(|| unknown(epoch))
    }

    fn end_of(&self, place: Option<usize>, epoch: Epoch) -> Result<&EpochEnd, Refusal> {
        place.and_then(|place| self.ends.get(place)).ok_or_else(|| unknown(epoch))
    }

    /// Refuses a decision outside the heights of its epoch, or one that contradicts the epoch's end.
    pub(crate) fn check_within(&self, decision: &Decision) -> Result<(), Refusal> {
        let (epoch, height) = (decision.epoch, decision.height);
        let begun = match place(epoch) {
            Some(0) => self.first,
            place => self.end_of(place.and_then(|place| place.checked_sub(1)), epoch)?.height,
        };
        if height <= begun {
            let note = format!("height {height}, epoch {epoch} grows from {begun}");
            return Err(Refusal::new(Code::ReceiptEpochNotBegun, note));
        }
        let Some(end) = place(epoch).and_then(|place| self.ends.get(place)) else {
            return Ok(());
        };
        if height > end.height {
            let note = format!("height {height}, epoch {epoch} ended at {}", end.height);
            return Err(Refusal::new(Code::ReceiptEpochEnded, note));
        }
        // The last decision is the one that ends the epoch, and no other one does.
        if (height == end.height || decision.ends_epoch()) && EpochEnd::of(decision) != *end {
            return Err(Refusal::new(Code::ReceiptHandoverFork, "another decision than the epoch's last"));
        }
        Ok(())
    }

    /// Takes note of a proven decision: the first one that is known to end its epoch ends it.
    pub(crate) fn learn(&mut self, decision: &Decision) {
        let next = place(decision.epoch) == Some(self.ends.len()) && self.ends.len() < HANDOVERS_MAX;
        if decision.ends_epoch() && next {
            self.ends.push(EpochEnd::of(decision));
        }
    }

    /// Whether an epoch is known to have ended.
    pub(crate) fn has_ended(&self, epoch: Epoch) -> bool {
        place(epoch).is_some_and(|place| self.ends.get(place).is_some())
    }

    /// What to remember now.
    pub(crate) fn memory(&self, chain: ChainId) -> EpochMemory {
        EpochMemory { version: 1, chain, ends: List::new(self.ends.clone()).unwrap_or_default() }
    }
}

fn unknown(epoch: Epoch) -> Refusal {
    Refusal::new(Code::ReceiptEpochUnknown, format!("no handover leads to epoch {epoch}"))
}

fn place(epoch: Epoch) -> Option<usize> {
    usize::try_from(epoch.get()).ok()
}
