//! False receipts: every lie we could think of, each with the code it must be refused with.
//!
//! The liar here is strong: it holds *all* keys of every epoch that has ended, and of the present one where the
//! lie says so. What no verifier can refuse from a genesis hash alone stands in `receipts.rs` with its verdict.

mod certificates;
mod contents;
mod epochs;

use cybermesh_proto::agree::{Item, ItemKind};
use cybermesh_proto::keys::{Algorithm, Scheme};
use cybermesh_proto::receipt::{Grounds, Receipt};
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::{ChainId, Code, Epoch};
use cybermesh_verify::{PureRust, Trust, verify_receipt};

use crate::chain::Chain;
use crate::cluster::{members, producer};
use crate::events::{anomaly, signed};
use crate::story::{Story, item};

/// A false receipt.
#[derive(Clone, Debug)]
pub struct Lie {
    /// What it claims, and how.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What its reader remembers.
    pub memory: Option<Vec<u8>>,
    /// What its reader trusts.
    pub chain: ChainId,
    /// The code it must be refused with.
    pub expect: Code,
}

struct Liar {
    /// The true chain: epochs 0, 1 and 2; epoch 0 ends at height 2, epoch 1 at height 4.
    truth: Story,
    /// Another past of epoch 0, made with its retired keys: the same first block, then no handover.
    past: Chain,
    /// What a reader remembers that has seen the newest receipt.
    memory: Vec<u8>,
}

/// All lies.
#[must_use]
pub fn lies() -> Vec<Lie> {
    let liar = Liar::new();
    let mut lies = liar.about_epochs();
    lies.extend(liar.about_handovers());
    lies.extend(liar.about_transactions());
    lies.extend(liar.about_decisions());
    lies.extend(liar.about_certificates());
    lies.extend(liar.about_the_genesis());
    lies.extend(certificates::about_the_scheme());
    lies
}

impl Liar {
    fn new() -> Self {
        let truth = Story::new(Scheme::Ed25519, 4, 2);
        let newest = encode_canonical(&truth.chain.receipt_under_newest(1, 0));
        let chain = truth.chain.genesis.chain();
        let trust = Trust { chain, memory: None, producer: None };
        let (_, memory) = verify_receipt(&newest, trust, &PureRust).unwrap();
        let first = members("node", 4);
        let mut past = Chain::new(truth.chain.genesis.genesis().clone(), first);
        let same = truth.chain.block(1).leaves.iter();
        past.decide(same.map(|leaf| (leaf.item.clone(), Code::from_number(leaf.outcome).unwrap())).collect());
        for seq in 50..54 {
            past.decide(vec![(Self::invented(seq), Code::EventApplied)]);
        }
        Self { truth, past, memory: memory.to_bytes() }
    }

    /// An event that nobody decided.
    fn invented(seq: u64) -> Item {
        let producer = producer("det-1", Algorithm::MlDsa44);
        item(ItemKind::Event, signed(&anomaly(&producer, seq), &producer))
    }

    fn lie(&self, name: &'static str, expect: Code, receipt: &Receipt) -> Lie {
        let chain = self.truth.chain.genesis.chain();
        Lie { name, bytes: encode_canonical(receipt), memory: None, chain, expect }
    }

    fn remembering(&self, lie: Lie) -> Lie {
        Lie { memory: Some(self.memory.clone()), ..lie }
    }

    fn with_true_handovers(&self, receipt: Receipt) -> Receipt {
        Receipt { handovers: List::new(self.truth.chain.handovers.clone()).unwrap(), ..receipt }
    }

    /// A changed decision, certified anew with the keys of an epoch that the liar holds.
    fn recertified(&self, receipt: Receipt, epoch: u64) -> Receipt {
        let mut forger = self.truth.chain.clone();
        let names = if epoch == 0 { "node".to_owned() } else { format!("epoch-{epoch}") };
        forger.members = members(&names, 4);
        forger.committee.epoch = Epoch::new(epoch);
        let certificate = forger.certify(&receipt.decision);
        Receipt { grounds: Grounds::Certificate(certificate), ..receipt }
    }
}
