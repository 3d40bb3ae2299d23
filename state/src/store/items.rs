//! What became of a block's items, in few bytes: the block's batches, and runs of neighbours that ended alike.
//!
//! ```text
//!   length of batches, batches (canonical), then for each run:
//!   batch, first place, items, outcome      (numbers of seven bits a byte)
//! ```
//!
//! Item n of the block is found by counting through the runs: a block of thousands in which everything was applied is one
//! run for each batch.

use cybermesh_executor::applied::Decided;
use cybermesh_proto::Height;
use cybermesh_proto::agree::BatchRef;
use cybermesh_proto::limits::BLOCK_BATCHES_MAX;
use cybermesh_proto::wire::{List, Wire, decode_canonical, encode_canonical};
use serde::{Deserialize, Serialize};

use super::{ITEMS, StateReader, kept, keys};
use crate::bytes::{Reader, put_bytes, put_number};
use crate::error::StateError;

/// Where an item stands, and what it ended with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ItemPlace {
    /// Its batch.
    pub batch: BatchRef,
    /// Its place in the batch.
    pub place: u32,
    /// The number of the code it ended with.
    pub outcome: u16,
}

/// The batches of a block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Batches(List<BatchRef, BLOCK_BATCHES_MAX>);

impl Wire for Batches {
    const NAME: &'static str = "batches of a block";
    const BYTES_MAX: usize = 64 * BLOCK_BATCHES_MAX + 16;
}

/// Neighbours in one batch that ended alike.
struct Run {
    batch: u32,
    place: u32,
    count: u32,
    outcome: u16,
}

/// The row of a block; nothing if there are more batches than a block can have.
pub(super) fn encode(batches: &[BatchRef], items: &[Decided]) -> Option<Vec<u8>> {
    let mut row = Vec::new();
    put_bytes(&mut row, &encode_canonical(&Batches(List::new(batches.to_vec())?)));
    let mut rest = items;
    while let Some(first) = rest.first() {
        let alike = |(nth, item): (u32, &Decided)| {
            item.batch == first.batch
                && item.outcome == first.outcome
                && Some(item.place) == first.place.checked_add(nth)
        };
        let count = (0..).zip(rest).take_while(|pair| alike(*pair)).count();
        for number in [u64::from(first.batch), u64::from(first.place), count as u64, u64::from(first.outcome)]
        {
            put_number(&mut row, number);
        }
        rest = rest.get(count..).unwrap_or_default();
    }
    Some(row)
}

fn run(reader: &mut Reader<'_>) -> Option<Run> {
    Some(Run {
        batch: reader.small()?,
        place: reader.small()?,
        count: reader.small()?,
        outcome: reader.small()?.try_into().ok()?,
    })
}

fn decode(row: &[u8]) -> Option<(Vec<BatchRef>, Vec<Run>)> {
    let mut reader = Reader::new(row);
    let batches: Batches = decode_canonical(reader.bytes()?).ok()?;
    let mut runs = Vec::new();
    while !reader.is_empty() {
        runs.push(run(&mut reader)?);
    }
    Some((batches.0.into_vec(), runs))
}

impl StateReader {
    /// The items of a block in order; none at height 0.
    pub fn items(&self, height: Height) -> Result<Vec<ItemPlace>, StateError> {
        if height == Height::ZERO {
            return Ok(Vec::new());
        }
        kept(height, self.oldest_journal(), self.head().height)?;
        let key = keys::at(height);
        let row = self.db.must(&ITEMS, &key).map_err(|cause| self.or_journal_pruned(height, cause))?;
        let damaged = || StateError::damaged(ITEMS.name, &key, "no items");
        let (batches, runs) = decode(&row).ok_or_else(damaged)?;
        let mut items = Vec::new();
        for run in runs {
            let batch = batches.get(run.batch as usize).ok_or_else(damaged)?;
            let places = (0..run.count).map(|nth| run.place.saturating_add(nth));
            items.extend(places.map(|place| ItemPlace { batch: *batch, place, outcome: run.outcome }));
        }
        Ok(items)
    }

    /// The batches of a block, in order.
    pub fn batches(&self, height: Height) -> Result<Vec<BatchRef>, StateError> {
        kept(height, self.oldest_journal(), self.head().height)?;
        let key = keys::at(height);
        let row = self.db.must(&ITEMS, &key).map_err(|cause| self.or_journal_pruned(height, cause))?;
        let found = decode(&row).ok_or_else(|| StateError::damaged(ITEMS.name, &key, "no items"))?;
        Ok(found.0)
    }

    pub(super) fn or_journal_pruned(&self, height: Height, cause: StateError) -> StateError {
        kept(height, self.oldest_journal(), self.head().height).err().unwrap_or(cause)
    }
}

#[cfg(test)]
mod tests {
    use cybermesh_proto::{BatchId, BatchSeq, Digest, ItemId, ValidatorIndex};
    use proptest::prelude::*;

    use super::*;

    fn reference(number: u8) -> BatchRef {
        BatchRef {
            id: BatchId(Digest::new([number; 32])),
            author: ValidatorIndex::default(),
            batch_seq: BatchSeq::new(1),
        }
    }

    proptest! {
        #[test]
        fn runs_give_every_item_back(items in prop::collection::vec((0_u32..3, 0_u32..6, 0_u16..3), 0..60)) {
            let batches: Vec<_> = (0..3).map(reference).collect();
            let decided: Vec<_> = items
                .iter()
                .map(|(batch, place, outcome)| Decided {
                    id: ItemId(Digest::ZERO),
                    outcome: *outcome,
                    batch: *batch,
                    place: *place,
                    found_by: None,
                })
                .collect();
            let row = encode(&batches, &decided).unwrap();
            let (read, runs) = decode(&row).unwrap();
            prop_assert_eq!(read, batches);
            let back: Vec<_> = runs
                .iter()
                .flat_map(|run| (0..run.count).map(|nth| (run.batch, run.place + nth, run.outcome)))
                .collect();
            prop_assert_eq!(back, items);
        }
    }

    #[test]
    fn a_block_in_which_all_ended_alike_is_one_run() {
        let item = |place| Decided { id: ItemId(Digest::ZERO), outcome: 1, batch: 0, place, found_by: None };
        let row = encode(&[reference(1)], &(0..5000).map(item).collect::<Vec<_>>()).unwrap();
        assert!(row.len() < 64, "{} bytes", row.len());
    }
}
