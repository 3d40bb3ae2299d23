"""Proofs of the state: what one key held after one height, or that it held nothing.

The state is a sparse Merkle tree over the bits of hashed keys, the first bit at the root. A subtree without a
key is `EMPTY`, one with a single key is the leaf of that key however deep it stands, every other one is the hash
of its halves. A proof gives the other halves on the way from the leaf to the root.

An absent key is proven by what stands in its place: nothing, or the leaf of another key that shares all the bits
that lead there. `check_state` promises: what it accepts is true of the state that the decision names. Whether the
decision is certified is another check.

Refuses with `state_proof.*`.
"""

from .agreement import Decision
from .hashes import sha256
from .limits import STATE_KEY_BYTES_MAX, STATE_PROOF_STEPS_MAX, STATE_VALUE_BYTES_MAX
from .refusal import ensure
from .schema import HASH, NUMBER, U16, Blob, ListOf, Maybe, Record

EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
KEY_BITS = 256


def leaf_hash(key_hash: bytes, value_hash: bytes) -> bytes:
    """The hash of one key with its value."""
    return sha256(b"JMT::LeafNode" + key_hash + value_hash)


def inner_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two halves."""
    return sha256(b"JMT::IntrnalNode" + left + right)


class StateLeaf(Record):
    """One key with its value, both hashed."""

    FIELDS = {"key": HASH, "value": HASH}


class StateProof(Record):
    """The value of a key (`None`: absent), and of an absent key the leaf in its place, if there is one."""

    NAME, VERSION = "state proof", 1
    BYTES_MAX = STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX + 64 + 34 * STATE_PROOF_STEPS_MAX + 256
    FIELDS = {
        "version": U16,
        "height": NUMBER,
        "key": Blob(STATE_KEY_BYTES_MAX),
        "value": Maybe(Blob(STATE_VALUE_BYTES_MAX)),
        "neighbour": Maybe(StateLeaf),
        "siblings": ListOf(HASH, STATE_PROOF_STEPS_MAX),
    }

    def check_shape(self) -> None:
        ensure(self.version == self.VERSION, "wire.version", f"state proof version {self.version}")
        ensure(len(self.key) > 0, "state_proof.form", "no key")
        one = self.value is None or self.neighbour is None
        ensure(one, "state_proof.form", "a neighbour beside a value")

    def root(self) -> bytes:
        """The root of the state of which the proof says something true."""
        self.check_shape()
        key, depth = sha256(self.key), len(self.siblings)
        turns = format(int.from_bytes(key, "big"), f"0{KEY_BITS}b")
        if self.value is not None:
            found = leaf_hash(key, sha256(self.value))
        elif self.neighbour is not None:
            other = format(int.from_bytes(self.neighbour.key, "big"), f"0{KEY_BITS}b")
            evidence = other != turns and other[:depth] == turns[:depth]
            ensure(evidence, "state_proof.neighbour", "this leaf stands elsewhere, or is the key's own")
            found = leaf_hash(self.neighbour.key, self.neighbour.value)
        else:
            found = EMPTY
        for turn, sibling in zip(reversed(turns[:depth]), self.siblings):
            found = inner_hash(sibling, found) if turn == "1" else inner_hash(found, sibling)
        return found


def check_state_proof(proof: StateProof, state_root: bytes) -> None:
    """Checks a proof against a root that is trusted already."""
    ensure(proof.root() == state_root, "state_proof.root", "the path ends in another root")


def check_state(proof: StateProof, decision: Decision) -> None:
    """Checks a proof against the decision of its height."""
    note = f"proof of height {proof.height}, decision of {decision.height}"
    ensure(proof.height == decision.height, "state_proof.height", note)
    check_state_proof(proof, decision.state_root)
