"""Public keys: algorithms, bundles, and the one name (kid) that the keys of a signer share.

A bundle is `[[algorithm, key], …]`, ascending, each algorithm at most once. The kid is the tagged hash of
its bytes, so that a kid names every half of a hybrid signature and none can be swapped.

Refuses: `key.bundle` (empty, out of order; for registration: no Ed25519 key), `key.length`, `key.weak`.
"""

from . import ed25519, hashes, mldsa
from .limits import KIB, SIGNATURES_MAX
from .refusal import Refusal, ensure
from .schema import Blob, Choice, ListOf, Record, Word, ascending

ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87 = 1, 2, 3, 4

NAMES = {ED25519: "Ed25519", ML_DSA_44: "ML-DSA-44", ML_DSA_65: "ML-DSA-65", ML_DSA_87: "ML-DSA-87"}
KEY_BYTES = {ED25519: 32, ML_DSA_44: 1312, ML_DSA_65: 1952, ML_DSA_87: 2592}
SIGNATURE_BYTES = {ED25519: 64, ML_DSA_44: 2420, ML_DSA_65: 3309, ML_DSA_87: 4627}

# How the validators of a chain sign, and how long that makes a signature.
SCHEME_ED25519, SCHEME_HYBRID = 1, 2
SCHEME_BYTES = {SCHEME_ED25519: 64, SCHEME_HYBRID: 64 + 3309}


class BundleKey(Record):
    """One public key of a bundle."""

    FIELDS = {"algorithm": Choice(*NAMES), "key": Blob(max(KEY_BYTES.values()))}


class KeyBundle(Word):
    """The public keys of one signer."""

    NAME = "key bundle"
    BYTES_MAX = 16 * KIB
    KIND = ListOf(BundleKey, SIGNATURES_MAX)

    @classmethod
    def of(cls, keys):
        """A bundle of (algorithm, key) pairs, checked."""
        bundle = cls([BundleKey(algorithm=algorithm, key=key) for algorithm, key in keys])
        ensure(len(bundle.content) <= SIGNATURES_MAX, "key.bundle", "too many keys")
        bundle.check_shape()
        return bundle

    def check_shape(self) -> None:
        ensure(bool(self.content), "key.bundle", "a bundle without keys")
        ensure(ascending(self.algorithms()), "key.bundle", "algorithms not ascending, or one twice")
        right = all(len(one.key) == KEY_BYTES[one.algorithm] for one in self.content)
        ensure(right, "key.length", "a key of the wrong length")

    def check_for_registration(self) -> None:
        """Refuses a bundle without Ed25519 key, or with a weak one, which signs every message at once."""
        key = self.key(ED25519)
        if key is None:
            raise Refusal("key.bundle", "a bundle without an Ed25519 key")
        ensure(len(key) == KEY_BYTES[ED25519], "key.length", "an Ed25519 key of the wrong length")
        check_sound(key)
        for one in self.content[1:]:
            check_sound_ml_dsa(one.key)

    def kid(self) -> bytes:
        """The name of this bundle."""
        return hashes.tagged(hashes.KID, self.encoded())

    def algorithms(self):
        """The algorithms of its keys, in order."""
        return [one.algorithm for one in self.content]

    def key(self, algorithm: int):
        """The key of one algorithm, or None."""
        return next((one.key for one in self.content if one.algorithm == algorithm), None)

    def has_post_quantum(self) -> bool:
        """Whether one of its keys is of ML-DSA."""
        return any(algorithm != ED25519 for algorithm in self.algorithms())


def check_sound(key: bytes) -> None:
    """Refuses an Ed25519 key that must not be registered."""
    ensure(
        ed25519.key_is_sound(key), "key.weak", "an Ed25519 key that is weak, non-canonical or of mixed order"
    )


# An ML-DSA key is a 32-byte seed and the rows of t1: 256 coefficients of 10 bits each, lowest bits first.
SEED_BYTES, ROW_BYTES = 32, 320
# An honest row has 226 different values on average.
VALUES_MIN = 128


def check_sound_ml_dsa(key: bytes) -> None:
    """Refuses an ML-DSA key with a row of too few values.

    Under a key whose t1 is nought, or near nought modulo q, anybody can sign anything without a secret. No
    check sees everything: whoever makes a key can also give it away.
    """
    rows = [
        int.from_bytes(key[at : at + ROW_BYTES], "little") for at in range(SEED_BYTES, len(key), ROW_BYTES)
    ]
    values = [len({row >> shift & 0x3FF for shift in range(0, 8 * ROW_BYTES, 10)}) for row in rows]
    sound = bool(rows) and min(values) >= VALUES_MIN
    ensure(sound, "key.weak", "an ML-DSA key with a row of too few values")


def holds_strictly(algorithm: int, key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether one half holds, by the rule for everybody but producers."""
    if algorithm == ED25519:
        return ed25519.holds_strict(key, message, signature)
    return mldsa.holds(algorithm, key, message, signature)
