//! The load that speed is measured by: a thousand producers, 512 bytes of payload, and subjects either few or many.

use cybermesh_proto::agree::Item;

use crate::items::{event, signed, with_payload};
use crate::people::Person;
use crate::rng::Rng;

/// How subjects are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subjects {
    /// Recorded, without score: what changes is the producers' streams alone.
    Unscored,
    /// By Zipf with exponent 1.1, over so many.
    Zipf(u64),
}

/// A load, item by item.
pub struct Load {
    /// Who speaks.
    pub people: Vec<Person>,
    next: Vec<u64>,
    rng: Rng,
    subjects: Subjects,
    /// Cumulative weights of the subjects' ranks, in parts of the whole.
    ranks: Vec<u64>,
    payload: Vec<u8>,
}

impl Load {
    /// A load of so many producers; with both halves, or Ed25519 alone.
    #[must_use]
    pub fn new(producers: usize, hybrid: bool, subjects: Subjects) -> Self {
        let person = |number: usize| {
            let person =
                Person::producer(&format!("load-{number}"), &format!("tenant-{}", number % 7)).standing(3000);
            if hybrid { person } else { person.ed25519_only() }
        };
        let ranks = match subjects {
            Subjects::Unscored => Vec::new(),
            Subjects::Zipf(count) => zipf(count),
        };
        Self {
            people: (0..producers).map(person).collect(),
            next: vec![1; producers],
            rng: Rng::new(1),
            subjects,
            ranks,
            payload: vec![0x5a; 512],
        }
    }

    /// The next items.
    pub fn items(&mut self, count: usize, now_ms: u64, hybrid: bool) -> Vec<Item> {
        (0..count).map(|_| self.item(now_ms, hybrid)).collect()
    }

    fn item(&mut self, now_ms: u64, hybrid: bool) -> Item {
        let place = usize::try_from(self.rng.below(self.people.len() as u64)).unwrap();
        let seq = self.next[place];
        self.next[place] += 1;
        let (kind, value) = match self.subjects {
            Subjects::Unscored => ("flow", format!("flow-{}", self.rng.below(1 << 20))),
            Subjects::Zipf(_) => ("ip", self.address()),
        };
        let person = &self.people[place];
        let mut event = event(person, 0, seq, now_ms, kind, &value);
        event.severity_id = 2;
        let event = with_payload(event, "application/octet-stream", self.payload.clone());
        if hybrid {
            return signed(person, &event);
        }
        crate::items::signed_with(person, &event, &[cybermesh_proto::keys::Algorithm::Ed25519])
    }

    fn address(&mut self) -> String {
        let total = *self.ranks.last().unwrap();
        let drawn = self.rng.below(total);
        let rank = self.ranks.partition_point(|reached| *reached <= drawn) as u32;
        let spread = rank.wrapping_mul(2_654_435_761) | 0x0b00_0000;
        std::net::Ipv4Addr::from(spread & 0x7fff_ffff).to_string()
    }
}

/// Cumulative weights of ranks 1, 2, … by 1 / rank^1.1, as whole numbers.
fn zipf(count: u64) -> Vec<u64> {
    let mut sum = 0;
    (1..=count)
        .map(|rank| {
            sum += (1e12 / (rank as f64).powf(1.1)) as u64;
            sum
        })
        .collect()
}
