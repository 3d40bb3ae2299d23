//! One line for each kind of message: how many encodings are pinned, and the hash over them.
//!
//! A change of any encoding changes a line here, so that no review can miss it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cybermesh_proto::hash::sha256;

use super::samples::samples;

/// The text of the conformance file.
#[must_use]
pub fn conformance() -> String {
    let mut kinds: BTreeMap<&str, (usize, Vec<u8>)> = BTreeMap::new();
    for sample in samples() {
        let (count, bytes) = kinds.entry(sample.kind).or_default();
        *count += 1;
        bytes.extend_from_slice(sha256(&[&sample.bytes]).as_bytes());
    }
    let mut text =
        String::from("# kind, encodings, SHA-256 over the SHA-256 of each; written by `make bless`\n");
    for (kind, (count, hashes)) in kinds {
        writeln!(text, "{kind}\t{count}\t{}", sha256(&[&hashes])).unwrap();
    }
    text
}
