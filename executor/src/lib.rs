//! The executor room: what a decided block does.
//!
//! **Will live here**: pure, total, deterministic reducers (registry, windows, reputation, quarantine, rules,
//! governance, audit leaves). In: a decided block and a read view; out: writes, outcomes, outbound leaves.
//! The read view's trait and an in-memory store that fills it live here too.
//!
//! **May know**: `cybermesh-proto`, nothing else of ours. Integers and header time only; no float, no clock.

pub mod applied;
pub mod tree;
pub mod view;
