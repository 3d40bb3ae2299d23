//! Kills without a loss of power: at random moments, and at every numbered write point.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use cybermesh_state::made::Random;
use cybermesh_state::points::Point;
use tempfile::TempDir;

use crate::check::check;
use crate::promises::{Promise, Promises};
use crate::run::{Kill, Run};
use crate::{Fault, demand};

/// A folder lives through so many rounds.
const ROUNDS_OF_A_FOLDER: u64 = 20;
/// Heights of a child that nobody kills.
const HEIGHTS: u64 = 40;

/// 1.1 MiB in blocks of 512 bytes, as `ulimit` of a POSIX shell counts.
const FILE_BLOCKS_MAX: u64 = 2250;

/// What a run of rounds came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Rounds that ended as they were to.
    pub rounds: u64,
    /// Promises held against what was left.
    pub promises: u64,
    /// How often each write point ended a process.
    pub points: BTreeMap<u8, u64>,
}

/// One folder with what was promised about it.
struct Life {
    folder: TempDir,
    seed: u64,
    promises: Promises,
    rounds: u64,
}

impl Life {
    fn new(seed: u64) -> Result<Self, Fault> {
        Ok(Self { folder: TempDir::new()?, seed, promises: Promises::default(), rounds: 0 })
    }
}

/// Kills so many times. Every third time at a write point, by turns.
pub fn run(kills: u64, seed: u64) -> Result<Tally, Fault> {
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let mut life = Life::new(seed)?;
    for round in 0..kills {
        let point = round.is_multiple_of(3).then(|| Point::ALL[(round / 3) as usize % Point::ALL.len()]);
        let first_boot = matches!(point, Some(Point::FolderSynced | Point::MarkerRemoved));
        if first_boot || life.rounds == ROUNDS_OF_A_FOLDER {
            life = Life::new(seed ^ round)?;
        }
        life.rounds += 1;
        let before = life.promises;
        match point {
            Some(point) => at_point(&mut life, point, first_boot, &mut random, &mut tally)?,
            None => at_random(&mut life, &mut random)?,
        }
        let checked = check(life.folder.path(), life.seed, &life.promises);
        let after = checked.map_err(|fault| kept(&mut life, round, seed, fault))?;
        tally.promises += after.sum() - before.sum();
        life.promises = after;
        tally.rounds += 1;
    }
    let missed: Vec<_> =
        Point::ALL.iter().filter(|point| !tally.points.contains_key(&(**point as u8))).collect();
    let enough = kills < 3 * Point::ALL.len() as u64 || missed.is_empty();
    demand(enough, || format!("write points that ended no process: {missed:?}"))?;
    Ok(tally)
}

/// The folder of a broken promise stays to be looked at.
fn kept(life: &mut Life, round: u64, seed: u64, fault: Fault) -> Fault {
    life.folder.disable_cleanup(true);
    let place = life.folder.path().display();
    Fault::Broken(format!("round {round} of seed {seed}, {:?}, folder {place}: {fault}", life.promises))
}

fn at_point(
    life: &mut Life,
    point: Point,
    first_boot: bool,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let times = if first_boot { 1 } else { 1 + random.below(5) };
    let chosen = format!("{}:{times}", point as u8);
    let run = Run {
        folder: life.folder.path(),
        seed: life.seed,
        heights: HEIGHTS,
        variables: &[("CYBERMESH_WRITE_POINT", chosen)],
        kill: Kill::Never,
    };
    let status = run.run(&mut life.promises)?;
    // A child that came to its last height first ended well.
    if !status.success() {
        demand(status.code().is_none(), || format!("the child failed: {status}"))?;
        *tally.points.entry(point as u8).or_insert(0) += 1;
    }
    Ok(())
}

/// What a child prints when a store refused everything after its first failed write.
pub const REFUSES: &str = "refuses";

/// Files cannot grow any more: the first write that fails must be the last one, and nothing promised before is lost.
pub fn full(seed: u64) -> Result<Promises, Fault> {
    let life = Life::new(seed)?;
    // Buffers that never fill, so that it is the log of the state store that cannot grow; the record's second slot just fits.
    let run = format!("ulimit -f {FILE_BLOCKS_MAX}; trap '' XFSZ; exec \"$0\" full \"$1\" \"$2\"");
    let mut command = Command::new("sh");
    command.args(["-c", &run]).arg(std::env::current_exe()?).arg(life.folder.path()).arg(seed.to_string());
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut promises = Promises::default();
    said.lines().filter_map(Promise::read).for_each(|promise| promises.hear(promise));
    demand(said.ends_with(&format!("{REFUSES}\n")), || {
        format!("{said}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    check(life.folder.path(), seed, &promises)
}

fn at_random(life: &mut Life, random: &mut Random) -> Result<(), Fault> {
    let lines = random.below(25);
    let delay = Duration::from_micros(random.below(8_000));
    let run = Run {
        folder: life.folder.path(),
        seed: life.seed,
        heights: u64::MAX,
        variables: &[],
        kill: Kill::After(lines, delay),
    };
    run.run(&mut life.promises)?;
    Ok(())
}
