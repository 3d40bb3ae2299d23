//! The checkout as a list of text files, and how a check reports what it found.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing we wrote.
const SKIPPED: &[&str] = &[".git", ".venv", "__pycache__", "node_modules", "target"];

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// One text file: its path from the root, with `/`, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line))
    }
}

/// All text files below `folder` (empty: all) whose name ends with `ending`, in the order of their paths.
pub fn files(folder: &str, ending: &str) -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(ending))
        // What is not UTF-8 is a binary: a fuzzer's input, an image.
        .filter_map(|path| Some(File { text: fs::read_to_string(&path).ok()?, path: from_root(&path) }))
        .collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !SKIPPED.iter().any(|s| name == *s) {
            walk(&entry.path(), paths);
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// Fails with every finding, because one at a time makes a long evening.
pub fn none(findings: &[String], advice: &str) {
    assert!(findings.is_empty(), "\n  {}\n{advice}\n", findings.join("\n  "));
}

#[test]
fn a_test_built_from_another_checkout_is_refused() {
    // Clones share a target directory, and cargo may take another clone's product for a fresh one.
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    assert_eq!(
        env!("CARGO_MANIFEST_DIR"),
        here,
        "use make or scripts/cargo.sh, or a target directory of your own"
    );
}
