"""The signed event: decoded once, kept as received, trusted after its producer's signatures held.

`SignedEvent.decode` refuses in this order: size and encoding of the wrapper, no signature at all, size and
encoding of the event, its fields, the payload's hash, the signature list, a signer that is not the
producer. No arithmetic is done on any key before all of that held.

`verify` then demands what the registry demands: each half by its rule, Ed25519 by ZIP-215. `check_custody`
checks the chain of custody, hop by hop, by the strict rule.
"""

from . import cbor, ed25519, hashes, mldsa
from .event_rules import check_fields
from .keys import ED25519, NAMES, KeyBundle
from .limits import EVENT_BYTES_MAX, SIGNATURES_MAX, SIGNED_EVENT_OVERHEAD_MAX
from .messages import CUSTODY_HOP, EVENT, SIGNED_EVENT, decode_strict
from .protobuf import encode
from .refusal import Refusal, ensure
from .signatures import check_by_bundle, halves, signature_list

# Which halves a registry entry demands; whatever else is there must hold too.
WHOLE_BUNDLE, ED25519_ALONE = 1, 2

CODES = ("event.too_large", "event.malformed")


class SignedEvent:
    """A decoded signed event. Nobody has checked its signatures yet."""

    def __init__(self, event, event_bytes: bytes, found):
        self.event, self.event_bytes, self.halves = event, event_bytes, found

    @classmethod
    def decode(cls, data: bytes):
        """Decodes a signed event and checks all that its bytes alone can tell."""
        wrapper = decode_strict(SIGNED_EVENT, data, EVENT_BYTES_MAX + SIGNED_EVENT_OVERHEAD_MAX, *CODES)
        ensure(bool(wrapper.signatures), "event.unsigned", "no signature at all")
        event = decode_event(wrapper.event)
        found = halves(wrapper.signatures, SIGNATURES_MAX)
        by_producer = all(half.kid == event.producer for half in found)
        ensure(by_producer, "authn.deny.other_key", "signed by another key than its producer")
        return cls(event, wrapper.event, found)

    def id(self) -> bytes:
        """The identity: over the event alone, never over the signatures around it."""
        return hashes.tagged(hashes.EVENT_ID, self.event_bytes)

    def verify(self, bundle: KeyBundle, demand: int = WHOLE_BUNDLE) -> None:
        """Checks the producer's signatures."""
        known = self.event.producer == bundle.kid()
        ensure(known, "authn.deny.unknown_key", "the event's producer has other keys")
        signed, keys = {half.algorithm for half in self.halves}, set(bundle.algorithms())
        owed = keys if demand == WHOLE_BUNDLE else keys & {ED25519}
        ensure(owed <= signed, "authn.deny.half_missing", "a demanded half is missing")
        ensure(signed <= keys, "authn.deny.algorithm", "signed with an algorithm without registered key")
        # Whatever a bundle lacks, no event is accepted without an Ed25519 half.
        ensure(ED25519 in signed, "authn.deny.signature", "the Ed25519 half")
        message = signing_bytes(self.event_bytes)
        for half in self.halves:
            holds = _producer_half_holds(half, bundle.key(half.algorithm), message)
            ensure(holds, "authn.deny.signature", f"the {NAMES[half.algorithm]} half")

    def check_custody(self, holders) -> None:
        """Checks every hop; `holders` maps kids to bundles, and an unknown holder breaks the chain."""
        content, before = hashes.sha256(self.event.payload), None
        for number, hop in enumerate(self.event.custody):
            try:
                bundle = holders.get(hop.kid)
                if bundle is None:
                    raise Refusal("event.custody", "unknown holder")
                earlier = before is not None and before.at_ms > hop.at_ms
                ensure(not earlier, "event.custody", "earlier than the hop before it")
                check_by_bundle(bundle, hop.signatures, custody_statement(content, before, hop))
            except Refusal as refusal:
                raise Refusal("event.custody", f"hop {number}: {refusal.note}") from None
            before = hop


def decode_event(event_bytes: bytes):
    """The event inside the signatures, with every field and the payload's hash checked."""
    event = decode_strict(EVENT, event_bytes, EVENT_BYTES_MAX, *CODES)
    check_fields(event)
    same = event.content_sha256 == hashes.sha256(event.payload)
    ensure(same, "event.content_hash", "the payload has another SHA-256")
    return event


def signing_bytes(event_bytes: bytes) -> bytes:
    """What a producer signs."""
    return hashes.pae(hashes.EVENT, event_bytes)


def custody_statement(content: bytes, before, hop) -> bytes:
    """What a holder signs: payload hash, hash of the hop before or zeros, kid, time, hash of note."""
    link = hashes.ZERO if before is None else hashes.sha256(encode(CUSTODY_HOP, before))
    note = hashes.sha256(hop.note.encode("utf-8"))
    return hashes.pae(hashes.CUSTODY, cbor.encode([content, link, hop.kid, hop.at_ms, note]))


def sign_event(event, keys) -> bytes:
    """Signs an event with every key of its producer, under the rules that a verifier will apply."""
    event_bytes = encode(EVENT, event)
    decode_event(event_bytes)
    signatures = signature_list(keys.bundle.kid(), keys.sign(signing_bytes(event_bytes)))
    data = encode(SIGNED_EVENT, SIGNED_EVENT.new(event=event_bytes, signatures=signatures))
    SignedEvent.decode(data).verify(keys.bundle)
    return data


def _producer_half_holds(half, key: bytes, message: bytes) -> bool:
    if half.algorithm == ED25519:
        return ed25519.holds_zip215(key, message, half.signature)
    return mldsa.holds(half.algorithm, key, message, half.signature)
