//! Nodes that lie. A behaviour wraps a whole honest node, whose core runs under the same key, and stands between it
//! and the network: what arrives and what leaves passes through it, it can sign with its own key (with no other), say
//! different things to different peers, and act on timers of its own.
//!
//! A behaviour lives in a file of its own here and is listed in [`BEHAVIOURS`].

mod amnesia_abuser;
mod attestation_liar;
mod batch_refiller;
mod batch_withholder;
mod claim_liar;
mod clock_cheat;
mod equivocating_proposer;
mod equivocating_voter;
mod foreign_parent;
mod forger;
mod hoard;
mod last_moment;
mod lying_sync;
mod reach;
mod selective;
mod silent;
mod spammer;
mod split_brain;
mod stale_qc;
mod swaps;
mod tail_forker;
mod view_jumper;

use std::rc::Rc;

use cybermesh_proto::agree::{Committee, Signed, Statement};
use cybermesh_proto::planted::{Fault, plant, planted};
use cybermesh_proto::{Epoch, TimeUs, ValidatorIndex, View};

use crate::net::Packet;
use crate::node::Node;
use crate::rng::Rng;
use crate::world::{Env, Event};

/// What becomes of a packet that leaves.
pub enum Leaving {
    /// It leaves as it is.
    AsItIs,
    /// It does not leave.
    Nothing,
    /// Another one leaves.
    Instead(Rc<Packet>),
}

/// What becomes of a packet that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coming {
    /// The honest node inside gets it.
    Passed,
    /// It does not.
    Dropped,
}

/// A way to lie.
pub trait Behaviour {
    /// The process has started.
    fn start(&mut self, _site: &mut Site<'_>) {}

    /// A packet has arrived.
    fn inbound(&mut self, _site: &mut Site<'_>, _from: u32, _packet: &Rc<Packet>) -> Coming {
        Coming::Passed
    }

    /// The honest node inside sends a packet to somebody; a broadcast comes here once for each.
    fn outbound(&mut self, _site: &mut Site<'_>, _to: u32, _packet: &Rc<Packet>) -> Leaving {
        Leaving::AsItIs
    }

    /// A timer of this behaviour ran out.
    fn timer(&mut self, _site: &mut Site<'_>, _token: u64) {}
}

/// Makes a behaviour.
pub type Make = fn() -> Box<dyn Behaviour>;

/// All behaviours by name.
pub const BEHAVIOURS: &[(&str, Make)] = &[
    ("honest", || Box::new(Honest)),
    ("mute", || Box::new(Mute)),
    ("equivocating-proposer", || Box::<equivocating_proposer::EquivocatingProposer>::default()),
    ("equivocating-voter", || Box::<equivocating_voter::EquivocatingVoter>::default()),
    ("foreign-parent", || Box::<foreign_parent::ForeignParent>::default()),
    ("silent", || Box::<silent::Silent>::default()),
    ("stale-qc", || Box::<stale_qc::StaleQc>::default()),
    ("claim-liar", || Box::<claim_liar::ClaimLiar>::default()),
    ("forger", || Box::<forger::Forger>::default()),
    ("selective", || Box::<selective::Selective>::default()),
    ("view-jumper", || Box::<view_jumper::ViewJumper>::default()),
    ("spammer", || Box::<spammer::Spammer>::default()),
    ("last-moment", || Box::<last_moment::LastMoment>::default()),
    ("batch-withholder", || Box::<batch_withholder::BatchWithholder>::default()),
    ("batch-refiller", || Box::<batch_refiller::BatchRefiller>::default()),
    ("lying-sync", || Box::<lying_sync::LyingSync>::default()),
    ("clock-cheat", || Box::<clock_cheat::ClockCheat>::default()),
    ("tail-forker", || Box::<tail_forker::TailForker>::default()),
    ("amnesia-abuser", || Box::<amnesia_abuser::AmnesiaAbuser>::default()),
    ("attestation-liar", || Box::<attestation_liar::AttestationLiar>::default()),
    ("split-brain", || Box::<split_brain::SplitBrain>::default()),
];

/// A step of a liar's honest half, without the rule that a node stops over its own signatures (R15): what was signed
/// behind its back must not disarm it.
pub(crate) fn shameless<T>(step: impl FnOnce() -> T) -> T {
    let chosen = Fault::ALL.into_iter().find(|fault| planted(*fault));
    plant(Some(Fault::RejoinVotesAtOnce));
    let done = step();
    plant(chosen);
    done
}

/// The behaviour of this name.
#[must_use]
pub fn behaviour(name: &str) -> Option<Box<dyn Behaviour>> {
    BEHAVIOURS.iter().find(|(known, _)| *known == name).map(|(_, make)| make())
}

/// Changes nothing: shows that the wrapping does no harm.
struct Honest;

impl Behaviour for Honest {}

/// Sends nothing at all.
struct Mute;

impl Behaviour for Mute {
    fn outbound(&mut self, _site: &mut Site<'_>, _to: u32, _packet: &Rc<Packet>) -> Leaving {
        Leaving::Nothing
    }
}

/// What a behaviour sees and can do.
pub struct Site<'a> {
    node: &'a mut Node,
    env: &'a mut Env,
}

impl<'a> Site<'a> {
    pub(crate) fn new(node: &'a mut Node, env: &'a mut Env) -> Self {
        Self { node, env }
    }

    /// The number of this node.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.node.number
    }

    /// Virtual time in µs.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.env.now
    }

    /// What the clock of this node says.
    #[must_use]
    pub fn clock(&self) -> TimeUs {
        self.node.clock(self.env.now)
    }

    /// Chance.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.env.rng
    }

    /// The newest view that the honest node inside has entered.
    #[must_use]
    pub fn view(&self) -> (Epoch, View) {
        self.node.shell.view
    }

    /// The committee of the newest epoch that it knows.
    #[must_use]
    pub fn committee(&self) -> &Committee {
        &self.node.shell.committees.present().committee
    }

    /// Its place in the set of an epoch.
    #[must_use]
    pub fn index(&self, epoch: Epoch) -> Option<ValidatorIndex> {
        self.node.index_in(epoch)
    }

    /// The nodes that run with the keys of the present set, without this one.
    #[must_use]
    pub fn peers(&self) -> Vec<u32> {
        let keys = self.node.shell.committees.present().keys();
        let nodes = keys.filter_map(|key| self.env.running.get(&key)).flatten().copied();
        nodes.filter(|node| *node != self.node.number).collect()
    }

    /// A block or batch that this node has on disk.
    #[must_use]
    pub fn payload(&self) -> &crate::disk::PayloadStore {
        &self.node.disks.payload
    }

    /// Results and certificates that this node has on disk.
    #[must_use]
    pub fn state(&self) -> &crate::disk::StateStore {
        &self.node.disks.state
    }

    /// Signs anything with the key of this node. `None` in an epoch that it is no part of.
    #[must_use]
    pub fn sign<S: Statement>(&self, statement: S) -> Option<Signed<S>> {
        self.node.signed(statement)
    }

    /// Sends anything to a node.
    pub fn send(&mut self, to: u32, packet: &Rc<Packet>) {
        self.env.inject("byzantine");
        self.env.send(self.node.number, to, packet);
    }

    /// Counts an injection of this kind, for plans that want to see that it really happened.
    pub fn inject(&mut self, kind: &'static str) {
        self.env.inject(kind);
    }

    /// Starts a timer.
    pub fn after(&mut self, us: u64, token: u64) {
        self.env.after(us.max(1), Event::Behaviour(self.node.number, self.node.life, token));
    }
}
