"""The transactions of administrators and operators, and outbound records: decode, and check who signed or
decided.

Refuses with `governance.*`, `redrive.*` or `record.*` for form, `chain.other` for a transaction that was
meant for another chain, `authn.deny.*` for signatures, `proof.*` for a record that a decision does not send
out.
"""

from . import hashes, trees
from .agreement import Decision, Validator
from .event import SignedEvent
from .event_rules import is_type_pattern
from .keys import KeyBundle
from .limits import (
    ADMINISTRATORS_MAX,
    DECISION_BYTES_MAX,
    GOVERNANCE_BYTES_MAX,
    ITEM_BYTES_MAX,
    KEY_TYPES_MAX,
    KIB,
    NAME_BYTES_MAX,
    NUMBER_MAX,
    PARAMETERS_MAX,
    PROOF_STEPS_MAX,
    SIGNATURES_MAX,
    STANDING_MAX,
    VALUE_BYTES_MAX,
)
from .messages import (
    CONTROL_RECORD,
    GOVERNANCE_TRANSACTION,
    LEAF,
    REDRIVE,
    SIGNED_GOVERNANCE,
    SIGNED_REDRIVE,
    decode_strict,
    name_is_sound,
    text_is_clean,
)
from .payload import TxLeaf
from .protobuf import encode
from .refusal import Refusal, ensure
from .schema import ascending, decode_canonical
from .signatures import check_all_of_bundle, check_by_bundle, halves

RECORD_BYTES_MAX = 256 * KIB
VALUE_MAX = 128 * KIB
KEY_MAX = 512
ROLE_PRODUCER = 1
ROLES = (ROLE_PRODUCER, 2, 3)


class SignedGovernance:
    """A decoded governance transaction. Nobody has checked its signatures yet."""

    def __init__(self, data: bytes):
        codes = (GOVERNANCE_BYTES_MAX, "governance.too_large", "governance.malformed")
        wrapper = decode_strict(SIGNED_GOVERNANCE, data, *codes)
        self.bytes = wrapper.transaction
        self.transaction = decode_strict(GOVERNANCE_TRANSACTION, self.bytes, *codes)
        _check_rules("governance.field", _governance_rules(self.transaction))
        self.halves = halves(wrapper.signatures, 2 * ADMINISTRATORS_MAX)

    def id(self) -> bytes:
        """The identity: over the transaction, whoever signed it."""
        return hashes.tagged(hashes.GOVERNANCE_ID, self.bytes)

    def verify(self, chain: bytes, threshold: int, administrators) -> None:
        """Checks that enough administrators of this chain signed, and nobody else."""
        ensure(self.transaction.chain == chain, "chain.other", "a transaction for another chain")
        signers = sorted({half.kid for half in self.halves})
        ensure(
            len(signers) >= threshold, "governance.quorum", f"{len(signers)} administrators, not {threshold}"
        )
        known = {bundle.kid(): bundle for bundle in administrators}
        message = hashes.pae(hashes.GOVERNANCE, self.bytes)
        for kid in signers:
            ensure(kid in known, "authn.deny.unknown_key", f"{kid.hex()} is no administrator")
            check_all_of_bundle(known[kid], [half for half in self.halves if half.kid == kid], message)


class SignedRedrive:
    """A decoded redrive. Nobody has checked its signatures or its proof yet."""

    def __init__(self, data: bytes):
        codes = (ITEM_BYTES_MAX, "redrive.too_large", "redrive.malformed")
        wrapper = decode_strict(SIGNED_REDRIVE, data, *codes)
        self.bytes, self.signatures = wrapper.redrive, wrapper.signatures
        self.redrive = decode_strict(REDRIVE, self.bytes, *codes)
        _check_rules("redrive.field", _redrive_rules(self.redrive))
        halves(self.signatures, SIGNATURES_MAX)

    def id(self) -> bytes:
        """The identity: over the redrive, whatever the signatures around it."""
        return hashes.tagged(hashes.REDRIVE_ID, self.bytes)

    def verify(self, chain: bytes, operator: KeyBundle) -> None:
        """Checks that this operator signed it for this chain."""
        ensure(self.redrive.chain == chain, "chain.other", "a redrive for another chain")
        named = self.redrive.operator == operator.kid()
        ensure(named, "authn.deny.other_key", "the redrive names another operator")
        check_by_bundle(operator, self.signatures, hashes.pae(hashes.REDRIVE, self.bytes))


def record_from_bytes(data: bytes):
    """A control record of sound form."""
    record = decode_strict(CONTROL_RECORD, data, RECORD_BYTES_MAX, "record.too_large", "record.malformed")
    _check_rules("record.field", _record_rules(record))
    return record


def check_record(record, decision: Decision) -> None:
    """Checks that a decision sends this record out. The decision itself must be certified."""
    ensure(record.height == decision.height, "record.height", f"a record of height {record.height}")
    ensure(all(len(step) == 32 for step in record.path), "record.field", "path")
    leaf, outbox = trees.leaf_hash(encode(LEAF, record.leaf)), decision.outbox
    trees.verify_inclusion(leaf, record.index, outbox.count, record.path, outbox.root)


def _check_rules(code: str, rules) -> None:
    for name, sound in rules:
        ensure(sound, code, name)


def _governance_rules(transaction):
    yield "chain", len(transaction.chain) == 32
    yield "valid_until_height", transaction.valid_until_height <= NUMBER_MAX
    yield "nonce", len(transaction.nonce) == 16
    yield "reason", text_is_clean(transaction.reason, 1, VALUE_BYTES_MAX)
    if transaction.register_key is not None:
        key = transaction.register_key
        yield "role", key.role in ROLES
        yield "bundle", _decodes(KeyBundle, key.bundle)
        yield "tenant", name_is_sound(key.tenant)
        yield "subject", name_is_sound(key.subject)
        speaks = key.role != ROLE_PRODUCER or bool(key.types)
        yield "types", speaks and _types_are_sound(key.types)
        yield "standing_bp", key.standing_bp <= STANDING_MAX
    elif transaction.renew_key is not None:
        yield "kid", len(transaction.renew_key.kid) == 32
        yield "overlap_heights", transaction.renew_key.overlap_heights <= NUMBER_MAX
        yield "bundle", _decodes(KeyBundle, transaction.renew_key.bundle)
    elif transaction.revoke_key is not None:
        yield "kid", len(transaction.revoke_key.kid) == 32
    elif transaction.change_validators is not None:
        add, remove = transaction.change_validators.add, transaction.change_validators.remove
        yield "add and remove", bool(add or remove) and len(add) <= 16 and len(remove) <= 128
        yield "remove", all(map(name_is_sound, remove))
        yield "add", all(_decodes(Validator, one) for one in add)
    elif transaction.amend_key is not None:
        key = transaction.amend_key
        yield "kid", len(key.kid) == 32
        yield "types", _types_are_sound(key.types)
        yield "standing_bp", key.standing_bp <= STANDING_MAX
    elif transaction.change_administrators is not None:
        change = transaction.change_administrators
        yield "bundles", 1 <= len(change.bundles) <= ADMINISTRATORS_MAX
        yield "bundles", all(_decodes(KeyBundle, one) for one in change.bundles)
        yield "bundles", ascending([decode_canonical(KeyBundle, one).kid() for one in change.bundles])
        yield "threshold", 1 <= change.threshold <= len(change.bundles)
    elif transaction.change_parameters is not None:
        parameters = transaction.change_parameters.parameters
        names = [one.name for one in parameters]
        yield "parameters", 1 <= len(names) <= PARAMETERS_MAX and ascending(names)
        yield "name", all(map(name_is_sound, names))
        yield "value", all(one.value <= NUMBER_MAX for one in parameters)
    else:
        yield "action", False


def _types_are_sound(types) -> bool:
    return len(types) <= KEY_TYPES_MAX and ascending(types) and all(map(is_type_pattern, types))


def _redrive_rules(redrive):
    yield "chain", len(redrive.chain) == 32
    yield "operator", len(redrive.operator) == 32
    yield "origin", _accepts(SignedEvent.decode, redrive.origin)
    yield "transform", text_is_clean(redrive.transform, 0, NAME_BYTES_MAX)
    if redrive.rejection is not None:
        yield "history_size", redrive.rejection.history_size <= NUMBER_MAX
        yield "decision", _decodes(Decision, redrive.rejection.decision)
        yield "leaf", _decodes(TxLeaf, redrive.rejection.leaf)
        yield "path", _is_path(redrive.rejection.tx_path) and _is_path(redrive.rejection.history_path)
    elif redrive.gap is not None:
        yield "index or height", max(redrive.gap.index, redrive.gap.height) <= NUMBER_MAX
        yield "leaf", len(redrive.gap.leaf) <= DECISION_BYTES_MAX
        yield "path", _is_path(redrive.gap.path)
    else:
        yield "proof", False


def _record_rules(record):
    yield "leaf", record.leaf is not None
    yield "topic", text_is_clean(record.leaf.topic, 1, NAME_BYTES_MAX)
    yield "seq", 1 <= record.leaf.seq <= NUMBER_MAX
    yield "height or index", max(record.height, record.index) <= NUMBER_MAX
    yield "key", len(record.leaf.key) <= KEY_MAX
    yield "value", len(record.leaf.value) <= VALUE_MAX
    yield "path", len(record.path) <= PROOF_STEPS_MAX


def _is_path(path) -> bool:
    return len(path) <= PROOF_STEPS_MAX and all(len(step) == 32 for step in path)


def _decodes(kind, data: bytes) -> bool:
    return _accepts(lambda one: decode_canonical(kind, one), data)


def _accepts(reader, data: bytes) -> bool:
    try:
        reader(data)
    except Refusal:
        return False
    return True
