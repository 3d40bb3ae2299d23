"""The identity of a batch item: a hash of what was meant, never of the signatures around it.

Refuses what does not decode as its kind, with the codes of that kind.
"""

from . import cbor, hashes
from .event import SignedEvent
from .payload import EVENT, EVIDENCE, GOVERNANCE, REDRIVE, Item
from .peers import Evidence
from .schema import decode_canonical
from .statements import RunReport
from .transactions import SignedGovernance, SignedRedrive


def identity(item: Item) -> bytes:
    """Decodes an item and gives its identity."""
    kind, data = item.content
    if kind == EVENT:
        return SignedEvent.decode(data).id()
    if kind == GOVERNANCE:
        return SignedGovernance(data).id()
    if kind == REDRIVE:
        return SignedRedrive(data).id()
    if kind == EVIDENCE:
        return decode_canonical(Evidence, data).identity()
    statement, author, _ = RunReport.give(decode_canonical(RunReport, data))
    return hashes.tagged(hashes.RUN_REPORT_ID, cbor.encode([statement, author]))
