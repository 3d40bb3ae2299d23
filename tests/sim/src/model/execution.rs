//! The model executor: a fold of decided blocks into a state, with everything a decision says.

use std::rc::Rc;

use cybermesh_consensus::Execution;
use cybermesh_proto::agree::{
    Batch, Block, Decision, Evidence, Item, LogState, Outbox, Validator, ValidatorSet,
};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::merkle::{BlockTree, Frontier, empty_root};
use cybermesh_proto::wire::{decode_canonical, encode_canonical};
use cybermesh_proto::{ChainId, Count, Digest, Height};

use super::{Body, ModelState, Transaction, TxId};
use crate::plan::Change;
use crate::setup::Member;

/// How an item of a block ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It had its effect.
    Applied = 1,
    /// It had had it before.
    Used = 2,
    /// It means nothing.
    Refused = 3,
}

/// The result of one block.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What the core is told.
    pub execution: Execution,
    /// The state afterwards.
    pub state: Rc<ModelState>,
    /// Transactions that were applied here.
    pub applied: Vec<TxId>,
    /// Evidence that was applied here.
    pub evidence: Vec<Evidence>,
}

/// What executing depends on beside state and block.
pub struct Rules<'a> {
    /// The chain.
    pub chain: ChainId,
    /// Everybody with keys; those from `n` on may join.
    pub members: &'a [Member],
    /// For how many heights a validator is quarantined.
    pub quarantine_heights: u64,
    /// Another value than 0 gives another result: a broken machine.
    pub salt: u64,
}

/// Executes one block.
#[must_use]
pub fn execute(before: &ModelState, block: &Block, batches: &[Rc<Batch>], rules: &Rules<'_>) -> Executed {
    let mut run = Run {
        state: before.clone(),
        next: None,
        applied: Vec::new(),
        evidence: Vec::new(),
        leaves: Vec::new(),
        rules,
    };
    run.state.height = block.header.height;
    run.state.batches.extend(block.batches.iter().map(|batch| batch.id));
    for batch in batches {
        for item in batch.items.iter() {
            let outcome = run.apply(item, block.header.height);
            run.leaves.push(encode_canonical(&(item, batch.header.author, outcome as u8)));
        }
    }
    let time = block.header.time_us;
    run.state.due.retain(|due| *due > time);
    run.finish(before, block)
}

struct Run<'a> {
    state: ModelState,
    next: Option<Vec<Validator>>,
    applied: Vec<TxId>,
    evidence: Vec<Evidence>,
    leaves: Vec<Vec<u8>>,
    rules: &'a Rules<'a>,
}

impl Run<'_> {
    fn apply(&mut self, item: &Item, height: Height) -> Outcome {
        match item {
            Item::Event(bytes) => match Transaction::read(bytes.as_slice()) {
                Some(transaction) => self.apply_transaction(transaction),
                None => Outcome::Refused,
            },
            Item::Evidence(bytes) => match decode_canonical::<Evidence>(bytes.as_slice()) {
                Ok(evidence) => self.apply_evidence(evidence, height),
                Err(_) => Outcome::Refused,
            },
            Item::Governance(_) | Item::Report(_) | Item::Redrive(_) => Outcome::Refused,
        }
    }

    fn apply_transaction(&mut self, transaction: Transaction) -> Outcome {
        if !self.state.applied.insert(transaction.id) {
            return Outcome::Used;
        }
        self.state.events.append(&transaction.id.0.to_be_bytes());
        self.applied.push(transaction.id);
        match transaction.body {
            Body::Note => {}
            Body::Due(time) => drop(self.state.due.insert(time)),
            Body::Reconfigure(change, number) => self.reconfigure(change, number),
        }
        Outcome::Applied
    }

    /// One change for each block; a change that cannot be made is none.
    fn reconfigure(&mut self, change: Change, number: u32) {
        let mut set: Vec<Validator> = self.state.set.iter().cloned().collect();
        let outside = |member: &&Member| set.iter().all(|one| one.ed25519 != member.entry.ed25519);
        let spares: Vec<_> = self.rules.members.iter().filter(outside).map(|one| one.entry.clone()).collect();
        let spare = spares.get(number as usize % spares.len().max(1)).cloned();
        match (change, spare) {
            (Change::Add, Some(spare)) => set.push(spare),
            (Change::Remove, _) if set.len() > 4 => drop(set.remove(number as usize % set.len())),
            (Change::Rotate, Some(spare)) => {
                let seat = number as usize % set.len();
                set[seat] = spare;
            }
            (Change::Add | Change::Remove | Change::Rotate, _) => return,
        }
        if self.next.is_none() {
            self.next = Some(set);
        }
    }

    /// Evidence was verified before it was packed by an honest node; a lying author may pack anything, so what names
    /// nobody of this epoch is refused. (The real executor checks the signatures.)
    fn apply_evidence(&mut self, evidence: Evidence, height: Height) -> Outcome {
        let (offender, epoch) = evidence.offender();
        let Ok(validator) = self.state.set.get(offender) else {
            return Outcome::Refused;
        };
        if epoch != self.state.epoch {
            return Outcome::Refused;
        }
        let key = validator.ed25519.0;
        let identity = evidence.identity();
        if !self.state.misdeeds.insert(identity) {
            return Outcome::Used;
        }
        self.state.audit.append(identity.0.as_bytes());
        let end = Height::new(height.get() + self.rules.quarantine_heights);
        self.state.quarantine(key, end);
        self.evidence.push(evidence);
        Outcome::Applied
    }

    fn finish(mut self, before: &ModelState, block: &Block) -> Executed {
        let header = &block.header;
        let next = self.next.take().and_then(ValidatorSet::new);
        let next_hash = next.as_ref().map_or(before.set_hash, ValidatorSet::hash);
        self.state.root = self.root(before);
        let decision = Decision {
            version: Decision::VERSION,
            chain: self.rules.chain,
            epoch: header.epoch,
            height: header.height,
            block: header.id(),
            time_us: header.time_us,
            previous: before.decision,
            history_root: before.history.root(),
            tx: LogState {
                size: Count::new(self.leaves.len() as u64),
                root: BlockTree::new(self.leaves.iter().map(Vec::as_slice)).root(),
            },
            state_root: self.state.root,
            event_log: log_state(&self.state.events),
            audit_log: log_state(&self.state.audit),
            outbox: Outbox { count: Count::ZERO, root: empty_root(), heads_hash: Digest::ZERO },
            validator_set_hash: before.set_hash,
            next_validator_set_hash: next_hash,
            protocol_version: 1,
        };
        self.state.decision = decision.hash();
        self.state.history.append(self.state.decision.0.as_bytes());
        if let Some(set) = &next {
            self.state.epoch = self.state.epoch.next();
            self.state.set = Rc::new(set.clone());
            self.state.set_hash = next_hash;
        }
        let (quarantines, due) = (self.state.quarantines(), self.state.due.first().copied());
        let execution = Execution { decision, next, quarantines, due };
        Executed { execution, state: Rc::new(self.state), applied: self.applied, evidence: self.evidence }
    }

    fn root(&self, before: &ModelState) -> Digest {
        let height = self.state.height.get().to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![before.root.as_bytes(), &height];
        parts.extend(self.leaves.iter().map(Vec::as_slice));
        let due = encode_canonical(&self.state.due.iter().collect::<Vec<_>>());
        let salt = self.rules.salt.to_be_bytes();
        parts.push(&due);
        if self.rules.salt != 0 {
            parts.push(&salt);
        }
        sha256(&parts)
    }
}

fn log_state(log: &Frontier) -> LogState {
    LogState { size: Count::new(log.size()), root: log.root() }
}
