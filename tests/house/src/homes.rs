//! Foreign libraries with one home: C and C++ are compiled behind one crate each, and what must not be used
//! two ways has one user.

use crate::manifest::{Kind, members};
use crate::tree::none;

struct Home {
    /// A package's name, or the beginning of names if it ends with `*`.
    library: &'static str,
    crates: &'static [&'static str],
    /// Whether tests are bound too: a second home would compile ten minutes of C++ for them.
    tests_too: bool,
}

const HOMES: &[Home] = &[
    Home { library: "rocksdb", crates: &["cybermesh-state"], tests_too: true },
    Home { library: "librocksdb-sys", crates: &["cybermesh-state"], tests_too: true },
    Home { library: "rdkafka*", crates: &["cybermesh-ingest"], tests_too: true },
    Home { library: "aws-lc-*", crates: &["cybermesh-keys", "cybermesh"], tests_too: false },
    Home { library: "libp2p*", crates: &["cybermesh"], tests_too: false },
    Home { library: "tonic*", crates: &["cybermesh"], tests_too: false },
    Home { library: "tokio*", crates: &["cybermesh-ingest", "cybermesh"], tests_too: false },
    Home { library: "ciborium*", crates: &["cybermesh-proto"], tests_too: false },
    Home { library: "rs_merkle", crates: &["cybermesh-proto"], tests_too: false },
    Home { library: "ed25519-*", crates: &["cybermesh-keys", "cybermesh-verify"], tests_too: false },
    // Unmaintained: a second opinion in tests, never in anything that is built to ship.
    Home { library: "pqcrypto*", crates: &[], tests_too: false },
];

/// Rooms that link no C: they run in a browser, in a model checker, on any target.
const PURE: &[&str] = &["cybermesh-proto", "cybermesh-verify", "cybermesh-consensus", "cybermesh-executor"];

impl Home {
    fn holds(&self, package: &str) -> bool {
        self.library.strip_suffix('*').map_or(self.library == package, |start| package.starts_with(start))
    }
}

#[test]
fn a_library_with_one_home_is_used_nowhere_else() {
    let mut findings = Vec::new();
    for member in members() {
        for dependency in member.dependencies() {
            for home in HOMES.iter().filter(|home| home.holds(&dependency.package)) {
                let test = member.is_test_room() || dependency.kind == Kind::Dev;
                if !home.crates.contains(&member.name.as_str()) && (home.tests_too || !test) {
                    findings.push(format!("{} depends on {}", member.name, dependency.package));
                }
            }
        }
    }
    none(&findings, "Go through the crate that has it (tests/house/src/homes.rs), or argue the table.");
}

#[test]
fn the_unmaintained_oracle_is_a_dev_dependency_in_test_rooms_too() {
    let mut findings = Vec::new();
    for member in members() {
        for dependency in member.dependencies() {
            if dependency.package.starts_with("pqcrypto") && dependency.kind != Kind::Dev {
                findings.push(format!("{} depends on {}", member.name, dependency.package));
            }
        }
    }
    none(&findings, "Move it to [dev-dependencies].");
}

#[test]
fn a_pure_room_links_no_c() {
    let mut findings = Vec::new();
    for room in PURE {
        // Build scripts run on the builder's machine and may use what they like.
        for package in crate::shipped::packages(room, &["normal"]) {
            let name = package.name.as_str();
            if name.ends_with("-sys") || ["ring", "blst"].contains(&name) {
                findings.push(format!("{room} links {name}"));
            }
        }
    }
    none(
        &findings,
        "Pure rooms run in browsers and model checkers; the part with C belongs in another crate.",
    );
}
