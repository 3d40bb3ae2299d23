//! Model mempool and model executor: small, deterministic stand-ins behind the same questions and answers.

mod execution;
mod mempool;
mod state;
mod transaction;

pub use execution::{Executed, Outcome, Rules, execute};
pub use mempool::{Held, Mempool};
pub use state::ModelState;
pub use transaction::{Body, Transaction, TxId};
