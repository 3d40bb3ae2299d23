//! Certificates are adopted, views entered and given up (R4, R5, R6).
//!
//! A certificate of whatever message is adopted before anything else is judged: a missing batch, an unknown block or a
//! wrong leader never keeps a node in a view that is over.

use cybermesh_proto::agree::{Qc, Signed, Tc, TimeoutStatement, ViewChange};
use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::{Epoch, View};

use crate::core::Core;
use crate::effect::{Effect, Outbound, To};
use crate::input::{Peer, Timer};
use crate::quorum::Counted;

impl Core {
    /// Takes a verified QC, from a peer or made here.
    pub(crate) fn adopt_qc(&mut self, qc: &Qc, from: Option<Peer>) {
        if qc.epoch != self.epoch() {
            return;
        }
        self.recognise_vote_in(qc);
        if planted(Fault::IgnoreLateQc) && qc.view.next() < self.view() {
            return;
        }
        // R6: a QC of a view already given up still counts as the newest.
        let raised = self.safety.raise_qc(qc);
        if self.tree.get(qc.block).is_some() {
            self.certify(qc.block);
        } else if raised {
            self.want(qc.block, qc.height, from);
        }
        self.enter(qc.view.next());
    }

    /// Takes a verified TC, from a peer or made here.
    pub(crate) fn adopt_tc(&mut self, tc: &Tc, from: Option<Peer>) {
        if tc.epoch != self.epoch() {
            return;
        }
        self.recognise_timeout_in(tc);
        if !planted(Fault::IgnoreTcQc) {
            self.adopt_qc(&tc.high_qc, from);
        }
        self.safety.raise_tc(tc);
        self.enter(tc.view.next());
    }

    /// R6: enters a view that a certificate lets into.
    fn enter(&mut self, view: View) {
        // R6
        if !self.pacemaker.enter(view) {
            return;
        }
        self.tally.prune(view);
        self.candidates.clear();
        self.proposing = crate::propose::Proposing::default();
        let oldest = View::new(view.get().saturating_sub(self.config.views_ahead));
        // Out of mind, not off the disk: a hidden certificate of one that this node voted for may still show up.
        self.tree.prune(oldest, self.safety.record().high_qc.block);
        self.arm_view();
    }

    pub(crate) fn arm_view(&mut self) {
        self.out.extend(self.pacemaker.arm(&self.config));
    }

    /// R13: the view took too long.
    pub(crate) fn on_view_timer(&mut self, epoch: Epoch, view: View) {
        if (epoch, view) == (self.epoch(), self.view()) {
            self.pacemaker.expire();
            self.arm_view();
        }
    }

    /// R4: gives the view up, as soon as that may be signed.
    pub(crate) fn settle_timeout(&mut self) {
        if self.pacemaker.expired() && self.may_sign() {
            // R4
            let asked = self.safety.time_out(self.pacemaker.view());
            self.out.extend(asked);
        }
    }

    /// A peer's timeout with the certificates beside it.
    pub(crate) fn on_view_change(&mut self, from: Peer, view_change: ViewChange) {
        let ViewChange { timeout, high_qc, entry } = view_change;
        if self.is_past(timeout.statement.epoch, from) {
            return;
        }
        self.recognise_timeout(&timeout);
        self.adopt_qc(&high_qc, Some(from));
        if let Some(entry) = entry {
            self.adopt_tc(&entry, Some(from));
        }
        let view = timeout.statement.view;
        if view < self.view() {
            // R11: the previous view is over, not forgotten.
            if view.next() == self.view() {
                self.count_timeout(timeout);
            }
            return self.answer(from, view);
        }
        if self.is_far(timeout.statement.view) {
            return self.ask(from);
        }
        let said = (timeout.statement.epoch, timeout.statement.view);
        self.count_timeout(timeout);
        // Only now: what was dropped on the way must be sent again.
        self.push(Effect::Send(To::Peer(from), Outbound::Acknowledged(said.0, said.1)));
    }

    /// R5: counts a timeout; f + 1 pull this node along, q make a TC.
    pub(crate) fn count_timeout(&mut self, timeout: Signed<TimeoutStatement>) {
        let view = timeout.statement.view;
        match self.tally.timeout(timeout) {
            Counted::New => {}
            Counted::Known => return,
            Counted::Equivocation(evidence) => return self.convict(*evidence),
        }
        // R5
        if view == self.view() && self.tally.given_up(view) > self.committee.set.f() {
            self.pacemaker.expire();
        }
        let high_qc = self.safety.record().high_qc.clone();
        if let Some(tc) = self.tally.tc(view, &high_qc, &self.committee) {
            reached(5);
            self.adopt_tc(&tc, None);
        }
    }

    /// This node's timeout is covered by the record on disk.
    pub(crate) fn release_timeout(&mut self, timeout: Signed<TimeoutStatement>) {
        // The disk was slower than the view: nobody waits for it any more.
        if timeout.statement.view < self.view() {
            return;
        }
        self.send_timeout(&timeout, To::All);
        self.count_timeout(timeout);
        self.push(Effect::Schedule(Timer::Resend, self.config.resend));
    }

    /// R4: the stored timeout of this view again, to everybody who has not acknowledged it.
    pub(crate) fn resend_timeout(&mut self) -> bool {
        let Some(timeout) = self.stored_timeout().filter(|_| self.may_sign()) else { return false };
        if planted(Fault::TimeoutSentOnce) {
            return false;
        }
        // R4
        let members = (0..self.n()).filter_map(cybermesh_proto::ValidatorIndex::new);
        let others: Vec<_> = members.filter(|member| Some(*member) != self.me).collect();
        for member in others {
            if !self.pacemaker.has_acknowledged(member) {
                self.send_timeout(&timeout, To::Validator(member));
            }
        }
        true
    }

    /// The timeout of this view, if it was signed and is on disk.
    pub(crate) fn stored_timeout(&self) -> Option<Signed<TimeoutStatement>> {
        let stored = self.safety.timeout_on_disk()?;
        let said = &stored.statement;
        ((said.epoch, said.view) == (self.epoch(), self.view())).then(|| stored.clone())
    }

    /// R4: with the newest QC, and with the TC that let into the view unless that QC does.
    fn send_timeout(&mut self, timeout: &Signed<TimeoutStatement>, to: To) {
        let record = self.safety.record();
        let high_qc = (*record.high_qc).clone();
        let needs_tc = high_qc.view.next() < timeout.statement.view;
        let entry = record.high_tc.as_deref().filter(|_| needs_tc).cloned();
        if needs_tc && entry.as_ref().is_none_or(|tc| tc.view.next() != timeout.statement.view) {
            return;
        }
        let message = ViewChange { timeout: timeout.clone(), high_qc, entry };
        self.push(Effect::Send(to, Outbound::Timeout(Box::new(message))));
    }

    /// Whether a view is so far above that its statements are not kept.
    pub(crate) fn is_far(&self, view: View) -> bool {
        view.get() > self.view().get().saturating_add(self.config.views_ahead)
    }
}
