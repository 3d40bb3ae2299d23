//! Writes the vectors, the conformance file and the page of codes anew. Run it only when a change of bytes is meant.

use std::fs;
use std::path::Path;

use cybermesh_world::{codes_page, vectors};

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("proto/vectors");
    fs::create_dir_all(&folder)?;
    for suite in vectors::all() {
        write(&folder.join(format!("{}.json", suite.name)), &suite.render())?;
    }
    write(&folder.join("conformance.txt"), &vectors::conformance())?;
    write(&root.join("docs/codes.md"), &codes_page::render())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let before = fs::read_to_string(path).unwrap_or_default();
    let word = if before == text { "same" } else { "written" };
    println!("{word:8} {:8} bytes  {}", text.len(), path.file_name().unwrap_or_default().to_string_lossy());
    if before == text { Ok(()) } else { fs::write(path, text) }
}
