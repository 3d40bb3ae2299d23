//! R1, R2, R3, R8, R9, R12 and R14: what a node proposes, and what it votes for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::{Forge, Solo};
use common::{BEGINNING_US, CHAIN, Cluster, batch, index};
use cybermesh_consensus::{Effect, Input, Misbehaviour, Outbound, Timer};
use cybermesh_proto::agree::{Header, IndexSet, Proposal, Qc};
use cybermesh_proto::wire::List;
use cybermesh_proto::{Count, DecisionHash, Digest, Height, TimeUs, View};

/// Validator 0 of 4, a chain of two certified blocks below view 3, and the QC of view 2.
fn at_view_3() -> (Forge, Solo, Header, Header, Qc) {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    let second = forge.proposal(2, &forge.qc(&first.header), None);
    solo.hear_proposal(&first);
    solo.hear_proposal(&second);
    let qc = forge.qc(&second.header);
    (forge, solo, first.header, second.header, qc)
}

#[test]
fn r1_a_leader_proposes_once_in_a_view() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 1);
    let pause = Timer::Propose(solo.core.committee().epoch, View::new(1));
    solo.input(Input::Timer(pause));
    solo.input(Input::Timer(pause));
    solo.input(Input::Work(true));
    assert_eq!(solo.proposals().len(), 1);
    assert_eq!(solo.proposals()[0].qc, forge.root_qc());
}

#[test]
fn r1_nobody_proposes_out_of_turn() {
    for me in [0, 2, 3] {
        let mut solo = Solo::ready(4, me);
        solo.input(Input::Timer(Timer::Propose(solo.core.committee().epoch, View::new(1))));
        solo.input(Input::Work(true));
        assert_eq!(solo.proposals(), [], "validator {me} leads no view 1");
    }
}

#[test]
fn restarted_leader_resends_its_stored_proposal() {
    let mut cluster = Cluster::new(4);
    cluster.nodes[1].stuck = Some(|effect| matches!(effect, Effect::Send(_, Outbound::Proposal(_))));
    cluster.deliver();
    cluster.run(1_100_000);
    let stored = cluster.nodes[1].record.clone().unwrap().last_proposal.unwrap();
    cluster.restart(1);
    cluster.nodes[1].payload.push(batch(1, 1));
    cluster.deliver();
    let sent: Vec<_> = cluster.nodes[1]
        .sent
        .iter()
        .filter_map(|(_, message)| match message {
            Outbound::Proposal(proposal) => Some(proposal.clone()),
            _ => None,
        })
        .collect();
    assert!(!sent.is_empty());
    assert!(sent.iter().filter(|one| one.header.view == stored.header.view).all(|one| **one == *stored));
}

#[test]
fn r2_a_node_votes_once_for_the_leaders_block() {
    let (_, solo, first, second, _) = at_view_3();
    let voted: Vec<_> = solo.votes().iter().map(|vote| vote.statement.block).collect();
    assert_eq!(voted, [first.id(), second.id()]);
}

#[test]
fn r2_a_second_block_of_the_view_gets_no_vote_and_makes_evidence() {
    let (forge, mut solo, _, _, qc) = at_view_3();
    let one = forge.proposal(3, &qc, None);
    let mut other = forge.header(3, &qc);
    other.time_us = TimeUs::new(BEGINNING_US + 50);
    solo.hear_proposal(&one);
    solo.hear_proposal(&forge.propose(other, &qc, None));
    assert_eq!(solo.votes().last().unwrap().statement.block, one.header.id());
    assert_eq!(solo.votes().len(), 3);
    assert!(solo.misdeeds().contains(&Misbehaviour::Equivocation));
}

#[test]
fn proposal_qc_below_tc_claim_is_refused() {
    let (forge, mut solo, first, _, qc) = at_view_3();
    let old = forge.qc(&first);
    // The TC of view 4 shows that somebody knew the QC of view 2; a leader on the older one would undo it.
    let tc = forge.tc(4, &[qc.clone(), old.clone(), old.clone()]);
    solo.hear_proposal(&forge.proposal(5, &old, Some(tc.clone())));
    assert_eq!(solo.votes().len(), 2);
    assert_eq!(solo.misdeeds(), [Misbehaviour::Claim]);
    let mut solo = at_view_3().1;
    solo.hear_proposal(&forge.proposal(5, &qc, Some(tc)));
    assert_eq!(solo.votes().len(), 3);
}

#[test]
fn r2_parent_must_be_the_block_its_qc_certifies() {
    let (forge, _, first, _, qc) = at_view_3();
    let mut header = forge.header(3, &qc);
    header.parent = first.id();
    let forged = forge.propose(header, &qc, None);
    let refused = cybermesh_proto::wire::Decoded::own(&forged).unwrap_err();
    assert_eq!(refused.code, cybermesh_proto::Code::ProposalParent);
}

#[test]
fn r2_no_vote_after_a_timeout_of_the_view() {
    let (forge, mut solo, _, _, qc) = at_view_3();
    solo.hear_vote(&forge.vote(1, &forge.header(2, &qc)));
    let third = forge.proposal(3, &qc, None);
    // The QC lets into view 3, whose timer runs out before its block comes.
    solo.hear_timeout(&forge.view_change(1, 3, &qc, None));
    solo.expire();
    solo.hear_proposal(&third);
    assert_eq!(solo.timeouts().last().unwrap().timeout.statement.view, View::new(3));
    assert_eq!(solo.votes().len(), 2);
}

#[test]
fn r2_a_vote_waits_until_block_and_batches_are_on_disk() {
    let forge = Forge::new(4);
    let batches = vec![batch(1, 1), batch(2, 1)];
    let mut header = forge.header(1, &forge.root_qc());
    header.payload_root = Proposal::payload_root(&batches);
    header.batch_count = Count::new(2);
    let mut proposal = forge.propose(header.clone(), &forge.root_qc(), None);
    proposal.batches = List::new(batches).unwrap();
    let mut inputs =
        [Input::BatchHeld(batch(1, 1).id), Input::Stored(header.id()), Input::BatchHeld(batch(2, 1).id)];
    // Each of them once as the last one.
    for _ in 0..3 {
        inputs.rotate_left(1);
        let mut solo = Solo::ready(4, 0);
        solo.stuck = Some(|effect| matches!(effect, Effect::Store(_) | Effect::Fetch(..)));
        solo.hear_proposal(&proposal);
        for input in inputs.clone() {
            assert_eq!(solo.votes(), []);
            solo.input(input);
        }
        assert_eq!(solo.votes().len(), 1);
    }
}

#[test]
fn missing_batch_does_not_delay_certificates() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    solo.stuck = Some(|effect| matches!(effect, Effect::Fetch(..)));
    let batches = vec![batch(1, 1)];
    let mut header = forge.header(1, &forge.root_qc());
    header.payload_root = Proposal::payload_root(&batches);
    header.batch_count = Count::new(1);
    let mut proposal = forge.propose(header.clone(), &forge.root_qc(), None);
    proposal.batches = List::new(batches).unwrap();
    solo.hear_proposal(&proposal);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &header)));
    assert_eq!((solo.core.view(), solo.votes().len()), (View::new(2), 0));
}

#[test]
fn r3_a_vote_raises_the_lock_to_the_view_of_its_qc() {
    let (_, solo, ..) = at_view_3();
    let record = solo.record.unwrap();
    assert_eq!((record.lock_view, record.last_voted_view), (View::new(1), View::new(2)));
}

#[test]
fn r8_a_vote_leaves_and_counts_only_after_its_record_is_on_disk() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    solo.stuck = Some(|effect| matches!(effect, Effect::Persist(_)));
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    // Two more votes would make a quorum with one's own.
    solo.hear_vote(&forge.vote(1, &first.header));
    solo.hear_vote(&forge.vote(2, &first.header));
    assert_eq!((solo.votes().len(), solo.core.view()), (0, View::new(1)));
    let written = solo.other.iter().rev().find_map(|effect| match effect {
        Effect::Persist(record) => Some(record.clone()),
        _ => None,
    });
    let written = written.unwrap();
    assert_eq!(written.last_vote.as_ref().unwrap().statement.block, first.header.id());
    solo.input(Input::Persisted(written.generation));
    assert_eq!((solo.votes().len(), solo.core.view()), (1, View::new(2)));
}

#[test]
fn r8_a_statement_waits_for_its_own_record_not_for_an_older_one() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    solo.stuck = Some(|effect| matches!(effect, Effect::Persist(_)));
    solo.hear_proposal(&forge.proposal(1, &forge.root_qc(), None));
    solo.expire();
    let written = solo.other.iter().filter_map(|effect| match effect {
        Effect::Persist(record) => Some(record.generation),
        _ => None,
    });
    let [with_vote, with_timeout] = written.collect::<Vec<_>>()[..] else { panic!("two records") };
    solo.input(Input::Persisted(with_vote));
    assert_eq!((solo.votes().len(), solo.timeouts().len()), (1, 0));
    solo.input(Input::Persisted(with_timeout));
    assert_eq!((solo.votes().len(), solo.timeouts().len()), (1, 1));
}

#[test]
fn storage_error_at_any_effect_halts() {
    let mut solo = at_view_3().1;
    solo.input(Input::Broken(cybermesh_consensus::Broken::Storage));
    assert!(matches!(solo.other.last(), Some(Effect::Halt(_))));
    let before = solo.core.clone();
    solo.expire();
    assert_eq!(solo.timeouts().len(), 0);
    assert_eq!(solo.core, before);
}

#[test]
fn r9_a_header_is_dated_after_its_parent_not_long_ago_and_held_while_ahead() {
    let (forge, solo, _, second, qc) = at_view_3();
    let dated = |time_us: u64| {
        let mut header = forge.header(3, &qc);
        header.time_us = TimeUs::new(time_us);
        forge.propose(header, &qc, None)
    };
    let tried = |time_us: u64, clock: u64| {
        let mut solo = at_view_3().1;
        solo.now = clock;
        solo.hear_proposal(&dated(time_us));
        solo
    };
    let parent = second.time_us.get();
    assert_eq!(tried(parent, solo.now).misdeeds(), [Misbehaviour::Time]);
    // The idle timeout of 3 s is in force: what is older was not made for this view.
    let late = BEGINNING_US + 60_000_000;
    assert_eq!(tried(late - 3_000_001, late).votes().len(), 2);
    assert_eq!(tried(late - 3_000_000, late).votes().len(), 3);
    assert_eq!(tried(late + 2_000_000, late).votes().len(), 3);
    let mut early = tried(late + 2_000_001, late);
    assert_eq!((early.votes().len(), early.misdeeds().len()), (2, 0));
    early.now += 1;
    early.input(Input::Timer(Timer::Early));
    assert_eq!(early.votes().len(), 3);
}

#[test]
fn r12_another_leader_or_another_set_left_out_is_refused() {
    let (forge, _, _, _, qc) = at_view_3();
    let mut stranger = forge.header(3, &qc);
    stranger.proposer = index(2);
    let mut out = forge.header(3, &qc);
    out.left_out = IndexSet::from_iter([index(2)]);
    out.proposer = index(0);
    for (header, reason) in [(stranger, Misbehaviour::NotLeader), (out, Misbehaviour::LeftOut)] {
        let mut solo = at_view_3().1;
        solo.hear_proposal(&forge.propose(header, &qc, None));
        assert_eq!((solo.votes().len(), solo.misdeeds()), (2, vec![reason]));
    }
}

#[test]
fn r14_an_anchor_must_be_ones_own_certified_decision() {
    let (forge, _, _, _, qc) = at_view_3();
    let mut foreign = forge.header(3, &qc);
    foreign.anchor_hash = DecisionHash(Digest::new([9; 32]));
    let mut solo = at_view_3().1;
    solo.hear_proposal(&forge.propose(foreign, &qc, None));
    assert_eq!((solo.votes().len(), solo.misdeeds()), (2, vec![Misbehaviour::Anchor]));
    // One that this node has not come to is no reason to refuse: it asks and waits.
    let mut ahead = forge.header(3, &qc);
    ahead.anchor_height = Height::new(1);
    let mut solo = at_view_3().1;
    solo.hear_proposal(&forge.propose(ahead, &qc, None));
    assert_eq!((solo.votes().len(), solo.misdeeds()), (2, vec![]));
    assert!(solo.sent.iter().any(|sent| matches!(sent, Outbound::AskNewer(_))));
}

#[test]
fn r14_an_applied_decision_is_no_anchor_before_its_certificate_is_on_disk() {
    let (forge, mut solo, first, second, qc) = at_view_3();
    solo.stuck = Some(|effect| matches!(effect, Effect::StoreCertificate(..)));
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &second)));
    let applied = solo.execute(&first, DecisionHash(CHAIN.0), None);
    let mut header = forge.header(3, &qc);
    (header.anchor_height, header.anchor_hash) = (applied.height, applied.hash());
    solo.hear_proposal(&forge.propose(header, &qc, None));
    assert_eq!((solo.votes().len(), solo.misdeeds()), (2, vec![]));
    [1, 2].into_iter().for_each(|author| solo.hear_attestation(author, &applied));
    let stores = solo.other.iter().filter(|effect| matches!(effect, Effect::StoreCertificate(..)));
    assert_eq!((stores.count(), solo.votes().len()), (1, 2), "made, not on disk");
    solo.input(Input::CertificateStored(applied.height));
    assert_eq!((solo.votes().len(), solo.misdeeds()), (3, vec![]));
}

#[test]
fn r14_payload_far_above_the_anchor_is_refused() {
    let forge = Forge::new(4);
    let mut start = common::first_start(4, 0);
    start.config.anchor_lag = 1;
    let mut solo = Solo::of(start, 0);
    let mut qc = forge.root_qc();
    for view in 1..=2 {
        let block = forge.proposal(view, &qc, None);
        solo.hear_proposal(&block);
        qc = forge.qc(&block.header);
    }
    let mut header = forge.header(3, &qc);
    let batches = vec![batch(1, 1)];
    header.payload_root = Proposal::payload_root(&batches);
    header.batch_count = Count::new(1);
    let mut proposal = forge.propose(header, &qc, None);
    proposal.batches = List::new(batches).unwrap();
    solo.hear_proposal(&proposal);
    assert_eq!((solo.votes().len(), solo.misdeeds()), (2, vec![Misbehaviour::Ordering]));
}

#[test]
fn r14_a_leader_orders_no_payload_above_its_anchor_and_k() {
    let forge = Forge::new(4);
    let chain = forge.chain(3);
    // It leads view 4, at height 4; its anchor is the first one, at height 0.
    for (lag, orders) in [(3, false), (4, true)] {
        let mut start = common::first_start(4, 0);
        start.config.anchor_lag = lag;
        let mut solo = Solo::of(start, 0);
        solo.stuck = Some(|effect| matches!(effect, Effect::Build(_)));
        solo.hear_chain(&forge, &chain);
        (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &chain[2].header)));
        solo.input(Input::Work(true));
        let asked = solo.other.iter().any(|effect| matches!(effect, Effect::Build(_)));
        assert_eq!((solo.core.view(), asked), (View::new(4), orders), "K = {lag}");
    }
}
