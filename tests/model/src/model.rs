//! The world as the checker sees it: states, steps, and what must hold in every state.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use stateright::{Model, Property};

use crate::arena::{Arena, LocalNo};
use crate::judge::{self, Finding};
use crate::keys::{Key, short};
use crate::local::Local;
use crate::pool::Pool;
use crate::setting::{Setting, States};
use crate::steps::{Finder, Step, Turn};

/// Honest validators, by the numbers of their local states. All that was ever said follows from these.
#[derive(Clone, Debug)]
pub struct State {
    /// One for each honest validator.
    pub locals: Vec<LocalNo>,
    /// The place of the last step in the order of steps.
    pub turn: Turn,
    /// What it is recognised by.
    pub key: Key,
    findings: u16,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key.hash(hasher);
    }
}

impl State {
    /// Whether something was found in this state.
    #[must_use]
    pub fn has(&self, finding: Finding) -> bool {
        self.findings & finding.bit() != 0
    }
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// What it is made of.
    pub setting: Setting,
    arena: Arc<Mutex<Arena>>,
    first: Vec<LocalNo>,
}

impl World {
    /// A world at its beginning.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        let (arena, first) = Arena::new(&setting);
        Self { setting, arena: Arc::new(Mutex::new(arena)), first }
    }

    /// The same validators in the same states, explored in another way: numbers mean the same in both.
    #[must_use]
    pub fn beside(&self, setting: Setting) -> Self {
        let same = |setting: &Setting| (setting.n, setting.liars.clone(), setting.fault);
        assert_eq!(same(&setting), same(&self.setting), "another world altogether");
        Self { setting, arena: self.arena.clone(), first: self.first.clone() }
    }

    /// Local states, steps and blocks found so far.
    pub fn arena(&self) -> MutexGuard<'_, Arena> {
        self.arena.lock().unwrap()
    }

    fn state(&self, arena: &Arena, locals: Vec<LocalNo>, turn: Turn) -> State {
        let all = resolved(arena, &locals);
        let pool = Pool::of(&self.setting, arena.quorum, &all);
        let findings = judge::judge(&all, &pool, &arena.blocks);
        let key = match self.setting.states {
            States::Whole => Key::Whole(locals.clone(), turn),
            States::Short => Key::Short(short(&self.setting, &all, turn, &pool, &arena.blocks, findings)),
        };
        State { locals, turn, key, findings }
    }
}

fn resolved(arena: &Arena, locals: &[LocalNo]) -> Vec<Arc<Local>> {
    locals.iter().map(|local| arena.get(*local).clone()).collect()
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![self.state(&self.arena(), self.first.clone(), Turn::default())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        let mut arena = self.arena();
        let pool = Pool::of(&self.setting, arena.quorum, &resolved(&arena, &state.locals));
        let (locals, turn) = (state.locals.as_slice(), state.turn);
        Finder { setting: &self.setting, arena: &mut arena, pool: &pool, locals, turn }.all(actions);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut locals = last.locals.clone();
        *locals.get_mut(step.who)? = step.to;
        Some(self.state(&self.arena(), locals, step.turn))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(Finding::Fork.name(), |_, state: &State| !state.has(Finding::Fork)),
            Property::always(Finding::TwoVotes.name(), |_, state: &State| !state.has(Finding::TwoVotes)),
            Property::always(Finding::LockLost.name(), |_, state: &State| !state.has(Finding::LockLost)),
            Property::always(Finding::Overruled.name(), |_, state: &State| !state.has(Finding::Overruled)),
            Property::always(Finding::Stopped.name(), |_, state: &State| !state.has(Finding::Stopped)),
            Property::sometimes(Finding::Decided.name(), |_, state: &State| state.has(Finding::Decided)),
            Property::sometimes(Finding::DecidedByAll.name(), |_, state: &State| {
                state.has(Finding::DecidedByAll)
            }),
            Property::sometimes(Finding::DecidedAfterTimeout.name(), |_, state: &State| {
                state.has(Finding::DecidedAfterTimeout)
            }),
        ]
    }
}
