//! The executor room: what a decided block does.
//!
//! **Promises**: the same state, blocks and rules give the same bytes, on any machine, at any time; every item ends
//! with a code; an item that fails costs itself alone; only our own store can stop a block.
//!
//! **Knows nothing of**: disks, clocks, threads, randomness, floats. Time is the time of the block. Whether the
//! items' signatures held was checked by every voter before the block was decided.
//!
//! ```text
//! block ─▶ expiries, publisher's turn ─▶ item by item, each in its boundary ─▶ scores ─▶ logs ─▶ outbox
//!                                                                       rows ─▶ tree ─▶ decision
//! ```
//!
//! Where things live: [`block`] one block · `event` the order of checks · `window` places of streams ·
//! `finding`, [`score`], `verdict` reputation · `rule`, `request`, [`protected`] rules · [`registry`],
//! `governance`, `members` who may · `redrive` · [`publisher`] · [`outbound`] what leaves · [`rows`], [`parameters`]
//! the state's rows · [`view`], [`tree`], [`memory`] what holds them · [`genesis`] the first state · [`simulate`].
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::float_arithmetic,
        clippy::iter_over_hash_type
    )
)]

pub mod applied;
pub mod block;
pub mod chain;
mod event;
mod finding;
pub mod genesis;
mod governance;
mod members;
pub mod memory;
pub mod outbound;
pub mod parameters;
pub mod protected;
pub mod publisher;
mod redrive;
pub mod registry;
mod request;
pub mod rows;
mod rule;
mod run;
pub mod score;
pub mod simulate;
mod state;
pub mod subject;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
mod table;
pub mod tree;
mod verdict;
pub mod view;
pub mod window;

pub use run::{administrators_at, panic_is_an_items};
