//! The manifests of the workspace, with dependencies under their real names.

use crate::tree::root;
use std::fs;
use toml::{Table, Value};

/// One crate of the workspace.
pub struct Member {
    pub name: String,
    /// Its folder, from the root.
    pub folder: String,
    pub manifest: Table,
}

/// A line of a manifest that names another package.
pub struct Dependency {
    pub package: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

const SECTIONS: &[(&str, Kind)] =
    &[("dependencies", Kind::Normal), ("build-dependencies", Kind::Build), ("dev-dependencies", Kind::Dev)];

pub fn members() -> Vec<Member> {
    let list = workspace()["members"].as_array().unwrap().clone();
    list.iter()
        .map(|folder| {
            let folder = folder.as_str().unwrap().to_owned();
            let manifest = read(&format!("{folder}/Cargo.toml"));
            let name = manifest["package"]["name"].as_str().unwrap().to_owned();
            Member { name, folder, manifest }
        })
        .collect()
}

impl Member {
    /// Every dependency, those for one platform only included.
    pub fn dependencies(&self) -> Vec<Dependency> {
        let shared = workspace();
        let platforms = self.manifest.get("target").and_then(Value::as_table);
        let tables = platforms.into_iter().flat_map(|t| t.values().filter_map(Value::as_table));
        let mut found = Vec::new();
        for table in std::iter::once(&self.manifest).chain(tables) {
            for (section, kind) in SECTIONS {
                for (key, value) in table.get(*section).and_then(Value::as_table).into_iter().flatten() {
                    found.push(Dependency { package: real_name(key, value, &shared), kind: *kind });
                }
            }
        }
        found
    }

    /// Whether it is one of the test rooms.
    pub fn is_test_room(&self) -> bool {
        self.folder.starts_with("tests/")
    }
}

/// A dependency may be renamed (`key = { package = "…" }`), here or in the workspace's list.
fn real_name(key: &str, value: &Value, shared: &Table) -> String {
    let inherited = value.get("workspace").is_some();
    let entry = if inherited { &shared["dependencies"][key] } else { value };
    entry.get("package").and_then(Value::as_str).unwrap_or(key).to_owned()
}

fn workspace() -> Table {
    read("Cargo.toml")["workspace"].as_table().unwrap().clone()
}

fn read(path: &str) -> Table {
    fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}
