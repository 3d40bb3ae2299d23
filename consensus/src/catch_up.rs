//! Nobody is left behind (R16).
//!
//! A statement of a lower epoch, view or height is answered with what moved this node past it; a higher one makes this
//! node ask whoever delivered it. Blocks that certificates name are asked for until they are there.
//!
//! **Limits**: one open question per peer, [`PEERS_MAX`] peers in mind, [`WANTED_MAX`] blocks wanted; one answer to
//! the statements of a peer for each position of this node, and [`ANSWERS_MAX`] to its questions in a tick.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cybermesh_proto::agree::{Block, Branch, Newer, Position};
use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::wire::Verified;
use cybermesh_proto::{BlockId, Epoch, Height, ValidatorIndex, View};

use crate::core::Core;
use crate::effect::{Effect, Outbound, To};
use crate::input::{Peer, Timer};
use crate::invariants::extends;

/// 256: every validator twice.
const PEERS_MAX: usize = 256;
/// 4 answers to the questions of one peer in a tick.
const ANSWERS_MAX: u8 = 4;
/// 8: the newest QC, the newest certificate, and parents of proposals.
const WANTED_MAX: usize = 8;
/// 16 ticks: the longest pause between two questions after the first ones.
const TICKS_MAX: u32 = 16;

/// What an answer is about: each has its own place in the accounts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Topic {
    Statement,
    Handover,
    Newer,
    Own,
}

/// Where somebody stands.
type Stand = (Epoch, View, Height);

/// A block that a certificate names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Want {
    height: Height,
    /// Ticks since it is wanted.
    ticks: u32,
    /// Questions asked: the next one goes to the next member.
    asked: u32,
}

/// Questions and answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct CatchUp {
    /// Peers with an open question.
    open: BTreeSet<Peer>,
    /// Peers that had nothing newer lately.
    rested: BTreeSet<Peer>,
    /// What was answered to whom, and how often, since the last tick.
    answered: BTreeMap<(Peer, Topic), (u8, Stand)>,
    wanted: BTreeMap<BlockId, Want>,
    /// Peers asked for a wanted block since the last tick, beyond the turns of the members.
    pressed: BTreeSet<(BlockId, Peer)>,
    ticking: bool,
    /// Whose turn it is to be asked by a node that is no validator.
    turn: u32,
    /// Ticks since the last progress.
    rounds: u32,
}

/// Questions are repeated after 1, 2, 4, 8 and then every 16 ticks.
fn is_turn(ticks: u32) -> bool {
    ticks.is_power_of_two() || ticks.checked_rem(TICKS_MAX) == Some(0)
}

impl CatchUp {
    pub(crate) fn found(&mut self, block: BlockId) {
        self.wanted.remove(&block);
    }

    pub(crate) fn is_behind(&self) -> bool {
        !self.wanted.is_empty()
    }

    pub(crate) fn enter_epoch(&mut self) {
        self.open.clear();
        self.rested.clear();
        self.pressed.clear();
        self.wanted.clear();
    }

    pub(crate) fn len(&self) -> usize {
        let peers = self.open.len().saturating_add(self.rested.len()).saturating_add(self.answered.len());
        peers.saturating_add(self.wanted.len())
    }
}

impl Core {
    /// R16: asks a peer what is newer.
    pub(crate) fn ask(&mut self, peer: Peer) {
        // R16
        let questions = &mut self.catch_up;
        if questions.open.len() >= PEERS_MAX
            || questions.rested.contains(&peer)
            || !questions.open.insert(peer)
        {
            return;
        }
        let position = self.position();
        self.push(Effect::Send(To::Peer(peer), Outbound::AskNewer(position)));
        self.tick();
    }

    /// R16 for a node outside the set: asks one member after the other.
    pub(crate) fn ask_around(&mut self) {
        self.catch_up.turn = self.catch_up.turn.wrapping_add(1);
        if let Some(member) = self.another(self.catch_up.turn) {
            let position = self.position();
            self.push(Effect::Send(To::Validator(member), Outbound::AskNewer(position)));
        }
    }

    fn position(&self) -> Position {
        let (chain, epoch) = (self.committee.chain, self.epoch());
        Position { chain, epoch, view: self.view(), height: self.ledger.certified() }
    }

    /// A block that a certificate names, and that is not here.
    pub(crate) fn want(&mut self, tip: BlockId, height: Height, from: Option<Peer>) {
        let known = self.tree.place(tip).is_some() || height <= self.tree.root().height;
        if known {
            return;
        }
        if self.catch_up.wanted.contains_key(&tip) {
            return self.press(tip, from);
        }
        if self.catch_up.wanted.len() >= WANTED_MAX {
            // The lowest one: the others stand on a later certificate.
            let lowest = self.catch_up.wanted.iter().min_by_key(|(_, want)| want.height).map(|(id, _)| *id);
            self.catch_up.wanted.retain(|id, _| Some(*id) != lowest);
        }
        self.catch_up.wanted.insert(tip, Want { height, ticks: 0, asked: 0 });
        self.ask_blocks(tip, from, self.tree.root().height);
        self.tick();
    }

    /// Somebody else names a wanted block: it holds what the ones asked so far may not.
    fn press(&mut self, tip: BlockId, from: Option<Peer>) {
        let Some(peer) = from else { return };
        if self.catch_up.pressed.len() < PEERS_MAX && self.catch_up.pressed.insert((tip, peer)) {
            self.ask_blocks(tip, from, self.tree.root().height);
        }
    }

    pub(crate) fn is_wanted(&self, id: BlockId) -> bool {
        self.catch_up.wanted.contains_key(&id) || self.safety.record().high_qc.block == id
    }

    fn ask_blocks(&mut self, tip: BlockId, peer: Option<Peer>, above: Height) {
        let branch = Branch { chain: self.committee.chain, above, tip };
        let to = match peer {
            Some(peer) => To::Peer(peer),
            None => {
                let Some(want) = self.catch_up.wanted.get_mut(&tip) else { return };
                let turn = want.asked;
                want.asked = turn.wrapping_add(1);
                let Some(member) = self.another(turn) else { return };
                To::Validator(member)
            }
        };
        self.push(Effect::Send(to, Outbound::AskBlocks(branch)));
    }

    /// Another member each time, starting behind this node's own place.
    fn another(&self, tried: u32) -> Option<ValidatorIndex> {
        let (n, tried) = (self.n(), usize::try_from(tried).ok()?);
        let Some(own) = self.me.map(ValidatorIndex::as_usize) else {
            return ValidatorIndex::new(tried.checked_rem(n)?);
        };
        let step = tried.checked_rem(n.saturating_sub(1).max(1))?.saturating_add(1);
        ValidatorIndex::new(own.saturating_add(step).checked_rem(n)?)
    }

    pub(crate) fn tick(&mut self) {
        if !self.catch_up.ticking {
            self.catch_up.ticking = true;
            self.push(Effect::Schedule(Timer::Ask, self.config.ask));
        }
    }

    /// Whatever the newest certificates name is wanted for as long as it is not here.
    pub(crate) fn want_missing(&mut self) {
        let high_qc = self.safety.record().high_qc.clone();
        if high_qc.epoch == self.epoch() {
            self.want(high_qc.block, high_qc.height, None);
        }
        if let Some((block, height)) =
            self.attest.target().map(|(decision, _)| (decision.block, decision.height))
        {
            self.want(block, height, None);
        }
    }

    /// Asks again, others than before.
    pub(crate) fn on_ask_timer(&mut self) {
        let questions = &mut self.catch_up;
        questions.ticking = false;
        questions.open.clear();
        questions.rested.clear();
        questions.answered.clear();
        questions.pressed.clear();
        self.forget_reported();
        let root = self.tree.root().height;
        self.catch_up.wanted.retain(|_, want| want.height > root);
        let open = self.is_asking() || !self.catch_up.wanted.is_empty();
        if !open {
            self.catch_up.rounds = 0;
            return;
        }
        self.catch_up.rounds = self.catch_up.rounds.saturating_add(1);
        let wanted: Vec<_> = self.catch_up.wanted.keys().copied().collect();
        for tip in wanted {
            let Some(want) = self.catch_up.wanted.get_mut(&tip) else { continue };
            want.ticks = want.ticks.saturating_add(1);
            if is_turn(want.ticks) {
                self.ask_blocks(tip, None, root);
            }
        }
        if is_turn(self.catch_up.rounds) {
            self.repeat_questions();
        }
        self.want_missing();
        self.tick();
    }

    /// Blocks on the way to a wanted one, lowest first. Leaders and times bind live votes only; but a block is taken only
    /// if it is certified: by a certificate that made this node want it, or by the one in the block on top of it.
    pub(crate) fn on_blocks(&mut self, from: Peer, blocks: Vec<Verified<Block>>) {
        let blocks: Vec<_> = blocks.into_iter().map(|block| Arc::new(block.into_inner())).collect();
        let certified: BTreeSet<_> = blocks.iter().map(|block| block.qc.block).collect();
        let mut reached = None;
        for block in blocks {
            let (id, height) = (block.header.id(), block.header.height);
            let Some(parent) = self.tree.place(block.header.parent) else { continue };
            let fits = extends(&block.header, &block.qc) && height == parent.height.next();
            let vouched = certified.contains(&id) || self.is_wanted(id) || planted(Fault::SyncUnverified);
            if block.header.epoch == self.epoch() && fits && vouched {
                self.insert(id, block, Some(from));
                reached = Some(height);
            }
        }
        let Some(above) = reached else { return };
        self.catch_up.rounds = 0;
        // There was more to come than one answer holds. Not while execution lags far behind.
        let room =
            u64::try_from(self.decided.len()).unwrap_or(u64::MAX) < self.config.anchor_lag.saturating_mul(4);
        let further = self.catch_up.wanted.iter().filter(|(_, want)| want.height > above && room);
        // The lowest of them: what hangs on it comes after it.
        let next = further.min_by_key(|(_, want)| want.height).map(|(tip, _)| *tip);
        if let Some(tip) = next {
            self.ask_blocks(tip, Some(from), above);
        }
    }

    /// R16: what moved this node past a position.
    pub(crate) fn on_ask_newer(&mut self, from: Peer, asked: Position) {
        if asked.chain != self.committee.chain {
            return;
        }
        if asked.epoch < self.epoch() {
            return self.answer_epoch(from, asked.epoch);
        }
        if !self.may_answer(from, Topic::Newer, (asked.epoch, asked.view, asked.height)) {
            return;
        }
        let newer = if asked.epoch == self.epoch() {
            self.newer_than(asked.view, asked.height)
        } else {
            self.ask(from);
            Newer::default()
        };
        self.push(Effect::Send(To::Peer(from), Outbound::Newer(Box::new(newer))));
    }

    fn newer_than(&self, view: View, height: Height) -> Newer {
        let record = self.safety.record();
        let ours = record.epoch == self.epoch();
        let qc = (ours && record.high_qc.view >= view && record.high_qc.view > View::ZERO)
            .then(|| (*record.high_qc).clone());
        let tc = record.high_tc.as_deref().filter(|tc| ours && tc.view >= view).cloned();
        let newest = self.attest.newest().filter(|(decision, _)| decision.epoch == self.epoch());
        let decision = newest.filter(|(decision, _)| decision.height > height).cloned();
        Newer { qc, tc, decision, handover: None }
    }

    /// R16: the answer to a statement of a view that is over.
    pub(crate) fn answer(&mut self, to: Peer, view: View) {
        self.answer_from(to, view, self.ledger.certified());
    }

    /// R16: the answer to a statement of a height that is certified.
    pub(crate) fn answer_height(&mut self, to: Peer, height: Height) {
        self.answer_from(to, self.view(), Height::new(height.get().saturating_sub(1)));
    }

    fn answer_from(&mut self, to: Peer, view: View, height: Height) {
        let ours = (self.epoch(), self.view(), self.ledger.certified());
        if planted(Fault::LaggardsUnanswered) || !self.may_answer(to, Topic::Statement, ours) {
            return;
        }
        // R16
        reached(16);
        let newer = self.newer_than(view, height);
        if newer != Newer::default() {
            self.push(Effect::Send(To::Peer(to), Outbound::Newer(Box::new(newer))));
        }
    }

    /// R16: the answer to a statement of an epoch that is over.
    pub(crate) fn answer_epoch(&mut self, to: Peer, epoch: Epoch) {
        if !planted(Fault::LaggardsUnanswered)
            && self.may_answer(to, Topic::Handover, (epoch, View::ZERO, Height::ZERO))
        {
            self.push(Effect::ServeHandover(to, epoch));
        }
    }

    /// One answer per peer, topic and place, and few to questions, whose place the asker chooses. All may be given again
    /// after the next tick.
    pub(crate) fn may_answer(&mut self, to: Peer, topic: Topic, place: Stand) -> bool {
        let questions = &mut self.catch_up;
        if questions.answered.len() >= PEERS_MAX {
            questions.answered.clear();
        }
        let (count, last) = questions.answered.entry((to, topic)).or_insert((0, place));
        let fresh = *count == 0 || *last != place;
        let may = fresh && (*count < ANSWERS_MAX || topic == Topic::Statement);
        if may {
            (*count, *last) = (count.saturating_add(1), place);
        }
        self.tick();
        may
    }

    /// What is newer at a peer; verified with the keys of this epoch.
    pub(crate) fn on_newer(&mut self, from: Peer, newer: Newer) {
        let asked = self.catch_up.open.remove(&from);
        let (before, known) = (self.position(), self.attest.known());
        let Newer { qc, tc, decision, handover } = newer;
        let nothing = qc.is_none() && tc.is_none() && decision.is_none() && handover.is_none();
        if let Some(qc) = qc {
            self.adopt_qc(&qc, Some(from));
        }
        if let Some(tc) = tc {
            self.adopt_tc(&tc, Some(from));
        }
        let certified = decision.or(handover.map(|handover| (handover.decision, handover.certificate)));
        if let Some((decision, certificate)) =
            certified.filter(|(decision, _)| decision.epoch == before.epoch)
            && before.epoch == self.epoch()
        {
            self.want(decision.block, decision.height, Some(from));
            self.take_certificate(Arc::new((decision, certificate)));
        }
        if nothing || (self.position() == before && self.attest.known() == known) {
            if asked {
                self.catch_up.rested.insert(from);
                self.tick();
            }
        } else {
            self.catch_up.rounds = 0;
        }
    }
}
