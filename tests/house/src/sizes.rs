//! A file is read in one sitting: 400 lines are the guide, 500 the gate.

use crate::tree::{files, none};

/// Lines; longer ones are named by every run.
const GUIDE: usize = 400;
/// Lines; longer ones fail.
const GATE: usize = 500;

#[test]
fn a_file_longer_than_the_gate_is_refused() {
    let mut findings = Vec::new();
    for file in files("", ".rs") {
        let lines = file.text.lines().count();
        if lines > GATE {
            findings.push(format!("{}: {lines} lines", file.path));
        } else if lines > GUIDE {
            println!("longer than the guide of {GUIDE} lines: {} ({lines})", file.path);
        }
    }
    none(&findings, "More than 500 lines hold more than one idea: split by idea, long tests go to tests/.");
}
