//! What consensus would make of an item, without deciding it.

use cybermesh_proto::Code;
use cybermesh_proto::agree::Header;
use cybermesh_proto::keys::SignatureCheck;

use crate::applied::Writes;
use crate::block::{Parent, ReadyBatch, execute};
use crate::chain::Chain;
use crate::view::{View, ViewError};

/// The outcome that an item would have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Simulated {
    /// The codes of the items, in order.
    pub codes: Vec<Code>,
    /// The rows that the block would change.
    pub writes: Writes,
}

/// Executes a block that nobody decided, on the state as it is: the very code that decides, and nothing is kept.
pub fn simulate(
    view: &dyn View,
    chain: &Chain,
    signatures: &dyn SignatureCheck,
    parent: &Parent,
    header: &Header,
    batches: &[ReadyBatch],
) -> Result<Simulated, ViewError> {
    let executed = execute(view, chain, signatures, parent, header, batches)?;
    let codes = executed.items.iter().filter_map(|item| Code::from_number(item.outcome)).collect();
    Ok(Simulated { codes, writes: executed.writes })
}
