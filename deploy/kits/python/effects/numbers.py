"""The numbers that administrators can change: names, defaults and bounds; basis points (section 9)."""

from .trouble import Unreadable

WHOLE = 10_000
UNIT_OF_WEIGHT = WHOLE * WHOLE

# name: (default, least, most)
NUMBERS = {
    "severity_0": (500, 0, WHOLE),
    "severity_1": (100, 0, WHOLE),
    "severity_2": (500, 0, WHOLE),
    "severity_3": (2_000, 0, WHOLE),
    "severity_4": (5_000, 0, WHOLE),
    "severity_5": (9_000, 0, WHOLE),
    "severity_6": (10_000, 0, WHOLE),
    "severity_99": (500, 0, WHOLE),
    "half_life_ms": (86_400_000, 60_000, 31_536_000_000),
    "deny_score": (8_000, 1_000, WHOLE),
    "lift_score": (6_000, 0, WHOLE),
    "corroboration": (3, 3, 16),
    "corroboration_floor": (500, 1, WHOLE),
    "rule_ttl_ms": (3_600_000, 60_000, 2_592_000_000),
    "requested_ttl_max_ms": (2_592_000_000, 60_000, 31_536_000_000),
    "automatic_priority": (100, 0, 1_000),
    "conduct_gain": (500, 0, WHOLE),
    "conduct_loss": (500, 0, WHOLE),
    "conduct_loss_false": (2_000, 0, WHOLE),
    "max_age_ms": (300_000, 1_000, 31_536_000_000),
    "ahead_ms": (300_000, 60_000, 3_600_000),
    "gap_ms": (600_000, 60_000, 86_400_000),
    "quarantine_heights": (10_000, 100, 10_000_000),
    "term_ms": (60_000, 1_000, 86_400_000),
    "stall_ms": (10_000, 1_000, 86_400_000),
    "stall_cap_ms": (300_000, 1_000, 86_400_000),
    "backlog": (100_000, 1_000, 100_000_000),
}

DEFAULTS = {name: default for name, (default, _, _) in NUMBERS.items()}


def bp_of(number: int, share: int) -> int:
    """So many basis points of a number, rounded down."""
    return number * share // WHOLE


def check(parameters: dict) -> None:
    """Refuses a number that the page does not know, or one outside its bounds."""
    for name, value in parameters.items():
        if name not in NUMBERS:
            raise Unreadable(f"no number is called {name}")
        _, least, most = NUMBERS[name]
        if type(value) is not int or not least <= value <= most:
            raise Unreadable(f"{name} is {value}, and has to be from {least} to {most}")


def check_all(parameters: dict) -> None:
    """The same, and none may be missing."""
    check(parameters)
    missing = sorted(NUMBERS.keys() - parameters.keys())
    if missing:
        raise Unreadable(f"without {', '.join(missing)}")
