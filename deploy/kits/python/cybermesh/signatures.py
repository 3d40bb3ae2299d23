"""Signature lists of protobuf messages: their order, their lengths, and who must have signed.

The rule here is the strict one, for administrators, operators and holders of evidence; a producer's Ed25519
half is judged in `event`.
"""

from collections import namedtuple

from .keys import NAMES, SIGNATURE_BYTES, KeyBundle, holds_strictly
from .limits import SIGNATURES_MAX
from .messages import SIGNATURE
from .refusal import ensure
from .schema import ascending

# One half of a signature, of known algorithm and right length.
Half = namedtuple("Half", "kid algorithm signature")

LIST = "authn.deny.signature_list"


def halves(listed, most: int):
    """The halves of a list: known algorithms, right lengths, strictly ascending by (kid, algorithm)."""
    ensure(1 <= len(listed) <= most, LIST, f"{len(listed)} signatures")
    for one in listed:
        ensure(len(one.kid) == 32, LIST, "a key id that is not 32 bytes")
        ensure(one.alg in NAMES, LIST, "an unknown signature algorithm")
        ensure(len(one.sig) == SIGNATURE_BYTES[one.alg], LIST, f"{NAMES[one.alg]} of {len(one.sig)} bytes")
    found = [Half(one.kid, one.alg, one.sig) for one in listed]
    ensure(ascending(half[:2] for half in found), LIST, "signatures not ascending, or an algorithm twice")
    return found


def check_all_of_bundle(bundle: KeyBundle, found, message: bytes) -> None:
    """Checks that one signer signed with every key of its bundle, and with nothing else."""
    complete = [half.algorithm for half in found] == bundle.algorithms()
    ensure(complete, "authn.deny.half_missing", "not one signature for each key of the bundle")
    for half in found:
        holds = holds_strictly(half.algorithm, bundle.key(half.algorithm), message, half.signature)
        ensure(holds, "authn.deny.signature", f"the {NAMES[half.algorithm]} half")


def check_by_bundle(bundle: KeyBundle, listed, message: bytes) -> None:
    """Checks a whole list against one bundle."""
    found, kid = halves(listed, SIGNATURES_MAX), bundle.kid()
    ensure(all(half.kid == kid for half in found), "authn.deny.other_key", "signed by another key")
    check_all_of_bundle(bundle, found, message)


def signature_list(kid: bytes, signed):
    """A list of (algorithm, signature) pairs in the order of the wire."""
    return [SIGNATURE.new(kid=kid, alg=algorithm, sig=signature) for algorithm, signature in sorted(signed)]
