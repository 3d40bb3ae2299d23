//! Validators: how a set follows another, what a misdeed costs, and what is remembered of it for how long.
//! `docs/governance.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::duties::{decide, numbers, two_votes, validators, world_of};
use cybermesh_effects::items::governance;
use cybermesh_effects::people::validator;
use cybermesh_effects::world::{BEGIN_MS, genesis};
use cybermesh_effects::{AcceptAll, Setup, World, codes};
use cybermesh_executor::applied::Applied;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::rows::{EpochRow, Space, ValidatorQuarantine, keys};
use cybermesh_executor::view::View as _;
use cybermesh_proto::agree::{Item, ValidatorSet};
use cybermesh_proto::audit::{AuditEntry, AuditLeaf};
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::wire::decode_canonical;
use cybermesh_proto::{Code, Epoch, Height, ValidatorIndex};

const NOW: u64 = BEGIN_MS + 1000;

/// A world of n validators that looks back 64 heights.
fn short_world(n: usize) -> World {
    let mut genesis = genesis(&Setup { n, ..Setup::default() });
    (genesis.limits.anchor_lag, genesis.limits.registry_lag) = (8, 32);
    world_of(genesis)
}

fn by_two(world: &World, nonce: u64, action: Action) -> Item {
    governance(world.chain.id, world.parent.height.get() + 50, nonce, action, &["admin-1", "admin-2"])
}

fn block(world: &mut World, items: Vec<Item>) -> Applied {
    let now = NOW + world.parent.height.get();
    world.batches(now, vec![items])
}

/// A block whose header names this anchor.
fn anchored(world: &mut World, anchor: u64, items: Vec<Item>) -> Applied {
    let mut header = world.header(NOW + world.parent.height.get());
    header.anchor_height = Height::new(anchor);
    decide(world, &header, items, &AcceptAll).unwrap()
}

fn to_height(world: &mut World, height: u64) {
    while world.parent.height.get() < height {
        block(world, vec![]);
    }
}

fn code(world: &mut World, item: Item) -> Code {
    codes(&block(world, vec![item]))[0]
}

fn rows(store: &MemoryStore, space: Space) -> usize {
    let (mut from, below) = keys::below(space, None);
    let mut count = 0;
    while let Some((key, _)) = store.first(&from, &below).unwrap() {
        from = [key, vec![0]].concat();
        count += 1;
    }
    count
}

fn names(set: &ValidatorSet) -> Vec<String> {
    set.iter().map(|one| one.name.as_str().to_owned()).collect()
}

#[test]
fn an_epoch_ends_with_the_block_that_changes_its_validators() {
    let mut world = short_world(4);
    let change = validators(&["node-2"], &[validator("node-5"), validator("node-6")]);
    let change = by_two(&world, 1, change);
    let old = world.trusted.genesis().validators.hash();
    let applied = block(&mut world, vec![change]);
    let next = applied.next.unwrap();
    assert_eq!(names(&next), ["node-1", "node-3", "node-4", "node-5", "node-6"], "who joins comes last");
    assert_eq!((applied.decision.epoch, applied.decision.validator_set_hash), (Epoch::ZERO, old));
    assert_eq!(applied.decision.next_validator_set_hash, next.hash());
    let row: EpochRow = world.row(&keys::epoch(Epoch::new(1))).unwrap();
    assert_eq!((row.root, &row.set), (Height::new(1), &next));
    let applied = block(&mut world, vec![]);
    let (now, after) = (applied.decision.validator_set_hash, applied.decision.next_validator_set_hash);
    assert_eq!((applied.next, now, after), (None, next.hash(), next.hash()));
}

#[test]
fn blocks_of_an_epoch_that_is_over_or_has_not_begun_have_no_effect() {
    let mut world = short_world(4);
    let change = by_two(&world, 1, validators(&[], &[validator("node-5")]));
    block(&mut world, vec![change]);
    let clone = world.clone();
    for epoch in [0, 2] {
        let mut header = world.header(NOW + 9);
        header.epoch = Epoch::new(epoch);
        assert!(decide(&mut world, &header, vec![], &AcceptAll).is_err(), "epoch {epoch}");
    }
    assert_eq!(world.store.newest(), clone.store.newest());
    assert!(decide(&mut world, &clone.header(NOW + 9), vec![], &AcceptAll).is_ok());
}

#[test]
fn changes_in_one_block_come_to_one_set_and_one_epoch() {
    let mut world = short_world(4);
    let steps = [
        validators(&[], &[validator("node-5")]),
        validators(&["node-1"], &[]),
        validators(&["node-2", "node-3"], &[]),
        validators(&["node-1"], &[]),
        validators(&["node-5"], &[validator("node-6")]),
    ];
    let items = (1..).zip(steps).map(|(nonce, step)| by_two(&world, nonce, step)).collect();
    let applied = block(&mut world, items);
    let (done, unsafe_) = (Code::GovernanceApplied, Code::GovernanceSetUnsafe);
    assert_eq!(codes(&applied), [done, done, unsafe_, unsafe_, done]);
    assert_eq!(names(&applied.next.unwrap()), ["node-2", "node-3", "node-4", "node-6"]);
    assert_eq!((world.epoch.get(), rows(&world.store, Space::Epochs)), (1, 2));
}

#[test]
fn sets_that_are_not_safe_are_refused() {
    let mut same_key = validator("node-5");
    same_key.libp2p = same_key.ed25519;
    let mut loud = validator("node-5");
    loud.name = cybermesh_proto::wire::Text::new("Node 5").unwrap();
    let mut another = validator("node-6");
    another.name = cybermesh_proto::wire::Text::new("node-4").unwrap();
    let mut weak = validator("node-5");
    weak.ml_dsa_44.0 = [0; 1312];
    let cases = [
        ("three are too few", validators(&["node-1"], &[])),
        ("nobody of that name", validators(&["node-9"], &[validator("node-5")])),
        ("one name twice", validators(&["node-1", "node-1"], &[validator("node-5")])),
        ("a key for two things", validators(&[], &[same_key])),
        ("no label", validators(&[], &[loud])),
        ("a name that is taken", validators(&[], &[another])),
        ("one validator twice", validators(&[], &[validator("node-5"), validator("node-5")])),
        ("a weak key", validators(&[], &[weak])),
    ];
    for (why, action) in cases {
        let mut world = short_world(4);
        let item = by_two(&world, 1, action);
        let applied = block(&mut world, vec![item]);
        assert_eq!((codes(&applied)[0], applied.next), (Code::GovernanceSetUnsafe, None), "{why}");
    }
}

#[test]
fn a_misdeed_keeps_its_author_from_leading_for_exactly_so_many_heights() {
    let mut world = short_world(4);
    let shorter = by_two(&world, 1, numbers(&[("quarantine_heights", 100)]));
    block(&mut world, vec![shorter]);
    let [first, second] = [7, 8].map(|view| two_votes(&world, 2, 0, view));
    let applied = block(&mut world, vec![first.clone(), second.clone()]);
    assert_eq!(codes(&applied), [Code::EvidenceApplied, Code::EvidenceRepeated]);
    let found = applied.quarantines[0];
    let expected = (ValidatorIndex::new(2), Height::new(2), Some(Height::new(102)));
    assert_eq!((Some(found.validator), found.begin, found.end), expected);
    let leaf: AuditLeaf = decode_canonical(&applied.audit_leaves[0]).unwrap();
    let AuditEntry::Isolation(told) = leaf.entry else { panic!("{leaf:?}") };
    assert_eq!((told.validator.as_str(), told.until.get()), ("node-3", 102));
    assert_eq!(applied.outbound.len(), 2, "one leaf for the misdeed, one for the audit log");
    to_height(&mut world, 100);
    assert_eq!(code(&mut world, second.clone()), Code::EvidenceRepeated, "height 101");
    assert_eq!(code(&mut world, first.clone()), Code::EvidenceRepeated, "height 102: known");
    let applied = block(&mut world, vec![second.clone(), first]);
    assert_eq!(
        codes(&applied),
        [Code::EvidenceApplied, Code::EvidenceRepeated],
        "one that was never counted"
    );
    let ends: Vec<_> =
        applied.quarantines.iter().map(|one| (one.begin.get(), one.end.unwrap().get())).collect();
    assert_eq!(ends, [(2, 102), (103, 203)], "both stay while leaders can depend on them");
}

#[test]
fn evidence_that_a_liar_packs_against_itself_leaves_one_row_and_one_word() {
    let mut world = short_world(4);
    let flood = (1..=3000).map(|view| two_votes(&world, 1, 0, view)).collect();
    let applied = block(&mut world, flood);
    let count = |code| codes(&applied).iter().filter(|one| **one == code).count();
    assert_eq!((count(Code::EvidenceApplied), count(Code::EvidenceRepeated)), (1, 2999));
    assert_eq!((rows(&world.store, Space::Misdeeds), rows(&world.store, Space::Quarantines)), (1, 1));
    assert_eq!((applied.audit_leaves.len(), applied.outbound.len()), (1, 2));
}

#[test]
fn evidence_counts_until_its_epoch_is_long_over_and_only_against_who_is_still_there() {
    let mut world = short_world(5);
    let change = by_two(&world, 1, validators(&["node-5"], &[validator("node-6")]));
    let (inside, gone) = (two_votes(&world, 0, 0, 3), two_votes(&world, 4, 0, 3));
    let early = two_votes(&world, 0, 1, 3);
    let items = vec![early.clone(), change, gone.clone(), two_votes(&world, 4, 0, 4)];
    let applied = block(&mut world, items);
    let expected = [Code::EvidenceEpoch, Code::GovernanceApplied, Code::EvidenceEpoch, Code::EvidenceEpoch];
    assert_eq!(codes(&applied), expected, "no epoch ahead, nobody who leaves");
    let items = vec![two_votes(&world, 3, 0, 9), two_votes(&world, 4, 1, 3), two_votes(&world, 5, 1, 3)];
    let applied = block(&mut world, items);
    assert_eq!(codes(&applied), [Code::EvidenceApplied, Code::EvidenceApplied, Code::EvidenceEpoch]);
    let who: Vec<_> = applied.quarantines.iter().map(|one| one.validator.as_usize()).collect();
    assert_eq!(
        (who.len(), who.contains(&3), who.contains(&4)),
        (2, true, true),
        "by the indices of the present set"
    );
    to_height(&mut world, 64);
    let late = two_votes(&world, 1, 0, 3);
    assert_eq!(code(&mut world, inside), Code::EvidenceApplied, "height 65: 64 after its end");
    assert_eq!(code(&mut world, late), Code::EvidenceEpoch, "height 66");
    assert_eq!(code(&mut world, gone), Code::EvidenceEpoch);
}

#[test]
fn a_quarantine_follows_the_key_and_not_the_name() {
    let mut world = short_world(4);
    let misdeed = two_votes(&world, 0, 0, 3);
    block(&mut world, vec![misdeed]);
    let mut newcomer = validator("node-9");
    newcomer.name = cybermesh_proto::wire::Text::new("node-1").unwrap();
    let change = by_two(&world, 1, validators(&["node-1"], &[newcomer]));
    let applied = block(&mut world, vec![change]);
    assert_eq!((codes(&applied)[0], applied.quarantines.len()), (Code::GovernanceApplied, 0));
    let again = two_votes(&world, 3, 1, 3);
    assert_eq!(code(&mut world, again), Code::EvidenceApplied, "the newcomer answers for itself");
}

#[test]
fn a_quarantine_is_remembered_until_no_leader_can_depend_on_it() {
    let mut world = short_world(4);
    let shorter = by_two(&world, 1, numbers(&[("quarantine_heights", 100)]));
    let misdeed = two_votes(&world, 2, 0, 3);
    anchored(&mut world, 0, vec![shorter, misdeed]);
    let remembered = |applied: &Applied| applied.quarantines.len();
    // Nothing is certified for long: whoever asks who leads still asks about height 5.
    while world.parent.height.get() < 700 {
        assert_eq!(remembered(&anchored(&mut world, 5, vec![])), 1, "at height {}", world.parent.height);
    }
    // Height 701 names an anchor at which the quarantine stood for the last time, height 702 a later one.
    anchored(&mut world, 100, vec![]);
    anchored(&mut world, 101, vec![]);
    while world.parent.height.get() < 702 + 511 {
        assert_eq!(remembered(&anchored(&mut world, 700, vec![])), 1, "at height {}", world.parent.height);
    }
    assert_eq!(
        remembered(&anchored(&mut world, 700, vec![])),
        0,
        "512 heights later no window begins so early"
    );
    assert_eq!(rows(&world.store, Space::Quarantines), 0);
}

#[test]
fn misdeeds_and_sets_of_epochs_long_over_are_forgotten() {
    let mut world = short_world(4);
    let items: Vec<_> = (0..3).map(|author| two_votes(&world, author, 0, 3)).collect();
    block(&mut world, items.clone());
    let change = by_two(&world, 1, validators(&[], &[validator("node-5")]));
    block(&mut world, vec![change]);
    to_height(&mut world, 66);
    assert_eq!(rows(&world.store, Space::Misdeeds), 3, "64 heights after the end");
    to_height(&mut world, 67);
    assert_eq!(rows(&world.store, Space::Misdeeds), 0);
    assert_eq!(codes(&block(&mut world, items)), [Code::EvidenceEpoch; 3], "and nobody can bring them back");
    let fresh = two_votes(&world, 4, 1, 3);
    assert_eq!(code(&mut world, fresh), Code::EvidenceApplied);
    to_height(&mut world, 131);
    let change = by_two(&world, 2, validators(&[], &[validator("node-6")]));
    assert_eq!(code(&mut world, change), Code::GovernanceApplied);
    let kept = |world: &World, epoch| world.row::<EpochRow>(&keys::epoch(Epoch::new(epoch))).is_some();
    assert!(!kept(&world, 0) && kept(&world, 1) && kept(&world, 2), "epoch 0 ended 130 heights ago");
    assert_eq!(rows(&world.store, Space::Misdeeds), 1, "that of the epoch just over stays");
}

#[test]
fn a_set_stays_known_as_long_as_evidence_of_its_epoch_counts() {
    let mut world = short_world(4);
    for (nonce, name) in (1..).zip(["node-5", "node-6", "node-7"]) {
        let change = by_two(&world, nonce, validators(&[], &[validator(name)]));
        assert_eq!(code(&mut world, change), Code::GovernanceApplied);
    }
    assert_eq!(rows(&world.store, Space::Epochs), 4);
    let [old, newer] = [two_votes(&world, 0, 0, 3), two_votes(&world, 5, 2, 3)];
    let applied = block(&mut world, vec![old, newer]);
    assert_eq!(codes(&applied), [Code::EvidenceApplied; 2]);
    to_height(&mut world, 128);
    let change = by_two(&world, 9, validators(&[], &[validator("node-8")]));
    assert_eq!(code(&mut world, change), Code::GovernanceApplied, "height 129");
    assert_eq!(rows(&world.store, Space::Epochs), 5, "epoch 0 ended 128 heights ago");
    let change = by_two(&world, 10, validators(&[], &[validator("node-9")]));
    assert_eq!(code(&mut world, change), Code::GovernanceApplied, "height 130");
    assert_eq!(rows(&world.store, Space::Epochs), 5, "and now 129: it goes, epoch 1 stays");
}

#[test]
fn more_liars_than_a_block_looks_at_stay_apart() {
    let mut world = World::new(&Setup { n: 16, ..Setup::default() });
    let items = (0..16).map(|author| two_votes(&world, author, 0, 3)).collect();
    let applied = block(&mut world, items);
    assert_eq!(codes(&applied), [Code::EvidenceApplied; 16]);
    let mut members: Vec<_> = applied.quarantines.iter().map(|one| one.validator).collect();
    members.sort();
    members.dedup();
    assert_eq!(members.len(), 16, "how many of them lead all the same is for the rule of leaders");
    let row = keys::quarantine(&validator("node-1").ed25519.0, Height::new(10_001));
    let row: ValidatorQuarantine = world.row(&row).unwrap();
    assert_eq!((row.name.as_str(), row.begin.get()), ("node-1", 1));
}
