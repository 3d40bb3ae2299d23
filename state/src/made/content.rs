//! Batches of noise, in the form of real ones.

use cybermesh_proto::agree::{Batch, BatchHeader, BatchRef, Item, ItemKind};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::limits::BATCH_ITEMS_MAX;
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::{BatchSeq, ChainId, Count, Epoch, Height, ItemId, ValidatorIndex};

use super::{Random, Shape};

/// A batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeBatch {
    /// How a block names it.
    pub reference: BatchRef,
    /// As it travels.
    pub bytes: Vec<u8>,
    /// Its items.
    pub items: Vec<Item>,
    /// Their identities.
    pub ids: Vec<ItemId>,
}

/// The bytes of the outbound leaf of an item.
#[must_use]
pub fn leaf_bytes(height: Height, index: u32) -> Vec<u8> {
    let seed = Random::new(height.get() << 24 | u64::from(index)).bytes(64);
    [b"leaf ".as_slice(), &seed].concat()
}

/// A batch of these items.
#[must_use]
pub fn batch(chain: ChainId, seq: u64, contents: Vec<Vec<u8>>) -> MadeBatch {
    let ids = contents.iter().map(|bytes| ItemId(sha256(&[bytes]))).collect();
    let items: Vec<_> = contents.into_iter().filter_map(|bytes| ItemKind::Event.item(bytes)).collect();
    let header = BatchHeader {
        chain,
        author: ValidatorIndex::default(),
        epoch: Epoch::ZERO,
        batch_seq: BatchSeq::new(seq),
        reg: Height::ZERO,
        count: Count::new(items.len() as u64),
        bytes: Batch::item_bytes(&items),
        root: Batch::root(&items),
    };
    let reference = BatchRef { id: header.id(), author: header.author, batch_seq: header.batch_seq };
    let list: List<Item, BATCH_ITEMS_MAX> = List::new(items.clone()).unwrap_or_default();
    let signature = ValidatorSignature::new(vec![7; 64]);
    let bytes = signature
        .map_or_else(Vec::new, |signature| encode_canonical(&Batch { header, signature, items: list }));
    MadeBatch { reference, bytes, items, ids }
}

/// The batches of a block.
pub(super) fn batches(chain: ChainId, height: Height, shape: &Shape, random: &mut Random) -> Vec<MadeBatch> {
    let mut left = shape.items;
    let mut batches = Vec::new();
    while left > 0 {
        let count = left.min(shape.batch_items.max(1));
        let contents = (0..count).map(|_| random.bytes(shape.item_bytes)).collect();
        let seq = height.get() << 16 | batches.len() as u64;
        batches.push(batch(chain, seq, contents));
        left -= count;
    }
    batches
}
