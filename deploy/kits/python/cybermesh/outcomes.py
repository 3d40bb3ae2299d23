"""The outcomes a transaction can have: number and name of every code of class `final` or `author`.

A receipt carries the number. A number that is not here is refused, so this table grows with
`proto/codes.toml`; `run_vectors.py` compares the two.
"""

OUTCOMES = {
    1: "event.applied",
    2: "event.seq_used",
    3: "event.dated_ahead",
}
