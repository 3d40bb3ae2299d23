//! The hunt for a planted fault: which plan finds it first, and whether the plans that know nothing of it do.
//!
//! A mistake that only the plan made for it can find says little about mistakes that nobody thought of. So each is hunted
//! twice: with all plans, a few seeds of each before more of any, and with the plans whose faults are drawn from the seed.

use std::fmt;

use cybermesh_proto::planted::Fault;

use crate::plan::Plan;
use crate::run::Options;
use crate::sweep::sweep;

/// Plans that draw what they do from the seed and know of no mistake.
const BLIND: [&str; 3] = ["generic", "twins-drawn", "crash-everywhere"];

/// What a hunt came to.
#[derive(Debug)]
pub struct Hunt {
    /// The mistake.
    pub fault: Fault,
    /// Who found it first.
    pub first: Option<Found>,
    /// Who found it first of those who know nothing of it.
    pub blindly: Option<Found>,
}

/// A run that broke.
#[derive(Debug)]
pub struct Found {
    /// Its plan.
    pub plan: String,
    /// Its seed.
    pub seed: u64,
    /// The property.
    pub property: &'static str,
}

/// Hunts a mistake over so many seeds of each plan.
#[must_use]
pub fn hunt(plans: &[Plan], fault: Fault, seeds: u64) -> Hunt {
    let blind: Vec<_> = plans.iter().filter(|plan| BLIND.contains(&plan.name.as_str())).collect();
    let all: Vec<_> = plans.iter().collect();
    Hunt { fault, first: first(&all, fault, seeds), blindly: first(&blind, fault, seeds) }
}

fn first(plans: &[&Plan], fault: Fault, seeds: u64) -> Option<Found> {
    let options = Options { fault: Some(fault), ..Options::default() };
    // 4, then 8, 16 …: most mistakes show at once in the right plan.
    let (mut from, mut step) = (0, 4);
    while from < seeds {
        for plan in plans {
            let row = sweep(plan, from, step.min(seeds - from), options);
            if let Some(outcome) = row.failures.first() {
                let property = outcome.finding.as_ref().map_or("", |finding| finding.property);
                return Some(Found { plan: plan.name.clone(), seed: outcome.seed, property });
            }
        }
        (from, step) = (from + step, step * 2);
    }
    None
}

impl fmt::Display for Hunt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{:?}", self.fault);
        match &self.first {
            Some(found) => {
                let Found { plan, seed, property } = found;
                write!(formatter, "{name:<20} {plan:<28} {seed:>5}  {property:<34}")?;
            }
            None => write!(formatter, "{name:<20} {:<28} {:>5}  {:<34}", "missed", "", "")?,
        }
        match &self.blindly {
            Some(found) => write!(formatter, " {} {} ({})", found.plan, found.seed, found.property),
            None => write!(formatter, " -"),
        }
    }
}
