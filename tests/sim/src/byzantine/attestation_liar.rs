//! Attests results that nobody came to: another one to half of the others, or to all of them. Attacks R11 and
//! the certificates of decisions.

use std::rc::Rc;

use cybermesh_proto::DecisionHash;
use cybermesh_proto::agree::{Attestation, AttestationStatement};
use cybermesh_proto::hash::sha256;

use super::reach::packed;
use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct AttestationLiar;

impl Behaviour for AttestationLiar {
    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        if packet.kind != Kind::Attestation {
            return Leaving::AsItIs;
        }
        let Some(honest) = packet.decode::<Attestation>() else { return Leaving::AsItIs };
        let said = honest.statement;
        let height = said.height.get();
        let told = match site.common(height).below(4) {
            0 => false,
            1 => true,
            _ => site.common(height << 8 | u64::from(to)).chance(0.5),
        };
        if !told {
            return Leaving::AsItIs;
        }
        let decision = DecisionHash(sha256(&[b"another result", said.decision.0.as_bytes()]));
        match site.sign(AttestationStatement { decision, ..said }) {
            Some(lie) => {
                site.inject("wrong-attestation");
                Leaving::Instead(packed(Kind::Attestation, &lie))
            }
            None => Leaving::AsItIs,
        }
    }
}
