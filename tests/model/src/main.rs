//! `cybermesh-model`: explores worlds, prints a table of them and the schedules that break one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

use clap::Parser;
use cybermesh_model::run::{Outcome, explore};
use cybermesh_model::setting::Expected;
use cybermesh_model::worlds;

/// Explores every schedule of bounded worlds over the pure core.
#[derive(Parser)]
#[command(name = "cybermesh-model", version)]
struct Arguments {
    /// More views and more validators: about five minutes.
    #[arg(long)]
    deep: bool,
    /// Only worlds whose names hold this.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let all = if arguments.deep { worlds::deep() } else { worlds::short() };
    let chosen = all.into_iter().filter(|world| world.name.contains(&arguments.only));
    let (mut passed, mut failed, mut states) = (0_usize, 0_usize, 0_usize);
    println!("{:<58} {:>9} {:>7} {:>5} {:>8}  verdict", "world", "states", "cores", "steps", "time");
    for world in chosen {
        let outcome = explore(&world);
        print(&outcome);
        states += outcome.states;
        if outcome.passed() { passed += 1 } else { failed += 1 }
    }
    if failed == 0 && passed > 0 {
        println!("result: pass model: {passed} worlds as expected, {states} states");
        return ExitCode::SUCCESS;
    }
    println!("result: fail model: {failed} of {} worlds not as expected", passed + failed);
    ExitCode::FAILURE
}

fn print(outcome: &Outcome) {
    let world = &outcome.setting;
    let extent = if outcome.complete { "all schedules" } else { "to that depth" };
    let expected = match (outcome.passed(), world.expected) {
        (false, _) => "NOT AS EXPECTED: ",
        (true, Expected::Safe | Expected::Unbroken) => "",
        (true, Expected::Fork | Expected::Broken) => "as it must: ",
    };
    let seconds = outcome.took.as_secs_f64();
    println!(
        "{:<58} {:>9} {:>7} {:>5} {seconds:>7.1}s  {expected}{} ({extent})",
        world.name,
        outcome.states,
        outcome.locals,
        outcome.depth,
        outcome.verdict()
    );
    outcome.schedule.iter().for_each(|line| println!("     {line}"));
}
