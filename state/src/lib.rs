//! The state room: durability.
//!
//! **Will live here**: the payload store (batches, blocks, certificates) and the state store (versioned Merkle
//! state, logs, journal, outbox, positions), their proofs, snapshots, pruning and backup. The only crate
//! that links RocksDB.
//!
//! **May know**: `cybermesh-proto` and the executor's view trait.
