"""Protobuf in its one accepted encoding: decode refuses every other spelling of the same message.

Promises: `decode` accepts exactly what `encode` writes. Fields in ascending order, each single field at
most once and never with its default value, shortest varints, UTF-8 text, nothing unknown and nothing left
over. That is what every library writes unless it is told otherwise.

Enums are open: an unknown number is kept, also a negative one (ten bytes on the wire); whether it is
allowed is for the rules of the message. Sub-messages are present or absent, an empty one that is present
counts as present. At most one member of a oneof is there.

Raises `NotTheEncoding`; the caller knows which code that is.
"""

from types import SimpleNamespace

VARINT, LENGTH = 0, 2
U64 = 1 << 64

UINT32, UINT64, ENUM, BOOL, BYTES, STRING, MESSAGE = (
    "uint32",
    "uint64",
    "enum",
    "bool",
    "bytes",
    "string",
    "message",
)
DEFAULTS = {UINT32: 0, UINT64: 0, ENUM: 0, BOOL: False, BYTES: b"", STRING: "", MESSAGE: None}
VARINTS = (UINT32, UINT64, ENUM, BOOL)


class NotTheEncoding(Exception):
    """The bytes are no message of this type in its one encoding."""


class Field:
    """One field; `choice` names the oneof it belongs to."""

    def __init__(self, number: int, name: str, kind: str, message=None, repeated=False, choice=None):
        self.number, self.name, self.kind, self.message = number, name, kind, message
        self.repeated, self.choice = repeated, choice

    def default(self):
        """What stands for a field that is not on the wire."""
        return [] if self.repeated else DEFAULTS[self.kind]


class Message:
    """A message type: its fields, ascending by number."""

    def __init__(self, name: str, *fields: Field):
        self.name = name
        self.fields = {field.number: field for field in fields}
        self.names = {field.name: field for field in fields}

    def new(self, **values):
        """A message; fields that are not given have their defaults."""
        unknown = values.keys() - self.names.keys()
        if unknown:
            raise TypeError(f"{self.name} has no field {', '.join(sorted(unknown))}")
        return SimpleNamespace(
            **{name: values.get(name, field.default()) for name, field in self.names.items()}
        )


def encode(kind: Message, message) -> bytes:
    """The one encoding of a message."""
    out = bytearray()
    for field in kind.fields.values():
        value = getattr(message, field.name)
        if field.repeated:
            for element in value:
                out += _encode_field(field, element)
        elif value != DEFAULTS[field.kind]:
            out += _encode_field(field, value)
    return bytes(out)


def decode(kind: Message, data: bytes):
    """The message of exactly these bytes."""
    message = kind.new()
    at, last, chosen = 0, 0, set()
    while at < len(data):
        key, at = _read_varint(data, at)
        field = kind.fields.get(key >> 3)
        if field is None or key & 7 != (VARINT if field.kind in VARINTS else LENGTH):
            raise NotTheEncoding("an unknown field, or one of another type")
        if field.number < last or field.number == last and not field.repeated:
            raise NotTheEncoding("fields out of order, or one twice")
        last = field.number
        if field.choice is not None:
            if field.choice in chosen:
                raise NotTheEncoding("two members of a oneof")
            chosen.add(field.choice)
        value, at = _read_value(field, data, at)
        if field.repeated:
            getattr(message, field.name).append(value)
        elif value == DEFAULTS[field.kind]:
            raise NotTheEncoding("a default value that is written out")
        else:
            setattr(message, field.name, value)
    return message


def _encode_field(field: Field, value) -> bytes:
    if field.kind in VARINTS:
        return _varint(field.number << 3 | VARINT) + _varint(int(value) % U64)
    if field.kind == MESSAGE:
        value = encode(field.message, value)
    elif field.kind == STRING:
        value = value.encode("utf-8")
    return _varint(field.number << 3 | LENGTH) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, at: int):
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise NotTheEncoding("an unfinished or too long varint")
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    if number >= U64 or byte == 0 and shift > 7:
        raise NotTheEncoding("a varint that is not in its shortest form")
    return number, at


def _read_value(field: Field, data: bytes, at: int):
    number, at = _read_varint(data, at)
    if field.kind in VARINTS:
        return _in_range(field.kind, number), at
    if number > len(data) - at:
        raise NotTheEncoding("truncated")
    value, at = data[at : at + number], at + number
    if field.kind == MESSAGE:
        return decode(field.message, value), at
    if field.kind == STRING:
        try:
            return value.decode("utf-8"), at
        except UnicodeDecodeError:
            raise NotTheEncoding("text that is not UTF-8") from None
    return value, at


def _in_range(kind: str, number: int):
    """Numbers too large for their type would be cut off by a reader, and so have another encoding."""
    if kind == ENUM:
        number = number - U64 if number >= U64 - (1 << 31) else number
        fits = number < 1 << 31
    else:
        fits = kind == UINT64 or number < (1 << 32 if kind == UINT32 else 2)
    if not fits:
        raise NotTheEncoding("a number too large for its field")
    return number == 1 if kind == BOOL else number
