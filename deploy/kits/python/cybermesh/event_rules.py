"""The rules of an event's fields, and the grammar of event types. They need nothing but the event.

Refuses with `event.field`; the note names the first field that breaks its rule.
"""

import re

from .limits import CUSTODY_HOPS_MAX, EVENT_TEXT_MAX, NUMBER_MAX, SIGNATURES_MAX
from .messages import name_is_sound, text_is_clean, value_is_sound
from .refusal import Refusal, ensure
from .signatures import halves

# 2^53 - 1: the largest number that JavaScript and JSON hold exactly.
TIME_MS_MAX = 2**53 - 1
CONFIDENCE_MAX = 10_000
MEDIA_TYPE_MAX = 128
TRACEPARENT_BYTES = 55
WRAPPED_KEY_MAX = 2048
TLP = range(6)

# `\Z` and not `$`, which would let a newline follow; ASCII classes, because `\d` means every script's digits.
EVENT_TYPE = re.compile(r"[A-Z][A-Za-z0-9]*\.[A-Z][A-Za-z0-9]*\.v[1-9][0-9]{0,4}\Z")
ENTITY_PATTERN = re.compile(r"[A-Z][A-Za-z0-9]*\.\*\Z")
KIND = re.compile(r"[a-z0-9_]{1,32}\Z")


def is_event_type(text: str) -> bool:
    """Whether a text is an event type, `Entity.Action.vN`."""
    return len(text) <= EVENT_TEXT_MAX and EVENT_TYPE.match(text) is not None


def is_type_pattern(text: str) -> bool:
    """Whether a text is an event type, `Entity.*`, or `*`."""
    if text == "*" or is_event_type(text):
        return True
    return len(text) <= EVENT_TEXT_MAX and ENTITY_PATTERN.match(text) is not None


def kind_is_sound(text: str) -> bool:
    """Whether a text is the kind of a subject."""
    return KIND.match(text) is not None


def check_fields(event) -> None:
    """Checks every field, in the order of their numbers."""
    for name, sound in _rules(event):
        ensure(sound, "event.field", name)


def _rules(event):
    """Yields name and verdict one by one, so that nothing is judged after the first broken rule."""
    yield "type", is_event_type(event.type)
    yield "schema_version", event.schema_version > 0
    yield "network", name_is_sound(event.network)
    yield "tenant", name_is_sound(event.tenant)
    yield "producer", len(event.producer) == 32
    yield "seq", 1 <= event.seq <= NUMBER_MAX
    yield "created_at_ms", event.created_at_ms <= TIME_MS_MAX
    yield "entity_kind", kind_is_sound(event.entity_kind)
    yield "entity_value", value_is_sound(event.entity_value)
    is_urn = event.resource.startswith("urn:") and text_is_clean(event.resource, 5, EVENT_TEXT_MAX)
    yield "resource", event.resource == "" or is_urn
    yield "severity_id", event.severity_id <= 6 or event.severity_id == 99
    yield "confidence_bp", event.confidence_bp <= CONFIDENCE_MAX
    yield "device_id", text_is_clean(event.device_id, 0, EVENT_TEXT_MAX)
    yield "tlp", event.tlp in TLP
    yield "content_type", text_is_clean(event.content_type, 1 if event.payload else 0, MEDIA_TYPE_MAX)
    yield "content_sha256", len(event.content_sha256) == 32
    if event.trace is not None:
        yield from _trace_rules(event.trace)
    if event.encryption is not None:
        yield from _encryption_rules(event.encryption)
    yield "custody", len(event.custody) <= CUSTODY_HOPS_MAX
    for hop in event.custody:
        yield from _hop_rules(hop)


def _trace_rules(trace):
    texts = (trace.correlation_id, trace.user, trace.tenant_user, trace.device)
    yield "trace", all(text_is_clean(text, 0, EVENT_TEXT_MAX) for text in texts)
    parent = trace.traceparent
    sound = (
        len(parent) == TRACEPARENT_BYTES and parent.isascii() and text_is_clean(parent, 0, TRACEPARENT_BYTES)
    )
    yield "trace.traceparent", parent == "" or sound


def _encryption_rules(encryption):
    yield "encryption.scheme", encryption.scheme == 1
    yield "encryption.recipient", len(encryption.recipient) == 32
    yield "encryption.wrapped_key", 1 <= len(encryption.wrapped_key) <= WRAPPED_KEY_MAX
    yield "encryption.nonce", len(encryption.nonce) == 12


def _hop_rules(hop):
    yield "custody.kid", len(hop.kid) == 32
    yield "custody.at_ms", hop.at_ms <= TIME_MS_MAX
    yield "custody.note", text_is_clean(hop.note, 0, EVENT_TEXT_MAX)
    yield "custody.signatures", _are_of_holder(hop)


def _are_of_holder(hop) -> bool:
    try:
        return all(half.kid == hop.kid for half in halves(hop.signatures, SIGNATURES_MAX))
    except Refusal:
        return False
