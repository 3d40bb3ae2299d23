//! The genesis: the one thing that is trusted, named by its hash.

mod content;
mod registry;
mod rules;
mod trusted;

pub use content::{AdministratorSet, Bus, Genesis, Limits, Protected, TopicPartitions};
pub use registry::{RegisteredKey, Role};
pub use trusted::TrustedGenesis;
