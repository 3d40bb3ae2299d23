//! Transactions of administrators: once, in time, by enough of those who are administrators now, and wholly or not at
//! all. `docs/governance.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::duties::{administrators, amend, numbers, register, renew, revoke, validators};
use cybermesh_effects::items::{event, governance, signed, signed_with};
use cybermesh_effects::people::{bundle, validator};
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{Person, Setup, World};
use cybermesh_executor::parameters::Parameters;
use cybermesh_executor::rows::{Conduct, KeyRow, Seen, Space, keys};
use cybermesh_proto::agree::Item;
use cybermesh_proto::genesis::Role;
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::message::SignedGovernance;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::{Code, Height, Kid};

const NOW: u64 = BEGIN_MS + 1000;
const TWO: [&str; 2] = ["admin-1", "admin-2"];

fn world(people: &[&Person]) -> World {
    World::new(&Setup { people: people.iter().map(|&one| one.clone()).collect(), ..Setup::default() })
}

fn next_ms(world: &World) -> u64 {
    NOW + world.parent.height.get()
}

/// Decides a block of transactions, each by two administrators, valid for 100 heights.
fn act(world: &mut World, nonce: u64, actions: &[Action]) -> Vec<Code> {
    let until = world.parent.height.get() + 100;
    let id = world.chain.id;
    let sign = |(nonce, action): (u64, &Action)| governance(id, until, nonce, action.clone(), &TWO);
    let items = (nonce..).zip(actions).map(sign).collect();
    world.block(next_ms(world), items)
}

fn key_row(world: &World, kid: Kid) -> Option<KeyRow> {
    world.row(&keys::by_kid(Space::Keys, &kid))
}

fn end_of(world: &World, kid: Kid) -> Option<u64> {
    key_row(world, kid).unwrap().end.map(Height::get)
}

fn seen(world: &World, item: &Item) -> Option<Seen> {
    let signed = SignedGovernance::decode(item.bytes()).unwrap();
    world.row(&keys::seen(signed.transaction().valid_until_height, &signed.id()))
}

/// A bundle of one key of each of two others.
fn mixed(classical: &KeyBundle, post_quantum: &KeyBundle) -> KeyBundle {
    let half = |bundle: &KeyBundle, algorithm| (algorithm, bundle.key(algorithm).unwrap().to_vec());
    KeyBundle::new(vec![half(classical, Algorithm::Ed25519), half(post_quantum, Algorithm::MlDsa44)]).unwrap()
}

fn with_bundle(person: &Person, bundle: KeyBundle) -> Person {
    let mut person = person.clone();
    person.key.bundle = bundle;
    person
}

#[test]
fn a_transaction_takes_effect_once_and_up_to_its_last_height() {
    let mut world = world(&[]);
    let item = governance(world.chain.id, 3, 1, numbers(&[("deny_score", 9000)]), &TWO);
    let last = governance(world.chain.id, 3, 2, numbers(&[("deny_score", 9100)]), &TWO);
    let codes = world.block(NOW, vec![item.clone(), item.clone()]);
    assert_eq!(codes, [Code::GovernanceApplied, Code::GovernanceRepeated]);
    world.block(NOW + 1, vec![]);
    let codes = world.block(NOW + 2, vec![item.clone(), last.clone()]);
    assert_eq!(
        codes,
        [Code::GovernanceRepeated, Code::GovernanceApplied],
        "remembered as long as it is valid"
    );
    assert!(seen(&world, &item).is_some());
    assert_eq!(world.block(NOW + 3, vec![item.clone(), last.clone()]), [Code::GovernanceExpired; 2]);
    assert_eq!((seen(&world, &item), seen(&world, &last)), (None, None), "and no longer");
    assert_eq!(world.row::<Parameters>(&keys::single(Space::Parameters)).unwrap().deny_score, 9100);
}

#[test]
fn what_was_refused_takes_no_effect_when_it_is_packed_again_later() {
    let late = Person::producer("late", "acme");
    let mut world = world(&[]);
    let too_early = governance(world.chain.id, 90, 1, revoke(late.kid()), &TWO);
    assert_eq!(world.block(NOW, vec![too_early.clone()]), [Code::GovernanceKeyUnknown]);
    assert_eq!(act(&mut world, 2, &[register(&late)]), [Code::GovernanceApplied]);
    assert_eq!(world.block(NOW + 5, vec![too_early]), [Code::GovernanceRepeated]);
    assert_eq!(end_of(&world, late.kid()), None);
}

#[test]
fn a_transaction_dated_too_far_ahead_takes_no_effect_later_either() {
    let mut world = world(&[]);
    let change =
        |until, nonce| governance(world.chain.id, until, nonce, numbers(&[("deny_score", 9000)]), &TWO);
    let far = [change(1_000_002, 1), change(i64::MAX as u64, 2)];
    let nearly = change(1_000_001, 3);
    assert_eq!(world.block(NOW, far.to_vec()), [Code::GovernanceExpired; 2]);
    assert_eq!(world.block(NOW + 1, far.to_vec()), [Code::GovernanceRepeated; 2]);
    assert_eq!(world.row::<Parameters>(&keys::single(Space::Parameters)).unwrap().deny_score, 8000);
    assert_eq!(world.block(NOW + 2, vec![nearly]), [Code::GovernanceApplied]);
}

#[test]
fn what_is_refused_changes_nothing_but_the_memory_of_it() {
    let det = Person::producer("det-1", "acme");
    let spare = Person::new("svc", "acme", Role::Service, &[]).ed25519_only();
    let world = world(&[&det]);
    let stranger = Person::producer("stranger", "acme").kid();
    let cases = [
        (register(&det), Code::GovernanceKeyExists),
        (register(&spare), Code::GovernanceKeyUnsound),
        (renew(det.kid(), &bundle("admin-1"), 5), Code::GovernanceKeyExists),
        (renew(det.kid(), &det.key.bundle, 5), Code::GovernanceKeyExists),
        (renew(stranger, &bundle("x"), 5), Code::GovernanceKeyUnknown),
        (revoke(stranger), Code::GovernanceKeyUnknown),
        (validators(&["node-1"], &[]), Code::GovernanceSetUnsafe),
        (administrators(1, &[bundle("det-1")]), Code::GovernanceAdministratorsUnsafe),
        (numbers(&[("conduct_gain", 7), ("nothing", 1)]), Code::GovernanceParameter),
        (numbers(&[("conduct_gain", 7), ("deny_score", 10_001)]), Code::GovernanceParameter),
    ];
    let plain = world.try_block(NOW, vec![vec![]]);
    for (action, code) in cases {
        let item = governance(world.chain.id, 50, 1, action, &TWO);
        let applied = world.try_block(NOW, vec![vec![item]]);
        assert_eq!(applied.items[0].outcome, code.number(), "{}", code.name());
        let others = applied.writes.iter().filter(|(key, _)| key[0] != Space::Seen as u8).cloned();
        assert_eq!(others.collect::<Vec<_>>(), plain.writes, "{}", code.name());
        assert_eq!(applied.audit_leaves, plain.audit_leaves, "{}", code.name());
        assert_eq!(applied.writes.len(), plain.writes.len() + 1, "{}", code.name());
    }
}

#[test]
fn administrators_short_of_their_number_change_nothing_and_leave_no_trace() {
    let mut world = world(&[]);
    let change =
        |signers: &[&str]| governance(world.chain.id, 50, 1, numbers(&[("deny_score", 9000)]), signers);
    let items =
        vec![change(&["admin-1"]), change(&["admin-1", "det-1"]), change(&["admin-1", "admin-2", "det-1"])];
    let complete = change(&["admin-3", "admin-1"]);
    let applied = world.try_block(NOW, vec![items.clone()]);
    assert_eq!(
        applied.writes,
        world.try_block(NOW, vec![vec![]]).writes,
        "no state of what nobody agreed to"
    );
    let codes = world.block(NOW, [items, vec![complete]].concat());
    let lost = Code::GovernanceQuorumLost;
    assert_eq!(codes, [lost, lost, lost, Code::GovernanceApplied], "and the same, agreed to, still counts");
}

#[test]
fn administrators_who_left_in_this_very_block_decide_nothing_in_it() {
    let mut world = world(&[]);
    let id = world.chain.id;
    let step = |nonce, value, signers: &[&str]| {
        governance(id, 50, nonce, numbers(&[("deny_score", value)]), signers)
    };
    let new = administrators(1, &[bundle("admin-1"), bundle("admin-4")]);
    let codes = world.block(
        NOW,
        vec![
            step(1, 9000, &["admin-2", "admin-3"]),
            governance(id, 50, 2, new, &["admin-2", "admin-3"]),
            step(3, 9100, &["admin-2", "admin-3"]),
            step(4, 9200, &["admin-1", "admin-2"]),
            step(5, 9300, &["admin-4"]),
        ],
    );
    let (applied, lost) = (Code::GovernanceApplied, Code::GovernanceQuorumLost);
    assert_eq!(codes, [applied, applied, lost, lost, applied]);
    assert_eq!(world.block(NOW + 1, vec![step(6, 9400, &TWO), step(7, 9500, &["admin-1"])]), [lost, applied]);
}

#[test]
fn a_public_key_serves_in_one_place_only() {
    let det = Person::producer("det-1", "acme");
    let (admin, fresh, node) = (bundle("admin-1"), bundle("fresh"), validator("node-1"));
    let with_key = |key: &[u8]| {
        let half = (Algorithm::MlDsa44, fresh.key(Algorithm::MlDsa44).unwrap().to_vec());
        KeyBundle::new(vec![(Algorithm::Ed25519, key.to_vec()), half]).unwrap()
    };
    let with_halves = |algorithm, key: &[u8]| {
        let half = (Algorithm::Ed25519, fresh.key(Algorithm::Ed25519).unwrap().to_vec());
        KeyBundle::new(vec![half, (algorithm, key.to_vec())]).unwrap()
    };
    let taken = [
        mixed(&admin, &fresh),
        mixed(&fresh, &admin),
        mixed(&det.key.bundle, &fresh),
        mixed(&fresh, &det.key.bundle),
        with_key(&node.ed25519.0),
        with_key(&node.libp2p.0),
        with_halves(Algorithm::MlDsa44, &node.ml_dsa_44.0),
        with_halves(Algorithm::MlDsa65, &node.ml_dsa_65.0),
    ];
    for bundle in taken {
        let mut world = world(&[&det]);
        let person = with_bundle(&Person::producer("x", "acme"), bundle.clone());
        let admins = administrators(1, &[cybermesh_effects::people::bundle("admin-2"), bundle.clone()]);
        let codes = act(&mut world, 1, &[register(&person), renew(det.kid(), &bundle, 9), admins]);
        let (exists, unsafe_) = (Code::GovernanceKeyExists, Code::GovernanceAdministratorsUnsafe);
        assert_eq!(codes, [exists, exists, unsafe_]);
    }
}

#[test]
fn a_validator_joins_under_keys_of_its_own_only() {
    let det = Person::producer("det-1", "acme");
    let of = |bundle: &KeyBundle, algorithm| bundle.key(algorithm).unwrap().to_vec();
    let mut cases = vec![validator("node-5"); 4];
    cases[0].ed25519.0 = of(&det.key.bundle, Algorithm::Ed25519).try_into().unwrap();
    cases[1].libp2p.0 = of(&bundle("admin-3"), Algorithm::Ed25519).try_into().unwrap();
    cases[2].ml_dsa_44.0 = of(&bundle("admin-3"), Algorithm::MlDsa44).try_into().unwrap();
    cases[3].ml_dsa_44.0 = of(&det.key.bundle, Algorithm::MlDsa44).try_into().unwrap();
    for one in cases {
        let mut world = world(&[&det]);
        assert_eq!(act(&mut world, 1, &[validators(&[], &[one])]), [Code::GovernanceKeyExists]);
    }
    let mut world = world(&[&det]);
    let inside = Person::producer("x", "acme");
    let half = |key: &[u8]| {
        KeyBundle::new(vec![
            (Algorithm::Ed25519, key.to_vec()),
            (Algorithm::MlDsa44, of(&inside.key.bundle, Algorithm::MlDsa44)),
        ])
    };
    let theft = with_bundle(&inside, half(&validator("node-5").libp2p.0).unwrap());
    let codes = act(&mut world, 1, &[validators(&[], &[validator("node-5")]), register(&theft)]);
    assert_eq!(codes, [Code::GovernanceApplied, Code::GovernanceKeyExists], "keys of this very block too");
}

#[test]
fn keys_that_were_in_use_once_never_come_back() {
    let det = Person::producer("det-1", "acme");
    let mut world = world(&[&det]);
    let three = ["admin-1", "admin-2", "admin-4"].map(bundle);
    let codes = act(&mut world, 1, &[revoke(det.kid()), administrators(2, &three)]);
    assert_eq!(codes, [Code::GovernanceApplied; 2]);
    let back = ["admin-1", "admin-2", "admin-3"].map(bundle);
    let codes = act(&mut world, 9, &[register(&det), revoke(det.kid()), administrators(2, &back)]);
    let expected =
        [Code::GovernanceKeyExists, Code::GovernanceKeyUnknown, Code::GovernanceAdministratorsUnsafe];
    assert_eq!(codes, expected);
    assert_eq!(
        act(&mut world, 20, &[validators(&["node-1"], &[validator("node-5")])]),
        [Code::GovernanceApplied]
    );
    let again = act(&mut world, 21, &[validators(&["node-5"], &[validator("node-1")])]);
    assert_eq!(again, [Code::GovernanceKeyExists], "validators neither");
}

#[test]
fn unsafe_administrators_are_refused() {
    let twice = [bundle("a"), mixed(&bundle("a"), &bundle("b"))];
    let alone = KeyBundle::new(vec![(Algorithm::Ed25519, vec![9; 32])]).unwrap();
    let cases = [administrators(1, &twice), administrators(1, &[alone])];
    for action in cases {
        assert_eq!(act(&mut world(&[]), 1, &[action]), [Code::GovernanceAdministratorsUnsafe]);
    }
}

#[test]
fn an_overlap_never_lengthens_the_life_of_a_key() {
    let det = Person::producer("det-1", "acme");
    let mut world = world(&[&det]);
    assert_eq!(act(&mut world, 1, &[renew(det.kid(), &bundle("det-1b"), 10)]), [Code::GovernanceApplied]);
    assert_eq!(end_of(&world, det.kid()), Some(11));
    assert_eq!(act(&mut world, 2, &[renew(det.kid(), &bundle("det-1c"), 500)]), [Code::GovernanceApplied]);
    assert_eq!(end_of(&world, det.kid()), Some(11), "the longer overlap changes nothing");
    assert_eq!(act(&mut world, 3, &[renew(det.kid(), &bundle("det-1d"), 2)]), [Code::GovernanceApplied]);
    assert_eq!(end_of(&world, det.kid()), Some(5), "the shorter one does");
    let say = |seq| signed(&det, &event(&det, 0, seq, NOW, "user", "mallory"));
    assert_eq!(world.block(NOW + 3, vec![say(1)]), [Code::EventApplied], "height 4");
    let ended =
        [renew(det.kid(), &bundle("det-1e"), 500), revoke(det.kid()), Action::AmendKey(amend(&det, 1))];
    let codes = act(&mut world, 4, &ended);
    assert_eq!(codes, [Code::GovernanceKeyUnknown; 3], "height 5: what has ended stays ended");
    assert_eq!(world.block(NOW + 5, vec![say(2)]), [Code::AuthnDenyRevoked]);
    assert_eq!(end_of(&world, det.kid()), Some(5));
}

#[test]
fn the_longest_overlap_is_ten_million_heights() {
    let [a, b] = ["a", "b"].map(|name| Person::producer(name, "acme"));
    let mut world = world(&[&a, &b]);
    let overlap = |who: &Person, name, heights| renew(who.kid(), &bundle(name), heights);
    act(&mut world, 1, &[overlap(&a, "a2", i64::MAX as u64), overlap(&b, "b2", 10_000_000)]);
    assert_eq!((end_of(&world, a.kid()), end_of(&world, b.kid())), (Some(10_000_001), Some(10_000_001)));
}

#[test]
fn a_renewed_key_inherits_what_its_holder_may_do_and_how_it_has_fared() {
    let det = Person::producer("det-1", "acme").standing(4000).alone();
    let analyst = Person::analyst("ana", "acme");
    let mut world = world(&[&det, &analyst]);
    let found = event(&det, 0, 1, NOW, "user", "mallory");
    let verdict = cybermesh_effects::items::judging(
        event(&analyst, 0, 1, NOW, "user", "mallory"),
        "Verdict.FalsePositive.v1",
        cybermesh_effects::items::id(&found),
    );
    world.block(NOW, vec![signed(&det, &found), signed(&analyst, &verdict)]);
    let old: Conduct = world.row(&keys::by_kid(Space::Conduct, &det.kid())).unwrap();
    assert_eq!((old.bp, old.streams), (8000, 1));
    let next = with_bundle(&det, bundle("det-1b"));
    act(&mut world, 1, &[renew(det.kid(), &next.key.bundle, 9)]);
    let conduct: Conduct = world.row(&keys::by_kid(Space::Conduct, &next.kid())).unwrap();
    assert_eq!((conduct.bp, conduct.streams), (8000, 0), "its conduct, not its streams");
    let (old, new) = (key_row(&world, det.kid()).unwrap(), key_row(&world, next.kid()).unwrap());
    let mut terms = old.terms[0].clone();
    terms.from = Height::new(2);
    assert_eq!(
        (new.role, new.tenant, new.subject, new.terms.to_vec()),
        (old.role, old.tenant, old.subject, vec![terms])
    );
}

#[test]
fn nobody_but_a_producer_is_spared_the_post_quantum_half() {
    let alone = KeyBundle::new(vec![(Algorithm::Ed25519, vec![9; 32])]).unwrap();
    let small = with_bundle(&Person::producer("small", "acme").ed25519_only(), alone.clone());
    let service = Person::new("svc", "acme", Role::Service, &[]);
    let mut world = world(&[&small, &service]);
    let owing = with_bundle(
        &Person::producer("x", "acme"),
        KeyBundle::new(vec![(Algorithm::Ed25519, vec![8; 32])]).unwrap(),
    );
    let mut raised = amend(&small, 1);
    raised.ed25519_only = false;
    let mut spared = amend(&service, 1);
    spared.ed25519_only = true;
    let codes = act(
        &mut world,
        1,
        &[
            register(&owing),
            register(&with_bundle(&service, bundle("svc-2")).ed25519_only()),
            Action::AmendKey(raised),
            Action::AmendKey(spared),
            renew(service.kid(), &KeyBundle::new(vec![(Algorithm::Ed25519, vec![7; 32])]).unwrap(), 1),
        ],
    );
    assert_eq!(codes, [Code::GovernanceKeyUnsound; 5], "a key that owes a half has it");
    let mut mute = amend(&small, 1);
    mute.types.clear();
    assert_eq!(
        act(&mut world, 9, &[Action::AmendKey(mute)]),
        [Code::GovernanceKeyUnsound],
        "a producer says something"
    );
}

#[test]
fn a_stricter_demand_holds_from_its_block_on() {
    let det = Person::producer("det-1", "acme").ed25519_only();
    let mut world = world(&[&det]);
    let half = |seq| signed_with(&det, &event(&det, 0, seq, NOW, "user", "mallory"), &[Algorithm::Ed25519]);
    let mut raised = amend(&det, 5000);
    raised.ed25519_only = false;
    let raise = governance(world.chain.id, 50, 1, Action::AmendKey(raised), &TWO);
    let codes = world.block(NOW, vec![half(1), raise, half(2)]);
    assert_eq!(codes, [Code::EventApplied, Code::GovernanceApplied, Code::AuthnDenyDemandRaised]);
}
