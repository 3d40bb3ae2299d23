"""What the kit says of a test vector: one function for each suite, from a case to the fields it can answer.

An answer is a dictionary of fields that the case states too (`expect`, an identity, a root); the runner
compares them. Byte fields are hex, as in the files.
"""

from cybermesh import cbor, ed25519, hashes, mldsa, trees
from cybermesh.agreement import Decision, ValidatorSet
from cybermesh.certificates import Committee, check
from cybermesh.epochs import read_memory
from cybermesh.event import SignedEvent
from cybermesh.genesis import open_genesis
from cybermesh.keys import KeyBundle
from cybermesh.receipt import verify_receipt
from cybermesh.refusal import Refusal
from cybermesh.schema import decode_canonical
from cybermesh.state import StateProof, check_state
from cybermesh.state_range import StateRange, check_range
from cybermesh.transactions import SignedGovernance, SignedRedrive, check_record, record_from_bytes
from cybermesh.words import WORDS

LEVELS = {"ml-dsa-44": 2, "ml-dsa-65": 3, "ml-dsa-87": 4}


def hexes(items):
    """A list of byte strings from a list of hex."""
    return [bytes.fromhex(item) for item in items]


def expect(action, *arguments) -> dict:
    """`ok` and what the action answers, or the code of its refusal."""
    try:
        return {"expect": "ok", **(action(*arguments) or {})}
    except Refusal as refusal:
        return {"expect": refusal.code}


def _bundle(text: str) -> KeyBundle:
    return decode_canonical(KeyBundle, bytes.fromhex(text))


def hash_case(case) -> dict:
    data, domain = bytes.fromhex(case["input"]), case["domain"]
    known = domain if domain in hashes.DOMAINS else "a domain that the kit does not know"
    return {
        "domain": known,
        "tagged": hashes.tagged(domain, data).hex(),
        "pae": hashes.pae(domain, data).hex(),
    }


def encoding(case) -> dict:
    def action():
        data = bytes.fromhex(case["bytes"])
        word = decode_canonical(WORDS[case["type"]], data)
        if word.encoded() != data or cbor.encode(cbor.decode(data)) != data:
            raise Refusal("wire.malformed", "encoded again, the bytes differ")

    return expect(action)


def signature(case) -> dict:
    key, message, signed = hexes([case["key"], case["message"], case["signature"]])
    if case["rule"] in LEVELS:
        return {"valid": mldsa.holds(LEVELS[case["rule"]], key, message, signed)}
    rule = {"zip215": ed25519.holds_zip215, "strict": ed25519.holds_strict}[case["rule"]]
    return {"valid": rule(key, message, signed)}


def key(case) -> dict:
    return {"sound": ed25519.key_is_sound(bytes.fromhex(case["key"]))}


def bundle(case) -> dict:
    def action():
        found = _bundle(case["bytes"])
        registration = expect(found.check_for_registration)["expect"]
        return {"kid": found.kid().hex(), "registration": registration}

    return expect(action)


def tree(case) -> dict:
    return {"root": trees.root(hexes(case["leaves"])).hex()}


def inclusion(case) -> dict:
    leaf, root = hexes([case["leaf"], case["root"]])
    return expect(trees.verify_inclusion, leaf, case["index"], case["size"], hexes(case["path"]), root)


def consistency(case) -> dict:
    old, new = hexes([case["old_root"], case["new_root"]])
    return expect(trees.verify_consistency, case["old_size"], old, case["new_size"], new, hexes(case["path"]))


def event(case) -> dict:
    answer = {}

    def action():
        signed = SignedEvent.decode(bytes.fromhex(case["bytes"]))
        if case.get("custody") is not None:
            holders = {one.kid(): one for one in map(_bundle, case["custody"])}
            answer["custody_expect"] = expect(signed.check_custody, holders)["expect"]
        signed.verify(_bundle(case["bundle"]), case["demand"])
        return {"id": signed.id().hex()}

    return {**expect(action), **answer}


def certificate(case) -> dict:
    chain, members, block = hexes(
        [case["committee_chain"], case["committee_set"], case["committee_root_block"]]
    )
    committee = Committee(
        chain,
        case["committee_epoch"],
        case["committee_scheme"],
        decode_canonical(ValidatorSet, members),
        case["committee_root_height"],
        block,
    )
    return expect(
        lambda: check(decode_canonical(WORDS[case["type"]], bytes.fromhex(case["bytes"])), committee)
    )


def genesis(case) -> dict:
    def action():
        found = open_genesis(bytes.fromhex(case["bytes"]), bytes.fromhex(case["trusted"]))
        return {"first_block": found.first_header().id().hex()}

    return expect(action)


def governance(case) -> dict:
    def action():
        signed = SignedGovernance(bytes.fromhex(case["bytes"]))
        signed.verify(
            bytes.fromhex(case["chain"]), case["threshold"], [_bundle(one) for one in case["administrators"]]
        )
        return {"id": signed.id().hex()}

    return expect(action)


def redrive(case) -> dict:
    def action():
        signed = SignedRedrive(bytes.fromhex(case["bytes"]))
        signed.verify(bytes.fromhex(case["chain"]), _bundle(case["operator"]))
        return {"id": signed.id().hex()}

    return expect(action)


def record(case) -> dict:
    def action():
        decision = decode_canonical(Decision, bytes.fromhex(case["decision"]))
        check_record(record_from_bytes(bytes.fromhex(case["bytes"])), decision)

    return expect(action)


def receipt(case) -> dict:
    def action():
        chain = bytes.fromhex(case["chain"])
        memory = read_memory(bytes.fromhex(case["memory"]), chain) if case.get("memory") is not None else None
        producer = _bundle(case["producer"]) if case.get("producer") is not None else None
        verdict = verify_receipt(bytes.fromhex(case["bytes"]), chain, memory, producer)
        plain = (
            "kind",
            "outcome",
            "height",
            "index",
            "time_us",
            "epoch",
            "certified_height",
            "certified_epoch",
        )
        answer = {name: getattr(verdict, name) for name in plain}
        answer |= {"item": verdict.item.hex(), "producer_check": verdict.producer}
        return answer | {"memory_after": verdict.memory.encoded().hex(), "expect": verdict.standing()}

    return expect(action)


def state(case) -> dict:
    def action():
        decision = decode_canonical(Decision, bytes.fromhex(case["decision"]))
        check_state(decode_canonical(StateProof, bytes.fromhex(case["bytes"])), decision)

    return expect(action)


def range_case(case) -> dict:
    def action():
        decision = decode_canonical(Decision, bytes.fromhex(case["decision"]))
        found = check_range(decode_canonical(StateRange, bytes.fromhex(case["bytes"])), decision)
        return {"found": b"".join(leaf.key + leaf.value for leaf in found).hex()}

    return expect(action)


SUITES = {
    "hash": hash_case,
    "encoding": encoding,
    "signature": signature,
    "key": key,
    "bundle": bundle,
    "tree": tree,
    "inclusion": inclusion,
    "consistency": consistency,
    "event": event,
    "certificate": certificate,
    "genesis": genesis,
    "governance": governance,
    "redrive": redrive,
    "record": record,
    "receipt": receipt,
    "state": state,
    "range": range_case,
}
