//! Who can never be denied or quarantined, whatever is found or asked.
//!
//! **Promises**: every validator, every subject of the genesis' list, every prefix too wide to be meant, and the
//! addresses that no network can do without are covered, as is every address or prefix that overlaps with one of
//! them, in either direction.
//!
//! IPv4 has four places in IPv6: mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`) and 6to4
//! (`2002::/16`). A prefix inside one of them stands for IPv4 addresses and is compared in all four, so that
//! neither a rule nor a protection is evaded by another spelling. A 6to4 prefix longer than /48 is inside the
//! network of one IPv4 address and stands for that address.

use cybermesh_proto::genesis;

use crate::subject::{Kind, Net, Subject};

/// Shorter IPv4 prefixes are protected.
const IPV4_LENGTH_MIN: u8 = 8;
/// Shorter IPv6 prefixes are protected.
const IPV6_LENGTH_MIN: u8 = 32;

/// Unspecified, loopback, link-local, multicast and broadcast.
const ALWAYS: [&str; 9] = [
    "0.0.0.0/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "fe80::/10",
    "ff00::/8",
];

/// The places of IPv4 in IPv6.
const PLACES: [Place; 4] = [
    Place { bits: 0xffff << 32, length: 96 },
    Place { bits: 0, length: 96 },
    Place { bits: 0x0064_ff9b << 96, length: 96 },
    Place { bits: 0x2002 << 112, length: 16 },
];

/// Where in IPv6 an IPv4 address may stand: behind these bits.
struct Place {
    bits: u128,
    length: u8,
}

/// IPv4 addresses that begin with the same bits.
#[derive(Clone, Copy)]
struct Net4 {
    bits: u32,
    length: u8,
}

/// The protected subjects of a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Protected {
    /// Ascending, and none inside another.
    nets: Vec<Net>,
    /// Ascending: those that stand for no addresses.
    exact: Vec<Subject>,
}

impl Protected {
    /// The genesis' list, and what is protected on every chain.
    ///
    /// An entry that is not what its kind says protects a subject of exactly that text.
    #[must_use]
    pub fn new(entries: &[genesis::Protected]) -> Self {
        let (mut nets, mut exact) = (Vec::new(), Vec::new());
        let always = ALWAYS.iter().filter_map(|text| Subject::read("cidr", text));
        for subject in entries.iter().map(read).chain(always) {
            match subject.net() {
                Some(net) => nets.extend(spellings(net)),
                None => exact.push(subject),
            }
        }
        nets.sort_unstable();
        // A prefix sorts before those inside it, so the last one kept is the only one that can hold the next.
        nets.dedup_by(|next, kept| next.overlaps(*kept));
        exact.sort_unstable();
        Self { nets, exact }
    }

    /// Whether no rule may deny or quarantine this subject.
    #[must_use]
    pub fn covers(&self, subject: &Subject) -> bool {
        match subject.net() {
            Some(net) => is_too_wide(net) || spellings(net).into_iter().any(|net| self.overlaps(net)),
            None => subject.kind() == Kind::Validator || self.exact.binary_search(subject).is_ok(),
        }
    }

    fn overlaps(&self, net: Net) -> bool {
        let last = Net::new(net.last(), 128);
        // Of those that begin before its end only the last can reach it: they are apart from each other.
        let begun = self.nets.partition_point(|kept| *kept <= last);
        begun.checked_sub(1).and_then(|at| self.nets.get(at)).is_some_and(|kept| kept.overlaps(net))
    }
}

impl Place {
    fn net(&self) -> Net {
        Net::new(self.bits, self.length)
    }

    /// Which IPv4 addresses a prefix inside this place stands for.
    fn ipv4(&self, net: Net) -> Option<Net4> {
        let inside = net.length >= self.length && self.net().overlaps(net);
        let bits = u32::try_from(net.bits.checked_shl(self.length.into())?.checked_shr(96)?).ok()?;
        inside.then_some(Net4 { bits, length: net.length.saturating_sub(self.length).min(32) })
    }

    fn spell(&self, ipv4: Net4) -> Net {
        let behind = 96_u32.saturating_sub(self.length.into());
        let bits = self.bits | u128::from(ipv4.bits).checked_shl(behind).unwrap_or(0);
        Net::new(bits, ipv4.length.saturating_add(self.length))
    }
}

fn read(entry: &genesis::Protected) -> Subject {
    Subject::read(entry.kind.as_str(), entry.value.as_str())
        .unwrap_or_else(|| Subject { kind: entry.kind.clone(), value: entry.value.clone() })
}

fn ipv4(net: Net) -> Option<Net4> {
    PLACES.iter().find_map(|place| place.ipv4(net))
}

/// The prefix in every spelling; as it is when it stands for no IPv4 addresses.
fn spellings(net: Net) -> Vec<Net> {
    ipv4(net).map_or_else(|| vec![net], |ipv4| PLACES.iter().map(|place| place.spell(ipv4)).collect())
}

fn is_too_wide(net: Net) -> bool {
    net.length < IPV6_LENGTH_MIN || ipv4(net).is_some_and(|ipv4| ipv4.length < IPV4_LENGTH_MIN)
}
