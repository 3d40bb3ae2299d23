//! Pre-authentication encoding (the one of DSSE): what is really signed.
//!
//! `"DSSEv1" SP len(domain) SP domain SP len(body) SP body`, lengths in decimal. Domain and body cannot run into
//! each other, so the domain inside the message separates what the context argument of ML-DSA (always empty
//! here) would.

use crate::domain::Domain;

/// The bytes to sign or to check for `body` in `domain`.
#[must_use]
pub fn pae(domain: Domain, body: &[u8]) -> Vec<u8> {
    let domain = domain.as_str();
    let mut bytes = format!("DSSEv1 {} {domain} {} ", domain.len(), body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
