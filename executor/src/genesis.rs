//! The first state of a chain, as its genesis says it.

use cybermesh_proto::Height;
use cybermesh_proto::genesis::{RegisteredKey, TrustedGenesis};
use thiserror::Error;

use crate::applied::Writes;
use crate::block::Parent;
use crate::chain::Chain;
use crate::parameters::Parameters;
use crate::registry::{self, Candidate};
use crate::rows::{Administrators, EpochRow, Logs, Space, keys};
use crate::state::State;
use crate::tree::{self, TreeUpdate};
use crate::view::{Row, View, ViewError};

/// Why there is no first state.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum GenesisError {
    /// Going on from another chain's decision is not built yet.
    #[error("a genesis that continues an older chain is not supported yet")]
    Continues,
    /// The rows could not be made.
    #[error(transparent)]
    View(#[from] ViewError),
}

/// The first state: what is written at height 0.
#[derive(Clone, Debug)]
pub struct FirstState {
    /// Its rows.
    pub writes: Writes,
    /// Its tree.
    pub tree: TreeUpdate,
    /// What the first block stands on.
    pub parent: Parent,
}

/// A state without any row.
struct Nothing;

impl View for Nothing {
    fn get(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn first(&self, _from: &[u8], _below: &[u8]) -> Result<Option<Row>, ViewError> {
        Ok(None)
    }
}

impl FirstState {
    /// The first state of the chain of a genesis.
    pub fn new(trusted: &TrustedGenesis) -> Result<Self, GenesisError> {
        let genesis = trusted.genesis();
        if genesis.continues.is_some() {
            return Err(GenesisError::Continues);
        }
        let mut state = State::new(&Nothing);
        let first = Height::ZERO;
        state.put(keys::single(Space::Parameters), Parameters::default())?;
        state.put(keys::single(Space::Logs), Logs::default())?;
        let (threshold, list) = (genesis.administrators.threshold, genesis.administrators.keys.clone());
        let parts: Vec<_> = list.iter().flat_map(registry::parts_of).collect();
        registry::take_parts(&mut state, first, &parts)?;
        state.put(keys::administrators(first), Administrators { threshold, keys: list })?;
        let parts: Vec<_> = genesis.validators.iter().flat_map(registry::parts_of_validator).collect();
        registry::take_parts(&mut state, first, &parts)?;
        let row = EpochRow { root: first, set: genesis.validators.clone() };
        state.put(keys::epoch(cybermesh_proto::Epoch::ZERO), row)?;
        for key in genesis.registry.iter() {
            registry::put(&mut state, first, candidate(key))?;
        }
        let writes = state.writes();
        let tree = tree::genesis(&writes)?;
        let decision = Chain::new(trusted).root_decision();
        let parent = Parent { height: first, decision, state_root: tree.root };
        Ok(Self { writes, tree, parent })
    }
}

fn candidate(key: &RegisteredKey) -> Candidate {
    Candidate {
        role: key.role,
        tenant: key.tenant.clone(),
        subject: key.subject.clone(),
        bundle: key.bundle.clone(),
        types: key.types.clone(),
        demand: key.demand,
        standing_bp: key.standing_bp,
        reach: key.reach,
    }
}
