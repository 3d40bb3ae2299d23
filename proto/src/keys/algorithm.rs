//! The signature algorithms, their numbers and their lengths.

/// A level of ML-DSA (FIPS 204), always with the empty context.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MlDsa {
    /// ML-DSA-44.
    L44,
    /// ML-DSA-65.
    L65,
    /// ML-DSA-87.
    L87,
}

/// A signature algorithm. The number orders the signatures of one object and stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032); which acceptance rule applies depends on who signs.
    Ed25519 = 1,
    /// ML-DSA-44.
    MlDsa44 = 2,
    /// ML-DSA-65.
    MlDsa65 = 3,
    /// ML-DSA-87.
    MlDsa87 = 4,
}

impl Algorithm {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Ed25519, Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// The algorithm with this number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| u32::from(u8::from(*algorithm)) == number)
    }

    /// The level, for the post-quantum ones.
    #[must_use]
    pub const fn ml_dsa(self) -> Option<MlDsa> {
        match self {
            Self::Ed25519 => None,
            Self::MlDsa44 => Some(MlDsa::L44),
            Self::MlDsa65 => Some(MlDsa::L65),
            Self::MlDsa87 => Some(MlDsa::L87),
        }
    }

    /// The length of a public key in bytes.
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }

    /// The length of a signature in bytes.
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => 4627,
        }
    }

    /// The name people use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        }
    }
}

impl From<Algorithm> for u8 {
    fn from(algorithm: Algorithm) -> Self {
        algorithm as Self
    }
}

impl TryFrom<u8> for Algorithm {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::from_number(u32::from(number)).ok_or("unknown signature algorithm")
    }
}
