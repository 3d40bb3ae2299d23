//! When work waits (R13), and what is done again on a timer.

use cybermesh_proto::planted::{Fault, planted};

use crate::core::Core;
use crate::effect::Effect;
use crate::input::Timer;
use crate::pacemaker::Waits;
use crate::time::{micros, of_micros};

impl Core {
    /// R13: once work is known to wait, the short timer runs.
    pub(crate) fn settle_work(&mut self) {
        if self.pacemaker.work_is_known() {
            return;
        }
        let Some(waits) = self.waits() else { return };
        if planted(Fault::NoIdleTimer) && !self.work {
            return;
        }
        let timer = self.pacemaker.work(&self.config, waits);
        self.out.extend(timer);
    }

    /// R13: whether work waits.
    pub(crate) fn waits(&self) -> Option<Waits> {
        // R13: (a) undecided payload, (b) something to order, (c) something long due, (d) a node that forgot.
        let payload = self.payload_is_undecided() || self.work_is_allowed();
        if payload || self.is_long_due() {
            return Some(Waits::Known);
        }
        self.amnesiac_waits().then_some(Waits::Private)
    }

    fn payload_is_undecided(&self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let tip = self.safety.record().high_qc.block;
        let on_chain =
            self.tree.branch(tip).is_some_and(|branch| branch.iter().any(|node| node.has_payload()));
        on_chain || self.candidates.values().any(crate::vote::Candidate::has_payload)
    }

    fn work_is_allowed(&self) -> bool {
        let tip = self.safety.record().high_qc.block;
        self.work && self.tree.place(tip).is_some_and(|parent| self.payload_is_allowed(&parent))
    }

    fn is_long_due(&self) -> bool {
        let grace = micros(self.config.due_grace);
        let long = |due: &cybermesh_proto::TimeUs| {
            due.get().saturating_add(grace) <= self.clock.get() && self.tree.root().time < *due
        };
        self.ended.is_none() && self.due.as_ref().is_some_and(long)
    }

    /// The clock is looked at again when the next due time has come, and when it is long past.
    pub(crate) fn schedule_due(&mut self) {
        let Some(due) = self.due else { return };
        let now = self.clock.get();
        let ahead = due.get().saturating_sub(now);
        let wait = if ahead > 0 { ahead } else { micros(self.config.due_grace) };
        self.push(Effect::Schedule(Timer::Due, of_micros(wait)));
    }

    /// Sends again what nobody has acknowledged or certified yet.
    pub(crate) fn on_resend(&mut self) {
        let timeout = self.resend_timeout();
        let attestation = self.resend_attestations();
        if timeout || attestation {
            self.push(Effect::Schedule(Timer::Resend, self.config.resend));
        }
    }
}
