//! Which installation a store belongs to: one random name in the record's folder, the payload store and the state store.
//!
//! A store of another instance is a store of another node or of another time, put there by a restore or by mistake. It is
//! refused; what that means is the rule of a lost store.

use cybermesh_proto::ChainId;

use crate::error::{StateError, same};

/// The name of an installation; random, chosen once by `init`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InstanceId(pub [u8; 16]);

/// What a store belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Owner {
    /// The chain.
    pub chain: ChainId,
    /// The installation.
    pub instance: InstanceId,
}

impl Owner {
    /// 48 bytes: the chain, then the instance.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [self.chain.0.as_bytes().as_slice(), &self.instance.0].concat()
    }

    /// Refuses a store of somebody else.
    pub(crate) fn check(self, what: &'static str, found: &[u8]) -> Result<(), StateError> {
        same(what, &hex(&self.to_bytes()), &hex(found))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
