//! `cybermesh-sim`: one run with its trace, or a sweep over seeds and plans with a table and a verdict.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use cybermesh_proto::planted::Fault;
use cybermesh_sim::costs;
use cybermesh_sim::hunt::hunt;
use cybermesh_sim::keys::Keys;
use cybermesh_sim::plan::{Plan, all, named};
use cybermesh_sim::properties::Verdict;
use cybermesh_sim::run::{Options, Outcome, fault_named, run};
use cybermesh_sim::sweep::{Row, sweep};
use cybermesh_sim::twins::exhaustive;

/// The deterministic simulator of agreement.
#[derive(Parser)]
#[command(name = "cybermesh-sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What is done to a run beside its plan.
#[derive(Args)]
struct Rig {
    /// Put in a mistake on purpose.
    #[arg(long)]
    fault: Option<String>,
    /// Sign with Ed25519 and ML-DSA-65: a run takes about a hundred times as long.
    #[arg(long)]
    real_keys: bool,
    /// So many validators, whatever the plan says.
    #[arg(long)]
    nodes: Option<usize>,
}

impl Rig {
    fn options(&self, readable: bool) -> Result<Options, String> {
        let keys = if self.real_keys { Keys::Real } else { Keys::Hashed };
        Ok(Options { readable, keys, fault: self.fault.as_deref().map(planted_fault).transpose()? })
    }

    /// The arguments that make this rig.
    fn arguments(&self) -> String {
        let fault = self.fault.as_ref().map_or_else(String::new, |fault| format!(" --fault {fault}"));
        let nodes = self.nodes.map_or_else(String::new, |nodes| format!(" --nodes {nodes}"));
        format!("{fault}{}{nodes}", if self.real_keys { " --real-keys" } else { "" })
    }

    fn shape(&self, mut plan: Plan) -> Plan {
        if let Some(nodes) = self.nodes {
            plan.nodes = vec![nodes];
        }
        plan
    }
}

#[derive(Subcommand)]
enum Command {
    /// One run.
    Run {
        /// A plan by name, or its file.
        #[arg(long)]
        plan: String,
        /// The seed.
        #[arg(long)]
        seed: u64,
        /// Print what happened, line by line.
        #[arg(long)]
        trace: bool,
        #[command(flatten)]
        rig: Rig,
    },
    /// Many runs of each plan.
    Sweep {
        /// How many seeds.
        #[arg(long, default_value_t = 20)]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// Only this plan.
        #[arg(long)]
        plan: Option<String>,
        #[command(flatten)]
        rig: Rig,
    },
    /// Puts in every known mistake, one after the other, and says which plan finds it first.
    Faults {
        /// How many seeds of each plan at most.
        #[arg(long, default_value_t = 1000)]
        seeds: u64,
        /// Only this mistake.
        #[arg(long)]
        fault: Option<String>,
    },
    /// All Twins schedules of some views: a key in two processes, and every partition into two groups in each view.
    Twins {
        /// How many views have a partition.
        #[arg(long, default_value_t = 2)]
        depth: u64,
        /// Only the schedule of this number, with its trace.
        #[arg(long)]
        only: Option<u64>,
        #[command(flatten)]
        rig: Rig,
    },
    /// What a decision costs in messages, bytes, signatures and delays.
    Costs {
        /// Write the page into the documents instead of printing it.
        #[arg(long)]
        write: bool,
    },
    /// The plans.
    Plans,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run { plan, seed, trace, rig } => one(&plan, seed, trace, &rig),
        Command::Sweep { seeds, first, plan, rig } => many(plan.as_deref(), first, seeds, &rig),
        Command::Faults { seeds, fault } => faults(seeds, fault.as_deref()),
        Command::Twins { depth, only, rig } => twins(depth, only, &rig),
        Command::Costs { write } => print_costs(write),
        Command::Plans => list(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn planted_fault(name: &str) -> Result<Fault, String> {
    fault_named(name).ok_or_else(|| format!("no planted fault {name}"))
}

fn faults(seeds: u64, only: Option<&str>) -> Result<bool, String> {
    let plans = all()?;
    let only = only.map(planted_fault).transpose()?;
    println!(
        "{:<20} {:<28} {:>5}  {:<34} by plans that know nothing of it",
        "planted fault", "found first by plan", "seed", "broken property"
    );
    let (mut missed, mut blindly, mut all_of_them) = (Vec::new(), 0, 0);
    for fault in Fault::ALL.into_iter().filter(|fault| only.is_none_or(|only| only == *fault)) {
        let hunt = hunt(&plans, fault, seeds);
        println!("{hunt}");
        all_of_them += 1;
        blindly += u64::from(hunt.blindly.is_some());
        if hunt.first.is_none() {
            missed.push(format!("{fault:?}"));
        }
    }
    println!("{blindly} of {all_of_them} found by plans that know nothing of them");
    let good = missed.is_empty() && blindly * 2 >= all_of_them;
    if good {
        println!("result: pass faults: every planted fault is found");
    } else {
        println!("result: fail faults: missed {}, {blindly} found blindly", missed.join(", "));
    }
    Ok(good)
}

fn print_costs(write: bool) -> Result<bool, String> {
    let page = costs::page(&costs::measure_all()?);
    if !write {
        print!("{page}");
        return Ok(true);
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(costs::PATH);
    std::fs::write(&path, page).map_err(|error| format!("{}: {error}", costs::PATH))?;
    println!("written: {}", costs::PATH);
    Ok(true)
}

fn list() -> Result<bool, String> {
    for plan in all()? {
        println!("{:<18} {}", plan.name, plan.about);
    }
    Ok(true)
}

fn one(plan: &str, seed: u64, trace: bool, rig: &Rig) -> Result<bool, String> {
    let plan = rig.shape(named(plan)?);
    println!("seed {seed}");
    let outcome = run(&plan, seed, rig.options(trace)?);
    outcome.lines.iter().for_each(|line| println!("{line}"));
    println!(
        "{} decisions, view {} of epoch {}, {} events, {:.3} s of virtual time",
        outcome.decisions,
        outcome.views,
        outcome.epochs,
        outcome.events,
        outcome.time_us as f64 / 1e6
    );
    println!("injected {:?}, noted {:?}", outcome.injected, outcome.noted);
    println!("trace {}", outcome.trace);
    let good = outcome.verdict == Verdict::Pass;
    if !good {
        explain(&plan, &outcome, rig);
    }
    let word = if good { "pass" } else { "fail" };
    println!("result: {word} sim: plan {}, seed {seed}, {:?}", plan.name, outcome.verdict);
    Ok(good)
}

fn many(plan: Option<&str>, first: u64, seeds: u64, rig: &Rig) -> Result<bool, String> {
    let plans = match plan {
        Some(name) => vec![named(name)?],
        None => all()?,
    };
    let plans: Vec<_> = plans.into_iter().map(|plan| rig.shape(plan)).collect();
    println!(
        "{seeds} seeds from {first} on that count: those with enough decisions and their faults in them"
    );
    println!(
        "{:<18} {:>8} {:>6} {:>6} {:>6} {:>10} {:>10}  injections",
        "plan", "verdict", "seeds", "pass", "hollow", "decisions", "views"
    );
    let (mut failed, mut rows, mut sum) = (Vec::new(), Vec::new(), Row::default());
    for plan in &plans {
        let row = sweep(plan, first, seeds, rig.options(false)?);
        print_row(&row);
        sum.add(&row);
        row.failures.iter().take(3).for_each(|outcome| explain(plan, outcome, rig));
        if !row.is_good() {
            failed.push(plan.name.clone());
        }
        rows.push(row);
    }
    print_rules(&rows, &sum);
    let (runs, decisions) = (sum.pass, sum.decisions);
    if failed.is_empty() {
        println!("result: pass sim: {} plans, {runs} runs that count, {decisions} decisions", plans.len());
    } else {
        println!("result: fail sim: {}", failed.join(", "));
    }
    Ok(failed.is_empty())
}

fn twins(depth: u64, only: Option<u64>, rig: &Rig) -> Result<bool, String> {
    let (plan, schedules) = exhaustive(named("twins-all")?, depth)?;
    if let Some(number) = only {
        let outcome = run(&plan, number, rig.options(true)?);
        outcome.lines.iter().for_each(|line| println!("{line}"));
        println!(
            "result: sim: twins of depth {depth}, schedule {number}, {:?} {:?}",
            outcome.verdict, outcome.finding
        );
        return Ok(outcome.verdict == Verdict::Pass);
    }
    let row = sweep(&plan, 0, schedules, rig.options(false)?);
    print_row(&row);
    for outcome in row.failures.iter().take(3) {
        explain(&plan, outcome, rig);
        println!("    which is: cybermesh-sim twins --depth {depth} --only {}", outcome.seed);
    }
    let word = if row.failures.is_empty() { "pass" } else { "fail" };
    println!(
        "result: {word} sim: {schedules} twins schedules of depth {depth}, {} failures",
        row.failures.len()
    );
    Ok(row.failures.is_empty())
}

/// How often each rule decided something: a plan that never comes to a rule does not test it.
fn print_rules(rows: &[Row], sum: &Row) {
    let heads: String = (1..=16).map(|rule| format!("{:>7}", format!("R{rule}"))).collect();
    println!("\n{:<28}{heads}", "hits of rules");
    rows.iter().for_each(|row| println!("{:<28}{}", row.plan, row.rules()));
    println!("{:<28}{}\n", "all", sum.rules());
}

fn print_row(row: &Row) {
    let verdict = if row.is_good() { "pass" } else { "FAIL" };
    println!(
        "{:<18} {verdict:>8} {:>6} {:>6} {:>6} {:>10} {:>10}  {}",
        row.plan,
        row.seeds,
        row.pass,
        row.hollow,
        row.decisions,
        row.views,
        row.injections()
    );
    if let Some(why) = &row.why_hollow {
        println!("    hollow: {why}");
    }
}

fn explain(plan: &Plan, outcome: &Outcome, rig: &Rig) {
    if let Some(finding) = &outcome.finding {
        let who = finding.node.map_or_else(String::new, |node| format!(" n{node}"));
        println!(
            "    seed {}: {:?} {}{who}: {}",
            outcome.seed, finding.verdict, finding.property, finding.what
        );
    }
    let (plan, seed, rig) = (&plan.name, outcome.seed, rig.arguments());
    println!("    replay: cybermesh-sim run --plan {plan} --seed {seed} --trace{rig}");
}
