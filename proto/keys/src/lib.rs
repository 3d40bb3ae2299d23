//! Signers, key files, and the fast checks of signatures.
//!
//! **Promises**: a private key leaves this crate only as a signature or inside an encrypted file of mode 0600;
//! seeds that are kept are cleared from memory when they are dropped; the verdicts of [`Fast`] are those of the pure-Rust
//! checks, signature by signature, alone and in batches.
//!
//! **Refuses**: key files that others may read, a wrong passphrase, files whose content is not what their header
//! says, key-derivation costs outside sane bounds.
//!
//! **Knows**: `cybermesh-proto`, aws-lc for ML-DSA, the dalek family for Ed25519.

mod fast;
mod key_file;
mod key_set;
mod public_file;
mod seed;
mod signer;

pub use fast::Fast;
pub use key_file::{key_text, open_key_file, open_key_text, write_key_file};
pub use key_set::{KeyRole, KeySet, Use};
pub use public_file::{PublicKey, PublicKeys, public_from_json, read_public_file};
pub use seed::{KeyError, Seed};
pub use signer::{SignError, Signer, sign_statement, validator_signature};
