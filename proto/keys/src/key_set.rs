//! The keys of one holder, by what each is for.

use cybermesh_proto::agree::Validator;
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::wire::{Fixed, Text};
use serde::{Deserialize, Serialize};

use crate::seed::SigningKey;
use crate::{KeyError, Seed, SignError, Signer};

/// Whose keys they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyRole {
    /// Signs events.
    Producer,
    /// Signs operator transactions.
    Service,
    /// Signs acknowledgements.
    Agent,
    /// Agrees to governance.
    Administrator,
    /// Votes.
    Validator,
}

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Signs what its holder says; these keys make the bundle and its kid.
    Sign,
    /// Cosigns checkpoints.
    Checkpoint,
    /// Is the identity of a network peer.
    Network,
}

/// All keys of one holder. Each has a seed of its own, so that one can be replaced alone.
pub struct KeySet {
    role: KeyRole,
    keys: Vec<(Use, Seed)>,
    bundle: KeyBundle,
    signing: Vec<SigningKey>,
}

impl KeyRole {
    /// The word used in files and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Service => "service",
            Self::Agent => "agent",
            Self::Administrator => "administrator",
            Self::Validator => "validator",
        }
    }

    /// The keys such a holder has; `post_quantum` chooses the level of a producer.
    fn uses(self, post_quantum: Algorithm) -> Vec<(Use, Algorithm)> {
        let sign = |algorithm| (Use::Sign, algorithm);
        match self {
            Self::Producer => vec![sign(Algorithm::Ed25519), sign(post_quantum)],
            Self::Service | Self::Agent | Self::Administrator => {
                vec![sign(Algorithm::Ed25519), sign(Algorithm::MlDsa65)]
            }
            Self::Validator => vec![
                sign(Algorithm::Ed25519),
                sign(Algorithm::MlDsa65),
                (Use::Checkpoint, Algorithm::MlDsa44),
                (Use::Network, Algorithm::Ed25519),
            ],
        }
    }
}

impl KeySet {
    /// Fresh keys from the operating system's randomness.
    pub fn generate(role: KeyRole, post_quantum: Algorithm) -> Result<Self, KeyError> {
        let seed = |(purpose, algorithm)| Ok((purpose, Seed::generate(algorithm)?));
        let keys = role.uses(post_quantum).into_iter().map(seed).collect::<Result<_, KeyError>>()?;
        Self::new(role, keys)
    }

    /// Keys from known seeds, with the same uses; `seed` gives the seed of the n-th key.
    pub fn from_seeds(
        role: KeyRole,
        post_quantum: Algorithm,
        seed: impl Fn(usize) -> [u8; 32],
    ) -> Result<Self, KeyError> {
        let uses = role.uses(post_quantum).into_iter().enumerate();
        let keys = uses.map(|(n, (purpose, algorithm))| (purpose, Seed::from_bytes(algorithm, seed(n))));
        Self::new(role, keys.collect())
    }

    /// Exactly the keys of a role, each with its use: nothing missing, nothing more.
    pub(crate) fn new(role: KeyRole, keys: Vec<(Use, Seed)>) -> Result<Self, KeyError> {
        let has: Vec<_> = keys.iter().map(|(purpose, seed)| (*purpose, seed.algorithm())).collect();
        if !Algorithm::ALL.into_iter().any(|level| level.ml_dsa().is_some() && role.uses(level) == has) {
            return Err(KeyError::format(format!("not the keys of a {}", role.as_str())));
        }
        let signs = keys.iter().filter(|(purpose, _)| *purpose == Use::Sign).map(|(_, seed)| seed);
        let public = signs.clone().map(|seed| Ok((seed.algorithm(), seed.public_key()?)));
        let bundle = KeyBundle::new(public.collect::<Result<_, KeyError>>()?)?;
        let signing = signs.map(Seed::expand).collect::<Result<_, _>>()?;
        Ok(Self { role, keys, bundle, signing })
    }

    /// Whose keys they are.
    #[must_use]
    pub fn role(&self) -> KeyRole {
        self.role
    }

    pub(crate) fn keys(&self) -> &[(Use, Seed)] {
        &self.keys
    }

    /// The public keys, each with its use.
    pub fn public_keys(&self) -> Result<Vec<(Use, Algorithm, Vec<u8>)>, KeyError> {
        self.keys.iter().map(|(purpose, seed)| Ok((*purpose, seed.algorithm(), seed.public_key()?))).collect()
    }

    /// The entry of these keys in a validator set.
    pub fn validator(&self, name: &str) -> Result<Validator, KeyError> {
        let public = self.public_keys()?;
        let key = |wanted: Use, algorithm: Algorithm| {
            let found = public.iter().find(|(purpose, found, _)| *purpose == wanted && *found == algorithm);
            found
                .map(|(_, _, key)| key.as_slice())
                .ok_or_else(|| KeyError::format("not the keys of a validator"))
        };
        Ok(Validator {
            name: Text::new(name)
                .ok_or_else(|| KeyError::format("a name of at most 64 printable characters"))?,
            ed25519: fixed(key(Use::Sign, Algorithm::Ed25519)?)?,
            ml_dsa_65: fixed(key(Use::Sign, Algorithm::MlDsa65)?)?,
            ml_dsa_44: fixed(key(Use::Checkpoint, Algorithm::MlDsa44)?)?,
            libp2p: fixed(key(Use::Network, Algorithm::Ed25519)?)?,
        })
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<Fixed<N>, KeyError> {
    bytes.try_into().map(Fixed).map_err(|_| KeyError::format("a key of the wrong length"))
}

impl Signer for KeySet {
    fn bundle(&self) -> &KeyBundle {
        &self.bundle
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<(Algorithm, Vec<u8>)>, SignError> {
        self.signing.iter().map(|key| Ok((key.algorithm(), key.sign(message)?))).collect()
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeySet({}, {})", self.role.as_str(), self.bundle.kid())
    }
}
