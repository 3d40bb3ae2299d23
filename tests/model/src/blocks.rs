//! The blocks of all schedules explored so far, by number, and how certificates are named by them.

use std::collections::BTreeMap;

use cybermesh_proto::BlockId;
use cybermesh_proto::agree::Header;

use crate::material::first_header;

/// The number of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockNo(u16);

impl BlockNo {
    /// The block that the chain grows from.
    pub const ROOT: Self = Self(0);

    pub(crate) const fn raw(self) -> u16 {
        self.0
    }
}

/// A timeout certificate, by what counts in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GivenUp {
    /// The view given up.
    pub view: u8,
    /// The block of its highest claim; its quorum certificate is the one inside.
    pub claim: BlockNo,
}

/// A block that somebody made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its name.
    pub id: BlockId,
    /// Its header.
    pub header: Header,
    /// What it extends.
    pub parent: BlockNo,
    /// The view it was made in.
    pub view: u8,
    /// Which one it is of those its leader made on this parent in this view.
    pub variant: u8,
}

/// All of them.
#[derive(Debug)]
pub struct Blocks {
    made: Vec<Made>,
    by_id: BTreeMap<BlockId, BlockNo>,
}

impl Default for Blocks {
    fn default() -> Self {
        let header = first_header();
        let id = header.id();
        let root = Made { id, header, parent: BlockNo::ROOT, view: 0, variant: 0 };
        Self { made: vec![root], by_id: BTreeMap::from([(id, BlockNo::ROOT)]) }
    }
}

impl Blocks {
    /// A block by its number.
    #[must_use]
    pub fn get(&self, number: BlockNo) -> &Made {
        &self.made[usize::from(number.0)]
    }

    /// The number of a block that is known.
    #[must_use]
    pub fn number(&self, id: BlockId) -> BlockNo {
        self.by_id[&id]
    }

    /// The number of a block; a new one if it was not known.
    pub fn add(&mut self, header: &Header, variant: u8) -> BlockNo {
        let id = header.id();
        if let Some(known) = self.by_id.get(&id) {
            return *known;
        }
        let number = BlockNo(u16::try_from(self.made.len()).unwrap());
        let (parent, view) = (self.number(header.parent), u8::try_from(header.view.get()).unwrap());
        self.made.push(Made { id, header: header.clone(), parent, view, variant });
        self.by_id.insert(id, number);
        number
    }

    /// The view of a block.
    #[must_use]
    pub fn view(&self, number: BlockNo) -> u8 {
        self.get(number).view
    }

    /// The blocks below one, highest first, without the root.
    pub fn below(&self, number: BlockNo) -> impl Iterator<Item = BlockNo> {
        let parent = |number: &BlockNo| Some(self.get(*number).parent);
        core::iter::successors(Some(number), parent).skip(1).take_while(|at| *at != BlockNo::ROOT)
    }

    /// Whether one block is another, or stands on it.
    #[must_use]
    pub fn extends(&self, upper: BlockNo, lower: BlockNo) -> bool {
        lower == BlockNo::ROOT || upper == lower || self.below(upper).any(|at| at == lower)
    }

    /// A name for people: the view, and a letter where its leader made several; then what it stands on.
    #[must_use]
    pub fn name(&self, number: BlockNo) -> String {
        if number == BlockNo::ROOT {
            return "root".to_owned();
        }
        let made = self.get(number);
        let letter = if made.variant == 0 { "" } else { "'" };
        format!("b{}{letter}<{}", made.view, self.name(made.parent))
    }
}
