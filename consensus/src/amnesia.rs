//! Who may sign: nobody who might have forgotten (R15).
//!
//! ```text
//!   start ─▶ asks what others hold of its own signatures ─ q−1 answers ─▶ whole chain held? ─▶ ready
//!                 │ something the record does not cover
//!                 ▼
//!   forgot ─▶ asks q others how far the views have come ─▶ fence at m+1, on disk ─▶ whole chain held? ─▶ ready
//! ```
//!
//! **Why the fence is high enough.** Whoever signed in view w ≥ 2 of an epoch did so after q members had entered w − 1.
//! Of the q others that report, one is an honest one of those; it reports w − 1 or more. So w ≤ m + 1, and nothing at or
//! below m + 1 is signed again. A node in an epoch is in view 1 at the least, and reports that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cybermesh_proto::agree::{
    AmnesiaAsk, AmnesiaReport, AmnesiaReportStatement, Entry, OwnStatements, OwnStatementsAsk, Qc, Signed,
};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::planted::reached;
use cybermesh_proto::wire::Fixed;
use cybermesh_proto::{ValidatorIndex, View};

use crate::catch_up::Topic;
use crate::core::Core;
use crate::effect::{Effect, Outbound, To, ToSign};
use crate::input::Peer;
use crate::variables::{Generation, Memory};

/// 16 answers to nodes that forgot are being signed at most; more ask again.
const REPORTS_MAX: usize = 16;

/// How far this node is on its way to sign.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Standing {
    step: Step,
    nonce: Fixed<32>,
    /// Something was lost: nothing is signed before the chain of the newest QC is held.
    must_hold: bool,
    /// Reports being signed for others, with the certificates that back them, and who asked.
    reports: BTreeMap<ValidatorIndex, (Peer, Draft)>,
    /// Who was given a report since the last tick.
    reported: BTreeSet<ValidatorIndex>,
    /// The view reported to somebody who forgot, until this node is two views further.
    waits: Option<View>,
}

/// A report that waits for its signature.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Draft {
    statement: AmnesiaReportStatement,
    entry: Option<Entry>,
    high_qc: Arc<Qc>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Step {
    /// Asks what others hold of its signatures.
    Asking(BTreeSet<ValidatorIndex>),
    /// Forgot, and asks how far the views have come.
    Forgot(BTreeMap<ValidatorIndex, View>),
    /// Fenced; the record that says so is being written.
    Fencing(Generation),
    /// Waits until it holds the chain of its newest QC.
    Filling,
    Ready,
}

impl Standing {
    pub(crate) fn new(nonce: Fixed<32>, must_hold: bool) -> Self {
        let step = Step::Asking(BTreeSet::new());
        let (reports, reported) = (BTreeMap::new(), BTreeSet::new());
        Self { step, nonce, must_hold, reports, reported, waits: None }
    }
}

impl Core {
    /// Whether this node may sign a proposal, a vote or a timeout.
    pub(crate) fn may_sign(&self) -> bool {
        let one_epoch = self.safety.record().epoch == self.epoch();
        self.me.is_some() && one_epoch && self.standing.step == Step::Ready
    }

    /// Whether a view timer matters to somebody who waits for this node's views to pass.
    pub(crate) fn amnesiac_waits(&self) -> bool {
        self.standing.waits.is_some_and(|view| self.view() < view.next().next())
    }

    /// R15: from one step to the next, as soon as it may be.
    pub(crate) fn settle_standing(&mut self) {
        // In an epoch that the record is ahead of nothing is asked or answered for it.
        let one_epoch = self.safety.record().epoch == self.epoch();
        if matches!(self.standing.step, Step::Ready) || self.me.is_none() || !one_epoch {
            return;
        }
        // R15
        let forgot = self.safety.record().memory == Memory::Forgot;
        let quorum = self.committee.quorum();
        match &self.standing.step {
            Step::Asking(_) | Step::Filling if forgot => self.ask_reports(),
            Step::Asking(answered) if answered.len() >= quorum.saturating_sub(1) => {
                self.standing.step = Step::Filling;
            }
            Step::Forgot(reports) if reports.len() >= quorum => self.fence(),
            Step::Filling if self.safety.waiting() == 0 && self.chain_is_held() => self.become_ready(),
            Step::Asking(_) | Step::Forgot(_) | Step::Fencing(_) | Step::Filling | Step::Ready => {}
        }
    }

    /// R15: nothing is signed or reported any more; the way back begins with a question.
    pub(crate) fn lose_memory(&mut self) {
        self.standing.must_hold = true;
        self.standing.reports.clear();
        self.ask_reports();
    }

    fn become_ready(&mut self) {
        self.standing.step = Step::Ready;
        if core::mem::take(&mut self.standing.must_hold) {
            self.push(Effect::Whole);
        }
        let record = self.safety.record().clone();
        // R5: own statements count here too: else all nodes, started at once, would be one short for ever.
        if let Some(vote) = record.last_vote.filter(|vote| vote.statement.epoch == self.epoch()) {
            self.count_vote(vote);
        }
        self.resend_proposal();
        if let Some(timeout) = self.stored_timeout() {
            self.release_timeout(timeout);
        }
    }

    /// A node that lost something votes again once it holds what a vote of its own may have rested on.
    fn chain_is_held(&self) -> bool {
        let record = self.safety.record();
        if !self.standing.must_hold {
            return true;
        }
        let Some(branch) = self.tree.branch(record.high_qc.block) else {
            return record.high_qc.height <= self.tree.root().height;
        };
        let voted = record.last_vote.as_ref().map(|vote| &vote.statement);
        let behind = voted.is_none_or(|voted| {
            voted.view <= record.high_qc.view || self.tree.get(voted.block).is_some_and(|node| node.held())
        });
        behind && branch.iter().all(|node| node.held())
    }

    /// Asks again, in another epoch or because nobody has answered.
    pub(crate) fn ask_own_again(&mut self) {
        if self.me.is_none() {
            return;
        }
        self.standing.reports.clear();
        self.standing.waits = None;
        match (&self.standing.step, self.safety.record().memory) {
            (Step::Ready, Memory::Whole) => {}
            (_, Memory::Forgot) => self.ask_reports(),
            (_, Memory::Whole | Memory::Fenced) => {
                self.standing.step = Step::Asking(BTreeSet::new());
                self.send_own_question();
            }
        }
    }

    fn send_own_question(&mut self) {
        let Some(asker) = self.me else { return };
        let ask = OwnStatementsAsk { chain: self.committee.chain, epoch: self.epoch(), asker };
        self.push(Effect::Send(To::All, Outbound::AskOwn(ask)));
        self.tick();
    }

    /// R15: asks with a fresh nonce, so that no older report answers.
    fn ask_reports(&mut self) {
        let nonce = sha256(&[b"next", &self.standing.nonce.0]);
        self.standing.nonce = Fixed(*nonce.as_bytes());
        self.standing.step = Step::Forgot(BTreeMap::new());
        self.send_report_question();
    }

    fn send_report_question(&mut self) {
        let Some(asker) = self.me else { return };
        let (chain, epoch, nonce) = (self.committee.chain, self.epoch(), self.standing.nonce);
        self.push(Effect::Send(To::All, Outbound::AskReport(AmnesiaAsk { chain, epoch, asker, nonce })));
        self.tick();
    }

    /// Whether something of the way to signing is still open.
    pub(crate) fn is_asking(&self) -> bool {
        self.me.is_some() && !matches!(self.standing.step, Step::Fencing(_) | Step::Ready)
    }

    /// Asks again what has not been answered.
    pub(crate) fn repeat_questions(&mut self) {
        match self.standing.step {
            Step::Asking(_) => self.send_own_question(),
            Step::Forgot(_) => self.send_report_question(),
            Step::Filling | Step::Fencing(_) | Step::Ready => {}
        }
    }

    /// Others may ask for a report again.
    pub(crate) fn forget_reported(&mut self) {
        self.standing.reported.clear();
    }

    /// Another node starts: what this one holds of its signatures, at once and from memory.
    pub(crate) fn on_ask_own(&mut self, from: Peer, ask: &OwnStatementsAsk) {
        let place = (self.epoch(), self.view(), self.ledger.certified());
        if ask.chain != self.committee.chain
            || self.is_past(ask.epoch, from)
            || !self.may_answer(from, Topic::Own, place)
        {
            return;
        }
        let (proposal, vote, timeout) = self.tally.newest_of(ask.asker);
        let record = self.safety.record();
        let (high_qc, high_tc) = ((*record.high_qc).clone(), record.high_tc.as_deref().cloned());
        let own = OwnStatements { proposal, vote, timeout, high_qc, high_tc, handover: None };
        if record.epoch == self.epoch() {
            self.push(Effect::Send(To::Peer(from), Outbound::Own(Box::new(own))));
        }
    }

    /// What a validator holds of this node's signatures.
    pub(crate) fn on_own(&mut self, from: Peer, by: ValidatorIndex, own: OwnStatements) {
        if self.is_past(own.high_qc.epoch, from) || Some(by) == self.me {
            return;
        }
        own.proposal.iter().for_each(|shown| self.recognise_proposal(shown));
        own.vote.iter().for_each(|shown| self.recognise_vote(shown));
        own.timeout.iter().for_each(|shown| self.recognise_timeout(shown));
        self.adopt_qc(&own.high_qc, Some(from));
        if let Some(tc) = own.high_tc {
            self.adopt_tc(&tc, Some(from));
        }
        if let Step::Asking(answered) = &mut self.standing.step {
            answered.insert(by);
        }
    }

    /// A node that forgot asks how far the views have come. Who forgot something itself gives no report.
    pub(crate) fn on_ask_report(&mut self, from: Peer, by: ValidatorIndex, ask: &AmnesiaAsk) {
        if ask.chain != self.committee.chain || self.is_past(ask.epoch, from) {
            return;
        }
        // Nobody asks in another's name, or the answer to that other would be taken for given.
        if by != ask.asker || Some(by) == self.me {
            return;
        }
        let ready = self.may_sign() && self.safety.record().memory == Memory::Whole;
        let room = self.standing.reports.len() < REPORTS_MAX;
        let known = self.committee.set.get(ask.asker).is_ok();
        if !ready || !room || !known || !self.standing.reported.insert(ask.asker) {
            return;
        }
        self.tick();
        let record = self.safety.record();
        let high_qc = record.high_qc.clone();
        let statement = AmnesiaReportStatement {
            chain: ask.chain,
            epoch: ask.epoch,
            asker: ask.asker,
            nonce: ask.nonce,
            entered: self.view(),
            hqc_view: high_qc.view,
            hqc_block: high_qc.block,
        };
        let entry = if self.view() <= View::new(1) {
            None
        } else if high_qc.view.next() == self.view() {
            Some(Entry::Qc((*high_qc).clone()))
        } else {
            record.high_tc.as_deref().cloned().map(Entry::Tc)
        };
        let draft = Draft { statement: statement.clone(), entry, high_qc };
        self.standing.reports.insert(ask.asker, (from, draft));
        self.standing.waits = Some(self.view());
        self.push(Effect::Sign(Box::new(ToSign::Report(statement))));
    }

    /// A report is signed: it leaves with the certificates that back it.
    pub(crate) fn report_signed(&mut self, report: Signed<AmnesiaReportStatement>) {
        let asker = report.statement.asker;
        let asked = |(_, draft): &(Peer, Draft)| draft.statement == report.statement;
        if !self.standing.reports.get(&asker).is_some_and(asked) {
            return;
        }
        let Some((peer, draft)) = self.standing.reports.remove(&asker) else { return };
        if self.safety.record().memory != Memory::Whole {
            return;
        }
        let high_qc = (*draft.high_qc).clone();
        let report = AmnesiaReport { report, entry: draft.entry, high_qc, handover: None };
        self.push(Effect::Send(To::Peer(peer), Outbound::Report(Box::new(report))));
    }

    /// A report to this node.
    pub(crate) fn on_report(&mut self, from: Peer, report: AmnesiaReport) {
        let (said, author) = (report.report.statement, report.report.author);
        if self.is_past(said.epoch, from) {
            return;
        }
        self.adopt_qc(&report.high_qc, Some(from));
        match report.entry {
            Some(Entry::Qc(qc)) => self.adopt_qc(&qc, Some(from)),
            Some(Entry::Tc(tc)) => self.adopt_tc(&tc, Some(from)),
            None => {}
        }
        let mine = Some(said.asker) == self.me && said.nonce == self.standing.nonce;
        if let Step::Forgot(reports) = &mut self.standing.step
            && mine
            && Some(author) != self.me
        {
            let highest = reports.entry(author).or_default();
            *highest = said.entered.max(*highest);
        }
    }

    /// R15: q others have reported.
    fn fence(&mut self) {
        let Step::Forgot(reports) = &self.standing.step else { return };
        let highest = reports.values().copied().max().unwrap_or_default();
        let reported = highest.max(self.safety.record().high_qc.view).max(self.view());
        reached(15);
        let write = self.safety.fence(reported);
        self.push(write);
        self.standing.step = Step::Fencing(self.safety.record().generation);
    }

    /// R15: the record is on disk; a fence counts from here on.
    pub(crate) fn fence_persisted(&mut self, generation: Generation) {
        if matches!(self.standing.step, Step::Fencing(awaited) if awaited <= generation) {
            self.standing.step = Step::Filling;
        }
    }
}
