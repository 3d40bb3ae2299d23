//! Packets that arrive: opened, verified, and brought to whom they are for.

use std::rc::Rc;

use cybermesh_consensus::{Input, Message, Peer, Timer};

use super::Node;
use crate::byzantine::{Coming, Site};
use crate::net::{Known, Opened, Packet};
use crate::world::Env;

impl Node {
    /// A packet arrives.
    pub fn receive(&mut self, env: &mut Env, from: u32, packet: &Rc<Packet>) {
        if self.core.is_none() {
            return;
        }
        if let Some(mut behaviour) = self.behaviour.take() {
            let mut site = Site::new(self, env);
            let coming = behaviour.inbound(&mut site, from, packet);
            self.behaviour = Some(behaviour);
            if coming == Coming::Dropped {
                return;
            }
        }
        let setup = Rc::clone(&env.setup);
        let known = Known { committees: &self.shell.committees, check: setup.scheme.check() };
        match packet.open(&known) {
            Opened::Message(message) => self.message(env, from, message),
            Opened::Own(own) => {
                let key = env.key_of(from);
                let index = self.shell.committees.present().index(&key);
                if let Some(index) = index {
                    self.message(env, from, Message::Own(index, own));
                }
            }
            Opened::AskReport(ask) => {
                let key = env.key_of(from);
                if let Some(index) = self.shell.committees.present().index(&key) {
                    self.message(env, from, Message::AskReport(index, ask));
                }
            }
            Opened::AskBlocks(branch) => self.serve_blocks(env, from, &branch),
            Opened::AskBatch(id) => self.serve_batch(env, from, id),
            Opened::Batch(id, batch) => self.batch_came(env, id, batch),
            Opened::Acknowledged(epoch, view) => {
                let key = env.key_of(from);
                let index = self.shell.committees.get(epoch).and_then(|one| one.index(&key));
                if let Some(index) = index {
                    self.feed(env, Input::Acknowledged(index, epoch, view));
                }
            }
            Opened::Ahead => self.feed(env, Input::Ahead(Peer(from))),
            Opened::Refused(why) => {
                env.trace.line(env.now, Some(self.number), || {
                    format!("refuses {:?} of n{from}: {why}", packet.kind)
                });
                env.judge.refused(self.number, from, packet.kind, &why);
            }
        }
    }

    fn message(&mut self, env: &mut Env, from: u32, message: Message) {
        env.judge.delivered(self.number, self.life, self.shell.view, &message, &self.shell.committees);
        self.feed(env, Input::Message { from: Peer(from), message });
    }

    /// A timer of the core ran out.
    pub fn timer(&mut self, env: &mut Env, timer: Timer, number: u64) {
        if self.core.is_some() && self.timer_counts(timer, number) {
            self.feed(env, Input::Timer(timer));
        }
    }

    /// Somebody has a new connection to this node.
    pub fn connected(&mut self, env: &mut Env, peer: u32) {
        if self.core.is_none() {
            return;
        }
        if let Some(index) = self.shell.committees.present().index(&env.key_of(peer)) {
            self.feed(env, Input::Reconnected(index));
        }
    }
}
