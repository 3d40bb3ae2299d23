//! Transactions of administrators and operators, outbound records, and how a committee stands in a case.

use cybermesh_keys::Signer as _;
use cybermesh_proto::agree::{Committee, Decision, ItemKind};
use cybermesh_proto::domain::Domain;
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::message::signature_list;
use cybermesh_proto::pae::pae;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_proto::{Digest, ItemId};
use prost::Message as _;

use super::samples::story;
use super::{Case, Suite};
use crate::chain::Chain;
use crate::cluster::{members, set_of};
use crate::keys::Named;

/// Adds what a reader must know of a committee.
#[must_use]
pub fn committee_fields(case: Case, committee: &Committee) -> Case {
    case.bytes("committee_chain", committee.chain.0.as_bytes())
        .with("committee_epoch", committee.epoch.get())
        .with("committee_scheme", u8::from(committee.scheme))
        .bytes("committee_set", &encode_canonical(&committee.set))
        .with("committee_root_height", committee.root.height.get())
        .bytes("committee_root_block", committee.root.block.0.as_bytes())
}

fn governed(transaction: &pb::GovernanceTransaction, signers: &[&str]) -> Vec<u8> {
    let bytes = transaction.encode_to_vec();
    let message = pae(Domain::GOVERNANCE, &bytes);
    let sign = |name: &&str| {
        let signer = Named::validator(name);
        signature_list(signer.bundle().kid(), signer.sign(&message).unwrap())
    };
    let mut signatures: Vec<_> = signers.iter().flat_map(sign).collect();
    signatures.sort_by(|a, b| (&a.kid, a.alg).cmp(&(&b.kid, b.alg)));
    pb::SignedGovernance { transaction: bytes, signatures }.encode_to_vec()
}

fn transaction(chain: &Chain) -> pb::GovernanceTransaction {
    let kid = chain.genesis.genesis().registry[0].bundle.kid();
    pb::GovernanceTransaction {
        chain: chain.genesis.chain().0.as_bytes().to_vec(),
        valid_until_height: 1000,
        nonce: vec![5; 16],
        reason: "laptop stolen".into(),
        action: Some(Action::RevokeKey(pb::RevokeKey { kid: kid.0.as_bytes().to_vec() })),
    }
}

/// A revocation signed by these administrators.
pub(super) fn revocation(chain: &Chain, signers: &[&str]) -> Vec<u8> {
    governed(&transaction(chain), signers)
}

pub(super) fn governance() -> Suite {
    let chain = &story().chain;
    let administrators = &chain.genesis.genesis().administrators;
    let keys: Vec<serde_json::Value> =
        administrators.keys.iter().map(|bundle| super::hex(&encode_canonical(bundle)).into()).collect();
    let case = |name: &str, bytes: &[u8], expect: &str, id: Option<ItemId>| {
        let case = Case::new(name)
            .bytes("bytes", bytes)
            .bytes("chain", chain.genesis.chain().0.as_bytes())
            .with("threshold", administrators.threshold)
            .with("administrators", keys.clone())
            .with("expect", expect);
        id.map_or(case.clone(), |id| case.bytes("id", id.0.as_bytes()))
    };
    let base = transaction(chain);
    let id = |transaction: &pb::GovernanceTransaction| {
        Some(ItemId(cybermesh_proto::hash::tagged(Domain::GOVERNANCE_ID, &transaction.encode_to_vec())))
    };
    let both = ["admin-1", "admin-3"];
    let changed = |change: &dyn Fn(&mut pb::GovernanceTransaction)| {
        let mut transaction = base.clone();
        change(&mut transaction);
        transaction
    };
    let registered = changed(&|t| t.action = Some(register("det-9")));
    let validators = changed(&|t| {
        let add = vec![encode_canonical(&members("node", 5)[4].entry)];
        let change = pb::ChangeValidators { remove: vec!["node-1".into()], add };
        t.action = Some(Action::ChangeValidators(change));
    });
    let registering = |change: &dyn Fn(&mut pb::RegisterKey)| {
        changed(&|t| {
            let mut action = register("det-9");
            let Action::RegisterKey(key) = &mut action else { panic!("a registration") };
            change(key);
            t.action = Some(action);
        })
    };
    let removing = |name: &str| {
        changed(&|t| {
            let change = pb::ChangeValidators { remove: vec![name.into()], add: Vec::new() };
            t.action = Some(Action::ChangeValidators(change));
        })
    };
    let acting =
        |change: &dyn Fn(&mut pb::AmendKey, &mut pb::ChangeAdministrators, &mut pb::ChangeParameters)| {
            further(change).map(|action| changed(&|t| t.action = Some(action.clone())))
        };
    let [amend, administrate, number] = acting(&|_, _, _| ());
    let good = |name: &str, t: &pb::GovernanceTransaction| case(name, &governed(t, &both), "ok", id(t));
    let bad = |name: &str, t: &pb::GovernanceTransaction, expect: &str| {
        case(name, &governed(t, &both), expect, None)
    };
    let mut half = pb::SignedGovernance::decode(governed(&base, &both).as_slice()).unwrap();
    half.signatures.remove(3);
    let mut swapped = pb::SignedGovernance::decode(governed(&base, &both).as_slice()).unwrap();
    swapped.signatures.swap(0, 1);
    let mut altered = pb::SignedGovernance::decode(governed(&base, &both).as_slice()).unwrap();
    altered.transaction = changed(&|t| t.reason = "no reason".into()).encode_to_vec();
    let cases = vec![
        good("a key ends", &base),
        good("a key begins", &registered),
        good("validators change", &validators),
        good("a key may do other things", &amend),
        good("other administrators", &administrate),
        good("other numbers", &number),
        bad("a standing above the whole", &registering(&|key| key.standing_bp = 10_001), "governance.field"),
        bad("an amendment of no key", &acting(&|key, _, _| key.kid.clear())[0], "governance.field"),
        bad("an amendment out of order", &acting(&|key, _, _| key.types.reverse())[0], "governance.field"),
        bad(
            "an amended standing above the whole",
            &acting(&|key, _, _| key.standing_bp = 10_001)[0],
            "governance.field",
        ),
        bad("more than all must agree", &acting(&|_, all, _| all.threshold = 3)[1], "governance.field"),
        bad("nobody must agree", &acting(&|_, all, _| all.threshold = 0)[1], "governance.field"),
        bad(
            "one administrator twice",
            &acting(&|_, all, _| all.bundles[1] = all.bundles[0].clone())[1],
            "governance.field",
        ),
        bad("no administrator", &acting(&|_, all, _| all.bundles.clear())[1], "governance.field"),
        bad("no number", &acting(&|_, _, all| all.parameters.clear())[2], "governance.field"),
        bad("numbers out of order", &acting(&|_, _, all| all.parameters.reverse())[2], "governance.field"),
        bad(
            "a number without a name",
            &acting(&|_, _, all| all.parameters[0].name.clear())[2],
            "governance.field",
        ),
        bad(
            "a number beyond all",
            &acting(&|_, _, all| all.parameters[0].value = 1 << 63)[2],
            "governance.field",
        ),
        case("all three agree", &governed(&base, &["admin-1", "admin-2", "admin-3"]), "ok", id(&base)),
        case("one alone", &governed(&base, &["admin-2"]), "governance.quorum", None),
        case(
            "one of them a stranger",
            &governed(&base, &["admin-1", "thief"]),
            "authn.deny.unknown_key",
            None,
        ),
        case("half a signature", &half.encode_to_vec(), "authn.deny.half_missing", None),
        case("signatures out of order", &swapped.encode_to_vec(), "authn.deny.signature_list", None),
        case("altered after signing", &altered.encode_to_vec(), "authn.deny.signature", None),
        bad("for another chain", &changed(&|t| t.chain = vec![1; 32]), "chain.other"),
        bad("without a chain", &changed(&|t| t.chain.clear()), "governance.field"),
        bad("of a height beyond all", &changed(&|t| t.valid_until_height = 1 << 63), "governance.field"),
        bad("a producer that may sign nothing", &registering(&|key| key.types.clear()), "governance.field"),
        bad("types out of order", &registering(&|key| key.types.reverse()), "governance.field"),
        bad("a subject beyond ASCII", &registering(&|key| key.subject = "dét".into()), "governance.field"),
        bad("a validator to remove without a name", &removing(""), "governance.field"),
        bad("a validator to remove with a line break", &removing("node\n1"), "governance.field"),
        bad("without a nonce", &changed(&|t| t.nonce.clear()), "governance.field"),
        bad("without a reason", &changed(&|t| t.reason.clear()), "governance.field"),
        bad("without an action", &changed(&|t| t.action = None), "governance.field"),
        case(
            "trailing bytes",
            &[governed(&base, &both), vec![0x18, 1]].concat(),
            "governance.malformed",
            None,
        ),
        case("nothing", &[], "governance.field", None),
    ];
    Suite::new("governance", cases)
}

fn register(name: &str) -> pb::governance_transaction::Action {
    let bundle = crate::cluster::producer(name, Algorithm::MlDsa65);
    Action::RegisterKey(pb::RegisterKey {
        role: pb::Role::Producer.into(),
        bundle: encode_canonical(bundle.bundle()),
        tenant: "acme".into(),
        subject: name.into(),
        types: vec!["Anomaly.*".into(), "Malware.Found.v2".into()],
        ed25519_only: false,
        standing_bp: 5000,
        denies_alone: false,
    })
}

/// The actions on what stands already, each sound but for `change`.
fn further(
    change: &dyn Fn(&mut pb::AmendKey, &mut pb::ChangeAdministrators, &mut pb::ChangeParameters),
) -> [Action; 3] {
    let bundle = |name: &str| crate::cluster::producer(name, Algorithm::MlDsa65).bundle().clone();
    let mut bundles = [bundle("admin-8"), bundle("admin-9")];
    bundles.sort_by_key(KeyBundle::kid);
    let mut amend = pb::AmendKey {
        kid: vec![7; 32],
        types: vec!["Anomaly.*".into(), "Verdict.*".into()],
        ed25519_only: true,
        standing_bp: 10_000,
        denies_alone: true,
    };
    let bundles = bundles.iter().map(encode_canonical).collect();
    let mut administrators = pb::ChangeAdministrators { threshold: 2, bundles };
    let one = |name: &str, value| pb::Parameter { name: name.into(), value };
    let mut parameters =
        pb::ChangeParameters { parameters: vec![one("deny_score", 7000), one("half_life_ms", 3_600_000)] };
    change(&mut amend, &mut administrators, &mut parameters);
    [
        Action::AmendKey(amend),
        Action::ChangeAdministrators(administrators),
        Action::ChangeParameters(parameters),
    ]
}

pub(super) fn redrives() -> Suite {
    let chain = &story().chain;
    let operator = Named::validator("operator");
    let last = chain.height().get();
    let block = chain.block(last);
    let base = pb::Redrive {
        chain: chain.genesis.chain().0.as_bytes().to_vec(),
        operator: operator.bundle().kid().0.as_bytes().to_vec(),
        origin: block.leaves[0].item.bytes().to_vec(),
        attempt: 0,
        transform: String::new(),
        proof: Some(pb::redrive::Proof::Rejection(pb::RejectionProof {
            leaf: encode_canonical(&block.leaves[0]),
            tx_path: Vec::new(),
            decision: encode_canonical(&block.decision),
            history_size: last + 1,
            history_path: vec![vec![3; 32]],
        })),
    };
    let signed = |redrive: &pb::Redrive| {
        let bytes = redrive.encode_to_vec();
        let halves = operator.sign(&pae(Domain::REDRIVE, &bytes)).unwrap();
        pb::SignedRedrive { redrive: bytes, signatures: signature_list(operator.bundle().kid(), halves) }
    };
    let case = |name: &str, bytes: &[u8], expect: &str| {
        Case::new(name)
            .bytes("bytes", bytes)
            .bytes("chain", chain.genesis.chain().0.as_bytes())
            .bytes("operator", &encode_canonical(operator.bundle()))
            .with("expect", expect)
    };
    let changed = |change: &dyn Fn(&mut pb::Redrive)| {
        let mut redrive = base.clone();
        change(&mut redrive);
        signed(&redrive).encode_to_vec()
    };
    let proven = |change: &dyn Fn(&mut pb::RejectionProof)| {
        changed(&|redrive| {
            let Some(pb::redrive::Proof::Rejection(proof)) = &mut redrive.proof else {
                panic!("a rejection")
            };
            change(proof);
        })
    };
    let gap = pb::GapProof { leaf: vec![1; 64], index: 3, height: 4, path: vec![vec![2; 32]; 5] };
    let id =
        |redrive: &pb::Redrive| cybermesh_proto::hash::tagged(Domain::REDRIVE_ID, &redrive.encode_to_vec());
    let mut closed = base.clone();
    closed.proof = Some(pb::redrive::Proof::Gap(gap));
    let mut half = signed(&base);
    half.signatures.pop();
    let cases = vec![
        case("of a rejection", &signed(&base).encode_to_vec(), "ok").bytes("id", id(&base).as_bytes()),
        case("of a closed gap", &signed(&closed).encode_to_vec(), "ok").bytes("id", id(&closed).as_bytes()),
        case("for another chain", &changed(&|r| r.chain = vec![1; 32]), "chain.other"),
        case("of another operator", &changed(&|r| r.operator = vec![1; 32]), "authn.deny.other_key"),
        case("half a signature", &half.encode_to_vec(), "authn.deny.half_missing"),
        case("without a proof", &changed(&|r| r.proof = None), "redrive.field"),
        case("with a decision that is none", &proven(&|proof| proof.decision.push(0)), "redrive.field"),
        case("with a leaf that is none", &proven(&|proof| proof.leaf.clear()), "redrive.field"),
        case("of what is no event", &changed(&|r| r.origin = vec![9]), "redrive.field"),
        case("trailing bytes", &[signed(&base).encode_to_vec(), vec![0x20, 1]].concat(), "redrive.malformed"),
    ];
    Suite::new("redrive", cases)
}

pub(super) fn records() -> Suite {
    let chain = &story().chain;
    let decision = chain.block(1).decision.clone();
    let case = |name: &str, record: &pb::ControlRecord, decision: &Decision, expect: &str| {
        Case::new(name)
            .bytes("bytes", &record.encode_to_vec())
            .bytes("decision", &encode_canonical(decision))
            .with("expect", expect)
    };
    let changed = |change: &dyn Fn(&mut pb::ControlRecord)| {
        let mut record = chain.record(1, 0);
        change(&mut record);
        record
    };
    let leaf = |change: &dyn Fn(&mut pb::Leaf)| changed(&|record| change(record.leaf.as_mut().unwrap()));
    let mut cases = vec![
        case("the first", &chain.record(1, 0), &decision, "ok"),
        case("the second", &chain.record(1, 1), &decision, "ok"),
        case("another value", &leaf(&|leaf| leaf.value.push(1)), &decision, "proof.root"),
        case("another key", &leaf(&|leaf| leaf.key.push(1)), &decision, "proof.root"),
        case(
            "another topic",
            &leaf(&|leaf| leaf.topic = "control.policy.v1".into()),
            &decision,
            "proof.root",
        ),
        case("another partition", &leaf(&|leaf| leaf.partition += 1), &decision, "proof.root"),
        case("another seq", &leaf(&|leaf| leaf.seq += 1), &decision, "proof.root"),
        case("another index", &changed(&|record| record.index = 1), &decision, "proof.root"),
        case("index beyond the height", &changed(&|record| record.index = 2), &decision, "proof.index"),
        case("no path", &changed(&|record| record.path.clear()), &decision, "proof.length"),
        case(
            "a step of 31 bytes",
            &changed(&|record| record.path[0].truncate(31)),
            &decision,
            "record.field",
        ),
        case("no leaf", &changed(&|record| record.leaf = None), &decision, "record.field"),
        case("seq beyond all", &leaf(&|leaf| leaf.seq = 1 << 63), &decision, "record.field"),
        case("index beyond all", &changed(&|record| record.index = 1 << 63), &decision, "record.field"),
        case("seq 0", &leaf(&|leaf| leaf.seq = 0), &decision, "record.field"),
        case("no topic", &leaf(&|leaf| leaf.topic.clear()), &decision, "record.field"),
        case("of another height", &chain.record(1, 0), &chain.block(2).decision, "record.height"),
    ];
    let trailing = [chain.record(1, 0).encode_to_vec(), vec![0x28, 1]].concat();
    cases.push(
        Case::new("trailing bytes")
            .bytes("bytes", &trailing)
            .bytes("decision", &encode_canonical(&decision))
            .with("expect", "record.malformed"),
    );
    assert_eq!(chain.block(1).leaves[0].item.kind(), ItemKind::Event);
    assert_eq!(set_of(&members("node", 4)), chain.genesis.genesis().validators);
    assert_ne!(Digest::ZERO, decision.outbox.root);
    Suite::new("record", cases)
}
