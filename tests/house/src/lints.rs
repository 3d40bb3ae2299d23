//! Lints bind every crate, and every copy of clippy's configuration says the same.

use crate::manifest::members;
use crate::tree::{none, root};
use std::fs;
use toml::{Table, Value};

/// Crates whose result every replica must reproduce: they get the whole list of forbidden names.
const WHOLE: &[&str] = &["proto", "consensus", "executor"];
/// Where the list without the deterministic part lies. Clippy takes the nearest file upwards, so
/// `proto/keys`, which does I/O, needs its own below `proto`.
const COMMON: &[&str] = &["", "proto/keys"];

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The source, with or without the lines between the marks.
fn source(deterministic: bool) -> Table {
    let mut inside = false;
    let mut text = String::new();
    for line in read("scripts/lints.toml").lines() {
        let mark = line.trim_start();
        inside = (inside || mark == "# [deterministic") && mark != "# deterministic]";
        if deterministic || !inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.parse().unwrap()
}

#[test]
fn a_copy_of_the_clippy_limits_that_differs_is_refused() {
    let mut findings = Vec::new();
    for (folders, deterministic) in [(WHOLE, true), (COMMON, false)] {
        for folder in folders {
            let path = format!("{folder}/clippy.toml");
            let path = path.trim_start_matches('/');
            if read(path).parse::<Table>().unwrap() != source(deterministic) {
                findings.push(format!("{path} differs from scripts/lints.toml"));
            }
        }
    }
    none(&findings, "Run: sh scripts/lints.sh");
}

#[test]
fn an_unknown_copy_of_the_clippy_limits_is_refused() {
    let known: Vec<_> = WHOLE.iter().chain(COMMON).collect();
    let findings: Vec<_> = crate::tree::files("", "clippy.toml")
        .into_iter()
        .map(|file| file.path)
        .filter(|path| !known.contains(&&path.trim_end_matches("clippy.toml").trim_end_matches('/')))
        .collect();
    none(&findings, "The nearest file wins without merging: name it in scripts/lints.sh and in this list.");
}

#[test]
fn a_forbidden_name_without_a_reason_is_refused() {
    let source = source(true);
    for list in ["disallowed-methods", "disallowed-types"] {
        for entry in source[list].as_array().unwrap() {
            let reason = entry.get("reason").and_then(Value::as_str);
            assert!(reason.is_some_and(|r| !r.is_empty()), "say what to use instead of {entry}");
        }
    }
}

#[test]
fn a_crate_outside_the_common_lints_is_refused() {
    let findings: Vec<_> = members()
        .into_iter()
        .filter(|m| m.manifest.get("lints").and_then(|l| l.get("workspace")) != Some(&Value::Boolean(true)))
        .map(|m| m.name)
        .collect();
    none(&findings, "Add to its Cargo.toml: [lints] workspace = true");
}
