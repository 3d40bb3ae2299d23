"""Section 5: one spelling for each subject, and who is protected."""

from effects.protection import Protection
from effects.subjects import spelled

from .world import same


def all_spelled(kind: str, expected: dict) -> None:
    """Checks spellings; a plain text stands for the same kind."""
    for written, found in expected.items():
        same((written, spelled(kind, written)), (written, (kind, found) if isinstance(found, str) else found))


def addresses_have_one_spelling():
    all_spelled(
        "ip",
        {
            "10.0.0.1": "10.0.0.1",
            "2001:DB8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
            "2001:0db8::0001": "2001:db8::1",
            "0:0:0:0:0:0:0:0": "::",
            "1:0:0:2:0:0:0:3": "1:0:0:2::3",
            "1:2:3:4:5:6:0:8": "1:2:3:4:5:6:0:8",
            "::ffff:10.0.0.1": "10.0.0.1",
            "::FFFF:a00:1": "10.0.0.1",
            "64:ff9b::10.0.0.1": "64:ff9b::a00:1",
        },
    )


def what_is_no_address_is_refused():
    bad = ("", " 1.2.3.4", "1.2.3.4 ", "01.2.3.4", "1.2.3", "1.2.3.256", "1.2.3.4.", "0x1.2.3.4")
    more = ("fe80::1%eth0", "::1%", "12345::", "1:2:3:4:5:6:7", ":::", "::ffff:010.0.0.1", "[::1]")
    for text in (*bad, *more, "1.2.3.4/32"):
        same((text, spelled("ip", text)), (text, None))


def prefixes_are_cleared_and_a_single_address_is_an_ip():
    all_spelled(
        "cidr",
        {
            "10.1.2.3/8": "10.0.0.0/8",
            "10.1.2.3/31": "10.1.2.2/31",
            "10.1.2.3/32": ("ip", "10.1.2.3"),
            "10.1.2.3/0": "0.0.0.0/0",
            "2001:DB8::1/33": "2001:db8::/33",
            "2001:db8::1/128": ("ip", "2001:db8::1"),
            "::ffff:10.1.2.3/104": "10.0.0.0/8",
            "::ffff:10.1.2.3/96": "0.0.0.0/0",
            "::ffff:10.1.2.3/128": ("ip", "10.1.2.3"),
            "::ffff:10.1.2.3/95": "::fffe:0:0/95",
        },
    )
    bad = ("10.0.0.0", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/33", "::/129", "10.0.0/8", "/8", "10.0.0.0/+8")
    more = ("10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.0/255.0.0.0", "fe80::%1/64", "::ffff:1.2.3.4/129")
    for text in (*bad, *more):
        same((text, spelled("cidr", text)), (text, None))


def hosts_are_lower_case_without_one_dot():
    all_spelled(
        "host",
        {
            "Mail.Example.COM.": "mail.example.com",
            "a_b-c.x1": "a_b-c.x1",
            "localhost": "localhost",
            "x" * 63 + ".y": "x" * 63 + ".y",
            ".".join(["x" * 62] * 4) + ".": ".".join(["x" * 62] * 4),
            "10.0.0.1": ("ip", "10.0.0.1"),
            "10.0.0.1.": ("ip", "10.0.0.1"),
            "::FFFF:10.0.0.1": ("ip", "10.0.0.1"),
            "FE80::1": ("ip", "fe80::1"),
            "1.a": "1.a",
            "x0x": "x0x",
        },
    )
    bad = ("", ".", "a..", "a..b", ".a", "x" * 64, "a b", "é", "a.1", "010.0.0.1", "1.2.3.4.5", "a.0x1f")
    for text in (*bad, "0xa", "7", ".".join(["x" * 62] * 4) + ".yy", "a/b", "fe80::1%1", "0X1"):
        same((text, spelled("host", text)), (text, None))


def files_and_producers_are_digits():
    for digits in (32, 40, 64, 96, 128):
        all_spelled("file", {"A" * digits: "a" * digits, "A" * (digits + 1): None, "g" * digits: None})
    all_spelled("producer", {"Ab" * 32: "ab" * 32, "a" * 63: None, "a" * 32: None, "": None})


def names_are_trimmed_and_other_kinds_are_not():
    for kind in ("user", "service", "process", "device", "validator"):
        all_spelled(kind, {"  Jo  Doe ": "Jo  Doe", "x": "x", "  ": None})
    all_spelled("mailbox", {"  x ": "  x ", " ": " "})


def protected(listed, **subjects) -> None:
    """Checks subjects, given by kind as texts for protected and not protected."""
    protection = Protection(listed)
    for kind, (yes, no) in subjects.items():
        for text in yes.split():
            same((text, protection.covers(spelled(kind, text))), (text, True))
        for text in no.split():
            same((text, protection.covers(spelled(kind, text))), (text, False))


def fixed_ranges_are_protected():
    protected(
        [],
        ip=(
            "0.0.0.0 127.0.0.1 127.255.255.255 169.254.9.9 224.0.0.1 239.1.1.1 255.255.255.255 :: ::1 "
            "fe80::1 febf::1 ff02::1",
            "0.0.0.2 1.1.1.1 126.255.255.255 128.0.0.1 169.253.0.1 169.255.0.0 240.0.0.1 255.255.255.254 "
            "fec0::1 fdff::1 2001:db8::1",
        ),
        cidr=(
            "126.0.0.0/7 0.0.0.0/8 10.0.0.0/7 127.1.0.0/16 169.0.0.0/8 255.255.255.0/24 2001::/31 ::/64 "
            "224.0.0.0/8 fe80::/64 ::/127",
            "10.0.0.0/8 240.0.0.0/9 2001::/32 fec0::/32 128.0.0.0/8 fe00::/32",
        ),
        validator=("node-1", ""),
        user=("", "node-1"),
    )


def ipv4_counts_in_every_spelling():
    protected(
        [("ip", "198.51.100.7"), ("cidr", "10.0.0.0/8")],
        ip=(
            "::127.0.0.1 64:ff9b::127.0.0.1 2002:7f00:1::5 ::198.51.100.7 64:ff9b::c633:6407 "
            "2002:c633:6407:1:2:3:4:5 2002:a01:203:: ::ffff:10.9.9.9 198.51.100.7",
            "::1.1.1.1 64:ff9b::1.1.1.1 2002:101:101:: 64:ff9b:1::10.0.0.1 198.51.100.8 2003:a01::",
        ),
        cidr=(
            "64:ff9b::/96 64:ff9b::a00:0/104 2002:a00::/24 2002:c633:6400::/40 ::/96 64:ff9b::/64 "
            "64:ff9b::/32 64:ff9b::8000:0/97",
            "64:ff9b::100:0/104 2002:101::/32 64:ff9b:1::/64 2002:c633:6500::/48",
        ),
    )


def the_list_overlaps_in_either_direction():
    protected(
        [("cidr", "203.0.113.0/25"), ("host", "DNS.example."), ("user", "root"), ("ip", "2001:db8::7")],
        ip=("203.0.113.5 2001:db8::7", "203.0.113.200 2001:db8::8"),
        cidr=("203.0.113.0/24 203.0.113.64/26 2001:db8::/64", "203.0.113.128/25 2001:db8:1::/48"),
        host=("dns.example", "www.dns.example"),
        user=("root", "Root"),
        service=("", "root"),
    )


def a_listed_address_in_another_spelling_protects_the_ipv4_address():
    protected(
        [("ip", "64:ff9b::203.0.113.5"), ("cidr", "2002:c633:6400::/40")],
        ip=("203.0.113.5 2002:cb00:7105::1 198.51.100.9 64:ff9b::198.51.100.9", "203.0.113.6 198.52.0.1"),
    )
    protected([("cidr", "64:ff9b::/64")], ip=("200.1.1.1 2002:c801:101::", "2003::1"))


def what_is_listed_against_its_rules_is_protected_as_it_is_written():
    protection = Protection([("ip", "nonsense"), ("mailbox", "a"), ("user", " ")])
    same([protection.covers(one) for one in (("mailbox", "a"), ("mailbox", "b"))], [True, False])
    same(protection.covers(("ip", "8.8.8.8")), False)
