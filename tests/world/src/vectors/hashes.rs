//! Tagged hashes and what is signed, for every domain.

use cybermesh_proto::domain::Domain;
use cybermesh_proto::hash::tagged;
use cybermesh_proto::pae::pae;

use super::{Case, Suite};

pub(super) fn suite() -> Suite {
    let of = |domain: &Domain, input: &[u8]| {
        Case::new(format!("{} of {} bytes", domain.as_str(), input.len()))
            .with("domain", domain.as_str())
            .bytes("input", input)
            .bytes("tagged", tagged(*domain, input).as_bytes())
            .bytes("pae", &pae(*domain, input))
    };
    let cases = Domain::ALL.iter().flat_map(|domain| [of(domain, b""), of(domain, b"0 1 two\0")]);
    Suite::new("hash", cases.collect())
}
