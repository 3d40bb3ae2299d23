//! A long random tale by seed: honest producers, liars, floods, gaps, verdicts, rules, changes of keys and numbers.

use std::collections::BTreeMap;

use cybermesh_executor::parameters::Parameters;
use cybermesh_proto::agree::Item;
use cybermesh_proto::event::SignedEvent;
use cybermesh_proto::genesis::Role;
use cybermesh_proto::keys::Algorithm;
use cybermesh_proto::message::pb::control::v1 as control;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::message::pb::event::v1::{Encryption, Event, RuleRequest};
use cybermesh_proto::wire::encode_canonical;
use cybermesh_proto::{ItemId, Kid};

use crate::items::{asking, event, governance, judging, signed, signed_with, with_payload};
use crate::people::Person;
use crate::rng::Rng;
use crate::world::{BEGIN_MS, Setup, World};

/// A tale, told block by block.
pub struct Story {
    rng: Rng,
    people: Vec<Person>,
    next: BTreeMap<(Kid, u32), u64>,
    said: Vec<(ItemId, String, String)>,
    replay: Vec<Item>,
    nonce: u64,
    /// The time of the next block, in ms.
    pub now_ms: u64,
}

const SUBJECTS: [(&str, &str); 34] = [
    ("ip", "198.51.100.1"),
    ("ip", "::ffff:198.51.100.1"),
    ("cidr", "198.51.100.1/32"),
    ("host", "198.51.100.1"),
    ("ip", "2001:DB8::1"),
    ("ip", "2001:db8:0:0:0:0:0:1"),
    ("ip", "010.0.0.1"),
    ("ip", "fe80::1%eth0"),
    ("ip", "1.2.3"),
    ("ip", "127.0.0.1"),
    ("ip", "192.0.2.9"),
    ("ip", "64:ff9b::192.0.2.9"),
    ("cidr", "198.51.100.77/24"),
    ("cidr", "8.0.0.0/6"),
    ("cidr", "::ffff:198.51.100.0/120"),
    ("cidr", "2001:db8::/32"),
    ("cidr", "2001::/31"),
    ("cidr", "10.0.0.0/08"),
    ("host", "Evil.Example."),
    ("host", "evil.example"),
    ("host", "a..b"),
    ("host", "1.2.3.999"),
    ("host", "x.0xff"),
    ("user", "mallory"),
    ("user", " mallory"),
    ("service", "billing"),
    ("process", "/bin/sh"),
    ("file", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
    ("file", "abc"),
    ("device", "cam-7"),
    ("validator", "node-2"),
    ("mailbox", "x@y"),
    ("user", "root"),
    ("ip", "::1"),
];

impl Story {
    /// A tale of a seed, and the world it takes place in.
    #[must_use]
    pub fn new(seed: u64) -> (Self, World) {
        let mut rng = Rng::new(seed);
        let mut people = Vec::new();
        for (number, tenant) in (0..14).zip(["acme", "globex", "initech"].into_iter().cycle()) {
            let person = Person::producer(&format!("det-{number}"), tenant);
            let standing = *rng.pick(&[0, 2000, 5000, 8000, 10_000]);
            let person = person.standing(standing);
            let person = if rng.once_in(6) { person.alone() } else { person };
            people.push(if rng.once_in(4) { person.ed25519_only() } else { person });
        }
        let all = ["Anomaly.*", "Rule.*", "Verdict.*"];
        people.push(Person::new("both", "acme", Role::Producer, &all).alone());
        for tenant in ["acme", "globex"] {
            people.push(Person::analyst(&format!("ana-{tenant}"), tenant));
            people.push(Person::operator(&format!("op-{tenant}"), tenant));
        }
        people.push(Person::operator("chief", "initech").alone());
        let protected = vec![("cidr", "192.0.2.0/24"), ("host", "vault.example"), ("user", "root")];
        let world = World::new(&Setup { people: people.clone(), protected, ..Setup::default() });
        let story = Self {
            rng,
            people,
            next: BTreeMap::new(),
            said: Vec::new(),
            replay: Vec::new(),
            nonce: 0,
            now_ms: BEGIN_MS,
        };
        (story, world)
    }

    /// The items of the next block.
    pub fn block(&mut self, world: &World, most: u64) -> Vec<Item> {
        let step = [10, 1000, 60_000, 700_000, 7_200_000, 200_000_000];
        let places = [0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 5];
        let place: usize = *self.rng.pick(&places);
        self.now_ms += 1 + self.rng.below(step[place]);
        let count = self.rng.below(most) + 1;
        (0..count).map(|_| self.item(world)).collect()
    }

    fn item(&mut self, world: &World) -> Item {
        if self.rng.once_in(200) {
            return self.govern(world);
        }
        if !self.replay.is_empty() && self.rng.once_in(15) {
            return self.rng.pick(&self.replay).clone();
        }
        let among = if self.rng.once_in(3) { 14..20 } else { 0..self.people.len() };
        let person = self.rng.pick(&self.people[among]).clone();
        let (mut kind, mut value) = *self.rng.pick(&SUBJECTS);
        if self.rng.once_in(8) {
            (kind, value) = SUBJECTS[0];
        }
        let stream = if self.rng.once_in(12) { self.rng.below(70) as u32 } else { 0 };
        let seq = self.seq(person.kid(), stream);
        let mut event = event(&person, stream, seq, self.now_ms, kind, value);
        if self.rng.once_in(40) {
            event.entity_kind = "producer".into();
            event.entity_value = self.rng.pick(&self.people).kid().0.to_string();
        }
        self.vary(&mut event);
        let event = self.shape(&person, event);
        let id = crate::items::id(&event);
        self.said.push((id, event.entity_kind.clone(), event.entity_value.clone()));
        let both = [Algorithm::Ed25519, Algorithm::MlDsa44];
        let item = if self.rng.once_in(20) {
            signed_with(&person, &event, &both[..1])
        } else {
            signed(&person, &event)
        };
        if self.rng.once_in(4) {
            self.replay.push(item.clone());
        }
        SignedEvent::decode(item.bytes()).unwrap();
        item
    }

    fn seq(&mut self, kid: Kid, stream: u32) -> u64 {
        let next = self.next.entry((kid, stream)).or_insert(1);
        let leap = match self.rng.below(400) {
            0 => self.rng.below(3000),
            1 => 262_144 + self.rng.below(3000),
            2 => self.rng.below(1 << 40),
            3..30 => self.rng.below(5),
            _ => 0,
        };
        let seq = *next + leap;
        // A leap is often a slip: the stream goes on where it was.
        if leap < 5 || self.rng.once_in(3) {
            *next = seq + 1;
        }
        seq
    }

    fn vary(&mut self, event: &mut Event) {
        event.severity_id = *self.rng.pick(&[0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 99]);
        event.confidence_bp = *self.rng.pick(&[0, 1, 2500, 5000, 9000, 10_000, 10_000]);
        event.created_at_ms = match self.rng.below(12) {
            0 => self.now_ms + self.rng.below(600_001),
            1 => self.now_ms.saturating_sub(self.rng.below(400_000_000)),
            2 => self.now_ms.saturating_sub(300_000),
            3 => 0,
            _ => self.now_ms.saturating_sub(self.rng.below(2000)),
        };
        if self.rng.once_in(60) {
            event.tenant = "globex".into();
        }
        if self.rng.once_in(60) {
            event.r#type = (*self.rng.pick(&[
                "Evidence.Attach.v1",
                "Verdict.Undo.v1",
                "Rule.Deny.v2",
                "Other.Thing.v1",
            ]))
            .into();
        }
    }

    /// Makes verdicts of analysts' events and rules of operators'.
    fn shape(&mut self, person: &Person, event: Event) -> Event {
        let may = |word: &str| person.key.types.iter().any(|pattern| pattern.as_str().starts_with(word));
        let judges = may("Verdict") && (!may("Anomaly") || self.rng.once_in(2));
        if judges && !self.said.is_empty() {
            return self.judge(event);
        }
        let asks = may("Rule") && (!may("Anomaly") || self.rng.once_in(2));
        if asks { self.ask(event) } else { event }
    }

    fn judge(&mut self, mut event: Event) -> Event {
        let from = self.said.len().saturating_sub(25);
        let (id, kind, value) = self.rng.pick(&self.said[from..]).clone();
        if !self.rng.once_in(8) {
            (event.entity_kind, event.entity_value) = (kind, value);
        }
        let word = *self.rng.pick(&["Verdict.Confirm.v1", "Verdict.Refute.v1", "Verdict.FalsePositive.v1"]);
        let mut event = judging(event, word, id);
        match self.rng.below(20) {
            0 => event.resource = event.resource.to_uppercase().replace("URN:", "urn:"),
            1 => event.resource = String::new(),
            _ => {}
        }
        event
    }

    fn ask(&mut self, event: Event) -> Event {
        let word = *self.rng.pick(&["Rule.Deny.v1", "Rule.Allow.v1", "Rule.Quarantine.v1", "Rule.Lift.v1"]);
        let lift = word == "Rule.Lift.v1";
        let mut request = RuleRequest {
            scope: (*self.rng.pick(&["", "", "", "acme", "globex", "*"])).into(),
            priority: *self.rng.pick(&[0, 100, 1000, 1001]),
            ttl_ms: if lift {
                0
            } else {
                *self.rng.pick(&[1, 60_000, 3_600_000, 2_592_000_000, 2_592_000_001])
            },
            reason: (*self.rng.pick(&["because", "ticket 7", "", "grüße"])).into(),
            action: if lift { *self.rng.pick(&[1, 2, 3]) } else { 0 },
        };
        if self.rng.once_in(10) {
            request.action = (self.rng.below(5)) as i32;
        }
        let mut event = asking(event, word, &request);
        match self.rng.below(25) {
            0 => event.content_type = "text/plain".into(),
            1 => {
                let payload = [event.payload.clone(), vec![0x30, 1]].concat();
                event = with_payload(event, cybermesh_proto::message::RULE_REQUEST_TYPE, payload);
            }
            2 => {
                let nonce = vec![0; 12];
                event.encryption =
                    Some(Encryption { scheme: 1, recipient: vec![1; 32], wrapped_key: vec![1; 8], nonce });
            }
            _ => {}
        }
        event
    }

    fn govern(&mut self, world: &World) -> Item {
        self.nonce += 1;
        let until = world.parent.height.get() + 10;
        let person = self.rng.pick(&self.people).clone();
        let kid = person.kid().0.as_bytes().to_vec();
        let action = match self.rng.below(10) {
            0 => Action::RevokeKey(control::RevokeKey { kid }),
            1..4 => Action::AmendKey(control::AmendKey {
                kid,
                types: person.key.types.iter().map(|one| one.as_str().to_owned()).collect(),
                ed25519_only: self.rng.once_in(3),
                standing_bp: self.rng.below(10_001) as u32,
                denies_alone: self.rng.once_in(5),
            }),
            4..6 => self.join(),
            _ => Action::ChangeParameters(control::ChangeParameters { parameters: self.numbers() }),
        };
        governance(world.chain.id, until, self.nonce, action, &["admin-1", "admin-2"])
    }

    /// A new producer.
    fn join(&mut self) -> Action {
        let person = Person::producer(&format!("new-{}", self.nonce), "initech");
        let standing_bp = self.rng.below(10_001) as u32;
        let key = control::RegisterKey {
            role: control::Role::Producer.into(),
            bundle: encode_canonical(&person.key.bundle),
            tenant: person.tenant().into(),
            subject: "new".into(),
            types: vec!["*".into()],
            ed25519_only: false,
            standing_bp,
            denies_alone: false,
        };
        self.people.push(person);
        Action::RegisterKey(key)
    }

    /// One or two numbers, some of them out of bounds.
    fn numbers(&mut self) -> Vec<control::Parameter> {
        let (name, _, least, most) = *self.rng.pick(Parameters::TABLE);
        let span = (most - least).min(1 << 40);
        let value = if self.rng.once_in(5) { most + 1 } else { least + self.rng.below(span + 1) };
        vec![control::Parameter { name: name.into(), value }]
    }
}
