//! The network: packets, and the links that delay, lose, double and reorder them.

mod counting;
mod links;
mod packet;

pub use links::{Network, Route};
pub use packet::{Kind, Known, Opened, Packet};
