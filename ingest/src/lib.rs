//! The ingest room: the bus edge, both ways.
//!
//! **Will live here**: sources (Kafka first), the relay and its sinks, the dead letter queue. The only crate
//! that links librdkafka.
//!
//! **May know**: `cybermesh-proto` and the mempool's admission trait.
