//! The genesis: the one thing that is trusted, named by its hash.

mod content;
mod registry;
mod rules;
mod trusted;

pub use content::{AdministratorSet, Bus, Genesis, Limits, Protected, TopicPartitions};
pub use registry::{Reach, RegisteredKey, Role, STANDING_MAX};
pub use trusted::TrustedGenesis;
