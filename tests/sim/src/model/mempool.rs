//! The model mempool: admits items, packs them into batches, keeps the batches of others, and chooses for leaders.
//!
//! **Promises**: what was admitted stays until it is applied or the node stops; a leader gets the oldest batches of all
//! authors first and at most 1/n of a block of one author; two batches of one number become evidence.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use cybermesh_proto::agree::{Batch, BatchHeader, BatchRef, Evidence, Item, Pair, Signed};
use cybermesh_proto::wire::decode_canonical;
use cybermesh_proto::{BatchId, BatchSeq, Epoch, ValidatorIndex};

use super::{ModelState, Transaction};

/// 64 undecided batches of one author: more are not taken from a push.
const AUTHOR_BATCHES_MAX: usize = 64;

/// A verified batch on disk.
#[derive(Clone, Debug)]
pub struct Held {
    /// How blocks name it.
    pub reference: BatchRef,
    /// The batch.
    pub batch: Rc<Batch>,
}

/// What one node wants ordered.
#[derive(Clone, Debug, Default)]
pub struct Mempool {
    pending: VecDeque<Item>,
    known: BTreeSet<Vec<u8>>,
    own: BTreeMap<BatchId, Rc<Batch>>,
    held: BTreeMap<u64, Held>,
    places: BTreeMap<BatchId, u64>,
    slots: BTreeMap<(Epoch, ValidatorIndex, BatchSeq), Signed<BatchHeader>>,
    arrivals: u64,
}

impl Mempool {
    /// Takes an item; false if it is known already or was applied.
    pub fn admit(&mut self, item: Item, state: &ModelState) -> bool {
        if is_final(&item, state) || !self.known.insert(item.bytes().to_vec()) {
            return false;
        }
        self.pending.push_back(item);
        true
    }

    /// Items for the next batch.
    pub fn take(&mut self, most: usize) -> Vec<Item> {
        let most = most.min(self.pending.len());
        self.pending.drain(..most).collect()
    }

    /// Whether items wait to be packed.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Remembers an own batch until it is decided.
    pub fn packed(&mut self, id: BatchId, batch: Rc<Batch>) {
        self.own.insert(id, batch);
    }

    /// Own batches that are not decided.
    pub fn own(&self) -> impl Iterator<Item = (&BatchId, &Rc<Batch>)> {
        self.own.iter()
    }

    /// Whether a pushed batch of this author is taken.
    #[must_use]
    pub fn has_room(&self, author: ValidatorIndex) -> bool {
        self.held.values().filter(|held| held.reference.author == author).count() < AUTHOR_BATCHES_MAX
    }

    /// Takes a verified batch that is on disk now. Two of one number are evidence.
    pub fn hold(&mut self, id: BatchId, batch: Rc<Batch>, state: &ModelState) -> Option<Evidence> {
        if self.places.contains_key(&id) {
            return None;
        }
        let header = &batch.header;
        let slot = (header.epoch, header.author, header.batch_seq);
        let signed = batch.signed();
        let evidence = match self.slots.get(&slot) {
            Some(other) if other.statement != signed.statement => {
                Some(Evidence::Batches(Pair::new(other.clone(), signed)))
            }
            Some(_) => None,
            None => {
                self.slots.insert(slot, signed);
                None
            }
        };
        if header.epoch == state.epoch && !state.batches.contains(&id) {
            let reference = BatchRef { id, author: header.author, batch_seq: header.batch_seq };
            self.places.insert(id, self.arrivals);
            self.held.insert(self.arrivals, Held { reference, batch });
            self.arrivals += 1;
        }
        evidence
    }

    /// The batches for a block: oldest first, at most 1/n of the block of each author.
    #[must_use]
    pub fn choose(&self, epoch: Epoch, exclude: &[BatchId], n: usize, most: usize) -> Vec<BatchRef> {
        let share = (most / n).max(1);
        let mut taken: BTreeMap<ValidatorIndex, usize> = BTreeMap::new();
        let mut chosen = Vec::new();
        for held in self.held.values() {
            let fits = held.batch.header.epoch == epoch && !exclude.contains(&held.reference.id);
            let count = taken.entry(held.reference.author).or_default();
            if fits && *count < share && chosen.len() < most {
                *count += 1;
                chosen.push(held.reference);
            }
        }
        chosen
    }

    /// A height was applied: its batches leave, and every item that needs no further one.
    pub fn applied(&mut self, batches: &[BatchRef], state: &ModelState) {
        for batch in batches {
            if let Some(place) = self.places.remove(&batch.id) {
                self.held.remove(&place);
            }
            self.own.remove(&batch.id);
        }
        let (pending, known) = (&mut self.pending, &mut self.known);
        pending.retain(|item| {
            let keep = !is_final(item, state);
            if !keep {
                known.remove(item.bytes());
            }
            keep
        });
    }

    /// Another epoch began: undecided batches of the old one leave, and the items of this node's own return.
    pub fn entered(&mut self, epoch: Epoch, state: &ModelState) {
        let old: Vec<u64> = self
            .held
            .iter()
            .filter(|(_, held)| held.batch.header.epoch < epoch)
            .map(|(place, _)| *place)
            .collect();
        for place in old {
            if let Some(held) = self.held.remove(&place) {
                self.places.remove(&held.reference.id);
            }
        }
        let own = std::mem::take(&mut self.own);
        for (id, batch) in own {
            if batch.header.epoch >= epoch {
                self.own.insert(id, batch);
                continue;
            }
            let open = batch.items.iter().filter(|item| !is_final(item, state));
            self.pending.extend(open.cloned());
        }
    }

    /// Whether anything here is not applied yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.has_pending() || !self.held.is_empty() || !self.own.is_empty()
    }
}

fn is_final(item: &Item, state: &ModelState) -> bool {
    match item {
        Item::Event(bytes) => {
            Transaction::read(bytes.as_slice()).is_none_or(|one| state.applied.contains(&one.id))
        }
        Item::Evidence(bytes) => decode_canonical::<Evidence>(bytes.as_slice()).map_or(true, |evidence| {
            evidence.offender().1 != state.epoch || state.misdeeds.contains(&evidence.identity())
        }),
        Item::Governance(_) | Item::Report(_) | Item::Redrive(_) => true,
    }
}
