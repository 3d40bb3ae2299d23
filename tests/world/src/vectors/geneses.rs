//! Geneses: the sound ones, and every unsafe one.

use cybermesh_keys::Signer as _;
use cybermesh_proto::agree::{Validator, ValidatorSet};
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{Bus, Genesis, Protected};
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme};
use cybermesh_proto::wire::{Fixed, List, Text, encode_canonical};

use super::samples::story;
use super::{Case, Suite};
use crate::cluster::{genesis, members};
use crate::keys::Named;

pub(super) fn suite() -> Suite {
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
        case("a post-quantum key of ones", &with_set(&|set| set[2].ml_dsa_65 = filled_key(0xff)), "key.weak"),
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
    filled_key(0)
}

/// Every coefficient of `t1` alike: 1,023 (−1 modulo q when it is shifted) forges as well as nought.
fn filled_key<const N: usize>(byte: u8) -> Fixed<N> {
    let mut key = [byte; N];
    key[..32].copy_from_slice(&[7; 32]);
    Fixed(key)
}

fn weak(number: usize) -> Fixed<32> {
    Fixed(curve25519_dalek::constants::EIGHT_TORSION[number].compress().to_bytes())
}
