"""ML-DSA (FIPS 204) by the `cryptography` package, always with the empty context.

Domains stand inside the signed message, so the context argument stays empty. Wrong lengths are no
signature; they are never an error.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

EMPTY_CONTEXT = b""

# By the algorithm numbers of the wire: public and private key of the library.
LEVELS = {
    2: (mldsa.MLDSA44PublicKey, mldsa.MLDSA44PrivateKey),
    3: (mldsa.MLDSA65PublicKey, mldsa.MLDSA65PrivateKey),
    4: (mldsa.MLDSA87PublicKey, mldsa.MLDSA87PrivateKey),
}


def holds(algorithm: int, key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature holds under a public key of this level."""
    try:
        LEVELS[algorithm][0].from_public_bytes(key).verify(signature, message, EMPTY_CONTEXT)
    except (InvalidSignature, ValueError):
        return False
    return True


def private_key(algorithm: int, seed: bytes):
    """The key that grows from a 32-byte seed, ready to sign."""
    return LEVELS[algorithm][1].from_seed_bytes(seed)


def sign(private, message: bytes) -> bytes:
    """A signature. Signing is hedged: the same message gives other bytes each time."""
    return private.sign(message, EMPTY_CONTEXT)
