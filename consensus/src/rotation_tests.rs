//! R12 on chains made by hand.

use cybermesh_proto::agree::{IndexSet, faults};
use cybermesh_proto::{Height, ValidatorIndex, View};

use super::{Led, Quarantine, leader, left_out, window, window_views};

fn index(number: usize) -> ValidatorIndex {
    ValidatorIndex::new(number).unwrap()
}

/// The chain of a cluster in which some never propose, window by window with the sets that follow.
fn chain(n: usize, windows: u64, silent: &[usize]) -> (Vec<Led>, Vec<IndexSet>) {
    let (mut blocks, mut sets) = (Vec::new(), Vec::new());
    for number in 0..windows {
        let out = left_out(n, number, &blocks, Height::ZERO, &[]);
        sets.push(out);
        for view in (number * window_views(n)).max(1)..(number + 1) * window_views(n) {
            let proposer = leader(n, View::new(view), out).unwrap();
            if !silent.contains(&proposer.as_usize()) {
                let anchor = Height::new(view);
                blocks.push(Led { view: View::new(view), proposer, left_out: out, anchor });
            }
        }
    }
    (blocks, sets)
}

#[test]
fn r12_everybody_leads_in_turn_while_nobody_is_missing() {
    for n in [4, 5, 7, 10, 31, 100] {
        let (blocks, sets) = chain(n, 6, &[]);
        assert!(sets.iter().all(IndexSet::is_empty), "n = {n}");
        let led = |member| blocks.iter().filter(|block| block.proposer == index(member)).count();
        assert!((0..n).all(|member| led(member) >= 11), "n = {n}");
    }
}

#[test]
fn r12_a_silent_member_leads_in_two_windows_of_eleven() {
    for n in [4, 7, 10] {
        let (_, sets) = chain(n, 34, &[1]);
        let leads = |from: usize| sets[from..from + 11].iter().filter(|set| !set.contains(index(1))).count();
        assert!((0..22).all(|from| leads(from + 2) <= 2 + usize::from(from == 0)), "n = {n}: {sets:?}");
        assert!((3..22).all(|from| leads(from) == 2), "n = {n}: {sets:?}");
    }
}

#[test]
fn r12_never_more_than_f_are_left_out() {
    let silent = [0, 1, 2, 3];
    let (_, sets) = chain(7, 30, &silent);
    assert!(sets.iter().all(|set| set.len() <= faults(7)));
    assert!(sets.iter().any(|set| set.len() == faults(7)));
}

#[test]
fn r12_the_longest_quarantine_comes_first_and_counts_at_the_anchor() {
    let quarantine = |member, begin, end: Option<u64>| Quarantine {
        validator: index(member),
        begin: Height::new(begin),
        end: end.map(Height::new),
    };
    let quarantines = [quarantine(3, 5, None), quarantine(2, 9, None), quarantine(1, 2, Some(20))];
    // The last block below window 2 of a set of four anchors at 15: two are quarantined longest first.
    let (blocks, _) = chain(4, 2, &[]);
    let at = |window| left_out(4, window, &blocks, Height::ZERO, &quarantines);
    assert_eq!(at(2), IndexSet::from_iter([index(1)]), "anchor 7: begun at 2 and 5, the first one first");
    let (blocks, _) = chain(4, 5, &[]);
    let late = left_out(4, 5, &blocks, Height::ZERO, &quarantines);
    assert_eq!(late, IndexSet::from_iter([index(3)]), "anchor 31: the first one has ended");
    assert!(left_out(4, 0, &[], Height::ZERO, &quarantines).is_empty(), "at the root, height 0");
}

#[test]
fn leader_schedule_equal_on_all_replicas_and_seeds() {
    // Whatever lies in the two newest windows changes nothing: nodes that hold different tips name one leader.
    let (blocks, _) = chain(4, 9, &[2]);
    let fixed: Vec<_> = blocks.iter().copied().filter(|block| window(4, block.view) < 7).collect();
    let mut other = fixed.clone();
    other.extend(blocks.iter().copied().filter(|block| window(4, block.view) >= 7).step_by(2));
    let set = left_out(4, 8, &blocks, Height::ZERO, &[]);
    assert_eq!(left_out(4, 8, &other, Height::ZERO, &[]), set);
    assert_eq!(left_out(4, 8, &fixed, Height::ZERO, &[]), set);
}
