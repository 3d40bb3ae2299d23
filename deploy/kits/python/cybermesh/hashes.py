"""What is hashed and what is signed: nothing without the name of its purpose in front.

A value that was hashed or signed for one purpose must be worthless for every other one. Hashes are tagged,
signed bytes are in the pre-authentication encoding of DSSE. Plain SHA-256 is used only where another
standard says so.
"""

import hashlib

ZERO = bytes(32)

EVENT = "cybermesh/event/v1"
EVENT_ID = "cybermesh/event-id/v1"
CUSTODY = "cybermesh/custody/v1"
KID = "cybermesh/kid/v1"
GENESIS = "cybermesh/genesis/v1"
BLOCK = "cybermesh/block/v1"
QC = "cybermesh/qc/v1"
PROPOSAL = "cybermesh/proposal/v1"
CARRIED = "cybermesh/carried/v1"
VOTE = "cybermesh/vote/v1"
TIMEOUT = "cybermesh/timeout/v1"
HEARTBEAT = "cybermesh/heartbeat/v1"
BATCH = "cybermesh/batch/v1"
BATCH_ID = "cybermesh/batch-id/v1"
HEADS = "cybermesh/heads/v1"
DECISION = "cybermesh/decision/v1"
ATTESTATION = "cybermesh/attestation/v1"
VALIDATOR_SET = "cybermesh/validator-set/v1"
EVIDENCE = "cybermesh/evidence/v1"
AMNESIA_REPORT = "cybermesh/amnesia-report/v1"
RUN_REPORT = "cybermesh/run-report/v1"
RUN_REPORT_ID = "cybermesh/run-report-id/v1"
GOVERNANCE = "cybermesh/governance/v1"
GOVERNANCE_ID = "cybermesh/governance-id/v1"
REDRIVE = "cybermesh/redrive/v1"
REDRIVE_ID = "cybermesh/redrive-id/v1"

DOMAINS = frozenset(value for name, value in list(globals().items()) if name.isupper() and name != "ZERO")


def sha256(data: bytes) -> bytes:
    """Plain SHA-256."""
    return hashlib.sha256(data).digest()


def from_hex(text: str) -> bytes:
    """The bytes of hex digits without anything between them; raises `ValueError` otherwise."""
    data = bytes.fromhex(text)
    if len(text) != 2 * len(data):
        raise ValueError("something stands between the hex digits")
    return data


def tagged(domain: str, data: bytes) -> bytes:
    """SHA-256 over domain, one zero byte, data. No domain holds a zero byte, so none runs into the data."""
    return sha256(domain.encode("ascii") + b"\x00" + data)


def pae(domain: str, body: bytes) -> bytes:
    """The bytes that are really signed: both parts with their lengths in decimal before them."""
    return f"DSSEv1 {len(domain)} {domain} {len(body)} ".encode("ascii") + body
