//! What is explored: how many validators, which of them lie, how many views, and by which search.

use cybermesh_proto::planted::Fault;

/// The views that the leaders of the first window are known for by counting: more are never explored.
pub const VIEWS_MAX: u8 = 7;

/// How the schedules are walked through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// One order for each set of schedules that differ in nothing but the order of independent steps: by view, and
    /// in a view the leader first. Certificates are learned as late as they can matter.
    ByView,
    /// Any order, every message by itself, votes and timeouts one by one.
    Any,
    /// Any order, but votes and timeouts only inside of certificates.
    AnyCertified,
}

/// Which timeout certificates the liars put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claims {
    /// With the lowest claim that the released timeouts allow: every other one lets fewer votes through.
    Lowest,
    /// With every claim that a certificate backs.
    Every,
}

/// When two states are one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum States {
    /// When every honest core is in the same state.
    Whole,
    /// When nothing differs that the rest of a schedule can depend on; by view only.
    Short,
}

/// What the exploration is to come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Nothing is broken, and blocks are decided.
    Safe,
    /// Two honest validators decide different blocks at one height.
    Fork,
    /// Any of the safety properties is broken.
    Broken,
    /// Nothing is broken as far as it was explored.
    Unbroken,
}

/// One world to explore.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// What it is called in the table.
    pub name: String,
    /// The number of validators.
    pub n: usize,
    /// The places of those that lie.
    pub liars: Vec<usize>,
    /// Statements are made in views 1 to this one.
    pub views: u8,
    /// The mistake that is put in on purpose.
    pub fault: Option<Fault>,
    /// The order of steps.
    pub search: Search,
    /// Which states are one.
    pub states: States,
    /// The timeout certificates of liars.
    pub claims: Claims,
    /// How many blocks a liar proposes on one parent in one view.
    pub variants: u8,
    /// Whether these go by the order in which they are voted for: then their names make no difference.
    pub alike: bool,
    /// The longest schedule, in steps; no limit explores all of them.
    pub depth: Option<usize>,
    /// What it is to come to.
    pub expected: Expected,
}

impl Setting {
    /// A world without planted mistakes, explored by view to its end.
    #[must_use]
    pub fn new(n: usize, liars: &[usize], views: u8) -> Self {
        assert!(views <= VIEWS_MAX && n >= 4, "leaders are counted in the first window only");
        assert!(liars.iter().all(|liar| *liar < n), "a liar is one of the validators");
        Self {
            name: format!("n={n}, liars {liars:?}, {views} views"),
            n,
            liars: liars.to_vec(),
            views,
            fault: None,
            search: Search::ByView,
            states: States::Short,
            claims: Claims::Every,
            variants: 2,
            alike: true,
            depth: None,
            expected: Expected::Safe,
        }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The same with a mistake put in, which has to break something.
    #[must_use]
    pub fn planted(mut self, fault: Fault, expected: Expected) -> Self {
        self.name = format!("{}, {fault:?}", self.name);
        (self.fault, self.expected) = (Some(fault), expected);
        self
    }

    /// The same in any order of steps, but no longer schedules than this many steps.
    #[must_use]
    pub fn in_any_order(mut self, depth: usize) -> Self {
        self.name = format!("{}, any order, message by message", self.name);
        (self.search, self.states) = (Search::Any, States::Whole);
        (self.depth, self.expected) = (Some(depth), Expected::Unbroken);
        self
    }

    /// Who tells the truth, by place.
    #[must_use]
    pub fn honest(&self) -> Vec<usize> {
        (0..self.n).filter(|member| !self.liars.contains(member)).collect()
    }

    /// Who leads a view of the first window: nobody is left out in it.
    #[must_use]
    pub fn leader(&self, view: u8) -> usize {
        usize::from(view).checked_rem(self.n).unwrap_or_default()
    }
}
