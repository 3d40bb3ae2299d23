//! The public half of a key file: JSON, for people and other programs.

use std::fs;
use std::path::Path;

use cybermesh_proto::keys::{Algorithm, KeyBundle};
use serde::{Deserialize, Serialize};

use crate::{KeyError, KeyRole, KeySet, Signer as _, Use};

/// 64 KiB: four keys in hex are below 16 KiB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The public keys of one holder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKeys {
    /// Format; 1.
    pub version: u32,
    /// Whose keys they are.
    pub role: KeyRole,
    /// The kid of the keys that sign, in hex.
    pub kid: String,
    /// The keys.
    pub keys: Vec<PublicKey>,
}

/// One public key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// What it is for.
    #[serde(rename = "use")]
    pub purpose: Use,
    /// The name of its algorithm.
    pub algorithm: String,
    /// The key in hex.
    pub key: String,
}

impl PublicKeys {
    /// The public half of these keys.
    pub fn of(keys: &KeySet) -> Result<Self, KeyError> {
        let entry = |(purpose, algorithm, key): (Use, Algorithm, Vec<u8>)| PublicKey {
            purpose,
            algorithm: algorithm.name().to_owned(),
            key: key.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let public = keys.public_keys()?.into_iter().map(entry).collect();
        Ok(Self { version: 1, role: keys.role(), kid: keys.bundle().kid().to_string(), keys: public })
    }

    /// The keys that sign, as a bundle whose kid is the stated one.
    pub fn bundle(&self) -> Result<KeyBundle, KeyError> {
        let signs = self.keys.iter().filter(|key| key.purpose == Use::Sign);
        let keys = signs.map(|key| {
            let named = |algorithm: &Algorithm| algorithm.name() == key.algorithm;
            let algorithm = Algorithm::ALL.into_iter().find(named);
            let algorithm =
                algorithm.ok_or_else(|| KeyError::format(format!("unknown algorithm {}", key.algorithm)))?;
            Ok((algorithm, hex(&key.key)?))
        });
        let bundle = KeyBundle::new(keys.collect::<Result<_, KeyError>>()?)?;
        if bundle.kid().to_string() == self.kid {
            Ok(bundle)
        } else {
            Err(KeyError::format("the kid is of other keys"))
        }
    }
}

/// Reads a public key file.
pub fn read_public_file(path: &Path) -> Result<PublicKeys, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.len() > FILE_BYTES_MAX {
        return Err(KeyError::format("the file is too large for a public key file"));
    }
    public_from_json(&fs::read(path).map_err(io)?)
}

/// Reads the content of a public key file. Whether its keys are those of its kid, [`PublicKeys::bundle`] says.
pub fn public_from_json(bytes: &[u8]) -> Result<PublicKeys, KeyError> {
    let keys: PublicKeys = serde_json::from_slice(bytes)
        .map_err(|error| KeyError::format(format!("no public key file: {error}")))?;
    if keys.version == 1 { Ok(keys) } else { Err(KeyError::format(format!("version {}", keys.version))) }
}

fn hex(text: &str) -> Result<Vec<u8>, KeyError> {
    let bad = || KeyError::format("a key that is not hex");
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return Err(bad());
    }
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).map_err(|_| bad())?, 16).map_err(|_| bad()))
        .collect()
}
