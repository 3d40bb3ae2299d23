//! What a node keeps to prove the past: decisions, transactions and audit leaves of every height; and redrives made
//! with it.

use cybermesh_executor::applied::Applied;
use cybermesh_proto::agree::{Decision, Item, ItemKind};
use cybermesh_proto::merkle::Log;
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::pb::control::v1::redrive::Proof;
use cybermesh_proto::message::signature_list;
use cybermesh_proto::receipt::TxLeaf;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_proto::{Count, Digest, ValidatorIndex};
use prost::Message as _;

use crate::people::Person;
use crate::world::World;

/// A world whose past is kept.
pub struct Archive {
    /// The world.
    pub world: World,
    /// Decisions from height 1 on.
    pub decisions: Vec<Decision>,
    /// Transactions of each of those heights.
    pub blocks: Vec<Vec<TxLeaf>>,
    /// All audit leaves.
    pub audit: Vec<Vec<u8>>,
    history: Log,
    audit_log: Log,
}

impl Archive {
    /// The past of a world that is at its beginning.
    #[must_use]
    pub fn new(world: World) -> Self {
        let mut history = Log::default();
        history.append(world.parent.decision.0.as_bytes());
        let (decisions, blocks, audit) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, decisions, blocks, audit, history, audit_log: Log::default() }
    }

    /// Decides a block and keeps what proves it.
    pub fn block(&mut self, now_ms: u64, items: Vec<Item>) -> Applied {
        let applied = self.world.batches(now_ms, vec![items.clone()]);
        self.keep(items, &applied);
        applied
    }

    /// Keeps what proves a block.
    pub fn keep(&mut self, items: Vec<Item>, applied: &Applied) {
        let leaf = |(index, (item, decided)): (u64, (Item, &cybermesh_executor::applied::Decided))| TxLeaf {
            index: Count::new(index),
            author: ValidatorIndex::default(),
            outcome: decided.outcome,
            item,
        };
        self.blocks.push((0..).zip(items.into_iter().zip(&applied.items)).map(leaf).collect());
        self.history.append(applied.decision.hash().0.as_bytes());
        self.decisions.push(applied.decision.clone());
        for leaf in &applied.audit_leaves {
            self.audit_log.append(leaf);
            self.audit.push(leaf.clone());
        }
    }

    /// The height of the newest block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.decisions.len() as u64
    }

    /// The proof of an outcome, under the newest root that is known.
    #[must_use]
    pub fn rejection(&self, height: u64, index: usize) -> pb::RejectionProof {
        let at = height as usize - 1;
        let (leaves, decision) = (&self.blocks[at], &self.decisions[at]);
        let size = self.height();
        pb::RejectionProof {
            leaf: encode_canonical(&leaves[index]),
            tx_path: steps(&TxLeaf::tree(leaves).path(index).unwrap()),
            decision: encode_canonical(decision),
            history_size: size,
            history_path: steps(&self.history.inclusion(height as usize, size as usize).unwrap()),
        }
    }

    /// The proof of an audit leaf, under the log as it was before the newest block.
    #[must_use]
    pub fn gap(&self, index: usize) -> pb::GapProof {
        let height = self.height() - 1;
        let size = self.decisions[height as usize - 1].audit_log.size.get();
        let path = steps(&self.audit_log.inclusion(index, size as usize).unwrap());
        pb::GapProof { leaf: self.audit[index].clone(), index: index as u64, height, path }
    }

    /// An operator's redrive.
    #[must_use]
    pub fn redrive(&self, operator: &Person, origin: &Item, attempt: u32, proof: Proof) -> Item {
        let redrive = pb::Redrive {
            chain: self.world.chain.id.0.as_bytes().to_vec(),
            operator: operator.kid().0.as_bytes().to_vec(),
            origin: origin.bytes().to_vec(),
            attempt,
            transform: String::new(),
            proof: Some(proof),
        };
        signed(operator, &redrive)
    }
}

/// Signs a redrive, with halves of zeros.
#[must_use]
pub fn signed(operator: &Person, redrive: &pb::Redrive) -> Item {
    let keys = operator.key.bundle.keys().iter();
    let halves = keys.map(|key| (key.algorithm, vec![0; key.algorithm.signature_bytes()])).collect();
    let signatures = signature_list(operator.kid(), halves);
    let signed = pb::SignedRedrive { redrive: redrive.encode_to_vec(), signatures };
    ItemKind::Redrive.item(signed.encode_to_vec()).unwrap()
}

fn steps(path: &[Digest]) -> Vec<Vec<u8>> {
    path.iter().map(|step| step.as_bytes().to_vec()).collect()
}
