"""Runs every test vector of a directory, and the kit's own small checks.

    python run_vectors.py [DIR]

Prints a line for each suite, every disagreement, and at the end `N passed, M failed`. The exit code is 1 if
anything failed, if a suite is unknown, if the repository's own vectors lack one, or if no vector was found.

A byte field may be given as a splice, `{"base": case, "at": n, "remove": n, "insert": hex}`: the same field
of an earlier case with some bytes replaced.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

import self_test
from cybermesh.outcomes import OUTCOMES
from vector_suites import SUITES

HERE = Path(__file__).resolve().parent
PROTO = HERE.parents[2] / "proto"
VECTORS = PROTO / "vectors"
SPLICE = {"base", "at", "remove", "insert"}
# What a string literal must look like to be taken for a code.
CODE = re.compile(r'"([a-z_]+(?:\.[a-z_]+)+)"')


def main() -> int:
    """Runs everything and gives the exit code."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS
    report = Report()
    report.run("self test", self_test.failures())
    report.run("codes", code_failures(PROTO / "codes.toml"))
    files = sorted(directory.glob("*.json"))
    for file in files:
        report.run(file.stem, vector_failures(file))
    report.run("missing", [(name, "no vector of this suite") for name in missing(directory, files)])
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def missing(directory: Path, files):
    """What must be there and is not: every suite in the repository, anything at all elsewhere."""
    if directory.resolve() == VECTORS:
        return sorted(SUITES.keys() - {file.stem for file in files})
    return [] if files else [str(directory)]


class Report:
    """Counts, and prints a line for each suite and each disagreement."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, suite: str, results) -> None:
        """Takes (case name, failure or None) pairs."""
        passed = failed = 0
        for name, failure in results:
            if failure is None:
                passed += 1
            else:
                failed += 1
                print(f"  {suite}: {name}: {failure}")
        print(f"{suite}: {passed} passed, {failed} failed")
        self.passed, self.failed = self.passed + passed, self.failed + failed


def vector_failures(file: Path):
    """Each case of a file with what is wrong about the kit's answer, or None."""
    content, earlier = json.loads(file.read_text(encoding="utf-8")), {}
    suite = SUITES.get(content.get("suite"))
    if suite is None or content["suite"] != file.stem or not content.get("cases"):
        yield file.name, "no vectors of a known suite"
        return
    if content["protocol_version"] != 1:
        yield file.name, "of another protocol version"
        return
    for raw in content["cases"]:
        case = {field: resolve(value, field, earlier) for field, value in raw.items()}
        if case["name"] in earlier:
            yield case["name"], "a name that stands twice"
        earlier[case["name"]] = case
        try:
            answer = suite(case)
        except Exception as error:  # A crash is a disagreement like any other: no input may crash a verifier.
            yield case["name"], f"crashed: {type(error).__name__}: {error}"
            continue
        yield case["name"], disagreement(case, answer)


def disagreement(case: dict, answer: dict):
    """What the case states otherwise than the kit answers; None when they agree."""
    wrong = []
    for field in sorted(answer.keys() | {"expect"} & case.keys()):
        if field not in case and field != "expect":
            continue
        if case.get(field) != answer.get(field):
            wrong.append(f"{field}: expected {case.get(field)}, found {answer.get(field)}")
    return "; ".join(wrong) or None


def resolve(value, field: str, earlier: dict):
    """A field's value, with splices against earlier cases put together."""
    if isinstance(value, dict) and value.keys() == SPLICE:
        base = bytes.fromhex(earlier[value["base"]][field])
        at, end = value["at"], value["at"] + value["remove"]
        if end > len(base):
            raise ValueError(f"a splice beyond the end of {value['base']}")
        return (base[:at] + bytes.fromhex(value["insert"]) + base[end:]).hex()
    return value


def code_failures(table: Path):
    """Checks that every code in the package exists, and that the outcomes are those of the table."""
    codes = tomllib.loads(table.read_text(encoding="utf-8"))["code"]
    names = {code["name"] for code in codes}
    groups = {name.split(".")[0] for name in names}
    for file in sorted((HERE / "cybermesh").glob("*.py")):
        for name in sorted(set(CODE.findall(file.read_text(encoding="utf-8")))):
            # A field name such as `custody.kid` is no code; a word of a code's group in front makes it one.
            if name in names:
                yield f"{file.name} {name}", None
            elif name.split(".")[0] in groups:
                yield f"{file.name} {name}", "no such code"
    outcomes = {code["number"]: code["name"] for code in codes if code["class"] in ("final", "author")}
    yield "outcomes", None if outcomes == OUTCOMES else f"expected {outcomes}, found {OUTCOMES}"


if __name__ == "__main__":
    sys.exit(main())
