//! What stories by seed come to: the newest decision, and a hash over everything that went out.

use std::fmt::Write as _;

use cybermesh_proto::hash::sha256;

use crate::story::Story;

/// One line for each of four stories: seed, height, decision, outbound leaves.
#[must_use]
pub fn lines() -> String {
    let mut lines = String::new();
    for seed in 1..=4 {
        let (mut story, mut world) = Story::new(seed);
        let mut outbound = Vec::new();
        for _ in 0..60 {
            let items = story.block(&world, 60);
            let applied = world.batches(story.now_ms, vec![items]);
            outbound.extend(applied.outbound.iter().flat_map(|row| *row.leaf_hash.as_bytes()));
        }
        let (height, decision) = (world.parent.height, world.parent.decision);
        writeln!(lines, "{seed} {height} {decision} {}", sha256(&[&outbound])).unwrap();
    }
    lines
}
