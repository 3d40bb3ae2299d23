//! What agreement costs, as exact facts of virtual time: the documents state them, and `make costs` prints the rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cybermesh_sim::costs::{Case, DELAY_US, Measured, Situation, Times, measure};

/// 1 in 100 of a delay: what sixteen steps of a signer, a disk and a leader of 1 to 20 µs each come to, and no message.
const LOCAL_US: u64 = DELAY_US / 100;

fn measured(situation: Situation, from: u64, to: u64) -> Measured {
    measure(Case { n: 4, situation, from, to }).unwrap()
}

fn delays(blocks: &[Times], us: impl Fn(&Times) -> u64) -> Vec<u64> {
    let whole = |times: &Times| {
        let us = us(times);
        assert!(us % DELAY_US < LOCAL_US, "{us} µs is no number of delays");
        us / DELAY_US
    };
    blocks.iter().map(whole).collect()
}

#[test]
fn without_faults_a_block_is_decided_four_delays_after_its_proposal_and_certified_after_five() {
    let calm = measured(Situation::Calm, 20, 60);
    assert_eq!((calm.views, calm.given_up, calm.blocks.len()), (40, 0, 40), "a block in every view");
    for (name, all) in [
        ("first", delays(&calm.blocks, |times| times.first_decided - times.proposed)),
        ("last", delays(&calm.blocks, |times| times.decided - times.proposed)),
    ] {
        assert!(all.iter().all(|delays| *delays == 4), "decided at the {name} node: {all:?}");
    }
    let certified = delays(&calm.blocks, |times| times.certified - times.proposed);
    assert!(certified.iter().all(|delays| *delays == 5), "{certified:?}");
}

#[test]
fn without_faults_a_view_costs_one_proposal_and_votes_and_attestations_from_all_to_all() {
    let calm = measured(Situation::Calm, 20, 60);
    let decisions = calm.blocks.len() as u64;
    let (n, q) = (4, 3);
    assert_eq!(calm.sums.messages, decisions * ((n - 1) + 2 * n * (n - 1)));
    assert_eq!(calm.sums.made, decisions * (1 + 2 * n));
    let certificates = (n - 1) * (1 + q);
    assert_eq!(calm.sums.checked, decisions * (certificates + 2 * n * (n - 1)));
}

#[test]
fn a_dead_leader_leads_in_two_windows_of_eleven() {
    let window = 8;
    let dead = measured(Situation::OneDead, window, 34 * window);
    let led: Vec<_> = (1..).zip(&dead.led).filter(|(_, led)| **led).map(|(number, _)| number).collect();
    assert_eq!(dead.led.len(), 33);
    assert_eq!(
        led,
        [1, 11, 12, 22, 23, 33],
        "windows in which it leads; window 0 is the other one of its first two"
    );
    assert!(dead.led.windows(11).all(|eleven| eleven.iter().filter(|led| **led).count() == 2));
    assert_eq!(dead.given_up, 6 * 2, "two turns in each of them, and no other view is lost");
}
