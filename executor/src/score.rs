//! The score of a subject: what the findings about it weigh together, now.
//!
//! **Promises**: the score is at most 10,000 basis points and falls with time; many findings of one producer
//! weigh what its strongest weighs; a refuted finding weighs nothing, as if it had never weighed anything; a
//! producer that floods displaces its own findings, not those of producers that have fewer.
//!
//! **Limits**: [`CONTRIBUTIONS_MAX`] findings; of those that had to go, the strongest remains as *residue*.
//!
//! Time comes in as an argument and is that of the block. Numbers of the parameters are at most those of
//! `docs/effects.md`, §9; beyond them sums are cut off, not wrapped.

use cybermesh_proto::wire::{List, Text, Wire};
use cybermesh_proto::{Code, ItemId, Kid, Refusal};
use serde::{Deserialize, Deserializer};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// 64 findings for a subject: enough for a dozen producers with their last five each, and a row below 10 KiB.
pub const CONTRIBUTIONS_MAX: usize = 64;
/// 16 findings are named as the reasons of an automatic rule.
pub const REASONS_MAX: usize = 16;

/// 10,000 basis points.
const WHOLE: u64 = 10_000;
/// A whole of a whole: the product over the producers is kept in this unit.
const WHOLE_OF_WHOLE: u64 = WHOLE * WHOLE;
/// After 14 half-lives nothing of 10,000 is left.
const HALVINGS_MAX: u64 = 14;

/// A producer with a finding here, as it was registered when it last contributed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Backer {
    /// Its key.
    pub kid: Kid,
    /// The tenant it speaks for.
    pub tenant: Text<64>,
    /// Whether it needs nobody else to agree.
    pub denies_alone: bool,
}

/// What analysts say of a finding.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Standing {
    /// Nothing.
    #[default]
    None = 0,
    /// It is true.
    Confirmed = 1,
    /// It does not hold.
    Refuted = 2,
    /// It does not hold, and its producer should have known.
    FalsePositive = 3,
}

/// One finding about the subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Contribution {
    /// Whose it is: a place among the backers.
    pub backer: u8,
    /// The event.
    pub event: ItemId,
    /// What it weighed when it was new, in basis points.
    pub weight: u16,
    /// From when on it decays.
    pub at_ms: u64,
    /// What analysts say of it.
    pub verdict: Standing,
}

/// The state row of a subject.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Record {
    /// Producers with a contribution here, ascending by kid.
    #[serde(deserialize_with = "bounded")]
    pub backers: Vec<Backer>,
    /// The contributions, in the order in which they were applied.
    #[serde(deserialize_with = "bounded")]
    pub contributions: Vec<Contribution>,
    /// The strongest of what was folded.
    pub residue: u16,
    /// From when on it decays.
    pub residue_at_ms: u64,
    /// Whether anything was ever folded.
    pub folded: bool,
    /// The score that was last sent out.
    pub published_bp: u16,
}

/// Who agrees about a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corroboration {
    /// What those who count come to.
    pub points: u32,
    /// Whether one of them needs nobody else.
    pub alone: bool,
    /// The tenants they speak for, ascending, each once.
    pub tenants: Vec<Text<64>>,
    /// Decayed weight, event and producer of the strongest finding of each, heaviest first, then by event.
    pub counting: Vec<(u16, ItemId, Kid)>,
}

/// The strongest of one producer's contributions.
#[derive(Clone, Copy, Default)]
struct Peak {
    weight: u16,
    event: Option<ItemId>,
    confirmed: bool,
}

/// What a finding weighs when it is new. Each number is in basis points.
#[must_use]
pub fn weight(severity_weight: u64, confidence_bp: u64, registered_bp: u64, conduct_bp: u64) -> u16 {
    let standing = registered_bp.saturating_mul(conduct_bp) / WHOLE;
    let weight = severity_weight.saturating_mul(confidence_bp).saturating_mul(standing) / WHOLE_OF_WHOLE;
    basis_points(weight)
}

/// What is left of a weight at an age: half after each half-life, along straight lines in between.
#[must_use]
pub fn decayed(weight: u16, age_ms: u64, half_life_ms: u64) -> u16 {
    let (Some(halvings), Some(rest)) = (age_ms.checked_div(half_life_ms), age_ms.checked_rem(half_life_ms))
    else {
        return 0;
    };
    if halvings >= HALVINGS_MAX {
        return 0;
    }
    let base = u64::from(weight).checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0);
    let lost = base.saturating_mul(rest).checked_div(half_life_ms.saturating_mul(2)).unwrap_or(base);
    basis_points(base.saturating_sub(lost))
}

impl Record {
    /// Adds a finding; one of those here is folded first when there is no room.
    pub fn add(
        &mut self,
        backer: Backer,
        event: ItemId,
        weight: u16,
        at_ms: u64,
        now_ms: u64,
        half_life_ms: u64,
    ) {
        if self.contributions.len() >= CONTRIBUTIONS_MAX {
            self.fold(now_ms, half_life_ms);
        }
        let (backer, at_ms) = (self.seat(backer), at_ms.min(now_ms));
        self.contributions.push(Contribution { backer, event, weight, at_ms, verdict: Standing::None });
    }

    /// The score in basis points.
    #[must_use]
    pub fn score(&self, now_ms: u64, half_life_ms: u64) -> u16 {
        let doubt = self.peaks(now_ms, half_life_ms).iter().fold(WHOLE_OF_WHOLE, |doubt, peak| {
            doubt.saturating_mul(WHOLE.saturating_sub(peak.weight.into())) / WHOLE
        });
        let combined = basis_points(WHOLE_OF_WHOLE.saturating_sub(doubt) / WHOLE);
        combined.max(self.residue_left(now_ms, half_life_ms))
    }

    /// Which producers count, those of at least this weight, and what they come to.
    #[must_use]
    pub fn corroboration(&self, now_ms: u64, half_life_ms: u64, floor: u64) -> Corroboration {
        let peaks = self.peaks(now_ms, half_life_ms);
        let mut found = Corroboration { points: 0, alone: false, tenants: Vec::new(), counting: Vec::new() };
        for (backer, peak) in self.backers.iter().zip(peaks) {
            let Some(event) = peak.event.filter(|_| u64::from(peak.weight) >= floor) else { continue };
            let first = found.tenants.binary_search(&backer.tenant);
            if let Err(place) = first {
                found.tenants.insert(place, backer.tenant.clone());
            }
            let points = 1_u32.saturating_add(first.is_err().into()).saturating_add(peak.confirmed.into());
            found.points = found.points.saturating_add(points);
            found.alone |= backer.denies_alone;
            found.counting.push((peak.weight, event, backer.kid));
        }
        found
            .counting
            .sort_unstable_by(|(a, event_a, _), (b, event_b, _)| b.cmp(a).then(event_a.cmp(event_b)));
        found
    }

    /// The place of an event's contribution.
    #[must_use]
    pub fn find(&self, event: ItemId) -> Option<usize> {
        self.contributions.iter().position(|contribution| contribution.event == event)
    }

    /// Whose contribution stands at this place.
    #[must_use]
    pub fn backer_of(&self, place: usize) -> Option<&Backer> {
        self.backers.get(usize::from(self.contributions.get(place)?.backer))
    }

    /// Sets what analysts say of the contribution at this place, and gives what they said before.
    pub fn judge(&mut self, place: usize, verdict: Standing) -> Option<Standing> {
        let contribution = self.contributions.get_mut(place)?;
        Some(core::mem::replace(&mut contribution.verdict, verdict))
    }

    fn residue_left(&self, now_ms: u64, half_life_ms: u64) -> u16 {
        decayed(self.residue, now_ms.saturating_sub(self.residue_at_ms), half_life_ms)
    }

    /// The strongest contribution of each backer, in the backers' order.
    fn peaks(&self, now_ms: u64, half_life_ms: u64) -> [Peak; CONTRIBUTIONS_MAX] {
        let mut peaks = [Peak::default(); CONTRIBUTIONS_MAX];
        for contribution in self.contributions.iter().filter(|one| !one.verdict.refutes()) {
            let Some(peak) = peaks.get_mut(usize::from(contribution.backer)) else { continue };
            peak.confirmed |= contribution.verdict == Standing::Confirmed;
            // Decay only takes: one that weighed no more when it was new is not worth the division.
            if contribution.weight <= peak.weight {
                continue;
            }
            let left = contribution.left(now_ms, half_life_ms);
            if left > peak.weight {
                (peak.weight, peak.event) = (left, Some(contribution.event));
            }
        }
        peaks
    }

    /// The place of a backer among those here, made for it if it has none.
    fn seat(&mut self, backer: Backer) -> u8 {
        let found = self.backers.binary_search_by(|other| other.kid.cmp(&backer.kid));
        let place = found.unwrap_or_else(|place| place);
        // There are no more backers than contributions.
        let seat = u8::try_from(place).unwrap_or(u8::MAX);
        if let Some(known) = self.backers.get_mut(place).filter(|_| found.is_ok()) {
            *known = backer;
            return seat;
        }
        self.backers.insert(place, backer);
        for contribution in self.contributions.iter_mut().filter(|one| one.backer >= seat) {
            contribution.backer = contribution.backer.saturating_add(1);
        }
        seat
    }

    /// Lets the oldest contribution go of those whose producers have the most.
    fn fold(&mut self, now_ms: u64, half_life_ms: u64) {
        let mut counts = [0_usize; CONTRIBUTIONS_MAX];
        for contribution in &self.contributions {
            if let Some(count) = counts.get_mut(usize::from(contribution.backer)) {
                *count = count.saturating_add(1);
            }
        }
        let most = counts.into_iter().max();
        let count = |one: &Contribution| counts.get(usize::from(one.backer)).copied();
        let Some(place) = self.contributions.iter().position(|one| count(one) == most) else { return };
        let gone = self.contributions.remove(place);
        let left = if gone.verdict.refutes() { 0 } else { gone.left(now_ms, half_life_ms) };
        if left > self.residue_left(now_ms, half_life_ms) {
            (self.residue, self.residue_at_ms) = (left, now_ms);
        }
        self.folded = true;
        if most == Some(1) {
            self.unseat(gone.backer);
        }
    }

    fn unseat(&mut self, seat: u8) {
        if usize::from(seat) < self.backers.len() {
            self.backers.remove(seat.into());
        }
        for contribution in self.contributions.iter_mut().filter(|one| one.backer > seat) {
            contribution.backer = contribution.backer.saturating_sub(1);
        }
    }
}

impl Contribution {
    fn left(&self, now_ms: u64, half_life_ms: u64) -> u16 {
        decayed(self.weight, now_ms.saturating_sub(self.at_ms), half_life_ms)
    }
}

impl Corroboration {
    /// The events that a rule made now rests on.
    pub fn reasons(&self) -> impl Iterator<Item = ItemId> {
        self.counting.iter().take(REASONS_MAX).map(|(_, event, _)| *event)
    }
}

impl Standing {
    /// Whether a contribution of this standing weighs nothing.
    #[must_use]
    pub fn refutes(self) -> bool {
        matches!(self, Self::Refuted | Self::FalsePositive)
    }
}

impl Wire for Record {
    const NAME: &'static str = "subject record";
    /// 12 KiB: 64 backers of at most 104 bytes, 64 contributions of at most 51, and 32 bytes.
    const BYTES_MAX: usize = 12 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let ascending = self.backers.is_sorted_by(|a, b| a.kid < b.kid);
        let seated = self.contributions.iter().all(|one| usize::from(one.backer) < self.backers.len());
        let sound = ascending && seated;
        if sound { Ok(()) } else { Err(Refusal::new(Code::WireMalformed, "backers out of order or missing")) }
    }
}

impl From<Standing> for u8 {
    fn from(standing: Standing) -> Self {
        standing as Self
    }
}

impl TryFrom<u8> for Standing {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Confirmed),
            2 => Ok(Self::Refuted),
            3 => Ok(Self::FalsePositive),
            _ => Err("unknown standing of a finding"),
        }
    }
}

fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    List::<T, CONTRIBUTIONS_MAX>::deserialize(deserializer).map(List::into_vec)
}

fn basis_points(number: u64) -> u16 {
    u16::try_from(number.min(WHOLE)).unwrap_or(u16::MAX)
}
