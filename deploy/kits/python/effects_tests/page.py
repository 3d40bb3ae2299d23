"""Section 9: the numbers are those that the page lists."""

import re
from pathlib import Path

from effects.numbers import NUMBERS

from .world import same

PAGE = Path(__file__).resolve().parents[4] / "docs" / "effects.md"
# | `name` (words) | default (words) | least | most |
ROW = re.compile(r"\| `(\w+)`[^|]*\| ([0-9,]+)[^|]*\| ([0-9,]+) \| ([0-9,]+) \|")


def the_numbers_are_those_of_the_page():
    found = {
        name: tuple(int(one.replace(",", "")) for one in numbers)
        for name, *numbers in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }
    same(found, NUMBERS)
