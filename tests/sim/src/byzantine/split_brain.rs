//! Liars who lead one after the other and share a plan without talking. The first shows its block to so few
//! that a QC hangs on the band's votes, and these go to one honest node: it alone knows the QC, and decides
//! by it. When the others have given the view up, the next one proposes below that QC.
//!
//! ```text
//!   two liars     v    block B, QC to one node        v+1  below B: older QC, foreign parent, invented TC
//!   two liars     v    block B, QC to nobody          v+1  nothing at all       v+2  the QC of v is shown
//!   three liars   v    block B, QC to one node        v+1  block C beside B, QC to another node
//!                 v+2  block D on B, QC to a third    v+3  an honest leader goes on from C
//! ```
//!
//! Attacks every condition of R2, R4 and R5 that makes a certified block safe, and R6 (late QCs); with three,
//! R7: B and D are certified, of consecutive heights, and not decided, since C stands in the view between.

use std::rc::Rc;

use cybermesh_proto::agree::{Header, Newer, Proposal, Qc, Tc};
use cybermesh_proto::wire::List;
use cybermesh_proto::{TimeUs, View};

use super::hoard::{Hoard, claim};
use super::reach::{leader, packed};
use super::swaps::Swaps;
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// Its name, by which the band find each other in the plan.
const NAME: &str = "split-brain";

/// The behaviour.
#[derive(Default)]
pub struct SplitBrain {
    hoard: Hoard,
    swaps: Swaps,
    /// The newest view whose QC the band keeps for later.
    kept: Option<View>,
}

/// What the band does in a view that one of them leads.
struct Plot {
    band: Vec<u32>,
    shown: Vec<u32>,
    /// The one honest node that gets the band's votes.
    chosen: Option<u32>,
}

fn by_band(hoard: &Hoard, site: &Site<'_>, band: &[u32], view: View) -> bool {
    let leads = leader(site.n(), view, hoard.left_out(site, view)).map(|index| site.nodes_of(index));
    leads.is_some_and(|nodes| nodes.iter().any(|node| band.contains(node)))
}

/// How many views before this one were led by the band without a break.
fn stage(hoard: &Hoard, site: &Site<'_>, view: View) -> u64 {
    let band = site.band(NAME);
    (1..view.get()).take_while(|back| by_band(hoard, site, &band, View::new(view.get() - back))).count()
        as u64
}

/// Two liars, now and then: nobody gets the QC of this view until two views later.
fn is_kept(site: &Site<'_>, band: &[u32], view: View) -> bool {
    band.len() == 2 && site.common(view.get() << 8).chance(0.3)
}

fn plot(hoard: &Hoard, site: &Site<'_>, view: View) -> Option<Plot> {
    let band = site.band(NAME);
    let last = band.len() >= 3 && stage(hoard, site, view) == 2;
    let hidden = by_band(hoard, site, &band, view) && (last || by_band(hoard, site, &band, view.next()));
    if band.len() < 2 || !hidden {
        return None;
    }
    let mut honest: Vec<u32> = site.peers().into_iter().filter(|peer| !band.contains(peer)).collect();
    honest.sort_unstable();
    site.common(view.get()).shuffle(&mut honest);
    let chosen = honest.first().copied().filter(|_| !is_kept(site, &band, view));
    honest.truncate(site.q().saturating_sub(band.len()));
    Some(Plot { band, shown: honest, chosen })
}

/// An own turn that nothing hides: what is proposed instead of the honest block.
fn instead(hoard: &Hoard, site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    let before = View::new(honest.header.view.get() - 1);
    plot(hoard, site, before)?;
    let certified = site.header(&honest.qc.block)?;
    let older = (certified.view > View::ZERO).then(|| site.qc_in(&honest.qc.block)).flatten()?;
    let (qc, tc) = match site.rng().below(4) {
        // As it has to be: what the chosen one decided is extended.
        0 => return None,
        // An older QC beside a real TC.
        1 => (older.clone(), honest.tc.clone().or_else(|| hoard.tc(site, before, &older))?),
        // The newest QC, and the block below it as the parent.
        2 => (honest.qc.clone(), honest.tc.clone()?),
        // A TC of nothing but its own claim.
        _ => {
            let root = (View::ZERO, site.committee().root.block);
            let own = claim(&site.timeout(honest.header.epoch, before, root)?);
            let claims = List::new(vec![own; site.q()])?;
            (older.clone(), Tc { epoch: older.epoch, view: before, claims, high_qc: older.clone() })
        }
    };
    site.inject("below-the-qc");
    on_top(site, honest, &older, qc, tc)
}

/// The third of three: a block on the one that the first hid.
fn over(hoard: &Hoard, site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    let (epoch, view) = (honest.header.epoch, honest.header.view.get());
    if stage(hoard, site, honest.header.view) != 2 {
        return None;
    }
    let qc = hoard.qc(site, epoch, View::new(view - 2))?;
    let tc = hoard.tc(site, View::new(view - 1), &qc)?;
    let made = on_top(site, honest, &qc.clone(), qc, tc)?;
    site.inject("over-a-gap");
    Some(made)
}

fn on_top(site: &Site<'_>, honest: &Proposal, parent: &Qc, qc: Qc, tc: Tc) -> Option<Proposal> {
    let below = site.header(&parent.block)?;
    let time_us = TimeUs::new(honest.header.time_us.get().max(below.time_us.get() + 1));
    let header =
        Header { parent: parent.block, height: parent.height.next(), time_us, ..honest.header.clone() };
    site.proposal(header, qc, Some(tc), Vec::new())
}

impl SplitBrain {
    /// Shows the QC that was kept, when everybody has left the view after it.
    fn show_late(&mut self, site: &mut Site<'_>, seen: View) {
        let Some(view) = self.kept.filter(|view| seen >= view.next().next()) else { return };
        self.kept = None;
        let epoch = site.committee().epoch;
        if let Some(qc) = self.hoard.qc(site, epoch, view) {
            site.send_all(&packed(Kind::Newer, &Newer { qc: Some(qc), ..Newer::default() }));
            site.inject("late-qc");
        }
    }

    fn propose(&mut self, site: &mut Site<'_>, packet: &Rc<Packet>, view: View) -> Leaving {
        let band = site.band(NAME);
        let before = View::new(view.get().saturating_sub(1));
        let follows = plot(&self.hoard, site, before).is_some();
        if follows && is_kept(site, &band, before) {
            return Leaving::Nothing;
        }
        let (hoard, three) = (&self.hoard, band.len() >= 3);
        self.swaps.proposal(site, packet, |site, honest| {
            if three { over(hoard, site, honest) } else { instead(hoard, site, honest) }
        })
    }
}

impl Behaviour for SplitBrain {
    fn inbound(&mut self, site: &mut Site<'_>, from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        if let Some((_, view)) = packet.place {
            self.show_late(site, view);
        }
        // What the band's votes certify, its honest halves must not know: they would tell.
        let view = packet.place.filter(|_| packet.kind == Kind::Vote).map(|place| place.1);
        let hidden = view.and_then(|view| plot(&self.hoard, site, view));
        if hidden.is_some_and(|plot| plot.band.contains(&from)) { Coming::Dropped } else { Coming::Passed }
    }

    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        self.hoard.see(site, packet);
        let Some((_, view)) = packet.place else { return Leaving::AsItIs };
        let plot = plot(&self.hoard, site, view);
        let keeps = |plot: &Plot| Some(to) != plot.chosen && !plot.band.contains(&to);
        match packet.kind {
            Kind::Proposal => {
                if plot.is_some_and(|plot| !plot.shown.contains(&to) && !plot.band.contains(&to)) {
                    site.inject("shown-to-few");
                    return Leaving::Nothing;
                }
                self.propose(site, packet, view)
            }
            Kind::Vote => {
                if plot.as_ref().is_some_and(|plot| plot.chosen.is_none()) {
                    self.kept = Some(view);
                }
                if plot.as_ref().is_some_and(keeps) { Leaving::Nothing } else { self.swaps.vote(packet) }
            }
            _ => Leaving::AsItIs,
        }
    }
}
