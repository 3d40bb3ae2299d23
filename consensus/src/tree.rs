//! The blocks that compete to be decided, and the recent past of the chain that leaders depend on.
//!
//! **Promise**: every block in here hangs on the newest decided block by parents that are in here too. A block comes
//! in only after its parent and leaves when another branch is decided.
//!
//! ```text
//!   past (who led) ── root (newest decided) ──┬── block ── block ── block
//!                                             └── block
//! ```
//!
//! **Limit**: uncertified blocks are kept for `views_ahead` views, at most one accepted and one wanted in each; certified
//! ones until decided or beaten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cybermesh_proto::agree::{Anchor, Block, Header};
use cybermesh_proto::{BatchId, BlockId, Height, TimeUs, View};

use crate::rotation::{Led, WINDOWS_KEPT, window_views};

/// A block and what this node has of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Node {
    pub(crate) block: Arc<Block>,
    /// A QC of this very block is known.
    pub(crate) certified: bool,
    /// The block itself is on disk.
    pub(crate) stored: bool,
    /// Batches that are not known to be verified and on disk.
    pub(crate) missing: BTreeSet<BatchId>,
}

impl Node {
    /// Whether a vote may rest on it: block and batches on disk.
    pub(crate) fn held(&self) -> bool {
        self.stored && self.missing.is_empty()
    }

    pub(crate) fn has_payload(&self) -> bool {
        !self.block.batches.is_empty()
    }
}

/// What a child must know of its parent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Place {
    pub(crate) id: BlockId,
    pub(crate) height: Height,
    pub(crate) view: View,
    pub(crate) time: TimeUs,
    pub(crate) anchor: Anchor,
}

impl Place {
    pub(crate) fn of(header: &Header) -> Self {
        Self::named(header.id(), header)
    }

    fn named(id: BlockId, header: &Header) -> Self {
        let (height, view) = (header.height, header.view);
        Self { id, height, view, time: header.time_us, anchor: header.anchor() }
    }
}

/// The undecided blocks.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Tree {
    /// The newest decided block; the epoch's root, as view 0, before there is one.
    root: Place,
    /// The height of the epoch's root.
    epoch_root: Height,
    nodes: BTreeMap<BlockId, Node>,
    /// Decided blocks of this epoch, as far as leaders depend on them.
    past: BTreeMap<View, Led>,
}

impl Tree {
    /// A tree on top of a decided block. In its own epoch that block counts as view 0.
    pub(crate) fn new(root: Place, epoch_root: Height, past: &[Header]) -> Self {
        let past = past.iter().map(|header| (header.view, Led::from(header))).collect();
        Self { root, epoch_root, nodes: BTreeMap::new(), past }
    }

    pub(crate) fn root(&self) -> Place {
        self.root
    }

    pub(crate) fn epoch_root(&self) -> Height {
        self.epoch_root
    }

    pub(crate) fn get(&self, id: BlockId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: BlockId) -> Option<&mut Node> {
        self.nodes.get_mut(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All blocks, for those who look for one thing in each of them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&BlockId, &mut Node)> {
        self.nodes.iter_mut()
    }

    /// Where a block stands: in the tree, or as its root.
    pub(crate) fn place(&self, id: BlockId) -> Option<Place> {
        if id == self.root.id {
            return Some(self.root);
        }
        self.nodes.get(&id).map(|node| Place::named(id, &node.block.header))
    }

    /// Puts a block on its parent. False if it was there already or the parent is not.
    pub(crate) fn insert(&mut self, id: BlockId, block: Arc<Block>) -> bool {
        if self.nodes.contains_key(&id) || self.place(block.header.parent).is_none() {
            return false;
        }
        let missing = block.batches.iter().map(|batch| batch.id).collect();
        self.nodes.insert(id, Node { block, certified: false, stored: false, missing });
        true
    }

    /// The blocks from above the root up to this one, lowest first; `None` if it is not in the tree.
    pub(crate) fn branch(&self, tip: BlockId) -> Option<Vec<&Node>> {
        let mut found = Vec::new();
        let mut at = tip;
        while at != self.root.id {
            let node = self.nodes.get(&at)?;
            at = node.block.header.parent;
            found.push(node);
        }
        found.reverse();
        Some(found)
    }

    /// What the leaders on top of a block depend on, oldest first.
    pub(crate) fn led(&self, tip: BlockId) -> Option<Vec<Led>> {
        let branch = self.branch(tip)?;
        let undecided = branch.into_iter().map(|node| Led::from(&node.block.header));
        Some(self.past.values().copied().chain(undecided).collect())
    }

    /// The newest block of the chain up to `tip`.
    pub(crate) fn newest_led(&self, tip: BlockId) -> Option<Led> {
        if let Some(node) = self.nodes.get(&tip) {
            return Some(Led::from(&node.block.header));
        }
        self.past.values().next_back().copied().filter(|_| tip == self.root.id)
    }

    /// Makes a block the root; gives the blocks decided by that, lowest first, and the names of those beaten.
    pub(crate) fn decide(&mut self, tip: BlockId, n: usize) -> Option<(Vec<Arc<Block>>, Vec<BlockId>)> {
        let decided: Vec<_> = self.branch(tip)?.into_iter().map(|node| node.block.clone()).collect();
        self.root = self.place(tip)?;
        for block in &decided {
            self.past.insert(block.header.view, Led::from(&block.header));
        }
        self.forget_past(n);
        let on_top = self.nodes.keys().filter(|id| self.branch(**id).is_some()).copied();
        let on_top: BTreeSet<_> = on_top.collect();
        let mut beaten = Vec::new();
        let names: BTreeSet<_> = self.names_below(tip);
        self.nodes.retain(|id, _| {
            let kept = on_top.contains(id) && *id != tip;
            if !kept && !names.contains(id) {
                beaten.push(*id);
            }
            kept
        });
        Some((decided, beaten))
    }

    /// The names on the way from a block down, as far as they are in the tree.
    fn names_below(&self, tip: BlockId) -> BTreeSet<BlockId> {
        let mut names = BTreeSet::new();
        let mut at = tip;
        while let Some(node) = self.nodes.get(&at) {
            names.insert(at);
            at = node.block.header.parent;
        }
        names
    }

    /// Keeps the windows that count and the newest block before them.
    fn forget_past(&mut self, n: usize) {
        let kept = window_views(n).saturating_mul(WINDOWS_KEPT);
        let oldest = View::new(self.root.view.get().saturating_sub(kept));
        if let Some(before) = self.past.range(..oldest).next_back().map(|(view, _)| *view) {
            self.past.retain(|view, _| *view >= before);
        }
    }

    /// Drops uncertified blocks of views below `oldest` that nothing hangs on.
    pub(crate) fn prune(&mut self, oldest: View, keep: BlockId) {
        let parents: BTreeSet<_> = self.nodes.values().map(|node| node.block.header.parent).collect();
        self.nodes.retain(|id, node| {
            let recent = node.block.header.view >= oldest || node.certified;
            recent || parents.contains(id) || *id == keep
        });
    }
}
