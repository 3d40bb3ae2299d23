//! What a core starts from: what the shell found on disk.

use std::sync::Arc;

use cybermesh_proto::agree::{
    Anchor, Attestation, Block, Committee, Decision, DecisionCertificate, Header, ValidatorSet,
};
use cybermesh_proto::genesis::TrustedGenesis;
use cybermesh_proto::wire::Fixed;
use cybermesh_proto::{DecisionHash, Height, TimeUs};

use crate::config::Config;
use crate::rotation::Quarantine;
use crate::variables::{Generation, SafetyRecord};

/// What was found where the safety record should be.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Found {
    /// Nothing, and the marker of `init` that says so must be.
    FirstBoot,
    /// A record.
    Record(Box<SafetyRecord>),
    /// Nothing that can be trusted: missing, damaged in both slots, or left out of a backup.
    Nothing,
}

/// What a core starts from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Start {
    /// Settings.
    pub config: Config,
    /// The Ed25519 key of this node: finds its index in every set. `None` for an observer.
    pub key: Option<Fixed<32>>,
    /// Fresh randomness: names the question of a node that forgot.
    pub nonce: Fixed<32>,
    /// The clock's reading.
    pub clock: TimeUs,
    /// The safety record.
    pub record: Found,
    /// The newest generation that the state store knows to have been on disk.
    pub mirror: Generation,
    /// Whether the payload store or the state store was lost while the record is intact, and [`crate::Effect::Whole`] has
    /// not been seen since: the shell keeps a durable mark of it.
    pub lost_store: bool,
    /// The validators after the newest decision that is applied and, where it ends an epoch, certified.
    pub committee: Committee,
    /// The header of the newest applied block.
    pub applied: Header,
    /// Hashes of applied decisions, ascending, at least from the anchor of the newest applied block on.
    pub decisions: Vec<(Height, DecisionHash)>,
    /// Applied decisions that no certificate covers, ascending.
    pub uncertified: Vec<Decision>,
    /// The next validators, if the newest applied decision ends the epoch and this node has not left it.
    pub next: Option<ValidatorSet>,
    /// The newest certificate, with its decision; none at the genesis.
    pub certified: Option<Box<(Decision, DecisionCertificate)>>,
    /// Own attestations above the newest certificate.
    pub attestations: Vec<Attestation>,
    /// Headers of this epoch's applied blocks, ascending: those of the last 11 windows and the newest one before.
    pub past: Vec<Header>,
    /// As the newest execution gave them.
    pub quarantines: Vec<Quarantine>,
    /// As the newest execution gave it.
    pub due: Option<TimeUs>,
    /// Stored blocks above the applied one, ascending by height.
    pub blocks: Vec<Arc<Block>>,
}

impl Start {
    /// The first start of a chain. The nonce must be fresh at every start.
    #[must_use]
    pub fn first(genesis: &TrustedGenesis, key: Option<Fixed<32>>, nonce: Fixed<32>, clock: TimeUs) -> Self {
        let (header, anchor) = (genesis.genesis().first_header(), genesis.genesis().first_anchor());
        let anchor_lag = u64::from(genesis.genesis().limits.anchor_lag);
        let start = Self::at_root(genesis.committee(), header, anchor, key, nonce, clock);
        Self { config: Config { anchor_lag, ..Config::default() }, ..start }
    }

    /// The first start of a node at the root of an epoch: nothing was signed, nothing lies above the root.
    #[must_use]
    pub fn at_root(
        committee: Committee,
        root: Header,
        anchor: Anchor,
        key: Option<Fixed<32>>,
        nonce: Fixed<32>,
        clock: TimeUs,
    ) -> Self {
        Self {
            config: Config::default(),
            key,
            nonce,
            clock,
            record: Found::FirstBoot,
            mirror: Generation::default(),
            lost_store: false,
            committee,
            applied: root,
            decisions: vec![(anchor.height, anchor.decision)],
            uncertified: Vec::new(),
            next: None,
            certified: None,
            attestations: Vec::new(),
            past: Vec::new(),
            quarantines: Vec::new(),
            due: None,
            blocks: Vec::new(),
        }
    }
}
