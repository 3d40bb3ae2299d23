//! The page of codes in the documents, from the same source as the enum.

use std::fmt::Write as _;

use cybermesh_proto::Code;

const HEAD: &str = "# Codes\n\n\
    Every way a thing can end has one number and one dotted name, the same in outcomes, dead letters, audit leaves, \
    API errors and metrics. Numbers are never used again.\n\n\
    **final**: the event's place is used, its outcome stands. **author**: this copy failed through its wrapper or \
    packing; the event may still be decided. **not-in-block**: judged before a block. **refusal**: not about an event.\n\n\
    This page is written from `proto/codes.toml` by `make bless`.\n\n\
    | number | code | class | meaning | what to do |\n|---:|---|---|---|---|\n";

/// The text of the page.
#[must_use]
pub fn render() -> String {
    let mut page = HEAD.to_owned();
    for code in Code::ALL {
        let (number, class) = (code.number(), code.class().as_str());
        writeln!(page, "| {number} | `{code}` | {class} | {} | {} |", code.meaning(), code.remedy()).unwrap();
    }
    page
}
