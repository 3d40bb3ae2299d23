//! The consensus room: the pure HotStuff core.
//!
//! **Will live here**: one state machine, `step(input) -> effects`, that holds every rule of agreement
//! (voting, timeouts, the decision rule, epochs, leaders, amnesia) and the predicates they rest on.
//!
//! **May know**: `cybermesh-proto`, nothing else of ours. No async runtime, no clock, no randomness, no I/O:
//! time, leader schedule, signatures and disk are inputs and effects, which is what makes the core
//! enumerable by a model checker and replayable by a simulator.
