//! A genesis that has the hash one trusts, and passed every rule.

use super::Genesis;
use crate::agree::{Committee, EpochRoot};
use crate::keys::SignatureCheck;
use crate::refusal::ensure;
use crate::wire::{decode_canonical, encode_canonical};
use crate::{ChainId, Code, Epoch, Refusal};

/// A genesis to build on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedGenesis {
    genesis: Genesis,
    chain: ChainId,
}

impl TrustedGenesis {
    /// Opens a genesis from its bytes: the hash first, so that nothing untrusted is even looked at.
    pub fn open(bytes: &[u8], trusted: ChainId, signatures: &dyn SignatureCheck) -> Result<Self, Refusal> {
        use crate::wire::Wire as _;
        let fits = bytes.len() <= Genesis::BYTES_MAX;
        ensure(fits, Code::WireTooLarge, || format!("a genesis of {} bytes", bytes.len()).into())?;
        let found = ChainId(crate::hash::tagged(crate::domain::Domain::GENESIS, bytes));
        ensure(found == trusted, Code::GenesisOther, || {
            format!("its hash is {found}, trusted is {trusted}").into()
        })?;
        let genesis: Genesis = decode_canonical(bytes)?;
        genesis.check(signatures)?;
        Ok(Self { genesis, chain: found })
    }

    /// Takes a genesis just made here, under the same rules.
    pub fn own(genesis: Genesis, signatures: &dyn SignatureCheck) -> Result<Self, Refusal> {
        let chain = genesis.chain();
        Self::open(&encode_canonical(&genesis), chain, signatures)
    }

    /// The content.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The name of the chain.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// The committee of epoch 0.
    #[must_use]
    pub fn committee(&self) -> Committee {
        let first = self.genesis.first_header();
        let root = EpochRoot { height: first.height, block: first.id() };
        let (scheme, set) = (self.genesis.scheme, self.genesis.validators.clone());
        Committee::new(self.chain, Epoch::ZERO, scheme, set, root)
    }
}
