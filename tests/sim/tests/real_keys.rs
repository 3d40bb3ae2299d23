//! The same runs with Ed25519 and ML-DSA-65 in every statement, checked by the verifier that ships.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cybermesh_sim::keys::Keys;
use cybermesh_sim::plan::{Plan, named};
use cybermesh_sim::properties::Verdict;
use cybermesh_sim::run::{Options, Outcome, run};

/// A plan of four nodes, over after so many ms of virtual time: real signatures cost real time.
fn short(name: &str, ms: u64) -> Plan {
    let mut plan = named(name).unwrap();
    plan.nodes = vec![4];
    plan.heal_ms = ms;
    plan.load.until_ms = ms;
    plan
}

fn signed_for_real(plan: &Plan, seed: u64) -> Outcome {
    let outcome = run(plan, seed, Options { keys: Keys::Real, ..Options::default() });
    println!("replay: cybermesh-sim run --plan {} --seed {seed} --trace --real-keys", plan.name);
    assert_eq!(outcome.verdict, Verdict::Pass, "plan {}, seed {seed}: {:?}", plan.name, outcome.finding);
    outcome
}

#[test]
fn blocks_flow_with_real_keys_and_the_run_repeats() {
    let plan = short("calm", 1_500);
    let first = signed_for_real(&plan, 0);
    assert!(first.decisions >= 10, "{} decisions", first.decisions);
    assert_eq!(
        first.trace,
        signed_for_real(&plan, 0).trace,
        "signatures depend on something else than the seed"
    );
    let hashed = run(&plan, 0, Options::default());
    assert_ne!(first.trace, hashed.trace, "the keys have no effect");
}

#[test]
fn a_voter_that_equivocates_is_convicted_by_real_signatures() {
    let outcome = signed_for_real(&short("byz-equivocating-voter", 2_500), 0);
    let noted = |what: &str| outcome.noted.get(what).copied().unwrap_or_default();
    assert!(noted("evidence") > 0 && noted("evidence applied") > 0, "{:?}", outcome.noted);
}
