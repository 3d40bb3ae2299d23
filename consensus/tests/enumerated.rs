//! Every short history of one voter in views 1 to 3, against a reference that was written from the rules alone.
//!
//! The blocks: a main chain, forks from the root and from its first block, with TCs that allow them, and one that its TC
//! forbids. A history is any sequence of proposals and timers; after each of them the voter must have said exactly what
//! the reference says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::forge::{Forge, Solo};
use cybermesh_proto::agree::{Proposal, Qc};
use cybermesh_proto::{TimeUs, View};

/// 5 steps: enough for two views to be voted, given up and forked, 37,449 histories.
const DEPTH: usize = 5;

/// A block as the reference sees it: numbers only.
#[derive(Clone, Copy)]
struct Plain {
    name: usize,
    parent: Option<usize>,
    view: u64,
    qc: u64,
    /// The view of its TC, the highest claim in it and the view of the QC in it.
    tc: Option<(u64, u64, u64)>,
}

/// The rules R2 to R6 for one voter, by the book.
#[derive(Default, Clone)]
struct Reference {
    high_qc: u64,
    /// Blocks that certificates name and that have not come.
    wanted: BTreeSet<usize>,
    high_tc: u64,
    voted: u64,
    timed_out: u64,
    lock: u64,
    known: BTreeSet<usize>,
    candidate: Option<usize>,
    view: u64,
    said: Vec<(char, u64, u64)>,
}

impl Reference {
    fn enter(&mut self) {
        let view = self.high_qc.max(self.high_tc) + 1;
        if view > self.view {
            (self.view, self.candidate) = (view, None);
        }
    }

    fn adopt(&mut self, view: u64, block: Option<usize>) {
        if view > self.high_qc {
            self.high_qc = view;
            self.wanted.extend(block.filter(|block| !self.known.contains(block)));
        }
        self.enter();
    }

    fn hear(&mut self, block: &Plain, blocks: &[Plain]) {
        self.adopt(block.qc, block.parent);
        if let Some((view, _, high)) = block.tc {
            self.adopt(
                high,
                blocks.iter().find(|other| other.view == high && other.tc.is_none()).map(|b| b.name),
            );
            self.high_tc = self.high_tc.max(view);
            self.enter();
        }
        if block.view == self.view {
            self.candidate.get_or_insert(block.name);
        } else if self.wanted.contains(&block.name) && self.parent_is_known(block) {
            self.know(block.name);
        }
        self.settle(blocks);
    }

    fn know(&mut self, block: usize) {
        self.known.insert(block);
        self.wanted.remove(&block);
    }

    fn parent_is_known(&self, block: &Plain) -> bool {
        block.parent.is_none_or(|parent| self.known.contains(&parent))
    }

    fn settle(&mut self, blocks: &[Plain]) {
        let Some(block) = self.candidate.map(|name| blocks[name]) else { return };
        if !self.parent_is_known(&block) {
            self.wanted.extend(block.parent);
            return;
        }
        self.candidate = None;
        let follows = match block.tc {
            None => block.qc + 1 == block.view,
            Some((view, claim, _)) => view + 1 == block.view && block.qc >= claim,
        };
        if !follows {
            return;
        }
        self.know(block.name);
        if block.view > self.voted {
            self.voted = block.view;
            self.lock = self.lock.max(block.qc);
            self.said.push(('v', block.view, block.name as u64));
        }
    }

    fn expire(&mut self, blocks: &[Plain]) {
        let view = self.view;
        if view > self.timed_out && view >= self.voted && self.high_qc >= self.lock {
            self.timed_out = view;
            self.voted = self.voted.max(view);
            self.said.push(('t', view, self.high_qc));
        }
        self.settle(blocks);
    }
}

struct World {
    plain: Vec<Plain>,
    proposals: Vec<Proposal>,
}

fn world() -> World {
    let forge = Forge::new(4);
    let root = forge.root_qc();
    let (mut plain, mut proposals): (Vec<Plain>, Vec<Proposal>) = (Vec::new(), Vec::new());
    let mut add = |view: u64, parent: Option<usize>, tc: Option<(u64, &[Option<usize>])>| {
        let name = plain.len();
        let qc_of = |block: Option<usize>| -> Qc {
            block.map_or_else(|| root.clone(), |block| forge.qc(&proposals[block].header))
        };
        let qc = qc_of(parent);
        let made = tc
            .map(|(view, claims)| forge.tc(view, &claims.iter().map(|one| qc_of(*one)).collect::<Vec<_>>()));
        let view_of = |block: Option<usize>| block.map_or(0, |block| plain[block].view);
        let numbers = tc.map(|(view, claims)| {
            let highest = claims.iter().map(|one| view_of(*one)).max().unwrap();
            (view, highest, highest)
        });
        plain.push(Plain { name, parent, view, qc: view_of(parent), tc: numbers });
        let mut header = forge.header(view, &qc);
        header.time_us = TimeUs::new(header.time_us.get() + 10 * name as u64);
        proposals.push(forge.propose(header, &qc, made));
        name
    };
    let first = add(1, None, None);
    let second = add(2, Some(first), None);
    add(3, Some(second), None);
    add(2, None, Some((1, &[None, None, None])));
    add(3, Some(first), Some((2, &[Some(first), None, None])));
    add(3, None, Some((2, &[None, None, None])));
    // Somebody claims the first block's QC, and the block ignores it.
    add(3, None, Some((2, &[None, Some(first), None])));
    World { plain, proposals }
}

fn said(solo: &Solo, world: &World) -> Vec<(char, u64, u64)> {
    let mut said = Vec::new();
    for message in &solo.sent {
        match message {
            cybermesh_consensus::Outbound::Vote(vote) => {
                let name = world.proposals.iter().position(|one| one.header.id() == vote.statement.block);
                said.push(('v', vote.statement.view.get(), name.unwrap() as u64));
            }
            cybermesh_consensus::Outbound::Timeout(change) => {
                let statement = &change.timeout.statement;
                said.push(('t', statement.view.get(), statement.hqc_view.get()));
            }
            _ => {}
        }
    }
    said
}

/// Goes through all histories that begin like this one.
fn explore(
    world: &World,
    solo: &Solo,
    reference: &Reference,
    history: &mut Vec<usize>,
    histories: &mut usize,
) {
    *histories += 1;
    assert_eq!(said(solo, world), reference.said, "after {history:?}");
    if history.len() == DEPTH {
        return;
    }
    for block in 0..=world.plain.len() {
        let (mut solo, mut reference) = (solo.clone(), reference.clone());
        if let Some(proposal) = world.proposals.get(block) {
            solo.hear_proposal(proposal);
            reference.hear(&world.plain[block], &world.plain);
        } else {
            solo.expire();
            reference.expire(&world.plain);
        }
        assert_eq!(solo.core.view(), View::new(reference.view), "after {block}");
        history.push(block);
        explore(world, &solo, &reference, history, histories);
        history.pop();
    }
}

#[test]
fn every_short_history_ends_as_the_rules_say() {
    let world = world();
    let mut solo = Solo::ready(4, 0);
    solo.now += 100;
    let reference = Reference { view: 1, ..Reference::default() };
    let mut histories = 0;
    explore(&world, &solo, &reference, &mut Vec::new(), &mut histories);
    println!("{histories} histories");
    assert!(histories > 30_000);
}
