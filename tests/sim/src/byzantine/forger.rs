//! Makes certificates that nobody signed: one signature short, one signer twice, signatures of another view
//! or block, another root, decisions likewise. Attacks the checks of QC, TC and decision certificate, and R5.
//!
//! They travel in timeouts, in answers that nobody asked for, and in proposals.

use std::rc::Rc;

use cybermesh_proto::agree::{
    Claim, Decision, DecisionCertificate, Newer, OwnStatements, Proposal, Qc, QuorumSignatures, Tc,
    ViewChange,
};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::wire::List;
use cybermesh_proto::{BlockId, Digest, Epoch, ValidatorIndex, View};

use super::hoard::{Hoard, claim};
use super::reach::{packed, proposal_packet, timeout_packet};
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// 120 ms between two forgeries.
const PAUSE_US: u64 = 120_000;

/// The behaviour.
#[derive(Default)]
pub struct Forger {
    hoard: Hoard,
    /// The newest view for which it made a TC of its own claim alone.
    ended: Option<(Epoch, View)>,
}

fn invented(site: &mut Site<'_>) -> ValidatorSignature {
    let mut bytes = vec![0; site.committee().scheme.signature_bytes()];
    site.rng().fill(&mut bytes[..32]);
    ValidatorSignature::new(bytes).expect("a signature of this scheme fits")
}

/// All signatures that there are, and invented ones up to a quorum.
fn filled(
    site: &mut Site<'_>,
    mut real: Vec<(ValidatorIndex, ValidatorSignature)>,
) -> Option<QuorumSignatures> {
    let q = site.q();
    real.sort();
    real.dedup_by_key(|one| one.0);
    real.truncate(q - 1);
    for index in (0..site.n()).filter_map(ValidatorIndex::new) {
        if real.len() < q && real.iter().all(|one| one.0 != index) {
            let signature = invented(site);
            real.push((index, signature));
        }
    }
    QuorumSignatures::new(real)
}

impl Forger {
    fn qc(&self, site: &mut Site<'_>, (epoch, view): (Epoch, View)) -> Option<Qc> {
        let newest = self.hoard.newest_qc()?.clone();
        Some(match site.rng().below(4) {
            // One real signature short of a quorum.
            0 => {
                let votes = self.hoard.votes(epoch, view).to_vec();
                let said = votes.first()?.statement.clone();
                let same = votes.iter().filter(|vote| vote.statement == said);
                let real = same.map(|vote| (vote.author, vote.signature.clone())).collect();
                let votes = filled(site, real)?;
                Qc { epoch, view, height: said.height, block: said.block, votes }
            }
            // The signatures of another view.
            1 => Qc { view, ..newest },
            // The signatures of another block.
            2 => Qc { block: BlockId(Digest::new(site.rng().bytes())), ..newest },
            // Another root.
            _ => Qc {
                view: View::ZERO,
                votes: QuorumSignatures::default(),
                block: newest.block,
                height: newest.height,
                epoch,
            },
        })
    }

    fn tc(&self, site: &mut Site<'_>, (epoch, view): (Epoch, View)) -> Option<Tc> {
        let high_qc = self.hoard.qc_below(epoch, view).cloned()?;
        let root = (View::ZERO, site.committee().root.block);
        let own = claim(&site.timeout(epoch, view, root)?);
        let mut claims: Vec<Claim> = self.hoard.timeouts(epoch, view).iter().map(claim).collect();
        claims.push(own);
        let here: Vec<_> = claims.iter().map(|claim| claim.author).collect();
        for author in (0..site.n()).filter_map(ValidatorIndex::new).filter(|one| !here.contains(one)) {
            let signature = invented(site);
            claims.push(Claim { author, hqc_view: root.0, hqc_block: root.1, signature });
        }
        claims.sort_by_key(|claim| claim.author);
        claims.dedup_by_key(|claim| claim.author);
        claims.truncate(site.q());
        Some(Tc { epoch, view, claims: List::new(claims)?, high_qc })
    }

    /// Ends every view as it begins, with its own claim as often as a TC takes.
    fn end_view(&mut self, site: &mut Site<'_>) {
        let place = site.view();
        if self.ended >= Some(place) {
            return;
        }
        self.ended = Some(place);
        let Some(high_qc) = self.hoard.qc_below(place.0, place.1).cloned() else { return };
        let root = (View::ZERO, site.committee().root.block);
        let Some(own) = site.timeout(place.0, place.1, root) else { return };
        let Some(claims) = List::new(vec![claim(&own); site.q()]) else { return };
        let tc = Some(Tc { epoch: place.0, view: place.1, claims, high_qc });
        site.send_all(&packed(Kind::Newer, &Newer { tc, ..Newer::default() }));
        site.inject("one-signer-tc");
    }

    fn decision(&self, site: &mut Site<'_>) -> Option<(Decision, DecisionCertificate)> {
        let newest = site.state().newest_certified()?;
        let (mut decision, mut certificate) = (newest.decision.clone(), newest.certificate.clone());
        if site.rng().chance(0.5) {
            decision.state_root = Digest::new(site.rng().bytes());
            certificate.decision = decision.hash();
        } else {
            decision.height = decision.height.next();
            decision.previous = newest_hash(&certificate);
            (certificate.height, certificate.decision) = (decision.height, decision.hash());
            let real = self.hoard.attestations().iter().map(|one| (one.author, one.signature.clone()));
            certificate.attestations = filled(site, real.collect())?;
        }
        Some((decision, certificate))
    }

    fn forge(&self, site: &mut Site<'_>) -> Option<Rc<Packet>> {
        let place = site.view();
        Some(match site.rng().below(7) {
            0 => packed(Kind::Newer, &Newer { qc: Some(self.qc(site, place)?), ..Newer::default() }),
            1 | 2 => packed(Kind::Newer, &Newer { tc: Some(self.tc(site, place)?), ..Newer::default() }),
            3 => {
                let decision = Some(self.decision(site)?);
                packed(Kind::Newer, &Newer { decision, ..Newer::default() })
            }
            4 => {
                let (high_qc, high_tc) = (self.qc(site, place)?, self.tc(site, place));
                let (proposal, vote, timeout, handover) = (None, None, None, None);
                let own = OwnStatements { proposal, vote, timeout, high_qc, high_tc, handover };
                packed(Kind::Own, &own)
            }
            5 => {
                let entry = self.tc(site, place)?;
                let high_qc = entry.high_qc.clone();
                let timeout = site.timeout(place.0, place.1.next(), (high_qc.view, high_qc.block))?;
                timeout_packet(&ViewChange { timeout, high_qc, entry: Some(entry) })
            }
            _ => proposal_packet(&self.proposal(site)?),
        })
    }

    /// A proposal of a real header with a forged QC of its view or the view before.
    fn proposal(&self, site: &mut Site<'_>) -> Option<Proposal> {
        let (epoch, view) = site.view();
        let qc = self.qc(site, (epoch, View::new(view.get().saturating_sub(1))))?;
        let parent = site.header(&qc.block)?;
        let left_out = parent.left_out;
        let clock = site.clock();
        let header = site.child_header(&parent, view, clock, left_out);
        site.proposal(header, qc, None, Vec::new())
    }
}

fn newest_hash(certificate: &DecisionCertificate) -> cybermesh_proto::DecisionHash {
    certificate.decision
}

impl Behaviour for Forger {
    fn start(&mut self, site: &mut Site<'_>) {
        site.after(PAUSE_US, 0);
    }

    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        self.end_view(site);
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        self.hoard.see(site, packet);
        Leaving::AsItIs
    }

    fn timer(&mut self, site: &mut Site<'_>, _token: u64) {
        if let Some(packet) = self.forge(site) {
            site.send_all(&packet);
            site.inject("forged-certificate");
        }
        let us = site.rng().between(PAUSE_US / 4, PAUSE_US);
        site.after(us, 0);
    }
}
