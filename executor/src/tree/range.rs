//! Proofs of all leaves from one hashed key on: what a snapshot is carried over in.

use cybermesh_proto::limits::STATE_RANGE_LEAVES_MAX;
use cybermesh_proto::state_proof::StateLeaf;
use cybermesh_proto::state_range::{Span, StateRange};
use cybermesh_proto::wire::{Blob, List};
use cybermesh_proto::{Digest, Height};

use super::node::{Child, Part, Shape, fold, must_read, part};
use super::{TreeStore, at_height, key};
use crate::view::ViewError;

/// The next leaves from a hashed key on, in order, at most so many. The range ends with the last of them, or with the
/// highest key there can be; the next one begins above.
pub fn prove_range(
    store: &dyn TreeStore,
    height: Height,
    from: &Digest,
    most: usize,
) -> Result<StateRange, ViewError> {
    // Two more may stand beside the range.
    if most == 0 || most > STATE_RANGE_LEAVES_MAX.saturating_sub(2) {
        return Err(ViewError(format!("a range of {most} leaves")));
    }
    let mut writer = Writer {
        store,
        from: *from,
        to: Digest::new([0xff; 32]),
        most,
        shape: Vec::new(),
        leaves: Vec::new(),
        outside: Vec::new(),
        trodden: Vec::new(),
    };
    writer.node(at_height(store, height)?, Span::ALL)?;
    let parts = Blob::new(writer.shape).zip(List::new(writer.leaves)).zip(List::new(writer.outside));
    let ((shape, leaves), outside) =
        parts.ok_or_else(|| ViewError("a range of too many parts".to_owned()))?;
    let (from, to) = (writer.from, writer.to);
    Ok(StateRange { version: StateRange::VERSION, height, from, to, shape, leaves, outside })
}

struct Writer<'a> {
    store: &'a dyn TreeStore,
    from: Digest,
    /// Drawn in when there are enough leaves: all that comes later lies to the right, and is outside then.
    to: Digest,
    most: usize,
    shape: Vec<u8>,
    leaves: Vec<StateLeaf>,
    outside: Vec<Digest>,
    trodden: Vec<u8>,
}

impl Writer<'_> {
    fn node(&mut self, shape: Shape, span: Span) -> Result<(), ViewError> {
        match shape {
            Shape::Empty => self.shape.push(StateRange::EMPTY),
            Shape::Leaf(leaf) => {
                self.shape.push(StateRange::LEAF);
                self.leaves.push(leaf);
                if leaf.key >= self.from && leaf.key <= self.to {
                    self.most = self.most.saturating_sub(1);
                    if self.most == 0 {
                        self.to = leaf.key;
                    }
                }
            }
            Shape::Inner(children) => self.children(children.as_slice(), 0, span)?,
        }
        Ok(())
    }

    fn children(&mut self, children: &[Option<Child>], first: u8, span: Span) -> Result<(), ViewError> {
        if !span.reaches_into(&self.from, &self.to) {
            self.outside.push(fold(children));
            return Ok(());
        }
        match part(children) {
            Part::Empty => self.shape.push(StateRange::EMPTY),
            Part::One(place, child) => {
                self.trodden.push(first | place);
                let shape = must_read(self.store, &key::encode(child.version, self.trodden.iter().copied()))?;
                self.node(shape, span)?;
                self.trodden.pop();
            }
            Part::Several => {
                self.shape.push(StateRange::INNER);
                let halves = children.split_at(children.len() / 2);
                let spans = span.halves().ok_or_else(|| ViewError("a path without an end".to_owned()))?;
                let second = u8::try_from(halves.0.len()).unwrap_or_default();
                self.children(halves.0, first, spans.0)?;
                self.children(halves.1, first | second, spans.1)?;
            }
        }
        Ok(())
    }
}
