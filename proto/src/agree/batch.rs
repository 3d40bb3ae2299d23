//! A batch: items as received, under a signed header. Blocks order batches by their names.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Committee, Item, Signed, Slotted, Statement};
use crate::domain::Domain;
use crate::hash::tagged;
use crate::keys::{SignatureCheck, ValidatorSignature};
use crate::limits::{BATCH_BYTES_MAX, BATCH_ITEMS_MAX};
use crate::merkle::BlockTree;
use crate::refusal::ensure;
use crate::wire::{Checked, List, Wire, encode_canonical};
use crate::{BatchId, BatchSeq, ChainId, Code, Count, Digest, Epoch, Height, Refusal, ValidatorIndex};

/// What the author of a batch signs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BatchHeader {
    /// The chain.
    pub chain: ChainId,
    /// Who packed it.
    pub author: ValidatorIndex,
    /// The epoch it was packed in.
    pub epoch: Epoch,
    /// The author's number for it: strictly growing, may have gaps.
    pub batch_seq: BatchSeq,
    /// The certified height whose key registry its items were checked against.
    pub reg: Height,
    /// How many items.
    pub count: Count,
    /// The sum of the items' bytes.
    pub bytes: Count,
    /// RFC 6962 root over the items' encodings `[kind, bytes]`.
    pub root: Digest,
}

/// A batch as it is pushed and stored.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Batch {
    /// Its header.
    pub header: BatchHeader,
    /// The author's signature over the header.
    pub signature: ValidatorSignature,
    /// Its items, as they were received.
    pub items: List<Item, BATCH_ITEMS_MAX>,
}

/// How a block names a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BatchRef {
    /// Its name.
    pub id: BatchId,
    /// Its author.
    pub author: ValidatorIndex,
    /// The author's number for it.
    pub batch_seq: BatchSeq,
}

impl BatchHeader {
    /// The batch's name.
    #[must_use]
    pub fn id(&self) -> BatchId {
        BatchId(tagged(Domain::BATCH_ID, &encode_canonical(self)))
    }
}

impl Batch {
    /// The root that a header gives for these items.
    #[must_use]
    pub fn root(items: &[Item]) -> Digest {
        let encoded: Vec<_> = items.iter().map(encode_canonical).collect();
        BlockTree::new(encoded.iter().map(Vec::as_slice)).root()
    }

    /// The sum of the items' bytes.
    #[must_use]
    pub fn item_bytes(items: &[Item]) -> Count {
        let bytes = items.iter().fold(0_usize, |sum, item| sum.saturating_add(item.bytes().len()));
        Count::new(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// The signed header, without the items: what evidence needs.
    #[must_use]
    pub fn signed(&self) -> Signed<BatchHeader> {
        Signed {
            statement: self.header.clone(),
            author: self.header.author,
            signature: self.signature.clone(),
        }
    }
}

impl Statement for BatchHeader {
    const DOMAIN: Domain = Domain::BATCH;
    const SIGNED_NAME: &'static str = "signed batch header";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn named_author(&self) -> Option<ValidatorIndex> {
        Some(self.author)
    }
}

impl Slotted for BatchHeader {
    fn slot(&self) -> u64 {
        self.batch_seq.get()
    }
}

impl Wire for BatchHeader {
    const NAME: &'static str = "batch header";
    /// 256 bytes: eight fields, two of them hashes.
    const BYTES_MAX: usize = 256;
}

impl Wire for Batch {
    const NAME: &'static str = "batch";
    /// The items' bytes, 8 bytes around each, and 8 KiB for the header and its signature.
    const BYTES_MAX: usize = BATCH_BYTES_MAX + 8 * BATCH_ITEMS_MAX + 8 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let header = &self.header;
        let counted = u64::try_from(self.items.len()).ok().map(Count::new) == Some(header.count)
            && Self::item_bytes(&self.items) == header.bytes;
        ensure(counted, Code::BatchItems, || "the header counts other items or bytes".into())?;
        let fits = usize::try_from(header.bytes.get()).is_ok_and(|bytes| bytes <= BATCH_BYTES_MAX);
        ensure(fits, Code::BatchItems, || "items above the ceiling of a batch".into())?;
        ensure(!self.items.is_empty(), Code::BatchItems, || "a batch without items".into())?;
        ensure(Self::root(&self.items) == header.root, Code::BatchItems, || {
            "the header has another root".into()
        })
    }
}

impl Checked for Batch {
    /// The author's signature. The items are checked by the pure function of bytes and key registry.
    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.signed().check(committee, signatures)
    }
}
