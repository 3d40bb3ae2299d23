"""One spelling for each subject, or none if it is not what its kind says (section 5 of the page)."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

# Kinds with a score, and those of them that a request may name.
SCORED = frozenset(
    ("ip", "cidr", "host", "user", "service", "process", "file", "device", "producer", "validator")
)
RULED = SCORED - {"producer", "validator"}

FILE_DIGITS = (32, 40, 64, 96, 128)
HOST_MAX = 253
LENGTH = re.compile(r"(0|[1-9][0-9]{0,2})\Z")
LABEL = re.compile(r"[a-z0-9_-]{1,63}\Z")
HEX = re.compile(r"[0-9a-f]+\Z")
DIGITS = re.compile(r"[0-9]+\Z")


def spelled(kind: str, value: str):
    """The subject as (kind, value) in its one spelling; None if the value is not what the kind says."""
    if kind == "ip":
        return _ip(value)
    if kind == "cidr":
        return _cidr(value)
    if kind == "host":
        return _host(value)
    if kind == "file":
        return _hex(kind, value, FILE_DIGITS)
    if kind == "producer":
        return _hex(kind, value, (64,))
    if kind in SCORED:
        trimmed = value.strip(" ")
        return (kind, trimmed) if trimmed else None
    return kind, value


def network(subject):
    """The addresses that a subject in its one spelling stands for; None if it is none of addresses."""
    kind, value = subject
    return ip_network(value) if kind in ("ip", "cidr") else None


def _address(text: str):
    """An address by the rules of `ip`; a mapped one is the IPv4 address."""
    if "%" in text:
        return None
    try:
        if ":" not in text:
            return IPv4Address(text)
        address = IPv6Address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address


def _ip(text: str):
    address = _address(text)
    return None if address is None else ("ip", str(address))


def _cidr(text: str):
    written, slash, digits = text.partition("/")
    if not slash or not LENGTH.match(digits) or _address(written) is None:
        return None
    # The length counts bits of the address as it is written, so a mapped one is not made IPv4 yet.
    kind, bits = (IPv6Address, 128) if ":" in written else (IPv4Address, 32)
    length = int(digits)
    if length > bits:
        return None
    cleared = int(kind(written)) >> (bits - length) << (bits - length)
    if bits == 128 and length >= 96 and cleared >> 32 == 0xFFFF:
        cleared, length, bits = cleared & 0xFFFF_FFFF, length - 96, 32
    found = IPv6Network((cleared, length)) if bits == 128 else IPv4Network((cleared, length))
    return ("ip", str(found.network_address)) if length == bits else ("cidr", str(found))


def _host(text: str):
    host = text.lower().removesuffix(".")
    address = _ip(host)
    if address is not None:
        return address
    labels = host.split(".")
    fits = len(host) <= HOST_MAX and all(LABEL.match(label) for label in labels)
    if not fits or DIGITS.match(labels[-1]) or labels[-1].startswith("0x"):
        return None
    return "host", host


def _hex(kind: str, text: str, digits):
    low = text.lower()
    return (kind, low) if len(low) in digits and HEX.match(low) else None
