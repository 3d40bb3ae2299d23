//! No content of a block stops a block: what fails costs itself alone, and has a code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::items::{event, signed};
use cybermesh_effects::story::Story;
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{Person, Setup, World, codes};
use cybermesh_proto::agree::{Evidence, Item, ItemKind, Pair, RunReportStatement, Signed, VoteStatement};
use cybermesh_proto::audit::{AuditEntry, AuditLeaf};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::message::pb::event::v1::Event;
use cybermesh_proto::planted::{Fault, plant};
use cybermesh_proto::wire::{List, decode_canonical, encode_canonical};
use cybermesh_proto::{BlockId, Code, Count, Digest, Epoch, Height, ValidatorIndex, View};

const NOW: u64 = BEGIN_MS + 1000;

fn panicking(person: &Person, seq: u64) -> Event {
    Event { r#type: "Planted.Panic.v1".into(), ..event(person, 0, seq, NOW, "user", "mallory") }
}

/// Runs with a fault planted and a hook that stays quiet about panics of items only.
fn with_planted_panics<T>(work: impl FnOnce() -> T) -> T {
    plant(Some(Fault::ReducerPanics));
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        assert!(cybermesh_executor::panic_is_an_items(), "a panic outside of any item: {info}");
    }));
    let out = work();
    std::panic::set_hook(before);
    plant(None);
    out
}

#[test]
fn a_panicking_item_costs_itself_alone_and_its_place_is_used() {
    let det = Person::producer("det-1", "acme");
    let world = World::new(&Setup { people: vec![det.clone()], ..Setup::default() });
    let normal = |seq| signed(&det, &event(&det, 0, seq, NOW, "user", "mallory"));
    let (mut hurt, mut well) = (world.clone(), world);
    let applied = with_planted_panics(|| {
        hurt.batches(NOW, vec![vec![normal(1), signed(&det, &panicking(&det, 2)), normal(3)]])
    });
    assert_eq!(codes(&applied), [Code::EventApplied, Code::ExecutorFault, Code::EventApplied]);
    let leaf: AuditLeaf = decode_canonical(&applied.audit_leaves[0]).unwrap();
    assert_eq!(leaf.entry, AuditEntry::Fault(applied.items[1].id), "and it is an alarm");
    // What it had written before it failed is gone: the subject weighs what the two others make it weigh.
    let without = Event { severity_id: 1, confidence_bp: 0, ..panicking(&det, 2) };
    let without = Event { r#type: "Anomaly.Found.v1".into(), ..without };
    well.batches(NOW, vec![vec![normal(1), signed(&det, &without), normal(3)]]);
    let subject = |world: &World| {
        let name = cybermesh_executor::subject::Subject::read("user", "mallory").unwrap();
        world.row::<cybermesh_executor::score::Record>(&cybermesh_executor::rows::keys::subject(&name))
    };
    assert_eq!(subject(&hurt), subject(&well));
    let again =
        with_planted_panics(|| hurt.block(NOW + 1, vec![signed(&det, &panicking(&det, 2)), normal(4)]));
    assert_eq!(again, [Code::EventSeqUsed, Code::EventApplied], "it does not come again");
}

#[test]
fn a_block_full_of_panics_is_applied() {
    let det = Person::producer("det-1", "acme");
    let mut world = World::new(&Setup { people: vec![det.clone()], ..Setup::default() });
    let items = (1..=500).map(|seq| signed(&det, &panicking(&det, seq))).collect();
    let codes = with_planted_panics(|| world.block(NOW, items));
    assert_eq!(codes, [Code::ExecutorFault; 500]);
}

#[test]
fn numbers_at_their_limits_have_a_code_and_move_nothing_else() {
    let det = Person::producer("det-1", "acme");
    let mut world = World::new(&Setup { people: vec![det.clone()], ..Setup::default() });
    let most = i64::MAX as u64;
    let with = |stream, seq, at| signed(&det, &event(&det, stream, seq, at, "user", "mallory"));
    let items = vec![with(0, 1, NOW), with(0, most, NOW), with(u32::MAX, 1, 0), with(1, 1, (1 << 53) - 1)];
    let applied = world.batches(NOW, vec![items]);
    let expected = [Code::EventApplied, Code::EventBeyondSpan, Code::EventAppliedLate, Code::EventDatedAhead];
    assert_eq!(codes(&applied), expected);
    let later = NOW + 600_000;
    assert_eq!(world.block(later, vec![with(0, most, later)]), [Code::EventApplied], "the window has moved");
    assert_eq!(world.block(later, vec![with(0, most, later), with(0, 2, later)]), [Code::EventSeqUsed; 2]);
}

#[test]
fn times_of_blocks_may_be_anything_that_grows() {
    let det = Person::producer("det-1", "acme").alone();
    let mut world = World::new(&Setup { people: vec![det.clone()], ..Setup::default() });
    let say = |seq, at| signed(&det, &Event { severity_id: 6, ..event(&det, 0, seq, at, "user", "mallory") });
    let far = ((1_u64 << 63) - 1) / 1000;
    for (seq, now) in [(1, 0), (2, 1), (3, NOW), (4, far)] {
        let codes = world.block(now, vec![say(seq, now.min((1 << 53) - 1))]);
        assert!(matches!(codes[0], Code::EventApplied | Code::EventAppliedLate), "{now}: {codes:?}");
    }
}

#[test]
fn transactions_of_validators_that_mean_nothing_have_a_code() {
    let mut world = World::new(&Setup::default());
    let chain = world.chain.id;
    let vote = |author: u16, epoch: u64, byte: u8| Signed {
        statement: VoteStatement {
            chain,
            epoch: Epoch::new(epoch),
            view: View::new(3),
            height: Height::new(3),
            block: BlockId(Digest::new([byte; 32])),
        },
        author: ValidatorIndex::try_from(author).unwrap(),
        signature: ValidatorSignature::new(vec![0; 64]).unwrap(),
    };
    let evidence = |author, epoch| {
        let pair = Evidence::Votes(Pair::new(vote(author, epoch, 1), vote(author, epoch, 2)));
        ItemKind::Evidence.item(encode_canonical(&pair)).unwrap()
    };
    let report = Signed {
        statement: RunReportStatement {
            chain,
            epoch: Epoch::ZERO,
            report_seq: Count::new(1),
            term: Count::ZERO,
            ends: List::default(),
        },
        author: ValidatorIndex::default(),
        signature: ValidatorSignature::new(vec![0; 64]).unwrap(),
    };
    let report = ItemKind::Report.item(encode_canonical(&report)).unwrap();
    let items = vec![evidence(2, 0), evidence(2, 0), evidence(99, 0), evidence(1, 7), report];
    let expected = [
        Code::EvidenceApplied,
        Code::EvidenceRepeated,
        Code::EvidenceEpoch,
        Code::EvidenceEpoch,
        Code::ReportNoBus,
    ];
    assert_eq!(world.block(NOW, items), expected);
}

#[test]
fn every_item_of_a_hostile_story_ends_with_a_code() {
    for seed in 900..904 {
        let (mut story, mut world) = Story::new(seed);
        for _ in 0..40 {
            let items: Vec<Item> = story.block(&world, 50);
            let count = items.len();
            let applied = world.batches(story.now_ms, vec![items]);
            assert_eq!((applied.items.len(), applied.decision.tx.size.get()), (count, count as u64));
            assert!(!codes(&applied).contains(&Code::ExecutorFault), "seed {seed}");
        }
    }
}
