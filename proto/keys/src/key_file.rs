//! Private keys at rest: one text file, one encrypted PKCS#8 block for each key.
//!
//! ```text
//! CyberMesh private keys
//! version: 1
//! role: producer
//! kid: 5f1c…
//! seal: 77ab…                            over role, uses and all seeds
//!
//! use: sign
//! public: 9c03…                           SHA-256 of the public key
//! -----BEGIN ENCRYPTED PRIVATE KEY-----   PBES2: scrypt, AES-256-CBC
//! …                                       inside: PKCS#8 with the 32-byte seed (RFC 8410, RFC 9881)
//! -----END ENCRYPTED PRIVATE KEY-----
//!
//! use: sign
//! …
//! ```
//!
//! Each block is a standard key that OpenSSL and other libraries open alone. AES-CBC does not authenticate; what
//! an altered block decrypts to has another public key than its `public` line says. The `seal` ties role, uses and
//! keys together, so that no block can be exchanged, renamed or left out. Files are written with mode 0600 and
//! refused if others may read them. The file is created, never overwritten.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::Algorithm;
use cybermesh_proto::{Code, Digest, Kid, Refusal};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{
    AlgorithmIdentifierRef, Document, EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef,
};
use zeroize::Zeroizing;

use crate::{KeyError, KeyRole, KeySet, Seed, Signer as _, Use};

const TITLE: &str = "CyberMesh private keys";
const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// 64 KiB: four blocks of less than 1 KiB; a larger file is none of ours.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// 256 MiB, twice what we write: a file that asks for more is an attack on who opens it.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// 2^14: below that, a passphrase is little protection; also keeps zero away from the library.
const SCRYPT_COST_MIN: u64 = 1 << 14;
/// 4 keys: a validator's, the most that any role has. Each costs a key derivation.
const BLOCKS_MAX: usize = 4;

/// Writes a new key file. Fails if the file is there; leaves none behind that is not whole.
pub fn write_key_file(path: &Path, keys: &KeySet, passphrase: &str) -> Result<(), KeyError> {
    if passphrase.is_empty() {
        return Err(Refusal::new(Code::KeyFilePassphrase, "an empty passphrase").into());
    }
    let text = key_text(keys, passphrase)?;
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let written = written.and_then(|()| fs::File::open(parent)?.sync_all());
    written.or_else(|error| fs::remove_file(path).and(Err(error))).map_err(io)
}

/// Opens a key file. Facts are read from the opened file, so that nothing can be exchanged in between.
pub fn open_key_file(path: &Path, passphrase: &str) -> Result<KeySet, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(KeyError::format(format!("{} is no file", path.display())));
    }
    let file = fs::File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        let note = format!("{} has mode {:o}", path.display(), mode & 0o777);
        return Err(Refusal::new(Code::KeyFileMode, note).into());
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(KeyError::format("the file is too large for a key file"));
    }
    open_key_text(&text, passphrase)
}

/// The text of a key file.
pub fn key_text(keys: &KeySet, passphrase: &str) -> Result<String, KeyError> {
    let (role, kid) = (keys.role().as_str(), keys.bundle().kid());
    let seal = seal(keys.role(), keys.keys())?;
    let mut text = format!("{TITLE}\nversion: 1\nrole: {role}\nkid: {kid}\nseal: {seal}\n");
    for (purpose, seed) in keys.keys() {
        let public = sha256(&[&seed.public_key()?]);
        let block = encrypt(seed, passphrase)?;
        text.push_str(&format!("\nuse: {}\npublic: {public}\n{block}", use_word(*purpose)));
    }
    Ok(text)
}

fn encrypt(seed: &Seed, passphrase: &str) -> Result<String, KeyError> {
    let failed = |_| KeyError::Library { algorithm: seed.algorithm().name() };
    // Ed25519: OCTET STRING; ML-DSA: the seed alternative, [0] IMPLICIT OCTET STRING. Both of 32 bytes.
    let tag = if seed.algorithm().ml_dsa().is_some() { 0x80 } else { 0x04 };
    let mut content = Zeroizing::new(vec![tag, 0x20]);
    content.extend_from_slice(seed.expose());
    let octets = OctetStringRef::new(&content).map_err(|_| KeyError::format("encoding"))?;
    let algorithm = AlgorithmIdentifierRef { oid: oid(seed.algorithm()), parameters: None };
    let sealed = PrivateKeyInfoRef::new(algorithm, octets);
    let sealed = sealed.encrypt_with_params(parameters()?, passphrase).map_err(failed)?;
    let pem = sealed.to_pem(LABEL, LineEnding::LF).map_err(|_| KeyError::format("encoding"))?;
    Ok(pem.to_string())
}

/// scrypt with 128 MiB and a third of a second for each guess.
fn parameters() -> Result<pbes2::Parameters, KeyError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    for part in [&mut salt, &mut iv] {
        getrandom::fill(part).map_err(|error| KeyError::Randomness(error.to_string()))?;
    }
    let scrypt = scrypt::Params::new(17, 8, 1).map_err(|_| KeyError::format("key derivation"))?;
    pbes2::Parameters::generate_scrypt_aes256cbc(scrypt, &salt, iv)
        .map_err(|_| KeyError::format("key derivation"))
}

/// Opens the text of a key file.
pub fn open_key_text(text: &str, passphrase: &str) -> Result<KeySet, KeyError> {
    let (head, mut rest) = text.split_once("\n\n").ok_or_else(|| KeyError::format("no header"))?;
    let mut lines = head.lines();
    if lines.next() != Some(TITLE) || lines.next() != Some("version: 1") {
        return Err(KeyError::format("the first two lines are not those of a key file"));
    }
    let role = role_from(lines.next().and_then(|line| line.strip_prefix("role: ")))?;
    let kid = lines.next().and_then(|line| line.strip_prefix("kid: ")).and_then(Digest::from_hex);
    let kid = Kid(kid.ok_or_else(|| KeyError::format("no kid"))?);
    let sealed = lines.next().and_then(|line| line.strip_prefix("seal: ")).and_then(Digest::from_hex);
    let sealed = sealed.ok_or_else(|| KeyError::format("no seal"))?;
    if rest.matches(BEGIN).count() > BLOCKS_MAX {
        return Err(KeyError::format("more keys than any role has"));
    }
    let mut keys = Vec::new();
    while !rest.trim().is_empty() {
        let (facts, after) = rest.split_once(BEGIN).ok_or_else(|| KeyError::format("no key block"))?;
        let (body, after) =
            after.split_once(END).ok_or_else(|| KeyError::format("an unfinished key block"))?;
        let seed = decrypt(&format!("{BEGIN}{body}{END}\n"), passphrase)?;
        keys.push((check_facts(facts, &seed)?, seed));
        rest = after;
    }
    if seal(role, &keys)? != sealed {
        return Err(KeyError::format("role, uses or keys are not those that were sealed"));
    }
    let set = KeySet::new(role, keys)?;
    if set.bundle().kid() == kid {
        Ok(set)
    } else {
        Err(KeyError::format("the keys are not those of the header"))
    }
}

/// Ties role, uses and keys together: only who knows every seed can make it. SHA-256 over inputs of fixed length.
fn seal(role: KeyRole, keys: &[(Use, Seed)]) -> Result<Digest, KeyError> {
    let mut bytes =
        Zeroizing::new(format!("cybermesh key file 1 {} {}\n", role.as_str(), keys.len()).into_bytes());
    for (purpose, seed) in keys {
        bytes.extend_from_slice(seed.expose());
        bytes.extend_from_slice(sha256(&[&seed.public_key()?]).as_bytes());
        bytes.extend_from_slice(format!("{} {}\n", use_word(*purpose), seed.algorithm().name()).as_bytes());
    }
    Ok(sha256(&[&bytes]))
}

fn check_facts(facts: &str, seed: &Seed) -> Result<Use, KeyError> {
    let mut lines = facts.lines().map(str::trim).filter(|line| !line.is_empty());
    let purpose = match lines.next() {
        Some("use: sign") => Use::Sign,
        Some("use: checkpoint") => Use::Checkpoint,
        Some("use: network") => Use::Network,
        _ => return Err(KeyError::format("a key without a known use")),
    };
    let expected = sha256(&[&seed.public_key()?]).to_string();
    match lines.next().and_then(|line| line.strip_prefix("public: ")) {
        Some(public) if public == expected => Ok(purpose),
        _ => Err(KeyError::format("a key is not the one its header names")),
    }
}

fn decrypt(pem: &str, passphrase: &str) -> Result<Seed, KeyError> {
    let (label, sealed) = Document::from_pem(pem).map_err(|_| KeyError::format("a damaged key block"))?;
    let sealed = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes())
        .map_err(|_| KeyError::format("a damaged key block"))?;
    if label != LABEL {
        return Err(KeyError::format("a key block of another kind"));
    }
    check_cost(&sealed)?;
    let wrong =
        || Refusal::new(Code::KeyFilePassphrase, "the passphrase does not open it, or it was altered");
    let opened = sealed.decrypt(passphrase).map_err(|_| wrong())?;
    let info = PrivateKeyInfoRef::try_from(opened.as_bytes()).map_err(|_| wrong())?;
    let algorithm = Algorithm::ALL.into_iter().find(|algorithm| oid(*algorithm) == info.algorithm.oid);
    let algorithm = algorithm.ok_or_else(|| KeyError::format("a key of an unknown algorithm"))?;
    let seed = match (algorithm.ml_dsa().is_some(), info.private_key.as_bytes()) {
        (true, [0x80, 0x20, seed @ ..]) | (false, [0x04, 0x20, seed @ ..]) => seed,
        _ => return Err(KeyError::format("a private key that is no 32-byte seed")),
    };
    let bytes = seed.try_into().map_err(|_| KeyError::format("a private key that is no 32-byte seed"))?;
    Ok(Seed::from_bytes(algorithm, bytes))
}

/// The file says how dear it is to open: bounded before anything is derived.
fn check_cost(sealed: &EncryptedPrivateKeyInfoRef<'_>) -> Result<(), KeyError> {
    let scrypt = sealed.encryption_algorithm.pbes2().and_then(|parameters| parameters.kdf.scrypt());
    let scrypt = scrypt.ok_or_else(|| KeyError::format("a key block that is not sealed with scrypt"))?;
    let (cost, block) = (scrypt.cost_parameter, u64::from(scrypt.block_size));
    let memory = cost.saturating_mul(128 * block.max(1));
    let sane = cost >= SCRYPT_COST_MIN
        && cost.is_power_of_two()
        && block > 0
        && memory <= SCRYPT_BYTES_MAX
        && scrypt.parallelization == 1;
    if sane { Ok(()) } else { Err(KeyError::format("key-derivation costs outside sane bounds")) }
}

fn oid(algorithm: Algorithm) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(match algorithm {
        Algorithm::Ed25519 => "1.3.101.112",
        Algorithm::MlDsa44 => "2.16.840.1.101.3.4.3.17",
        Algorithm::MlDsa65 => "2.16.840.1.101.3.4.3.18",
        Algorithm::MlDsa87 => "2.16.840.1.101.3.4.3.19",
    })
}

fn role_from(word: Option<&str>) -> Result<KeyRole, KeyError> {
    let roles =
        [KeyRole::Producer, KeyRole::Service, KeyRole::Agent, KeyRole::Administrator, KeyRole::Validator];
    let found = roles.into_iter().find(|role| Some(role.as_str()) == word);
    found.ok_or_else(|| KeyError::format("no known role"))
}

const fn use_word(purpose: Use) -> &'static str {
    match purpose {
        Use::Sign => "sign",
        Use::Checkpoint => "checkpoint",
        Use::Network => "network",
    }
}
