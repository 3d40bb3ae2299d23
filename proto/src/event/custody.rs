//! The chain of custody inside an event: every hop signs the payload's hash, the hop before it, and itself.

use prost::Message as _;

use super::SignedEvent;
use crate::domain::Domain;
use crate::hash::sha256;
use crate::keys::{KeyBundle, SignatureCheck};
use crate::message::check_by_bundle;
use crate::message::pb::event::v1::CustodyHop;
use crate::pae::pae;
use crate::wire::encode_canonical;
use crate::{Code, Digest, Kid, Refusal};

/// What a holder signs: `[content hash, hash of the hop before (zeros for the first), kid, time, hash of note]`.
#[must_use]
pub fn custody_statement(content: &Digest, before: Option<&CustodyHop>, hop: &CustodyHop) -> Vec<u8> {
    let before = before.map_or(Digest::ZERO, |hop| sha256(&[&hop.encode_to_vec()]));
    let kid = Digest::from_slice(&hop.kid).unwrap_or(Digest::ZERO);
    let note = sha256(&[hop.note.as_bytes()]);
    pae(Domain::CUSTODY, &encode_canonical(&(content, before, kid, hop.at_ms, note)))
}

impl SignedEvent {
    /// Checks every hop with the keys that `holder` knows; an unknown holder breaks the chain.
    pub fn check_custody<'a>(
        &self,
        holder: impl Fn(&Kid) -> Option<&'a KeyBundle>,
        signatures: &dyn SignatureCheck,
    ) -> Result<(), Refusal> {
        let content = sha256(&[&self.event().payload]);
        let mut before = None;
        for (number, hop) in self.event().custody.iter().enumerate() {
            let broken = |note: &str| Refusal::new(Code::EventCustody, format!("hop {number}: {note}"));
            let kid = Digest::from_slice(&hop.kid).map(Kid).ok_or_else(|| broken("no key id"))?;
            let bundle = holder(&kid).ok_or_else(|| broken("unknown holder"))?;
            let earlier = before.is_some_and(|before: &CustodyHop| before.at_ms > hop.at_ms);
            if earlier {
                return Err(broken("earlier than the hop before it"));
            }
            let message = custody_statement(&content, before, hop);
            check_by_bundle(bundle, hop.signatures.clone(), &message, signatures)
                .map_err(|refusal| broken(&refusal.note))?;
            before = Some(hop);
        }
        Ok(())
    }
}
