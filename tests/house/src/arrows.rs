//! Which crate may know which. Arrows point down only: a crate may use those above it in this list. One that
//! wants to look the other way states a trait, and the crate below fills it.

use crate::manifest::{Kind, members};
use crate::tree::none;

/// Crate, and what it may know of ours.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("cybermesh-proto", &[]),
    ("cybermesh-verify", &["cybermesh-proto"]),
    ("cybermesh-keys", &["cybermesh-proto"]),
    ("cybermesh-consensus", &["cybermesh-proto"]),
    ("cybermesh-mempool", &["cybermesh-proto"]),
    ("cybermesh-executor", &["cybermesh-proto"]),
    // The read view's trait lives in the executor, the admission trait in the mempool.
    ("cybermesh-state", &["cybermesh-proto", "cybermesh-executor"]),
    ("cybermesh-ingest", &["cybermesh-proto", "cybermesh-mempool"]),
    (
        "cybermesh",
        &[
            "cybermesh-proto",
            "cybermesh-verify",
            "cybermesh-keys",
            "cybermesh-consensus",
            "cybermesh-mempool",
            "cybermesh-executor",
            "cybermesh-state",
            "cybermesh-ingest",
        ],
    ),
    // The simulator drives the pure rooms: what it cannot enumerate must not be in its build.
    (
        "cybermesh-sim",
        &[
            "cybermesh-proto",
            "cybermesh-verify",
            "cybermesh-consensus",
            "cybermesh-mempool",
            "cybermesh-executor",
        ],
    ),
    // The model checker explores the core as it is, and nothing around it.
    ("cybermesh-model", &["cybermesh-proto", "cybermesh-consensus"]),
    // The small world of the executor, for its tests and for those of the rooms that keep its state.
    ("cybermesh-effects", &["cybermesh-proto", "cybermesh-executor"]),
    // The rig that kills stores drives them as a node would: with the core's codec of the safety record.
    ("cybermesh-crash", &["cybermesh-proto", "cybermesh-consensus", "cybermesh-executor", "cybermesh-state"]),
    ("cybermesh-house", &[]),
    ("cybermesh-world", &["cybermesh-proto", "cybermesh-verify", "cybermesh-keys"]),
    ("cybermesh-e2e", &["cybermesh-proto", "cybermesh-verify", "cybermesh-keys", "cybermesh-world"]),
];

fn row(name: &str) -> Option<&'static [&'static str]> {
    MAY_KNOW.iter().find(|(n, _)| *n == name).map(|(_, known)| *known)
}

#[test]
fn a_crate_without_a_row_of_arrows_is_refused() {
    let names: Vec<_> = members().into_iter().map(|m| m.name).collect();
    let mut findings: Vec<_> =
        names.iter().filter(|n| row(n).is_none()).map(|n| format!("{n} has no row")).collect();
    findings.extend(
        MAY_KNOW
            .iter()
            .filter(|(n, _)| !names.iter().any(|m| m == n))
            .map(|(n, _)| format!("{n} has a row, but is no member of the workspace")),
    );
    none(&findings, "Write down in tests/house/src/arrows.rs what the crate may know.");
}

#[test]
fn the_list_of_arrows_points_down_only() {
    let place = |name: &str| MAY_KNOW.iter().position(|(n, _)| *n == name);
    for (i, (name, known)) in MAY_KNOW.iter().enumerate() {
        for other in *known {
            assert!(place(other).is_some_and(|j| j < i), "{name} may know {other}, which is not above it");
        }
    }
}

#[test]
fn no_crate_knows_one_it_may_not() {
    let mut findings = Vec::new();
    for member in members() {
        let allowed = row(&member.name).unwrap_or_default();
        for dependency in member.dependencies() {
            let ours = row(&dependency.package).is_some();
            // Tests may look anywhere: a dev-dependency is in nobody's build but its own.
            if ours && dependency.kind != Kind::Dev && !allowed.contains(&dependency.package.as_str()) {
                findings.push(format!("{} knows {}", member.name, dependency.package));
            }
        }
    }
    none(
        &findings,
        "The lower crate states a trait, the upper one fills it; or the table of arrows changes.",
    );
}
