//! Keys and signatures of test clusters: fake ones by default, for these tests are not about signatures.

use cybermesh_consensus::{SignedStatement, ToSign};
use cybermesh_proto::Epoch;
use cybermesh_proto::agree::{Committee, EpochRoot, Signed, Statement, Validator, ValidatorSet};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::{MlDsa, Scheme, SignatureCheck, ValidatorSignature, Zip215Item};
use cybermesh_proto::wire::{Fixed, Text};

use super::{CHAIN, first_header, index};

/// Accepts every signature: lengths, counts, shapes and places are still checked.
pub struct AcceptAll;

impl SignatureCheck for AcceptAll {
    fn ed25519_zip215(&self, _item: Zip215Item<'_>) -> bool {
        true
    }

    fn ed25519_strict(&self, _key: &[u8; 32], _message: &[u8], _signature: &[u8; 64]) -> bool {
        true
    }

    fn ml_dsa(&self, _level: MlDsa, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        true
    }

    fn ed25519_key_is_sound(&self, _key: &[u8; 32]) -> bool {
        true
    }
}

/// The keys of a cluster.
pub trait Keys {
    fn scheme(&self) -> Scheme;
    fn member(&self, number: usize) -> Validator;
    fn sign(&self, number: usize, message: &[u8]) -> ValidatorSignature;
    fn check(&self) -> &dyn SignatureCheck;
}

/// Keys that sign nothing.
pub struct Fake;

impl Keys for Fake {
    fn scheme(&self) -> Scheme {
        Scheme::Ed25519
    }

    fn member(&self, number: usize) -> Validator {
        member(number)
    }

    fn sign(&self, _number: usize, _message: &[u8]) -> ValidatorSignature {
        signature()
    }

    fn check(&self) -> &dyn SignatureCheck {
        &AcceptAll
    }
}

pub fn key(number: usize) -> Fixed<32> {
    Fixed(*sha256(&[b"key", &number.to_le_bytes()]).as_bytes())
}

/// Bytes that pass for a sound post-quantum key.
fn noise<const BYTES: usize>(seed: usize) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (place, chunk) in bytes.chunks_mut(32).enumerate() {
        let hash = sha256(&[&seed.to_le_bytes(), &place.to_le_bytes()]);
        chunk.copy_from_slice(&hash.as_bytes()[..chunk.len()]);
    }
    bytes
}

fn member(number: usize) -> Validator {
    Validator {
        name: Text::new(&format!("v{number}")).unwrap(),
        ed25519: key(number),
        ml_dsa_65: Fixed(noise(number)),
        ml_dsa_44: Fixed(noise(number + 1000)),
        libp2p: key(number + 1000),
    }
}

pub fn set_of(numbers: impl IntoIterator<Item = usize>) -> ValidatorSet {
    ValidatorSet::new(numbers.into_iter().map(member).collect()).unwrap()
}

pub fn committee(n: usize) -> Committee {
    committee_with(n, &Fake)
}

pub fn committee_with(n: usize, keys: &dyn Keys) -> Committee {
    let header = first_header();
    let root = EpochRoot { height: header.height, block: header.id() };
    let set = ValidatorSet::new((0..n).map(|number| keys.member(number)).collect()).unwrap();
    Committee::new(CHAIN, Epoch::ZERO, keys.scheme(), set, root)
}

pub fn signature() -> ValidatorSignature {
    ValidatorSignature::new(vec![1; 64]).unwrap()
}

pub fn sign<S: Statement>(statement: S, author: usize) -> Signed<S> {
    Signed { statement, author: index(author), signature: signature() }
}

pub fn signed(what: ToSign, author: usize) -> SignedStatement {
    signed_with(what, author, &Fake)
}

pub fn signed_with(what: ToSign, author: usize, keys: &dyn Keys) -> SignedStatement {
    match what {
        ToSign::Proposal(statement) => SignedStatement::Proposal(sign_with(statement, author, keys)),
        ToSign::Vote(statement) => SignedStatement::Vote(sign_with(statement, author, keys)),
        ToSign::Timeout(statement) => SignedStatement::Timeout(sign_with(statement, author, keys)),
        ToSign::Attestation(statement) => SignedStatement::Attestation(sign_with(statement, author, keys)),
        ToSign::Heartbeat(statement) => SignedStatement::Heartbeat(sign_with(statement, author, keys)),
        ToSign::Report(statement) => SignedStatement::Report(sign_with(statement, author, keys)),
    }
}

fn sign_with<S: Statement>(statement: S, author: usize, keys: &dyn Keys) -> Signed<S> {
    let signature = keys.sign(author, &statement.signing_bytes());
    Signed { statement, author: index(author), signature }
}
