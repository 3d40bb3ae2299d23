"""The protobuf messages, as `proto/cybermesh/**.proto` declares them, and the guard at their entrance."""

from .limits import NAME_BYTES_MAX, VALUE_BYTES_MAX
from .protobuf import (
    BOOL,
    BYTES,
    ENUM,
    MESSAGE,
    STRING,
    UINT32,
    UINT64,
    Field,
    Message,
    NotTheEncoding,
    decode,
)
from .refusal import Refusal, ensure

SIGNATURE = Message(
    "Signature",
    Field(1, "kid", BYTES),
    Field(2, "alg", ENUM),
    Field(3, "sig", BYTES),
)

TRACE = Message(
    "Trace",
    Field(1, "correlation_id", STRING),
    Field(2, "user", STRING),
    Field(3, "tenant_user", STRING),
    Field(4, "device", STRING),
    Field(5, "traceparent", STRING),
)

ENCRYPTION = Message(
    "Encryption",
    Field(1, "scheme", UINT32),
    Field(2, "recipient", BYTES),
    Field(3, "wrapped_key", BYTES),
    Field(4, "nonce", BYTES),
)

CUSTODY_HOP = Message(
    "CustodyHop",
    Field(1, "kid", BYTES),
    Field(2, "at_ms", UINT64),
    Field(3, "note", STRING),
    Field(4, "signatures", MESSAGE, SIGNATURE, repeated=True),
)

EVENT = Message(
    "Event",
    Field(1, "type", STRING),
    Field(2, "schema_version", UINT32),
    Field(3, "network", STRING),
    Field(4, "tenant", STRING),
    Field(5, "producer", BYTES),
    Field(6, "stream", UINT32),
    Field(7, "seq", UINT64),
    Field(8, "created_at_ms", UINT64),
    Field(9, "entity_kind", STRING),
    Field(10, "entity_value", STRING),
    Field(11, "resource", STRING),
    Field(12, "severity_id", UINT32),
    Field(13, "confidence_bp", UINT32),
    Field(14, "trace", MESSAGE, TRACE),
    Field(15, "layer", UINT32),
    Field(16, "device_id", STRING),
    Field(17, "clearance", UINT32),
    Field(18, "tlp", ENUM),
    Field(19, "content_type", STRING),
    Field(20, "payload", BYTES),
    Field(21, "content_sha256", BYTES),
    Field(22, "encryption", MESSAGE, ENCRYPTION),
    Field(23, "custody", MESSAGE, CUSTODY_HOP, repeated=True),
)

SIGNED_EVENT = Message(
    "SignedEvent",
    Field(1, "event", BYTES),
    Field(2, "signatures", MESSAGE, SIGNATURE, repeated=True),
)

REGISTER_KEY = Message(
    "RegisterKey",
    Field(1, "role", ENUM),
    Field(2, "bundle", BYTES),
    Field(3, "tenant", STRING),
    Field(4, "subject", STRING),
    Field(5, "types", STRING, repeated=True),
    Field(6, "ed25519_only", BOOL),
    Field(7, "standing_bp", UINT32),
    Field(8, "denies_alone", BOOL),
)

AMEND_KEY = Message(
    "AmendKey",
    Field(1, "kid", BYTES),
    Field(2, "types", STRING, repeated=True),
    Field(3, "ed25519_only", BOOL),
    Field(4, "standing_bp", UINT32),
    Field(5, "denies_alone", BOOL),
)

CHANGE_ADMINISTRATORS = Message(
    "ChangeAdministrators",
    Field(1, "threshold", UINT32),
    Field(2, "bundles", BYTES, repeated=True),
)

PARAMETER = Message("Parameter", Field(1, "name", STRING), Field(2, "value", UINT64))

CHANGE_PARAMETERS = Message("ChangeParameters", Field(1, "parameters", MESSAGE, PARAMETER, repeated=True))

RENEW_KEY = Message(
    "RenewKey",
    Field(1, "kid", BYTES),
    Field(2, "bundle", BYTES),
    Field(3, "overlap_heights", UINT64),
)

REVOKE_KEY = Message("RevokeKey", Field(1, "kid", BYTES))

CHANGE_VALIDATORS = Message(
    "ChangeValidators",
    Field(1, "remove", STRING, repeated=True),
    Field(2, "add", BYTES, repeated=True),
)

GOVERNANCE_TRANSACTION = Message(
    "GovernanceTransaction",
    Field(1, "chain", BYTES),
    Field(2, "valid_until_height", UINT64),
    Field(3, "nonce", BYTES),
    Field(4, "reason", STRING),
    Field(10, "register_key", MESSAGE, REGISTER_KEY, choice="action"),
    Field(11, "renew_key", MESSAGE, RENEW_KEY, choice="action"),
    Field(12, "revoke_key", MESSAGE, REVOKE_KEY, choice="action"),
    Field(13, "change_validators", MESSAGE, CHANGE_VALIDATORS, choice="action"),
    Field(14, "amend_key", MESSAGE, AMEND_KEY, choice="action"),
    Field(15, "change_administrators", MESSAGE, CHANGE_ADMINISTRATORS, choice="action"),
    Field(16, "change_parameters", MESSAGE, CHANGE_PARAMETERS, choice="action"),
)

SIGNED_GOVERNANCE = Message(
    "SignedGovernance",
    Field(1, "transaction", BYTES),
    Field(2, "signatures", MESSAGE, SIGNATURE, repeated=True),
)

REJECTION_PROOF = Message(
    "RejectionProof",
    Field(1, "leaf", BYTES),
    Field(2, "tx_path", BYTES, repeated=True),
    Field(3, "decision", BYTES),
    Field(4, "history_size", UINT64),
    Field(5, "history_path", BYTES, repeated=True),
)

GAP_PROOF = Message(
    "GapProof",
    Field(1, "leaf", BYTES),
    Field(2, "index", UINT64),
    Field(3, "height", UINT64),
    Field(4, "path", BYTES, repeated=True),
)

REDRIVE = Message(
    "Redrive",
    Field(1, "chain", BYTES),
    Field(2, "operator", BYTES),
    Field(3, "origin", BYTES),
    Field(4, "attempt", UINT32),
    Field(5, "transform", STRING),
    Field(10, "rejection", MESSAGE, REJECTION_PROOF, choice="proof"),
    Field(11, "gap", MESSAGE, GAP_PROOF, choice="proof"),
)

SIGNED_REDRIVE = Message(
    "SignedRedrive",
    Field(1, "redrive", BYTES),
    Field(2, "signatures", MESSAGE, SIGNATURE, repeated=True),
)

LEAF = Message(
    "Leaf",
    Field(1, "topic", STRING),
    Field(2, "partition", UINT32),
    Field(3, "seq", UINT64),
    Field(4, "key", BYTES),
    Field(5, "value", BYTES),
)

CONTROL_RECORD = Message(
    "ControlRecord",
    Field(1, "leaf", MESSAGE, LEAF),
    Field(2, "height", UINT64),
    Field(3, "index", UINT64),
    Field(4, "path", BYTES, repeated=True),
)


def decode_strict(kind: Message, data: bytes, bytes_max: int, too_large: str, malformed: str):
    """A message from its one encoding; its size comes first, so that nothing larger is parsed."""
    ensure(len(data) <= bytes_max, too_large, f"{len(data)} bytes, a {kind.name} has at most {bytes_max}")
    try:
        return decode(kind, data)
    except NotTheEncoding as error:
        raise Refusal(malformed, f"not the one encoding of a {kind.name}: {error}") from None


def name_is_sound(text: str) -> bool:
    """A name: 1 to 64 characters of printable ASCII, because two spellings of one name must not exist."""
    return 1 <= len(text) <= NAME_BYTES_MAX and _is_printable(text)


def value_is_sound(text: str) -> bool:
    """The value of a subject: printable ASCII too, so that no look-alike evades a rule about it."""
    return 1 <= len(text) <= VALUE_BYTES_MAX and _is_printable(text)


def text_is_clean(text: str, bytes_min: int, bytes_max: int) -> bool:
    """Free text for a log line: bounded in UTF-8 bytes, and nothing that hides or reorders others."""
    fits = bytes_min <= len(text.encode("utf-8")) <= bytes_max
    return fits and not any(_hides(ord(one)) for one in text)


def _is_printable(text: str) -> bool:
    return all(" " <= one <= "~" for one in text)


# Controls, format characters, separators of lines and paragraphs. A list and not the tables of this Python,
# because every reader must agree on it whatever version of Unicode it was built with.
HIDING = (
    (0x0000, 0x001F),
    (0x007F, 0x009F),
    (0x00AD, 0x00AD),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xFDD0, 0xFDEF),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0001, 0xE0001),
    (0xE0020, 0xE007F),
    (0xE0100, 0xE01EF),
)


def _hides(code: int) -> bool:
    # The last two places of every plane are no characters.
    return code & 0xFFFE == 0xFFFE or any(first <= code <= last for first, last in HIDING)
