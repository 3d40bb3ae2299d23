//! The state machine: one input at a time, and the effects that follow from it.
//!
//! Each kind of input has its handler in the file of its idea. After every input the core *settles*: whatever may be
//! signed by now is, whatever leads on is asked for. So no handler has to know what it might have made possible.

use std::collections::BTreeMap;
use std::sync::Arc;

use cybermesh_proto::agree::{Block, Committee};
use cybermesh_proto::wire::Fixed;
use cybermesh_proto::{Epoch, Height, TimeUs, ValidatorIndex, View};

use crate::amnesia::Standing;
use crate::anchor::Ledger;
use crate::attest::Attest;
use crate::catch_up::CatchUp;
use crate::config::Config;
use crate::effect::{Effect, Halt};
use crate::epoch::Ended;
use crate::evidence::Seen;
use crate::input::{Input, Message, Peer, Timer};
use crate::pacemaker::Pacemaker;
use crate::propose::Proposing;
use crate::quorum::Tally;
use crate::rotation::Quarantine;
use crate::safety::Safety;
use crate::tree::Tree;
use crate::vote::Candidate;

/// One validator's, or observer's, part in agreement.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Core {
    pub(crate) config: Config,
    pub(crate) key: Option<Fixed<32>>,
    pub(crate) clock: TimeUs,
    pub(crate) committee: Arc<Committee>,
    /// This node's place in the committee.
    pub(crate) me: Option<ValidatorIndex>,
    pub(crate) safety: Safety,
    pub(crate) pacemaker: Pacemaker,
    pub(crate) tally: Tally,
    pub(crate) tree: Tree,
    /// Proposals of the present view, one per author, until voted for or refused.
    pub(crate) candidates: BTreeMap<ValidatorIndex, Candidate>,
    pub(crate) proposing: Proposing,
    /// Decided, not executed.
    pub(crate) decided: BTreeMap<Height, Arc<Block>>,
    pub(crate) ledger: Ledger,
    pub(crate) attest: Attest,
    /// The end of the epoch, once this node has executed it.
    pub(crate) ended: Option<Ended>,
    pub(crate) quarantines: Vec<Quarantine>,
    pub(crate) due: Option<TimeUs>,
    /// There is something to order, says the shell.
    pub(crate) work: bool,
    pub(crate) standing: Standing,
    pub(crate) catch_up: CatchUp,
    pub(crate) seen: Seen,
    pub(crate) halted: bool,
    pub(crate) out: Vec<Effect>,
}

/// How much a core holds: what the bounds of its memory are tested with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Statements of near views.
    pub statements: usize,
    /// Undecided blocks.
    pub blocks: usize,
    /// Decided blocks that were not executed.
    pub decided: usize,
    /// Hashes of decisions.
    pub decisions: usize,
    /// Attestations collected.
    pub attestations: usize,
    /// Proposals of the present view.
    pub candidates: usize,
    /// Questions, answers and wishes kept in mind.
    pub questions: usize,
    /// Statements that wait for the record to be on disk.
    pub waiting: usize,
}

impl Core {
    /// The core's whole behaviour: what happens, and what follows.
    #[must_use]
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        if self.halted {
            return Vec::new();
        }
        self.handle(input);
        if !self.halted {
            self.settle();
        }
        core::mem::take(&mut self.out)
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Clock(reading) => self.clock = reading,
            Input::Timer(timer) => self.on_timer(timer),
            Input::Message { from, message } => self.on_message(from, message),
            Input::Ahead(peer) => self.ask(peer),
            Input::Acknowledged(by, epoch, view) => self.pacemaker.acknowledge(by, epoch, view),
            Input::Reconnected(who) => self.pacemaker.reconnected(who),
            Input::Stored(block) => self.on_stored(block),
            Input::BatchHeld(batch) => self.on_batch_held(batch),
            Input::Signed(signed) => self.on_signed(*signed),
            Input::Persisted(generation) => self.on_persisted(generation),
            Input::Work(work) => self.on_work(work),
            Input::Built(epoch, view, batches) => self.on_built(epoch, view, batches),
            Input::Executed(execution) => self.on_executed(*execution),
            Input::Committed(height) => self.on_committed(height),
            Input::CertificateStored(height) => self.on_certificate_stored(height),
            Input::Broken(broken) => self.halt(Halt::Broken(broken)),
        }
    }

    fn on_message(&mut self, from: Peer, message: Message) {
        match message {
            Message::Proposal(proposal) => self.on_proposal(from, proposal.into_inner()),
            Message::Vote(vote) => self.on_vote(from, vote.into_inner()),
            Message::Timeout(view_change) => self.on_view_change(from, view_change.into_inner()),
            Message::Attestation(attestation) => self.on_attestation(from, attestation.into_inner()),
            Message::Heartbeat(heartbeat) => self.on_heartbeat(from, heartbeat.get()),
            Message::Evidence(evidence) => self.on_evidence(evidence.into_inner()),
            Message::AskNewer(position) => self.on_ask_newer(from, position),
            Message::Newer(newer) => self.on_newer(from, newer.into_inner()),
            Message::Blocks(blocks) => self.on_blocks(from, blocks),
            Message::AskOwn(ask) => self.on_ask_own(from, &ask),
            Message::Own(by, own) => self.on_own(from, by, own.into_inner()),
            Message::AskReport(by, ask) => self.on_ask_report(from, by, &ask),
            Message::Report(report) => self.on_report(from, report.into_inner()),
        }
    }

    fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::View(epoch, view) | Timer::Work(epoch, view) => self.on_view_timer(epoch, view),
            Timer::Propose(epoch, view) => self.on_propose_timer(epoch, view),
            Timer::Due => self.schedule_due(),
            // The settling that follows looks at the clock again.
            Timer::Early => {}
            Timer::Resend => self.on_resend(),
            Timer::Heartbeat => self.on_heartbeat_timer(),
            Timer::Ask => self.on_ask_timer(),
        }
    }

    /// Whatever may be done by now is done.
    fn settle(&mut self) {
        self.settle_standing();
        self.settle_timeout();
        self.settle_votes();
        self.settle_proposal();
        self.settle_work();
        for released in self.safety.released_early() {
            self.release(released);
        }
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    pub(crate) fn halt(&mut self, halt: Halt) {
        self.halted = true;
        self.push(Effect::Halt(halt));
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.committee.epoch
    }

    pub(crate) fn n(&self) -> usize {
        self.committee.set.n()
    }

    /// The committee of the present epoch: messages of this epoch are verified with it.
    #[must_use]
    pub fn committee(&self) -> &Arc<Committee> {
        &self.committee
    }

    /// The present view.
    #[must_use]
    pub fn view(&self) -> View {
        self.pacemaker.view()
    }

    /// The newest height that a certificate on disk covers.
    #[must_use]
    pub fn certified(&self) -> Height {
        self.ledger.certified()
    }

    /// Whether this node may sign statements of agreement.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.may_sign()
    }

    /// How much it holds.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            statements: self.tally.len(),
            blocks: self.tree.len(),
            decided: self.decided.len(),
            decisions: self.ledger.len(),
            attestations: self.attest.len(),
            candidates: self.candidates.len(),
            questions: self.catch_up.len(),
            waiting: self.safety.waiting(),
        }
    }
}
