//! The deterministic simulator: real consensus cores on a virtual network, clock and disk.
//!
//! **Promises**: a plan and a seed name one run, the same on every machine, byte for byte (its trace has a hash).
//! Every property of [`properties`] is checked in every run as it goes. A failure is one line that runs again.
//!
//! **Knows** the pure rooms only (proto, verify, consensus), so that it links nothing heavy. Mempool and executor are models
//! ([`model`]) that answer the core's questions as the real ones do.
//!
//! Where things live: [`plan`] what a run is made of · [`world`] clock, queue, faults, clients · [`net`] links and
//! packets · [`disk`] what survives · [`node`] the shell around a core · [`byzantine`] nodes that lie ·
//! [`properties`] what must hold · [`run`] one run · [`sweep`] many · [`costs`] what a decision takes.
// A test rig: what cannot happen in it ends the run with a message; nothing of it is built to ship.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod byzantine;
pub mod costs;
pub mod disk;
pub mod hunt;
pub mod keys;
pub mod model;
pub mod net;
pub mod node;
pub mod plan;
pub mod properties;
pub mod real_keys;
pub mod rng;
pub mod run;
pub mod setup;
pub mod sweep;
pub mod twins;
pub mod world;
