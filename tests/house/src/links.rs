//! A document that points to nothing teaches distrust of all the others.

use crate::tree::{File, files, none, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The links of a document outside code, with their lines: `[text](target)` and `[name]: target`.
fn links(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(&file.text) {
        let line = without_code(line);
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
        }
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        if let Some((_, target)) = definition {
            found.push((number, target.split_whitespace().next().unwrap_or_default().to_owned()));
        }
    }
    found
}

/// Lines outside fenced blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().map(|(i, line)| (i + 1, line)).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The anchors of a document: its headings as the usual renderers spell them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let slug: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        // A heading that is there twice gets -1, -2, …
        let again = (1..).map(|n| format!("{slug}-{n}"));
        let free = std::iter::once(slug.clone()).chain(again).find(|s| !found.contains(s));
        found.extend(free);
    }
    found
}

/// What is wrong with a link, if it leads into this checkout.
fn fault(document: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let file = if path.is_empty() { document.path.clone().into() } else { folder.join(path) };
    let file = root().join(file);
    if path.starts_with('/') || !file.exists() {
        return Some(format!("no file {path}"));
    }
    if anchor.is_empty() || file.extension().is_none_or(|e| e != "md") {
        return None;
    }
    let there = anchors(&fs::read_to_string(file).unwrap()).contains(anchor);
    (!there).then(|| format!("no heading #{anchor}"))
}

#[test]
fn a_dead_link_is_refused() {
    let mut findings = Vec::new();
    for document in files("", ".md") {
        for (number, target) in links(&document) {
            if let Some(fault) = fault(&document, &target) {
                findings.push(format!("{}:{number}: {target}: {fault}", document.path));
            }
        }
    }
    none(&findings, "Links are relative to the document that holds them.");
}

#[test]
fn links_in_code_are_none_and_headings_have_anchors() {
    let text = "# A `b` c: 1.2\n[x](y.md#z) `[no](no)`\n```\n[no](no)\n```\n[d]: e.md\n\
                ## A b c 12\n## Same\n## Same";
    let file = File { path: "x.md".to_owned(), text: text.to_owned() };
    assert_eq!(links(&file), [(2, "y.md#z".to_owned()), (6, "e.md".to_owned())]);
    let expected = ["a-b-c-12", "a-b-c-12-1", "same", "same-1"];
    assert_eq!(anchors(text).into_iter().collect::<Vec<_>>(), expected);
}
