//! What the honest validators have said so far, and so what certificates can be put together.
//!
//! Every message ever sent stays: it may arrive at any time, any number of times, or never. The liars add their own
//! signatures to whatever they like.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::blocks::{BlockNo, Blocks, GivenUp};
use crate::local::{Local, Said, Timeout};
use crate::setting::{Claims, Setting};

/// What was said.
#[derive(Debug, Default)]
pub struct Pool {
    /// Proposals of the honest.
    pub proposed: BTreeSet<(BlockNo, Option<GivenUp>)>,
    /// Honest voters of each block.
    pub votes: BTreeMap<BlockNo, BTreeSet<usize>>,
    /// Timeouts of the honest.
    pub timeouts: BTreeSet<(usize, Timeout)>,
    /// Blocks that can be certified by now, with the root, in the order of their numbers.
    pub certified: Vec<BlockNo>,
    needed: usize,
    claims: Option<Claims>,
}

impl Pool {
    /// What these validators have said. `quorum` is what the code takes for one.
    #[must_use]
    pub fn of(setting: &Setting, quorum: usize, locals: &[Arc<Local>]) -> Self {
        let needed = quorum.saturating_sub(setting.liars.len());
        let mut pool = Self { needed, claims: Some(setting.claims), ..Self::default() };
        for local in locals {
            for said in &local.said {
                match *said {
                    Said::Proposed(block, tc) => drop(pool.proposed.insert((block, tc))),
                    Said::Voted(block) => drop(pool.votes.entry(block).or_default().insert(local.me)),
                    Said::TimedOut(timeout) => drop(pool.timeouts.insert((local.me, timeout))),
                }
            }
        }
        let enough = pool.votes.iter().filter(|(_, voters)| voters.len() >= needed).map(|(block, _)| *block);
        pool.certified = core::iter::once(BlockNo::ROOT).chain(enough).collect();
        pool
    }

    /// What the honest claimed who gave a view up, lowest first.
    #[must_use]
    pub fn claims_of(&self, view: u8, blocks: &Blocks) -> Vec<u8> {
        let mut lowest = BTreeMap::new();
        for (author, timeout) in self.timeouts.iter().filter(|(_, timeout)| timeout.view == view) {
            let claim = blocks.view(timeout.claim);
            lowest.entry(*author).and_modify(|known: &mut u8| *known = claim.min(*known)).or_insert(claim);
        }
        let mut claims: Vec<_> = lowest.into_values().collect();
        claims.sort_unstable();
        claims
    }

    /// The timeout certificates of a view: any q timeouts make one, those of liars with any claim that is backed.
    #[must_use]
    pub fn given_up(&self, view: u8, blocks: &Blocks) -> Vec<GivenUp> {
        let claims = self.claims_of(view, blocks);
        let Some(least) = claims.get(self.needed.saturating_sub(1)).copied() else { return Vec::new() };
        let backed = self.certified.iter().filter(|block| {
            let claim = blocks.view(**block);
            let fits = claim == least || self.claims == Some(Claims::Every);
            fits && claim >= least && claim < view
        });
        backed.map(|claim| GivenUp { view, claim: *claim }).collect()
    }
}
