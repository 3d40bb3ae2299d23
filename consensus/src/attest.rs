//! Attestations of results, and the decision certificates that q of them make.
//!
//! ```text
//!   executed ─▶ sign ─▶ into the write batch of the result ─▶ on disk ─▶ send, count ─▶ certificate ─▶ on disk
//! ```
//!
//! **Promise**: every height that this node applies is attested, however the block got here, unless a certificate at or
//! above it is held already. An attestation leaves only with its result on disk. A certificate counts, for anchors,
//! epochs and readers, only once it is on disk itself.
//!
//! **Limit**: attestations are collected for [`HEIGHTS_AHEAD`] heights above the newest certificate; others are sent
//! again later.

use std::collections::BTreeMap;
use std::sync::Arc;

use cybermesh_proto::agree::{
    Attestation, AttestationStatement, Decision, DecisionCertificate, Evidence, Pair, QuorumSignatures,
};
use cybermesh_proto::planted::{Fault, planted};
use cybermesh_proto::{DecisionHash, Height, ValidatorIndex};

use crate::core::Core;
use crate::effect::{Alarm, Effect, Halt, Outbound, To, ToSign};
use crate::input::{Peer, Timer};
use crate::invariants::equivocates;

/// 128 heights: twice 2K, so that whoever is within the bound of ordering is heard.
const HEIGHTS_AHEAD: u64 = 128;

/// A decision with its certificate.
pub(crate) type Certified = Arc<(Decision, DecisionCertificate)>;

/// A result on its way to the state's writer, which takes them in the order of heights.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Slot {
    /// Its attestation is being signed.
    Signing,
    /// It may be written, with its attestation or without one.
    Ready(Option<Attestation>),
}

/// Results that are not certified yet, and what is known of the others' results.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Attest {
    /// Executed, not certified.
    results: BTreeMap<Height, Decision>,
    /// Executed, not handed to the state's writer.
    uncommitted: BTreeMap<Height, Slot>,
    /// The newest height whose result is on disk.
    committed: Height,
    /// Own attestations on disk, above the newest certificate.
    own: BTreeMap<Height, Attestation>,
    collected: BTreeMap<(Height, ValidatorIndex), Attestation>,
    /// The newest height of each author that was certified here before its attestation came.
    late: BTreeMap<ValidatorIndex, Height>,
    /// The newest certificate on disk.
    newest: Option<Certified>,
    /// The newest certificate known, above that.
    target: Option<Certified>,
    /// The height of the certificate that is being written.
    storing: Option<Height>,
    /// The newest height at which too many came to another result.
    contradicted: Height,
}

impl Attest {
    pub(crate) fn new(
        committed: Height,
        results: Vec<Decision>,
        own: Vec<Attestation>,
        newest: Option<Certified>,
    ) -> Self {
        let results = results.into_iter().map(|decision| (decision.height, decision)).collect();
        let own = own.into_iter().map(|attestation| (attestation.statement.height, attestation)).collect();
        Self { results, committed, own, newest, ..Self::default() }
    }

    pub(crate) fn target(&self) -> Option<&(Decision, DecisionCertificate)> {
        self.target.as_deref()
    }

    pub(crate) fn newest(&self) -> Option<&(Decision, DecisionCertificate)> {
        self.newest.as_deref()
    }

    pub(crate) fn len(&self) -> usize {
        let queues = self.results.len().saturating_add(self.own.len());
        self.collected.len().saturating_add(queues).saturating_add(self.uncommitted.len())
    }

    pub(crate) fn result(&self, height: Height) -> Option<&Decision> {
        self.results.get(&height)
    }

    pub(crate) fn own(&self) -> impl Iterator<Item = &Attestation> {
        self.own.values()
    }

    /// The height up to which certificates are known, on disk or not.
    pub(crate) fn known(&self) -> Option<Height> {
        let known = self.target.as_ref().or(self.newest.as_ref())?;
        Some(known.0.height)
    }

    /// The attestations of one result, once there are q.
    fn certificate(&self, statement: &AttestationStatement, quorum: usize) -> Option<DecisionCertificate> {
        let (height, first) = (statement.height, ValidatorIndex::default());
        let at = self.collected.range((height, first)..(height.next(), first)).map(|(_, signed)| signed);
        let same: Vec<_> = at.filter(|signed| signed.statement == *statement).collect();
        let enough = same.get(..quorum)?;
        let signed = enough.iter().map(|one| (one.author, one.signature.clone())).collect();
        let attestations = QuorumSignatures::new(signed)?;
        Some(DecisionCertificate {
            epoch: statement.epoch,
            height,
            decision: statement.decision,
            attestations,
        })
    }

    /// Indexes mean other members now; what the old ones said is certified up to the epoch's end.
    pub(crate) fn enter_epoch(&mut self) {
        self.collected.clear();
        self.late.clear();
    }

    /// Whether an author sends again what was too late already. The first time it will have the certificate soon, like
    /// everybody; the second time it lacks it.
    fn is_repeated(&mut self, said: &Attestation) -> bool {
        let (author, height) = (said.author, said.statement.height);
        self.late.insert(author, height).is_some_and(|before| before >= height)
    }

    /// How many say something else of a height than this.
    fn against(&self, own: &AttestationStatement) -> usize {
        let (height, first) = (own.height, ValidatorIndex::default());
        let at = self.collected.range((height, first)..(height.next(), first));
        at.filter(|(_, signed)| signed.statement != *own).count()
    }

    /// A certificate of this height is on disk.
    fn stored(&mut self, height: Height) {
        if let Some(target) = self.target.take_if(|target| target.0.height <= height) {
            self.newest = Some(target);
        }
        self.storing.take_if(|storing| *storing <= height);
        self.results.retain(|at, _| *at > height);
        self.own.retain(|at, _| *at > height);
        self.collected.retain(|(at, _), _| *at > height);
    }
}

impl Core {
    /// A result: it is attested unless a certificate covers it.
    pub(crate) fn attest_result(&mut self, decision: Decision) {
        let height = decision.height;
        if let Some((certified, _)) = self.attest.target()
            && certified.height == height
            && certified.hash() != decision.hash()
        {
            let (own, certified) = (decision.hash(), certified.hash());
            return self.diverge(height, own, certified);
        }
        let covered = self.attest.known().is_some_and(|known| known >= height);
        let skipped = planted(Fault::AttestOnlyLive) && self.catch_up.is_behind();
        let statement = AttestationStatement::of(&decision);
        self.attest.results.insert(height, decision);
        if covered || skipped || self.me.is_none() {
            self.attest.uncommitted.insert(height, Slot::Ready(None));
            self.commit();
        } else {
            self.attest.uncommitted.insert(height, Slot::Signing);
            self.push(Effect::Sign(Box::new(ToSign::Attestation(statement))));
        }
        self.count_again(height);
        let lag = height.get().saturating_sub(self.ledger.certified().get());
        if lag > 0 && lag.checked_rem(self.config.anchor_lag.max(1)) == Some(0) {
            self.push(Effect::Alarm(Alarm::Uncertified(height)));
        }
    }

    /// The signature of a result: it is written with it, in the order of heights. A statement that was signed again
    /// after a start has its result on disk already.
    pub(crate) fn attestation_signed(&mut self, attestation: Attestation) {
        let height = attestation.statement.height;
        if height <= self.attest.committed {
            if height > self.ledger.certified() {
                self.send_attestation(attestation);
            }
            return;
        }
        if let Some(slot) = self.attest.uncommitted.get_mut(&height) {
            *slot = Slot::Ready(Some(attestation));
        }
        self.commit();
    }

    /// Hands over what is ready, lowest height first.
    fn commit(&mut self) {
        while let Some(entry) = self.attest.uncommitted.first_entry() {
            if *entry.get() == Slot::Signing {
                return;
            }
            let (height, Slot::Ready(attestation)) = entry.remove_entry() else { return };
            if let Some(attestation) = &attestation {
                self.attest.own.insert(height, attestation.clone());
            }
            self.push(Effect::Commit(height, attestation.map(Box::new)));
        }
    }

    /// A result is on disk: its attestation may leave.
    pub(crate) fn on_committed(&mut self, height: Height) {
        self.attest.committed = self.attest.committed.max(height);
        if let Some(own) = self.attest.own.get(&height).cloned() {
            self.send_attestation(own);
        }
        self.store_certificate();
    }

    pub(crate) fn send_attestation(&mut self, attestation: Attestation) {
        self.attest.own.insert(attestation.statement.height, attestation.clone());
        self.push(Effect::Send(To::All, Outbound::Attestation(attestation.clone())));
        self.push(Effect::Schedule(Timer::Resend, self.config.resend));
        self.collect(attestation);
    }

    /// The lowest height without a certificate is one that everybody has come to, or has a certificate above; the
    /// newest one that others keep is where the cluster stands.
    pub(crate) fn resend_attestations(&mut self) -> bool {
        let heard = Height::new(self.ledger.certified().get().saturating_add(HEIGHTS_AHEAD));
        let on_disk = self.attest.own.range(..=self.attest.committed.min(heard));
        let all: Vec<_> = on_disk.map(|(_, attestation)| attestation.clone()).collect();
        let (lowest, newest) = (all.first().cloned(), all.last().cloned());
        let newest = newest.filter(|_| all.len() > 1);
        for attestation in lowest.into_iter().chain(newest) {
            self.push(Effect::Send(To::All, Outbound::Attestation(attestation)));
        }
        !all.is_empty()
    }

    /// A peer's attestation.
    pub(crate) fn on_attestation(&mut self, from: Peer, attestation: Attestation) {
        let said = &attestation.statement;
        if self.is_past(said.epoch, from) {
            return;
        }
        if said.height <= self.ledger.certified() {
            if self.attest.is_repeated(&attestation) {
                self.answer_height(from, said.height);
            }
            return;
        }
        // Whoever is that far ahead has decided what this node has not.
        if said.height.get() > self.tree.root().height.get().saturating_add(2) {
            self.ask(from);
        }
        self.collect(attestation);
    }

    pub(crate) fn collect(&mut self, attestation: Attestation) {
        let said = attestation.statement.clone();
        let floor = self.ledger.certified().get();
        if said.height.get() <= floor || said.height.get() > floor.saturating_add(HEIGHTS_AHEAD) {
            return;
        }
        let slot = (said.height, attestation.author);
        match self.attest.collected.get(&slot) {
            None => drop(self.attest.collected.insert(slot, attestation)),
            // R11
            Some(first) if equivocates(first, &attestation) => {
                let pair = Pair::new(first.clone(), attestation);
                return self.convict(Evidence::Attestations(pair));
            }
            Some(_) => return,
        }
        self.compare_result(said.height);
        if let Some(certificate) = self.attest.certificate(&said, self.committee.quorum()) {
            self.certificate_made(certificate);
        }
    }

    /// More than f against this node's own result: one of them is honest. A person should look before q of them are.
    fn compare_result(&mut self, height: Height) {
        let Some(own) = self.attest.results.get(&height).map(AttestationStatement::of) else { return };
        let contradicted = self.attest.against(&own) > self.committee.set.f();
        if contradicted && self.attest.contradicted < height {
            self.attest.contradicted = height;
            self.push(Effect::Alarm(Alarm::Contradicted(height)));
        }
    }

    /// q say the same of a height. A node without this result learns it by and by; one with another result is wrong.
    fn certificate_made(&mut self, certificate: DecisionCertificate) {
        let Some(own) = self.attest.results.get(&certificate.height) else { return };
        if own.hash() != certificate.decision {
            return self.diverge(certificate.height, own.hash(), certificate.decision);
        }
        let certified = Arc::new((own.clone(), certificate));
        self.take_certificate(certified);
    }

    /// A decision with a verified certificate, from a peer or made here.
    pub(crate) fn take_certificate(&mut self, certified: Certified) {
        let decision = &certified.0;
        if self.attest.known().is_some_and(|known| known >= decision.height) {
            return;
        }
        if let Some(own) = self.ledger.decision(decision.height).filter(|own| *own != decision.hash()) {
            return self.diverge(decision.height, own, decision.hash());
        }
        self.attest.target = Some(certified);
        self.decide_target();
        self.store_certificate();
    }

    /// Writes the newest certificate once the result that it certifies is on disk.
    fn store_certificate(&mut self) {
        let Some(target) = self.attest.target.clone() else { return };
        let height = target.0.height;
        if height > self.attest.committed || self.attest.storing.is_some() {
            return;
        }
        self.attest.storing = Some(height);
        let handover = self.handover_of(&target).map(Box::new);
        self.push(Effect::StoreCertificate(Box::new((*target).clone()), handover));
    }

    pub(crate) fn on_certificate_stored(&mut self, height: Height) {
        self.ledger.certify(height);
        self.attest.stored(height);
        self.push(Effect::Certified(height));
        self.enter_next_epoch();
        // What was collected before this node had come so far may be enough by now.
        self.store_certificate();
    }

    /// After a result: whether others have certified it already.
    fn count_again(&mut self, height: Height) {
        self.compare_result(height);
        let Some(own) = self.attest.results.get(&height) else { return };
        let said: Vec<_> = {
            let first = ValidatorIndex::default();
            let at = self.attest.collected.range((height, first)..(height.next(), first));
            at.map(|(_, signed)| signed.statement.clone()).collect()
        };
        let own = AttestationStatement::of(own);
        for statement in core::iter::once(own).chain(said) {
            if let Some(certificate) = self.attest.certificate(&statement, self.committee.quorum()) {
                return self.certificate_made(certificate);
            }
        }
    }

    fn diverge(&mut self, height: Height, own: DecisionHash, certified: DecisionHash) {
        self.halt(Halt::Diverged { height, own, certified });
    }
}
