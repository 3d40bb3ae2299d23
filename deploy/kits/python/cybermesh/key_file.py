"""Key files: opens the private ones that `cybermesh keys new` made, reads the public ones.

A private file is a short header (title, version, role, kid, seal) and, for each key, its use, the SHA-256 of
its public key and a standard encrypted PKCS#8 block (PBES2, scrypt) around a 32-byte seed. The encryption
does not authenticate. An altered block decrypts to another key than the one named before it, and the seal
ties role, uses and keys together, so that no block can be exchanged, renamed or left out.

Refuses: `key_file.mode` (others than the owner may read it), `key_file.format` (also: more than 64 KiB,
another derivation than scrypt, or one whose cost is outside sane bounds, before anything is derived),
`key_file.passphrase`.
"""

import base64
import binascii
import json
import os
import stat

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import hashes, mldsa
from .keyring import ROLES, USES, KeySet, PrivateKey
from .keys import ED25519, NAMES, KeyBundle
from .refusal import Refusal, ensure

FORMAT = "key_file.format"
TITLE = "CyberMesh private keys"
BEGIN = "-----BEGIN ENCRYPTED PRIVATE KEY-----"
END = "-----END ENCRYPTED PRIVATE KEY-----"

FILE_BYTES_MAX = 64 * 1024
# A validator's keys, the most that any role has. Each costs a key derivation.
BLOCKS_MAX = 4
# Below 2^14 a passphrase is little protection; above 256 MiB a file attacks whoever opens it.
COST_MIN, MEMORY_MAX = 1 << 14, 256 * 1024 * 1024
SCRYPT = bytes.fromhex("2b06010401da47040b")
PBES2 = bytes.fromhex("2a864886f70d01050d")
SEQUENCE, INTEGER, OCTETS, OBJECT = 0x30, 0x02, 0x04, 0x06


def open_key_file(path: str, passphrase: str) -> KeySet:
    """The keys of a private key file."""
    # Facts of the opened file: nothing can be exchanged in between.
    with open(path, "rb") as file:
        facts = os.fstat(file.fileno())
        ensure(stat.S_ISREG(facts.st_mode), FORMAT, f"{path} is no file")
        ensure(facts.st_mode & 0o077 == 0, "key_file.mode", f"{path} has mode {facts.st_mode & 0o777:o}")
        return parse_private(_text(file.read(FILE_BYTES_MAX + 1)), passphrase)


def parse_private(text: str, passphrase: str) -> KeySet:
    """The keys of the text of a private key file."""
    head, blank, rest = text.partition("\n\n")
    lines = head.split("\n")
    ensure(
        blank != "" and lines[:2] == [TITLE, "version: 1"] and len(lines) >= 5,
        FORMAT,
        "no header of a key file",
    )
    role, kid, sealed = (_value(line, label) for line, label in zip(lines[2:], ("role: ", "kid: ", "seal: ")))
    ensure(role in ROLES, FORMAT, "no known role")
    ensure(rest.count(BEGIN) <= BLOCKS_MAX, FORMAT, "more keys than any role has")
    keys = []
    while rest.strip():
        facts, begin, rest = rest.partition(BEGIN)
        body, end, rest = rest.partition(END)
        ensure(begin != "" and end != "", FORMAT, "no whole key block")
        key = _open_block(body, passphrase)
        keys.append((_check_facts(facts, key), key))
    ensure(
        seal(role, keys).hex() == sealed.lower(), FORMAT, "role, uses or keys are not those that were sealed"
    )
    found = KeySet(role, keys)
    ensure(found.bundle.kid().hex() == kid.lower(), FORMAT, "the keys are not those of the header")
    return found


def seal(role: str, keys) -> bytes:
    """Ties role, uses and keys together: only who knows every seed can make it."""
    data = f"cybermesh key file 1 {role} {len(keys)}\n".encode("ascii")
    for use, key in keys:
        data += key.seed() + hashes.sha256(key.public()) + f"{use} {NAMES[key.algorithm]}\n".encode("ascii")
    return hashes.sha256(data)


def read_public_file(path: str) -> KeyBundle:
    """The bundle of a public key file (JSON): the keys that sign, with the kid that the file states."""
    try:
        with open(path, "rb") as file:
            content = json.loads(_text(file.read(FILE_BYTES_MAX + 1)))
        ensure(
            content["version"] == 1 and content["role"] in ROLES, FORMAT, "another version or an unknown role"
        )
        ensure(content.keys() == {"version", "role", "kid", "keys"}, FORMAT, "unknown or missing fields")
        numbers = {name: number for number, name in NAMES.items()}
        signing = []
        for key in content["keys"]:
            ensure(key.keys() == {"use", "algorithm", "key"} and key["use"] in USES, FORMAT, "an unknown key")
            if key["use"] == "sign":
                signing.append((numbers[key["algorithm"]], hashes.from_hex(key["key"])))
        stated = content["kid"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(FORMAT, f"no public key file: {error}") from None
    bundle = KeyBundle.of(signing)
    ensure(bundle.kid().hex() == stated, FORMAT, "the kid is of other keys")
    return bundle


def _text(data: bytes) -> str:
    ensure(len(data) <= FILE_BYTES_MAX, FORMAT, "the file is too large for a key file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(FORMAT, "no text") from None


def _value(line: str, label: str) -> str:
    ensure(line.startswith(label), FORMAT, f"no line `{label.strip()}`")
    return line[len(label) :]


def _check_facts(facts: str, key: PrivateKey) -> str:
    lines = [line.strip() for line in facts.split("\n") if line.strip()]
    ensure(len(lines) >= 2, FORMAT, "a key without use or public key")
    use, public = _value(lines[0], "use: "), _value(lines[1], "public: ")
    ensure(use in USES, FORMAT, "a key without a known use")
    ensure(public == hashes.sha256(key.public()).hex(), FORMAT, "a key is not the one its header names")
    return use


def _open_block(body: str, passphrase: str) -> PrivateKey:
    try:
        sealed = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error:
        raise Refusal(FORMAT, "a damaged key block") from None
    _check_cost(sealed)
    try:
        found = serialization.load_der_private_key(sealed, passphrase.encode("utf-8"))
    except (ValueError, TypeError):
        raise Refusal("key_file.passphrase", "the passphrase does not open it, or it was altered") from None
    except UnsupportedAlgorithm:
        raise Refusal(FORMAT, "a key of an unknown algorithm") from None
    if isinstance(found, Ed25519PrivateKey):
        return PrivateKey(ED25519, found.private_bytes_raw())
    for algorithm, (_, private) in mldsa.LEVELS.items():
        if isinstance(found, private):
            return PrivateKey(algorithm, found.private_bytes_raw())
    raise Refusal(FORMAT, "a key of an unknown algorithm")


def _check_cost(sealed: bytes) -> None:
    """Reads what opening the block costs: the file says so itself, and must not be believed blindly."""
    scheme = _parts(sealed, SEQUENCE, 2, inside=True)[0]
    ensure(_parts(scheme[1], OBJECT, 2)[0][1] == PBES2, FORMAT, "a key block of another scheme")
    derivation = _parts(_parts(scheme[1], OBJECT, 2)[1][1], SEQUENCE, 2)[0]
    name, parameters = _parts(derivation[1], OBJECT, 2)[:2]
    ensure(name[1] == SCRYPT, FORMAT, "a key block that is not sealed with scrypt")
    numbers = [int.from_bytes(value, "big") for _, value in _parts(parameters[1], OCTETS, 4)]
    cost, size, parallel = numbers[1:4]
    sane = cost >= COST_MIN and cost & (cost - 1) == 0 and size > 0 and parallel == 1
    sane = sane and 128 * size * cost <= MEMORY_MAX
    ensure(sane, FORMAT, "key-derivation costs outside sane bounds")


def _parts(data: bytes, first: int, least: int, inside: bool = False):
    """The parts of a DER sequence as (type, content); at least so many, the first of a given type."""
    parts, at = [], 0
    while at < len(data):
        ensure(at + 2 <= len(data), FORMAT, "a damaged key block")
        kind, length, at = data[at], data[at + 1], at + 2
        if length >= 0x80:
            width = length & 0x7F
            length, at = int.from_bytes(data[at : at + width], "big"), at + width
        ensure(at + length <= len(data), FORMAT, "a damaged key block")
        parts.append((kind, data[at : at + length]))
        at += length
    if inside:
        ensure(len(parts) == 1 and parts[0][0] == SEQUENCE, FORMAT, "a damaged key block")
        return _parts(parts[0][1], first, least)
    ensure(len(parts) >= least and parts[0][0] == first, FORMAT, "a damaged key block")
    return parts
