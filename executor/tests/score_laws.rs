//! Laws of the score over all histories, and a plain model of it: every number from the list of findings alone.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use cybermesh_executor::score::{Backer, CONTRIBUTIONS_MAX, Corroboration, Record, Standing, decayed};
use cybermesh_proto::wire::{Text, decode_canonical, encode_canonical};
use cybermesh_proto::{Digest, ItemId, Kid};
use proptest::prelude::*;

/// A minute: the shortest half-life there is.
const HALF_LIFE_MS: u64 = 60_000;

/// One finding of a history, and how the time goes on before it.
#[derive(Clone, Copy, Debug)]
struct Finding {
    producer: u8,
    weight: u16,
    wait_ms: u64,
    age_ms: u64,
    alone: bool,
    /// After it, an earlier finding (by a number to choose one with) is judged.
    verdict: Option<(usize, Standing)>,
}

fn finding() -> impl Strategy<Value = Finding> {
    let producer = prop_oneof![3 => 0..4_u8, 1 => 0..90_u8];
    let weight = prop_oneof![1 => 0..=10_000_u16, 1 => prop::sample::select(vec![0, 1, 500, 5_000, 10_000])];
    let times = (prop_oneof![Just(0), 0..20_000_u64, 0..900_000_u64], prop_oneof![Just(0), 0..200_000_u64]);
    let standing = [Standing::None, Standing::Confirmed, Standing::Refuted, Standing::FalsePositive];
    let verdict = prop::option::of((any::<usize>(), prop::sample::select(standing.to_vec())));
    (producer, weight, times, any::<bool>(), verdict).prop_map(|(producer, weight, times, alone, verdict)| {
        Finding { producer, weight, wait_ms: times.0, age_ms: times.1, alone, verdict }
    })
}

fn history() -> impl Strategy<Value = Vec<Finding>> {
    prop::collection::vec(finding(), 0..160)
}

fn kid(producer: u8) -> Kid {
    Kid(Digest::new([producer; 32]))
}

fn event(number: usize) -> ItemId {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    ItemId(Digest::new(bytes))
}

fn tenant(producer: u8) -> Text<64> {
    Text::new(["north", "south", "east"][usize::from(producer % 3)]).unwrap()
}

fn add(record: &mut Record, number: usize, finding: &Finding, now_ms: u64) {
    let Finding { producer, weight, age_ms, alone, .. } = *finding;
    let backer = Backer { kid: kid(producer), tenant: tenant(producer), denies_alone: alone };
    record.add(backer, event(number), weight, now_ms.saturating_sub(age_ms), now_ms, HALF_LIFE_MS);
}

/// Applies a history without its verdicts; gives the record and the time.
fn told(history: &[Finding]) -> (Record, u64) {
    let (mut record, mut now_ms) = (Record::default(), 1_000_000);
    for (number, finding) in history.iter().enumerate() {
        now_ms += finding.wait_ms;
        add(&mut record, number, finding, now_ms);
    }
    (record, now_ms)
}

/// What the page says, without seats, peaks or indices.
#[derive(Default)]
struct Model {
    findings: Vec<(u8, usize, u16, u64, Standing)>,
    alone: BTreeMap<u8, bool>,
    residue: (u16, u64),
}

impl Model {
    fn left(&self, number: usize, now_ms: u64) -> u16 {
        let (_, _, weight, at_ms, verdict) = self.findings[number];
        if verdict as u8 >= 2 { 0 } else { decayed(weight, now_ms.saturating_sub(at_ms), HALF_LIFE_MS) }
    }

    fn residue(&self, now_ms: u64) -> u16 {
        decayed(self.residue.0, now_ms.saturating_sub(self.residue.1), HALF_LIFE_MS)
    }

    fn count(&self, producer: u8) -> usize {
        self.findings.iter().filter(|finding| finding.0 == producer).count()
    }

    fn add(&mut self, number: usize, finding: &Finding, now_ms: u64) {
        if self.findings.len() == 64 {
            let most = (0..=u8::MAX).map(|producer| self.count(producer)).max().unwrap();
            let oldest = (0..64).find(|place| self.count(self.findings[*place].0) == most).unwrap();
            let left = self.left(oldest, now_ms);
            if left > self.residue(now_ms) {
                self.residue = (left, now_ms);
            }
            self.findings.remove(oldest);
        }
        self.alone.insert(finding.producer, finding.alone);
        let at_ms = now_ms.saturating_sub(finding.age_ms);
        self.findings.push((finding.producer, number, finding.weight, at_ms, Standing::None));
    }

    fn producers(&self) -> BTreeSet<u8> {
        self.findings.iter().map(|finding| finding.0).collect()
    }

    /// The first of the strongest findings of a producer, with its decayed weight.
    fn strongest(&self, producer: u8, now_ms: u64) -> (u16, usize) {
        let own = (0..self.findings.len()).filter(|place| self.findings[*place].0 == producer);
        let lefts = own.map(|place| (self.left(place, now_ms), self.findings[place].1));
        lefts.reduce(|best, next| if next.0 > best.0 { next } else { best }).unwrap()
    }

    fn score(&self, now_ms: u64) -> u16 {
        let mut r = 100_000_000_u64;
        for producer in self.producers() {
            r = r * (10_000 - u64::from(self.strongest(producer, now_ms).0)) / 10_000;
        }
        u16::try_from((100_000_000 - r) / 10_000).unwrap().max(self.residue(now_ms))
    }

    fn corroboration(&self, now_ms: u64, floor: u16) -> Corroboration {
        let counts = |producer: &u8| self.strongest(*producer, now_ms).0 >= floor;
        let agreeing: Vec<_> = self.producers().into_iter().filter(counts).collect();
        let tenants: BTreeSet<_> = agreeing.iter().map(|producer| tenant(*producer)).collect();
        let confirmed = |producer: &&u8| {
            self.findings.iter().any(|finding| finding.0 == **producer && finding.4 == Standing::Confirmed)
        };
        let confirmations = agreeing.iter().filter(confirmed).count();
        let reason = |producer: &u8| {
            let (left, number) = self.strongest(*producer, now_ms);
            (left, event(number), kid(*producer))
        };
        let mut counting: Vec<_> = agreeing.iter().map(reason).collect();
        counting.sort_by_key(|(left, event, _)| (u16::MAX - left, *event));
        Corroboration {
            points: u32::try_from(agreeing.len() + tenants.len() + confirmations).unwrap(),
            alone: agreeing.iter().any(|producer| self.alone[producer]),
            tenants: tenants.into_iter().collect(),
            counting,
        }
    }
}

proptest! {
    #[test]
    fn a_record_says_what_the_plain_model_says(history in history(), floor in 1..2_000_u16, later_ms in 0..300_000_u64) {
        let (mut record, mut model, mut now_ms) = (Record::default(), Model::default(), 1_000_000);
        for (number, finding) in history.iter().enumerate() {
            now_ms += finding.wait_ms;
            add(&mut record, number, finding, now_ms);
            model.add(number, finding, now_ms);
            if let Some((choice, verdict)) = finding.verdict {
                let place = choice % model.findings.len();
                model.findings[place].4 = verdict;
                prop_assert!(record.judge(record.find(event(model.findings[place].1)).unwrap(), verdict).is_some());
            }
            prop_assert_eq!(record.score(now_ms, HALF_LIFE_MS), model.score(now_ms));
        }
        now_ms += later_ms;
        prop_assert_eq!(record.score(now_ms, HALF_LIFE_MS), model.score(now_ms));
        let found = record.corroboration(now_ms, HALF_LIFE_MS, floor.into());
        prop_assert_eq!(found, model.corroboration(now_ms, floor));
        let kept: Vec<_> = record.contributions.iter().map(|one| one.event).collect();
        prop_assert_eq!(kept, model.findings.iter().map(|finding| event(finding.1)).collect::<Vec<_>>());
        prop_assert_eq!(record.folded, history.len() > 64);
        prop_assert_eq!(&decode_canonical::<Record>(&encode_canonical(&record)).unwrap(), &record);
    }

    #[test]
    fn refuting_any_events_gives_the_world_in_which_they_weighed_nothing(
        history in history(), more in history(), refuted in any::<u64>(),
    ) {
        let (mut record, mut now_ms) = told(&history);
        let place = |number: usize| record.find(event(number));
        let chosen: Vec<_> = (0..history.len()).filter(|number| place(*number).is_some_and(|at| refuted >> at & 1 == 1)).collect();
        for (order, number) in chosen.iter().enumerate() {
            let verdict = if order % 2 == 0 { Standing::Refuted } else { Standing::FalsePositive };
            record.judge(record.find(event(*number)).unwrap(), verdict);
        }
        let mut other_history = history.clone();
        chosen.iter().for_each(|number| other_history[*number].weight = 0);
        let (mut other, _) = told(&other_history);
        prop_assert_eq!(record.score(now_ms, HALF_LIFE_MS), other.score(now_ms, HALF_LIFE_MS));
        for (number, finding) in more.iter().enumerate() {
            now_ms += finding.wait_ms;
            add(&mut record, history.len() + number, finding, now_ms);
            add(&mut other, history.len() + number, finding, now_ms);
            prop_assert_eq!(record.score(now_ms, HALF_LIFE_MS), other.score(now_ms, HALF_LIFE_MS));
            let counting = |record: &Record| record.corroboration(now_ms, HALF_LIFE_MS, 500);
            prop_assert_eq!(counting(&record), counting(&other));
        }
    }

    #[test]
    fn decay_never_grows(
        weight in 0..=10_000_u16, heavier in 0..=10_000_u16, age in 0..2_000_000_u64, older in 0..2_000_000_u64,
        half_life in prop_oneof![1..70_u64, 60_000..31_536_000_001_u64],
    ) {
        let left = decayed(weight, age, half_life);
        prop_assert!(left <= weight);
        prop_assert!(decayed(weight, age + older, half_life) <= left);
        prop_assert!(decayed(weight.max(heavier), age, half_life) >= left);
        prop_assert_eq!(decayed(weight, 14 * half_life + age, half_life), 0);
    }

    #[test]
    fn a_score_is_at_most_the_whole_and_falls_with_time(history in history(), later in 0..2_000_000_u64) {
        let (record, now_ms) = told(&history);
        let score = record.score(now_ms, HALF_LIFE_MS);
        prop_assert!(score <= 10_000);
        prop_assert!(record.score(now_ms + later, HALF_LIFE_MS) <= score);
        prop_assert_eq!(record.score(now_ms + 14 * HALF_LIFE_MS, HALF_LIFE_MS), 0);
    }

    #[test]
    fn a_heavier_finding_never_lowers_the_score(
        history in prop::collection::vec(finding(), 1..65), which in any::<prop::sample::Index>(), heavier in 0..=10_000_u16,
    ) {
        let (record, now_ms) = told(&history);
        let mut heavy_history = history.clone();
        let finding = &mut heavy_history[which.index(history.len())];
        finding.weight = finding.weight.max(heavier);
        let (heavy, _) = told(&heavy_history);
        prop_assert!(heavy.score(now_ms, HALF_LIFE_MS) >= record.score(now_ms, HALF_LIFE_MS));
    }

    #[test]
    fn only_those_with_the_most_findings_lose_one(history in prop::collection::vec(finding(), 0..300)) {
        let (mut record, mut now_ms) = (Record::default(), 1_000_000);
        for (number, finding) in history.iter().enumerate() {
            now_ms += finding.wait_ms;
            let before = record.clone();
            add(&mut record, number, finding, now_ms);
            prop_assert!(record.contributions.len() <= CONTRIBUTIONS_MAX);
            prop_assert_eq!(record.contributions.len(), (number + 1).min(CONTRIBUTIONS_MAX));
            let lost: Vec<_> = before.contributions.iter().filter(|one| record.find(one.event).is_none()).collect();
            let size = |seat: u8| before.contributions.iter().filter(|one| one.backer == seat).count();
            prop_assert!(lost.iter().all(|one| before.contributions.iter().all(|other| size(other.backer) <= size(one.backer))));
            prop_assert!(lost.len() == usize::from(before.contributions.len() == CONTRIBUTIONS_MAX));
        }
    }

    #[test]
    fn a_flood_never_costs_another_producer_its_strongest_finding(others in prop::collection::vec(finding(), 0..32), flood in 64..200_usize) {
        let others: Vec<_> = others.into_iter().map(|finding| Finding { producer: finding.producer % 90, ..finding }).collect();
        let (mut record, now_ms) = told(&others);
        let flooder = Finding { producer: 200, weight: 10_000, wait_ms: 0, age_ms: 0, alone: false, verdict: None };
        (0..flood).for_each(|number| add(&mut record, 1_000 + number, &flooder, now_ms));
        prop_assert!((0..others.len()).all(|number| record.find(event(number)).is_some()));
    }
}
