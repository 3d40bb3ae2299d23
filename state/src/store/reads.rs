//! What else is read: decisions, audit leaves, attestations, positions, and what stands beside the newest decision.

use cybermesh_executor::applied::Quarantined;
use cybermesh_proto::agree::{Decision, ValidatorSet};
use cybermesh_proto::limits::VALIDATORS_MAX;
use cybermesh_proto::wire::{List, Wire, decode_canonical};
use cybermesh_proto::{Digest, Height, TimeUs, ValidatorIndex};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::head::Newest;
use super::journal::PAGE_MAX;
use super::{ATTESTATIONS, AUDIT, DECISIONS, Log, MARKS, SourcePosition, StateReader, kept, keys};
use crate::error::{StateError, same, within};

/// What the newest block leaves for agreement to go on from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct After {
    /// The validators of the next epoch, when the newest decision ends one.
    pub next: Option<ValidatorSet>,
    /// Who is or was quarantined: validator, begin, end.
    pub quarantines: List<(ValidatorIndex, Height, Option<Height>), QUARANTINES_MAX>,
    /// The earliest moment at which something falls due.
    pub due: Option<TimeUs>,
}

/// 1,024: eight for each of the validators there can be within the heights that leaders depend on.
pub(super) const QUARANTINES_MAX: usize = 8 * VALIDATORS_MAX;

impl After {
    /// From the parts of a result; nothing if there are too many quarantines.
    pub(super) fn of(
        next: Option<&ValidatorSet>,
        quarantines: &[Quarantined],
        due: Option<TimeUs>,
    ) -> Option<Self> {
        let quarantines = quarantines.iter().map(|one| (one.validator, one.begin, one.end)).collect();
        Some(Self { next: next.cloned(), quarantines: List::new(quarantines)?, due })
    }
}

impl Wire for After {
    const NAME: &'static str = "what stands beside a decision";
    /// 512 KiB: a set of 128 validators is 440.
    const BYTES_MAX: usize = 512 * 1024;
}

impl StateReader {
    /// The newest height.
    #[must_use]
    pub fn newest(&self) -> Newest {
        self.head().newest()
    }

    /// The newest synced generation of the safety record, as the newest block's batch knew it.
    #[must_use]
    pub fn mirror(&self) -> u64 {
        self.head().mirror
    }

    /// The decision of a height; there is none at height 0.
    pub fn decision(&self, height: Height) -> Result<Option<Decision>, StateError> {
        kept(height, Height::ZERO, self.head().height)?;
        if height == Height::ZERO {
            return Ok(None);
        }
        let key = keys::at(height);
        let row = self.db.must(&DECISIONS, &key)?;
        let decision: Decision =
            decode_canonical(&row).map_err(|_| StateError::damaged(DECISIONS.name, &key, "no decision"))?;
        same("height of a decision", &height, &decision.height)?;
        Ok(Some(decision))
    }

    /// The root of the state after a height.
    pub(super) fn state_root(&self, height: Height) -> Result<Digest, StateError> {
        match self.decision(height)? {
            Some(decision) => Ok(decision.state_root),
            None => Ok(cybermesh_executor::tree::root(self, height)?),
        }
    }

    /// The path from the decision of a height to the history root of a newer decision.
    pub fn history(&self, height: Height, newer: Height) -> Result<Option<Vec<Digest>>, StateError> {
        self.inclusion(Log::History, height.get(), newer.get())
    }

    /// Audit leaves from an index on, at most `limit`.
    pub fn audit_leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StateError> {
        within("audit leaves", limit, PAGE_MAX)?;
        let below = from.saturating_add(limit as u64).min(self.log_size(Log::Audit));
        (from..below).map(|index| self.db.must(&AUDIT, &keys::number(index))).collect()
    }

    /// This node's own attestation of a height.
    pub fn attestation(&self, height: Height) -> Result<Option<Vec<u8>>, StateError> {
        self.db.get(&ATTESTATIONS, &keys::at(height))
    }

    /// Where a source was after the newest block.
    pub fn position(&self, source: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.db.get(&MARKS, &[keys::POSITIONS, source].concat())
    }

    /// Where all sources were.
    pub fn positions(&self) -> Result<Vec<SourcePosition>, StateError> {
        let rows = self.db.scan(&MARKS, keys::POSITIONS, keys::PUBLISHED)?;
        let source = |key: Vec<u8>| key.get(2..).unwrap_or_default().to_vec();
        rows.map(|row| row.map(|(key, position)| SourcePosition { source: source(key), position })).collect()
    }

    /// How far a sink was with a partition.
    pub fn published(&self, sink: u8, topic: u16, partition: u32) -> Result<u64, StateError> {
        let key = published_key(sink, topic, partition);
        let Some(row) = self.db.get(&MARKS, &key)? else {
            return Ok(0);
        };
        let seq = row.try_into().map_err(|_| StateError::damaged(MARKS.name, &key, "no seq"))?;
        Ok(u64::from_be_bytes(seq))
    }

    /// What the newest block leaves for agreement to go on from.
    pub fn after(&self) -> Result<After, StateError> {
        let row = self.db.must(&MARKS, keys::AFTER)?;
        decode_canonical(&row).map_err(|_| StateError::damaged(MARKS.name, keys::AFTER, "not readable"))
    }
}

pub(super) fn published_key(sink: u8, topic: u16, partition: u32) -> Vec<u8> {
    [keys::PUBLISHED, &[sink], &topic.to_be_bytes(), &partition.to_be_bytes()].concat()
}
