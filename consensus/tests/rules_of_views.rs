//! R4 to R7 and R13: views are given up and entered, blocks decided.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::{Forge, Solo};
use common::{Cluster, batch, first_start, index};
use cybermesh_consensus::{Effect, Found, Input, Outbound, Timer, ToSign};
use cybermesh_proto::{Epoch, View};

#[test]
fn r4_a_timeout_claims_the_newest_qc_and_is_signed_once() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &first.header)));
    solo.expire();
    solo.expire();
    let said: Vec<_> = solo.timeouts().iter().map(|change| change.timeout.clone()).collect();
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].statement.view, said[0].statement.hqc_view), (View::new(2), View::new(1)));
    assert_eq!(said[0].statement.hqc_block, first.header.id());
}

#[test]
fn r4_a_timeout_is_sent_again_until_it_is_acknowledged_or_the_view_ends() {
    let mut solo = Solo::ready(4, 0);
    solo.expire();
    assert_eq!(solo.timeouts().len(), 1);
    solo.input(Input::Timer(Timer::Resend));
    assert_eq!(solo.timeouts().len(), 4, "to each of three");
    solo.input(Input::Acknowledged(index(1), Epoch::ZERO, View::new(1)));
    solo.input(Input::Timer(Timer::Resend));
    assert_eq!(solo.timeouts().len(), 6);
    // A new connection, or the next time that the view takes too long: acknowledged or not.
    solo.input(Input::Reconnected(index(1)));
    solo.input(Input::Timer(Timer::Resend));
    assert_eq!(solo.timeouts().len(), 9);
}

#[test]
fn r4_an_acknowledgement_lapses_when_the_view_takes_too_long_again() {
    let mut solo = Solo::ready(4, 0);
    solo.expire();
    (1..4).for_each(|by| solo.input(Input::Acknowledged(index(by), Epoch::ZERO, View::new(1))));
    solo.sent.clear();
    solo.input(Input::Timer(Timer::Resend));
    assert_eq!(solo.timeouts(), []);
    solo.expire();
    solo.input(Input::Timer(Timer::Resend));
    assert_eq!(solo.timeouts().len(), 3, "who acknowledged may have dropped it since");
}

#[test]
fn r5_f_plus_1_timeouts_pull_the_rest_along() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    solo.hear_timeout(&forge.view_change(1, 1, &forge.root_qc(), None));
    assert_eq!(solo.timeouts().len(), 0);
    solo.hear_timeout(&forge.view_change(2, 1, &forge.root_qc(), None));
    assert_eq!(solo.timeouts().len(), 1);
    // With its own that is a quorum.
    assert_eq!(solo.core.view(), View::new(2));
}

#[test]
fn r5_one_author_counts_once() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    (0..3).for_each(|_| solo.hear_timeout(&forge.view_change(1, 1, &forge.root_qc(), None)));
    assert_eq!((solo.timeouts().len(), solo.core.view()), (0, View::new(1)));
}

#[test]
fn r6_late_qc_after_tc_raises_high_qc() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    solo.hear_timeout(&forge.view_change(1, 2, &forge.root_qc(), Some(forge.tc(1, &[forge.root_qc()]))));
    assert_eq!(solo.core.view(), View::new(2));
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &first.header)));
    solo.expire();
    assert_eq!(solo.core.view(), View::new(2), "never backwards");
    assert_eq!(solo.timeouts().last().unwrap().timeout.statement.hqc_view, View::new(1));
}

#[test]
fn far_future_messages_are_refused_and_cost_nothing() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let before = solo.core.load();
    let mut header = forge.header(1_000_000, &forge.root_qc());
    header.view = View::new(1_000_000);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &header)));
    let after = solo.core.load();
    assert_eq!((before.statements, before.blocks), (after.statements, after.blocks));
    let asked = solo.sent.iter().filter(|sent| matches!(sent, Outbound::AskNewer(_))).count();
    assert_eq!(asked, 3, "one question to each who delivered");
}

#[test]
fn r7_consecutive_views_decide_the_lower_block() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    let second = forge.proposal(2, &forge.qc(&first.header), None);
    solo.hear_proposal(&first);
    solo.hear_proposal(&second);
    assert_eq!(solo.decided(), [0_u64; 0]);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &second.header)));
    assert_eq!(solo.decided(), [1]);
}

#[test]
fn gap_in_views_does_not_decide() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    let qc = forge.qc(&first.header);
    let second = forge.proposal(3, &qc, Some(forge.tc(2, std::slice::from_ref(&qc))));
    solo.hear_proposal(&second);
    (1..4).for_each(|author| solo.hear_vote(&forge.vote(author, &second.header)));
    assert_eq!((solo.core.view(), solo.decided()), (View::new(4), vec![]));
}

#[test]
fn four_undecided_ancestors_are_decided_lowest_first() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let mut qc = forge.root_qc();
    // Every other view is lost, so no two are consecutive; then two are.
    for view in [1, 3, 5, 7, 8] {
        let tc = (qc.view.get() + 1 != view).then(|| forge.tc(view - 1, std::slice::from_ref(&qc)));
        let block = forge.proposal(view, &qc, tc);
        solo.hear_proposal(&block);
        qc = forge.qc(&block.header);
    }
    assert_eq!(solo.decided(), [0_u64; 0]);
    solo.hear_timeout(&forge.view_change(1, 9, &qc, None));
    assert_eq!(solo.decided(), [1, 2, 3, 4]);
}

#[test]
fn silent_next_leader_cannot_undo_a_certified_block() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    let first = forge.proposal(1, &forge.root_qc(), None);
    solo.hear_proposal(&first);
    let qc = forge.qc(&first.header);
    let tc = forge.tc(2, std::slice::from_ref(&qc));
    // After a silent leader of view 2, view 3 must build on the certified block.
    solo.hear_proposal(&forge.proposal(3, &qc, Some(tc.clone())));
    assert_eq!(solo.votes().len(), 2);
    let mut other = Solo::ready(4, 0);
    other.hear_proposal(&first);
    other.hear_proposal(&forge.proposal(3, &forge.root_qc(), Some(tc)));
    assert_eq!(other.votes().len(), 1);
}

#[test]
fn r13_a_view_timer_runs_from_the_start_and_a_shorter_one_once_work_waits() {
    let timers = |solo: &Solo| {
        let timers = solo.other.iter().filter_map(|effect| match effect {
            Effect::Schedule(timer @ (Timer::View(..) | Timer::Work(..)), after) => {
                Some((*timer, after.as_millis()))
            }
            _ => None,
        });
        timers.collect::<Vec<_>>()
    };
    let mut solo = Solo::ready(4, 0);
    let (epoch, view) = (Epoch::ZERO, View::new(1));
    assert_eq!(timers(&solo), [(Timer::View(epoch, view), 3000)]);
    solo.input(Input::Work(true));
    assert_eq!(timers(&solo)[1..], [(Timer::Work(epoch, view), 400)]);
}

#[test]
fn r13_timeouts_grow_with_the_views_since_the_last_decision() {
    let forge = Forge::new(4);
    let mut solo = Solo::ready(4, 0);
    for view in 1..=5 {
        let tc = forge.tc(view, &[forge.root_qc()]);
        solo.hear_timeout(&forge.view_change(1, view + 1, &forge.root_qc(), Some(tc)));
    }
    let lengths: Vec<_> = solo
        .other
        .iter()
        .filter_map(|effect| match effect {
            Effect::Schedule(Timer::View(_, view), after) => Some((view.get(), after.as_millis())),
            _ => None,
        })
        .collect();
    assert_eq!(lengths, [(1, 3000), (2, 3000), (3, 4500), (4, 6750), (5, 10125), (6, 15187)]);
}

#[test]
fn restart_after_tc_enters_the_view_after_it() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.cut.insert(1);
    // Leader 1 is cut off: view 1 is given up, and the votes of view 2 rest on its TC.
    cluster.run(4_500_000);
    let view = cluster.nodes[0].core.view();
    let record = cluster.nodes[0].record.clone().unwrap();
    assert!(record.high_tc.is_some() && view > View::new(1));
    let remembered = record.high_qc.view.max(record.high_tc.unwrap().view).next();
    cluster.restart(0);
    assert!(cluster.nodes[0].core.view() >= remembered);
}

#[test]
fn crash_after_persist_before_send_resends_timeout() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.nodes[0].stuck = Some(|effect| matches!(effect, Effect::Send(_, Outbound::Timeout(_))));
    cluster.cut.insert(1);
    cluster.run(3_100_000);
    let stored = cluster.nodes[0].record.clone().unwrap().last_timeout.unwrap();
    cluster.nodes[0].sent.clear();
    cluster.cut.clear();
    cluster.restart(0);
    cluster.deliver();
    let sent = cluster.nodes[0].sent.iter().any(|(_, message)| match message {
        Outbound::Timeout(change) => change.timeout == stored,
        _ => false,
    });
    let passed = cluster.nodes[0].core.view() > stored.statement.view;
    assert!(sent || passed);
}

#[test]
fn all_crash_after_timeout_and_recover() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.lost = Some(|_, _, _| true);
    cluster.run(3_500_000);
    let timed_out = |node: &common::Node| node.record.as_ref().unwrap().last_timeout.is_some();
    assert!(cluster.nodes.iter().all(timed_out));
    cluster.lost = None;
    (0..4).for_each(|at| cluster.restart(at));
    cluster.deliver();
    cluster.run(5_000_000);
    assert!(cluster.heights().iter().all(|height| *height > 0), "{:?}", cluster.heights());
}

#[test]
fn lossy_links_form_a_tc_by_resending() {
    let mut cluster = Cluster::new(4);
    cluster.cut.insert(3);
    // The first timeout of everybody is lost; only single re-sends arrive.
    cluster.lost = Some(|from, to, message| matches!(message, Outbound::Timeout(_)) && (from + to) % 2 == 1);
    cluster.deliver();
    cluster.run(4_000_000);
    cluster.lost = None;
    cluster.run(20_000_000);
    assert!(cluster.heights()[..3].iter().all(|height| *height > 3), "{:?}", cluster.heights());
}

#[test]
fn leader_without_votes_times_out_too() {
    let mut solo = Solo::ready(4, 1);
    solo.input(Input::Timer(Timer::Propose(Epoch::ZERO, View::new(1))));
    assert_eq!((solo.proposals().len(), solo.votes().len()), (1, 1));
    solo.expire();
    assert_eq!(solo.timeouts().len(), 1);
}

#[test]
fn an_idle_cluster_wakes_up_for_one_batch() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.run(20_000_000);
    (0..4).for_each(|at| cluster.nodes[at].payload.push(batch(2, 1)));
    (0..4).for_each(|at| cluster.input(at, Input::Work(true)));
    cluster.deliver();
    cluster.run(1_000_000);
    let with_payload =
        cluster.nodes[0].delivered.iter().filter(|header| header.batch_count.get() > 0).count();
    assert_eq!(with_payload, 1);
}

#[test]
fn r8_a_timeout_is_not_sent_again_before_it_is_on_disk() {
    let mut solo = Solo::ready(4, 0);
    solo.stuck = Some(|effect| matches!(effect, Effect::Persist(_)));
    solo.expire();
    solo.input(Input::Timer(Timer::Resend));
    assert_eq!(solo.timeouts(), []);
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
        Effect::Sign(what) => Some((**what).clone()).filter(|what| matches!(what, ToSign::Vote(_))),
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
