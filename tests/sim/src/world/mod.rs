//! The world of a run: nodes, network, clients and faults on one virtual clock.
//!
//! **Promise**: a plan and a seed decide everything. Events run one after the other, by time and then by the order in
//! which they were made; no wall clock, no thread, no hash-map order has any part in it.

mod clients;
mod committees;
mod engine;
mod env;
mod faults;
mod queue;
mod trace;

pub use committees::{Committees, Interned};
pub use engine::World;
pub use env::{Act, Env, Event, micros};
pub use trace::Trace;
