//! Which steps there are: who may hear what, or have a timer run out.
//!
//! **By view.** A step belongs to the view that its validator is in after it. Whatever a step needs was said in steps of
//! no later view, and of the same view only by the leader, who proposes first. So the steps of every schedule can be
//! put in the order (view, leader first, place) without changing what anybody hears, in which order, and says.
//! Exploring the schedules of that one order reaches every combination of local histories. Steps that make a validator
//! say or decide nothing do nothing but let it know something; that can come as late as just before the next thing it
//! says. For the same reason what can be decided is learned after everything was said.

use crate::arena::{Arena, LocalNo};
use crate::blocks::{BlockNo, GivenUp};
use crate::local::{Event, Timeout};
use crate::pool::Pool;
use crate::setting::{Search, Setting};

/// Where a step stands in the order by view: the view, then the leader, then the others by place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Turn {
    view: u8,
    rank: u8,
}

impl Turn {
    /// The view.
    #[must_use]
    pub const fn view(self) -> u8 {
        self.view
    }
}

/// The turn of a validator in a view.
#[must_use]
pub fn turn_of(setting: &Setting, view: u8, member: usize) -> Turn {
    let leads = view <= setting.views && setting.leader(view) == member;
    let rank = if leads { 0 } else { u8::try_from(member).unwrap_or(u8::MAX).saturating_add(1) };
    Turn { view, rank }
}

/// A step: an honest validator, what happens to it, and the state it is in after that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Which of the honest validators, by their order.
    pub who: usize,
    /// What happens, in this order.
    pub events: Vec<Event>,
    /// Its local state after that.
    pub to: LocalNo,
    /// Its place in the order of steps.
    pub turn: Turn,
}

/// Finds the steps of one state.
pub struct Finder<'a> {
    /// The world.
    pub setting: &'a Setting,
    /// The local states.
    pub arena: &'a mut Arena,
    /// What was said.
    pub pool: &'a Pool,
    /// The honest validators' states.
    pub locals: &'a [LocalNo],
    /// The last step's place.
    pub turn: Turn,
}

impl Finder<'_> {
    /// All steps.
    pub fn all(&mut self, steps: &mut Vec<Step>) {
        for who in 0..self.locals.len() {
            if self.arena.get(self.locals[who]).stopped {
                continue;
            }
            match self.setting.search {
                Search::ByView => self.by_view(who, steps),
                Search::Any | Search::AnyCertified => self.any(who, steps),
            }
        }
    }

    fn by_view(&mut self, who: usize, steps: &mut Vec<Step>) {
        let local = self.arena.get(self.locals[who]).clone();
        let last = self.setting.views;
        for view in local.view().max(self.turn.view)..=last {
            let turn = turn_of(self.setting, view, local.me);
            if turn < self.turn {
                continue;
            }
            for (block, tc) in self.proposals(view, local.me) {
                self.try_saying(who, vec![Event::Proposal(block, tc)], turn, steps);
            }
            for mut events in self.ways_into(view) {
                if self.setting.leader(view) == local.me {
                    let events = [events.as_slice(), &[Event::ProposeTimer]].concat();
                    self.try_saying(who, events, turn, steps);
                }
                events.push(Event::ViewTimer);
                self.try_saying(who, events, turn, steps);
            }
        }
        self.try_deciding(who, steps);
    }

    /// What a validator may learn to be in a view: the newest certificate it can know there, and what lets it in.
    fn ways_into(&self, view: u8) -> Vec<Vec<Event>> {
        let mut ways = vec![Vec::new()];
        let certified = |below: u8| {
            let blocks = &self.arena.blocks;
            let fits = move |block: &&BlockNo| **block != BlockNo::ROOT && blocks.view(**block) < below;
            self.pool.certified.iter().filter(fits).copied()
        };
        ways.extend(certified(view).map(|block| vec![Event::Certificate(block)]));
        for tc in self.pool.given_up(view.saturating_sub(1), &self.arena.blocks) {
            let claim = self.arena.blocks.view(tc.claim);
            ways.push(vec![Event::GivenUp(tc)]);
            let newer = certified(view).filter(|block| self.arena.blocks.view(*block) > claim);
            ways.extend(newer.map(|block| vec![Event::Certificate(block), Event::GivenUp(tc)]));
        }
        ways
    }

    /// A step after which the validator is in the view of its turn, and has said something new.
    fn try_saying(&mut self, who: usize, events: Vec<Event>, turn: Turn, steps: &mut Vec<Step>) {
        let from = self.locals[who];
        let to = self.arena.after_all(from, &events);
        let (before, after) = (self.arena.get(from), self.arena.get(to));
        let said = after.said.len() > before.said.len() || after.stopped;
        if said && after.view() == turn.view && steps.iter().all(|step| (step.who, step.to) != (who, to)) {
            steps.push(Step { who, events, to, turn });
        }
    }

    /// Steps after everything was said: somebody decides what nobody has decided so far.
    fn try_deciding(&mut self, who: usize, steps: &mut Vec<Step>) {
        let from = self.locals[who];
        let turn = turn_of(self.setting, self.setting.views.saturating_add(1), self.arena.get(from).me);
        if turn < self.turn {
            return;
        }
        let decided: Vec<_> =
            self.locals.iter().flat_map(|local| self.arena.get(*local).decided.clone()).collect();
        for block in self.pool.certified.iter().filter(|block| **block != BlockNo::ROOT) {
            let events = vec![Event::Certificate(*block)];
            let to = self.arena.after_all(from, &events);
            let new = self.arena.get(to).decided.iter().any(|block| !decided.contains(block));
            if new && steps.iter().all(|step| (step.who, step.to) != (who, to)) {
                steps.push(Step { who, events, to, turn });
            }
        }
    }

    /// The proposals of a view: an honest leader's, or whatever a liar can make.
    fn proposals(&mut self, view: u8, to: usize) -> Vec<(BlockNo, Option<GivenUp>)> {
        let leader = self.setting.leader(view);
        if leader == to {
            return Vec::new();
        }
        if !self.setting.liars.contains(&leader) {
            let of_view = |block: BlockNo| self.arena.blocks.view(block) == view;
            return self.pool.proposed.iter().filter(|(block, _)| of_view(*block)).copied().collect();
        }
        let entries = self.pool.given_up(view.saturating_sub(1), &self.arena.blocks);
        let mut found = Vec::new();
        for parent in self.pool.certified.clone() {
            let at = self.arena.blocks.view(parent);
            if at >= view {
                continue;
            }
            for variant in 0..self.setting.variants {
                let block = self.arena.forge(parent, view, leader, variant);
                if at.saturating_add(1) == view {
                    found.push((block, None));
                } else {
                    found.extend(entries.iter().map(|tc| (block, Some(*tc))));
                }
                // Equal but for their names: the first one is the first that somebody votes for.
                if self.setting.alike && !self.pool.votes.contains_key(&block) {
                    break;
                }
            }
        }
        found
    }

    fn any(&mut self, who: usize, steps: &mut Vec<Step>) {
        let from = self.locals[who];
        let local = self.arena.get(from).clone();
        let mut events = Vec::new();
        if local.view() <= self.setting.views {
            events.push(Event::ViewTimer);
            if self.setting.leader(local.view()) == local.me {
                events.push(Event::ProposeTimer);
            }
        }
        for view in 1..=self.setting.views {
            events.extend(
                self.proposals(view, local.me).into_iter().map(|(block, tc)| Event::Proposal(block, tc)),
            );
            events.extend(self.pool.given_up(view, &self.arena.blocks).into_iter().map(Event::GivenUp));
        }
        let certified = self.pool.certified.iter().filter(|block| **block != BlockNo::ROOT);
        events.extend(certified.map(|block| Event::Certificate(*block)));
        if self.setting.search == Search::Any {
            self.votes_and_timeouts(local.me, &mut events);
        }
        for event in events {
            let to = self.arena.after(from, event);
            if to != from && steps.iter().all(|step| (step.who, step.to) != (who, to)) {
                steps.push(Step { who, events: vec![event], to, turn: Turn::default() });
            }
        }
    }

    /// Statements one by one: those of the honest, and any that a liar can make.
    fn votes_and_timeouts(&self, me: usize, events: &mut Vec<Event>) {
        let member = |place: &usize| u8::try_from(*place).unwrap_or(u8::MAX);
        for (block, voters) in &self.pool.votes {
            let honest = voters.iter().filter(|voter| **voter != me);
            let all = honest.chain(&self.setting.liars);
            events.extend(all.map(|voter| Event::Vote(member(voter), *block)));
        }
        let others = self.pool.timeouts.iter().filter(|(author, _)| *author != me);
        events.extend(others.map(|(author, timeout)| Event::Timeout(member(author), *timeout)));
        for view in 1..=self.setting.views {
            for timeout in self.forged_timeouts(view) {
                events.extend(self.setting.liars.iter().map(|liar| Event::Timeout(member(liar), timeout)));
            }
        }
    }

    /// Timeouts with any claim that is backed, and any certificate that lets into the view.
    fn forged_timeouts(&self, view: u8) -> Vec<Timeout> {
        let blocks = &self.arena.blocks;
        let entries = self.pool.given_up(view.saturating_sub(1), blocks);
        let mut found = Vec::new();
        for claim in self.pool.certified.iter().filter(|block| blocks.view(**block) < view) {
            if blocks.view(*claim).saturating_add(1) == view {
                found.push(Timeout { view, claim: *claim, entry: None });
            } else {
                let with = |entry: &GivenUp| Timeout { view, claim: *claim, entry: Some(*entry) };
                found.extend(entries.iter().map(with));
            }
        }
        found
    }
}
