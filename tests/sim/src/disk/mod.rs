//! The three places that a node keeps things in, each with writes that are not synced yet.
//!
//! **Promise of a disk here**: what a sync has returned for is kept. What was written and not synced is kept or lost
//! in a crash, by chance: from the record's file the newest slot or the one before, from a store with a log the first
//! so many writes. No order holds between the three.

mod payload;
mod safety;
mod state;

pub use payload::{PayloadStore, PayloadWrite};
pub use safety::SafetyFile;
pub use state::{Applied, Certified, StateStore, StateWrite};

use crate::plan::What;
use crate::rng::Rng;

/// All that survives of a node.
#[derive(Clone, Debug, Default)]
pub struct Disks {
    /// The safety record.
    pub safety: SafetyFile,
    /// Blocks and batches.
    pub payload: PayloadStore,
    /// Results and certificates.
    pub state: StateStore,
    /// Whether a store was lost while the record was kept.
    pub lost_store: bool,
}

impl Disks {
    /// The power goes off; gives how many writes were half-way.
    pub fn crash(&mut self, rng: &mut Rng) -> u64 {
        self.safety.crash(rng) + self.payload.crash(rng) + self.state.crash(rng)
    }

    /// A node that is down loses something.
    pub fn lose(&mut self, what: What) {
        let everything = what == What::Everything;
        if everything || what == What::Record {
            self.safety = SafetyFile::lost();
        }
        if everything || what == What::Payload {
            self.payload = PayloadStore::default();
        }
        if everything || what == What::State {
            self.state = StateStore::default();
        }
        // The mark stays until the node says that it holds everything again.
        self.lost_store = !everything && (self.lost_store || matches!(what, What::Payload | What::State));
    }

    /// A node that is down gets an older copy back.
    pub fn restore(&mut self, copy: &Self, what: What) {
        match what {
            What::Record => self.safety = copy.safety.clone(),
            What::Payload => self.payload = copy.payload.clone(),
            What::State => self.state = copy.state.clone(),
            What::Everything => *self = copy.clone(),
        }
    }
}
