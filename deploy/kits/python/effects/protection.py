"""Who can never be denied: fixed ranges, the genesis' list, and an IPv4 address in each of its spellings."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from .subjects import network, spelled

FIXED = [
    ip_network(text)
    for text in (
        "0.0.0.0/32",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "::1/128",
        "fe80::/10",
        "ff00::/8",
    )
]

# Where the 32 bits of an IPv4 address stand in an IPv6 address: right after these prefixes.
SPELLINGS = [ip_network(text) for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "2002::/16")]

SHORTEST = {4: 8, 6: 32}


class Protection:
    """The subjects that no rule denies or quarantines."""

    def __init__(self, listed):
        # What is written against the rules of its kind is protected as it is written.
        subjects = [spelled(kind, value) or (kind, value) for kind, value in listed]
        self.named = set(subjects)
        fitting = [subject for subject in subjects if spelled(*subject) is not None]
        listed_networks = [found for found in map(network, fitting) if found is not None]
        self.networks = [every for found in FIXED + listed_networks for every in (found, *inside(found))]

    def covers(self, subject) -> bool:
        """Whether the subject, in its one spelling, is protected."""
        if subject[0] == "validator" or subject in self.named:
            return True
        own = network(subject)
        return own is not None and any(map(self._covers_network, [own, *inside(own)]))

    def _covers_network(self, own) -> bool:
        if own.prefixlen < SHORTEST[own.version]:
            return True
        return any(own.overlaps(other) for other in self.networks)


def inside(found) -> list:
    """The IPv4 prefixes that an IPv6 prefix spells; one that is wider than a spelling spells all of it."""
    # Nothing of IPv4 overlaps with a spelling: Python compares networks within one version only.
    return [_part(found, spelling) for spelling in SPELLINGS if found.overlaps(spelling)]


def _part(found: IPv6Network, spelling: IPv6Network) -> IPv4Network:
    length = min(32, max(0, found.prefixlen - spelling.prefixlen))
    bits = int(found.network_address) >> (96 - spelling.prefixlen) & 0xFFFF_FFFF
    return IPv4Network((bits >> (32 - length) << (32 - length), length))
