//! Bytes from outside against every decoder and verifier: an answer with a code, never a panic, never a forgery.
//!
//! The targets run as plain tests with a fixed budget (`CYBERMESH_FUZZ`, default 4,000 inputs each) and under a
//! coverage-guided engine by `cargo bolero test`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::OnceLock;

use bolero::check;
use cybermesh_keys::{
    Fast, KeyRole, KeySet, PublicKeys, Signer as _, key_text, open_key_text, public_from_json,
};
use cybermesh_proto::Digest;
use cybermesh_proto::agree::{Evidence, Handover, Proposal, Qc, Tc};
use cybermesh_proto::event::{Demand, SignedEvent, Signer};
use cybermesh_proto::keys::{Algorithm, Scheme};
use cybermesh_proto::merkle::{verify_consistency, verify_inclusion};
use cybermesh_proto::message::{SignedGovernance, SignedRedrive, record_from_bytes};
use cybermesh_proto::wire::{Checked, Received, encode_canonical};
use cybermesh_verify::{EpochMemory, Trust, verify_receipt};
use cybermesh_world::story::Story;
use cybermesh_world::vectors::{self, Sample};

fn budget() -> usize {
    std::env::var("CYBERMESH_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(|| Story::new(Scheme::Ed25519, 4, 1))
}

fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(vectors::samples)
}

/// One change to sound bytes.
#[derive(Clone, Debug, bolero::TypeGenerator)]
enum Edit {
    Set(u16, u8),
    Flip(u16, u8),
    Insert(u16, Vec<u8>),
    Remove(u16, u8),
    Repeat(u16, u8),
    Cut(u16),
}

fn edited(sound: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for edit in edits {
        let place = |at: &u16, bytes: &[u8]| usize::from(*at) % (bytes.len() + 1);
        match edit {
            Edit::Set(at, value) => {
                let at = place(at, &bytes);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = *value);
            }
            Edit::Flip(at, bit) => {
                let at = place(at, &bytes);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
            }
            Edit::Insert(at, more) => {
                let at = place(at, &bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Remove(at, count) => {
                let at = place(at, &bytes);
                let end = (at + usize::from(*count)).min(bytes.len());
                bytes.drain(at..end);
            }
            Edit::Repeat(at, count) => {
                let at = place(at, &bytes);
                let end = (at + usize::from(*count)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            Edit::Cut(at) => {
                let at = place(at, &bytes);
                bytes.truncate(at);
            }
        }
    }
    bytes
}

/// Whatever is accepted must be the one encoding of what was understood.
fn decode_everything(bytes: &[u8]) {
    for (kind, most) in vectors::KINDS {
        if let Some(Ok(again)) = vectors::decode_as(kind, bytes) {
            assert_eq!(again, bytes, "{kind} has two encodings");
            assert!(bytes.len() <= *most);
        }
    }
    if let Ok(event) = SignedEvent::decode(bytes) {
        assert_eq!(event.received(), bytes);
    }
    drop(SignedGovernance::decode(bytes));
    drop(SignedRedrive::decode(bytes));
    drop(record_from_bytes(bytes));
    drop(EpochMemory::from_bytes(bytes, story().chain.genesis.chain()));
}

#[test]
fn noise_never_panics_a_decoder() {
    check!().with_iterations(budget()).for_each(|bytes: &[u8]| decode_everything(bytes));
}

#[test]
fn edited_messages_never_panic_a_decoder() {
    check!().with_iterations(budget()).with_type::<(u8, Vec<Edit>)>().for_each(|(pick, edits)| {
        let sample = &samples()[usize::from(*pick) % samples().len()];
        decode_everything(&edited(&sample.bytes, edits));
    });
}

fn verify<T: Checked + PartialEq>(sound: &[u8], bytes: &[u8]) {
    let committee = &story().chain.committee;
    let verified =
        |bytes: &[u8]| Received::<T>::new(bytes.to_vec()).decode().and_then(|m| m.verify(committee, &Fast));
    if let Ok(forged) = verified(bytes) {
        assert!(verified(sound).unwrap().get() == forged.get(), "a forged {} was accepted", T::NAME);
    }
}

#[test]
fn edited_certificates_are_never_believed() {
    check!().with_iterations(budget()).with_type::<(u8, Vec<Edit>)>().for_each(|(pick, edits)| {
        if edits.is_empty() {
            return;
        }
        let certificates = ["quorum certificate", "timeout certificate", "proposal", "evidence"];
        let kinds = samples().iter().filter(|sample| certificates.contains(&sample.kind)).collect::<Vec<_>>();
        let sample = kinds[usize::from(*pick) % kinds.len()];
        let bytes = edited(&sample.bytes, edits);
        match sample.kind {
            "quorum certificate" => verify::<Qc>(&sample.bytes, &bytes),
            "timeout certificate" => verify::<Tc>(&sample.bytes, &bytes),
            "proposal" => verify::<Proposal>(&sample.bytes, &bytes),
            _ => verify::<Evidence>(&sample.bytes, &bytes),
        }
        drop(Received::<Handover>::new(bytes).decode());
    });
}

#[test]
fn edited_receipts_are_never_believed() {
    let chain = story().chain.genesis.chain();
    let trust = Trust { chain, memory: None, producer: Some(story().producer.bundle()) };
    let sound = [
        encode_canonical(&story().chain.receipt(1, 0)),
        encode_canonical(&story().chain.receipt_under_newest(1, 1)),
    ];
    let honest = sound.clone().map(|bytes| verify_receipt(&bytes, trust, &Fast).unwrap().0);
    check!().with_iterations(budget()).with_type::<(bool, Vec<Edit>)>().for_each(|(pick, edits)| {
        let pick = usize::from(*pick);
        if let Ok((verdict, _)) = verify_receipt(&edited(&sound[pick], edits), trust, &Fast) {
            assert_eq!(verdict, honest[pick], "a forged receipt was believed");
        }
    });
}

#[test]
fn edited_events_are_never_believed() {
    let sound = story().chain.block(1).leaves[0].item.bytes();
    let signer = Signer { bundle: story().producer.bundle(), demand: Demand::WholeBundle };
    check!().with_iterations(budget()).with_type::<Vec<Edit>>().for_each(|edits| {
        let bytes = edited(sound, edits);
        let verified = SignedEvent::decode(&bytes).and_then(|event| event.verify(signer, &Fast));
        assert!(verified.is_err() || bytes == sound, "a forged event was believed");
    });
}

#[test]
fn proofs_of_any_shape_never_panic() {
    type Proof = (u64, u64, Vec<[u8; 32]>, [u8; 32]);
    check!().with_iterations(budget()).with_type::<Proof>().for_each(|(a, b, steps, root)| {
        let steps: Vec<_> = steps.iter().copied().map(Digest::new).collect();
        let root = Digest::new(*root);
        drop(verify_inclusion(&root, *a, *b, &steps, &root));
        drop(verify_consistency((*a, &root), (*b, &root), &steps));
        let (small, big) = (a % 70, b % 70);
        drop(verify_inclusion(&root, small, big, &steps, &root));
        drop(verify_consistency((small, &root), (big, &root), &steps));
    });
}

fn keys() -> KeySet {
    KeySet::from_seeds(KeyRole::Producer, Algorithm::MlDsa44, |n| [u8::try_from(n).unwrap(); 32]).unwrap()
}

#[test]
fn edited_key_files_open_as_the_same_keys_or_not_at_all() {
    let (text, kid) = (key_text(&keys(), "a passphrase").unwrap(), keys().bundle().kid());
    // Opening costs a third of a second by design, so these are few.
    let few = (budget() / 200).min(200);
    check!().with_iterations(few).with_type::<Vec<Edit>>().for_each(|edits| {
        let Ok(altered) = String::from_utf8(edited(text.as_bytes(), edits)) else { return };
        if let Ok(opened) = open_key_text(&altered, "a passphrase") {
            assert_eq!((opened.role(), opened.bundle().kid()), (KeyRole::Producer, kid));
        }
    });
}

#[test]
fn edited_public_files_never_give_other_keys_under_one_kid() {
    let public = serde_json::to_vec(&PublicKeys::of(&keys()).unwrap()).unwrap();
    check!().with_iterations(budget()).with_type::<Vec<Edit>>().for_each(|edits| {
        let bundle =
            public_from_json(&edited(&public, edits)).and_then(|keys| Ok((keys.bundle()?, keys.kid)));
        if let Ok((bundle, kid)) = bundle {
            assert_eq!(bundle.kid().to_string(), kid);
        }
    });
}
