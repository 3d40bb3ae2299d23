//! What is in the binary that ships, as cargo resolves it for `-p cybermesh` alone: in a build of the whole
//! workspace the features of all crates are united, and that is not what ships.

use crate::tree::{none, root};
use std::process::Command;

/// The feature behind which every planted fault lives.
const PLANTED: &str = "planted-faults";

/// One package of a crate's build, with the features it is built with.
pub struct Package {
    pub name: String,
    pub features: Vec<String>,
}

/// The packages in the build of `crate_name`, along the given kinds of edges.
pub fn packages(crate_name: &str, edges: &[&str]) -> Vec<Package> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(root())
        // What the lock file says, from what the build of this test has downloaded already.
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}|{f}"])
        .args(["-p", crate_name, "-e", &edges.join(",")])
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let packages: Vec<_> = text.lines().filter_map(package).collect();
    assert!(packages.iter().any(|p| p.name == crate_name), "cargo tree does not name {crate_name}:\n{text}");
    packages
}

/// `name v1.2.3 (…)|feature,feature`
fn package(line: &str) -> Option<Package> {
    let (package, features) = line.split_once('|')?;
    let features = features.split_once(' ').map_or(features, |(list, _repeated)| list);
    Some(Package {
        name: package.split_whitespace().next()?.to_owned(),
        features: features.split(',').map(str::to_owned).collect(),
    })
}

#[test]
fn no_planted_fault_is_in_the_shipped_binary() {
    let findings: Vec<_> = packages("cybermesh", &["normal", "build"])
        .into_iter()
        .filter(|p| p.features.iter().any(|f| f == PLANTED))
        .map(|p| format!("{} is built with {PLANTED}", p.name))
        .collect();
    none(&findings, "Only tests/sim and the binary of tests/e2e may ask for that feature.");
}

#[test]
fn no_unmaintained_oracle_is_in_the_shipped_binary() {
    let findings: Vec<_> = packages("cybermesh", &["normal"])
        .into_iter()
        .filter(|p| p.name.starts_with("pqcrypto"))
        .map(|p| format!("{} is linked", p.name))
        .collect();
    none(&findings, "It serves tests only, as a dev-dependency.");
}
