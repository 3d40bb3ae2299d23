//! Statements and certificates against a committee.

use cybermesh_proto::agree::*;
use cybermesh_proto::keys::Scheme;
use cybermesh_proto::wire::{List, Wire, encode_canonical};
use cybermesh_proto::{ChainId, DecisionHash, Digest, Epoch, Height, ValidatorIndex, View};

use super::messages::committee_fields;
use super::samples::{batch, proposal, tc, timeout, vote};
use super::{Case, Suite};
use crate::chain::Chain;
use crate::cluster::members;
use crate::story::Story;

struct Cases<'a> {
    prefix: &'static str,
    chain: &'a Chain,
    cases: Vec<Case>,
}

impl Cases<'_> {
    fn push<T: Wire>(&mut self, name: &str, message: &T, expect: &str) {
        let case = Case::new(format!("{}, {}: {name}", self.prefix, T::NAME))
            .with("type", T::NAME)
            .bytes("bytes", &encode_canonical(message))
            .with("expect", expect);
        self.cases.push(committee_fields(case, &self.chain.committee));
    }

    fn view(&self) -> u64 {
        self.chain.high_qc.view.next().get()
    }
}

pub(super) fn suite() -> Suite {
    let stories = [
        ("hybrid of 4", Story::new(Scheme::Hybrid, 4, 0)),
        ("Ed25519 of 5", Story::new(Scheme::Ed25519, 5, 1)),
        ("Ed25519 of 7", Story::new(Scheme::Ed25519, 7, 0)),
    ];
    let mut all = Vec::new();
    for (prefix, story) in &stories {
        let mut cases = Cases { prefix, chain: &story.chain, cases: Vec::new() };
        statements(&mut cases);
        quorum_certificates(&mut cases);
        timeouts(&mut cases);
        proposals(&mut cases);
        evidence(&mut cases);
        reports(&mut cases);
        decisions(&mut cases);
        all.extend(cases.cases);
    }
    Suite::new("certificate", all)
}

fn statements(cases: &mut Cases<'_>) {
    let (chain, view) = (cases.chain, cases.view());
    let honest = chain.sign(vote(chain, view, 1), 1);
    let with = |change: &dyn Fn(&mut Vote)| {
        let mut vote = honest.clone();
        change(&mut vote);
        vote
    };
    cases.push("honest", &honest, "ok");
    cases.push("of another chain", &with(&|v| v.statement.chain = ChainId(Digest::ZERO)), "chain.other");
    cases.push("of another epoch", &with(&|v| v.statement.epoch = Epoch::new(9)), "epoch.other");
    cases.push(
        "of a stranger",
        &with(&|v| v.author = ValidatorIndex::new(chain.members.len()).unwrap()),
        "validator.unknown",
    );
    cases.push(
        "of another author",
        &with(&|v| v.author = ValidatorIndex::new(2).unwrap()),
        "signature.invalid",
    );
    cases.push("for another block", &with(&|v| v.statement.block.0 = Digest::ZERO), "signature.invalid");
    cases.push("in view 0", &with(&|v| v.statement.view = View::ZERO), "wire.view");
    let timeout = chain.sign(timeout(chain, view), 1);
    let forged = Signed { signature: timeout.signature, ..honest.clone() };
    cases.push("with the signature of a timeout", &forged, "signature.invalid");
    let items = vec![chain.block(1).leaves[0].item.clone()];
    let sound = batch(chain, 2, 4, items);
    cases.push("honest", &sound, "ok");
    let mut stolen = sound.clone();
    stolen.header.author = ValidatorIndex::new(1).unwrap();
    cases.push("under another's name", &stolen, "signature.invalid");
}

fn quorum_certificates(cases: &mut Cases<'_>) {
    let chain = cases.chain;
    let (n, q) = (chain.members.len(), chain.committee.quorum());
    let honest = chain.high_qc.clone();
    let statement = honest.statement(chain.committee.chain);
    let with = |votes: QuorumSignatures| Qc { votes, ..honest.clone() };
    cases.push("honest", &honest, "ok");
    cases.push("other voters", &with(chain.signatures_of(&statement, 0..q)), "ok");
    cases.push("a voter too few", &with(chain.signatures_of(&statement, 0..q - 1)), "certificate.quorum");
    cases.push("a voter too many", &with(chain.signatures_of(&statement, 0..q + 1)), "certificate.quorum");
    cases.push("no voter", &with(QuorumSignatures::default()), "certificate.quorum");
    cases.push("of another epoch", &Qc { epoch: Epoch::new(7), ..honest.clone() }, "epoch.other");
    cases.push("of another view", &Qc { view: honest.view.next(), ..honest.clone() }, "signature.invalid");
    cases.push("of another height", &Qc { height: Height::new(99), ..honest.clone() }, "signature.invalid");
    let mut strangers = chain.clone();
    let prefix = if chain.committee.epoch == Epoch::ZERO { "node" } else { "epoch-1" };
    strangers.members = members(prefix, n + 1);
    cases.push(
        "with a stranger",
        &with(strangers.signatures_of(&statement, n + 1 - q..n + 1)),
        "validator.unknown",
    );
    let root = Qc::of_root(&chain.committee);
    cases.push("of the root", &root, "ok");
    cases.push("of another root", &Qc { height: Height::new(50), ..root.clone() }, "certificate.root");
    cases.push(
        "of the root, with voters",
        &Qc { votes: honest.votes.clone(), ..root },
        "certificate.signers",
    );
    let mut reversed = honest.votes.signatures.to_vec();
    reversed.reverse();
    let reversed = QuorumSignatures { signatures: List::new(reversed).unwrap(), ..honest.votes };
    cases.push("signatures reversed", &with(reversed), "signature.invalid");
}

fn timeouts(cases: &mut Cases<'_>) {
    let (chain, view) = (cases.chain, cases.view());
    let honest = tc(chain, view);
    cases.push("honest", &honest, "ok");
    let with = |change: &dyn Fn(&mut Vec<Claim>)| {
        let mut claims = honest.claims.to_vec();
        change(&mut claims);
        Tc { claims: List::new(claims).unwrap(), ..honest.clone() }
    };
    cases.push("a claim too few", &with(&|claims| drop(claims.pop())), "certificate.quorum");
    cases.push("a claim twice", &with(&|claims| claims.insert(1, claims[0].clone())), "certificate.signers");
    cases.push("claims reversed", &with(&|claims| claims.reverse()), "certificate.signers");
    cases.push("a claim lowered", &with(&|claims| claims[0].hqc_view = View::ZERO), "signature.invalid");
    cases.push(
        "a claim of a stranger",
        &with(&|claims| {
            claims.last_mut().unwrap().author = ValidatorIndex::new(chain.members.len()).unwrap();
        }),
        "validator.unknown",
    );
    let older = Tc { high_qc: Qc::of_root(&chain.committee), ..honest.clone() };
    cases.push("QC below the highest claim", &older, "certificate.claim");
    let early = Tc { view: chain.high_qc.view, ..honest.clone() };
    cases.push("QC of the given-up view claimed", &early, "certificate.claim");
    cases.push("of another view", &Tc { view: View::new(view + 1), ..honest.clone() }, "signature.invalid");
    let signed = chain.sign(timeout(chain, view), 2);
    let change = ViewChange { timeout: signed, high_qc: chain.high_qc.clone(), entry: None };
    cases.push("after a QC", &change, "ok");
    let bare = ViewChange { high_qc: Qc::of_root(&chain.committee), ..change.clone() };
    cases.push("QC below its claim", &bare, "certificate.claim");
    let next = chain.sign(timeout(chain, view + 1), 2);
    let entered = ViewChange { timeout: next, entry: Some(honest.clone()), ..change.clone() };
    cases.push("after a TC", &entered, "ok");
    cases.push("TC of another view", &ViewChange { entry: Some(honest), ..change }, "wire.view");
}

fn proposals(cases: &mut Cases<'_>) {
    let (chain, view) = (cases.chain, cases.view());
    let after_tc = proposal(chain, Some(tc(chain, view)), Vec::new());
    let honest = proposal(chain, None, Vec::new());
    cases.push("after a QC", &honest, "ok");
    cases.push("after a TC", &after_tc, "ok");
    cases.push("TC taken away", &Proposal { tc: None, ..after_tc.clone() }, "wire.view");
    let needless = Proposal { tc: after_tc.tc.clone(), ..honest.clone() };
    cases.push("TC where the QC lets in", &needless, "wire.view");
    let rooted = Proposal { qc: Qc::of_root(&chain.committee), ..honest.clone() };
    cases.push("QC of another block than the parent", &rooted, "proposal.parent");
    let mut raised = honest.clone();
    raised.header.height = raised.header.height.next();
    cases.push("two heights above its parent", &raised, "proposal.parent");
    let mut unbound = honest.clone();
    unbound.header.qc_hash = Digest::ZERO;
    cases.push("QC that the header does not name", &unbound, "proposal.parent");
    let reference = |id: u8| BatchRef {
        id: cybermesh_proto::BatchId(Digest::new([id; 32])),
        author: ValidatorIndex::default(),
        batch_seq: cybermesh_proto::BatchSeq::new(u64::from(id)),
    };
    let twice = proposal(chain, None, vec![reference(1), reference(2), reference(1)]);
    cases.push("one batch twice", &twice, "proposal.payload");
    let mut renumbered = proposal(chain, None, vec![reference(1)]);
    let other = BatchRef { batch_seq: cybermesh_proto::BatchSeq::new(7), ..reference(1) };
    renumbered.batches = List::new(vec![other]).unwrap();
    cases.push("a batch under another number", &renumbered, "proposal.payload");
    let mut other = after_tc.clone();
    let claims = tc(chain, view).claims.to_vec();
    let rest = (1..=claims.len()).map(|author| {
        let signed = chain.sign(timeout(chain, view), author);
        Claim { author: signed.author, signature: signed.signature, ..claims[0].clone() }
    });
    other.tc = Some(Tc { claims: List::new(rest.collect()).unwrap(), ..tc(chain, view) });
    cases.push("TC exchanged for another sound one", &other, "signature.invalid");
    let mut swapped = honest.clone();
    swapped.qc.votes =
        chain.signatures_of(&swapped.qc.statement(chain.committee.chain), 0..chain.committee.quorum());
    cases.push("QC exchanged for another sound one", &swapped, "signature.invalid");
    let mut payload = honest.clone();
    payload.batches = List::new(vec![reference(1)]).unwrap();
    cases.push("with a batch that the header does not have", &payload, "proposal.payload");
    let mut thief = honest.clone();
    thief.header.proposer =
        ValidatorIndex::new((usize::from(u16::from(thief.header.proposer)) + 1) % 4).unwrap();
    cases.push("under another's name", &thief, "signature.invalid");
}

fn evidence(cases: &mut Cases<'_>) {
    let (chain, view) = (cases.chain, cases.view());
    let (one, other) = (chain.sign(vote(chain, view, 1), 1), chain.sign(vote(chain, view, 2), 1));
    cases.push("two votes", &Evidence::Votes(Pair::new(one.clone(), other.clone())), "ok");
    let reversed = Evidence::Votes(Pair { first: other.clone(), second: one.clone() });
    cases.push("two votes reversed", &reversed, "evidence.content");
    let same = Evidence::Votes(Pair { first: one.clone(), second: one.clone() });
    cases.push("one vote twice", &same, "evidence.content");
    let later = chain.sign(vote(chain, view + 1, 2), 1);
    cases.push("votes of two views", &Evidence::Votes(Pair::new(one.clone(), later)), "evidence.slot");
    let another = chain.sign(vote(chain, view, 2), 2);
    cases.push("votes of two voters", &Evidence::Votes(Pair::new(one.clone(), another)), "evidence.slot");
    let framed = Signed { signature: one.signature.clone(), ..other };
    cases.push("a vote made up", &Evidence::Votes(Pair::new(one, framed)), "signature.invalid");
    let (small, large) = (batch(chain, 1, 9, items(chain, 1)), batch(chain, 1, 9, items(chain, 2)));
    let pair = Pair::new(small.signed(), large.signed());
    cases.push("two batches", &Evidence::Batches(pair.clone()), "ok");
    let mut renamed = pair;
    renamed.first.author = ValidatorIndex::new(2).unwrap();
    renamed.second.author = ValidatorIndex::new(2).unwrap();
    cases.push("two batches under another's name", &Evidence::Batches(renamed), "statement.author");
    let honest = proposal(chain, None, Vec::new());
    let mut wrapped = honest.signed();
    wrapped.statement.carried = Digest::ZERO;
    let envelopes = Evidence::Proposals(Pair { first: honest.signed(), second: wrapped });
    cases.push("one block in two envelopes", &envelopes, "evidence.content");
}

/// The first items that the chain decided.
fn items(chain: &Chain, count: usize) -> Vec<Item> {
    chain.block(1).leaves.iter().take(count).map(|leaf| leaf.item.clone()).collect()
}

fn reports(cases: &mut Cases<'_>) {
    let (chain, view) = (cases.chain, cases.view());
    let statement = |entered: u64| AmnesiaReportStatement {
        chain: chain.committee.chain,
        epoch: chain.committee.epoch,
        asker: ValidatorIndex::default(),
        nonce: cybermesh_proto::wire::Fixed([9; 32]),
        entered: View::new(entered),
        hqc_view: chain.high_qc.view,
        hqc_block: chain.high_qc.block,
    };
    let report = |entered, entry| AmnesiaReport {
        report: chain.sign(statement(entered), 1),
        entry,
        high_qc: chain.high_qc.clone(),
        handover: None,
    };
    let by_qc = || Some(Entry::Qc(chain.high_qc.clone()));
    cases.push("entered by a QC", &report(view, by_qc()), "ok");
    cases.push("entered by a TC", &report(view + 1, Some(Entry::Tc(tc(chain, view)))), "ok");
    cases.push("entered nothing", &report(0, None), "ok");
    cases.push("entered nothing, by a certificate", &report(0, by_qc()), "amnesia.report");
    cases.push("entered without certificate", &report(view + 1, None), "amnesia.report");
    cases.push("certificate of another view", &report(view + 1, by_qc()), "amnesia.report");
    let mut other = report(view, by_qc());
    other.high_qc = Qc::of_root(&chain.committee);
    cases.push("another QC than reported", &other, "amnesia.report");
}

fn decisions(cases: &mut Cases<'_>) {
    let chain = cases.chain;
    let last = chain.blocks.last().unwrap();
    let attestation = chain.sign(AttestationStatement::of(&last.decision), 0);
    cases.push("honest", &attestation, "ok");
    cases.push("honest", &last.certificate, "ok");
    let other = DecisionCertificate { decision: DecisionHash(Digest::ZERO), ..last.certificate.clone() };
    cases.push("of another decision", &other, "signature.invalid");
    let epoch = DecisionCertificate { epoch: Epoch::new(8), ..last.certificate.clone() };
    cases.push("of another epoch", &epoch, "epoch.other");
    let mut leaving = chain.clone();
    let handover = leaving.hand_over(members("epoch-9", chain.members.len())).clone();
    cases.push("honest", &handover, "ok");
    let early = Handover {
        decision: Decision { height: Height::ZERO, ..handover.decision.clone() },
        ..handover.clone()
    };
    cases.push("before the epoch began", &early, "handover.decision");
    let mut swapped = handover;
    swapped.certificate = last.certificate.clone();
    cases.push("with the certificate of another decision", &swapped, "certificate.decision");
}
