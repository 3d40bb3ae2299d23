"""Tests the second implementation of the effects.

    python effects_test.py

Every function without parameters in one of the modules below is a case; its name says what holds. Prints a
line for each module and each failure, and at the end `N passed, M failed`.
"""

import inspect
import sys
import traceback

from effects_tests import asked, automatic, findings, judgements, kinds, page, spellings, traces, windows

MODULES = (kinds, windows, findings, spellings, judgements, automatic, asked, page, traces)


def cases(module):
    """The cases of a module: its own functions without parameters."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not inspect.signature(function).parameters:
            yield name, function


def failure(case):
    """What is wrong about a case, or None."""
    try:
        case()
    except AssertionError as error:
        return f"{traceback.extract_tb(error.__traceback__)[1].lineno}: {error}"
    except Exception as error:  # A crash is a failure like any other.
        return f"crashed: {type(error).__name__}: {error}"
    return None


def main() -> int:
    """Runs everything and gives the exit code."""
    passed = failed = 0
    for module in MODULES:
        found = [(name, failure(case)) for name, case in cases(module)]
        wrong = [(name, why) for name, why in found if why is not None]
        for name, why in wrong:
            print(f"  {module.__name__}: {name}: {why}")
        print(f"{module.__name__}: {len(found) - len(wrong)} passed, {len(wrong)} failed")
        passed, failed = passed + len(found) - len(wrong), failed + len(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
