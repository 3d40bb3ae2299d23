//! R15: nobody signs who might have forgotten.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::{Forge, Solo};
use common::{BEGINNING_US, Cluster, first_start, index, sign, verified};
use cybermesh_consensus::{
    Effect, Found, Generation, Input, Memory, Message, Outbound, SafetyRecord, Timer, To,
};
use cybermesh_proto::agree::{AmnesiaAsk, AmnesiaReport, AmnesiaReportStatement};
use cybermesh_proto::wire::Fixed;
use cybermesh_proto::{DecisionHash, Epoch, TimeUs, View};

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
fn r15_nothing_is_signed_before_q_minus_1_others_have_answered() {
    let mut solo = Solo::asking(first_start(4, 0), 0);
    for by in [1, 1] {
        solo.answered(by);
        solo.expire();
        assert!(!solo.core.is_ready() && solo.timeouts().is_empty(), "one other is not two");
    }
    solo.answered(2);
    solo.expire();
    assert!(solo.core.is_ready() && solo.timeouts().len() == 1);
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

/// The question of validator 2, which forgot.
fn question() -> AmnesiaAsk {
    AmnesiaAsk { chain: common::CHAIN, epoch: Epoch::ZERO, asker: index(2), nonce: Fixed([5; 32]) }
}

fn reports(solo: &Solo) -> usize {
    solo.sent.iter().filter(|sent| matches!(sent, Outbound::Report(_))).count()
}

#[test]
fn r15_who_forgot_gives_no_reports() {
    let mut solo = amnesiac();
    let ask = question();
    solo.hear(2, Message::AskReport(index(2), ask.clone()));
    assert_eq!(reports(&solo), 0);
    let mut whole = Solo::ready(4, 0);
    whole.hear(3, Message::AskReport(index(3), ask.clone()));
    assert_eq!(reports(&whole), 0, "nobody asks in another's name");
    whole.hear(2, Message::AskReport(index(2), ask));
    assert_eq!(reports(&whole), 1);
}

#[test]
fn r15_who_may_yet_learn_that_it_forgot_gives_no_reports() {
    let mut solo = Solo::asking(first_start(4, 0), 0);
    solo.hear(2, Message::AskReport(index(2), question()));
    assert_eq!(reports(&solo), 0);
    solo.answer_start();
    solo.hear(2, Message::AskReport(index(2), question()));
    assert_eq!(reports(&solo), 1);
}

#[test]
fn r15_who_is_fenced_gives_no_reports() {
    let mut solo = amnesiac();
    for author in 1..4 {
        let said = report(&solo, author, 1);
        hear_report(&mut solo, author, &said);
    }
    assert!(solo.core.is_ready());
    solo.stuck = Some(|effect| matches!(effect, Effect::Sign(_)));
    solo.hear(2, Message::AskReport(index(2), question()));
    assert!(!solo.other.iter().any(|effect| matches!(effect, Effect::Sign(_))), "nor is one signed");
}

#[test]
fn r1_who_forgot_proposes_nothing_at_or_below_its_fence() {
    let forge = Forge::new(4);
    let mut fenced = amnesiac();
    for author in 1..4 {
        let said = report(&fenced, author, 3);
        hear_report(&mut fenced, author, &said);
    }
    let fence = fenced.record.as_ref().unwrap().fence;
    assert!(fenced.core.is_ready() && fence == View::new(4));
    // Validator 0 leads view 4.
    for (mut solo, proposals) in [(fenced, 0), (Solo::ready(4, 0), 1)] {
        let entry = forge.tc(3, &[forge.root_qc()]);
        solo.hear_timeout(&forge.view_change(1, 4, &forge.root_qc(), Some(entry)));
        solo.input(Input::Timer(Timer::Propose(Epoch::ZERO, View::new(4))));
        assert_eq!((solo.core.view(), solo.proposals().len()), (View::new(4), proposals));
    }
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
fn r15_mark_stays_when_a_block_of_view_m_or_m_plus_1_is_applied() {
    let mut solo = amnesiac();
    for author in 1..4 {
        let said = report(&solo, author, 1);
        hear_report(&mut solo, author, &said);
    }
    assert_eq!(solo.record.as_ref().unwrap().fence, View::new(2));
    let forge = Forge::new(4);
    let chain = forge.chain(3);
    solo.hear_chain(&forge, &chain);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &chain[2].header)));
    // It leads view 4 itself; the votes for its block decide the one of view 3, which is m + 2.
    solo.input(Input::Timer(Timer::Propose(Epoch::ZERO, View::new(4))));
    let own = solo.proposals().pop().unwrap().header;
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &own)));
    assert_eq!(solo.decided(), [1, 2, 3]);
    let mut newest = DecisionHash(common::CHAIN.0);
    for (block, memory) in chain.iter().zip([Memory::Fenced, Memory::Fenced, Memory::Whole]) {
        newest = solo.execute(&block.header, newest, None).hash();
        assert_eq!(solo.record.as_ref().unwrap().memory, memory, "view {}", block.header.view);
    }
}
