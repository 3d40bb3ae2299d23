//! Public keys, signatures and what a check of them is.
//!
//! This crate signs nothing and links no cryptography but SHA-256: who may sign what, with which algorithms,
//! over which bytes is decided here, once; [`SignatureCheck`] is filled by `cybermesh-verify` (pure Rust), by
//! `cybermesh-keys` (fast) and by the simulator.

mod algorithm;
mod bundle;
mod check;
mod validator;

pub use algorithm::{Algorithm, MlDsa};
pub use bundle::{BundleKey, KeyBundle};
pub use check::{SignatureCheck, Zip215Item};
pub use validator::{Scheme, ValidatorSignature};

pub(crate) use check::{check_sound_ed25519, check_sound_ml_dsa};
