//! A model check of the pure core: every schedule of a bounded world, over the very code that ships.
//!
//! Honest validators are real cores with perfect disks. What they say goes into a set that only grows: any of it may
//! reach anybody at any time, any number of times, or never. Timers run out whenever they like. The others lie: they
//! sign anything, and combine their signatures with all that were ever released.
//!
//! **Limits.** One epoch; empty blocks; a fixed clock; no crashes and no lost memory: the simulator has these. Of
//! catching up, only what brings a block that a certificate names, at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod arena;
pub mod blocks;
pub mod judge;
pub mod keys;
pub mod local;
pub mod material;
pub mod model;
pub mod pool;
pub mod run;
pub mod setting;
pub mod steps;
pub mod trace;
pub mod worlds;
