"""Why something from outside was not accepted: a stable code for machines, a note for people.

The codes are those of `proto/codes.toml`. Notes are not stable and not for comparison.
"""


class Refusal(Exception):
    """A refusal. It is a statement about somebody else's bytes, never a fault of this kit."""

    def __init__(self, code: str, note: str):
        super().__init__(f"{code}: {note}")
        self.code = code
        self.note = note


def ensure(condition: bool, code: str, note: str) -> None:
    """Refuses unless the condition holds."""
    if not condition:
        raise Refusal(code, note)
