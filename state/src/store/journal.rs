//! The journal: where an item was decided, by its identity, by the case it belongs to, by its subject.
//!
//! Identities are keys with the place in them: the first one is where the item had its effect, later ones are its copies, and
//! writing needs no look at what is there. Cases and subjects have one row for each of their values and block, with the
//! places in the block as differences.

use std::collections::BTreeMap;

use cybermesh_executor::applied::{Decided, FoundBy};
use cybermesh_proto::{Height, ItemId};

use super::{CASES, EVENTS, SUBJECTS, StateReader, keys};
use crate::bytes::{Reader, put_number};
use crate::db::Batch;
use crate::error::{StateError, within};
use crate::family::Family;

/// 1,000 places in a page: an answer of some kilobytes.
pub(crate) const PAGE_MAX: usize = 1000;
/// 16 copies of one item are named; more say nothing new.
const COPIES_MAX: usize = 16;

/// The place of an item in the chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The height.
    pub height: Height,
    /// Its number in the block.
    pub index: u32,
}

/// Some places in order, and where to go on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// The places, ascending.
    pub places: Vec<Place>,
    /// The first place of the next page; none if this is the last one.
    pub next: Option<Place>,
}

/// Writes what the items of a block can be found by.
pub(super) fn put(batch: &mut Batch<'_>, height: Height, items: &[Decided]) {
    let mut cases: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
    let mut subjects: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
    for (index, item) in (0_u32..).zip(items) {
        let place = [height.get().to_be_bytes().as_slice(), &index.to_be_bytes()].concat();
        batch.put(&EVENTS, &keys::key(&[item.id.0.as_bytes(), &place]), &[]);
        let Some(FoundBy { correlation, kind, value }) = &item.found_by else {
            continue;
        };
        if !correlation.is_empty() {
            cases.entry(keys::text(correlation)).or_default().push(index);
        }
        subjects.entry(subject(kind, value)).or_default().push(index);
    }
    for (family, postings) in [(&CASES, cases), (&SUBJECTS, subjects)] {
        for (name, indices) in postings {
            batch.put(family, &keys::key(&[&name, &height.get().to_be_bytes()]), &encode(&indices));
        }
    }
}

fn subject(kind: &str, value: &str) -> Vec<u8> {
    [keys::text(kind), keys::text(value)].concat()
}

/// Ascending numbers as differences.
fn encode(indices: &[u32]) -> Vec<u8> {
    let mut row = Vec::new();
    let mut last = 0;
    for index in indices {
        put_number(&mut row, u64::from(index - last));
        last = *index;
    }
    row
}

fn decode(row: &[u8]) -> Option<Vec<u32>> {
    let mut reader = Reader::new(row);
    let (mut last, mut indices) = (0_u32, Vec::new());
    while !reader.is_empty() {
        last = last.checked_add(reader.small()?)?;
        indices.push(last);
    }
    Some(indices)
}

impl StateReader {
    /// Where an item was decided: the first place, then copies of it, at most 16.
    pub fn places_of(&self, id: &ItemId) -> Result<Vec<Place>, StateError> {
        let from = keys::key(&[id.0.as_bytes()]);
        let below = keys::key(&[id.0.as_bytes(), &[0xff; 13]]);
        let mut places = Vec::new();
        for row in self.db.scan(&EVENTS, &from, &below)?.take(COPIES_MAX) {
            let (key, _) = row?;
            places.push(place(&key).ok_or_else(|| StateError::damaged(EVENTS.name, &key, "no place"))?);
        }
        Ok(places)
    }

    /// The items of a case, from a place on.
    pub fn case(&self, correlation: &str, from: Option<Place>, limit: usize) -> Result<Page, StateError> {
        self.page(&CASES, &keys::text(correlation), from, limit)
    }

    /// The items about a subject, from a place on.
    pub fn about(
        &self,
        kind: &str,
        value: &str,
        from: Option<Place>,
        limit: usize,
    ) -> Result<Page, StateError> {
        self.page(&SUBJECTS, &subject(kind, value), from, limit)
    }

    fn page(
        &self,
        family: &Family,
        name: &[u8],
        from: Option<Place>,
        limit: usize,
    ) -> Result<Page, StateError> {
        within("places in a page", limit, PAGE_MAX)?;
        let from = from.unwrap_or(Place { height: Height::ZERO, index: 0 });
        let first = keys::key(&[name, &from.height.get().to_be_bytes()]);
        let below = keys::key(&[name, &[0xff; 8]]);
        let mut page = Page::default();
        for row in self.db.scan(family, &first, &below)? {
            let (key, list) = row?;
            let damaged = || StateError::damaged(family.name, &key, "no list of places");
            let height = key.get(name.len() + 1..).and_then(|height| height.try_into().ok());
            let height = Height::new(u64::from_be_bytes(height.ok_or_else(damaged)?));
            for index in decode(&list).ok_or_else(damaged)? {
                let place = Place { height, index };
                if place < from {
                    continue;
                }
                if page.places.len() == limit {
                    page.next = Some(place);
                    return Ok(page);
                }
                page.places.push(place);
            }
        }
        Ok(page)
    }
}

/// The place at the end of an identity's key.
pub(super) fn place(key: &[u8]) -> Option<Place> {
    let (height, index) = key.get(33..)?.split_first_chunk::<8>()?;
    let height = Height::new(u64::from_be_bytes(*height));
    Some(Place { height, index: u32::from_be_bytes(index.try_into().ok()?) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};

    proptest! {
        #[test]
        fn lists_of_places_come_back(set: std::collections::BTreeSet<u32>, noise: Vec<u8>) {
            let list: Vec<_> = set.into_iter().collect();
            prop_assert_eq!(decode(&encode(&list)), Some(list));
            // Total on anything.
            let _read = decode(&noise);
        }
    }
}
