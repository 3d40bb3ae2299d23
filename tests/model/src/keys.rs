//! When two states are one: as little as the rest of a schedule can depend on.
//!
//! In the order by view, everything that is still to be said is of the present view, by those whose turn has not
//! passed, or of a later one. Later views lie above all that anybody ever voted for or gave up. So of a validator
//! there remain its newest certificate and what it decided; of the votes and timeouts of past views, the certificates
//! that they make; and who leads no further view is as good as any other such.
//!
//! That nothing is lost by that is tested: in smaller worlds the same keys are reached when every state counts.

use std::sync::Arc;

use crate::arena::LocalNo;
use crate::blocks::{BlockNo, Blocks, GivenUp};
use crate::local::{Local, Said};
use crate::pool::Pool;
use crate::setting::Setting;
use crate::steps::{Turn, turn_of};

/// What a state is recognised by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    /// Every local state, and the turn.
    Whole(Vec<LocalNo>, Turn),
    /// What the rest can depend on.
    Short(Vec<u16>),
}

const DONE: u16 = 0;
const ACTING: u16 = 1;
const WAITING: u16 = 2;
/// Stands between lists of different length.
const END: u16 = u16::MAX;
const NONE: u16 = u16::MAX - 1;

/// The short key of a state.
#[must_use]
pub fn short(
    setting: &Setting,
    locals: &[Arc<Local>],
    turn: Turn,
    pool: &Pool,
    blocks: &Blocks,
    findings: u16,
) -> Vec<u16> {
    let view = turn.view();
    let mut validators: Vec<_> =
        locals.iter().map(|local| of_validator(setting, local, turn, blocks)).collect();
    validators.sort_unstable();
    let mut key = vec![u16::from(view), findings];
    for validator in validators {
        key.extend(validator);
        key.push(END);
    }
    key.extend(pool.certified.iter().map(|block| block.raw()));
    key.push(END);
    for (block, voters) in pool.votes.iter().filter(|(block, _)| blocks.view(**block) == view) {
        key.extend([block.raw(), u16::try_from(voters.len()).unwrap()]);
    }
    key.push(END);
    for (block, tc) in pool.proposed.iter().filter(|(block, _)| blocks.view(*block) == view) {
        key.extend([block.raw(), entry(*tc)]);
    }
    key.push(END);
    key.extend(pool.claims_of(view, blocks).into_iter().map(u16::from));
    key.push(END);
    key.extend(pool.given_up(view.saturating_sub(1), blocks).into_iter().map(|tc| tc.claim.raw()));
    key
}

fn of_validator(setting: &Setting, local: &Local, turn: Turn, blocks: &Blocks) -> Vec<u16> {
    let view = turn.view();
    let status = match turn_of(setting, view, local.me).cmp(&turn) {
        core::cmp::Ordering::Less => DONE,
        core::cmp::Ordering::Equal => ACTING,
        core::cmp::Ordering::Greater => WAITING,
    };
    let first = if status == DONE { view.saturating_add(1) } else { view };
    let leads = (first..=setting.views).find(|view| setting.leader(*view) == local.me);
    let decided = local.decided.last().map_or(NONE, |block| block.raw());
    let mut key = vec![status, leads.map_or(NONE, u16::from), local.newest.raw(), decided];
    if status == ACTING {
        local.said.iter().for_each(|said| of_statement(*said, view, blocks, &mut key));
    }
    key
}

fn of_statement(said: Said, view: u8, blocks: &Blocks, key: &mut Vec<u16>) {
    match said {
        Said::Proposed(block, tc) if blocks.view(block) == view => key.extend([0, block.raw(), entry(tc)]),
        Said::Voted(block) if blocks.view(block) == view => key.extend([1, block.raw()]),
        Said::TimedOut(timeout) if timeout.view == view => {
            key.extend([2, timeout.claim.raw(), entry(timeout.entry)]);
        }
        Said::Proposed(..) | Said::Voted(_) | Said::TimedOut(_) => {}
    }
}

fn entry(tc: Option<GivenUp>) -> u16 {
    tc.map_or(NONE, |tc| BlockNo::raw(tc.claim))
}
