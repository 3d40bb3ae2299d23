//! Writes the golden roots anew: `golden tests/effects/tests/golden.txt`, after a change of rules that is meant.

use std::path::PathBuf;

use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// The file.
    file: PathBuf,
}

fn main() -> std::io::Result<()> {
    std::fs::write(Arguments::parse().file, cybermesh_effects::golden::lines())
}
