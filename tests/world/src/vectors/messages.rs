//! Geneses, transactions of administrators and operators, outbound records.

use cybermesh_keys::Signer as _;
use cybermesh_proto::agree::{Committee, Decision, ItemKind, Validator, ValidatorSet};
use cybermesh_proto::domain::Domain;
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{Bus, Genesis, Protected};
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme};
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::signature_list;
use cybermesh_proto::pae::pae;
use cybermesh_proto::wire::{Fixed, List, Text, encode_canonical};
use cybermesh_proto::{Digest, ItemId};
use prost::Message as _;

use super::samples::story;
use super::{Case, Suite};
use crate::chain::Chain;
use crate::cluster::{genesis, members, set_of};
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

pub(super) fn geneses() -> Suite {
    let members = members("node", 4);
    let producer = crate::cluster::producer("det-1", Algorithm::MlDsa44);
    let base = genesis(&members, Scheme::Hybrid, &[(producer.bundle(), "det-1")]);
    let case = |name: &str, genesis: &Genesis, expect: &str| {
        let case = Case::new(name)
            .bytes("bytes", &encode_canonical(genesis))
            .bytes("trusted", genesis.chain().0.as_bytes())
            .with("expect", expect);
        if expect == "ok" {
            case.bytes("first_block", genesis.first_header().id().0.as_bytes())
        } else {
            case
        }
    };
    let changed = |change: &dyn Fn(&mut Genesis)| {
        let mut genesis = base.clone();
        change(&mut genesis);
        genesis
    };
    let with_set = |change: &dyn Fn(&mut Vec<Validator>)| {
        let mut entries: Vec<_> = base.validators.iter().cloned().collect();
        change(&mut entries);
        changed(&|genesis| genesis.validators = ValidatorSet::new(entries.clone()).unwrap())
    };
    let of_size = |n: usize, scheme| {
        let members = crate::cluster::members("node", n);
        let producers: [(&KeyBundle, &str); 1] = [(producer.bundle(), "det-1")];
        genesis(&members, scheme, &producers)
    };
    let recovery = changed(&|genesis| {
        genesis.continues = Some(story().chain.block(1).decision.clone());
        genesis.time_us = cybermesh_proto::TimeUs::new(genesis.time_us.get() + 60_000_000);
    });
    let mut cases = vec![
        case("four hybrid validators", &base, "ok"),
        case("five", &of_size(5, Scheme::Hybrid), "ok"),
        case("a recovery", &recovery, "ok"),
        case("no bus", &changed(&|g| (g.bus, g.topics) = (Bus::None, List::default())), "ok"),
        case("three validators", &of_size(3, Scheme::Hybrid), "validator_set.size"),
        case("a name twice", &with_set(&|set| set[1].name = set[0].name.clone()), "validator_set.name"),
        case("no name", &with_set(&|set| set[2].name = Text::default()), "validator_set.name"),
        case("a statement key twice", &with_set(&|set| set[1].ed25519 = set[0].ed25519), "key.duplicate"),
        case(
            "a peer key that is a statement key",
            &with_set(&|set| set[3].libp2p = set[0].ed25519),
            "key.duplicate",
        ),
        case(
            "a post-quantum key twice",
            &with_set(&|set| set[1].ml_dsa_65 = set[0].ml_dsa_65),
            "key.duplicate",
        ),
        case("a weak statement key", &with_set(&|set| set[1].ed25519 = weak(1)), "key.weak"),
        case("a null post-quantum key", &with_set(&|set| set[2].ml_dsa_65 = null_key()), "key.weak"),
        case("a null checkpoint key", &with_set(&|set| set[2].ml_dsa_44 = null_key()), "key.weak"),
        case(
            "a name with a capital",
            &with_set(&|set| set[2].name = Text::new("Node-3").unwrap()),
            "validator_set.name",
        ),
        case(
            "a name with a space",
            &with_set(&|set| set[2].name = Text::new("node 3").unwrap()),
            "validator_set.name",
        ),
        case("a weak peer key", &with_set(&|set| set[1].libp2p = weak(3)), "key.weak"),
    ];
    cases.extend(rules(&changed, &case, &recovery));
    let mut other = base.clone();
    other.nonce = Fixed([1; 32]);
    cases.push(
        Case::new("another genesis than the trusted one")
            .bytes("bytes", &encode_canonical(&other))
            .bytes("trusted", base.chain().0.as_bytes())
            .with("expect", "genesis.other"),
    );
    Suite::new("genesis", cases)
}

type Change<'a> = &'a dyn Fn(&dyn Fn(&mut Genesis)) -> Genesis;

fn rules(changed: Change<'_>, case: &dyn Fn(&str, &Genesis, &str) -> Case, recovery: &Genesis) -> Vec<Case> {
    let administrators = |change: &dyn Fn(&mut u8, &mut Vec<KeyBundle>)| {
        changed(&|genesis| {
            let mut keys = genesis.administrators.keys.to_vec();
            change(&mut genesis.administrators.threshold, &mut keys);
            genesis.administrators.keys = List::new(keys).unwrap();
        })
    };
    let classical = Named::new("admin-1", &[Algorithm::Ed25519]).bundle().clone();
    let unspoken = changed(&|genesis| {
        let mut keys = genesis.registry.to_vec();
        keys[0].types = List::default();
        genesis.registry = List::new(keys).unwrap();
    });
    let ill_typed = changed(&|genesis| {
        let mut keys = genesis.registry.to_vec();
        keys[0].types = List::new(vec![Text::new("anomaly.*").unwrap()]).unwrap();
        genesis.registry = List::new(keys).unwrap();
    });
    let shared = changed(&|genesis| {
        let mut keys = genesis.registry.to_vec();
        keys[0].bundle = Named::new("admin-1", &[Algorithm::Ed25519, Algorithm::MlDsa44]).bundle().clone();
        genesis.registry = List::new(keys).unwrap();
    });
    let partitioned = |place: usize, partitions: u32| {
        changed(&|genesis| {
            let mut topics = genesis.topics.to_vec();
            topics[place].partitions = partitions;
            genesis.topics = List::new(topics).unwrap();
        })
    };
    let renamed = changed(&|genesis| {
        let mut topics = genesis.topics.to_vec();
        topics[7].topic = Text::new("control.zzz.v1").unwrap();
        genesis.topics = List::new(topics).unwrap();
    });
    let guarded = |kind: &str, value: &str| {
        changed(&|genesis| {
            let one = Protected { kind: Text::new(kind).unwrap(), value: Text::new(value).unwrap() };
            genesis.protected = List::new(vec![one]).unwrap();
        })
    };
    let triple = Named::new("admin-1", &[Algorithm::Ed25519, Algorithm::MlDsa44, Algorithm::MlDsa65]);
    let triple = triple.bundle().clone();
    let classical_producer = |demand| {
        changed(&|genesis| {
            let mut keys = genesis.registry.to_vec();
            keys[0].bundle = Named::new("det-1", &[Algorithm::Ed25519]).bundle().clone();
            keys[0].demand = demand;
            genesis.registry = List::new(keys).unwrap();
        })
    };
    let (halved, spared) = (classical_producer(Demand::WholeBundle), classical_producer(Demand::Ed25519));
    let mut early = recovery.clone();
    early.time_us = cybermesh_proto::TimeUs::new(1);
    vec![
        case("nobody agrees", &administrators(&|k, _| *k = 0), "genesis.administrators"),
        case("more agree than there are", &administrators(&|k, _| *k = 4), "genesis.administrators"),
        case(
            "a classical administrator",
            &administrators(&|_, keys| keys[0] = classical.clone()),
            "genesis.administrators",
        ),
        case(
            "an administrator twice",
            &administrators(&|_, keys| keys[1] = keys[0].clone()),
            "key.duplicate",
        ),
        case("a producer that may sign nothing", &unspoken, "genesis.registry"),
        case("a producer of what is no type", &ill_typed, "genesis.registry"),
        case("a producer with an administrator's key", &shared, "key.duplicate"),
        case("no network", &changed(&|g| g.network = Text::default()), "genesis.field"),
        case("protocol version 0", &changed(&|g| g.protocol_version = 0), "genesis.field"),
        case("a later format", &changed(&|g| g.version = 2), "wire.version"),
        case("events above the ceiling", &changed(&|g| g.limits.event_bytes = 65_537), "genesis.limits"),
        case("batches above the ceiling", &changed(&|g| g.limits.batch_bytes = 4_194_305), "genesis.limits"),
        case("a batch above its share", &changed(&|g| g.limits.block_bytes = 16_777_215), "genesis.limits"),
        case(
            "an event that hardly fits a batch",
            &changed(&|g| g.limits.batch_bytes = 131_072),
            "genesis.limits",
        ),
        case(
            "registry lag below four anchor lags",
            &changed(&|g| g.limits.registry_lag = 127),
            "genesis.limits",
        ),
        case("anchor lag that orders nothing", &changed(&|g| g.limits.anchor_lag = 7), "genesis.limits"),
        case(
            "anchor lag that bounds nothing",
            &changed(&|g| (g.limits.anchor_lag, g.limits.registry_lag) = (1025, 4100)),
            "genesis.limits",
        ),
        case("registry kept for ever", &changed(&|g| g.limits.registry_lag = 16_385), "genesis.limits"),
        case(
            "made after the last time",
            &changed(&|g| g.time_us = cybermesh_proto::TimeUs::new(1 << 53)),
            "genesis.field",
        ),
        case("commits in two partitions", &partitioned(1, 2), "genesis.topics"),
        case("a topic without partitions", &partitioned(4, 0), "genesis.topics"),
        case("a topic of too many partitions", &partitioned(4, 4097), "genesis.topics"),
        case(
            "a topic missing",
            &changed(&|g| g.topics = List::new(g.topics[1..].to_vec()).unwrap()),
            "genesis.topics",
        ),
        case("an unknown topic", &renamed, "genesis.topics"),
        case("a protected subject of no kind", &guarded("IP", "192.0.2.1"), "genesis.field"),
        case("a protected subject without value", &guarded("ip", ""), "genesis.field"),
        case(
            "an administrator with three keys",
            &administrators(&|_, keys| keys[0] = triple.clone()),
            "genesis.administrators",
        ),
        case("a classical producer that owes both halves", &halved, "genesis.registry"),
        case("a classical producer that is spared", &spared, "ok"),
        case("a bus without topics", &changed(&|g| g.topics = List::default()), "genesis.topics"),
        case("topics without a bus", &changed(&|g| g.bus = Bus::None), "genesis.topics"),
        case(
            "topics descending",
            &changed(&|g| {
                let mut topics = g.topics.to_vec();
                topics.reverse();
                g.topics = List::new(topics).unwrap();
            }),
            "genesis.topics",
        ),
        case(
            "protected subjects descending",
            &changed(&|g| {
                let mut protected = g.protected.to_vec();
                protected.reverse();
                g.protected = List::new(protected).unwrap();
            }),
            "genesis.field",
        ),
        case("a recovery older than its past", &early, "genesis.field"),
    ]
}

/// Any seed, and `t1` of noughts: one signature fits every message.
fn null_key<const N: usize>() -> Fixed<N> {
    let mut key = [0; N];
    key[..32].copy_from_slice(&[7; 32]);
    Fixed(key)
}

fn weak(number: usize) -> Fixed<32> {
    Fixed(curve25519_dalek::constants::EIGHT_TORSION[number].compress().to_bytes())
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
        action: Some(pb::governance_transaction::Action::RevokeKey(pb::RevokeKey {
            kid: kid.0.as_bytes().to_vec(),
        })),
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
        t.action = Some(pb::governance_transaction::Action::ChangeValidators(change));
    });
    let registering = |change: &dyn Fn(&mut pb::RegisterKey)| {
        changed(&|t| {
            let mut action = register("det-9");
            let pb::governance_transaction::Action::RegisterKey(key) = &mut action else {
                panic!("a registration")
            };
            change(key);
            t.action = Some(action);
        })
    };
    let removing = |name: &str| {
        changed(&|t| {
            let change = pb::ChangeValidators { remove: vec![name.into()], add: Vec::new() };
            t.action = Some(pb::governance_transaction::Action::ChangeValidators(change));
        })
    };
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
    pb::governance_transaction::Action::RegisterKey(pb::RegisterKey {
        role: pb::Role::Producer.into(),
        bundle: encode_canonical(bundle.bundle()),
        tenant: "acme".into(),
        subject: name.into(),
        types: vec!["Anomaly.*".into(), "Malware.Found.v2".into()],
        ed25519_only: false,
    })
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
