//! Abuses the rules for those who forgot: asks for reports all the time, in secret or from everybody, answers
//! reports falsely low, and shows nodes old statements of theirs. Attacks R13 (d) and R15.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{
    AmnesiaAsk, AmnesiaReport, AmnesiaReportStatement, OwnStatements, OwnStatementsAsk, Qc, Signed,
    TimeoutStatement, ViewChange, Vote,
};
use cybermesh_proto::wire::Fixed;
use cybermesh_proto::{ValidatorIndex, View};

use super::hoard::Hoard;
use super::reach::packed;
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// 100 ms between two questions.
const PAUSE_US: u64 = 100_000;

/// The first statements that it ever saw of somebody.
#[derive(Default)]
struct Old {
    vote: Option<Vote>,
    timeout: Option<Signed<TimeoutStatement>>,
}

/// The behaviour.
#[derive(Default)]
pub struct AmnesiaAbuser {
    hoard: Hoard,
    old: BTreeMap<ValidatorIndex, Old>,
}

impl AmnesiaAbuser {
    fn remember(&mut self, packet: &Rc<Packet>) {
        match packet.kind {
            Kind::Vote => {
                if let Some(vote) = packet.decode::<Vote>() {
                    self.old.entry(vote.author).or_default().vote.get_or_insert(vote);
                }
            }
            Kind::Timeout => {
                if let Some(change) = packet.decode::<ViewChange>() {
                    self.old.entry(change.timeout.author).or_default().timeout.get_or_insert(change.timeout);
                }
            }
            _ => {}
        }
    }

    /// What it shows somebody of that one's own past.
    fn shown(&self, site: &Site<'_>, to: u32) -> Option<Rc<Packet>> {
        let old = self.old.get(&site.index_of(to)?)?;
        let (vote, timeout) = (old.vote.clone(), old.timeout.clone());
        let high_qc = Qc::of_root(site.committee());
        let own = OwnStatements { proposal: None, vote, timeout, high_qc, high_tc: None, handover: None };
        Some(packed(Kind::Own, &own))
    }

    /// "Nobody here ever left view 1."
    fn low(site: &Site<'_>, ask: &AmnesiaAsk) -> Option<Rc<Packet>> {
        let high_qc = Qc::of_root(site.committee());
        let statement = AmnesiaReportStatement {
            chain: ask.chain,
            epoch: ask.epoch,
            asker: ask.asker,
            nonce: ask.nonce,
            entered: View::new(1),
            hqc_view: high_qc.view,
            hqc_block: high_qc.block,
        };
        let report = site.sign(statement)?;
        Some(packed(Kind::Report, &AmnesiaReport { report, entry: None, high_qc, handover: None }))
    }
}

impl Behaviour for AmnesiaAbuser {
    fn start(&mut self, site: &mut Site<'_>) {
        site.after(PAUSE_US, 0);
    }

    fn inbound(&mut self, site: &mut Site<'_>, from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        self.remember(packet);
        if packet.kind != Kind::AskReport {
            return Coming::Passed;
        }
        match packet.decode::<AmnesiaAsk>().and_then(|ask| Self::low(site, &ask)) {
            Some(low) => {
                site.send(from, &low);
                site.inject("low-report");
                Coming::Dropped
            }
            None => Coming::Passed,
        }
    }

    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        if packet.kind != Kind::Own {
            return Leaving::AsItIs;
        }
        match self.shown(site, to) {
            Some(old) => {
                site.inject("old-statements");
                Leaving::Instead(old)
            }
            None => Leaving::AsItIs,
        }
    }

    fn timer(&mut self, site: &mut Site<'_>, _token: u64) {
        let (chain, epoch, asker) = (site.chain(), site.view().0, site.me());
        let nonce = Fixed(site.rng().bytes());
        let ask = packed(Kind::AskReport, &AmnesiaAsk { chain, epoch, asker, nonce });
        // For ten seconds one node alone is asked, then everybody, in turn.
        let turn = site.now() / 10_000_000;
        if turn.is_multiple_of(2) {
            let peers = site.peers();
            let one = *site.common(turn).pick(&peers);
            site.send(one, &ask);
        } else {
            site.send_all(&ask);
        }
        site.inject("report-asked");
        site.send_all(&packed(Kind::AskOwn, &OwnStatementsAsk { chain, epoch, asker }));
        for peer in site.peers() {
            if let Some(old) = self.shown(site, peer).filter(|_| site.rng().chance(0.2)) {
                site.send(peer, &old);
                site.inject("old-statements");
            }
        }
        site.after(PAUSE_US, 0);
    }
}
