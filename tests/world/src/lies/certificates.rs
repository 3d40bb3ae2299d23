//! Lies about who signed.

use cybermesh_keys::Signer as _;
use cybermesh_proto::agree::*;
use cybermesh_proto::keys::{Scheme, ValidatorSignature};
use cybermesh_proto::receipt::Grounds;
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::*;

use super::{Liar, Lie};
use crate::cluster::members;
use crate::story::Story;

impl Liar {
    pub(super) fn about_certificates(&self) -> Vec<Lie> {
        let last = self.truth.last();
        let chain = &self.truth.chain;
        let statement = AttestationStatement::of(&chain.block(last).decision);
        let with = |attestations: QuorumSignatures| {
            let mut receipt = chain.receipt(last, 0);
            let Grounds::Certificate(certificate) = &mut receipt.grounds else { panic!("certificate") };
            certificate.attestations = attestations;
            receipt
        };
        let honest = chain.signatures_of(&statement, 0..3);
        let vote = VoteStatement {
            chain: statement.chain,
            epoch: statement.epoch,
            view: cybermesh_proto::View::new(1),
            height: statement.height,
            block: chain.block(last).decision.block,
        };
        let strangers = {
            let mut crowd = chain.clone();
            crowd.members = members("epoch-2", 5);
            crowd.signatures_of(&statement, 2..5)
        };
        let retired = {
            let mut old = chain.clone();
            old.members = members("epoch-1", 4);
            old.signatures_of(&statement, 0..3)
        };
        let one_thrice = QuorumSignatures {
            signatures: List::new(vec![honest.signatures[0].clone(); 3]).unwrap(),
            ..honest.clone()
        };
        let shifted =
            QuorumSignatures { signers: (1..4).filter_map(ValidatorIndex::new).collect(), ..honest.clone() };
        let padded = QuorumSignatures {
            signatures: List::new([&honest.signatures[..], &honest.signatures[..1]].concat()).unwrap(),
            ..honest.clone()
        };
        let empty = ValidatorSignature::new(Vec::new()).unwrap();
        let hollow = QuorumSignatures { signatures: List::new(vec![empty; 3]).unwrap(), ..honest.clone() };
        vec![
            self.lie(
                "a signer too few",
                Code::CertificateQuorum,
                &with(chain.signatures_of(&statement, 0..2)),
            ),
            self.lie(
                "a signer too many",
                Code::CertificateQuorum,
                &with(chain.signatures_of(&statement, 0..4)),
            ),
            self.lie("nobody signed", Code::CertificateQuorum, &with(QuorumSignatures::default())),
            self.lie("a stranger signed", Code::ValidatorUnknown, &with(strangers)),
            self.lie("signed with the keys of the epoch before", Code::SignatureInvalid, &with(retired)),
            self.lie("one signature under three names", Code::SignatureInvalid, &with(one_thrice)),
            self.lie("signatures under the wrong names", Code::SignatureInvalid, &with(shifted)),
            self.lie("more signatures than signers", Code::CertificateSigners, &with(padded)),
            self.lie("empty signatures", Code::SignatureLength, &with(hollow)),
            self.lie(
                "votes taken for attestations",
                Code::SignatureInvalid,
                &with(chain.signatures_of(&vote, 0..3)),
            ),
        ]
    }
}

/// A hybrid chain, and certificates that stand on one leg.
pub(super) fn about_the_scheme() -> Vec<Lie> {
    let story = Story::new(Scheme::Hybrid, 4, 0);
    let receipt = story.chain.receipt(story.last(), 0);
    let statement = AttestationStatement::of(&receipt.decision);
    let honest = story.chain.signatures_of(&statement, 0..3);
    let with = |name, expect, change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let change =
            |signature: &ValidatorSignature| ValidatorSignature::new(change(signature.0.as_slice())).unwrap();
        let signatures = List::new(honest.signatures.iter().map(change).collect()).unwrap();
        let mut receipt = receipt.clone();
        let Grounds::Certificate(certificate) = &mut receipt.grounds else { panic!("certificate") };
        certificate.attestations = QuorumSignatures { signers: honest.signers, signatures };
        Lie {
            name,
            bytes: encode_canonical(&receipt),
            memory: None,
            chain: story.chain.genesis.chain(),
            expect,
        }
    };
    let other = crate::keys::Named::validator("thief");
    let foreign = other.sign(b"anything").unwrap();
    let foreign = foreign[1].1.clone();
    vec![
        with("hybrid: the post-quantum halves are missing", Code::SignatureLength, &|s| s[..64].to_vec()),
        with("hybrid: the classical halves are missing", Code::SignatureLength, &|s| s[64..].to_vec()),
        with("hybrid: halves swapped", Code::SignatureInvalid, &|s| [&s[64..], &s[..64]].concat()),
        with("hybrid: the post-quantum halves are of another key", Code::SignatureInvalid, &|s| {
            [&s[..64], foreign.as_slice()].concat()
        }),
        with("hybrid: the post-quantum halves are noughts", Code::SignatureInvalid, &|s| {
            [&s[..64], &vec![0; s.len() - 64][..]].concat()
        }),
        with("hybrid: the classical halves are noughts", Code::SignatureInvalid, &|s| {
            [&[0; 64], &s[64..]].concat()
        }),
    ]
}
