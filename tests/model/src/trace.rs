//! A schedule for people: who learned what, and what it said.

use stateright::Path;

use crate::arena::Arena;
use crate::blocks::{BlockNo, Blocks, GivenUp};
use crate::local::{Event, Local, Said, Timeout};
use crate::model::{State, World};
use crate::steps::Step;

/// The schedule, a step on each line.
#[must_use]
pub fn lines(world: &World, path: Path<State, Step>) -> Vec<String> {
    let arena = world.arena();
    let steps = path.into_vec();
    let mut lines = Vec::new();
    for (at, (state, step)) in steps.iter().enumerate() {
        let Some(step) = step else { break };
        let (before, after) = (arena.get(state.locals[step.who]), arena.get(step.to));
        let heard: Vec<_> = step.events.iter().map(|event| heard(event, &arena.blocks)).collect();
        let said = news(before, after, &arena);
        lines.push(format!("{:>3}. validator {} {}: {said}", at + 1, after.me, heard.join(", ")));
    }
    lines
}

fn heard(event: &Event, blocks: &Blocks) -> String {
    match event {
        Event::Certificate(block) => format!("learns QC({})", blocks.name(*block)),
        Event::GivenUp(tc) => format!("learns {}", certificate(*tc, blocks)),
        Event::Proposal(block, tc) => format!("gets the proposal {}", proposal(*block, *tc, blocks)),
        Event::Vote(author, block) => format!("gets {author}'s vote for {}", blocks.name(*block)),
        Event::Timeout(author, said) => format!("gets {author}'s {}", timeout(*said, blocks)),
        Event::ViewTimer => "has waited too long".to_owned(),
        Event::ProposeTimer => "leads".to_owned(),
    }
}

fn news(before: &Local, after: &Local, arena: &Arena) -> String {
    let blocks = &arena.blocks;
    let said = after.said.iter().skip(before.said.len()).map(|said| match said {
        Said::Proposed(block, tc) => format!("proposes {}", proposal(*block, *tc, blocks)),
        Said::Voted(block) => format!("votes for {}", blocks.name(*block)),
        Said::TimedOut(said) => format!("signs a {}", timeout(*said, blocks)),
    });
    let decided = after.decided.iter().skip(before.decided.len()).map(|block| {
        format!("DECIDES {} at height {}", blocks.name(*block), blocks.get(*block).header.height)
    });
    let all: Vec<_> = said.chain(decided).collect();
    let view =
        if before.view() == after.view() { String::new() } else { format!("enters view {}", after.view()) };
    let all: Vec<_> = core::iter::once(view).filter(|view| !view.is_empty()).chain(all).collect();
    if all.is_empty() { "says nothing".to_owned() } else { all.join(", ") }
}

fn proposal(block: BlockNo, tc: Option<GivenUp>, blocks: &Blocks) -> String {
    let name = blocks.name(block);
    tc.map_or(name.clone(), |tc| format!("{name} with {}", certificate(tc, blocks)))
}

fn certificate(tc: GivenUp, blocks: &Blocks) -> String {
    format!("TC({}, claim {})", tc.view, blocks.name(tc.claim))
}

fn timeout(said: Timeout, blocks: &Blocks) -> String {
    format!("timeout of view {}, claim {}", said.view, blocks.name(said.claim))
}
