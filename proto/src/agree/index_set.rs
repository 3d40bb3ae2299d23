//! A set of validators by index: one byte string with a bit for each, without trailing zero bytes.

use core::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ValidatorIndex;
use crate::wire::Blob;

/// A set of validator indexes. Bit `i % 8` of byte `i / 8` stands for validator `i`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct IndexSet(u128);

impl IndexSet {
    /// Adds an index; false if it was there already.
    pub fn insert(&mut self, index: ValidatorIndex) -> bool {
        let before = self.0;
        self.0 |= bit(index);
        self.0 != before
    }

    /// Whether an index is in the set.
    #[must_use]
    pub fn contains(&self, index: ValidatorIndex) -> bool {
        self.0 & bit(index) != 0
    }

    /// How many indexes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.0.count_ones()).unwrap_or(usize::MAX)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The indexes, ascending.
    pub fn iter(self) -> impl Iterator<Item = ValidatorIndex> {
        (0..crate::limits::VALIDATORS_MAX)
            .filter_map(ValidatorIndex::new)
            .filter(move |index| self.contains(*index))
    }
}

fn bit(index: ValidatorIndex) -> u128 {
    1_u128.checked_shl(u32::from(u16::from(index))).unwrap_or(0)
}

impl FromIterator<ValidatorIndex> for IndexSet {
    fn from_iter<I: IntoIterator<Item = ValidatorIndex>>(indexes: I) -> Self {
        Self(indexes.into_iter().fold(0, |set, index| set | bit(index)))
    }
}

impl Serialize for IndexSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0.to_le_bytes();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        serializer.serialize_bytes(bytes.get(..used).unwrap_or(&bytes))
    }
}

impl<'de> Deserialize<'de> for IndexSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Blob::<16>::deserialize(deserializer)?;
        let mut word = [0; 16];
        let target = word.get_mut(..bytes.as_slice().len()).ok_or_else(|| D::Error::custom("too long"))?;
        target.copy_from_slice(bytes.as_slice());
        Ok(Self(u128::from_le_bytes(word)))
    }
}

impl fmt::Debug for IndexSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(u16::from)).finish()
    }
}
