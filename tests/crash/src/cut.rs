//! Cuts of power: a run under the preloaded library, its trace played onto a harsh disk, and what is left checked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cybermesh_state::made::Random;
use tempfile::TempDir;

use crate::check::check;
use crate::disk::{Disk, Keeps};
use crate::promises::Promises;
use crate::run::{Kill, Run};
use crate::trace;
use crate::{Fault, demand};

/// A disk lives through so many cuts.
const CUTS_OF_A_DISK: u64 = 8;
/// A sync that is left out is found within so many cuts.
const CUTS_TO_FIND: u64 = 64;
/// The syncs that can be left out.
pub const SYNCS: [&str; 4] = ["payload", "state", "record", "folder"];

/// What a run of cuts came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Cuts after which everything promised was there.
    pub cuts: u64,
    /// Writes, syncs and names in all traces.
    pub steps: u64,
    /// Promises held against what was left.
    pub promises: u64,
}

/// Builds the library that is preloaded.
pub fn library(folder: &Path) -> Result<PathBuf, Fault> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../powerloss/powerloss.c");
    let library = folder.join("powerloss.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
    demand(cc.status()?.success(), || "the library does not compile".to_owned())?;
    Ok(library)
}

struct Life {
    /// Always a fresh folder: what the disk kept of the one before.
    folder: TempDir,
    seed: u64,
    promises: Promises,
    cuts: u64,
}

/// Cuts so many times.
pub fn run(cuts: u64, seed: u64, left_out: Option<&str>) -> Result<Tally, Fault> {
    let tools = TempDir::new()?;
    let library = library(tools.path())?;
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let mut life = Life { folder: TempDir::new()?, seed, promises: Promises::default(), cuts: 0 };
    for round in 0..cuts {
        if life.cuts == CUTS_OF_A_DISK {
            let seed = seed ^ round;
            life = Life { folder: TempDir::new()?, seed, promises: Promises::default(), cuts: 0 };
        }
        life.cuts += 1;
        let before = life.promises;
        let mut told = before;
        // A folder's sync matters most when things are made; the others are left out of stores that were made well.
        let left_out = left_out.filter(|sync| life.cuts > 1 || *sync == "folder");
        let (folder, steps) = once(&life, &library, left_out, &mut random, &mut told)?;
        life.folder = folder;
        tally.steps += steps;
        let checked = check(life.folder.path(), life.seed, &told);
        life.promises = checked
            .map_err(|fault| Fault::Broken(format!("cut {round} of seed {seed}, {told:?}: {fault}")))?;
        tally.promises += life.promises.sum() - before.sum();
        tally.cuts += 1;
    }
    demand(tally.steps > 0, || "nothing was traced: the library was not preloaded".to_owned())?;
    Ok(tally)
}

/// One run with its cut: the folder that the disk kept.
fn once(
    life: &Life,
    library: &Path,
    left_out: Option<&str>,
    random: &mut Random,
    promises: &mut Promises,
) -> Result<(TempDir, u64), Fault> {
    let place = life.folder.path();
    let notes = TempDir::new()?;
    let trace = notes.path().join("trace");
    let mut disk = Disk::load(place)?;
    let text = |path: &Path| path.display().to_string();
    let mut variables = vec![
        ("LD_PRELOAD", text(library)),
        ("POWERLOSS_FOLDER", text(place)),
        ("POWERLOSS_TRACE", text(&trace)),
    ];
    variables.extend(left_out.map(|sync| ("CYBERMESH_LEAVE_OUT", sync.to_owned())));
    let kill = Kill::After(random.below(40), Duration::from_micros(random.below(8_000)));
    let run = Run { folder: place, seed: life.seed, heights: u64::MAX, variables: &variables, kill };
    run.run(promises)?;
    // A child that was killed at once has left no trace.
    let steps = if trace.exists() { trace::read(&std::fs::read(&trace)?) } else { Vec::new() };
    let count = steps.len() as u64;
    disk.play(steps);
    let keeps = [Keeps::Nothing, Keeps::Beginning, Keeps::AnyPart][random.below(3) as usize];
    let left = TempDir::new()?;
    disk.cut(keeps, random, left.path())?;
    Ok((left, count))
}

/// Leaves one sync out and demands that a cut shows it: after how many, and how.
pub fn finds(sync: &str, seed: u64) -> Result<(u64, String), Fault> {
    for try_number in 1..=CUTS_TO_FIND / CUTS_OF_A_DISK {
        match run(CUTS_OF_A_DISK, seed.wrapping_add(try_number), Some(sync)) {
            Ok(_) => {}
            Err(Fault::Broken(how)) => return Ok((try_number, how)),
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Broken(format!("{CUTS_TO_FIND} cuts without the sync of {sync} broke nothing")))
}
