"""CyberMesh in Python: checks events, certificates and receipts, and signs events.

A second implementation, written from the rules and not from the Rust code, so that the test vectors compare
two readings of one text. It trusts one genesis hash. What it does not accept, it refuses with a stable
code.

Where things are: `cbor` and `protobuf` bytes · `schema` bounds · `words` every message by name · `hashes`
what is hashed and signed · `ed25519`, `mldsa` bare signatures · `keys`, `key_file` · `event` ·
`certificates` · `genesis` · `receipt`.
"""

from .refusal import Refusal

__all__ = ["Refusal"]
