//! The simulator holds its own promises: the same seed is the same run, every plan passes on a few seeds, and seeds that
//! once found something go on being run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cybermesh_proto::planted::Fault;
use cybermesh_sim::plan::{all, named};
use cybermesh_sim::properties::Verdict;
use cybermesh_sim::run::{Options, Outcome, run};

/// Plan and seed of runs that found a mistake once, in the core or in the simulator.
const FOUND: &[(&str, u64)] = &[
    // A timeout was sent again by its timer before the record that covers it was on disk.
    ("slow-disk", 43),
    ("lossy", 33),
    ("power-cut", 35),
    ("reconfigure-silent", 22),
    // A quarantine that had ended was written anew: leaders of the past changed.
    ("twin", 38),
    // A timeout whose record was slow left when its view was over.
    ("power-cut", 851),
    // Questions for a block went to the same few members for ever.
    ("reconfigure-silent", 240),
    ("reconfigure-silent", 308),
    ("reconfigure-silent", 418),
    // A second timeout of the view that had just ended was no evidence.
    ("twins-all", 2489),
    ("twins-all", 3867),
    // A node that had left the set heard nothing any more and never learned how its transaction ended.
    ("reconfigure-silent", 11),
];

fn must_pass(outcome: &Outcome, plan: &str) {
    println!("replay: cybermesh-sim run --plan {plan} --seed {} --trace", outcome.seed);
    assert_eq!(outcome.verdict, Verdict::Pass, "plan {plan}, seed {}: {:?}", outcome.seed, outcome.finding);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for name in ["generic", "reconfigure", "crash-random"] {
        let plan = named(name).unwrap();
        let (first, second) = (run(&plan, 5, Options::default()), run(&plan, 5, Options::default()));
        assert_eq!(first.trace, second.trace, "plan {name}");
        let readable = run(&plan, 5, Options { readable: true, ..Options::default() });
        assert_eq!(first.trace, readable.trace, "plan {name}: watching changes the run");
        let other = run(&plan, 6, Options::default());
        assert_ne!(first.trace, other.trace, "plan {name}: the seed has no effect");
    }
}

#[test]
fn every_plan_passes_on_its_first_seeds() {
    for plan in all().unwrap() {
        for seed in 0..3 {
            must_pass(&run(&plan, seed, Options::default()), &plan.name);
        }
    }
}

#[test]
fn seeds_that_found_something_pass() {
    for (name, seed) in FOUND {
        must_pass(&run(&named(name).unwrap(), *seed, Options::default()), name);
    }
}

/// The plan that was made for a mistake, how many seeds it may take, and the property that must break.
const PLANTED: &[(Fault, &str, u64, &str)] = &[
    (Fault::VoteBeforePersist, "calm", 1, "persist-then-release"),
    (Fault::PayloadNotDurable, "calm", 1, "payload-is-durable"),
    (Fault::QuorumTooSmall, "calm", 1, "certificate-has-a-quorum"),
    (Fault::TimeoutSkipsLock, "lossy", 5, "timeouts-claim-the-lock"),
    (Fault::AncestorsOutOfOrder, "lossy", 5, "heights-are-dense"),
    (Fault::ExclusionUncapped, "lossy", 5, "at-most-f-are-left-out"),
    (Fault::OrderingUnbounded, "slow-executor", 3, "ordering-is-bounded"),
    (Fault::SetFromUndecided, "reconfigure", 3, "epoch-begins-certified"),
    (Fault::MirrorBeforeSync, "power-cut", 5, "nobody-is-fenced-without-cause"),
    (Fault::MarkDroppedEarly, "lost-record", 3, "who-forgot-stays-marked"),
    (Fault::RejoinVotesAtOnce, "lost-record", 3, "who-forgot-is-fenced"),
    (Fault::AttestOnlyLive, "slow-executor", 3, "every-applied-height-is-attested"),
    (Fault::NoLowerTimeBound, "byz-clock-stall", 10, "votes-bound-the-time"),
    (Fault::CompareSignatures, "twin", 3, "evidence-verifies"),
];

#[test]
fn a_planted_fault_breaks_the_property_it_is_about() {
    for (fault, name, seeds, property) in PLANTED {
        let plan = named(name).unwrap();
        let options = Options { fault: Some(*fault), ..Options::default() };
        let found: Vec<_> = (0..*seeds)
            .filter_map(|seed| run(&plan, seed, options).finding.map(|finding| finding.property))
            .collect();
        assert!(found.contains(property), "{fault:?} in {name}: {found:?}");
    }
}
