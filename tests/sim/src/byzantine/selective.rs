//! What it says goes to one node only, another one each time: its vote, its timeout, its attestation; as a
//! leader it shows its block to so few that the QC hangs on its own vote. Attacks R6 (late certificates), R7,
//! R12 and R16: one node knows a QC that the others gave up.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::{Epoch, View};

use super::reach::leader;
use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// Who gets what in a view.
struct Plot {
    /// Who sees the block.
    shown: Vec<u32>,
    /// Who gets everything that only one gets.
    chosen: u32,
    /// What only one gets: votes, timeouts, both, attestations, proposals.
    way: u64,
}

/// The behaviour.
#[derive(Default)]
pub struct Selective {
    plots: BTreeMap<(Epoch, View), Plot>,
}

impl Selective {
    fn plot(&mut self, site: &mut Site<'_>, place: (Epoch, View)) -> &Plot {
        self.plots.entry(place).or_insert_with(|| {
            let left_out = cybermesh_proto::agree::IndexSet::default();
            let next = leader(site.n(), place.1.next(), left_out).map(|index| site.nodes_of(index));
            let mut others = site.others(&[]);
            // The one who knows should not lead next: it would tell everybody.
            others.sort_by_key(|one| next.as_ref().is_some_and(|next| next.contains(one)));
            let chosen = others[0];
            others.truncate(site.q() - 1);
            let way = site.rng().below(6);
            Plot { shown: others, chosen, way }
        })
    }
}

impl Behaviour for Selective {
    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        let place = packet.place.unwrap_or_else(|| site.view());
        let plot = self.plot(site, place);
        let alone = to == plot.chosen;
        let kept = match packet.kind {
            Kind::Proposal => !plot.shown.contains(&to) && plot.way < 4,
            Kind::Vote => plot.way < 4 && !alone,
            Kind::Timeout => matches!(plot.way, 2 | 4) && !alone,
            Kind::Attestation => plot.way == 3 && !alone,
            Kind::Newer => plot.way < 2 && !alone,
            _ => false,
        };
        if kept {
            site.inject("to-one");
            return Leaving::Nothing;
        }
        Leaving::AsItIs
    }
}
