//! R10, R11 and R16: epochs, evidence and those who fell behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::{Forge, Solo};
use common::{BEGINNING_US, CHAIN, Cluster, batch, first_start, set_of, sign, verified};
use cybermesh_consensus::{Effect, Found, Input, Message, Misbehaviour, Outbound, Timer, To};
use cybermesh_proto::agree::{AttestationStatement, Header, ValidatorSet};
use cybermesh_proto::{DecisionHash, Digest, Epoch, Height, TimeUs, View};

fn epochs(cluster: &Cluster) -> Vec<u64> {
    cluster.nodes.iter().map(|node| node.core.committee().epoch.get()).collect()
}

/// Five validators, of whom the fifth leaves with the block of height 4.
fn reconfigured() -> Cluster {
    let mut cluster = Cluster::new(5);
    cluster.reconfigure = Some((Height::new(4), set_of(0..4)));
    cluster.deliver();
    cluster
}

/// Validator 0 of 4 with blocks of views 1 to 3, of which the first one is decided.
fn one_decided() -> (Forge, Solo, Vec<Header>) {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let chain = forge.chain(3);
    solo.hear_chain(&forge, &chain);
    assert_eq!(solo.decided(), [1]);
    (forge, solo, chain.into_iter().map(|block| block.header).collect())
}

/// Another set of four: validator 4 comes to the place of validator 3, who leaves.
fn successors() -> ValidatorSet {
    set_of([0, 1, 2, 4])
}

#[test]
fn r10_the_epoch_ends_with_the_block_whose_result_names_another_set() {
    let mut cluster = reconfigured();
    cluster.run(20_000_000);
    assert_eq!(epochs(&cluster)[..4], [1, 1, 1, 1]);
    for node in &cluster.nodes[..4] {
        let heights: Vec<_> = node.delivered.iter().map(|header| header.height.get()).collect();
        assert_eq!(heights, (1..=heights.len() as u64).collect::<Vec<_>>(), "dense");
        let first: &Header = node.delivered.iter().find(|header| header.epoch == Epoch::new(1)).unwrap();
        let last = node.delivered.iter().rev().find(|header| header.epoch == Epoch::ZERO).unwrap();
        assert_eq!((last.height, first.parent), (Height::new(4), last.id()));
    }
}

#[test]
fn r10_without_a_certificate_of_the_last_decision_nobody_enters() {
    let mut cluster = reconfigured();
    cluster.lost = Some(|_, _, message| matches!(message, Outbound::Attestation(_) | Outbound::Newer(_)));
    cluster.run(30_000_000);
    assert_eq!(epochs(&cluster), [0; 5]);
    let delivered: Vec<_> = cluster.heights();
    assert_eq!(delivered, [4; 5], "what is ordered after the last block is void");
    cluster.lost = None;
    cluster.run(20_000_000);
    assert!(cluster.heights()[..4].iter().all(|height| *height > 4));
}

#[test]
fn r10_blocks_after_the_last_one_are_void_whenever_they_are_decided() {
    for result_first in [true, false] {
        let (forge, mut solo, chain) = one_decided();
        let end = |solo: &mut Solo| solo.execute(&chain[0], DecisionHash(CHAIN.0), Some(successors()));
        if result_first {
            end(&mut solo);
        }
        // The QC of the third block decides the second one.
        (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &chain[2])));
        if !result_first {
            end(&mut solo);
        }
        let void = solo.other.iter().filter_map(|effect| match effect {
            Effect::Void(blocks) => Some(blocks.iter().map(|block| block.header.height.get())),
            _ => None,
        });
        assert_eq!(void.flatten().collect::<Vec<_>>(), [2]);
        assert_eq!(solo.decided().contains(&2), !result_first);
    }
}

#[test]
fn r10_an_attestation_of_the_old_epoch_takes_no_place_in_the_new_one() {
    let (_, mut solo, chain) = one_decided();
    // Of a height that comes after the epoch, by one who leaves with it.
    let false_result = AttestationStatement {
        chain: CHAIN,
        epoch: Epoch::ZERO,
        height: Height::new(2),
        decision: DecisionHash(Digest::new([9; 32])),
    };
    let attestation = verified(&sign(false_result, 3), solo.core.committee());
    solo.hear(3, Message::Attestation(attestation));
    let last = solo.execute(&chain[0], DecisionHash(CHAIN.0), Some(successors()));
    [1, 2].into_iter().for_each(|author| solo.hear_attestation(author, &last));
    assert_eq!(solo.core.committee().epoch, Epoch::new(1));
    let forge = Forge { committee: solo.core.committee().as_ref().clone() };
    let chain = forge.chain(2);
    solo.hear_timeout(&forge.view_change(1, 3, &forge.qc(&chain[1].header), None));
    solo.hear_blocks(1, &chain);
    let decision = solo.execute(&chain[0].header, last.hash(), None);
    // Index 3 is an honest member now, and the third of a quorum.
    [1, 3].into_iter().for_each(|author| solo.hear_attestation(author, &decision));
    assert_eq!(solo.core.certified(), decision.height);
}

#[test]
fn blocks_after_reconfiguration_are_empty() {
    let mut cluster = reconfigured();
    cluster.lost = Some(|_, _, message| matches!(message, Outbound::Attestation(_) | Outbound::Newer(_)));
    cluster.run(12_000_000);
    for node in &mut cluster.nodes {
        node.payload.push(batch(1, 1));
    }
    (0..5).for_each(|at| cluster.input(at, Input::Work(true)));
    cluster.deliver();
    cluster.run(10_000_000);
    let ordered = cluster.nodes[0].blocks.values().filter(|block| !block.batches.is_empty()).count();
    assert_eq!(ordered, 0);
}

#[test]
fn laggard_is_answered_with_the_handover() {
    let mut cluster = reconfigured();
    cluster.cut.insert(2);
    cluster.run(25_000_000);
    assert_eq!(epochs(&cluster), [1, 1, 0, 1, 1]);
    cluster.cut.clear();
    cluster.run(25_000_000);
    assert_eq!(epochs(&cluster), [1; 5]);
    assert_eq!(cluster.nodes[2].delivered, cluster.nodes[0].delivered[..cluster.nodes[2].delivered.len()]);
}

#[test]
fn r11_second_statement_is_evidence() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let one = forge.header(1, &forge.root_qc());
    let other = Header { time_us: TimeUs::new(BEGINNING_US + 9), ..one.clone() };
    solo.hear_vote(&forge.vote(2, &one));
    solo.hear_vote(&forge.vote(2, &one));
    assert_eq!(solo.misdeeds(), []);
    solo.hear_vote(&forge.vote(2, &other));
    solo.hear_vote(&forge.vote(2, &other));
    assert_eq!(solo.misdeeds(), [Misbehaviour::Equivocation], "one misdeed once");
    let reports = solo.sent.iter().filter(|sent| matches!(sent, Outbound::Evidence(_))).count();
    assert_eq!(reports, 1);
}

#[test]
fn r11_a_vote_and_then_a_timeout_in_one_view_are_legal() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    solo.hear_vote(&forge.vote(2, &forge.header(1, &forge.root_qc())));
    solo.hear_timeout(&forge.view_change(2, 1, &forge.root_qc(), None));
    assert_eq!(solo.misdeeds(), []);
}

#[test]
fn r11_other_signature_bytes_over_equal_content_are_no_evidence() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let vote = forge.vote(2, &forge.header(1, &forge.root_qc()));
    let mut again = vote.clone();
    again.signature = cybermesh_proto::keys::ValidatorSignature::new(vec![2; 64]).unwrap();
    solo.hear_vote(&vote);
    solo.hear_vote(&again);
    assert_eq!(solo.misdeeds(), []);
}

#[test]
fn r11_two_results_attested_for_one_height_are_evidence() {
    let mut solo = Solo::ready(4, 0);
    for result in [1, 2] {
        let statement = AttestationStatement {
            chain: common::CHAIN,
            epoch: Epoch::ZERO,
            height: Height::new(1),
            decision: DecisionHash(Digest::new([result; 32])),
        };
        let attestation = verified(&sign(statement, 3), solo.core.committee());
        solo.hear(3, Message::Attestation(attestation));
    }
    assert_eq!(solo.misdeeds(), [Misbehaviour::Equivocation]);
}

#[test]
fn r16_a_laggard_is_answered_with_what_moved_the_others_on() {
    let mut cluster = Cluster::new(4);
    cluster.cut.insert(3);
    cluster.deliver();
    cluster.run(30_000_000);
    assert_eq!(cluster.heights()[3], 0);
    cluster.cut.clear();
    cluster.run(8_000_000);
    let heights = cluster.heights();
    assert!(heights[3] + 3 >= heights[0], "{heights:?}");
}

#[test]
fn laggard_catches_up_from_resent_certificate() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &first.header)));
    solo.sent.clear();
    // Somebody still gives view 1 up: it gets the QC of view 1.
    solo.hear_timeout(&forge.view_change(3, 1, &forge.root_qc(), None));
    let answers: Vec<_> = solo.sent.iter().filter(|sent| matches!(sent, Outbound::Newer(_))).collect();
    let [Outbound::Newer(newer)] = answers[..] else { panic!("{answers:?}") };
    assert_eq!(newer.qc.as_ref().unwrap().view, View::new(1));
    solo.hear_timeout(&forge.view_change(3, 1, &forge.root_qc(), None));
    let answers = solo.sent.iter().filter(|sent| matches!(sent, Outbound::Newer(_))).count();
    assert_eq!(answers, 1, "once, until the next tick");
    solo.input(Input::Timer(Timer::Ask));
    solo.hear_timeout(&forge.view_change(3, 1, &forge.root_qc(), None));
    assert_eq!(solo.sent.iter().filter(|sent| matches!(sent, Outbound::Newer(_))).count(), 2);
}

#[test]
fn synced_block_is_attested_too() {
    let mut cluster = Cluster::new(4);
    cluster.cut.insert(3);
    // Nobody gets a certificate, so whoever catches up finds none either.
    cluster.lost =
        Some(|from, to, message| matches!(message, Outbound::Attestation(_)) && from != 3 && to != 3);
    cluster.deliver();
    cluster.run(20_000_000);
    assert!(cluster.nodes[0].certified.is_none());
    cluster.cut.clear();
    cluster.run(10_000_000);
    assert!(!cluster.nodes[3].attestations.is_empty());
    assert!(cluster.nodes[3].certified.is_some());
}

#[test]
fn ones_own_attestation_counts_again_after_a_start() {
    let (_, mut solo, chain) = one_decided();
    let decision = solo.execute(&chain[0], DecisionHash(CHAIN.0), None);
    let own = solo.sent.iter().find_map(|sent| match sent {
        Outbound::Attestation(own) => Some(own.clone()),
        _ => None,
    });
    let mut start = first_start(4, 0);
    start.record = Found::Record(solo.record.clone().unwrap());
    start.applied = chain[0].clone();
    start.past.push(chain[0].clone());
    start.decisions.push((decision.height, decision.hash()));
    start.uncertified.push(decision.clone());
    start.attestations.extend(own);
    let mut again = Solo::of(start, 0);
    again.hear_attestation(1, &decision);
    assert_eq!(again.core.certified(), Height::ZERO);
    // With its own that is a quorum: else nodes that start all at once would be one short for ever.
    again.hear_attestation(2, &decision);
    assert_eq!(again.core.certified(), decision.height);
}

#[test]
fn r16_a_node_outside_the_set_asks_around() {
    let mut start = first_start(4, 0);
    start.key = None;
    let (mut core, effects) = cybermesh_consensus::Core::start(start);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Sign(_))));
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..8 {
        for effect in core.step(Input::Timer(Timer::Heartbeat)) {
            if let Effect::Send(To::Validator(member), Outbound::AskNewer(_)) = effect {
                asked.insert(member);
            }
        }
    }
    assert_eq!(asked.len(), 4);
}

#[test]
fn r16_a_wanted_block_is_asked_of_every_member_in_turn() {
    for n in [4, 5, 7, 9, 17] {
        let forge = Forge::new(n);
        let mut solo = Solo::ready(n, 0);
        let first = forge.header(1, &forge.root_qc());
        // The QC of a block that never comes.
        let second = forge.proposal(2, &forge.qc(&first), None);
        solo.hear_proposal(&second);
        solo.other.clear();
        let mut asked = std::collections::BTreeSet::new();
        for _ in 0..16 * n {
            let effects = solo.core.step(Input::Timer(Timer::Ask));
            asked.extend(effects.iter().filter_map(|effect| match effect {
                Effect::Send(To::Validator(member), Outbound::AskBlocks(_)) => Some(*member),
                _ => None,
            }));
        }
        assert_eq!(asked.len(), n - 1, "n = {n}");
    }
}

#[test]
fn r16_a_block_is_taken_only_if_a_certificate_names_it() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let chain = forge.chain(2);
    // Anybody can make a block on top of a certified one.
    solo.hear_blocks(1, &chain[..1]);
    assert_eq!(solo.core.load().blocks, 0);
    // The second one holds a QC of the first; nothing names the second.
    solo.hear_blocks(1, &chain);
    assert_eq!(solo.core.load().blocks, 1);
    solo.hear_timeout(&forge.view_change(1, 3, &forge.qc(&chain[1].header), None));
    solo.hear_blocks(1, &chain[1..]);
    assert_eq!(solo.decided(), [1]);
}
