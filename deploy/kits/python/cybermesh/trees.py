"""RFC 6962 trees: roots, and the proofs that a leaf is in a tree or that one tree is a prefix of another.

A tree of n leaves splits at the largest power of two below n; both proofs are checked by following that
split from the root downwards, which also says how long a proof must be. Sizes and roots come from what is
trusted, never from the proof. Defined for every size: the empty tree holds nothing and is a prefix of every
tree.

Refuses, in this order: `proof.index` (no such leaf or prefix), `proof.length`, `proof.root`.
"""

from .hashes import sha256
from .refusal import Refusal, ensure

EMPTY_ROOT = sha256(b"")


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf's data."""
    return sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right)


def root(leaves) -> bytes:
    """The root over the data of all leaves."""
    row = [leaf_hash(leaf) for leaf in leaves]
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        # A last node without sibling rises unchanged: the same tree as by splitting.
        odd = row[-1:] if len(row) % 2 else []
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)] + odd
    return row[0]


def verify_inclusion(leaf: bytes, index: int, size: int, path, expected: bytes) -> None:
    """Checks that `leaf`, hashed as a leaf, is number `index` of the `size` leaves under a root."""
    ensure(index < size, "proof.index", f"leaf {index} of a tree of {size} leaves")
    sides = []
    while size > 1:
        half = _split(size)
        if index < half:
            sides.append("right")
            size = half
        else:
            sides.append("left")
            index, size = index - half, size - half
    ensure(len(path) == len(sides), "proof.length", f"{len(path)} steps, it takes {len(sides)}")
    found = leaf
    for side, sibling in zip(reversed(sides), path):
        found = node_hash(found, sibling) if side == "right" else node_hash(sibling, found)
    ensure(found == expected, "proof.root", "the path ends in another root")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path) -> None:
    """Checks that the older tree is a prefix of the newer one."""
    ensure(old_size <= new_size, "proof.index", f"{old_size} leaves cannot precede {new_size}")
    if old_size == 0 or old_size == new_size:
        ensure(not path, "proof.length", "this proof takes no step")
        prefix = old_root == (EMPTY_ROOT if old_size == 0 else new_root)
        whole = new_size > 0 or new_root == EMPTY_ROOT
        ensure(prefix and whole, "proof.root", "the roots differ")
        return
    sides, start_is_old_root = _old_edge(old_size, new_size)
    steps = list(path) if not start_is_old_root else [old_root, *path]
    ensure(len(steps) == len(sides) + 1, "proof.length", f"{len(path)} steps are too few or too many")
    old = new = steps[0]
    for side, sibling in zip(reversed(sides), steps[1:]):
        if side == "right":
            new = node_hash(new, sibling)
        else:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
    ensure(old == old_root and new == new_root, "proof.root", "the proof ends in other roots")


def _old_edge(old: int, new: int):
    """The way from the newer root down to the subtree in which the older tree ends.

    A sibling on the right is of the newer tree alone, one on the left is of both. As long as the way never
    turned right, that subtree is the older tree itself, whose root is known and left out of the proof.
    """
    sides = []
    while old < new:
        half = _split(new)
        if old <= half:
            sides.append("right")
            new = half
        else:
            sides.append("left")
            old, new = old - half, new - half
    return sides, "left" not in sides


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def as_code(code: str, check, *arguments) -> None:
    """Runs a check of a proof and reports its refusal under another code."""
    try:
        check(*arguments)
    except Refusal as refusal:
        raise Refusal(code, refusal.note) from None
