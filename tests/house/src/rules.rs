//! Each rule of consensus stands in the code once more than in words: a comment `// R4` where it is enforced,
//! and a test `r4_…` that fails without it. A rule without a test is a wish, a test without a rule is lost.

use crate::tree::{File, files, none};
use std::collections::BTreeMap;

/// Rule number, and where it was seen first.
type Seen = BTreeMap<u32, String>;

/// Rules that a comment of this line names: `// R4`, `// R4, R5: why`. Doc comments explain and do not mark.
fn marked(line: &str) -> Vec<u32> {
    let Some(at) = line.find("// R").filter(|at| !line[..*at].ends_with('/')) else {
        return Vec::new();
    };
    line[at + 3..].split(", ").map_while(|word| number(word, 'R')).collect()
}

/// `R4` or `R4: why`, but not `R4b` or `Rust`.
fn number(word: &str, letter: char) -> Option<u32> {
    let digits: String = word.strip_prefix(letter)?.chars().take_while(char::is_ascii_digit).collect();
    let after = word[1 + digits.len()..].chars().next();
    if after.is_some_and(|c| c.is_alphanumeric() || c == '_') { None } else { digits.parse().ok() }
}

/// Rules that a test of this file is named after: `fn r4_…` under `#[test]`.
fn tested(file: &File) -> Vec<(usize, u32)> {
    let mut found = Vec::new();
    let mut is_test = false;
    for (line_number, line) in file.lines() {
        let line = line.trim_start();
        if line.starts_with("#[") || line.starts_with("//") {
            is_test |= line.contains("test]");
            continue;
        }
        if let Some((digits, _)) = line.strip_prefix("fn r").and_then(|name| name.split_once('_')) {
            found.extend(digits.parse().ok().filter(|_| is_test).map(|rule| (line_number, rule)));
        }
        is_test = false;
    }
    found
}

fn markers() -> Seen {
    let mut seen = Seen::new();
    for file in files("consensus/src", ".rs") {
        for (line_number, line) in file.lines() {
            for rule in marked(line) {
                seen.entry(rule).or_insert_with(|| format!("{}:{line_number}", file.path));
            }
        }
    }
    seen
}

fn tests() -> Seen {
    let mut seen = Seen::new();
    for file in files("consensus", ".rs") {
        for (line_number, rule) in tested(&file) {
            seen.entry(rule).or_insert_with(|| format!("{}:{line_number}", file.path));
        }
    }
    seen
}

fn missing(from: &Seen, to: &Seen, what: &str) -> Vec<String> {
    from.iter().filter(|(r, _)| !to.contains_key(r)).map(|(r, at)| format!("R{r} ({at}) {what}")).collect()
}

#[test]
fn a_rule_without_a_test_of_its_name_is_refused() {
    none(&missing(&markers(), &tests(), "has no test r<n>_…"), "Write the test that fails without the rule.");
}

#[test]
fn a_rule_test_without_its_rule_is_refused() {
    none(
        &missing(&tests(), &markers(), "is tested, but no `// R<n>` marks it"),
        "Mark the arm or predicate.",
    );
}

#[test]
fn markers_are_told_from_prose() {
    assert_eq!(marked("    (Vote, v) => { // R4: never twice"), [4]);
    assert_eq!(marked("// R4, R15: why"), [4, 15]);
    for prose in ["/// R4 says", "// Rust", "// see R4", "// R4b", "let r4 = 1;"] {
        assert_eq!(marked(prose), [0_u32; 0], "{prose}");
    }
}
