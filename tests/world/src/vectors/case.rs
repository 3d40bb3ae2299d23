//! A case and its file: JSON, one case a line, long byte fields as a splice of an earlier case where that is shorter.

use serde_json::{Map, Value, json};

/// One case: a name and its fields.
#[derive(Clone, Debug)]
pub struct Case {
    name: String,
    fields: Map<String, Value>,
    bytes: Vec<(String, Vec<u8>)>,
}

/// The cases of one file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name, and the stem of its file.
    pub name: &'static str,
    cases: Vec<Case>,
}

impl Case {
    /// A case without fields.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), fields: Map::new(), bytes: Vec::new() }
    }

    /// Adds a byte field.
    #[must_use]
    pub fn bytes(mut self, key: &str, bytes: &[u8]) -> Self {
        self.bytes.push((key.to_owned(), bytes.to_vec()));
        self
    }

    /// Adds any other field.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }
}

impl Suite {
    /// A suite of these cases; no two have one name.
    #[must_use]
    pub fn new(name: &'static str, cases: Vec<Case>) -> Self {
        let mut names: Vec<_> = cases.iter().map(|case| case.name.clone()).collect();
        names.sort();
        names.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1], "{name}: one name twice"));
        Self { name, cases }
    }

    /// The text of its file.
    #[must_use]
    pub fn render(&self) -> String {
        let lines: Vec<_> = (0..self.cases.len()).map(|index| self.line(index)).collect();
        format!(
            "{{\"suite\": \"{}\", \"protocol_version\": 1, \"status\": \"draft\", \"cases\": [\n{}\n]}}\n",
            self.name,
            lines.join(",\n")
        )
    }

    fn line(&self, index: usize) -> String {
        let case = &self.cases[index];
        let mut fields = case.fields.clone();
        fields.insert("name".into(), case.name.clone().into());
        for (key, bytes) in &case.bytes {
            fields.insert(key.clone(), self.spliced(index, key, bytes).unwrap_or_else(|| hex(bytes).into()));
        }
        Value::Object(fields).to_string()
    }

    /// The shortest description of these bytes against an earlier case, if it saves anything worth it.
    fn spliced(&self, index: usize, key: &str, bytes: &[u8]) -> Option<Value> {
        let earlier = self.cases[..index].iter().rev();
        let bases = earlier.filter_map(|case| {
            let base = &case.bytes.iter().find(|(found, _)| found == key)?.1;
            let at = base.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            let room = base.len().min(bytes.len()) - at;
            let tail =
                base.iter().rev().zip(bytes.iter().rev()).take_while(|(a, b)| a == b).count().min(room);
            Some((bytes.len() - at - tail, base.len() - at - tail, at, case))
        });
        let (insert, remove, at, case) = bases.min_by_key(|(insert, ..)| *insert)?;
        (insert + 64 < bytes.len() / 2).then(|| json!({ "base": case.name, "at": at, "remove": remove, "insert": hex(&bytes[at..at + insert]) }))
    }
}

/// The cases of a file, every byte field resolved to hex.
#[must_use]
pub fn resolve(text: &str) -> Vec<Map<String, Value>> {
    let file: Value = serde_json::from_str(text).expect("a vector file is JSON");
    let mut resolved: Vec<Map<String, Value>> = Vec::new();
    for case in file["cases"].as_array().expect("cases") {
        let mut case = case.as_object().expect("a case").clone();
        let spliced: Vec<_> =
            case.iter().filter(|(_, value)| value.get("base").is_some()).map(|(k, _)| k.clone()).collect();
        for key in spliced {
            let splice = case[&key].clone();
            let base = resolved.iter().find(|case| case["name"] == splice["base"]).expect("an earlier case");
            let base = base[&key].as_str().expect("hex");
            let number =
                |field: &str| usize::try_from(splice[field].as_u64().expect("a number")).expect("small");
            let (at, end) = (2 * number("at"), 2 * (number("at") + number("remove")));
            let insert = splice["insert"].as_str().expect("hex");
            case.insert(key, format!("{}{insert}{}", &base[..at], &base[end..]).into());
        }
        resolved.push(case);
    }
    resolved
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of hex.
#[must_use]
pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex")).collect()
}
