//! Bytes: one canonical encoding per message, bounded before it is decoded, trusted only after it is verified.
//!
//! Consensus messages are positional CBOR arrays. [`decode_canonical`] is the only way in: size limit, decode
//! with a recursion limit, encode again, demand the same bytes. [`Received`], [`Decoded`] and [`Verified`]
//! carry what has been done so far in the type, so that an unchecked message cannot reach a core.

mod bytes;
mod canonical;
mod list;
mod number;
mod trust;
mod union;

pub use bytes::{Blob, Fixed, Text};
pub use canonical::{Wire, decode_canonical, encode_canonical};
pub use list::List;
pub use trust::{Checked, Decoded, Received, Verified};

pub(crate) use bytes::digest_newtype;
pub(crate) use number::{NUMBER_MAX, number_newtype};
pub(crate) use union::union;
