//! The end-to-end room: real processes, real sockets, real broker.
//!
//! **Will live here**: suites that start the shipped binary, kill it, cut its network and check what is left.
//!
//! **May know**: every room, and the binary by its command line.
