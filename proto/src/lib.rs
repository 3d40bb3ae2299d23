//! The words everyone speaks: messages, canonical bytes, hashes, trees, decisions, receipts.
//!
//! **Promises**: one accepted encoding for every message, bounded before it is parsed; every hash and signature
//! in a domain of its own; who must have signed what, decided here once for every reader; total functions, no
//! panic on any input; the same bytes on every machine.
//!
//! **Refuses**: everything else, as a [`Refusal`] with a stable [`Code`].
//!
//! **Knows nothing of**: signing, I/O, clocks, randomness, other crates of ours. The arithmetic of signatures
//! comes in through [`keys::SignatureCheck`].
//!
//! Where things live: [`wire`] bytes and trust · [`hash`], [`domain`], [`pae`] what is hashed and signed · [`ids`]
//! names and numbers · [`keys`] public keys · [`event`] events · [`agree`] statements and certificates ·
//! [`genesis`] · [`merkle`] trees · [`message`] protobuf · [`receipt`] · [`state_proof`] · [`limits`] · [`code`].
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::float_arithmetic,
        clippy::iter_over_hash_type
    )
)]

pub mod agree;
pub mod audit;
pub mod code;
pub mod domain;
pub mod event;
pub mod event_type;
pub mod genesis;
pub mod hash;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod merkle;
pub mod message;
pub mod pae;
pub mod planted;
pub mod receipt;
mod refusal;
pub mod state_proof;
pub mod state_range;
pub mod wire;

pub use code::{Class, Code};
pub use hash::Digest;
pub use ids::{
    BatchId, BatchSeq, BlockId, ChainId, Count, DecisionHash, Epoch, Height, ItemId, Kid, TimeUs,
    ValidatorIndex, View,
};
pub use refusal::Refusal;
