//! `kills <n> <seed>` kills, `cuts <n> <seed>` cuts the power, `finds <seed>` leaves every sync out once and demands that it is
//! found; `refuses <seed>` lets a write fail; `child` is the process that is killed.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use cybermesh_crash::{Fault, child, cut, rounds};
use cybermesh_state::points::Point;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_| Fault::Broken(format!("{text} is no number")))
}

fn run(arguments: &[&str]) -> Result<(), Fault> {
    let began = Instant::now();
    match arguments {
        ["child", folder, seed, heights] => child::run(Path::new(folder), number(seed)?, number(heights)?),
        ["full", folder, seed] => child::run_until_full(Path::new(folder), number(seed)?),
        ["refuses", seed] => {
            let promises = rounds::full(number(seed)?)?;
            println!("after the first failed write nothing is taken, nothing was lost: {promises:?}");
            Ok(())
        }
        ["kills", kills, seed] => {
            println!("seed {seed}");
            let tally = rounds::run(number(kills)?, number(seed)?)?;
            for point in Point::ALL {
                println!(
                    "  {:<16} {:>5}",
                    format!("{point:?}"),
                    tally.points.get(&(point as u8)).unwrap_or(&0)
                );
            }
            let seconds = began.elapsed().as_secs();
            println!("kills: {} rounds, {} promises held, {seconds} s", tally.rounds, tally.promises);
            Ok(())
        }
        ["cuts", cuts, seed] => {
            println!("seed {seed}");
            let tally = cut::run(number(cuts)?, number(seed)?, None)?;
            let (cuts, steps, promises) = (tally.cuts, tally.steps, tally.promises);
            let seconds = began.elapsed().as_secs();
            println!(
                "cuts: {cuts} of power, {steps} writes and syncs, {promises} promises held, {seconds} s"
            );
            Ok(())
        }
        ["finds", seed] => {
            println!("seed {seed}");
            for sync in cut::SYNCS {
                let (disks, how) = cut::finds(sync, number(seed)?)?;
                println!("  without the sync of {sync}: found with disk {disks}: {how}");
            }
            Ok(())
        }
        _ => Err(Fault::Broken(
            "kills <n> <seed> | cuts <n> <seed> | finds <seed> | refuses <seed>".to_owned(),
        )),
    }
}
