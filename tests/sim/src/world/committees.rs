//! Committees, each with a number of its own, so that "verified with this committee" can be remembered cheaply.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::Committee;
use cybermesh_proto::{Epoch, ValidatorIndex};

/// A committee that some node of the run knows.
#[derive(Debug)]
pub struct Interned {
    /// Its number within the run.
    pub id: u32,
    /// The committee.
    pub committee: Committee,
    places: BTreeMap<[u8; 32], ValidatorIndex>,
}

impl Interned {
    /// The place of a key.
    #[must_use]
    pub fn index(&self, key: &[u8; 32]) -> Option<ValidatorIndex> {
        self.places.get(key).copied()
    }

    /// The key at a place.
    #[must_use]
    pub fn key(&self, index: ValidatorIndex) -> Option<[u8; 32]> {
        self.committee.set.get(index).ok().map(|validator| validator.ed25519.0)
    }

    /// All keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = [u8; 32]> + '_ {
        self.committee.set.iter().map(|validator| validator.ed25519.0)
    }
}

/// All committees of a run.
#[derive(Debug, Default)]
pub struct Register(Vec<Rc<Interned>>);

impl Register {
    /// The committee with its number.
    pub fn intern(&mut self, committee: &Committee) -> Rc<Interned> {
        if let Some(known) = self.0.iter().find(|one| one.committee == *committee) {
            return Rc::clone(known);
        }
        let index = |(place, key): (usize, [u8; 32])| Some((key, ValidatorIndex::new(place)?));
        let keys = committee.set.iter().map(|validator| validator.ed25519.0);
        let places = keys.enumerate().filter_map(index).collect();
        let id = u32::try_from(self.0.len()).expect("few committees");
        let interned = Rc::new(Interned { id, committee: committee.clone(), places });
        self.0.push(Rc::clone(&interned));
        interned
    }
}

/// The committees that one node knows: the present one and those before.
#[derive(Clone, Debug, Default)]
pub struct Committees(BTreeMap<Epoch, Rc<Interned>>);

impl Committees {
    /// Learns a committee.
    pub fn learn(&mut self, committee: Rc<Interned>) {
        self.0.insert(committee.committee.epoch, committee);
    }

    /// The committee of an epoch.
    #[must_use]
    pub fn get(&self, epoch: Epoch) -> Option<&Rc<Interned>> {
        self.0.get(&epoch)
    }

    /// Whether the committee of this number is among them.
    #[must_use]
    pub fn holds(&self, id: u32) -> bool {
        self.0.values().any(|one| one.id == id)
    }

    /// The newest epoch.
    #[must_use]
    pub fn newest(&self) -> Epoch {
        self.0.last_key_value().map_or(Epoch::ZERO, |(epoch, _)| *epoch)
    }

    /// The committee of the newest epoch.
    #[must_use]
    pub fn present(&self) -> &Rc<Interned> {
        self.0.last_key_value().map(|(_, committee)| committee).expect("a node knows the genesis")
    }
}
