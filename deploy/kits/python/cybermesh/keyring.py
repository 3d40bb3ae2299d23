"""Private keys: made from 32-byte seeds, used to sign. They stay in memory and are never written or printed.

A key set signs with every key of its bundle, ascending by algorithm. Keys for checkpoints and for the
network are carried along but never sign what their holder says.
"""

import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import mldsa
from .keys import ED25519, ML_DSA_44, ML_DSA_65, KeyBundle
from .refusal import ensure

ROLES = ("producer", "service", "agent", "administrator", "validator")
USES = ("sign", "checkpoint", "network")


class PrivateKey:
    """One key of one algorithm."""

    def __init__(self, algorithm: int, seed: bytes):
        if len(seed) != 32:
            raise ValueError("a seed has 32 bytes")
        self.algorithm = algorithm
        if algorithm == ED25519:
            self._private = Ed25519PrivateKey.from_private_bytes(seed)
        else:
            self._private = mldsa.private_key(algorithm, seed)

    def public(self) -> bytes:
        """The public key."""
        return self._private.public_key().public_bytes_raw()

    def seed(self) -> bytes:
        """What the key grew from; for the seal of a key file alone."""
        return self._private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """A signature; of ML-DSA, other bytes each time."""
        if self.algorithm == ED25519:
            return self._private.sign(message)
        return mldsa.sign(self._private, message)


class KeySet:
    """The keys of one holder, each with its use."""

    def __init__(self, role: str, keys):
        self.role, self.keys = role, list(keys)
        # Exactly the keys of the role, each with its use: nothing missing, nothing more.
        found = [(use, key.algorithm) for use, key in self.keys]
        fits = any(found == uses(role, level) for level in mldsa.LEVELS)
        ensure(fits, "key_file.format", f"not the keys of a {role}")
        self.signing = [key for use, key in self.keys if use == "sign"]
        self.bundle = KeyBundle.of([(key.algorithm, key.public()) for key in self.signing])

    def sign(self, message: bytes):
        """One (algorithm, signature) pair for each key of the bundle."""
        return [(key.algorithm, key.sign(message)) for key in self.signing]


def uses(role: str, post_quantum: int = ML_DSA_65):
    """The keys that a holder of this role has; a producer chooses its post-quantum level."""
    level = post_quantum if role == "producer" else ML_DSA_65
    signing = [("sign", ED25519), ("sign", level)]
    return signing + ([("checkpoint", ML_DSA_44), ("network", ED25519)] if role == "validator" else [])


def from_seeds(role: str, seeds, post_quantum: int = ML_DSA_65) -> KeySet:
    """Keys from known seeds, one for each key of the role."""
    wanted = uses(role, post_quantum)
    if role not in ROLES or len(seeds) != len(wanted):
        raise ValueError(f"the role {role} has {len(wanted)} keys, one of {', '.join(ROLES)}")
    return KeySet(role, [(use, PrivateKey(algorithm, seed)) for (use, algorithm), seed in zip(wanted, seeds)])


def generate(role: str, post_quantum: int = ML_DSA_65) -> KeySet:
    """Fresh keys from the operating system's randomness."""
    return from_seeds(role, [os.urandom(32) for _ in uses(role, post_quantum)], post_quantum)
