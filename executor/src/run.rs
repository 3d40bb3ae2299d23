//! One block as it is executed: the state, what it says to the outside, and the boundary around each item.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cybermesh_proto::agree::Header;
use cybermesh_proto::audit::AuditEntry;
use cybermesh_proto::keys::SignatureCheck;
use cybermesh_proto::{Code, Count, Epoch, Height, ItemId, TimeUs};

use crate::chain::Chain;
use crate::outbound::Sent;
use crate::parameters::Parameters;
use crate::rows::keys;
use crate::rows::{Administrators, Space};
use crate::state::State;
use crate::subject::Subject;
use crate::view::{View, ViewError};

/// How an item ended; an error is ours and ends the block.
pub(crate) type Ended = Result<Code, ViewError>;

/// An entry of the event log to be.
pub(crate) struct Logged {
    pub(crate) id: ItemId,
    pub(crate) code: Code,
    pub(crate) index: Count,
}

/// A block in execution.
pub(crate) struct Run<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) signatures: &'a dyn SignatureCheck,
    pub(crate) state: State<'a>,
    pub(crate) epoch: Epoch,
    pub(crate) height: Height,
    pub(crate) anchor: Height,
    pub(crate) time_us: TimeUs,
    pub(crate) now_ms: u64,
    pub(crate) numbers: Parameters,
    /// The place in the block of the item at work.
    pub(crate) index: u32,
    pub(crate) sent: Vec<Sent>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) logged: Vec<Logged>,
    /// Subjects whose score may have moved.
    pub(crate) touched: BTreeSet<Subject>,
    /// Topics and partitions whose confirmed cursor may have moved.
    pub(crate) reported: BTreeSet<(u16, u32)>,
}

std::thread_local! {
    static GUARDED: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

/// Whether a panic on this thread, now, would be that of one item, which ends as `executor_fault`: a hook that ends
/// the process on panics asks this first.
#[must_use]
pub fn panic_is_an_items() -> bool {
    GUARDED.get()
}

impl<'a> Run<'a> {
    /// A block at its beginning.
    pub(crate) fn new(
        chain: &'a Chain,
        signatures: &'a dyn SignatureCheck,
        view: &'a dyn View,
        header: &Header,
    ) -> Result<Self, ViewError> {
        let mut state = State::new(view);
        let numbers = state.numbers()?;
        Ok(Self {
            chain,
            signatures,
            state,
            epoch: header.epoch,
            height: header.height,
            anchor: header.anchor_height,
            time_us: header.time_us,
            now_ms: header.time_us.get() / 1000,
            numbers,
            index: 0,
            sent: Vec::new(),
            audit: Vec::new(),
            logged: Vec::new(),
            touched: BTreeSet::new(),
            reported: BTreeSet::new(),
        })
    }

    /// Runs the work of one item: all of it takes place, or, if it panics, nothing (`None`).
    pub(crate) fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ViewError>,
    ) -> Result<Option<T>, ViewError> {
        self.state.begin();
        let (sent, audit, logged) = (self.sent.len(), self.audit.len(), self.logged.len());
        GUARDED.set(true);
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        GUARDED.set(false);
        if let Ok(done) = done {
            return done.map(Some);
        }
        self.state.roll_back();
        self.sent.truncate(sent);
        self.audit.truncate(audit);
        self.logged.truncate(logged);
        self.numbers = self.state.numbers()?;
        Ok(None)
    }

    /// The administrators as of now, with the height from which they are.
    pub(crate) fn administrators(&mut self) -> Result<Administrators, ViewError> {
        administrators_at(self.state.view, self.height).and_then(|found| {
            // Those of this very block stand in no view yet.
            let key = keys::administrators(self.height);
            let fresh = self.state.get::<Administrators>(&key)?.cloned();
            fresh.or(found).ok_or_else(|| ViewError("the state has no administrators".into()))
        })
    }
}

/// The administrators as of the state after a height.
pub fn administrators_at(view: &dyn View, height: Height) -> Result<Option<Administrators>, ViewError> {
    // Few: each took a transaction of k people. Those too old to matter are gone.
    let (mut from, below) = keys::below(Space::Administrators, Some(height.next().get()));
    let mut newest = None;
    while let Some((key, value)) = view.first(&from, &below)? {
        newest = Some(crate::rows::decode(&key, &value)?);
        from = key;
        from.push(0);
    }
    Ok(newest)
}
