//! Clients: they submit at a node, and at another one if that came to nothing. The same transaction may so be ordered
//! twice; it is applied once.

use cybermesh_proto::TimeUs;

use super::engine::World;
use super::env::Event;
use crate::model::{Body, Transaction, TxId};
use crate::plan::Change;
use crate::setup::BEGINNING_US;

/// After two attempts at any node a client goes through all of them: bad luck alone must not keep it from a validator.
const PATIENCE: u32 = 2;

impl World {
    /// A client comes with a transaction, and the next one is on its way.
    pub(super) fn next_client(&mut self) {
        let env = &mut self.env;
        if env.plan.load.every_ms == 0 || env.now >= env.plan.load_until_ms() * 1_000 {
            return;
        }
        let load = env.plan.load.clone();
        let body = if env.rng.below(100) < load.due_percent {
            let ahead = env.rng.range(load.due_ms) * 1_000;
            Body::Due(TimeUs::new(BEGINNING_US + env.now + ahead))
        } else {
            Body::Note
        };
        let pause = env.rng.between(1, 2 * load.every_ms * 1_000);
        env.after(pause, Event::NextClient);
        let transaction = self.new_transaction(body);
        self.submit(transaction, 0);
    }

    fn new_transaction(&mut self, body: Body) -> Transaction {
        let id = TxId(self.transactions.len() as u64 + 1);
        self.transactions.push(id);
        Transaction { id, body }
    }

    /// A transaction that asks for other validators.
    pub(super) fn plan_reconfiguration(&mut self, change: Change, at_us: u64) {
        let number = self.env.rng.below(1_000) as u32;
        let transaction = self.new_transaction(Body::Reconfigure(change, number));
        self.env.after(at_us, Event::Submit(transaction, 0));
    }

    /// A client submits a transaction, for the n-th time.
    pub(super) fn submit(&mut self, transaction: Transaction, attempt: u32) {
        if self.env.judge.is_final(transaction.id) {
            return;
        }
        if let Body::Reconfigure(change, _) = transaction.body {
            self.env.inject(match change {
                Change::Add => "add",
                Change::Remove => "remove",
                Change::Rotate => "rotate",
            });
        }
        let drawn = self.env.rng.place(self.nodes.len());
        let node =
            if attempt < PATIENCE { drawn } else { in_turn(transaction.id, attempt, self.nodes.len()) };
        self.env.trace.note(&[5, self.env.now, transaction.id.0, node as u64]);
        let node = &mut self.nodes[node];
        if node.is_up() {
            node.submit(&mut self.env, transaction.item());
        }
        let retry = self.env.plan.load.retry_ms * 1_000;
        let pause = if node.is_up() { retry * u64::from(attempt + 1).min(4) } else { 50_000 };
        self.env.after(pause, Event::Submit(transaction, attempt + 1));
    }
}

fn in_turn(id: TxId, attempt: u32, nodes: usize) -> usize {
    let turn = id.0.wrapping_add(attempt.into());
    usize::try_from(turn).map_or(0, |turn| turn.checked_rem(nodes).unwrap_or(0))
}
