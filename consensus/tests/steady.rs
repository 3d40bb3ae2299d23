//! A cluster in which nothing goes wrong, and in which one member is silent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Cluster, batch};
use cybermesh_consensus::Input;

#[test]
fn an_idle_cluster_decides_empty_blocks_at_the_idle_pace() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.run(10_000_000);
    let heights = cluster.heights();
    assert!(heights.iter().all(|height| (6..=12).contains(height)), "{heights:?}");
}

#[test]
fn payload_is_decided_without_waiting_for_a_timer() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.run(2_000_000);
    let before = cluster.heights();
    for node in 0..4 {
        cluster.nodes[node].payload.push(batch(0, 1));
        cluster.input(node, Input::Work(true));
    }
    let began = cluster.now;
    cluster.deliver();
    let after = cluster.heights();
    assert_eq!(cluster.now, began);
    assert!(before.iter().zip(&after).all(|(before, after)| after >= &(before + 1)), "{before:?} {after:?}");
}

#[test]
fn one_silent_member_of_four_stops_nothing() {
    let mut cluster = Cluster::new(4);
    cluster.cut.insert(3);
    cluster.deliver();
    cluster.run(60_000_000);
    let heights = cluster.heights();
    assert!(heights[..3].iter().all(|height| *height >= 20), "{heights:?}");
}
