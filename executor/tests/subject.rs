//! One spelling for each subject.
#![allow(clippy::unwrap_used, missing_docs)]

use cybermesh_executor::subject::{Kind, Subject};
use proptest::prelude::*;

fn read(kind: &str, value: &str) -> Option<(String, String)> {
    Subject::read(kind, value).map(|read| (read.kind.as_str().to_owned(), read.value.as_str().to_owned()))
}

fn assert_spelled(kind: &str, table: &[(&str, &str, &str)]) {
    for (value, kind_read, value_read) in table {
        let expected = Some(((*kind_read).to_owned(), (*value_read).to_owned()));
        assert_eq!(read(kind, value), expected, "{kind} {value:?}");
    }
}

fn assert_refused(kind: &str, values: &[&str]) {
    for value in values {
        assert_eq!(read(kind, value), None, "{kind} {value:?}");
    }
}

#[test]
fn an_address_has_one_spelling() {
    assert_spelled(
        "ip",
        &[
            ("192.0.2.1", "ip", "192.0.2.1"),
            ("0.0.0.0", "ip", "0.0.0.0"),
            ("255.255.255.255", "ip", "255.255.255.255"),
            ("2001:DB8:0:0:0:0:0:1", "ip", "2001:db8::1"),
            ("2001:0db8::0001", "ip", "2001:db8::1"),
            ("2001:db8:0:0:1:0:0:1", "ip", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "ip", "2001:db8:0:1:1:1:1:1"),
            ("1:2:3:4:5:6:7::", "ip", "1:2:3:4:5:6:7:0"),
            ("1:0:0:4:5:0:0:0", "ip", "1:0:0:4:5::"),
            ("0:0:0:0:0:0:0:0", "ip", "::"),
            ("::0.0.0.1", "ip", "::1"),
            ("::ffff:192.0.2.1", "ip", "192.0.2.1"),
            ("::FFFF:C000:201", "ip", "192.0.2.1"),
            ("0:0:0:0:0:ffff:192.0.2.1", "ip", "192.0.2.1"),
            ("::192.0.2.1", "ip", "::c000:201"),
            ("64:ff9b::192.0.2.1", "ip", "64:ff9b::c000:201"),
            ("::ffff:0:192.0.2.1", "ip", "::ffff:0:c000:201"),
        ],
    );
}

#[test]
fn what_is_no_address_is_refused() {
    let dotted =
        ["192.0.2.01", "192.0.2", "192.0.2.256", "192.0.2.1.", "192.0.2.1.1", "0xc0.0.2.1", "3221225985"];
    assert_refused("ip", &dotted);
    assert_refused("ip", &["", " 192.0.2.1", "192.0.2.1 ", "+1.0.0.0", "192.0.2.1/32", "1.2.3.-4", "host"]);
    let colons = ["fe80::1%eth0", "[::1]", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::00001"];
    assert_refused("ip", &colons);
    assert_refused("ip", &["1:2:3:4::5:6:7:8", "::g", "::1.2.3", "::01.2.3.4", "1.2.3.4::", "::1/128", ":1"]);
}

#[test]
fn a_prefix_has_one_spelling() {
    assert_spelled(
        "cidr",
        &[
            ("192.0.2.129/25", "cidr", "192.0.2.128/25"),
            ("192.0.2.129/31", "cidr", "192.0.2.128/31"),
            ("192.0.2.129/0", "cidr", "0.0.0.0/0"),
            ("192.0.2.129/32", "ip", "192.0.2.129"),
            ("2001:DB8::FFFF/112", "cidr", "2001:db8::/112"),
            ("2001:db8::1/128", "ip", "2001:db8::1"),
            ("2001:db8::1/0", "cidr", "::/0"),
            ("::ffff:192.0.2.129/128", "ip", "192.0.2.129"),
            ("::ffff:192.0.2.129/121", "cidr", "192.0.2.128/25"),
            ("::ffff:192.0.2.129/96", "cidr", "0.0.0.0/0"),
            ("::ffff:192.0.2.129/95", "cidr", "::fffe:0:0/95"),
            ("::ffff:192.0.2.129/64", "cidr", "::/64"),
            ("::192.0.2.129/120", "cidr", "::c000:200/120"),
        ],
    );
}

#[test]
fn what_is_no_prefix_is_refused() {
    assert_refused("cidr", &["192.0.2.0", "192.0.2.0/", "/24", "", "/", "192.0.2.0/33", "192.0.2.0/128"]);
    assert_refused(
        "cidr",
        &["192.0.2.0/024", "192.0.2.0/00", "192.0.2.0/+24", "192.0.2.0/-1", "192.0.2.0/ 24"],
    );
    assert_refused("cidr", &["192.0.2.0/24/24", "192.0.2.0/255.255.255.0", "192.0.2/24", "192.0.02.0/24"]);
    assert_refused(
        "cidr",
        &["2001:db8::/129", "2001:db8::/256", "2001:db8::/384", "fe80::%eth0/64", "::/0x10"],
    );
}

#[test]
fn a_host_has_one_spelling() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(longest.len(), 253);
    assert_spelled(
        "host",
        &[
            ("Example.COM", "host", "example.com"),
            ("example.com.", "host", "example.com"),
            ("localhost", "host", "localhost"),
            ("_dmarc.-x-.example", "host", "_dmarc.-x-.example"),
            ("1.2.3.com", "host", "1.2.3.com"),
            ("0x7f.example", "host", "0x7f.example"),
            ("example.x0", "host", "example.x0"),
            ("192.0.2.1", "ip", "192.0.2.1"),
            ("192.0.2.1.", "ip", "192.0.2.1"),
            ("2001:DB8::1", "ip", "2001:db8::1"),
            ("::ffff:192.0.2.1", "ip", "192.0.2.1"),
            (&longest, "host", &longest),
            (&format!("{longest}."), "host", &longest),
        ],
    );
}

#[test]
fn what_is_no_host_is_refused() {
    let label = "a".repeat(63);
    let too_long = format!("{label}.{label}.{label}.{}", "a".repeat(62));
    assert_refused("host", &[&too_long, &format!("{label}a.example"), &format!("example.{label}a")]);
    assert_refused(
        "host",
        &["", ".", "..", "example..com", ".example", "example.com..", "exa mple", "a/b", "a:b"],
    );
    assert_refused("host", &["example.com ", "b\u{fc}cher.example", "*.example", "[::1]", "192.0.2.0/24"]);
}

#[test]
fn host_that_a_resolver_would_read_as_an_address_is_refused() {
    assert_refused("host", &["127.1", "2130706433", "0177.0.0.1", "192.0.2.01", "1.2.3.4.5", "example.7"]);
    assert_refused("host", &["0x7f000001", "127.0.0.0x1", "0X7F.1", "0x7f.0x1", "example.0x", "1.2.3.4.0xg"]);
}

#[test]
fn hashes_are_hex_digits_in_lower_case() {
    for digits in [32, 40, 64, 96, 128] {
        let value = "aB".repeat(digits / 2);
        assert_spelled("file", &[(&value, "file", &value.to_lowercase())]);
        assert_refused("file", &[&value[1..], &format!("{value}0"), &value.replace('a', "g")]);
    }
    let kid = "0F".repeat(32);
    assert_spelled("producer", &[(&kid, "producer", &kid.to_lowercase())]);
    assert_refused("producer", &[&"0f".repeat(16), &"0f".repeat(64), &kid[1..], &kid.replace('F', "x"), ""]);
    assert_refused("file", &["", &format!(" {}", "a".repeat(31)), &format!("0x{}", "a".repeat(30))]);
}

#[test]
fn names_are_kept_as_given_without_spaces_around() {
    for kind in ["user", "service", "process", "device", "validator"] {
        assert_spelled(kind, &[("  Domain\\J. Doe ", kind, "Domain\\J. Doe"), ("root", kind, "root")]);
        assert_refused(kind, &["", " ", "a\tb", "b\u{fc}cher"]);
    }
}

#[test]
fn other_kinds_are_kept_as_given() {
    assert_spelled("registry_key", &[(" HKLM ", "registry_key", " HKLM "), (" ", "registry_key", " ")]);
    assert_refused("registry_key", &["", "\n", &"x".repeat(257)]);
    assert_refused("", &["x"]);
    assert_refused(&"k".repeat(33), &["x"]);
}

#[test]
fn kinds_say_what_can_be_done_about_them() {
    let sample = |kind: &str| match kind {
        "ip" => "192.0.2.1".to_owned(),
        "cidr" => "192.0.2.0/24".to_owned(),
        _ => "a".repeat(64),
    };
    let hosted =
        ["ip", "cidr", "user", "service", "process", "file", "device", "producer", "validator", "domain"];
    let facts = |kind: &str, value: &str| {
        let kind = Subject::read(kind, value).unwrap().kind();
        (kind, kind.has_score(), kind.takes_rules())
    };
    let found: Vec<_> = hosted.iter().map(|kind| facts(kind, &sample(kind))).collect();
    let expected = [
        (Kind::Ip, true, true),
        (Kind::Cidr, true, true),
        (Kind::User, true, true),
        (Kind::Service, true, true),
        (Kind::Process, true, true),
        (Kind::File, true, true),
        (Kind::Device, true, true),
        (Kind::Producer, true, false),
        (Kind::Validator, true, false),
        (Kind::Other, false, false),
    ];
    assert_eq!(found, expected);
    assert_eq!(facts("host", "example.com"), (Kind::Host, true, true));
    assert_eq!(facts("cidr", "192.0.2.1/32"), (Kind::Ip, true, true));
}

fn kind() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["ip", "cidr", "host", "user", "file", "producer"]).prop_map(str::to_owned),
        1 => "[a-z0-9_]{0,34}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<std::net::IpAddr>().prop_map(|address| address.to_string()),
        (any::<std::net::IpAddr>(), 0..=140_u8).prop_map(|(address, length)| format!("{address}/{length}")),
        any::<u32>().prop_map(|low| format!("::ffff:{}", std::net::Ipv4Addr::from(low))),
        "[0-9a-fA-FxX:./ ]{0,24}",
        "[a-zA-Z0-9._-]{0,70}",
        "[0-9a-fA-F]{64}",
        "\\PC{0,40}",
    ]
}

proptest! {
    #[test]
    fn a_spelling_read_again_is_itself(kind in kind(), value in value()) {
        if let Some(read) = Subject::read(&kind, &value) {
            prop_assert_eq!(Subject::read(read.kind.as_str(), read.value.as_str()), Some(read));
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_one_subject(groups in any::<[u16; 8]>(), zeros in any::<u8>()) {
        let mut groups = groups;
        for (place, group) in groups.iter_mut().enumerate() {
            if zeros >> place & 1 == 1 { *group = 0; }
        }
        let long: Vec<_> = groups.iter().map(|group| format!("{group:04X}")).collect();
        let short: Vec<_> = groups.iter().map(|group| format!("{group:x}")).collect();
        let [.., high, low] = groups;
        let (high, low) = (high.to_be_bytes(), low.to_be_bytes());
        let mixed = format!("{}:{}.{}.{}.{}", short[..6].join(":"), high[0], high[1], low[0], low[1]);
        let expected = Subject::read("ip", &long.join(":")).unwrap();
        for spelling in [&short.join(":"), &mixed, expected.value.as_str()] {
            prop_assert_eq!(&Subject::read("ip", spelling).unwrap(), &expected);
            prop_assert_eq!(&Subject::read("host", spelling).unwrap(), &expected);
        }
    }
}
