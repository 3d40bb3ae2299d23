//! Every checked-in vector, by both implementations of the signatures; and the files are those that the code writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use cybermesh_keys::Fast;
use cybermesh_proto::agree::*;
use cybermesh_proto::domain::Domain;
use cybermesh_proto::event::{Demand, SignedEvent, Signer};
use cybermesh_proto::genesis::TrustedGenesis;
use cybermesh_proto::keys::{KeyBundle, MlDsa, SignatureCheck, Zip215Item};
use cybermesh_proto::merkle::{BlockTree, verify_consistency, verify_inclusion};
use cybermesh_proto::message::{
    Administrators, SignedGovernance, SignedRedrive, check_record, record_from_bytes,
};
use cybermesh_proto::state_proof::StateProof;
use cybermesh_proto::state_range::StateRange;
use cybermesh_proto::wire::{Checked, Received, decode_canonical};
use cybermesh_proto::{ChainId, Digest, Epoch, Height, Kid, Refusal};
use cybermesh_verify::{
    EpochMemory, ProducerCheck, PureRust, Standing, Trust, check_range, check_state, verify_receipt,
};
use cybermesh_world::vectors::{self, unhex};
use serde_json::{Map, Value};

type Case = Map<String, Value>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/vectors")
}

fn cases(suite: &str) -> Vec<Case> {
    vectors::resolve(&fs::read_to_string(folder().join(format!("{suite}.json"))).expect("a vector file"))
}

fn text<'a>(case: &'a Case, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("{}: no text {key}", case["name"]))
}

fn bytes(case: &Case, key: &str) -> Vec<u8> {
    unhex(text(case, key))
}

fn number(case: &Case, key: &str) -> u64 {
    case[key].as_u64().unwrap_or_else(|| panic!("{}: no number {key}", case["name"]))
}

fn digest(case: &Case, key: &str) -> Digest {
    Digest::from_hex(text(case, key)).unwrap()
}

fn list(case: &Case, key: &str) -> Vec<Vec<u8>> {
    case[key].as_array().unwrap().iter().map(|value| unhex(value.as_str().unwrap())).collect()
}

fn digests(case: &Case, key: &str) -> Vec<Digest> {
    list(case, key).iter().map(|bytes| Digest::from_slice(bytes).unwrap()).collect()
}

fn word<T>(result: &Result<T, Refusal>) -> &'static str {
    result.as_ref().map_or_else(|refusal| refusal.code.name(), |_| "ok")
}

#[track_caller]
fn expect<T>(case: &Case, result: &Result<T, Refusal>) {
    let note = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert_eq!(word(result), text(case, "expect"), "{}: {note}", case["name"]);
}

/// Both implementations, each under its name.
fn implementations() -> [(&'static str, &'static dyn SignatureCheck); 2] {
    [("pure Rust", &PureRust), ("fast", &Fast)]
}

#[test]
fn the_files_are_those_that_the_code_writes() {
    for suite in vectors::all() {
        let file = fs::read_to_string(folder().join(format!("{}.json", suite.name))).unwrap_or_default();
        assert!(
            file == suite.render(),
            "{}.json differs: a change of bytes? then `make bless` and say so",
            suite.name
        );
    }
    let file = fs::read_to_string(folder().join("conformance.txt")).unwrap_or_default();
    assert_eq!(file, vectors::conformance(), "an encoding changed");
    let page = fs::read_to_string(folder().join("../../docs/codes.md")).unwrap_or_default();
    assert_eq!(page, cybermesh_world::codes_page::render(), "the page of codes is not that of codes.toml");
}

#[test]
fn hashes_and_signed_bytes_are_as_pinned() {
    for case in cases("hash") {
        let domain = Domain::ALL.iter().find(|domain| domain.as_str() == text(&case, "domain")).unwrap();
        let input = bytes(&case, "input");
        assert_eq!(cybermesh_proto::hash::tagged(*domain, &input), digest(&case, "tagged"));
        assert_eq!(cybermesh_proto::pae::pae(*domain, &input), bytes(&case, "pae"));
    }
}

#[test]
fn each_message_has_one_encoding() {
    for case in cases("encoding") {
        let input = bytes(&case, "bytes");
        let result = vectors::decode_as(text(&case, "type"), &input).expect("a known kind");
        expect(&case, &result);
        if let Ok(again) = result {
            assert_eq!(again, input, "{}", case["name"]);
        }
    }
}

#[test]
fn bare_signatures_get_one_verdict_alone_and_in_batches() {
    for (name, check) in implementations() {
        for case in cases("signature") {
            let (key, message, signature) =
                (bytes(&case, "key"), bytes(&case, "message"), bytes(&case, "signature"));
            let item = || Zip215Item {
                key: key.as_slice().try_into().unwrap(),
                message: &message,
                signature: signature.as_slice().try_into().unwrap(),
            };
            let verdict = match text(&case, "rule") {
                "zip215" => {
                    let batch = check.ed25519_zip215_batch(&[item(); 9]);
                    assert_eq!(
                        batch,
                        [check.ed25519_zip215(item()); 9],
                        "{name}: {} in a batch",
                        case["name"]
                    );
                    batch[0]
                }
                "strict" => check.ed25519_strict(item().key, &message, item().signature),
                "ml-dsa-44" => check.ml_dsa(MlDsa::L44, &key, &message, &signature),
                "ml-dsa-65" => check.ml_dsa(MlDsa::L65, &key, &message, &signature),
                "ml-dsa-87" => check.ml_dsa(MlDsa::L87, &key, &message, &signature),
                other => panic!("unknown rule {other}"),
            };
            assert_eq!(verdict, case["valid"].as_bool().unwrap(), "{name}: {}", case["name"]);
        }
    }
}

#[test]
fn keys_that_split_verifiers_are_never_registered() {
    for (name, check) in implementations() {
        for case in cases("key") {
            let key = bytes(&case, "key").as_slice().try_into().unwrap();
            assert_eq!(
                check.ed25519_key_is_sound(&key),
                case["sound"].as_bool().unwrap(),
                "{name}: {}",
                case["name"]
            );
        }
        for case in cases("bundle") {
            let bundle = decode_canonical::<KeyBundle>(&bytes(&case, "bytes"));
            expect(&case, &bundle);
            let Ok(bundle) = bundle else { continue };
            assert_eq!(bundle.kid(), Kid(digest(&case, "kid")));
            let registration = bundle.check_for_registration(check);
            assert_eq!(word(&registration), text(&case, "registration"), "{name}: {}", case["name"]);
        }
    }
}

#[test]
fn trees_and_proofs_are_those_of_rfc_6962() {
    for case in cases("tree") {
        let leaves = list(&case, "leaves");
        let tree = BlockTree::new(leaves.iter().map(Vec::as_slice));
        assert_eq!(tree.root(), digest(&case, "root"), "{}", case["name"]);
    }
    for case in cases("inclusion") {
        let (leaf, root) = (digest(&case, "leaf"), digest(&case, "root"));
        let path = digests(&case, "path");
        expect(&case, &verify_inclusion(&leaf, number(&case, "index"), number(&case, "size"), &path, &root));
    }
    for case in cases("consistency") {
        let (old, new) = (digest(&case, "old_root"), digest(&case, "new_root"));
        let (old, new) = ((number(&case, "old_size"), &old), (number(&case, "new_size"), &new));
        expect(&case, &verify_consistency(old, new, &digests(&case, "path")));
    }
}

#[test]
fn events_are_refused_for_their_own_reason() {
    for (_, check) in implementations() {
        for case in cases("event") {
            let bundle: KeyBundle = decode_canonical(&bytes(&case, "bundle")).unwrap();
            let demand = Demand::try_from(u8::try_from(number(&case, "demand")).unwrap()).unwrap();
            let signer = Signer { bundle: &bundle, demand };
            let result =
                SignedEvent::decode(&bytes(&case, "bytes")).and_then(|event| event.verify(signer, check));
            expect(&case, &result);
            let Ok(event) = result else { continue };
            assert_eq!(event.get().id().0, digest(&case, "id"));
            assert_eq!(event.bytes(), bytes(&case, "bytes"));
            if case.contains_key("custody") {
                let holders: Vec<KeyBundle> =
                    list(&case, "custody").iter().map(|bundle| decode_canonical(bundle).unwrap()).collect();
                let holder = |kid: &Kid| holders.iter().find(|bundle| bundle.kid() == *kid);
                let custody = event.get().check_custody(holder, check);
                assert_eq!(word(&custody), text(&case, "custody_expect"), "{}", case["name"]);
            }
        }
    }
}

fn committee(case: &Case) -> Committee {
    let chain = ChainId(digest(case, "committee_chain"));
    let epoch = Epoch::new(number(case, "committee_epoch"));
    let scheme = u8::try_from(number(case, "committee_scheme")).unwrap().try_into().unwrap();
    let set = decode_canonical(&bytes(case, "committee_set")).unwrap();
    let root = EpochRoot {
        height: Height::new(number(case, "committee_root_height")),
        block: cybermesh_proto::BlockId(digest(case, "committee_root_block")),
    };
    Committee::new(chain, epoch, scheme, set, root)
}

fn verified<T: Checked>(case: &Case, check: &dyn SignatureCheck) -> Result<(), Refusal> {
    Received::<T>::new(bytes(case, "bytes")).decode()?.verify(&committee(case), check).map(drop)
}

#[test]
fn certificates_are_refused_for_their_own_reason() {
    for (_, check) in implementations() {
        for case in cases("certificate") {
            let result = match text(&case, "type") {
                "vote" => verified::<Vote>(&case, check),
                "batch" => verified::<Batch>(&case, check),
                "quorum certificate" => verified::<Qc>(&case, check),
                "timeout certificate" => verified::<Tc>(&case, check),
                "view change" => verified::<ViewChange>(&case, check),
                "proposal" => verified::<Proposal>(&case, check),
                "evidence" => verified::<Evidence>(&case, check),
                "amnesia report" => verified::<AmnesiaReport>(&case, check),
                "attestation" => verified::<Attestation>(&case, check),
                "decision certificate" => verified::<DecisionCertificate>(&case, check),
                "handover" => verified::<Handover>(&case, check),
                other => panic!("unknown type {other}"),
            };
            expect(&case, &result);
        }
    }
}

#[test]
fn geneses_that_are_unsafe_are_refused() {
    for (_, check) in implementations() {
        for case in cases("genesis") {
            let opened =
                TrustedGenesis::open(&bytes(&case, "bytes"), ChainId(digest(&case, "trusted")), check);
            expect(&case, &opened);
            if let Ok(genesis) = opened {
                assert_eq!(genesis.committee().root.block.0, digest(&case, "first_block"));
            }
        }
    }
}

#[test]
fn transactions_and_records_are_refused_for_their_own_reason() {
    for (_, check) in implementations() {
        for case in cases("governance") {
            let keys: Vec<KeyBundle> = list(&case, "administrators")
                .iter()
                .map(|bundle| decode_canonical(bundle).unwrap())
                .collect();
            let threshold = usize::try_from(number(&case, "threshold")).unwrap();
            let administrators = Administrators { threshold, keys: &keys };
            let chain = ChainId(digest(&case, "chain"));
            let result = SignedGovernance::decode(&bytes(&case, "bytes"))
                .and_then(|signed| signed.verify(chain, administrators, check).map(|_| signed.id()));
            expect(&case, &result);
            if let Ok(id) = result {
                assert_eq!(id.0, digest(&case, "id"));
            }
        }
        for case in cases("redrive") {
            let operator: KeyBundle = decode_canonical(&bytes(&case, "operator")).unwrap();
            let chain = ChainId(digest(&case, "chain"));
            let result = SignedRedrive::decode(&bytes(&case, "bytes"))
                .and_then(|signed| signed.verify(chain, &operator, check).map(|_| signed.id()));
            expect(&case, &result);
            if let Ok(id) = result {
                assert_eq!(id.0, digest(&case, "id"));
            }
        }
    }
    for case in cases("record") {
        let decision: Decision = decode_canonical(&bytes(&case, "decision")).unwrap();
        expect(
            &case,
            &record_from_bytes(&bytes(&case, "bytes")).and_then(|record| check_record(&record, &decision)),
        );
    }
}

#[test]
fn proofs_of_the_state_hold_for_their_decision_alone() {
    for case in cases("state") {
        let decision: Decision = decode_canonical(&bytes(&case, "decision")).unwrap();
        let proof = decode_canonical::<StateProof>(&bytes(&case, "bytes"));
        expect(&case, &proof.and_then(|proof| check_state(&proof, &decision)));
    }
}

#[test]
fn ranges_of_the_state_hold_for_their_decision_alone() {
    for case in cases("range") {
        let decision: Decision = decode_canonical(&bytes(&case, "decision")).unwrap();
        let range = decode_canonical::<StateRange>(&bytes(&case, "bytes"));
        let found = range.and_then(|range| check_range(&range, &decision));
        expect(&case, &found);
        if let Ok(found) = found {
            let found =
                found.iter().flat_map(|leaf| [leaf.key, leaf.value]).flat_map(|hash| *hash.as_bytes());
            assert_eq!(found.collect::<Vec<_>>(), bytes(&case, "found"), "{}", case["name"]);
        }
    }
}

#[test]
fn receipts_get_their_verdict() {
    for (name, check) in implementations() {
        for case in cases("receipt") {
            let chain = ChainId(digest(&case, "chain"));
            let optional = |key: &str| case[key].as_str().map(unhex);
            let producer: Option<KeyBundle> =
                optional("producer").map(|bundle| decode_canonical(&bundle).unwrap());
            let memory = optional("memory").map(|bytes| EpochMemory::from_bytes(&bytes, chain)).transpose();
            let result = memory.and_then(|memory| {
                let trust = Trust { chain, memory: memory.as_ref(), producer: producer.as_ref() };
                verify_receipt(&bytes(&case, "bytes"), trust, check)
            });
            let found = match &result {
                Ok((verdict, _)) if verdict.standing == Standing::Verified => "verified",
                Ok(_) => "rests on retired keys",
                Err(refusal) => refusal.code.name(),
            };
            assert_eq!(found, text(&case, "expect"), "{name}: {}: {:?}", case["name"], result.as_ref().err());
            let Ok((verdict, memory)) = result else { continue };
            assert_eq!(verdict.item.0, digest(&case, "item"));
            assert_eq!(verdict.outcome.name(), text(&case, "outcome"));
            assert_eq!(verdict.kind.name(), text(&case, "kind"));
            assert_eq!(verdict.height.get(), number(&case, "height"));
            assert_eq!(verdict.index.get(), number(&case, "index"));
            assert_eq!(verdict.time_us.get(), number(&case, "time_us"));
            assert_eq!(verdict.epoch.get(), number(&case, "epoch"));
            assert_eq!(verdict.certified_height.get(), number(&case, "certified_height"));
            assert_eq!(verdict.certified_epoch.get(), number(&case, "certified_epoch"));
            let producer = match verdict.producer {
                ProducerCheck::NotChecked => "not checked",
                ProducerCheck::OtherKeys => "other keys",
                ProducerCheck::Holds => "holds",
            };
            assert_eq!(producer, text(&case, "producer_check"), "{}", case["name"]);
            assert_eq!(memory.to_bytes(), bytes(&case, "memory_after"), "{}", case["name"]);
        }
    }
}
