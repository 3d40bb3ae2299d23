//! Counts what leaves the nodes of a run, and notes when its blocks were proposed, decided and certified.
//!
//! **Counts** every message but batches (they are load) and heartbeats (one for each peer and second, whatever is
//! decided), also those to dead nodes: their senders do not know. Signatures are counted as whoever receives a message
//! would check them that has seen no part of it before.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cybermesh_consensus::ToSign;
use cybermesh_proto::agree::{Header, IndexSet};
use cybermesh_proto::keys::{Scheme, SignatureCheck};
use cybermesh_proto::{Height, View};

use crate::net::{Kind, Known, Packet};
use crate::world::Committees;

/// A hybrid signature in place of an Ed25519 one: its own bytes, and a longer length before them.
const HYBRID_MORE: u64 = (Scheme::Hybrid.signature_bytes() - Scheme::Ed25519.signature_bytes() + 1) as u64;

/// Sums over all nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// Messages sent.
    pub messages: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// The same with hybrid signatures.
    pub hybrid_bytes: u64,
    /// Signatures made.
    pub made: u64,
    /// Signatures to check in all that reaches running nodes.
    pub checked: u64,
}

impl Sums {
    /// What came since an earlier moment.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            messages: self.messages - earlier.messages,
            bytes: self.bytes - earlier.bytes,
            hybrid_bytes: self.hybrid_bytes - earlier.hybrid_bytes,
            made: self.made - earlier.made,
            checked: self.checked - earlier.checked,
        }
    }
}

/// A decided block; times in µs.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Its view.
    pub view: View,
    /// Who was left out when it was proposed.
    pub left_out: IndexSet,
    /// When its leader sent it.
    pub proposed: u64,
    /// When the first running node decided it.
    pub first_decided: u64,
    /// When the last one did.
    pub decided: u64,
    /// When its result was certified at the last one.
    pub certified: u64,
}

/// The meter of a run within one epoch.
pub struct Meter {
    committees: Committees,
    dead: Vec<u32>,
    /// So far.
    pub sums: Sums,
    /// When each view was led.
    pub proposed: BTreeMap<View, u64>,
    /// Views that somebody gave up.
    pub given_up: BTreeSet<View>,
    /// Blocks by height.
    pub blocks: BTreeMap<Height, Times>,
    /// The newest certified height of each node.
    certified: BTreeMap<u32, Height>,
}

impl Meter {
    /// A meter of a cluster in which these nodes are dead.
    #[must_use]
    pub fn new(committees: Committees, dead: Vec<u32>) -> Self {
        Self {
            committees,
            dead,
            sums: Sums::default(),
            proposed: BTreeMap::new(),
            given_up: BTreeSet::new(),
            blocks: BTreeMap::new(),
            certified: BTreeMap::new(),
        }
    }

    /// A message leaves.
    pub fn sent(&mut self, now: u64, to: u32, packet: &Rc<Packet>, check: &dyn SignatureCheck) {
        if matches!(packet.kind, Kind::Batch | Kind::Heartbeat) {
            return;
        }
        if packet.checks() == 0 {
            drop(packet.open(&Known { committees: &self.committees, check }));
        }
        match (packet.kind, packet.place) {
            (Kind::Proposal, Some((_, view))) => drop(self.proposed.entry(view).or_insert(now)),
            (Kind::Timeout, Some((_, view))) => drop(self.given_up.insert(view)),
            _ => {}
        }
        let (bytes, checks) = (packet.bytes.len() as u64, packet.checks());
        self.sums.messages += 1;
        self.sums.bytes += bytes;
        self.sums.hybrid_bytes += bytes + checks * HYBRID_MORE;
        if !self.dead.contains(&to) {
            self.sums.checked += checks;
        }
    }

    /// A node signs.
    pub fn signs(&mut self, statement: &ToSign) {
        if !matches!(statement, ToSign::Heartbeat(_)) {
            self.sums.made += 1;
        }
    }

    /// A node decides a block.
    pub fn decided(&mut self, header: &Header, now: u64) {
        let proposed = self.proposed.get(&header.view).copied().unwrap_or(now);
        let (view, left_out) = (header.view, header.left_out);
        let first = Times { view, left_out, proposed, first_decided: now, decided: now, certified: 0 };
        self.blocks.entry(header.height).or_insert(first).decided = now;
    }

    /// A height, and with it every lower one, is certified at a node.
    pub fn certified(&mut self, node: u32, height: Height, now: u64) {
        let before = self.certified.insert(node, height).unwrap_or_default();
        let news = self.blocks.range_mut(before.next()..=height.max(before));
        news.for_each(|(_, times)| times.certified = now);
    }

    /// The newest block that anybody decided.
    #[must_use]
    pub fn newest(&self) -> Option<(Height, Times)> {
        self.blocks.last_key_value().map(|(height, times)| (*height, *times))
    }

    /// The height that is certified at every running node.
    #[must_use]
    pub fn certified_by_all(&self, running: usize) -> Height {
        let least = self.certified.values().min().copied();
        least.filter(|_| self.certified.len() == running).unwrap_or_default()
    }
}
