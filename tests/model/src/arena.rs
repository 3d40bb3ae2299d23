//! Every local state once, and every step of one once.

use std::collections::HashMap;
use std::sync::Arc;

use cybermesh_proto::agree::Committee;
use cybermesh_proto::planted::{Fault, plant};

use crate::blocks::Blocks;
use crate::local::{Around, Event, Local};
use crate::material::committee;
use crate::setting::Setting;

/// The number of a local state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalNo(u32);

/// Local states, the steps between them, and the blocks that they know.
#[derive(Debug)]
pub struct Arena {
    /// The blocks.
    pub blocks: Blocks,
    /// What the code takes for a quorum.
    pub quorum: usize,
    committee: Arc<Committee>,
    fault: Option<Fault>,
    locals: Vec<Arc<Local>>,
    numbers: HashMap<Arc<Local>, LocalNo>,
    steps: HashMap<(LocalNo, Event), LocalNo>,
}

impl Arena {
    /// The arena of a setting, and the local states that its honest validators start in.
    #[must_use]
    pub fn new(setting: &Setting) -> (Self, Vec<LocalNo>) {
        let committee = Arc::new(committee(setting.n));
        plant(setting.fault);
        let quorum = committee.quorum();
        plant(None);
        let mut arena = Self {
            blocks: Blocks::default(),
            quorum,
            committee,
            fault: setting.fault,
            locals: Vec::new(),
            numbers: HashMap::new(),
            steps: HashMap::new(),
        };
        let mut first = Vec::new();
        for member in setting.honest() {
            let local = Local::first(member, &mut arena.around());
            first.push(arena.number(local));
        }
        (arena, first)
    }

    fn around(&mut self) -> Around<'_> {
        Around { committee: &self.committee, blocks: &mut self.blocks, fault: self.fault }
    }

    fn number(&mut self, local: Local) -> LocalNo {
        if let Some(known) = self.numbers.get(&local) {
            return *known;
        }
        let number = LocalNo(u32::try_from(self.locals.len()).unwrap());
        let local = Arc::new(local);
        self.locals.push(local.clone());
        self.numbers.insert(local, number);
        number
    }

    /// A local state by its number.
    #[must_use]
    pub fn get(&self, number: LocalNo) -> &Arc<Local> {
        &self.locals[usize::try_from(number.0).unwrap()]
    }

    /// How many local states there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locals.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locals.is_empty()
    }

    /// How many steps of the core were taken.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The local state after an event.
    pub fn after(&mut self, from: LocalNo, event: Event) -> LocalNo {
        if let Some(known) = self.steps.get(&(from, event)) {
            return *known;
        }
        let local = self.get(from).clone();
        let next = local.after(event, &mut self.around());
        let next = self.number(next);
        self.steps.insert((from, event), next);
        next
    }

    /// The local state after these events.
    pub fn after_all(&mut self, from: LocalNo, events: &[Event]) -> LocalNo {
        events.iter().fold(from, |at, event| self.after(at, *event))
    }

    /// Makes a block that a liar could propose.
    pub fn forge(
        &mut self,
        parent: crate::blocks::BlockNo,
        view: u8,
        liar: usize,
        variant: u8,
    ) -> crate::blocks::BlockNo {
        let make = crate::material::Maker { committee: &self.committee, blocks: &self.blocks, to: liar };
        let header = make.header(parent, view, liar, variant);
        self.blocks.add(&header, variant)
    }
}
