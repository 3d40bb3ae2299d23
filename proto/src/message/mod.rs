//! Protobuf messages beside the event: outbound records, and the transactions of administrators and operators.

mod governance;
mod record;
mod redrive;
mod rule;
mod signatures;
mod strict;

pub use governance::{Administrators, SignedGovernance};
pub use record::{check_record, leaf_bytes, record_from_bytes};
pub use redrive::SignedRedrive;
pub use rule::{PRIORITY_MAX, RULE_REQUEST_TYPE, rule_request};
pub use signatures::{check_by_bundle, signature_list};

pub(crate) use signatures::{Half, check_all_of_bundle, signature_halves};
pub(crate) use strict::{
    StrictCodes, decode_strict, name_is_sound, number_is_sound, text_is_clean, value_is_sound,
};

/// The generated messages, as the `.proto` files document them.
#[allow(missing_docs, clippy::all)]
pub mod pb {
    /// Package `cybermesh`.
    pub mod cybermesh {
        /// Events.
        pub mod event {
            /// Version 1.
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/cybermesh.event.v1.rs"));
            }
        }
        /// What is decided about, and what leaves.
        pub mod control {
            /// Version 1.
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/cybermesh.control.v1.rs"));
            }
        }
    }
    pub use cybermesh::{control, event};
}
