//! `make demo`: the product shown to a person, with real keys, real commands and a real receipt.
//!
//! Today it shows the words: keys, a signed event, four validators that decide it, and a receipt that one genesis
//! hash is enough to check. The chain lives in memory; sockets, stores and Kafka join when their rooms stand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a demonstration: a failure ends it"
)]

use std::fs;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use cybermesh_keys::{KeyRole, KeySet, Signer as _, read_public_file};
use cybermesh_proto::agree::ItemKind;
use cybermesh_proto::genesis::{AdministratorSet, Genesis};
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme};
use cybermesh_proto::wire::{Fixed, List, Text, encode_canonical};
use cybermesh_proto::{Code, TimeUs};
use cybermesh_world::chain::Chain;
use cybermesh_world::cluster::{Member, genesis};
use cybermesh_world::story::item;

const EVENT: &str = r#"{
  "type": "Anomaly.Detected.v1", "network": "demo", "tenant": "acme", "seq": 1,
  "entity_kind": "ip", "entity_value": "203.0.113.9", "severity_id": 5, "confidence_bp": 9400,
  "resource": "urn:acme:edge:firewall:fw-7", "tlp": "amber",
  "trace": {"correlation_id": "case-4711"},
  "payload": {"rule": "port scan", "ports": [22, 23, 3389], "packets": 1840}
}
"#;

fn main() -> ExitCode {
    let stage = Stage::new();
    stage.title();
    let bundle = stage.producer();
    let members = stage.validators();
    let mut chain = stage.genesis(members, &bundle);
    stage.event();
    stage.decide(&mut chain);
    let file = stage.receipt(&chain);
    let hash = chain.genesis.chain().to_string();
    let verdict = stage.verify(&file, &hash);
    stage.flip(&file, &hash);
    stage.end();
    println!("{verdict}");
    ExitCode::SUCCESS
}

/// Where the demo plays: a folder, the binary, and how to print.
struct Stage {
    folder: PathBuf,
    binary: PathBuf,
    colour: bool,
    waits: bool,
}

impl Stage {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("cybermesh-demo-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the demo");
        fs::write(folder.join("passphrase"), "only for this demo, never elsewhere\n").unwrap();
        let binary = std::env::current_exe().unwrap().with_file_name("cybermesh");
        let terminal = std::io::stdout().is_terminal();
        let waits = terminal && std::io::stdin().is_terminal() && std::env::var_os("DEMO_EXIT").is_none();
        Self { folder, binary, colour: terminal, waits }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn step(&self, number: u32, title: &str) {
        if self.waits && number > 1 {
            println!("{}", self.paint("2", "  ⏎ Enter goes on"));
            std::io::stdin().lock().lines().next();
        }
        println!("\n{} {}", self.paint("1;36", &format!("{number} ▸")), self.paint("1", title));
    }

    fn say(&self, text: &str) {
        println!("  {text}");
    }

    fn title(&self) {
        println!("{}", self.paint("1", "CyberMesh: security decisions that anyone can check offline"));
        self.say("Four validators agree on a signed event. Then you check their word with one hash and no network.");
    }

    /// Runs the shipped binary as a person would, and shows command and answer.
    fn run(&self, arguments: &[&str]) -> Output {
        let shown = arguments.iter().map(|word| shortened(word)).collect::<Vec<_>>().join(" ");
        self.say(&self.paint("33", &format!("$ cybermesh {shown}")));
        let output = Command::new(&self.binary)
            .args(arguments)
            .current_dir(&self.folder)
            .env("CYBERMESH_PASSPHRASE_FILE", "passphrase")
            .output()
            .expect("the cybermesh binary beside this one; `make demo` builds it");
        for text in [&output.stdout, &output.stderr] {
            String::from_utf8_lossy(text).lines().for_each(|line| println!("    {line}"));
        }
        output
    }

    fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "this command should have succeeded");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn producer(&self) -> KeyBundle {
        self.step(1, "A detector makes its keys: Ed25519 AND ML-DSA-44, sealed with a passphrase");
        self.must(&["keys", "new", "det-1.key"]);
        let public = read_public_file(&self.folder.join("det-1.key.pub")).unwrap();
        public.bundle().unwrap()
    }

    fn validators(&self) -> Vec<Member> {
        self.step(2, "Four validators and three administrators make theirs: Ed25519 AND ML-DSA-65");
        let member = |n: usize| {
            let keys = KeySet::generate(KeyRole::Validator, Algorithm::MlDsa65).unwrap();
            let entry = keys.validator(&format!("node-{n}")).unwrap();
            self.say(&format!("node-{n}  kid {}", shortened(&keys.bundle().kid().to_string())));
            Member { entry, signer: Arc::new(keys) }
        };
        (1..=4).map(member).collect()
    }

    fn genesis(&self, members: Vec<Member>, producer: &KeyBundle) -> Chain {
        self.step(3, "The genesis names them all. Its hash is the only thing you will have to trust");
        let administrator = |_| {
            let keys = KeySet::generate(KeyRole::Administrator, Algorithm::MlDsa65).unwrap();
            keys.bundle().clone()
        };
        let nonce: [u8; 32] = members[0].entry.ed25519.0;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let content = Genesis {
            network: Text::new("demo").unwrap(),
            nonce: Fixed(nonce),
            time_us: TimeUs::new(u64::try_from(now.as_micros()).unwrap()),
            administrators: AdministratorSet {
                threshold: 2,
                keys: List::new((1..=3).map(administrator).collect()).unwrap(),
            },
            ..genesis(&members, Scheme::Hybrid, &[(producer, "det-1")])
        };
        let bytes = encode_canonical(&content).len();
        let chain = Chain::new(content, members);
        self.say(&format!("n = 4, one may lie, three decide · hybrid signatures · {bytes} bytes"));
        self.say(&format!("genesis hash {}", self.paint("1;32", &chain.genesis.chain().to_string())));
        chain
    }

    fn event(&self) {
        self.step(4, "The detector signs what it saw");
        fs::write(self.folder.join("event.json"), EVENT).unwrap();
        self.must(&["event", "sign", "event.json", "--key", "det-1.key", "--out", "event.bin"]);
        self.must(&["event", "verify", "event.bin", "--key", "det-1.key.pub"]);
    }

    fn decide(&self, chain: &mut Chain) {
        self.step(5, "The validators order it, apply it, and attest the result");
        let record = fs::read(self.folder.join("event.bin")).unwrap();
        let event = || item(ItemKind::Event, record.clone());
        let blocks = [
            (vec![], "nothing yet"),
            (vec![(event(), Code::EventApplied)], "the event: applied"),
            (vec![(event(), Code::EventSeqUsed)], "the same event again: its place is used"),
            (vec![], "nothing more"),
        ];
        for (items, story) in blocks {
            let start = Instant::now();
            let block = chain.decide(items);
            let (header, decision) = (&block.header, &block.decision);
            let bar = "■".repeat(block.certificate.attestations.signers.len());
            let line = format!(
                "height {}  led by node-{}  attested {bar}□  decision {}  {story}",
                header.height,
                u16::from(header.proposer) + 1,
                shortened(&decision.hash().to_string()),
            );
            self.say(&format!("{line}  {}", self.paint("2", &format!("{} ms", start.elapsed().as_millis()))));
        }
        self.say(
            &self.paint("2", "(in memory: no executor yet, so the state root stands for an empty state)"),
        );
    }

    fn receipt(&self, chain: &Chain) -> PathBuf {
        self.step(6, "A receipt: event → block → decision → history → certificate → genesis");
        let receipt = chain.receipt_under_newest(2, 0);
        let bytes = encode_canonical(&receipt);
        let file = self.folder.join("event.cmr");
        fs::write(&file, &bytes).unwrap();
        let genesis = receipt.genesis.as_slice().len();
        self.say(&format!(
            "event.cmr  {} bytes: genesis {genesis}, event {}, proofs and three hybrid signatures {}",
            bytes.len(),
            receipt.leaf.item.bytes().len(),
            bytes.len() - genesis - receipt.leaf.item.bytes().len(),
        ));
        file
    }

    fn verify(&self, file: &Path, hash: &str) -> String {
        self.step(7, "Anyone checks it: no network, no server, one hash");
        let name = file.file_name().unwrap().to_str().unwrap();
        let start = Instant::now();
        let arguments = ["verify", "receipt", name, "--genesis", hash, "--producer", "det-1.key.pub"];
        let answer = self.must(&arguments);
        self.say(
            &self.paint(
                "2",
                &format!("{} ms, the start of the program included", start.elapsed().as_millis()),
            ),
        );
        answer.lines().next().unwrap().to_owned()
    }

    fn flip(&self, file: &Path, hash: &str) {
        self.step(8, "A liar flips one bit: the outcome, of all things");
        let mut bytes = fs::read(file).unwrap();
        let event = fs::read(self.folder.join("event.bin")).unwrap();
        let item =
            bytes.windows(event.len()).position(|part| part == event).expect("the event is in its receipt");
        // In front of the item stand: outcome, [kind, byte string header of three bytes].
        let outcome = item - 6;
        bytes[outcome] ^= 2;
        fs::write(self.folder.join("lie.cmr"), bytes).unwrap();
        self.say(&format!("byte {outcome}: outcome 1 (event.applied) becomes 3 (event.dated_ahead)"));
        let output = self.run(&["verify", "receipt", "lie.cmr", "--genesis", hash]);
        assert_eq!(output.status.code(), Some(6), "a lie must be refused");
        self.say(&self.paint("1;31", "refused, with exit code 6"));
    }

    fn end(&self) {
        println!("\n{}", self.paint("1", "Try next"));
        self.say("make test        every test, in Rust and in Python");
        self.say("make mutate      every bit of a receipt flipped, every lie we could think of");
        self.say(
            "docs/wire.md     every byte explained; proto/vectors lets you check your own implementation",
        );
        fs::remove_dir_all(&self.folder).expect("the demo's folder goes");
        println!();
    }
}

/// Long hashes, short: how they begin is enough to recognise them.
fn shortened(word: &str) -> String {
    let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { format!("{}…", &word[..12]) } else { word.to_owned() }
}
