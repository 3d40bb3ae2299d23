"""Compares what an executor did, written down as a trace, with the rules of `docs/effects.md`.

    python effects_reference.py TRACE.jsonl     (`-` reads from stdin)

Prints one line. The exit code is 0 if the trace agrees, 1 at the first disagreement, 2 if it can not be read.
"""

import sys

from effects.compare import compare
from effects.trouble import Disagreement, Unreadable


def main(arguments) -> int:
    """Runs one comparison and gives the exit code."""
    if len(arguments) != 1:
        print("usage: effects_reference.py TRACE.jsonl (or - for stdin)", file=sys.stderr)
        return 2
    try:
        if arguments[0] == "-":
            found = compare(sys.stdin)
        else:
            with open(arguments[0], encoding="utf-8") as file:
                found = compare(file)
    except Disagreement as disagreement:
        print(f"disagree: {disagreement}")
        return 1
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        print(f"unreadable: {error}")
        return 2
    print(f"agree: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
