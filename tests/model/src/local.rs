//! One honest validator: the real core, with a disk, a signer and an executor that answer at once.
//!
//! **Promise**: what follows from a local state and an input depends on these two alone. So each such step is taken
//! once, however many schedules it is part of.

use std::collections::VecDeque;
use std::sync::Arc;

use cybermesh_consensus::{
    Core, Effect, Execution, Input, Message, Outbound, Peer, SignedStatement, Timer, ToSign,
};
use cybermesh_proto::agree::{Block, Committee, Proposal, Tc};
use cybermesh_proto::planted::{Fault, plant};
use cybermesh_proto::{BlockId, DecisionHash, Epoch, View};

use crate::blocks::{BlockNo, Blocks, GivenUp};
use crate::material::{Maker, first_decision, result, sign, start};

/// Who delivers: answers are dropped, so one peer is as good as another.
const PEER: Peer = Peer(0);
/// Rounds of questions after which a block that is not to be had is given up.
const QUESTIONS: usize = 2;

/// What can happen to an honest validator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Event {
    /// It learns a quorum certificate.
    Certificate(BlockNo),
    /// It learns a timeout certificate.
    GivenUp(GivenUp),
    /// It gets a proposal.
    Proposal(BlockNo, Option<GivenUp>),
    /// It gets somebody's vote.
    Vote(u8, BlockNo),
    /// It gets somebody's timeout.
    Timeout(u8, Timeout),
    /// Its view takes too long.
    ViewTimer,
    /// It leads the view and has waited for work long enough.
    ProposeTimer,
}

/// A timeout, by what counts in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timeout {
    /// The view given up.
    pub view: u8,
    /// The block of the certificate claimed.
    pub claim: BlockNo,
    /// The certificate that let its author into the view, unless that was a quorum's.
    pub entry: Option<GivenUp>,
}

/// What an honest validator has said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Said {
    /// A proposal.
    Proposed(BlockNo, Option<GivenUp>),
    /// A vote.
    Voted(BlockNo),
    /// A timeout.
    TimedOut(Timeout),
}

/// An honest validator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Local {
    /// Its place.
    pub me: usize,
    /// Its core.
    pub core: Core,
    /// Every statement that it released, in this order.
    pub said: Vec<Said>,
    /// The block of the newest quorum certificate in its record on disk.
    pub newest: BlockNo,
    /// The blocks it decided, in this order.
    pub decided: Vec<BlockNo>,
    /// Its core stopped, or found that it forgot what it signed.
    pub stopped: bool,
    last: DecisionHash,
}

/// What a step needs beside the local state.
pub struct Around<'a> {
    /// The committee.
    pub committee: &'a Arc<Committee>,
    /// The blocks that there are.
    pub blocks: &'a mut Blocks,
    /// The mistake put in on purpose.
    pub fault: Option<Fault>,
}

impl Local {
    /// A validator that has started for the first time and asked the others about itself.
    #[must_use]
    pub fn first(me: usize, around: &mut Around<'_>) -> Self {
        plant(around.fault);
        let (core, effects) = Core::start(start(around.committee, me));
        let (said, newest, decided) = (Vec::new(), BlockNo::ROOT, Vec::new());
        let mut local = Self { me, core, said, newest, decided, stopped: false, last: first_decision() };
        local.perform(effects, around);
        for other in (0..around.committee.set.n()).filter(|other| *other != me) {
            let nothing = local.maker(around).nothing_of_yours(other);
            local.hear(nothing, around);
        }
        local.step(Input::Timer(Timer::Ask), around);
        assert!(local.core.is_ready(), "a validator that started is ready");
        plant(None);
        local
    }

    /// The view it is in.
    #[must_use]
    pub fn view(&self) -> u8 {
        u8::try_from(self.core.view().get()).unwrap_or(u8::MAX)
    }

    /// The local state after an event.
    #[must_use]
    pub fn after(&self, event: Event, around: &mut Around<'_>) -> Self {
        plant(around.fault);
        let mut local = self.clone();
        let make = local.maker(around);
        let view = local.core.view();
        let input = match event {
            Event::Certificate(block) => message(make.certificate(block)),
            Event::GivenUp(tc) => message(make.given_up(tc)),
            Event::Proposal(block, tc) => message(make.proposal(block, tc)),
            Event::Vote(author, block) => message(make.vote(author.into(), block)),
            Event::Timeout(author, said) => {
                message(make.timeout(author.into(), said.view, said.claim, said.entry))
            }
            Event::ViewTimer => Input::Timer(Timer::View(Epoch::ZERO, view)),
            Event::ProposeTimer => Input::Timer(Timer::Propose(Epoch::ZERO, view)),
        };
        local.step(input, around);
        plant(None);
        local
    }

    fn maker<'a>(&self, around: &'a Around<'_>) -> Maker<'a> {
        Maker { committee: around.committee, blocks: around.blocks, to: self.me }
    }

    fn hear(&mut self, heard: Message, around: &mut Around<'_>) {
        self.step(message(heard), around);
    }

    fn step(&mut self, input: Input, around: &mut Around<'_>) {
        let effects = self.core.step(input);
        // A question is asked again at once: what it left in mind is no difference between two states.
        let mut asking = self.perform(effects, around);
        for _ in 0..QUESTIONS {
            if !asking {
                return;
            }
            let effects = self.core.step(Input::Timer(Timer::Ask));
            asking = self.perform(effects, around);
        }
    }

    /// Performs effects and what follows from them; true if there are open questions.
    fn perform(&mut self, effects: Vec<Effect>, around: &mut Around<'_>) -> bool {
        let mut queue = VecDeque::from(effects);
        let mut asking = false;
        while let Some(effect) = queue.pop_front() {
            asking |= matches!(effect, Effect::Schedule(Timer::Ask, _));
            if let Some(input) = self.one(effect, around) {
                queue.extend(self.core.step(input));
            }
        }
        asking
    }

    fn one(&mut self, effect: Effect, around: &mut Around<'_>) -> Option<Input> {
        match effect {
            Effect::Sign(what) => Some(Input::Signed(Box::new(signed(*what, self.me)))),
            Effect::Persist(record) => {
                self.newest = around.blocks.number(record.high_qc.block);
                Some(Input::Persisted(record.generation))
            }
            Effect::Store(block) => Some(Input::Stored(block.header.id())),
            Effect::Commit(height, _) => Some(Input::Committed(height)),
            Effect::StoreCertificate(pair, _) => Some(Input::CertificateStored(pair.0.height)),
            Effect::Decide(block) => Some(self.decide(&block, around)),
            Effect::Send(_, Outbound::AskBlocks(branch)) => {
                let tip = around.blocks.number(branch.tip);
                Some(message(self.maker(around).branch(tip, branch.above)))
            }
            Effect::Send(_, sent) => {
                self.say(&sent, around);
                None
            }
            Effect::Halt(_) | Effect::Alarm(_) => {
                self.stopped = true;
                None
            }
            _ => None,
        }
    }

    fn decide(&mut self, block: &Block, around: &mut Around<'_>) -> Input {
        self.decided.push(around.blocks.number(block.header.id()));
        let decision = result(&block.header, self.last, &around.committee.set);
        self.last = decision.hash();
        let (next, quarantines, due) = (None, Vec::new(), None);
        Input::Executed(Box::new(Execution { decision, next, quarantines, due }))
    }

    fn say(&mut self, sent: &Outbound, around: &mut Around<'_>) {
        let said = match sent {
            Outbound::Proposal(proposal) => {
                let block = around.blocks.add(&proposal.header, 0);
                Said::Proposed(block, tc_of(proposal, around.blocks))
            }
            Outbound::Vote(vote) => Said::Voted(around.blocks.number(vote.statement.block)),
            Outbound::Timeout(change) => {
                let statement = &change.timeout.statement;
                let claim = claimed(statement.hqc_view, statement.hqc_block, around.blocks);
                let entry = change.entry.as_ref().map(|tc| name(tc, around.blocks));
                Said::TimedOut(Timeout { view: number(statement.view), claim, entry })
            }
            // Questions, answers, attestations, evidence: nothing that a vote rests on.
            _ => return,
        };
        self.said.push(said);
    }
}

fn message(message: Message) -> Input {
    Input::Message { from: PEER, message }
}

fn number(view: View) -> u8 {
    u8::try_from(view.get()).unwrap()
}

fn tc_of(proposal: &Proposal, blocks: &Blocks) -> Option<GivenUp> {
    proposal.tc.as_ref().map(|tc| name(tc, blocks))
}

/// What counts in a timeout certificate.
fn name(tc: &Tc, blocks: &Blocks) -> GivenUp {
    let highest = tc.claims.iter().max_by_key(|claim| claim.hqc_view).unwrap();
    let claim = claimed(highest.hqc_view, highest.hqc_block, blocks);
    GivenUp { view: number(tc.view), claim }
}

/// What is claimed by view and block: the view counts.
fn claimed(view: View, block: BlockId, blocks: &Blocks) -> BlockNo {
    if view == View::ZERO { BlockNo::ROOT } else { blocks.number(block) }
}

fn signed(what: ToSign, author: usize) -> SignedStatement {
    match what {
        ToSign::Proposal(statement) => SignedStatement::Proposal(sign(statement, author)),
        ToSign::Vote(statement) => SignedStatement::Vote(sign(statement, author)),
        ToSign::Timeout(statement) => SignedStatement::Timeout(sign(statement, author)),
        ToSign::Attestation(statement) => SignedStatement::Attestation(sign(statement, author)),
        ToSign::Heartbeat(statement) => SignedStatement::Heartbeat(sign(statement, author)),
        ToSign::Report(statement) => SignedStatement::Report(sign(statement, author)),
    }
}
