//! No file knows the machine it was written on: a path of one machine works on no other.

use crate::tree::{files, none};

/// First folders of absolute paths that exist on one machine only. Without their slash, or this file would
/// find itself.
const FIRST: &[&str] = &["work", "root", "home", "Users"];

/// Whether the line holds an absolute path below one of [`FIRST`]: a slash that does not continue a longer
/// path, the folder's name, and then nothing that would make it a longer name.
fn machine_path(line: &str) -> Option<&str> {
    for (at, _) in line.match_indices('/') {
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "._-~/\\})>*$+".contains(c)) {
            continue;
        }
        let rest = &line[at + 1..];
        for first in FIRST {
            let Some(after) = rest.strip_prefix(first) else {
                continue;
            };
            if !after.starts_with(|c: char| c.is_alphanumeric() || "_-.".contains(c)) {
                return Some(&line[at..]);
            }
        }
    }
    None
}

#[test]
fn a_path_of_one_machine_is_refused() {
    let mut findings = Vec::new();
    for file in files("", "") {
        for (number, line) in file.lines() {
            if let Some(path) = machine_path(line) {
                let shown: String = path.chars().take(40).collect();
                findings.push(format!("{}:{number}: {shown}", file.path));
            }
        }
    }
    none(&findings, "Say it relative to the clone, to $HOME, or to a variable.");
}

#[test]
fn relative_paths_variables_and_longer_names_are_no_machine_paths() {
    for fine in
        ["proto/work/x", "$HOME/work", "~/work/x", "https://a.b/home/", "/workspace", "a //root", "/roots"]
    {
        assert_eq!(machine_path(fine), None, "{fine}");
    }
    for first in FIRST {
        for bad in
            [format!("see /{first}/x"), format!("\"/{first}\""), format!("=/{first}/"), format!("/{first}")]
        {
            assert!(machine_path(&bad).is_some(), "{bad}");
        }
    }
}
