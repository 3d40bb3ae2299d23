//! Logs as tiles: the hashes of each level in groups of 256, from which every proof of every size is made.
//!
//! Level 0 holds the leaves' hashes, level n + 1 the roots of the full groups of level n. A block adds its hashes as rows of
//! their own, cut at the borders of the groups: nothing that was written is ever written again. A group is read by
//! putting its rows together; they must follow each other without a gap.

use cybermesh_proto::Digest;
use cybermesh_proto::merkle::node_hash;

use super::{StateReader, TILES, keys};
use crate::db::Batch;
use crate::edge::{self, Edge, TILE_BITS, TileHash, half};
use crate::error::StateError;

/// 256 hashes in a tile.
pub(super) const TILE: u64 = 1 << TILE_BITS;

/// One of the three logs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// Every decided event.
    Events = 0,
    /// Every audit leaf.
    Audit = 1,
    /// The hash of every decision; the genesis hash is leaf 0.
    History = 2,
}

/// Writes what a block adds to the tiles of a log.
pub(super) fn put(batch: &mut Batch<'_>, log: Log, mut added: Vec<TileHash>) {
    added.sort_unstable_by_key(|(level, index, _)| (*level, *index));
    let mut rest = added.as_slice();
    while let Some((level, first, _)) = rest.first() {
        let same = |(place, hash): (u64, &TileHash)| {
            hash.0 == *level && hash.1 == first + place && hash.1 / TILE == first / TILE
        };
        let count = (0..).zip(rest).take_while(|pair| same(*pair)).count();
        let (row, later) = rest.split_at(count);
        let bytes: Vec<u8> = row.iter().flat_map(|(_, _, hash)| *hash.as_bytes()).collect();
        batch.put(&TILES, &keys::tile(log as u8, *level, *first), &bytes);
        rest = later;
    }
}

impl StateReader {
    /// How many leaves a log has.
    #[must_use]
    pub fn log_size(&self, log: Log) -> u64 {
        let head = self.head();
        match log {
            Log::Events => head.events.size(),
            Log::Audit => head.audit.size(),
            Log::History => head.history.size(),
        }
    }

    /// The root over the first `size` leaves.
    pub fn log_root(&self, log: Log, size: u64) -> Result<Digest, StateError> {
        self.log_has(log, size)?;
        Ok(self.edge(log, size)?.root())
    }

    /// The path from leaf `index` to the root over the first `size` leaves; none if the leaf is not among them.
    pub fn inclusion(&self, log: Log, index: u64, size: u64) -> Result<Option<Vec<Digest>>, StateError> {
        self.log_has(log, size)?;
        if index >= size {
            return Ok(None);
        }
        let (mut low, mut high) = (0, size);
        let mut path = Vec::new();
        while high - low > 1 {
            let middle = low + half(high - low);
            if index < middle {
                path.push(self.range(log, middle, high)?);
                high = middle;
            } else {
                path.push(self.range(log, low, middle)?);
                low = middle;
            }
        }
        path.reverse();
        Ok(Some(path))
    }

    /// The proof that the first `old` leaves are a prefix of the first `new` ones; none if `old` is larger.
    pub fn consistency(&self, log: Log, old: u64, new: u64) -> Result<Option<Vec<Digest>>, StateError> {
        self.log_has(log, new)?;
        if old > new {
            return Ok(None);
        }
        let mut path = Vec::new();
        if old == 0 || old == new {
            return Ok(Some(path));
        }
        // The old tree's root is known to who asks as long as it is a whole left part.
        let (mut low, mut high, mut whole) = (0, new, true);
        while high > old {
            let middle = low + half(high - low);
            if old > middle {
                path.push(self.range(log, low, middle)?);
                low = middle;
                whole = false;
            } else {
                path.push(self.range(log, middle, high)?);
                high = middle;
            }
        }
        if !whole {
            path.push(self.range(log, low, high)?);
        }
        path.reverse();
        Ok(Some(path))
    }

    fn log_has(&self, log: Log, size: u64) -> Result<(), StateError> {
        let found = self.log_size(log);
        if size <= found {
            return Ok(());
        }
        Err(StateError::Differs {
            what: "leaves of a log",
            expected: format!("at least {size}"),
            found: found.to_string(),
        })
    }

    /// The right edge of a log at a size, from its tiles.
    pub(super) fn edge(&self, log: Log, size: u64) -> Result<Edge, StateError> {
        let (mut low, mut peaks) = (0, Vec::new());
        while low < size {
            let bits = (size - low).ilog2();
            peaks.push(self.perfect(log, bits, low >> bits)?);
            low += 1 << bits;
        }
        Ok(Edge::new(size, peaks))
    }

    /// The root over leaves `low … high`, a subtree of some tree.
    fn range(&self, log: Log, low: u64, high: u64) -> Result<Digest, StateError> {
        let size = high - low;
        if size.is_power_of_two() {
            let bits = size.ilog2();
            return self.perfect(log, bits, low >> bits);
        }
        let middle = low + half(size);
        Ok(node_hash(&self.range(log, low, middle)?, &self.range(log, middle, high)?))
    }

    /// The root of the perfect subtree of 2^bits leaves, by its index among its like.
    fn perfect(&self, log: Log, bits: u32, index: u64) -> Result<Digest, StateError> {
        let (level, inside) = ((bits / TILE_BITS) as u8, bits % TILE_BITS);
        let (low, high) = (index << inside, (index + 1) << inside);
        Ok(edge::root_of(&self.hashes(log, level, low, high)?))
    }

    /// Hashes `low … high` of a level, within one tile.
    pub(super) fn hashes(&self, log: Log, level: u8, low: u64, high: u64) -> Result<Vec<Digest>, StateError> {
        let start = low - low % TILE;
        let (from, below) = (keys::tile(log as u8, level, start), keys::tile(log as u8, level, high));
        let mut found: Vec<Digest> = Vec::new();
        for row in self.db.scan(&TILES, &from, &below)? {
            let (key, bytes) = row?;
            let follows = key == keys::tile(log as u8, level, start + found.len() as u64);
            if !follows || bytes.is_empty() || bytes.len() % 32 != 0 {
                return Err(StateError::damaged(TILES.name, &key, "it does not follow the hashes before it"));
            }
            found.extend(bytes.chunks_exact(32).filter_map(Digest::from_slice));
        }
        let wanted = found.get((low - start) as usize..(high - start) as usize);
        wanted.map(<[Digest]>::to_vec).ok_or_else(|| self.no_hashes(log, level, low))
    }

    /// Leaves of events go with the journal; everything else must be there.
    fn no_hashes(&self, log: Log, level: u8, index: u64) -> StateError {
        let (height, oldest) = (self.oldest_journal(), self.oldest_journal());
        if log == Log::Events && level == 0 && height.get() > 0 {
            return StateError::Pruned { height, oldest };
        }
        StateError::damaged(TILES.name, &keys::tile(log as u8, level, index), "it is missing")
    }
}
