//! The short form of the model check, and that its shortcuts lose nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use cybermesh_model::keys::short;
use cybermesh_model::local::{Local, Said};
use cybermesh_model::model::{State, World};
use cybermesh_model::pool::Pool;
use cybermesh_model::run::explore;
use cybermesh_model::setting::{Search, Setting, States};
use cybermesh_model::steps::Step;
use cybermesh_model::worlds;
use stateright::{Checker, Model, Property};

#[test]
fn four_validators_with_one_liar_never_fork() {
    for liar in 0..4 {
        let outcome = explore(&Setting::new(4, &[liar], 3));
        assert!(outcome.passed() && outcome.complete, "{}\n{:#?}", outcome.verdict(), outcome.schedule);
    }
}

#[test]
fn message_by_message_in_any_order_nothing_breaks() {
    let outcome = explore(&Setting::new(4, &[1], 2).in_any_order(5));
    assert!(outcome.passed(), "{}\n{:#?}", outcome.verdict(), outcome.schedule);
}

#[test]
fn too_many_liars_and_too_small_a_quorum_fork() {
    for world in worlds::forks() {
        let outcome = explore(&world);
        assert!(outcome.passed(), "{}: {}", world.name, outcome.verdict());
        let fork = outcome.schedule.iter().filter(|line| line.contains("DECIDES")).count();
        assert!(fork >= 2, "{}: {:#?}", world.name, outcome.schedule);
    }
}

#[test]
fn a_mistake_in_a_rule_is_found() {
    for world in worlds::mistakes() {
        let outcome = explore(&world);
        assert!(outcome.passed() && !outcome.schedule.is_empty(), "{}: {}", world.name, outcome.verdict());
    }
}

/// A world that notes something of each state it comes to.
struct Noting<T> {
    world: World,
    note: fn(&World, &State) -> T,
    seen: Arc<Mutex<HashSet<T>>>,
}

impl<T: Hash + Eq> Model for Noting<T> {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let first = self.world.init_states();
        self.seen.lock().unwrap().extend(first.iter().map(|state| (self.note)(&self.world, state)));
        first
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        self.world.actions(state, actions);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let next = self.world.next_state(last, step)?;
        self.seen.lock().unwrap().insert((self.note)(&self.world, &next));
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        // One that is never found, so that nothing ends the search early.
        vec![Property::sometimes("the end", |_, _| false)]
    }
}

fn noted<T: Hash + Eq + Send + 'static>(world: World, note: fn(&World, &State) -> T) -> HashSet<T> {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let depth = world.setting.depth;
    let mut builder = Noting { world, note, seen: seen.clone() }.checker();
    if let Some(depth) = depth {
        builder = builder.target_max_depth(depth + 2);
    }
    drop(builder.spawn_bfs().join());
    core::mem::take(&mut *seen.lock().unwrap())
}

fn locals(world: &World, state: &State) -> Vec<Arc<Local>> {
    let arena = world.arena();
    state.locals.iter().map(|local| arena.get(*local).clone()).collect()
}

fn short_key(world: &World, state: &State) -> Vec<u16> {
    let locals = locals(world, state);
    let arena = world.arena();
    let pool = Pool::of(&world.setting, arena.quorum, &locals);
    short(&world.setting, &locals, state.turn, &pool, &arena.blocks, 0)
}

fn said(world: &World, state: &State) -> Vec<Vec<Said>> {
    locals(world, state).iter().map(|local| local.said.clone()).collect()
}

#[test]
fn states_taken_for_one_have_the_same_future() {
    for liar in [0, 1, 2] {
        let shortened = Setting::new(4, &[liar], 2);
        let whole = Setting { states: States::Whole, ..shortened.clone() };
        let world = World::new(shortened);
        let by_whole = noted(world.beside(whole), short_key);
        let by_short = noted(world, short_key);
        assert!(by_short.len() > 100 && by_short == by_whole, "{} and {}", by_short.len(), by_whole.len());
    }
}

#[test]
fn the_order_by_view_loses_nothing_that_is_said() {
    // One view, to the end: the very same is said.
    for liar in [0, 2, 3] {
        let by_view = Setting { states: States::Whole, ..Setting::new(4, &[liar], 1) };
        let any = Setting { search: Search::AnyCertified, ..by_view.clone() };
        let world = World::new(by_view);
        let (in_any_order, in_order) = (noted(world.beside(any), said), noted(world, said));
        assert!(in_order.len() > 20 && in_order == in_any_order, "{} sayings", in_order.len());
    }
    // Two views, as far as it goes: nothing else is said.
    let by_view = Setting { states: States::Whole, alike: false, ..Setting::new(4, &[1], 2) };
    let any = Setting { alike: false, ..by_view.clone().in_any_order(5) };
    let certified = Setting { search: Search::AnyCertified, depth: Some(6), ..any.clone() };
    let world = World::new(by_view);
    let mut in_any_order = noted(world.beside(any), said);
    in_any_order.extend(noted(world.beside(certified), said));
    let in_order = noted(world, said);
    let new = in_any_order.difference(&in_order).next();
    assert!(in_any_order.len() > 1000 && new.is_none(), "{} sayings, new is {new:?}", in_any_order.len());
}
