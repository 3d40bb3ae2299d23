//! R10, R11, R15 and R16: epochs, evidence, lost memories and those who fell behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::{Forge, Solo};
use common::{BEGINNING_US, Cluster, batch, first_start, index, set_of, sign, verified};
use cybermesh_consensus::{
    Effect, Found, Generation, Input, Memory, Message, Misbehaviour, Outbound, SafetyRecord, Timer, To,
};
use cybermesh_proto::agree::{AmnesiaReport, AmnesiaReportStatement, AttestationStatement, Header};
use cybermesh_proto::wire::Fixed;
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
fn r15_nobody_signs_before_others_have_answered() {
    let forge = Forge::new(4);
    let mut start = first_start(4, 0);
    start.clock = TimeUs::new(BEGINNING_US + 1);
    let (mut core, effects) = cybermesh_consensus::Core::start(start);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send(To::All, Outbound::AskOwn(_)))));
    let proposal = forge.proposal(1, &forge.root_qc(), None);
    let proposal = Box::new(verified(&proposal, core.committee()));
    let from = cybermesh_consensus::Peer(1);
    let effects = core.step(Input::Message { from, message: Message::Proposal(proposal) });
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Sign(_))));
    assert!(!core.is_ready());
}

#[test]
fn r15_statement_not_covered_by_the_record_halts() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    // Its own vote, as it was: covered.
    solo.hear_vote(&solo.votes()[0].clone());
    assert!(solo.core.is_ready());
    // A vote of its own key that it does not remember.
    solo.hear_vote(&forge.vote(0, &forge.header(2, &forge.qc(&first.header))));
    assert!(!solo.core.is_ready());
    assert_eq!(solo.record.as_ref().unwrap().memory, Memory::Forgot, "and that is on disk");
    solo.expire();
    assert_eq!(solo.timeouts(), []);
}

#[test]
fn r15_ones_own_forgotten_vote_inside_a_certificate_is_recognised() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 3);
    // Validator 3 is among the signers of this QC and never voted.
    let first = forge.proposal(1, &forge.root_qc(), None);
    let second = forge.proposal(2, &forge.qc(&first.header), None);
    solo.hear_proposal(&second);
    assert!(!solo.core.is_ready());
}

#[test]
fn r15_a_record_older_than_its_mirror_is_a_memory_lost() {
    let record = SafetyRecord::fresh(&common::committee(4), Generation(7));
    let start = |mirror, found| {
        let mut start = first_start(4, 0);
        (start.mirror, start.record) = (Generation(mirror), found);
        start
    };
    let found = || Found::Record(Box::new(record.clone()));
    for (start, remembers) in [
        (start(7, found()), true),
        (start(6, found()), true),
        (start(8, found()), false),
        (start(0, Found::Nothing), false),
        (start(1, Found::FirstBoot), false),
    ] {
        let mirror = start.mirror;
        let solo = Solo::of(start, 0);
        assert_eq!(solo.core.is_ready(), remembers, "mirror {mirror:?}");
        if !remembers {
            let written = solo.record.unwrap();
            assert!(written.memory == Memory::Forgot && written.generation > mirror);
        }
    }
}

#[test]
fn power_cut_between_the_syncs_fences_nobody() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.run(5_000_000);
    // The record is on disk, the block that would name it in its mirror is not.
    let newest = cluster.nodes[0].record.clone().unwrap().generation;
    cluster.restart_with(0, |start| start.mirror = Generation(newest.0 - 1));
    cluster.deliver();
    assert!(cluster.nodes[0].core.is_ready());
}

fn report(solo: &Solo, author: usize, entered: u64) -> AmnesiaReport {
    let forge = Forge::new(4);
    let asked = solo.sent.iter().rev().find_map(|sent| match sent {
        Outbound::AskReport(ask) => Some(ask.clone()),
        _ => None,
    });
    let asked = asked.unwrap();
    let statement = AmnesiaReportStatement {
        chain: asked.chain,
        epoch: asked.epoch,
        asker: asked.asker,
        nonce: asked.nonce,
        entered: View::new(entered),
        hqc_view: View::ZERO,
        hqc_block: forge.committee.root.block,
    };
    let tc = forge.tc(entered - 1, &[forge.root_qc()]);
    let entry = (entered > 1).then_some(cybermesh_proto::agree::Entry::Tc(tc));
    AmnesiaReport { report: sign(statement, author), entry, high_qc: forge.root_qc(), handover: None }
}

fn amnesiac() -> Solo {
    let mut start = first_start(4, 0);
    start.record = Found::Nothing;
    Solo::of(start, 0)
}

fn hear_report(solo: &mut Solo, author: usize, report: &AmnesiaReport) {
    let report = Box::new(verified(report, solo.core.committee()));
    solo.hear(author, Message::Report(report));
}

#[test]
fn r15_the_fence_lies_above_the_highest_report_of_q_others() {
    let mut solo = amnesiac();
    for (author, entered) in [(1, 3), (2, 5)] {
        let said = report(&solo, author, entered);
        hear_report(&mut solo, author, &said);
        hear_report(&mut solo, author, &said);
        assert!(!solo.core.is_ready(), "two others are not three");
    }
    let mut stale = report(&solo, 3, 4);
    stale.report.statement.nonce = Fixed([0; 32]);
    hear_report(&mut solo, 3, &stale);
    assert!(!solo.core.is_ready(), "an answer to another question");
    let said = report(&solo, 3, 4);
    hear_report(&mut solo, 3, &said);
    assert!(solo.core.is_ready());
    let record = solo.record.clone().unwrap();
    assert_eq!(
        (record.memory, record.fence, record.last_voted_view),
        (Memory::Fenced, View::new(6), View::new(6))
    );
    solo.expire();
    assert_eq!(solo.timeouts(), [], "view 5 lies below the fence");
}

#[test]
fn r15_who_forgot_gives_no_reports() {
    let mut solo = amnesiac();
    let ask = cybermesh_proto::agree::AmnesiaAsk {
        chain: common::CHAIN,
        epoch: Epoch::ZERO,
        asker: index(2),
        nonce: Fixed([5; 32]),
    };
    solo.hear(2, Message::AskReport(index(2), ask.clone()));
    let reports = |solo: &Solo| solo.sent.iter().filter(|sent| matches!(sent, Outbound::Report(_))).count();
    assert_eq!(reports(&solo), 0);
    let mut whole = Solo::ready(4, 0);
    whole.hear(3, Message::AskReport(index(3), ask.clone()));
    assert_eq!(reports(&whole), 0, "nobody asks in another's name");
    whole.hear(2, Message::AskReport(index(2), ask));
    assert_eq!(reports(&whole), 1);
}

#[test]
fn r15_mark_stays_until_an_applied_block_of_view_m_plus_2() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.run(3_000_000);
    cluster.restart_with(0, |start| start.record = Found::Nothing);
    let mut fenced_above = None;
    for _ in 0..60 {
        cluster.run(200_000);
        let record = cluster.nodes[0].record.clone().unwrap();
        let newest = cluster.nodes[0].delivered.last().map_or(View::ZERO, |header| header.view);
        match record.memory {
            Memory::Forgot => {}
            Memory::Fenced => assert!(newest <= record.fence, "an applied block of view {newest}"),
            Memory::Whole => fenced_above = Some((newest, record.fence)),
        }
    }
    let (newest, fence) = fenced_above.expect("the mark goes");
    assert!(newest > fence && fence > View::ZERO);
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
fn r4_a_timeout_that_never_left_is_made_anew_after_a_crash() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    // The view runs out while the vote is being signed; the vote's record is the last one that reaches the disk.
    solo.stuck = Some(|effect| matches!(effect, Effect::Sign(_)));
    solo.hear_proposal(&forge.proposal(1, &forge.root_qc(), None));
    solo.expire();
    solo.stuck = Some(|effect| matches!(effect, Effect::Sign(_) | Effect::Persist(_)));
    let vote = solo.other.iter().find_map(|effect| match effect {
        Effect::Sign(what) => {
            Some((**what).clone()).filter(|what| matches!(what, cybermesh_consensus::ToSign::Vote(_)))
        }
        _ => None,
    });
    solo.input(Input::Signed(Box::new(common::signed(vote.unwrap(), 0))));
    let written = solo.other.iter().rev().find_map(|effect| match effect {
        Effect::Persist(record) => Some(record.clone()),
        _ => None,
    });
    let written = written.unwrap();
    assert_eq!((written.highest_timeout_view, written.last_timeout.as_ref()), (View::new(1), None));
    let mut start = first_start(4, 0);
    start.record = Found::Record(written);
    let mut again = Solo::of(start, 0);
    again.expire();
    assert_eq!(again.timeouts().len(), 1);
}
