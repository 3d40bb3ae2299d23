//! Redrives of events whose places were closed unused: nobody has ever looked at them. `docs/governance.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::duties::{decide, world_of};
use cybermesh_effects::items::{event, signed, signed_with, with_payload};
use cybermesh_effects::proofs::Archive;
use cybermesh_effects::world::{BEGIN_MS, genesis};
use cybermesh_effects::{AcceptAll, Person, Setup, World, codes};
use cybermesh_executor::rows::keys;
use cybermesh_executor::score::Record;
use cybermesh_executor::subject::Subject;
use cybermesh_proto::Code;
use cybermesh_proto::agree::Item;
use cybermesh_proto::audit::{AuditEntry, AuditLeaf};
use cybermesh_proto::genesis::Role;
use cybermesh_proto::keys::{Algorithm, MlDsa, SignatureCheck, Zip215Item};
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::pb::control::v1::redrive::Proof;
use cybermesh_proto::message::pb::event::v1::Event;
use cybermesh_proto::wire::{decode_canonical, encode_canonical};

const NOW: u64 = BEGIN_MS + 1000;

fn operator() -> Person {
    Person::new("svc", "acme", Role::Service, &[])
}

fn archive(people: &[&Person]) -> Archive {
    let people = people.iter().map(|&one| one.clone()).collect();
    Archive::new(World::new(&Setup { people, ..Setup::default() }))
}

fn weighs(archive: &Archive) -> usize {
    let subject = Subject::read("user", "mallory").unwrap();
    archive.world.row::<Record>(&keys::subject(&subject)).map_or(0, |record| record.contributions.len())
}

fn code(archive: &mut Archive, now: u64, item: Item) -> Code {
    codes(&archive.block(now, vec![item]))[0]
}

/// An archive whose stream has left places behind. Its audit leaves: holes of 1–1024 reported, 1–1024 closed with a
/// bitmap (5 and 6 are used), 1025–2048 closed without one.
fn with_gaps() -> (Archive, Person) {
    let det = Person::producer("det-1", "acme");
    let mut archive = archive(&[&det, &operator()]);
    let say = |seq, at| signed(&det, &event(&det, 0, seq, at, "mailbox", "x@y"));
    let far = 262_144 + 2048;
    let first = archive.block(NOW, vec![say(5, NOW), say(far, NOW)]);
    assert_eq!(codes(&first), [Code::EventApplied, Code::EventBeyondSpan]);
    for (seq, after) in [(6, 400_000), (far, 600_000)] {
        let applied = archive.block(NOW + after, vec![say(seq, NOW + after)]);
        assert_eq!(codes(&applied), [Code::EventApplied]);
    }
    archive.block(NOW + 600_001, vec![]);
    (archive, det)
}

fn entries(archive: &Archive) -> Vec<AuditEntry> {
    archive.audit.iter().map(|leaf| decode_canonical::<AuditLeaf>(leaf).unwrap().entry).collect()
}

#[test]
fn a_place_that_was_closed_unused_can_be_redriven_and_a_used_one_cannot() {
    let (mut archive, det) = with_gaps();
    let entries = entries(&archive);
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert!(matches!(entries[0], AuditEntry::Gap(_)), "{entries:?}");
    let AuditEntry::GapClosed(with_bitmap) = &entries[1] else { panic!("{entries:?}") };
    let AuditEntry::GapClosed(range) = &entries[2] else { panic!("{entries:?}") };
    assert_eq!(
        (with_bitmap.first.get(), with_bitmap.last.get(), with_bitmap.bitmap.is_some()),
        (1, 1024, true)
    );
    assert_eq!((range.first.get(), range.last.get(), range.bitmap), (1025, 2048, None));
    let now = NOW + 1_300_000;
    let (yes, no) = (Code::RedriveApplied, Code::RedriveProof);
    let cases = [
        (1, 0, 1, yes),
        (1, 0, 4, yes),
        (1, 0, 5, no),
        (1, 0, 6, no),
        (1, 0, 7, yes),
        (1, 0, 1024, yes),
        (1, 0, 1025, no),
        (1, 1, 1, no),
        (2, 0, 1023, no),
        (2, 0, 1025, yes),
        (2, 0, 2048, yes),
        (2, 0, 2049, no),
        (2, 1, 1025, no),
        (0, 0, 8, no),
        (1, 0, i64::MAX as u64, no),
    ];
    for (leaf, stream, seq, expected) in cases {
        let origin = signed(&det, &event(&det, stream, seq, now, "user", "mallory"));
        let redrive = archive.redrive(&operator(), &origin, 0, Proof::Gap(archive.gap(leaf)));
        assert_eq!(code(&mut archive, now, redrive), expected, "leaf {leaf}, stream {stream}, place {seq}");
    }
    assert_eq!(weighs(&archive), 6);
}

#[test]
fn a_closed_place_takes_one_event_whichever_it_is() {
    let (mut archive, det) = with_gaps();
    let now = NOW + 1_300_000;
    let origins = ["mallory", "eve"].map(|name| signed(&det, &event(&det, 0, 7, now, "user", name)));
    let proof = || Proof::Gap(archive.gap(1));
    let items: Vec<_> =
        origins.iter().map(|origin| archive.redrive(&operator(), origin, 0, proof())).collect();
    let third = archive.redrive(&operator(), &origins[1], 1, proof());
    let applied = archive.block(now, [items, vec![third]].concat());
    assert_eq!(codes(&applied), [Code::RedriveApplied, Code::RedriveRepeated, Code::RedriveRepeated]);
    let applied = archive.block(now + 1, origins.to_vec());
    assert_eq!(codes(&applied), [Code::EventSeqUsed; 2], "nor does it take another in its own turn");
}

#[test]
fn a_gap_proof_of_another_producer_or_an_altered_leaf_proves_nothing() {
    let (mut archive, det) = with_gaps();
    let now = NOW + 1_300_000;
    let good = archive.gap(1);
    let forged = {
        let mut leaf: AuditLeaf = decode_canonical(&good.leaf).unwrap();
        let AuditEntry::GapClosed(places) = &mut leaf.entry else { panic!() };
        places.bitmap = None;
        pb::GapProof { leaf: encode_canonical(&leaf), ..good.clone() }
    };
    let wrong_index = pb::GapProof { index: 2, ..good.clone() };
    let no_leaf = pb::GapProof { leaf: vec![1, 2, 3], ..good.clone() };
    for proof in [forged, wrong_index, no_leaf] {
        let origin = signed(&det, &event(&det, 0, 7, now, "user", "mallory"));
        let redrive = archive.redrive(&operator(), &origin, 0, Proof::Gap(proof));
        assert_eq!(code(&mut archive, now, redrive), Code::RedriveProof);
    }
    for height in [archive.height() + 1, i64::MAX as u64] {
        let origin = signed(&det, &event(&det, 0, 7, now, "user", "mallory"));
        let proof = pb::GapProof { height, ..good.clone() };
        let redrive = archive.redrive(&operator(), &origin, 0, Proof::Gap(proof));
        assert_eq!(code(&mut archive, now, redrive), Code::RedriveRootUnknown);
    }
    let stranger = Person::producer("det-2", "acme");
    let origin = signed(&stranger, &event(&stranger, 0, 7, now, "user", "mallory"));
    let redrive = archive.redrive(&operator(), &origin, 0, Proof::Gap(good));
    assert_eq!(code(&mut archive, now, redrive), Code::RedriveProof);
}

/// Refuses every ML-DSA signature.
struct NoPostQuantum;

impl SignatureCheck for NoPostQuantum {
    fn ed25519_zip215(&self, item: Zip215Item<'_>) -> bool {
        AcceptAll.ed25519_zip215(item)
    }

    fn ed25519_strict(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        AcceptAll.ed25519_strict(key, message, signature)
    }

    fn ml_dsa(&self, _level: MlDsa, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        false
    }

    fn ed25519_key_is_sound(&self, key: &[u8; 32]) -> bool {
        AcceptAll.ed25519_key_is_sound(key)
    }
}

#[test]
fn an_event_that_nobody_has_ever_checked_is_checked_now() {
    let (mut archive, det) = with_gaps();
    let now = NOW + 1_300_000;
    let origin = signed(&det, &event(&det, 0, 7, now, "user", "mallory"));
    let half = signed_with(&det, &event(&det, 0, 8, now, "user", "mallory"), &[Algorithm::Ed25519]);
    let [full, lacking] =
        [&origin, &half].map(|one| archive.redrive(&operator(), one, 0, Proof::Gap(archive.gap(1))));
    let header = archive.world.header(now);
    let applied = decide(&mut archive.world.clone(), &header, vec![full.clone()], &NoPostQuantum).unwrap();
    assert_eq!(codes(&applied), [Code::RedriveRejected], "a forged half");
    assert_eq!(
        codes(&archive.block(now, vec![lacking, full])),
        [Code::RedriveRejected, Code::RedriveApplied]
    );
}

#[test]
fn an_event_above_the_limit_of_the_chain_does_not_come_in_by_a_redrive() {
    let det = Person::producer("det-1", "acme");
    let mut genesis = genesis(&Setup { people: vec![det.clone(), operator()], ..Setup::default() });
    genesis.limits.event_bytes = 1024;
    let mut archive = Archive::new(world_of(genesis));
    let far = 262_144 + 2048;
    let say = |seq, at| signed(&det, &event(&det, 0, seq, at, "mailbox", "x@y"));
    archive.block(NOW, vec![say(far, NOW)]);
    archive.block(NOW + 600_000, vec![say(far, NOW)]);
    archive.block(NOW + 600_001, vec![]);
    let sized = |payload: usize| {
        with_payload(event(&det, 0, 7, NOW, "user", "mallory"), "text/plain", vec![b'x'; payload])
    };
    let bytes = |event: &Event| prost::Message::encoded_len(event);
    let fitting = 1024 - (bytes(&sized(500)) - 500);
    assert_eq!((bytes(&sized(fitting)), bytes(&sized(fitting + 1))), (1024, 1025));
    let ask = |attempt, event: &Event| {
        archive.redrive(&operator(), &signed(&det, event), attempt, Proof::Gap(archive.gap(0)))
    };
    let items = vec![ask(0, &sized(fitting + 1)), ask(1, &sized(fitting))];
    assert_eq!(codes(&archive.block(NOW + 600_002, items)), [Code::RedriveRejected, Code::RedriveApplied]);
}
