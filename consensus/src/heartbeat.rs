//! Signs of life: where this node stands. Advisory; they start catching up and the clock alarm, nothing else.

use cybermesh_proto::DecisionHash;
use cybermesh_proto::agree::{Heartbeat, HeartbeatStatement};
use cybermesh_proto::hash::Digest;

use crate::core::Core;
use crate::effect::{Alarm, Effect, Outbound, To, ToSign};
use crate::input::{Peer, Timer};
use crate::time::micros;

impl Core {
    pub(crate) fn on_heartbeat_timer(&mut self) {
        self.push(Effect::Schedule(Timer::Heartbeat, self.config.heartbeat));
        self.want_missing();
        if self.me.is_none() {
            // Nobody sends to a node outside the set unasked.
            return self.ask_around();
        }
        let newest = self.ledger.newest();
        let statement = HeartbeatStatement {
            chain: self.committee.chain,
            epoch: self.epoch(),
            view: self.view(),
            certified_height: self.ledger.certified(),
            certified_hash: newest.map_or(DecisionHash(Digest::ZERO), |anchor| anchor.decision),
            time_us: self.clock,
        };
        self.push(Effect::Sign(Box::new(ToSign::Heartbeat(statement))));
    }

    pub(crate) fn heartbeat_signed(&mut self, heartbeat: Heartbeat) {
        self.push(Effect::Send(To::All, Outbound::Heartbeat(heartbeat)));
    }

    /// Another's sign of life.
    pub(crate) fn on_heartbeat(&mut self, from: Peer, heartbeat: &Heartbeat) {
        let said = &heartbeat.statement;
        if self.is_past(said.epoch, from) {
            return;
        }
        let apart = said.time_us.get().abs_diff(self.clock.get());
        if apart > micros(self.config.drift) {
            self.push(Effect::Alarm(Alarm::Clock(heartbeat.author)));
        }
        // A view or two apart is nothing but the time that a message takes.
        if said.view > self.view().next() || said.certified_height > self.tree.root().height {
            self.ask(from);
        } else if said.view.next() < self.view() {
            self.answer(from, said.view);
        } else if said.certified_height < self.attest_floor() {
            self.answer_height(from, said.certified_height.next());
        }
    }

    /// Below this height a peer lags more than the steady state explains.
    fn attest_floor(&self) -> cybermesh_proto::Height {
        cybermesh_proto::Height::new(self.ledger.certified().get().saturating_sub(2))
    }
}
