//! Redrives: what proves that an event may be tried again, who may ask for it, and how often. `docs/governance.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::duties::{amend, revoke, world_of};
use cybermesh_effects::items::{asking, event, governance, id, judging, signed};
use cybermesh_effects::proofs::{Archive, signed as signed_redrive};
use cybermesh_effects::world::{BEGIN_MS, genesis};
use cybermesh_effects::{Person, Setup, World, codes};
use cybermesh_executor::rows::{Redriven, RuleRow, Space, Stream, keys};
use cybermesh_executor::score::Record;
use cybermesh_executor::subject::Subject;
use cybermesh_proto::Code;
use cybermesh_proto::agree::{Decision, Item};
use cybermesh_proto::genesis::Role;
use cybermesh_proto::message::SignedRedrive;
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::message::pb::control::v1::redrive::Proof;
use cybermesh_proto::message::pb::event::v1::{Event, RuleRequest};
use cybermesh_proto::receipt::TxLeaf;
use cybermesh_proto::wire::{decode_canonical, encode_canonical};

const NOW: u64 = BEGIN_MS + 1000;

fn operator() -> Person {
    Person::new("svc", "acme", Role::Service, &[])
}

fn archive(people: &[&Person]) -> Archive {
    let people = people.iter().map(|&one| one.clone()).collect();
    Archive::new(World::new(&Setup { people, ..Setup::default() }))
}

/// An event dated an hour ahead: rejected now, sound later.
fn ahead(person: &Person, seq: u64) -> Event {
    event(person, 0, seq, NOW + 3_600_000, "user", "mallory")
}

fn weighs(archive: &Archive) -> usize {
    let subject = Subject::read("user", "mallory").unwrap();
    archive.world.row::<Record>(&keys::subject(&subject)).map_or(0, |record| record.contributions.len())
}

fn code(archive: &mut Archive, now: u64, item: Item) -> Code {
    codes(&archive.block(now, vec![item]))[0]
}

/// An archive in which one event of `det-1` was rejected at height 1.
fn rejected() -> (Archive, Item) {
    let det = Person::producer("det-1", "acme");
    let mut archive = archive(&[&det, &operator(), &Person::new("svc-2", "globex", Role::Service, &[])]);
    let item = signed(&det, &ahead(&det, 1));
    assert_eq!(code(&mut archive, NOW, item.clone()), Code::EventDatedAhead);
    archive.block(NOW + 1, vec![]);
    (archive, item)
}

fn rejection(archive: &Archive) -> Proof {
    Proof::Rejection(archive.rejection(1, 0))
}

const LATER: u64 = NOW + 3_600_000;

#[test]
fn a_rejected_event_is_redriven_with_effect_once() {
    let (mut archive, origin) = rejected();
    let proof = rejection(&archive);
    let redrive = archive.redrive(&operator(), &origin, 0, proof.clone());
    assert_eq!(weighs(&archive), 0);
    let streams = |archive: &Archive| {
        archive.world.row::<Stream>(&keys::stream(&Person::producer("det-1", "acme").kid(), 0))
    };
    let before = streams(&archive);
    let applied = archive.block(LATER, vec![redrive.clone(), redrive.clone()]);
    assert_eq!(codes(&applied), [Code::RedriveApplied, Code::RedriveRepeated]);
    assert_eq!((weighs(&archive), streams(&archive)), (1, before), "it uses no place");
    assert_eq!(applied.event_leaves.len(), 1, "the event log tells of it");
    let second = archive.redrive(&operator(), &origin, 1, proof);
    assert_eq!(codes(&archive.block(LATER + 1, vec![redrive, second])), [Code::RedriveRepeated; 2]);
    assert_eq!(code(&mut archive, LATER + 2, origin), Code::EventSeqUsed);
    assert_eq!(weighs(&archive), 1);
}

#[test]
fn five_attempts_one_after_the_other_and_no_more() {
    let (mut archive, origin) = rejected();
    for (attempt, now) in (0..5).zip(NOW + 10..) {
        let proof = rejection(&archive);
        let [early, right] =
            [attempt + 1, attempt].map(|one| archive.redrive(&operator(), &origin, one, proof.clone()));
        let applied = archive.block(now, vec![early, right.clone(), right]);
        let expected = [Code::RedriveAttempt, Code::RedriveRejected, Code::RedriveAttempt];
        assert_eq!(codes(&applied), expected, "attempt {attempt}: still dated ahead");
    }
    let proof = rejection(&archive);
    for attempt in [0, 5, 6, u32::MAX] {
        let redrive = archive.redrive(&operator(), &origin, attempt, proof.clone());
        assert_eq!(code(&mut archive, LATER, redrive), Code::RedriveAttempt, "{attempt}");
    }
    let kid = Person::producer("det-1", "acme").kid();
    let row: Redriven = archive.world.row(&keys::redriven(&kid, 0, 1)).unwrap();
    assert_eq!((row.attempts, row.applied, weighs(&archive)), (5, 0, 0));
}

#[test]
fn what_had_its_effect_or_came_twice_is_no_rejection() {
    let det = Person::producer("det-1", "acme");
    let mut archive = archive(&[&det, &operator()]);
    let [good, late] =
        [(1, NOW), (2, 0)].map(|(seq, at)| signed(&det, &event(&det, 0, seq, at, "user", "mallory")));
    let beyond = signed(&det, &event(&det, 0, 1 << 40, NOW, "user", "mallory"));
    let items = vec![good.clone(), late.clone(), good.clone(), beyond.clone()];
    let applied = archive.block(NOW, items);
    let expected = [Code::EventApplied, Code::EventAppliedLate, Code::EventSeqUsed, Code::EventBeyondSpan];
    assert_eq!(codes(&applied), expected);
    archive.block(NOW + 1, vec![]);
    for (index, origin) in [(0, &good), (1, &late), (2, &good), (3, &beyond)] {
        let proof = Proof::Rejection(archive.rejection(1, index));
        let redrive = archive.redrive(&operator(), origin, 0, proof);
        assert_eq!(code(&mut archive, NOW + 9, redrive), Code::RedriveProof, "{index}");
    }
    assert_eq!(weighs(&archive), 2);
}

#[test]
fn a_proof_that_was_altered_in_any_part_proves_nothing() {
    let (mut archive, origin) = rejected();
    let det = Person::producer("det-1", "acme");
    let others =
        vec![signed(&det, &ahead(&det, 2)), signed(&det, &ahead(&det, 3)), signed(&det, &ahead(&det, 4))];
    let height = archive.height() + 1;
    archive.block(NOW + 2, others.clone());
    archive.block(NOW + 3, vec![]);
    let good = archive.rejection(height, 1);
    let alter = |change: &dyn Fn(&mut pb::RejectionProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        proof
    };
    let of_leaf = |change: &dyn Fn(&mut TxLeaf)| {
        let mut leaf: TxLeaf = decode_canonical(&good.leaf).unwrap();
        change(&mut leaf);
        encode_canonical(&leaf)
    };
    let of_decision = |change: &dyn Fn(&mut Decision)| {
        let mut decision: Decision = decode_canonical(&good.decision).unwrap();
        change(&mut decision);
        encode_canonical(&decision)
    };
    let own = TxLeaf { item: origin.clone(), ..decode_canonical(&good.leaf).unwrap() };
    let (own_leaf, own_root) = (encode_canonical(&own), own.hash());
    let cases = [
        ("another event", alter(&|proof| proof.leaf = own_leaf.clone())),
        (
            "another outcome",
            alter(&|proof| proof.leaf = of_leaf(&|leaf| leaf.outcome = Code::EventSubject.number())),
        ),
        ("another index", alter(&|proof| proof.leaf = of_leaf(&|leaf| leaf.index = 2.try_into().unwrap()))),
        ("a step too few", alter(&|proof| drop(proof.tx_path.pop()))),
        ("a step too many", alter(&|proof| proof.tx_path.push(vec![0; 32]))),
        ("another step", alter(&|proof| proof.tx_path[0][0] ^= 1)),
        ("no history", alter(&|proof| proof.history_path.clear())),
        ("another history step", alter(&|proof| proof.history_path[0][0] ^= 1)),
        (
            "a forged decision",
            alter(&|proof| {
                proof.leaf.clone_from(&own_leaf);
                proof.tx_path.clear();
                proof.decision = of_decision(&|decision| {
                    (decision.tx.size, decision.tx.root) = (1.try_into().unwrap(), own_root);
                });
            }),
        ),
        (
            "another height",
            alter(&|proof| proof.decision = of_decision(&|decision| decision.height = 2.try_into().unwrap())),
        ),
        ("a root from before it", alter(&|proof| proof.history_size = height)),
    ];
    for (why, proof) in cases {
        let one = if why == "another event" || why == "a forged decision" { &origin } else { &others[1] };
        let redrive = archive.redrive(&operator(), one, 0, Proof::Rejection(proof));
        let applied = archive.world.try_block(LATER, vec![vec![redrive]]);
        assert_eq!(codes(&applied), [Code::RedriveProof], "{why}");
    }
    let redrive = archive.redrive(&operator(), &origin, 0, Proof::Rejection(good.clone()));
    assert_eq!(code(&mut archive, LATER, redrive), Code::RedriveProof, "of another event altogether");
    let redrive = archive.redrive(&operator(), &others[1], 0, Proof::Rejection(good));
    assert_eq!(code(&mut archive, LATER, redrive), Code::RedriveApplied);
}

#[test]
fn the_past_of_another_chain_proves_nothing() {
    let det = Person::producer("det-1", "acme");
    let setup = Setup { people: vec![det.clone(), operator()], ..Setup::default() };
    let mut other = genesis(&setup);
    other.nonce = cybermesh_proto::wire::Fixed([8; 32]);
    let (mut here, mut there) = (Archive::new(World::new(&setup)), Archive::new(world_of(other)));
    let origin = signed(&det, &event(&det, 0, 1, NOW, "user", "mallory"));
    let rejected = signed(&det, &ahead(&det, 1));
    assert_eq!(code(&mut here, NOW, origin.clone()), Code::EventApplied);
    assert_eq!(code(&mut there, NOW, rejected.clone()), Code::EventDatedAhead);
    here.block(NOW + 1, vec![]);
    there.block(NOW + 1, vec![]);
    let redrive = here.redrive(&operator(), &rejected, 0, rejection(&there));
    assert_eq!(code(&mut here, LATER, redrive), Code::RedriveProof);
    assert_eq!(weighs(&here), 1);
}

#[test]
fn a_root_is_known_for_4096_heights() {
    let (mut archive, origin) = rejected();
    let [before, proof] = [0, 2].map(|size| {
        let mut proof = archive.rejection(1, 0);
        proof.history_size = size;
        archive.redrive(&operator(), &origin, 0, Proof::Rejection(proof))
    });
    let ahead = |size: u64| {
        let mut proof = archive.rejection(1, 0);
        proof.history_size = size;
        archive.redrive(&operator(), &origin, 0, Proof::Rejection(proof))
    };
    for redrive in [before, ahead(3), ahead(4098), ahead(i64::MAX as u64)] {
        let applied = archive.world.try_block(NOW + 2, vec![vec![redrive]]);
        assert_eq!(
            codes(&applied),
            [Code::RedriveRootUnknown],
            "no such height yet, or none that proves anything"
        );
    }
    while archive.world.parent.height.get() < 4097 {
        archive.world.block(NOW + archive.world.parent.height.get(), vec![]);
    }
    let now = NOW + 10_000;
    let applied = archive.world.try_block(now, vec![vec![proof.clone()]]);
    assert_eq!(codes(&applied), [Code::RedriveRejected], "height 4098 still knows height 2");
    archive.world.block(now, vec![]);
    let codes = archive.world.block(now + 1, vec![proof]);
    assert_eq!(codes, [Code::RedriveRootUnknown], "height 4099 knows 4098 in its place");
}

#[test]
fn only_a_service_of_the_events_tenant_may_ask() {
    let (mut archive, origin) = rejected();
    let proof = rejection(&archive);
    let stranger = Person::new("svc-2", "globex", Role::Service, &[]);
    let producer = Person::producer("det-1", "acme");
    let nobody = Person::new("svc-9", "acme", Role::Service, &[]);
    let ask = |who: &Person| archive.redrive(who, &origin, 0, proof.clone());
    let items = vec![ask(&stranger), ask(&producer), ask(&nobody)];
    let expected = [Code::AuthzDenyTenant, Code::AuthnDenyRevoked, Code::AuthnDenyRevoked];
    let last = ask(&operator());
    assert_eq!(codes(&archive.block(LATER, items)), expected);
    let end = governance(archive.world.chain.id, 50, 1, revoke(operator().kid()), &["admin-1", "admin-2"]);
    let applied = archive.block(LATER + 1, vec![end, last]);
    assert_eq!(
        codes(&applied),
        [Code::GovernanceApplied, Code::AuthnDenyRevoked],
        "nor one who has just ended"
    );
}

#[test]
fn a_redrive_with_a_transform_is_refused_as_long_as_there_is_none() {
    let (mut archive, origin) = rejected();
    let good = archive.redrive(&operator(), &origin, 0, rejection(&archive));
    let mut redrive = SignedRedrive::decode(good.bytes()).unwrap().redrive().clone();
    redrive.transform = "lower_severity".into();
    assert_eq!(code(&mut archive, LATER, signed_redrive(&operator(), &redrive)), Code::RedriveTransform);
    assert_eq!(code(&mut archive, LATER + 1, good), Code::RedriveApplied, "and cost no attempt");
}

#[test]
fn the_registry_of_the_day_decides_about_a_redriven_event() {
    let det = Person::producer("det-1", "acme");
    let amended = |change: &dyn Fn(&mut pb::AmendKey)| {
        let mut key = amend(&det, 10_000);
        change(&mut key);
        Action::AmendKey(key)
    };
    let cases = [revoke(det.kid()), amended(&|key| key.types = vec!["Other.*".into()])];
    for action in cases {
        let (mut archive, origin) = rejected();
        let change = governance(archive.world.chain.id, 50, 1, action, &["admin-1", "admin-2"]);
        let redrive = archive.redrive(&operator(), &origin, 0, rejection(&archive));
        let applied = archive.block(LATER, vec![change, redrive]);
        assert_eq!(codes(&applied), [Code::GovernanceApplied, Code::RedriveRejected]);
        assert_eq!(weighs(&archive), 0);
    }
}

#[test]
fn a_redriven_verdict_judges_and_a_redriven_request_makes_its_rule() {
    let [det, boss] = [Person::producer("det-1", "acme"), Person::operator("op", "acme")];
    let analyst = Person::analyst("ana", "acme");
    let mut archive = archive(&[&det, &boss, &analyst, &operator()]);
    let found = event(&det, 0, 1, NOW, "user", "mallory");
    let early = judging(event(&analyst, 0, 1, NOW, "user", "mallory"), "Verdict.Refute.v1", id(&found));
    let request =
        RuleRequest { scope: "*".into(), ttl_ms: 9000, reason: "because".into(), ..Default::default() };
    let wide = asking(event(&boss, 0, 1, NOW, "user", "mallory"), "Rule.Deny.v1", &request);
    let items = vec![signed(&analyst, &early), signed(&boss, &wide), signed(&det, &found)];
    let applied = archive.block(NOW, items.clone());
    assert_eq!(codes(&applied), [Code::VerdictUnknown, Code::RuleScope, Code::EventApplied]);
    archive.block(NOW + 1, vec![]);
    let ask = |attempt, index: usize| {
        archive.redrive(&operator(), &items[index], attempt, Proof::Rejection(archive.rejection(1, index)))
    };
    let mut reach = amend(&boss, 10_000);
    reach.denies_alone = true;
    let reach = governance(archive.world.chain.id, 50, 1, Action::AmendKey(reach), &["admin-1", "admin-2"]);
    let items = vec![ask(0, 0), ask(0, 1), reach, ask(1, 1), ask(1, 0)];
    let applied = archive.block(NOW + 2, items);
    let (done, rejected) = (Code::RedriveApplied, Code::RedriveRejected);
    assert_eq!(codes(&applied), [done, rejected, Code::GovernanceApplied, done, Code::RedriveRepeated]);
    let subject = Subject::read("user", "mallory").unwrap();
    let row: RuleRow = archive.world.row(&keys::rule(&subject, Some(("*", 1)))).unwrap();
    assert_eq!(
        (row.by, row.made_ms, row.expires_ms),
        (Some(boss.kid()), NOW + 2, NOW + 9002),
        "it counts from now"
    );
    assert_eq!(archive.world.row::<Record>(&keys::subject(&subject)).unwrap().score(NOW + 2, 86_400_000), 0);
}

#[test]
fn a_rejected_redrive_leaves_no_effect_but_its_count() {
    let (archive, origin) = rejected();
    let redrive = archive.redrive(&operator(), &origin, 0, rejection(&archive));
    let now = NOW + 5;
    let (with, without) =
        (archive.world.try_block(now, vec![vec![redrive]]), archive.world.try_block(now, vec![vec![]]));
    assert_eq!(codes(&with), [Code::RedriveRejected], "dated ahead, still");
    let own = [Space::Redriven, Space::Heads, Space::Logs].map(|space| space as u8);
    let others = with.writes.iter().filter(|(key, _)| !own.contains(&key[0])).cloned().collect::<Vec<_>>();
    let plain = without.writes.iter().filter(|(key, _)| !own.contains(&key[0])).cloned().collect::<Vec<_>>();
    assert_eq!(others, plain);
    assert_eq!((with.event_leaves.len(), with.audit_leaves.len(), with.outbound.len()), (0, 0, 1));
}
