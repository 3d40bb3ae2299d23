//! `cybermesh keys`: make and look at keys.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use cybermesh_keys::{
    KeyRole, KeySet, PublicKeys, Signer as _, open_key_file, read_public_file, write_key_file,
};
use cybermesh_proto::keys::Algorithm;
use serde_json::Value;

use super::failure::Failure;
use super::files;
use super::output::Answer;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make new keys: FILE (private, encrypted, mode 0600) and FILE.pub.
    New(New),
    /// Show the public side of a key file or of a .pub file.
    Show(Show),
}

#[derive(Args)]
pub(super) struct New {
    /// Where the private keys go; the public ones go beside it, with `.pub` added.
    file: PathBuf,
    /// Whose keys they are.
    #[arg(long, value_enum, default_value_t = RoleWord::Producer)]
    role: RoleWord,
    /// Level of a producer's post-quantum key.
    #[arg(long, value_enum, default_value_t = LevelWord::L44)]
    ml_dsa: LevelWord,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

#[derive(Args)]
pub(super) struct Show {
    /// A key file or a .pub file.
    file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

/// Where the passphrase of a key file comes from.
#[derive(Args)]
pub(super) struct PassphraseFile {
    /// File whose first line is the passphrase; asked for at the terminal otherwise.
    #[arg(long, env = "CYBERMESH_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleWord {
    Producer,
    Service,
    Agent,
    Administrator,
    Validator,
}

#[derive(Clone, Copy, ValueEnum)]
enum LevelWord {
    #[value(name = "44")]
    L44,
    #[value(name = "65")]
    L65,
    #[value(name = "87")]
    L87,
}

/// 12 characters: below that, the dearest key derivation does not help.
const PASSPHRASE_MIN: usize = 12;
/// 4 KiB is no passphrase any more.
const PASSPHRASE_BYTES_MAX: usize = 4096;

pub(super) fn run(command: Command) -> Result<Answer, Failure> {
    match command {
        Command::New(new) => make(&new),
        Command::Show(show) => look(&show),
    }
}

fn make(new: &New) -> Result<Answer, Failure> {
    let passphrase = new.passphrase.read_new()?;
    let keys = KeySet::generate(new.role.into(), new.ml_dsa.into())?;
    let public_path = public_path(&new.file);
    let public = PublicKeys::of(&keys)?;
    let text = serde_json::to_string_pretty(&public).unwrap_or_default() + "\n";
    write_key_file(&new.file, &keys, &passphrase)?;
    files::create(&public_path, text.as_bytes())?;
    let answer = Answer::new(format!("new keys of a {}", keys.role().as_str()));
    Ok(facts(answer, &public)
        .fact("private", format!("{} (encrypted, mode 0600)", new.file.display()))
        .fact("public", public_path.display().to_string()))
}

fn look(show: &Show) -> Result<Answer, Failure> {
    let is_public = show.file.extension().is_some_and(|extension| extension == "pub");
    let public = if is_public {
        let public = read_public_file(&show.file)?;
        public.bundle()?; // the kid is that of the keys, or the file is refused
        public
    } else {
        PublicKeys::of(&show.passphrase.open(&show.file)?)?
    };
    Ok(facts(Answer::new(format!("keys of a {}", public.role.as_str())), &public))
}

fn facts(answer: Answer, public: &PublicKeys) -> Answer {
    let algorithms: Vec<_> = public.keys.iter().map(|key| key.algorithm.clone()).collect();
    let list: Vec<Value> = algorithms.iter().cloned().map(Value::String).collect();
    answer.fact("kid", public.kid.clone()).fact_as("keys", algorithms.join(", "), list)
}

/// `det-1.key` → `det-1.key.pub`: one rule, whatever the name.
fn public_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

impl PassphraseFile {
    /// Opens a key file with the passphrase.
    pub(super) fn open(&self, file: &Path) -> Result<KeySet, Failure> {
        let passphrase = match &self.passphrase_file {
            Some(path) => from_file(path)?,
            None => prompt(&format!("Passphrase of {}: ", file.display()))?,
        };
        let keys = open_key_file(file, &passphrase)?;
        debug_assert!(!keys.bundle().keys().is_empty());
        Ok(keys)
    }

    fn read_new(&self) -> Result<String, Failure> {
        let passphrase = match &self.passphrase_file {
            Some(path) => from_file(path)?,
            None => {
                let passphrase = prompt("New passphrase: ")?;
                if prompt("Once more: ")? != passphrase {
                    return Err(Failure::usage("the two passphrases differ", "try again"));
                }
                passphrase
            }
        };
        if passphrase.chars().count() < PASSPHRASE_MIN {
            let what = format!("a passphrase of fewer than {PASSPHRASE_MIN} characters");
            return Err(Failure::usage(what, "take four words at least"));
        }
        Ok(passphrase)
    }
}

fn from_file(path: &Path) -> Result<String, Failure> {
    let bytes = files::read(path, PASSPHRASE_BYTES_MAX)?;
    let text = String::from_utf8(bytes).ok();
    let line = text.as_deref().and_then(|text| text.lines().next()).filter(|line| !line.is_empty());
    let nothing = || Failure::usage(format!("{}: no passphrase", path.display()), "put it on the first line");
    line.map(str::to_owned).ok_or_else(nothing)
}

fn prompt(question: &str) -> Result<String, Failure> {
    let remedy = "give --passphrase-file where there is no terminal";
    rpassword::prompt_password(question)
        .map_err(|error| Failure::usage(format!("no passphrase: {error}"), remedy))
}

impl From<RoleWord> for KeyRole {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Producer => Self::Producer,
            RoleWord::Service => Self::Service,
            RoleWord::Agent => Self::Agent,
            RoleWord::Administrator => Self::Administrator,
            RoleWord::Validator => Self::Validator,
        }
    }
}

impl From<LevelWord> for Algorithm {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::L44 => Self::MlDsa44,
            LevelWord::L65 => Self::MlDsa65,
            LevelWord::L87 => Self::MlDsa87,
        }
    }
}
