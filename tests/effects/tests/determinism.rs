//! The same blocks give the same bytes: whoever decodes them, in whatever order, however they are cut into batches
//! on the way, on this machine or another.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::story::Story;
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{AcceptAll, Person, Setup, World, codes};
use cybermesh_executor::applied::Applied;
use cybermesh_executor::block::{Parent, Ready, ReadyBatch, apply};
use cybermesh_executor::outbound::leaf_of_item;
use cybermesh_executor::simulate::simulate;
use cybermesh_proto::agree::Item;
use cybermesh_proto::event::SignedEvent;
use cybermesh_proto::message::pb::control::v1::Leaf;
use cybermesh_proto::{Code, ValidatorIndex};
use proptest::prelude::*;
use prost::Message as _;

/// A story as blocks of items.
fn told(seed: u64, blocks: usize) -> (World, Vec<(u64, Vec<Item>)>) {
    let (mut story, mut world) = Story::new(seed);
    let first = world.clone();
    let mut out = Vec::new();
    for _ in 0..blocks {
        let items = story.block(&world, 40);
        world.block(story.now_ms, items.clone());
        out.push((story.now_ms, items));
    }
    (first, out)
}

/// Decodes on several threads, last item first.
fn decoded(items: Vec<Item>) -> ReadyBatch {
    let count = items.len();
    let mut slots: Vec<Option<Ready>> = (0..count).map(|_| None).collect();
    std::thread::scope(|scope| {
        for (slot, item) in slots.iter_mut().zip(items).rev() {
            scope.spawn(move || *slot = Some(Ready::new(item).unwrap()));
        }
    });
    ReadyBatch { author: ValidatorIndex::default(), items: slots.into_iter().map(Option::unwrap).collect() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_instances_agree_in_every_byte(seed in any::<u64>(), blocks in 1_usize..12) {
        let (first, blocks) = told(seed, blocks);
        let (mut one, mut other) = (first.clone(), first);
        for (now, items) in blocks {
            let expected = one.batches(now, vec![items.clone()]);
            let header = other.header(now);
            let applied =
                apply(&other.store, &other.chain, &AcceptAll, &other.parent, &header, &[decoded(items)]).unwrap();
            prop_assert_eq!(&applied, &expected);
            other.store.apply(applied.decision.height, &applied.writes, &applied.tree).unwrap();
            other.parent = Parent::of(&applied.decision);
        }
    }

    #[test]
    fn a_simulation_gives_the_outcome_that_consensus_gives(seed in any::<u64>()) {
        let (mut world, blocks) = told(seed, 6);
        for (now, items) in blocks {
            let ready = [decoded(items.clone())];
            let header = world.header(now);
            let foretold = simulate(&world.store, &world.chain, &AcceptAll, &world.parent, &header, &ready).unwrap();
            let applied = world.batches(now, vec![items]);
            prop_assert_eq!(foretold.codes, codes(&applied));
            prop_assert_eq!(foretold.writes, applied.writes);
        }
    }

    #[test]
    fn outbound_leaves_are_made_anew_from_what_is_stored(seed in any::<u64>()) {
        let (mut world, blocks) = told(seed, 6);
        for (now, items) in blocks {
            let applied = world.batches(now, vec![items.clone()]);
            check_outbound(&world, now, &items, &applied);
        }
    }
}

fn check_outbound(world: &World, now: u64, items: &[Item], applied: &Applied) {
    use cybermesh_executor::applied::OutboundBody;
    for row in &applied.outbound {
        let leaf = match &row.body {
            OutboundBody::Inline(leaf) => leaf.clone(),
            OutboundBody::Item { index } => {
                let (item, decided) = (&items[*index as usize], &applied.items[*index as usize]);
                let (key, value) = leaf_of_item(row.topic, item, decided.outcome, now).unwrap();
                let topic = cybermesh_executor::outbound::name(row.topic).into();
                Leaf { topic, partition: row.partition, seq: row.seq, key, value }.encode_to_vec()
            }
        };
        assert_eq!(cybermesh_proto::merkle::leaf_hash(&leaf), row.leaf_hash);
    }
    let heads =
        cybermesh_executor::outbound::heads(&world.chain, &world.store, applied.decision.epoch).unwrap();
    assert_eq!(heads.hash(), applied.decision.outbox.heads_hash);
}

/// Roots of stories by seed. They change only with the rules, on purpose, with a line in the changelog.
#[test]
fn golden_decisions_are_those_of_the_protocol_version() {
    assert_eq!(
        cybermesh_effects::golden::lines(),
        include_str!("golden.txt"),
        "`make bless`, if that was meant"
    );
}

#[test]
fn another_order_of_items_is_another_result() {
    let people = [Person::producer("a", "acme"), Person::producer("b", "acme")];
    let mut world = World::new(&Setup { people: people.to_vec(), ..Setup::default() });
    let mut other = world.clone();
    let say = |who: &Person| {
        let event = cybermesh_effects::items::event(who, 0, 1, BEGIN_MS, "user", "mallory");
        cybermesh_effects::items::signed(who, &event)
    };
    let items = vec![say(&people[0]), say(&people[1])];
    let reversed: Vec<_> = items.iter().rev().cloned().collect();
    assert_eq!(SignedEvent::decode(items[0].bytes()).unwrap().producer(), people[0].kid());
    let one = world.batches(BEGIN_MS + 1, vec![items]);
    let two = other.batches(BEGIN_MS + 1, vec![reversed]);
    assert_eq!((codes(&one), codes(&two)), (vec![Code::EventApplied; 2], vec![Code::EventApplied; 2]));
    assert_ne!(one.decision.tx.root, two.decision.tx.root, "the quorum signs the order");
}
