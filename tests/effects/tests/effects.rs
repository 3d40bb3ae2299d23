//! What effects must be like, as a security engineer would ask: each test is one sentence.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::items::{asking, event, governance, id, judging, signed};
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{Person, Setup, World, codes};
use cybermesh_executor::rows::{Conduct, Origin, RuleRow, Space, Verb, keys};
use cybermesh_executor::score::{CONTRIBUTIONS_MAX, Record};
use cybermesh_executor::subject::Subject;
use cybermesh_proto::Code;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::message::pb::control::v1::{ChangeParameters, Parameter};
use cybermesh_proto::message::pb::event::v1::{Event, RuleRequest};

const NOW: u64 = BEGIN_MS + 1000;
const DAY: u64 = 86_400_000;

fn world(people: &[&Person]) -> World {
    let protected = vec![("cidr", "203.0.113.0/24"), ("host", "vault.example"), ("ip", "192.0.2.7")];
    World::new(&Setup {
        people: people.iter().map(|one| (*one).clone()).collect(),
        protected,
        ..Setup::default()
    })
}

fn critical(person: &Person, seq: u64, now: u64, kind: &str, value: &str) -> Event {
    Event { severity_id: 6, ..event(person, 0, seq, now, kind, value) }
}

fn subject(kind: &str, value: &str) -> Subject {
    Subject::read(kind, value).unwrap()
}

fn automatic(world: &World, kind: &str, value: &str) -> Option<RuleRow> {
    world.row(&keys::rule(&subject(kind, value), None))
}

fn record(world: &World, kind: &str, value: &str) -> Record {
    world.row(&keys::subject(&subject(kind, value))).unwrap_or_default()
}

fn score(world: &World, kind: &str, value: &str, now: u64) -> u16 {
    record(world, kind, value).score(now, DAY)
}

#[test]
fn one_producer_alone_cannot_deny_a_subject() {
    let det = Person::producer("det-1", "acme");
    let mut world = world(&[&det]);
    for seq in 1..=200 {
        let found = critical(&det, seq, NOW + seq, "ip", "198.51.100.9");
        assert_eq!(world.block(NOW + seq, vec![signed(&det, &found)]), [Code::EventApplied]);
    }
    assert_eq!(score(&world, "ip", "198.51.100.9", NOW + 200), 10_000, "as bad as can be");
    assert_eq!(automatic(&world, "ip", "198.51.100.9"), None, "and still one voice");
}

#[test]
fn a_producer_whose_registered_standing_allows_it_denies_alone() {
    let det = Person::producer("det-1", "acme").alone();
    let mut world = world(&[&det]);
    world.block(NOW, vec![signed(&det, &critical(&det, 1, NOW, "ip", "198.51.100.9"))]);
    let rule = automatic(&world, "ip", "198.51.100.9").unwrap();
    assert_eq!((rule.verb, rule.scope.as_str()), (Verb::Deny, "acme"));
}

#[test]
fn two_producers_of_one_tenant_deny_for_their_tenant_and_one_of_another_for_all() {
    let [a, b, c] =
        [("det-1", "acme"), ("det-2", "acme"), ("det-3", "globex")].map(|(n, t)| Person::producer(n, t));
    let mut world = world(&[&a, &b, &c]);
    let say = |who: &Person, now: u64| signed(who, &critical(who, 1, now, "ip", "198.51.100.9"));
    world.block(NOW, vec![say(&a, NOW), say(&b, NOW)]);
    assert_eq!(automatic(&world, "ip", "198.51.100.9").unwrap().scope.as_str(), "acme");
    world.block(NOW + 1, vec![say(&c, NOW + 1)]);
    let rule = automatic(&world, "ip", "198.51.100.9").unwrap();
    assert_eq!((rule.scope.as_str(), rule.rests_on.len()), ("*", 3));
}

#[test]
fn producers_of_two_tenants_count_more_than_two_of_one() {
    let people =
        [("a-1", "a"), ("a-2", "a"), ("b-1", "b")].map(|(name, tenant)| Person::producer(name, tenant));
    let numbers = ChangeParameters { parameters: vec![Parameter { name: "corroboration".into(), value: 4 }] };
    let say = |who: &Person| signed(who, &critical(who, 1, NOW, "user", "mallory"));
    let mut one = world(&people.iter().collect::<Vec<_>>());
    let change = governance(one.chain.id, 100, 1, Action::ChangeParameters(numbers), &["admin-1", "admin-2"]);
    assert_eq!(one.block(NOW - 1, vec![change]), [Code::GovernanceApplied]);
    let mut other = one.clone();
    one.block(NOW, vec![say(&people[0]), say(&people[1])]);
    other.block(NOW, vec![say(&people[0]), say(&people[2])]);
    assert_eq!(automatic(&one, "user", "mallory"), None);
    assert_eq!(automatic(&other, "user", "mallory").unwrap().verb, Verb::Quarantine);
}

#[test]
fn protected_subjects_can_never_be_denied_in_any_spelling() {
    let [a, b] =
        [("det-1", "acme"), ("det-2", "globex")].map(|(name, tenant)| Person::producer(name, tenant).alone());
    let op = Person::operator("op", "acme").alone();
    let mut world = world(&[&a, &b, &op]);
    let protected = [
        ("ip", "192.0.2.7"),
        ("ip", "::ffff:192.0.2.7"),
        ("ip", "::ffff:c000:207"),
        ("ip", "64:ff9b::192.0.2.7"),
        ("ip", "2002:c000:207::1"),
        ("ip", "::192.0.2.7"),
        ("cidr", "192.0.2.0/24"),
        ("cidr", "192.0.2.7/32"),
        ("cidr", "192.0.0.0/8"),
        ("cidr", "::ffff:192.0.2.0/120"),
        ("cidr", "0.0.0.0/0"),
        ("cidr", "10.0.0.0/7"),
        ("cidr", "::/0"),
        ("cidr", "2001::/16"),
        ("cidr", "2000::/3"),
        ("ip", "203.0.113.99"),
        ("cidr", "203.0.113.128/25"),
        ("ip", "127.0.0.1"),
        ("ip", "127.200.3.4"),
        ("ip", "::1"),
        ("ip", "::"),
        ("ip", "0.0.0.0"),
        ("ip", "255.255.255.255"),
        ("ip", "169.254.169.254"),
        ("ip", "fe80::1"),
        ("ip", "224.0.0.251"),
        ("ip", "ff02::1"),
        ("host", "VAULT.example."),
        ("host", "192.0.2.7"),
    ];
    let request =
        RuleRequest { scope: "*".into(), ttl_ms: 1000, reason: "test".into(), ..RuleRequest::default() };
    for ((kind, value), seq) in protected.into_iter().zip(1..) {
        let items = [&a, &b].map(|who| signed(who, &critical(who, seq, NOW, kind, value)));
        let asked = asking(event(&op, 0, seq, NOW, kind, value), "Rule.Deny.v1", &request);
        let [one, two] = items;
        let codes = world.block(NOW + seq, vec![one, two, signed(&op, &asked)]);
        assert_eq!(codes, [Code::EventApplied, Code::EventApplied, Code::RuleProtected], "{kind} {value}");
        assert_eq!(automatic(&world, kind, value), None, "{kind} {value}");
    }
    let codes = world.block(
        NOW + 100,
        vec![
            signed(&a, &critical(&a, 100, NOW, "validator", "node-1")),
            signed(&b, &critical(&b, 100, NOW, "validator", "node-1")),
        ],
    );
    assert_eq!(codes, [Code::EventApplied; 2]);
    assert_eq!(automatic(&world, "validator", "node-1"), None);
}

#[test]
fn what_is_not_protected_is_denied_however_it_is_spelled() {
    let det = Person::producer("det-1", "acme").alone();
    let mut world = world(&[&det]);
    world.block(NOW, vec![signed(&det, &critical(&det, 1, NOW, "cidr", "::ffff:198.51.100.9/128"))]);
    assert_eq!(automatic(&world, "ip", "198.51.100.9").unwrap().verb, Verb::Deny);
}

#[test]
fn a_rules_expiry_lifts_it_at_its_header_time() {
    let det = Person::producer("det-1", "acme").alone();
    let mut world = world(&[&det]);
    let applied = world.batches(NOW, vec![vec![signed(&det, &critical(&det, 1, NOW, "ip", "198.51.100.9"))]]);
    let end = automatic(&world, "ip", "198.51.100.9").unwrap().expires_ms;
    assert_eq!(applied.due.unwrap().get(), end * 1000, "the state says when it falls due");
    world.block(end - 1, vec![]);
    assert!(automatic(&world, "ip", "198.51.100.9").is_some());
    let applied = world.batches(end, vec![vec![]]);
    assert_eq!(automatic(&world, "ip", "198.51.100.9"), None);
    assert_eq!(
        (applied.due, applied.outbound.len()),
        (None, 2),
        "one leaf for the rule, one for the audit log"
    );
}

#[test]
fn a_refutation_leaves_the_score_as_if_the_event_had_weighed_nothing() {
    let [a, b] = [("det-1", "acme"), ("det-2", "acme")].map(|(name, tenant)| Person::producer(name, tenant));
    let analyst = Person::analyst("ana", "acme");
    let mut world = world(&[&a, &b, &analyst]);
    let wrong = critical(&a, 1, NOW, "ip", "198.51.100.9");
    let right = Event { severity_id: 3, ..event(&b, 0, 1, NOW, "ip", "198.51.100.9") };
    let mut without = world.clone();
    without.block(NOW, vec![signed(&b, &right)]);
    world.block(NOW, vec![signed(&a, &wrong), signed(&b, &right)]);
    let rule = automatic(&world, "ip", "198.51.100.9").unwrap();
    assert_eq!(rule.rests_on.to_vec(), [id(&wrong), id(&right)], "the rule names what it rests on");
    let verdict = judging(event(&analyst, 0, 1, NOW, "ip", "198.51.100.9"), "Verdict.Refute.v1", id(&wrong));
    assert_eq!(world.block(NOW + 1, vec![signed(&analyst, &verdict)]), [Code::EventApplied]);
    assert_eq!(score(&world, "ip", "198.51.100.9", NOW + 1), score(&without, "ip", "198.51.100.9", NOW + 1));
    assert_eq!(automatic(&world, "ip", "198.51.100.9"), None, "and the rule is lifted");
    let conduct: Conduct = world.row(&keys::by_kid(Space::Conduct, &a.kid())).unwrap();
    assert_eq!(conduct.bp, 9500, "the producer has lost conduct");
}

#[test]
fn a_folded_event_is_too_old_to_refute() {
    let det = Person::producer("det-1", "acme");
    let analyst = Person::analyst("ana", "acme");
    let mut world = world(&[&det, &analyst]);
    let say = |seq: u64| critical(&det, seq, NOW, "ip", "198.51.100.9");
    let items = (1..=CONTRIBUTIONS_MAX as u64 + 1).map(|seq| signed(&det, &say(seq))).collect();
    world.block(NOW, items);
    let refute = |seq: u64, about: &Event| {
        signed(
            &analyst,
            &judging(event(&analyst, 0, seq, NOW, "ip", "198.51.100.9"), "Verdict.Refute.v1", id(about)),
        )
    };
    let codes = world.block(NOW, vec![refute(1, &say(1)), refute(2, &say(2))]);
    assert_eq!(codes, [Code::VerdictTooOld, Code::EventApplied]);
}

#[test]
fn a_flood_of_equal_findings_saturates() {
    let det = Person::producer("det-1", "acme").standing(4000);
    let mut world = world(&[&det]);
    let say = |seq: u64| signed(&det, &critical(&det, seq, NOW, "ip", "198.51.100.9"));
    world.block(NOW, vec![say(1)]);
    let one = score(&world, "ip", "198.51.100.9", NOW);
    world.block(NOW, (2..=1000).map(say).collect());
    assert_eq!((one, score(&world, "ip", "198.51.100.9", NOW)), (4000, 4000));
}

#[test]
fn a_star_does_not_cover_verdicts_and_rules() {
    let det = Person::producer("det-1", "acme").alone();
    let mut world = world(&[&det]);
    let found = critical(&det, 1, NOW, "ip", "198.51.100.9");
    let verdict = judging(event(&det, 0, 2, NOW, "ip", "198.51.100.9"), "Verdict.Confirm.v1", id(&found));
    let request = RuleRequest { ttl_ms: 1000, reason: "test".into(), ..RuleRequest::default() };
    let rule = asking(event(&det, 0, 2, NOW, "ip", "198.51.100.9"), "Rule.Allow.v1", &request);
    let codes = world.block(NOW, vec![signed(&det, &found), signed(&det, &verdict), signed(&det, &rule)]);
    assert_eq!(codes, [Code::EventApplied, Code::AuthzDenyType, Code::AuthzDenyType]);
}

#[test]
fn analysts_judge_events_of_their_tenant_that_are_not_their_own() {
    let det = Person::new("det-1", "acme", cybermesh_proto::genesis::Role::Producer, &["*", "Verdict.*"]);
    let stranger = Person::analyst("eve", "globex");
    let mut world = world(&[&det, &stranger]);
    let found = critical(&det, 1, NOW, "ip", "198.51.100.9");
    let judge = |who: &Person, seq| {
        signed(who, &judging(event(who, 0, seq, NOW, "ip", "198.51.100.9"), "Verdict.Refute.v1", id(&found)))
    };
    let codes = world.block(NOW, vec![signed(&det, &found), judge(&det, 2), judge(&stranger, 1)]);
    assert_eq!(codes, [Code::EventApplied, Code::VerdictOwn, Code::VerdictTenant]);
}

#[test]
fn an_operator_binds_its_own_tenant_and_not_all() {
    let op = Person::operator("op", "acme");
    let mut world = world(&[&op]);
    let ask = |seq, scope: &str| {
        let request =
            RuleRequest { scope: scope.into(), ttl_ms: 9000, reason: "because".into(), ..Default::default() };
        signed(&op, &asking(event(&op, 0, seq, NOW, "host", "evil.example"), "Rule.Deny.v1", &request))
    };
    let codes = world.block(NOW, vec![ask(1, "*"), ask(2, "globex"), ask(3, "")]);
    assert_eq!(codes, [Code::RuleScope, Code::RuleScope, Code::EventApplied]);
    let row: RuleRow = world.row(&keys::rule(&subject("host", "evil.example"), Some(("acme", 1)))).unwrap();
    assert_eq!((row.origin, row.reason.as_slice()), (Origin::Requested, b"because".as_slice()));
    let lift = RuleRequest { action: 1, reason: "done".into(), ..Default::default() };
    let lift =
        |seq| signed(&op, &asking(event(&op, 0, seq, NOW, "host", "evil.example"), "Rule.Lift.v1", &lift));
    assert_eq!(world.block(NOW, vec![lift(4), lift(5)]), [Code::EventApplied, Code::RuleUnknown]);
}

#[test]
fn a_producer_in_quarantine_weighs_nothing() {
    let [a, b, bad] = [("a", "acme"), ("b", "globex"), ("bad", "acme")]
        .map(|(name, tenant)| Person::producer(name, tenant));
    let mut world = world(&[&a, &b, &bad]);
    let name = bad.kid().0.to_string();
    let against = |who: &Person| signed(who, &critical(who, 1, NOW, "producer", &name));
    world.block(NOW, vec![against(&a), against(&b)]);
    assert_eq!(automatic(&world, "producer", &name).unwrap().verb, Verb::Quarantine);
    let codes = world.block(NOW + 1, vec![signed(&bad, &critical(&bad, 1, NOW, "ip", "198.51.100.9"))]);
    assert_eq!(
        (codes.as_slice(), score(&world, "ip", "198.51.100.9", NOW)),
        ([Code::EventApplied].as_slice(), 0)
    );
}

#[test]
fn events_of_one_block_see_what_came_before_them_in_it() {
    let det = Person::producer("det-1", "acme").alone();
    let mut world = world(&[&det]);
    let found = critical(&det, 1, NOW, "ip", "198.51.100.9");
    let applied = world.batches(NOW, vec![vec![signed(&det, &found)], vec![signed(&det, &found)]]);
    assert_eq!(codes(&applied), [Code::EventApplied, Code::EventSeqUsed]);
    let revoke = Action::RevokeKey(cybermesh_proto::message::pb::control::v1::RevokeKey {
        kid: det.kid().0.as_bytes().to_vec(),
    });
    let revoke = governance(world.chain.id, 50, 1, revoke, &["admin-1", "admin-3"]);
    let next = critical(&det, 2, NOW, "ip", "198.51.100.9");
    assert_eq!(
        world.block(NOW, vec![revoke, signed(&det, &next)]),
        [Code::GovernanceApplied, Code::AuthnDenyRevoked]
    );
}
