//! Who speaks: keys of random bytes, with the lengths and shapes of real ones.

use cybermesh_proto::Kid;
use cybermesh_proto::agree::{Validator, ValidatorSet};
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{Reach, RegisteredKey, Role};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::{Algorithm, KeyBundle, MlDsa, SignatureCheck, Zip215Item};
use cybermesh_proto::wire::{Fixed, List, Text};

use crate::rng::Rng;

/// Accepts every signature and key: the voters' check is not what is tested here.
pub struct AcceptAll;

impl SignatureCheck for AcceptAll {
    fn ed25519_zip215(&self, _item: Zip215Item<'_>) -> bool {
        true
    }

    fn ed25519_strict(&self, _key: &[u8; 32], _message: &[u8], _signature: &[u8; 64]) -> bool {
        true
    }

    fn ml_dsa(&self, _level: MlDsa, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        true
    }

    fn ed25519_key_is_sound(&self, _key: &[u8; 32]) -> bool {
        true
    }
}

/// Somebody with a key.
#[derive(Clone, Debug)]
pub struct Person {
    /// As registered.
    pub key: RegisteredKey,
}

impl Person {
    /// A producer with both halves that may sign everything but what binds others.
    #[must_use]
    pub fn producer(name: &str, tenant: &str) -> Self {
        Self::new(name, tenant, Role::Producer, &["*"])
    }

    /// An analyst.
    #[must_use]
    pub fn analyst(name: &str, tenant: &str) -> Self {
        Self::new(name, tenant, Role::Producer, &["Verdict.*"])
    }

    /// An operator who asks for rules.
    #[must_use]
    pub fn operator(name: &str, tenant: &str) -> Self {
        Self::new(name, tenant, Role::Producer, &["Rule.*"])
    }

    /// Somebody with a key for these types.
    #[must_use]
    pub fn new(name: &str, tenant: &str, role: Role, types: &[&str]) -> Self {
        let types = types.iter().map(|one| Text::new(one).unwrap()).collect();
        Self {
            key: RegisteredKey {
                role,
                bundle: bundle(name),
                tenant: Text::new(tenant).unwrap(),
                subject: Text::new(name).unwrap(),
                types: List::new(types).unwrap(),
                demand: Demand::WholeBundle,
                standing_bp: 10_000,
                reach: Reach::Together,
            },
        }
    }

    /// With another registered standing.
    #[must_use]
    pub fn standing(mut self, bp: u16) -> Self {
        self.key.standing_bp = bp;
        self
    }

    /// Whose word goes alone.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.key.reach = Reach::Alone;
        self
    }

    /// Who is spared the post-quantum half.
    #[must_use]
    pub fn ed25519_only(mut self) -> Self {
        self.key.demand = Demand::Ed25519;
        self
    }

    /// Its key id.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.key.bundle.kid()
    }

    /// Its tenant.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.key.tenant.as_str()
    }
}

/// A bundle of random bytes by name.
#[must_use]
pub fn bundle(name: &str) -> KeyBundle {
    let mut rng = seeded(name);
    let keys = vec![(Algorithm::Ed25519, rng.bytes(32)), (Algorithm::MlDsa44, rng.bytes(1312))];
    KeyBundle::new(keys).unwrap()
}

/// A validator by name.
#[must_use]
pub fn validator(name: &str) -> Validator {
    let mut rng = seeded(name);
    Validator {
        name: Text::new(name).unwrap(),
        ed25519: Fixed(rng.bytes(32).try_into().unwrap()),
        ml_dsa_65: Fixed(rng.bytes(1952).try_into().unwrap()),
        ml_dsa_44: Fixed(rng.bytes(1312).try_into().unwrap()),
        libp2p: Fixed(rng.bytes(32).try_into().unwrap()),
    }
}

/// A set of `node-1` … `node-n`.
#[must_use]
pub fn validators(n: usize) -> ValidatorSet {
    ValidatorSet::new((1..=n).map(|number| validator(&format!("node-{number}"))).collect()).unwrap()
}

fn seeded(name: &str) -> Rng {
    let hash = sha256(&[name.as_bytes()]);
    Rng::new(u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap()))
}
