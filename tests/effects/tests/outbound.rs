//! What leaves: dense numbers, one partition for one key, a tree for each block and heads over all of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;

use cybermesh_effects::duties::{report, two_votes, validators};
use cybermesh_effects::items::{event, governance, signed};
use cybermesh_effects::people::validator;
use cybermesh_effects::proofs::Archive;
use cybermesh_effects::rng::Rng;
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{Person, Setup, World};
use cybermesh_executor::applied::{Applied, OutboundBody};
use cybermesh_executor::chain::TOPICS;
use cybermesh_executor::outbound::{heads, leaf_of_item, name, partition};
use cybermesh_proto::agree::{Item, OutboxHeads};
use cybermesh_proto::genesis::{Bus, Role};
use cybermesh_proto::merkle::{BlockTree, leaf_hash};
use cybermesh_proto::message::pb::control::v1::redrive::Proof;
use cybermesh_proto::message::pb::control::v1::{AuditRecord, EventRecord, Leaf};
use cybermesh_proto::{Code, ItemId};
use prost::Message as _;

const NOW: u64 = BEGIN_MS + 1000;
const EVENTS: u16 = 4;

/// The bytes of a leaf, made anew from the item where it is a reference.
fn leaf(items: &[Item], applied: &Applied, row: &cybermesh_executor::applied::OutboundRow, now: u64) -> Leaf {
    match &row.body {
        OutboundBody::Inline(bytes) => Leaf::decode(bytes.as_slice()).unwrap(),
        OutboundBody::Item { index } => {
            let (item, decided) = (&items[*index as usize], &applied.items[*index as usize]);
            let (key, value) = leaf_of_item(row.topic, item, decided.outcome, now).unwrap();
            Leaf { topic: name(row.topic).into(), partition: row.partition, seq: row.seq, key, value }
        }
    }
}

/// Everything that can make a leaf, by seed: events good and bad, rules, misdeeds, redrives, terms, reports.
struct Tale {
    archive: Archive,
    rng: Rng,
    det: Person,
    seq: u64,
    bad: Vec<(u64, usize, Item)>,
}

impl Tale {
    fn new(seed: u64) -> Self {
        let det = Person::producer("det-1", "acme").alone();
        let people = vec![det.clone(), operator()];
        let archive = Archive::new(World::new(&Setup { people, bus: Bus::Kafka, ..Setup::default() }));
        Self { archive, rng: Rng::new(seed), det, seq: 0, bad: Vec::new() }
    }

    fn block(&mut self, now: u64) -> (Vec<Item>, Applied) {
        let mut items: Vec<_> = (0..self.rng.below(6)).map(|_| self.event(now)).collect();
        let height = self.archive.height() + 1;
        if self.rng.once_in(9) {
            items.push(two_votes(&self.archive.world, 2, 0, height));
        }
        if self.rng.once_in(9) {
            items.push(report(&self.archive.world, 0, height, &[]));
        }
        // Proven only once a later block stands on it.
        let ripe = self.bad.first().is_some_and(|(rejected, _, _)| rejected + 1 < height);
        if ripe && self.rng.once_in(3) {
            let (height, index, origin) = self.bad.remove(0);
            let proof = Proof::Rejection(self.archive.rejection(height, index));
            items.push(self.archive.redrive(&operator(), &origin, 0, proof));
        }
        let applied = self.archive.block(now, items.clone());
        let rejected = |(index, item): (usize, &Item)| {
            let outcome = Code::from_number(applied.items[index].outcome).unwrap();
            matches!(outcome, Code::EventSubject | Code::EventDatedAhead)
                .then(|| (height, index, item.clone()))
        };
        self.bad.extend(items.iter().enumerate().filter_map(rejected));
        (items, applied)
    }

    fn event(&mut self, now: u64) -> Item {
        self.seq += 1;
        let value = format!("198.51.100.{}", self.rng.below(300));
        let kind = *self.rng.pick(&["ip", "mailbox"]);
        let mut event = event(&self.det, 0, self.seq, now, kind, &value);
        event.severity_id = 6;
        if self.rng.once_in(5) {
            event.created_at_ms += 400_000;
        }
        if self.rng.once_in(7) {
            event.r#type = "Evidence.Attach.v1".into();
        }
        signed(&self.det, &event)
    }
}

fn operator() -> Person {
    Person::new("svc", "acme", Role::Service, &[])
}

#[test]
fn numbers_are_dense_and_heads_are_the_newest_of_them() {
    for seed in 0..3 {
        let mut tale = Tale::new(seed);
        let mut newest: BTreeMap<(u16, u32), u64> = BTreeMap::new();
        let (mut with_leaves, mut codes) = (0, std::collections::BTreeSet::new());
        for step in 0..120 {
            let now = NOW + step * 7000;
            let (items, applied) = tale.block(now);
            codes.extend(applied.items.iter().map(|item| item.outcome));
            for row in &applied.outbound {
                let last = newest.entry((row.topic, row.partition)).or_insert(0);
                assert_eq!(row.seq, *last + 1, "{} {}", name(row.topic), row.partition);
                *last = row.seq;
                let leaf = leaf(&items, &applied, row, now);
                assert_eq!(leaf_hash(&leaf.encode_to_vec()), row.leaf_hash);
                assert_eq!(
                    (leaf.topic.as_str(), leaf.partition, leaf.seq),
                    (name(row.topic), row.partition, row.seq)
                );
                assert_eq!(row.partition, partition(&leaf.key, 12), "a key has one partition");
            }
            with_leaves += u64::from(!applied.outbound.is_empty());
            let hashes: Vec<_> = applied.outbound.iter().map(|row| row.leaf_hash).collect();
            let outbox = &applied.decision.outbox;
            assert_eq!(outbox.count.get(), hashes.len() as u64);
            assert_eq!(outbox.root, BlockTree::of_hashes(&hashes).root());
            let world = &tale.archive.world;
            let heads = heads(&world.chain, &world.store, applied.decision.epoch).unwrap();
            assert_eq!(heads.hash(), outbox.heads_hash);
            check_heads(&heads, &newest, with_leaves);
        }
        for code in [Code::RedriveApplied, Code::EventApplied, Code::EventDatedAhead, Code::EvidenceApplied] {
            assert!(codes.contains(&code.number()), "seed {seed} met no {}", code.name());
        }
        let topics: std::collections::BTreeSet<_> = newest.keys().map(|(topic, _)| *topic).collect();
        assert_eq!(topics.into_iter().collect::<Vec<_>>(), [0, 2, 4, 5, 6, 7], "seed {seed}");
    }
}

fn check_heads(heads: &OutboxHeads, newest: &BTreeMap<(u16, u32), u64>, with_leaves: u64) {
    assert_eq!(
        heads.0.iter().map(|one| usize::from(one.topic)).collect::<Vec<_>>(),
        (0..TOPICS.len()).collect::<Vec<_>>()
    );
    for topic in heads.0.iter() {
        let expected: Vec<_> = match topic.topic {
            1 => vec![with_leaves],
            3 => vec![0],
            topic => (0..12).map(|place| newest.get(&(topic, place)).copied().unwrap_or(0)).collect(),
        };
        assert_eq!(
            topic.seqs.iter().map(|seq| seq.get()).collect::<Vec<_>>(),
            expected,
            "{}",
            name(topic.topic)
        );
    }
}

#[test]
fn audit_records_are_in_the_order_of_the_log_in_one_partition() {
    let mut tale = Tale::new(9);
    let (mut next, mut places) = (0, std::collections::BTreeSet::new());
    for step in 0..100 {
        let now = NOW + step * 7000;
        let (items, applied) = tale.block(now);
        let mut leaves = applied.audit_leaves.iter();
        for row in applied.outbound.iter().filter(|row| row.topic == 0) {
            let record = AuditRecord::decode(leaf(&items, &applied, row, now).value.as_slice()).unwrap();
            assert_eq!((record.index, &record.leaf), (next, leaves.next().unwrap()));
            places.insert(row.partition);
            next += 1;
        }
        assert_eq!((leaves.next(), applied.decision.audit_log.size.get()), (None, next));
    }
    assert_eq!(places.len(), 1);
}

#[test]
fn the_record_of_an_event_holds_it_only_when_it_had_its_effect() {
    let mut tale = Tale::new(4);
    let mut seen = std::collections::BTreeSet::new();
    for step in 0..60 {
        let now = NOW + step * 7000;
        let (items, applied) = tale.block(now);
        for row in applied.outbound.iter().filter(|row| row.topic == EVENTS) {
            let OutboundBody::Item { index } = row.body else { panic!("events are references") };
            let record = EventRecord::decode(leaf(&items, &applied, row, now).value.as_slice()).unwrap();
            let outcome = Code::from_number(applied.items[index as usize].outcome).unwrap();
            let effective =
                matches!(outcome, Code::EventApplied | Code::EventAppliedLate | Code::RedriveApplied);
            assert_eq!(!record.signed_event.is_empty(), effective, "{}", outcome.name());
            assert_eq!((record.outcome, record.decided_at_ms), (outcome.number().into(), now));
            if matches!(items[index as usize], Item::Event(_)) {
                assert_eq!(record.event_id, applied.items[index as usize].id.0.as_bytes());
            } else {
                let origin = cybermesh_proto::event::SignedEvent::decode(&record.signed_event);
                let named = origin.map(|origin| ItemId(origin.id().0).0.as_bytes().to_vec());
                assert!(
                    named.is_err() || named.unwrap() == record.event_id,
                    "a redrive's record names the event"
                );
            }
            seen.insert(outcome.number());
        }
    }
    for code in [Code::EventApplied, Code::EventDatedAhead, Code::RedriveApplied] {
        assert!(seen.contains(&code.number()), "{}", code.name());
    }
}

#[test]
fn heads_count_heights_with_leaves_and_epochs() {
    let mut world = World::new(&Setup { bus: Bus::Kafka, ..Setup::default() });
    let of = |world: &World, topic: usize| {
        heads(&world.chain, &world.store, world.epoch).unwrap().0[topic]
            .seqs
            .iter()
            .map(|seq| seq.get())
            .collect::<Vec<_>>()
    };
    assert_eq!((of(&world, 1), of(&world, 3)), (vec![0], vec![0]));
    let applied = world.batches(NOW, vec![vec![]]);
    assert_eq!((applied.outbound.len(), of(&world, 1)), (1, vec![1]), "the first term has its audit leaf");
    let applied = world.batches(NOW + 1, vec![vec![]]);
    assert_eq!((applied.outbound.len(), of(&world, 1)), (0, vec![1]), "an empty height has none");
    let action = validators(&[], &[validator("node-5")]);
    let change = governance(world.chain.id, 50, 1, action, &["admin-1", "admin-2"]);
    let ending = world.batches(NOW + 2, vec![vec![change]]);
    let epoch_before = heads(&world.chain, &world.store, ending.decision.epoch).unwrap();
    assert_eq!(ending.decision.outbox.heads_hash, epoch_before.hash(), "a decision tells of its own epoch");
    let applied = world.batches(NOW + 3, vec![vec![]]);
    let now = heads(&world.chain, &world.store, applied.decision.epoch).unwrap();
    assert_eq!(
        (now.hash(), of(&world, 1), of(&world, 3)),
        (applied.decision.outbox.heads_hash, vec![3], vec![1])
    );
}

#[test]
fn without_a_bus_every_topic_has_one_partition_and_its_numbers() {
    let det = Person::producer("det-1", "acme");
    let mut world = World::new(&Setup { people: vec![det.clone()], ..Setup::default() });
    let say = |seq, value: &str| signed(&det, &event(&det, 0, seq, NOW, "mailbox", value));
    let applied = world.batches(NOW, vec![vec![say(1, "a"), say(2, "b"), say(3, "c")]]);
    let rows: Vec<_> = applied.outbound.iter().map(|row| (row.topic, row.partition, row.seq)).collect();
    assert_eq!(rows, [(EVENTS, 0, 1), (EVENTS, 0, 2), (EVENTS, 0, 3)]);
}

#[test]
fn partitions_of_keys_are_those_of_the_wire_page() {
    // The first eight bytes of SHA-256, big-endian, modulo the count.
    let hash = cybermesh_proto::hash::sha256(&[b"acme\0x@y"]);
    let number = u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap());
    for count in [1, 2, 12, 4096] {
        assert_eq!(u64::from(partition(b"acme\0x@y", count)), number % u64::from(count));
    }
    assert_eq!(partition(b"anything", 0), 0);
}
