//! The mempool room: from received bytes to batches.
//!
//! **Will live here**: one admission pipeline with cheap checks before dear ones, priority lanes with a fair
//! share per tenant and producer, the building of batches, and the selection of a block's payload.
//!
//! **May know**: `cybermesh-proto`, nothing else of ours. Policy and selection are pure; threads and sockets
//! belong to the node.
