"""Kinds of fields with their bounds, and messages declared as lists of such fields.

A kind has two sides: `take` makes a value out of decoded CBOR and refuses what is out of bounds, `give`
makes CBOR out of a value. A message is a `Record` (positional array) or a `Word` (a bare list or union with
a name).

`decode_canonical` is the only way in: size, canonical bytes, bounds, then what the message says of its own
shape.
"""

from . import cbor
from .limits import NUMBER_MAX
from .refusal import Refusal, ensure


def malformed(note: str) -> Refusal:
    """The bytes are no message of this type."""
    return Refusal("wire.malformed", note)


class Number:
    """An integer from 0 to `most`."""

    def __init__(self, most: int):
        self.most = most

    def take(self, plain):
        if not isinstance(plain, int) or plain > self.most:
            raise malformed(f"no number up to {self.most}")
        return plain

    def give(self, value):
        return value


class Choice(Number):
    """One of a few known numbers."""

    def __init__(self, *known: int):
        super().__init__(max(known))
        self.known = known

    def take(self, plain):
        if super().take(plain) not in self.known:
            raise malformed(f"number {plain} is none of {self.known}")
        return plain


class Blob:
    """A byte string of at most `most` bytes."""

    def __init__(self, most: int):
        self.most = most

    def take(self, plain):
        if not isinstance(plain, bytes) or len(plain) > self.most:
            raise malformed(f"no byte string up to {self.most} bytes")
        return plain

    def give(self, value):
        return value


class Fixed(Blob):
    """A byte string of exactly so many bytes."""

    def take(self, plain):
        if len(super().take(plain)) != self.most:
            raise malformed(f"no byte string of {self.most} bytes")
        return plain


class Text:
    """Printable ASCII of at most `most` bytes: two spellings of one name must not exist."""

    def __init__(self, most: int):
        self.most = most

    def take(self, plain):
        if (
            not isinstance(plain, str)
            or len(plain) > self.most
            or any(not " " <= one <= "~" for one in plain)
        ):
            raise malformed(f"no printable ASCII up to {self.most} bytes")
        return plain

    def give(self, value):
        return value


class ListOf:
    """At most `most` values of one kind."""

    def __init__(self, kind, most: int):
        self.kind, self.most = kind, most

    def take(self, plain):
        if not isinstance(plain, list) or len(plain) > self.most:
            raise malformed(f"no list of up to {self.most} elements")
        return [self.kind.take(element) for element in plain]

    def give(self, value):
        return [self.kind.give(element) for element in value]


class Row:
    """A fixed number of values, each of its own kind."""

    def __init__(self, *kinds):
        self.kinds = kinds

    def take(self, plain):
        if not isinstance(plain, list) or len(plain) != len(self.kinds):
            raise malformed(f"no list of {len(self.kinds)} elements")
        return [kind.take(element) for kind, element in zip(self.kinds, plain)]

    def give(self, value):
        return [kind.give(element) for kind, element in zip(self.kinds, value)]


class Maybe:
    """A value or null."""

    def __init__(self, kind):
        self.kind = kind

    def take(self, plain):
        return None if plain is None else self.kind.take(plain)

    def give(self, value):
        return None if value is None else self.kind.give(value)


class Tagged:
    """`[tag, content]`: one of several kinds, told apart by a small number. The value is the pair."""

    def __init__(self, kinds: dict):
        self.kinds = kinds

    def take(self, plain):
        if not isinstance(plain, list) or len(plain) != 2 or not isinstance(plain[0], int):
            raise malformed("no tag with its content")
        tag, content = plain
        if tag not in self.kinds:
            raise malformed(f"unknown tag {tag}")
        return tag, self.kinds[tag].take(content)

    def give(self, value):
        tag, content = value
        return [tag, self.kinds[tag].give(content)]


class Bits:
    """A set of validator indexes as a byte string, bit i % 8 of byte i // 8, no zero byte at the end.

    The value is a tuple of indexes, ascending.
    """

    def take(self, plain):
        if not isinstance(plain, bytes) or len(plain) > 16 or plain.endswith(b"\x00"):
            raise malformed("no set of validators")
        return tuple(index for index in range(8 * len(plain)) if plain[index // 8] >> index % 8 & 1)

    def give(self, value):
        word = sum(1 << index for index in set(value))
        return word.to_bytes((word.bit_length() + 7) // 8, "little")


NUMBER = Number(NUMBER_MAX)
U8, U16, U32 = Number(2**8 - 1), Number(2**16 - 1), Number(2**32 - 1)
INDEX = Number(127)
HASH = Fixed(32)


class Wire:
    """What has a name, a size limit and a shape. `NAME` is None for parts that never travel alone."""

    NAME = None
    BYTES_MAX = 0

    def check_shape(self) -> None:
        """Refuses what the bytes alone show to be wrong: orders, ranges, fields that contradict others."""

    def encoded(self) -> bytes:
        """The canonical bytes."""
        return cbor.encode(self.give(self))


class Record(Wire):
    """A positional array; `FIELDS` maps each name to its kind, in order."""

    FIELDS: dict = {}

    def __init__(self, **values):
        if values.keys() != self.FIELDS.keys():
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self.FIELDS)}")
        self.__dict__.update(values)

    @classmethod
    def take(cls, plain):
        if not isinstance(plain, list) or len(plain) != len(cls.FIELDS):
            raise malformed(f"no {cls.__name__}")
        return cls(**{name: kind.take(part) for (name, kind), part in zip(cls.FIELDS.items(), plain)})

    @classmethod
    def give(cls, value):
        return [kind.give(getattr(value, name)) for name, kind in cls.FIELDS.items()]


class Word(Wire):
    """A message that is a bare value of one kind; it stands in `content`."""

    KIND = None

    def __init__(self, content):
        self.content = content

    @classmethod
    def take(cls, plain):
        return cls(cls.KIND.take(plain))

    @classmethod
    def give(cls, value):
        return cls.KIND.give(value.content)


def decode_canonical(kind, data: bytes):
    """A message of this type from exactly its canonical bytes."""
    ensure(
        len(data) <= kind.BYTES_MAX,
        "wire.too_large",
        f"{len(data)} bytes, a {kind.NAME} has at most {kind.BYTES_MAX}",
    )
    message = kind.take(cbor.decode(data))
    message.check_shape()
    return message


def ascending(values) -> bool:
    """Whether each value is above the one before it."""
    values = list(values)
    return all(a < b for a, b in zip(values, values[1:]))
