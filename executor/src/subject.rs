//! Subjects: whom a finding or a rule is about, in one spelling.
//!
//! **Promises**: two texts that name the same subject become the same [`Subject`], and reading a subject's own
//! spelling again gives that subject. Scores and rules are kept under it, so that nobody escapes a rule by
//! writing an address in another way.
//!
//! **Refuses** with `None` what is not what its kind says; the event then ends as `event.subject`.
//!
//! An address or prefix is a `Net` in the space of IPv6, IPv4 being its mapped part (`::ffff:0:0/96`).

use core::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cybermesh_proto::wire::Text;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// 253 bytes: the longest name that DNS can ask for.
const HOST_BYTES_MAX: usize = 253;
/// 63 bytes: the longest label of such a name.
const LABEL_BYTES_MAX: usize = 63;
/// Digits of a file's hash: MD5, SHA-1, SHA-256, SHA-384, SHA-512.
const FILE_DIGITS: [usize; 5] = [32, 40, 64, 96, 128];
/// Digits of a producer's key identity.
const KID_DIGITS: [usize; 1] = [64];

/// What sort of thing a subject is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// One address.
    Ip,
    /// A prefix of more than one address.
    Cidr,
    /// A name in the DNS, or one that could be.
    Host,
    /// A person's account.
    User,
    /// A service.
    Service,
    /// A process.
    Process,
    /// A file, by its hash.
    File,
    /// A device.
    Device,
    /// A key that signs events.
    Producer,
    /// A node that decides.
    Validator,
    /// Anything else: recorded, without score and without rules.
    Other,
}

/// A subject in its one spelling.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Subject {
    /// Its kind, as in an event.
    pub kind: Text<32>,
    /// Its name among those of its kind.
    pub value: Text<256>,
}

/// Addresses that begin with the same bits; the bits behind them are zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Net {
    /// The first address.
    pub(crate) bits: u128,
    /// How many bits all of them share, at most 128.
    pub(crate) length: u8,
}

impl Kind {
    fn of(kind: &str) -> Self {
        match kind {
            "ip" => Self::Ip,
            "cidr" => Self::Cidr,
            "host" => Self::Host,
            "user" => Self::User,
            "service" => Self::Service,
            "process" => Self::Process,
            "file" => Self::File,
            "device" => Self::Device,
            "producer" => Self::Producer,
            "validator" => Self::Validator,
            _ => Self::Other,
        }
    }

    /// Whether findings about it add up to a score.
    #[must_use]
    pub fn has_score(self) -> bool {
        self != Self::Other
    }

    /// Whether an operator may ask for a rule about it.
    #[must_use]
    pub fn takes_rules(self) -> bool {
        !matches!(self, Self::Producer | Self::Validator | Self::Other)
    }
}

impl Subject {
    /// The subject that a kind and a text name, or `None` when the text is not what the kind says.
    #[must_use]
    pub fn read(kind: &str, value: &str) -> Option<Self> {
        match Kind::of(kind) {
            Kind::Ip => Net::read_address(value).and_then(Self::of),
            Kind::Cidr => Net::read_prefix(value).and_then(Self::of),
            Kind::Host => read_host(value),
            Kind::File => read_hex(kind, value, &FILE_DIGITS),
            Kind::Producer => read_hex(kind, value, &KID_DIGITS),
            Kind::User | Kind::Service | Kind::Process | Kind::Device | Kind::Validator => {
                Self::spelled(kind, value.trim_matches(' '))
            }
            Kind::Other => Self::spelled(kind, value),
        }
    }

    /// What sort of thing it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(self.kind.as_str())
    }

    /// The addresses that it stands for, if it stands for any.
    pub(crate) fn net(&self) -> Option<Net> {
        match self.kind() {
            Kind::Ip => Net::read_address(self.value.as_str()),
            Kind::Cidr => Net::read_prefix(self.value.as_str()),
            _ => None,
        }
    }

    fn of(net: Net) -> Option<Self> {
        Self::spelled(if net.length == 128 { "ip" } else { "cidr" }, &net.to_string())
    }

    fn spelled(kind: &str, value: &str) -> Option<Self> {
        let named = !kind.is_empty() && !value.is_empty();
        named.then_some(Self { kind: Text::new(kind)?, value: Text::new(value)? })
    }
}

impl Net {
    /// The addresses that share the first `length` bits with this one.
    pub(crate) fn new(bits: u128, length: u8) -> Self {
        let length = length.min(128);
        Self { bits: bits & mask(length), length }
    }

    /// Whether an address is in both. Of two prefixes that share one, one holds the other.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        (self.bits ^ other.bits) & mask(self.length.min(other.length)) == 0
    }

    /// The last address.
    pub(crate) fn last(self) -> u128 {
        self.bits | !mask(self.length)
    }

    fn read_address(text: &str) -> Option<Self> {
        Some(Self::new(bits(text.parse().ok()?), 128))
    }

    fn read_prefix(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let (before, most) = if address.is_ipv4() { (96, 32) } else { (0, 128) };
        let length = read_length(length).filter(|length| *length <= most)?;
        Some(Self::new(bits(address), length.saturating_add(before)))
    }
}

impl fmt::Display for Net {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.bits);
        let (address, before, whole) = match address.to_ipv4_mapped() {
            // A mapped one is at least /96: behind its length all bits are zero.
            Some(address) => (IpAddr::V4(address), 96, 32),
            _ => (IpAddr::V6(address), 0, 128),
        };
        let length = self.length.saturating_sub(before);
        if length == whole { write!(formatter, "{address}") } else { write!(formatter, "{address}/{length}") }
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(length.into())).unwrap_or(0)
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => Ipv4Addr::to_ipv6_mapped(&address).to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Numbers are parsed with a plus sign and with leading zeros, too; a length has one spelling.
fn read_length(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn read_host(text: &str) -> Option<Subject> {
    let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if let Some(address) = Net::read_address(&text) {
        return Subject::of(address);
    }
    let fits = text.len() <= HOST_BYTES_MAX && text.split('.').all(is_label);
    // Resolvers read such a name as an IPv4 address, in spellings that we do not.
    let last = text.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    if fits && !number { Subject::spelled("host", &text) } else { None }
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn read_hex(kind: &str, text: &str, digits: &[usize]) -> Option<Subject> {
    let fits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits { Subject::spelled(kind, &text.to_ascii_lowercase()) } else { None }
}
