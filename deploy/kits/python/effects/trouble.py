"""The two ways in which a trace can fail: it cannot be read, or it tells something else."""


class Unreadable(Exception):
    """A line that is no line of a trace. Nothing is compared then, so nothing agrees."""


class Disagreement(Exception):
    """The first thing that the trace and the reference tell differently."""
