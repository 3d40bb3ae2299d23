//! Writes traces for the second implementation of the effects: `trace --seed 1 --events 10000`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the tests")]

use std::io::Write as _;

use clap::Parser;
use cybermesh_effects::story::Story;
use cybermesh_effects::trace;

#[derive(Parser)]
struct Arguments {
    /// The seed of the story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many items it has at least.
    #[arg(long, default_value_t = 10_000)]
    events: usize,
    /// The most items of a block.
    #[arg(long, default_value_t = 60)]
    block: u64,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let (mut story, mut world) = Story::new(arguments.seed);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{}", trace::genesis(&world))?;
    let mut told = 0;
    while told < arguments.events {
        let items = story.block(&world, arguments.block);
        told += items.len();
        let applied = world.batches(story.now_ms, vec![items.clone()]);
        writeln!(out, "{}", trace::block(&world, story.now_ms, &items, &applied))?;
    }
    out.flush()
}
