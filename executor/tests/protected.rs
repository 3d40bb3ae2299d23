//! Who can never be denied.
#![allow(clippy::unwrap_used, missing_docs)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cybermesh_executor::protected::Protected;
use cybermesh_executor::subject::Subject;
use cybermesh_proto::genesis;
use cybermesh_proto::wire::Text;
use proptest::prelude::*;

fn protecting(entries: &[(&str, &str)]) -> Protected {
    let entry = |(kind, value): &(&str, &str)| genesis::Protected {
        kind: Text::new(kind).unwrap(),
        value: Text::new(value).unwrap(),
    };
    Protected::new(&entries.iter().map(entry).collect::<Vec<_>>())
}

fn covers(protected: &Protected, value: &str) -> bool {
    let kind = if value.contains('/') { "cidr" } else { "ip" };
    protected.covers(&Subject::read(kind, value).unwrap())
}

fn assert_covers(protected: &Protected, values: &[&str]) {
    values.iter().for_each(|value| assert!(covers(protected, value), "{value} is not protected"));
}

fn assert_leaves(protected: &Protected, values: &[&str]) {
    values.iter().for_each(|value| assert!(!covers(protected, value), "{value} is protected"));
}

#[test]
fn addresses_that_no_network_can_do_without_are_protected() {
    let none = protecting(&[]);
    assert_covers(&none, &["0.0.0.0", "127.0.0.0", "127.255.255.255", "169.254.0.0", "169.254.255.255"]);
    assert_leaves(&none, &["0.0.0.2", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0"]);
    assert_covers(&none, &["224.0.0.0", "239.255.255.255", "255.255.255.255"]);
    assert_leaves(&none, &["223.255.255.255", "240.0.0.0", "255.255.255.254", "192.0.2.1", "10.0.0.1"]);
    assert_covers(&none, &["::", "::1", "fe80::", "febf:ffff::1", "ff00::", "ff02::1"]);
    assert_leaves(&none, &["fe7f::1", "fec0::1", "feff::1", "fdff::1", "2001:db8::1"]);
}

#[test]
fn prefixes_too_wide_to_be_meant_are_protected() {
    let none = protecting(&[]);
    assert_covers(&none, &["0.0.0.0/0", "16.0.0.0/7", "64.0.0.0/4", "::/0", "2001:db0::/31", "4000::/3"]);
    assert_leaves(&none, &["16.0.0.0/8", "64.0.0.0/9", "2001:db8::/32", "4000::/32"]);
    // 16.0.0.0/7 in other spellings.
    assert_covers(&none, &["64:ff9b::1000:0/103", "::1000:0/103", "2002:1000::/23", "2002:1000::/31"]);
    assert_leaves(&none, &["64:ff9b::1000:0/104", "::1000:0/104", "2002:1000::/32"]);
}

#[test]
fn prefix_that_contains_a_protected_address_is_protected() {
    let protected = protecting(&[("ip", "192.0.2.77"), ("ip", "2001:db8::77")]);
    assert_covers(&protected, &["192.0.2.77", "192.0.2.76/31", "192.0.2.0/24", "192.0.0.0/8"]);
    assert_leaves(&protected, &["192.0.2.76", "192.0.2.78/31", "192.0.2.80/28", "192.0.3.0/24"]);
    assert_covers(&protected, &["2001:db8::77", "2001:db8::70/124", "2001:db8::/32"]);
    assert_leaves(&protected, &["2001:db8::78", "2001:db8::80/121", "2001:db8:1::/48"]);
}

#[test]
fn address_inside_a_protected_prefix_is_protected() {
    let protected =
        protecting(&[("cidr", "192.0.2.64/26"), ("cidr", "2001:db8:1::/48"), ("cidr", "4000::/3")]);
    assert_covers(&protected, &["192.0.2.64", "192.0.2.127", "192.0.2.96/27", "2001:db8:1:2::3", "5fff::"]);
    assert_leaves(&protected, &["192.0.2.63", "192.0.2.128", "2001:db8::", "2001:db8:2::", "6000::"]);
}

#[test]
fn mapped_nat64_6to4_and_compatible_spellings_are_protected() {
    let spellings =
        ["192.0.2.77", "::192.0.2.77", "64:ff9b::192.0.2.77", "2002:c000:24d::", "2002:c000:24d:1::9"];
    let wider = ["192.0.2.64/28", "::192.0.2.64/124", "64:ff9b::192.0.2.64/124", "2002:c000:240::/44"];
    let beside =
        ["192.0.2.78", "::192.0.2.78", "64:ff9b::192.0.2.78", "2002:c000:24e::", "64:ff9b:0:1::c000:24d"];
    for entry in spellings.into_iter().chain(["::ffff:192.0.2.77"]) {
        let protected = protecting(&[("ip", entry)]);
        assert_covers(&protected, &spellings);
        assert_covers(&protected, &wider);
        assert_leaves(&protected, &beside);
    }
    let prefix = protecting(&[("cidr", "192.0.2.0/24")]);
    assert_covers(
        &prefix,
        &["::192.0.2.9", "64:ff9b::192.0.2.9", "2002:c000:209:7::/64", "2002:c000:200::/40"],
    );
    assert_leaves(&prefix, &["::192.0.3.9", "64:ff9b::192.0.3.9", "2002:c000:309:7::/64", "2001:c000:209::"]);
}

#[test]
fn loopback_is_protected_in_every_spelling() {
    let none = protecting(&[]);
    assert_covers(&none, &["::127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"]);
    assert_covers(
        &none,
        &["::/64", "::/96", "64:ff9b::/96", "64:ff9b::/48", "2002:7f00::/32", "2002:7f00:1::/48"],
    );
}

#[test]
fn ipv6_that_holds_every_ipv4_address_protects_them_all() {
    assert_covers(&protecting(&[("cidr", "2002::/16")]), &["192.0.2.1", "64:ff9b::192.0.2.1"]);
    assert_covers(&protecting(&[("cidr", "64:ff9b::/64")]), &["192.0.2.1", "2002:c000:201::"]);
}

#[test]
fn validators_are_protected_and_other_subjects_by_name() {
    let protected =
        protecting(&[("user", "root"), ("host", "zz"), ("host", "Gateway.example."), ("host", "192.0.2.5")]);
    let covers = |kind, value| protected.covers(&Subject::read(kind, value).unwrap());
    assert!(covers("validator", "any"));
    assert!(covers("host", "GATEWAY.example"));
    assert!(covers("user", "root"));
    assert!(covers("ip", "192.0.2.5"), "a host that reads as an address is that address");
    assert!(covers("cidr", "192.0.2.0/29"));
    assert!(!covers("host", "other.example"));
    assert!(!covers("user", "Root"));
    assert!(!covers("service", "root"));
    assert!(!covers("producer", &"0".repeat(64)));
}

#[test]
fn entry_that_reads_as_no_subject_protects_its_exact_text() {
    let protected = protecting(&[("ip", "192.0.2.05")]);
    let text = |value| Subject { kind: Text::new("ip").unwrap(), value: Text::new(value).unwrap() };
    assert!(protected.covers(&text("192.0.2.05")));
    assert!(!protected.covers(&text("192.0.2.5")));
    assert!(!protected.covers(&text("192.0.2.005")));
}

/// Prefixes that meet each other often: few distinct bits, every place of IPv4.
fn prefix() -> impl Strategy<Value = (u128, u8)> {
    let address = prop_oneof![
        (0..16_u128).prop_map(|low| 0xffff_0a00_0000 | low << 20),
        (0..16_u128).prop_map(|low| 0x0a00_0000 | low << 20),
        (0..16_u128).prop_map(|low| 0x64_ff9b << 96 | 0x0a00_0000 | low << 20),
        (0..16_u128, 0..4_u128).prop_map(|(low, site)| 0x2002_0a00_0000 << 80 | low << 100 | site << 64),
        (0..16_u128).prop_map(|low| 0x2001_0db8_u128 << 96 | low << 90),
        any::<u128>(),
    ];
    (address, prop_oneof![Just(128_u8), 96..=128_u8, 28..=48_u8, 0..=128_u8])
}

fn text((bits, length): (u128, u8)) -> String {
    format!("{}/{length}", Ipv6Addr::from_bits(bits))
}

/// The page's rule, bit by bit: the IPv4 prefix a prefix stands for, as its bits and their number.
fn ipv4(bits: u128, length: u8) -> Option<(u32, u8)> {
    let places = [(0xffff_u128 << 32, 96_u8), (0, 96), (0x64_ff9b << 96, 96), (0x2002 << 112, 16)];
    let place =
        places.iter().find(|(place, before)| length >= *before && (bits ^ place) >> (128 - before) == 0)?;
    let low = (bits << place.1 >> 96) as u32;
    let length = (length - place.1).min(32);
    Some((if length == 0 { 0 } else { low >> (32 - length) << (32 - length) }, length))
}

fn all_spellings(bits: u128, length: u8) -> Vec<(u128, u8)> {
    let Some((low, length4)) = ipv4(bits, length) else { return vec![(bits, length)] };
    let low = u128::from(low);
    let behind = [0xffff << 32 | low, low, 0x64_ff9b << 96 | low];
    let mut all: Vec<_> = behind.iter().map(|bits| (*bits, 96 + length4)).collect();
    all.push((0x2002 << 112 | low << 80, 16 + length4));
    all
}

fn meet(a: (u128, u8), b: (u128, u8)) -> bool {
    let shared = a.1.min(b.1);
    shared == 0 || (a.0 ^ b.0) >> (128 - shared) == 0
}

proptest! {
    #[test]
    fn the_list_answers_like_a_comparison_of_every_pair(
        entries in prop::collection::vec(prefix(), 0..12),
        asked in prefix(),
    ) {
        let texts: Vec<_> = entries.iter().map(|entry| text(*entry)).collect();
        let listed = protecting(&texts.iter().map(|text| ("cidr", text.as_str())).collect::<Vec<_>>());
        let always = ["0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"];
        let always = always.iter().map(|text| {
            let (address, length) = text.split_once('/').unwrap();
            let address: Ipv4Addr = address.parse().unwrap();
            (address.to_ipv6_mapped().to_bits(), 96 + length.parse::<u8>().unwrap())
        });
        let six = [(0, 128), (1, 128), (0xfe80 << 112, 10), (0xff00 << 112, 8)];
        let all = entries.iter().copied().chain(always).chain(six).flat_map(|(bits, length)| all_spellings(bits, length));
        let all: Vec<_> = all.collect();
        let wide = asked.1 < 32 || ipv4(asked.0, asked.1).is_some_and(|(_, length)| length < 8);
        let met = all_spellings(asked.0, asked.1).iter().any(|one| all.iter().any(|other| meet(*one, *other)));
        prop_assert_eq!(covers(&listed, &text(asked)), wide || met);
    }

    #[test]
    fn what_holds_a_protected_prefix_or_lies_in_it_is_protected(entry in prefix(), length in 0..=128_u8, low in any::<u128>()) {
        let protected = protecting(&[("cidr", &text(entry))]);
        prop_assert!(covers(&protected, &text((entry.0, length.min(entry.1)))));
        let inside = entry.0 ^ low.checked_shr(entry.1.into()).unwrap_or(0);
        prop_assert!(covers(&protected, &IpAddr::V6(Ipv6Addr::from_bits(inside)).to_string()));
    }
}
