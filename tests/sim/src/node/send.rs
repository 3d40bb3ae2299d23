//! Messages that leave: encoded once, judged, and sent to whom they are for.

use std::collections::BTreeSet;
use std::rc::Rc;

use cybermesh_consensus::{Outbound, To};
use cybermesh_proto::agree::Ask;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_proto::{Epoch, View};

use super::Node;
use crate::byzantine::{Leaving, Site};
use crate::net::{Kind, Packet};
use crate::properties::Reading;
use crate::world::Env;

impl Node {
    /// A message of the core leaves.
    pub(crate) fn release(&mut self, env: &mut Env, to: To, outbound: &Outbound) {
        let clock = Reading {
            clock: self.clock(env.now),
            patience_us: self.shell.patience_us.into_iter().max().unwrap_or_default(),
        };
        env.judge.released(self.number, self.key, outbound, &self.disks, clock);
        let packet = packet(outbound);
        match to {
            To::All => self.spread(env, &packet),
            To::Validator(index) => {
                let Some(key) = self.shell.committees.present().key(index) else {
                    return;
                };
                let nodes = env.running.get(&key).cloned().unwrap_or_default();
                for node in nodes {
                    if node != self.number {
                        self.transmit(env, node, &packet);
                    }
                }
            }
            To::Peer(peer) => self.transmit(env, peer.0, &packet),
        }
    }

    /// To every other validator of this epoch, and of the one before while its members are still talked to.
    pub(crate) fn spread(&mut self, env: &mut Env, packet: &Rc<Packet>) {
        let present = Rc::clone(self.shell.committees.present());
        if self.shell.certified > present.committee.root.height {
            self.shell.lingering = None;
        }
        let lingering = self.shell.lingering.clone();
        let keys = present.keys().chain(lingering.iter().flat_map(|old| old.keys()));
        let others = keys.filter(|key| *key != self.key);
        let nodes: BTreeSet<u32> =
            others.filter_map(|key| env.running.get(&key)).flatten().copied().collect();
        nodes.into_iter().for_each(|node| self.transmit(env, node, packet));
    }

    /// To one node; a lying one may send something else, or nothing.
    pub(crate) fn transmit(&mut self, env: &mut Env, to: u32, packet: &Rc<Packet>) {
        let Some(mut behaviour) = self.behaviour.take() else {
            return env.send(self.number, to, packet);
        };
        let mut site = Site::new(self, env);
        let leaving = behaviour.outbound(&mut site, to, packet);
        self.behaviour = Some(behaviour);
        match leaving {
            Leaving::AsItIs => env.send(self.number, to, packet),
            Leaving::Nothing => env.inject("byzantine"),
            Leaving::Instead(packet) => {
                env.inject("byzantine");
                env.send(self.number, to, &packet);
            }
        }
    }
}

/// A message as a packet.
#[must_use]
pub fn packet(outbound: &Outbound) -> Rc<Packet> {
    let (kind, bytes) = match outbound {
        Outbound::Proposal(one) => (Kind::Proposal, encode_canonical(&**one)),
        Outbound::Vote(one) => (Kind::Vote, encode_canonical(one)),
        Outbound::Timeout(one) => (Kind::Timeout, encode_canonical(&**one)),
        Outbound::Attestation(one) => (Kind::Attestation, encode_canonical(one)),
        Outbound::Acknowledged(..) => (Kind::Acknowledgement, vec![0; 16]),
        Outbound::Heartbeat(one) => (Kind::Heartbeat, encode_canonical(one)),
        Outbound::Evidence(one) => (Kind::Evidence, encode_canonical(&**one)),
        Outbound::AskNewer(one) => (Kind::Ask, encode_canonical(&Ask::Newer(*one))),
        Outbound::Newer(one) => (Kind::Newer, encode_canonical(&**one)),
        Outbound::AskBlocks(one) => (Kind::Ask, encode_canonical(&Ask::Blocks(*one))),
        Outbound::AskOwn(one) => (Kind::AskOwn, encode_canonical(one)),
        Outbound::Own(one) => (Kind::Own, encode_canonical(&**one)),
        Outbound::AskReport(one) => (Kind::AskReport, encode_canonical(one)),
        Outbound::Report(one) => (Kind::Report, encode_canonical(&**one)),
    };
    Packet::new(kind, bytes, place(outbound))
}

fn place(outbound: &Outbound) -> Option<(Epoch, View)> {
    match outbound {
        Outbound::Proposal(one) => Some((one.header.epoch, one.header.view)),
        Outbound::Vote(one) => Some((one.statement.epoch, one.statement.view)),
        Outbound::Timeout(one) => Some((one.timeout.statement.epoch, one.timeout.statement.view)),
        Outbound::Acknowledged(epoch, view) => Some((*epoch, *view)),
        _ => None,
    }
}
