//! The simulator's room.
//!
//! **Will live here**: a seeded virtual network, clock and disk around real consensus cores, with crashes at
//! every effect, Byzantine nodes and Twins schedules.
//!
//! **May know**: the pure rooms only (proto, verify, consensus, mempool, executor), so that it links nothing heavy.
