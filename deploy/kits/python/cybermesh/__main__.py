"""The command line: one line of output, and an exit code that says the same.

0: it holds, or was signed. 1: something could not be read, opened or written. 2: wrong usage. 6: what was
to be verified does not hold; the line names the code.
"""

import argparse
import os
import sys

from .epochs import EpochMemory, read_memory
from .event import SignedEvent, sign_event
from .event_json import event_from_json
from .hashes import from_hex
from .key_file import open_key_file, read_public_file
from .limits import EVENT_BYTES_MAX, RECEIPT_BYTES_MAX, SIGNED_EVENT_OVERHEAD_MAX
from .receipt import Verdict, verify_receipt
from .refusal import Refusal

OK, ERROR, NOT_VERIFIED = 0, 1, 6


def main(arguments=None) -> int:
    """Runs one command and gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (Refusal, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cybermesh", description="Verify and sign without a cluster."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("verify-receipt", help="check a receipt against a genesis hash")
    one.add_argument("file", metavar="FILE")
    one.add_argument(
        "--genesis", required=True, type=_hash, metavar="HASH", help="the genesis hash you trust, in hex"
    )
    one.add_argument(
        "--memory", metavar="FILE", help="epochs seen so far; made on first use, kept up to date"
    )
    one.add_argument(
        "--producer", metavar="PUB.json", help="public keys of the producer, to check it as well"
    )
    one.add_argument(
        "--accept-retired-keys", action="store_true", help="take a certificate of a past epoch for good"
    )
    one.set_defaults(run=_verify_receipt)
    one = commands.add_parser("sign-event", help="sign an event with a private key file")
    one.add_argument("--key", required=True, metavar="FILE", help="private key file of the producer")
    one.add_argument("--passphrase-file", required=True, metavar="F", help="its passphrase on one line")
    one.add_argument("--event", required=True, metavar="JSON", help="file with the event as JSON")
    one.add_argument("--out", required=True, metavar="FILE", help="where the signed event goes")
    one.set_defaults(run=_sign_event)
    one = commands.add_parser("verify-event", help="check a signed event against its producer's public keys")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--key", required=True, metavar="PUB.json", help="public keys of the producer")
    one.set_defaults(run=_verify_event)
    return parser


def _verify_receipt(options) -> int:
    data = _read(options.file, RECEIPT_BYTES_MAX)
    producer = read_public_file(options.producer) if options.producer else None
    memory = _read_memory(options.memory, options.genesis)
    try:
        verdict = verify_receipt(data, options.genesis, memory, producer)
    except Refusal as refusal:
        print(f"not verified: {refusal}")
        return NOT_VERIFIED
    if options.memory:
        _replace(options.memory, verdict.memory.encoded())
    print(_sentence(verdict))
    return NOT_VERIFIED if verdict.retired and not options.accept_retired_keys else OK


def _sentence(verdict: Verdict) -> str:
    ground = verdict.standing() + (f" of epoch {verdict.certified_epoch}" if verdict.retired else "")
    what = f"{verdict.kind} {verdict.item.hex()} ended as {verdict.outcome}"
    where = (
        f"at height {verdict.height}, place {verdict.index}, time_us {verdict.time_us}, epoch {verdict.epoch}"
    )
    by = f"certified at height {verdict.certified_height} of epoch {verdict.certified_epoch}"
    return f"{ground}: {what} {where}; {by}; producer: {verdict.producer}"


def _sign_event(options) -> int:
    with open(options.passphrase_file, encoding="utf-8") as file:
        passphrase = file.read().removesuffix("\n").removesuffix("\r")
    keys = open_key_file(options.key, passphrase)
    with open(options.event, encoding="utf-8") as file:
        event = event_from_json(file.read(), keys.bundle.kid())
    data = sign_event(event, keys)
    with open(options.out, "wb") as file:
        file.write(data)
    print(f"signed: event {SignedEvent.decode(data).id().hex()} by {keys.bundle.kid().hex()}")
    return OK


def _verify_event(options) -> int:
    data = _read(options.file, EVENT_BYTES_MAX + SIGNED_EVENT_OVERHEAD_MAX)
    bundle = read_public_file(options.key)
    try:
        signed = SignedEvent.decode(data)
        signed.verify(bundle)
    except Refusal as refusal:
        print(f"not verified: {refusal}")
        return NOT_VERIFIED
    hops = len(signed.event.custody)
    custody = f"; {hops} custody hops not checked" if hops else ""
    print(f"verified: event {signed.id().hex()} by {bundle.kid().hex()}{custody}")
    return OK


def _hash(text: str) -> bytes:
    try:
        value = from_hex(text)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise argparse.ArgumentTypeError("a hash has 64 hex digits")
    return value


def _read(path: str, bytes_max: int) -> bytes:
    """At most one byte more than what is accepted: enough to refuse it, without reading it all."""
    with open(path, "rb") as file:
        return file.read(bytes_max + 1)


def _read_memory(path, chain: bytes):
    if path is None or not os.path.exists(path):
        return None
    return read_memory(_read(path, EpochMemory.BYTES_MAX), chain)


def _replace(path: str, data: bytes) -> None:
    """Writes beside and renames: a crash leaves the old memory or the new one, never half of it."""
    beside = f"{path}.new"
    with open(beside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


if __name__ == "__main__":
    sys.exit(main())
