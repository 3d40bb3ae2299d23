//! The commands as a person runs them: what they print, what they leave behind, how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cybermesh_proto::keys::Scheme;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_world::story::Story;
use serde_json::Value;

const PASSPHRASE: &str = "four words at least please";

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(home.path("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cybermesh"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CYBERMESH_PASSPHRASE_FILE", "passphrase")
            .output()
            .unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--output", "json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The exit code and the code's name of a command that must fail.
    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(&[&["--output", "json"], arguments].concat());
        let error: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| {
            panic!("{arguments:?} printed {:?}", String::from_utf8_lossy(&output.stderr))
        });
        let code = error["code"].as_str().unwrap_or_default().to_owned();
        (output.status.code().unwrap(), code)
    }

    fn with_event(&self) {
        self.json(&["keys", "new", "det-1.key"]);
        self.draft("event.json", r#""seq": 1"#);
        self.json(&["event", "sign", "event.json", "--key", "det-1.key", "--out", "event.bin"]);
    }

    fn draft(&self, name: &str, more: &str) {
        let base = r#""type": "Anomaly.Detected.v1", "network": "lab", "tenant": "acme", "entity_kind": "ip",
            "entity_value": "203.0.113.9", "severity_id": 4, "payload": {"ports": [22, 23]}"#;
        fs::write(self.path(name), format!("{{{base}, {more}}}")).unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn new_keys_are_private_encrypted_and_never_overwritten() {
    let home = Home::new();
    let made = home.json(&["keys", "new", "det-1.key"]);
    assert_eq!(made["keys"], serde_json::json!(["Ed25519", "ML-DSA-44"]));
    assert_eq!(mode(&home.path("det-1.key")), 0o600);
    let text = fs::read_to_string(home.path("det-1.key")).unwrap();
    assert_eq!(text.matches("BEGIN ENCRYPTED PRIVATE KEY").count(), 2);
    assert_eq!(home.json(&["keys", "show", "det-1.key"])["kid"], made["kid"]);
    assert_eq!(home.json(&["keys", "show", "det-1.key.pub"])["kid"], made["kid"]);
    assert_eq!(home.fails(&["keys", "new", "det-1.key"]).0, 1);
    assert_eq!(fs::read_to_string(home.path("det-1.key")).unwrap(), text);
}

#[test]
fn every_role_gets_its_keys() {
    let home = Home::new();
    let made = home.json(&["keys", "new", "node.key", "--role", "validator"]);
    assert_eq!(made["keys"], serde_json::json!(["Ed25519", "ML-DSA-65", "ML-DSA-44", "Ed25519"]));
    let made = home.json(&["keys", "new", "p.key", "--ml-dsa", "87"]);
    assert_eq!(made["keys"], serde_json::json!(["Ed25519", "ML-DSA-87"]));
    let made = home.json(&["keys", "new", "admin.key", "--role", "administrator"]);
    assert_eq!(made["keys"], serde_json::json!(["Ed25519", "ML-DSA-65"]));
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let home = Home::new();
    home.json(&["keys", "new", "det-1.key"]);
    fs::set_permissions(home.path("det-1.key"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(home.fails(&["keys", "show", "det-1.key"]), (1, "key_file.mode".into()));
}

#[test]
fn a_wrong_passphrase_or_an_altered_key_file_is_refused() {
    let home = Home::new();
    home.json(&["keys", "new", "det-1.key"]);
    fs::write(home.path("passphrase"), "some other words entirely\n").unwrap();
    assert_eq!(home.fails(&["keys", "show", "det-1.key"]), (1, "key_file.passphrase".into()));
    fs::write(home.path("passphrase"), PASSPHRASE).unwrap();
    home.json(&["keys", "new", "det-2.key"]);
    let (one, two) =
        ["det-1.key", "det-2.key"].map(|name| fs::read_to_string(home.path(name)).unwrap()).into();
    let head = |text: &str| text.split_once("\n\n").unwrap().0.to_owned();
    fs::write(home.path("det-1.key"), one.replace(&head(&one), &head(&two))).unwrap();
    assert_eq!(home.fails(&["keys", "show", "det-1.key"]), (1, "key_file.format".into()));
}

#[test]
fn a_short_passphrase_is_refused() {
    let home = Home::new();
    fs::write(home.path("passphrase"), "short\n").unwrap();
    assert_eq!(home.fails(&["keys", "new", "det-1.key"]).0, 2);
    assert!(!home.path("det-1.key").exists());
}

#[test]
fn a_signed_event_is_verified_and_shown() {
    let home = Home::new();
    home.with_event();
    let verified = home.json(&["event", "verify", "event.bin", "--key", "det-1.key.pub"]);
    assert!(verified["result"].as_str().unwrap().starts_with("verified: event "));
    assert_eq!(verified["signatures"], serde_json::json!(["Ed25519", "ML-DSA-44"]));
    let shown = home.json(&["event", "show", "event.bin"]);
    assert!(shown["result"].as_str().unwrap().starts_with("not verified: event "));
    assert_eq!(shown["subject"], "ip 203.0.113.9");
}

#[test]
fn an_altered_event_is_refused_with_exit_code_6() {
    let home = Home::new();
    home.with_event();
    let mut bytes = fs::read(home.path("event.bin")).unwrap();
    let at = bytes.windows(4).position(|text| text == b"acme").unwrap();
    bytes[at] ^= 1;
    fs::write(home.path("altered.bin"), bytes).unwrap();
    let refused = home.fails(&["event", "verify", "altered.bin", "--key", "det-1.key.pub"]);
    assert_eq!(refused, (6, "authn.deny.signature".into()));
    home.json(&["keys", "new", "det-2.key"]);
    let stranger = home.fails(&["event", "verify", "event.bin", "--key", "det-2.key.pub"]);
    assert_eq!(stranger, (6, "authn.deny.unknown_key".into()));
}

#[test]
fn an_event_that_breaks_a_rule_is_not_signed() {
    let home = Home::new();
    home.json(&["keys", "new", "det-1.key"]);
    home.draft("zero.json", r#""seq": 0"#);
    let sign =
        |draft: &str| home.fails(&["event", "sign", draft, "--key", "det-1.key", "--out", "event.bin"]);
    assert_eq!(sign("zero.json"), (6, "event.field".into()));
    home.draft("unknown.json", r#""seq": 1, "sequence": 2"#);
    assert_eq!(sign("unknown.json").0, 2);
    assert_eq!(sign("missing.json").0, 5);
    assert!(!home.path("event.bin").exists());
}

fn with_receipts(home: &Home) -> (Story, String) {
    let story = Story::new(Scheme::Hybrid, 4, 1);
    fs::write(home.path("old.cmr"), encode_canonical(&story.chain.receipt(1, 0))).unwrap();
    fs::write(home.path("new.cmr"), encode_canonical(&story.chain.receipt_under_newest(1, 0))).unwrap();
    let chain = story.chain.genesis.chain().to_string();
    (story, chain)
}

#[test]
fn a_receipt_is_verified_from_the_genesis_hash_alone() {
    let home = Home::new();
    let (_, chain) = with_receipts(&home);
    let verdict = home.json(&["verify", "receipt", "new.cmr", "--genesis", &chain]);
    assert!(verdict["result"].as_str().unwrap().starts_with("verified: event "));
    assert_eq!(verdict["outcome"], "event.applied");
    assert_eq!(verdict["height"], 1);
    let other = "00".repeat(32);
    let refused = home.fails(&["verify", "receipt", "new.cmr", "--genesis", &other]);
    assert_eq!(refused, (6, "genesis.other".into()));
    assert_eq!(home.fails(&["verify", "receipt", "new.cmr", "--genesis", "00"]).0, 2);
    assert_eq!(home.fails(&["verify", "receipt", "none.cmr", "--genesis", &chain]).0, 5);
}

#[test]
fn an_altered_receipt_is_refused_with_exit_code_6() {
    let home = Home::new();
    let (_, chain) = with_receipts(&home);
    let mut bytes = fs::read(home.path("new.cmr")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(home.path("altered.cmr"), bytes).unwrap();
    let refused = home.fails(&["verify", "receipt", "altered.cmr", "--genesis", &chain]);
    assert_eq!(refused, (6, "receipt.history".into()));
}

#[test]
fn memory_turns_an_old_receipt_into_one_that_rests_on_retired_keys() {
    let home = Home::new();
    let (_, chain) = with_receipts(&home);
    let verify = |file: &'static str, more: &[&str]| {
        home.run(&[&["verify", "receipt", file, "--genesis", &chain, "--memory", "epochs"], more].concat())
    };
    assert_eq!(verify("old.cmr", &[]).status.code(), Some(0), "nothing remembered yet");
    assert_eq!(verify("new.cmr", &[]).status.code(), Some(0));
    let old = verify("old.cmr", &[]);
    assert_eq!(old.status.code(), Some(6));
    assert!(String::from_utf8_lossy(&old.stdout).starts_with("rests on retired keys of epoch 0: "));
    assert_eq!(verify("old.cmr", &["--accept-retired-keys"]).status.code(), Some(0));
    fs::write(home.path("epochs"), b"rotten").unwrap();
    assert_eq!(
        home.fails(&["verify", "receipt", "new.cmr", "--genesis", &chain, "--memory", "epochs"]),
        (6, "receipt.memory".into())
    );
}

#[test]
fn completions_are_printed_for_each_shell() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = home.run(&["completions", shell]);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("cybermesh"));
    }
}

#[test]
fn nonsense_is_a_usage_error() {
    let home = Home::new();
    assert_eq!(home.run(&["keys", "lose"]).status.code(), Some(2));
    assert_eq!(home.run(&[]).status.code(), Some(2));
}
