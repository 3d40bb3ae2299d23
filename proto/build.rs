//! Generates the protobuf messages (without protoc) and the codes.

#![allow(clippy::disallowed_methods, reason = "a build script reads and writes files")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const PROTOS: [&str; 7] = [
    "cybermesh/event/v1/event.proto",
    "cybermesh/event/v1/evidence.proto",
    "cybermesh/event/v1/rule.proto",
    "cybermesh/control/v1/record.proto",
    "cybermesh/control/v1/governance.proto",
    "cybermesh/control/v1/redrive.proto",
    "cybermesh/control/v1/outbound.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=cybermesh");
    println!("cargo:rerun-if-changed=codes.toml");
    let descriptors = protox::compile(PROTOS, ["."])?;
    prost_build::Config::new().btree_map(["."]).compile_fds(descriptors)?;
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("codes.rs"), codes(&fs::read_to_string("codes.toml")?)?)?;
    Ok(())
}

struct Row {
    number: i64,
    name: String,
    variant: String,
    class: &'static str,
    meaning: String,
    remedy: String,
}

fn codes(source: &str) -> Result<String, Box<dyn Error>> {
    let table: toml::Table = source.parse()?;
    let rows = table.get("code").and_then(toml::Value::as_array).ok_or("no [[code]] in codes.toml")?;
    let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    for pair in rows.windows(2) {
        if pair[0].number >= pair[1].number {
            return Err(format!("codes.toml: {} does not follow {}", pair[1].number, pair[0].number).into());
        }
    }
    let mut text = String::from(
        "/// A stable code.\n#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]\n\
         #[repr(u16)]\npub enum Code {\n",
    );
    for row in &rows {
        writeln!(text, "    /// `{}`: {}\n    {} = {},", row.name, row.meaning, row.variant, row.number)?;
    }
    text.push_str("}\n\nimpl Code {\n    /// All codes, by number.\n    pub const ALL: &'static [Self] = &[");
    rows.iter().try_for_each(|row| write!(text, "Self::{}, ", row.variant))?;
    text.push_str(
        "];\n\n    /// The number.\n    #[must_use]\n    pub const fn number(self) -> u16 { self as u16 }\n",
    );
    arm(&mut text, &rows, "The dotted name.", "name", "&'static str", |row| format!("{:?}", row.name))?;
    arm(&mut text, &rows, "What it does to a transaction.", "class", "Class", |row| {
        format!("Class::{}", row.class)
    })?;
    arm(&mut text, &rows, "What it means.", "meaning", "&'static str", |row| format!("{:?}", row.meaning))?;
    arm(&mut text, &rows, "What to do about it.", "remedy", "&'static str", |row| {
        format!("{:?}", row.remedy)
    })?;
    text.push_str("    /// The code with this number.\n    #[must_use]\n    pub const fn from_number(number: u16) -> Option<Self> {\n        match number {\n");
    rows.iter()
        .try_for_each(|row| writeln!(text, "            {} => Some(Self::{}),", row.number, row.variant))?;
    text.push_str("            _ => None,\n        }\n    }\n}\n");
    Ok(text)
}

fn row(value: &toml::Value) -> Result<Row, Box<dyn Error>> {
    let field = |key: &str| value.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let number = value.get("number").and_then(toml::Value::as_integer).ok_or("a code without a number")?;
    let missing = |key: &str| format!("codes.toml: code {number} lacks `{key}`");
    let name = field("name").ok_or_else(|| missing("name"))?;
    let class = match field("class").ok_or_else(|| missing("class"))?.as_str() {
        "final" => "Final",
        "author" => "Author",
        "not-in-block" => "NotInBlock",
        "refusal" => "Refusal",
        other => return Err(format!("codes.toml: unknown class {other}").into()),
    };
    u16::try_from(number)?;
    let variant = name.split(['.', '_']).map(capitalised).collect();
    let meaning = field("meaning").ok_or_else(|| missing("meaning"))?;
    let remedy = field("remedy").ok_or_else(|| missing("remedy"))?;
    Ok(Row { number, name, variant, class, meaning, remedy })
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1.min(word.len()));
    first.to_uppercase() + rest
}

fn arm(
    text: &mut String,
    rows: &[Row],
    doc: &str,
    name: &str,
    kind: &str,
    value: impl Fn(&Row) -> String,
) -> Result<(), std::fmt::Error> {
    writeln!(
        text,
        "\n    /// {doc}\n    #[must_use]\n    pub const fn {name}(self) -> {kind} {{\n        match self {{"
    )?;
    rows.iter().try_for_each(|row| writeln!(text, "            Self::{} => {},", row.variant, value(row)))?;
    text.push_str("        }\n    }\n");
    Ok(())
}
