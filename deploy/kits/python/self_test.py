"""Small checks of the kit against other people's numbers: RFC 8032, and the `cryptography` package."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cybermesh import ed25519, hashes, mldsa
from cybermesh.keyring import from_seeds

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def failures():
    """(name, failure or None) of each check."""
    for number, vector in enumerate(RFC_8032, 1):
        yield f"RFC 8032 test {number}", _rfc_8032(*(bytes.fromhex(part) for part in vector))
    for number in range(8):
        yield f"against the library, key {number}", _against_library(hashes.sha256(bytes([number])))
    for algorithm in mldsa.LEVELS:
        yield f"ML-DSA, algorithm {algorithm}", _ml_dsa(algorithm)
    yield "a hybrid key set", _key_set()


def _rfc_8032(secret: bytes, key: bytes, message: bytes, signature: bytes):
    made = Ed25519PrivateKey.from_private_bytes(secret).sign(message)
    if made != signature:
        return "the library signs otherwise"
    return _both_rules(key, message, signature, True)


def _against_library(seed: bytes):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(seed)
    if not ed25519.key_is_sound(key):
        return "an honest key that is not sound"
    # Byte by byte, one bit each: what the library refuses, both rules refuse for honest keys.
    for at in range(0, 64, 9):
        altered = bytearray(signature)
        altered[at] ^= 1 << at % 8
        altered = bytes(altered)
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(altered, seed)
            holds = True
        except InvalidSignature:
            holds = False
        wrong = _both_rules(key, seed, altered, holds)
        if wrong:
            return wrong
    return _both_rules(key, seed, signature, True)


def _both_rules(key: bytes, message: bytes, signature: bytes, holds: bool):
    verdicts = ed25519.holds_zip215(key, message, signature), ed25519.holds_strict(key, message, signature)
    return None if verdicts == (holds, holds) else f"expected {holds}, found {verdicts}"


def _ml_dsa(algorithm: int):
    private = mldsa.private_key(algorithm, bytes(32))
    key, signature = private.public_key().public_bytes_raw(), mldsa.sign(private, b"message")
    if not mldsa.holds(algorithm, key, b"message", signature):
        return "an honest signature that does not hold"
    in_context = private.sign(b"message", b"context")
    bad = [
        (key, signature[:-1]),
        (key, signature + b"\x00"),
        (key[:-1], signature),
        (key, in_context),
        (key, b""),
    ]
    return (
        "a bad signature that holds"
        if any(mldsa.holds(algorithm, k, b"message", s) for k, s in bad)
        else None
    )


def _key_set():
    keys = from_seeds("producer", [bytes([1]) * 32, bytes([2]) * 32])
    (_, first), (_, second) = keys.sign(b"message")
    both = [
        ed25519.holds_strict(keys.bundle.key(1), b"message", first),
        mldsa.holds(3, keys.bundle.key(3), b"message", second),
    ]
    return None if all(both) else "a half that does not hold"
