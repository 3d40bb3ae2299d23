//! Names batches in its proposals that it gives to nobody, to one node, or to just enough that a quorum may
//! hold them or not. Attacks the last condition of R2 (a vote waits for what it rests on) and the fetching of
//! batches.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::BatchId;
use cybermesh_proto::agree::{Batch, Proposal};

use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct BatchWithholder {
    /// Who may have a batch of its own.
    given: BTreeMap<BatchId, Vec<u32>>,
}

impl Behaviour for BatchWithholder {
    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        match packet.kind {
            Kind::Batch => {
                let Some(batch) = packet.decode::<Batch>() else { return Leaving::AsItIs };
                if batch.header.author != site.me() {
                    return Leaving::AsItIs;
                }
                let few = match site.common(batch.header.batch_seq.get()).below(4) {
                    0 => 0,
                    1 => 1,
                    2 => site.q() - site.f(),
                    _ => site.q() - 1,
                };
                let id = batch.header.id();
                let given = self.given.entry(id);
                let given = given.or_insert_with(|| site.others(&[]).into_iter().take(few).collect());
                if given.contains(&to) { Leaving::AsItIs } else { Leaving::Nothing }
            }
            Kind::Proposal => {
                let named = packet.decode::<Proposal>().map(|proposal| proposal.batches.to_vec());
                let keeps = |id: &BatchId| self.given.get(id).is_some_and(|given| !given.contains(&to));
                if named.unwrap_or_default().iter().any(|one| keeps(&one.id)) {
                    site.inject("withheld-batch");
                }
                Leaving::AsItIs
            }
            _ => Leaving::AsItIs,
        }
    }
}
