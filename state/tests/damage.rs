//! What was changed behind the store's back is found at the start or at the first read, and is never served.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Home, owner};
use cybermesh_executor::view::View as _;
use cybermesh_proto::Height;
use cybermesh_state::made::{self, Made, Random, Shape};
use cybermesh_state::store::Log;
use cybermesh_state::{StateError, StateReader, StateStore};

const BLOCKS: usize = 12;

/// Everything that can be asked, and compared with what was committed. An error is an answer; another value is not.
fn read_everything(reader: &StateReader, blocks: &[Made]) -> Result<(), StateError> {
    let newest = reader.newest().height;
    reader.after()?;
    reader.positions()?;
    read_state(reader, Height::ZERO)?;
    for block in blocks.iter().take(newest.get() as usize) {
        let applied = &block.applied;
        let height = applied.decision.height;
        assert_eq!(reader.decision(height)?.as_ref(), Some(&applied.decision));
        let outcomes: Vec<_> = reader.items(height)?.iter().map(|item| item.outcome).collect();
        assert_eq!(outcomes, applied.items.iter().map(|item| item.outcome).collect::<Vec<_>>());
        let sent: Vec<_> = reader.outbox(height)?.into_iter().map(|leaf| leaf.row).collect();
        assert_eq!(sent, applied.outbound);
        reader.outbox_above(1, 3, 0, 100)?;
        assert_eq!(reader.attestation(height)?.as_deref(), Some(b"attested".as_slice()));
        for item in &applied.items {
            assert_eq!(reader.places_of(&item.id)?.len(), 1);
            if let Some(found_by) = &item.found_by {
                assert!(!reader.case(&found_by.correlation, None, 100)?.places.is_empty());
                assert!(!reader.about("ip", &found_by.value, None, 100)?.places.is_empty());
            }
        }
        for (key, value) in &applied.writes {
            assert_eq!(&reader.at(height)?.get(key)?, value);
            let proof = reader.proof(height, key)?;
            assert_eq!(&proof.value.map(|value| value.as_slice().to_vec()), value);
            reader.get(key)?;
        }
        read_state(reader, height)?;
        for log in [Log::Events, Log::Audit, Log::History] {
            let size = reader.log_size(log);
            for index in 0..size {
                reader.inclusion(log, index, size)?;
            }
        }
    }
    reader.audit_leaves(0, 1000)?;
    Ok(())
}

/// Every row that ever was, as it was after a height.
fn read_state(reader: &StateReader, height: Height) -> Result<(), StateError> {
    for subject in 0..40 {
        let key = format!("subject/{subject:08}").into_bytes();
        let value = reader.at(height)?.get(&key)?;
        let proof = reader.proof(height, &key)?;
        assert_eq!(proof.value.map(|value| value.as_slice().to_vec()), value);
        reader.at(height)?.first(&key, &[0xff])?;
    }
    Ok(())
}

/// A closed store of some blocks.
fn closed() -> (Home, Vec<Made>) {
    let home = Home::new(30);
    let mut store = home.open();
    let shape = Shape { items: 12, rows: 8, subjects: 40, ..Shape::default() };
    let mut blocks = Vec::new();
    for _ in 0..BLOCKS {
        let made = made::next(store.reader(), &owner(), &shape).unwrap();
        let positions = [cybermesh_state::SourcePosition { source: b"s".to_vec(), position: b"p".to_vec() }];
        let commit = cybermesh_state::Commit {
            attestation: Some(b"attested"),
            positions: &positions,
            ..made.commit()
        };
        store.commit(&commit).unwrap();
        blocks.push(made);
    }
    (home, blocks)
}

fn files(place: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(place)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| wanted(path.file_name().unwrap().to_str().unwrap()))
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

/// Opens and reads all of it; says whether damage was found.
fn found(home: &Home, blocks: &[Made], must_hold: u64) -> bool {
    let store: StateStore = match home.try_open() {
        Ok(store) => store,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return true;
        }
    };
    let height = store.reader().newest().height;
    assert!(height >= Height::new(must_hold), "height {height} of {must_hold} was served");
    read_everything(store.reader(), blocks).is_err()
}

#[test]
fn a_value_changed_in_any_family_is_found() {
    let families = [
        "marks",
        "decisions",
        "rows",
        "gone",
        "nodes",
        "values",
        "stale",
        "tiles",
        "audit",
        "items",
        "events",
        "cases",
        "subjects",
        "outbox",
        "runs",
        "attestations",
    ];
    let (home, blocks) = closed();
    for family in families {
        let rows = home.open().reader().count_rows(family).unwrap();
        assert!(rows > 0, "{family} holds nothing");
        for row in [0, rows / 2, rows - 1] {
            let undo = cybermesh_state::made::spoil(&home.place(), family, row).unwrap();
            let found = home.try_open().map_or_else(
                |_| true,
                |store| {
                    let read = read_everything(store.reader(), &blocks);
                    // The stale list is read by pruning alone.
                    read.is_err() || family == "stale" && store.reader().count_rows(family).is_err()
                },
            );
            assert!(found, "row {row} of {family} was changed and served");
            undo.undo(&home.place()).unwrap();
        }
    }
    let store = home.open();
    read_everything(store.reader(), &blocks).unwrap();
}

#[test]
fn a_table_file_with_a_changed_byte_is_never_served() {
    let (home, blocks) = closed();
    let store = home.open();
    store.compact().unwrap();
    drop(store);
    let tables = files(&home.place(), |name| name.ends_with(".sst"));
    assert!(tables.len() >= 15, "one for each family: {tables:?}");
    let mut random = Random::new(11);
    let mut found_at = 0;
    for table in &tables {
        let sound = fs::read(table).unwrap();
        for _ in 0..6 {
            let mut bytes = sound.clone();
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << random.below(8);
            fs::write(table, &bytes).unwrap();
            // Bytes that nobody reads (padding, statistics) may change without harm; no answer may.
            found_at += usize::from(found(&home, &blocks, BLOCKS as u64));
        }
        fs::write(table, &sound[..sound.len() / 2]).unwrap();
        assert!(found(&home, &blocks, BLOCKS as u64), "half of {table:?} was enough");
        fs::remove_file(table).unwrap();
        assert!(found(&home, &blocks, BLOCKS as u64), "{table:?} was missed by nobody");
        fs::write(table, &sound).unwrap();
    }
    assert!(found_at * 2 > tables.len() * 6, "only {found_at} changes mattered");
    assert!(!found(&home, &blocks, BLOCKS as u64));
}

#[test]
fn a_manifest_with_a_changed_byte_is_found_or_harmless() {
    let (home, blocks) = closed();
    home.open().compact().unwrap();
    let manifests = files(&home.place(), |name| name.starts_with("MANIFEST"));
    let mut random = Random::new(12);
    let mut refused = 0;
    for manifest in &manifests {
        let sound = fs::read(manifest).unwrap();
        for _ in 0..40 {
            let mut bytes = sound.clone();
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << random.below(8);
            // A store that is opened is changed by it: each try has a copy of its own.
            let copy = Home::copy(&home);
            fs::write(copy.place().join(manifest.file_name().unwrap()), &bytes).unwrap();
            refused += usize::from(found(&copy, &blocks, BLOCKS as u64));
        }
    }
    assert!(refused >= 30 * manifests.len(), "only {refused} of {} were found", 40 * manifests.len());
}

#[test]
fn a_log_damaged_in_its_middle_refuses_and_never_forgets() {
    let (home, blocks) = closed();
    let logs = files(&home.place(), |name| name.ends_with(".log"));
    let log = logs.last().unwrap();
    let sound = fs::read(log).unwrap();
    let mut random = Random::new(13);
    let mut refused = 0;
    for _ in 0..60 {
        // The newest record is what an unfinished write looks like: there damage cannot be told from a crash.
        let at = random.below(sound.len() as u64 * 3 / 4) as usize;
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << random.below(8);
        // A store that is opened is changed by it: each try has a copy of its own.
        let copy = Home::copy(&home);
        fs::write(copy.place().join(log.file_name().unwrap()), &bytes).unwrap();
        refused += usize::from(found(&copy, &blocks, BLOCKS as u64));
    }
    assert_eq!(refused, 60, "damage in the middle of the log was served");
}

#[test]
fn a_log_cut_at_any_place_gives_whole_blocks() {
    let (home, blocks) = closed();
    let logs = files(&home.place(), |name| name.ends_with(".log"));
    let log = logs.last().unwrap();
    let sound = fs::read(log).unwrap();
    let mut heights = std::collections::BTreeSet::new();
    for part in 0..40 {
        // A store that is opened is changed by it: each try has a copy of its own.
        let copy = Home::copy(&home);
        let kept = sound.len() * part / 40;
        fs::write(copy.place().join(log.file_name().unwrap()), &sound[..kept]).unwrap();
        let store = copy.open();
        read_everything(store.reader(), &blocks).unwrap();
        heights.insert(store.reader().newest().height);
    }
    assert!(heights.len() > 5, "{heights:?}");
}

#[test]
fn a_flat_row_that_is_not_the_trees_is_found_at_the_start() {
    let (home, blocks) = closed();
    let key =
        blocks.last().unwrap().applied.writes.iter().find(|(_, value)| value.is_some()).unwrap().0.clone();
    let open = || StateStore::open(&home.place(), &owner(), &common::memory(), &[&key]);
    drop(open().unwrap());
    // With a checksum of its own: only the tree tells.
    made::forge_row(&home.place(), &key, b"forged").unwrap();
    assert!(matches!(open(), Err(StateError::Differs { .. })));
}

#[test]
fn a_family_that_is_missing_is_not_made_anew() {
    let (home, _) = closed();
    made::drop_family(&home.place(), "audit").unwrap();
    assert!(matches!(home.try_open(), Err(StateError::Disk { .. })));
}

#[test]
fn blocks_of_another_store_behind_the_newest_one_are_found() {
    let (home, _) = closed();
    made::forge_above(&home.place(), Height::new(BLOCKS as u64 + 1)).unwrap();
    assert!(matches!(home.try_open(), Err(StateError::Damaged { .. })));
}
