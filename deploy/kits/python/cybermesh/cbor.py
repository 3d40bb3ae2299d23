"""The part of CBOR that consensus messages use, in its one canonical form.

Promises: `decode` accepts exactly what `encode` writes, and nothing else. Integers from 0 to 2^64 - 1, byte
strings, text, arrays and null; every length and number in its shortest form.

Refuses, as `wire.malformed`: negative numbers, maps, tags, floats, booleans, indefinite lengths, longer
spellings of a number, bad UTF-8, truncated input, anything after the value, and nesting deeper than 16.
"""

from .refusal import Refusal

# 16: the deepest message nests less than half as deep.
DEPTH_MAX = 16

UINT, BYTES, TEXT, ARRAY = 0, 2, 3, 4
NULL = 0xF6

# How many bytes follow for each announcement, and the least number that needs them.
WIDTHS = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}


def encode(value) -> bytes:
    """The canonical bytes of a value made of int, bytes, str, list, tuple and None."""
    out = bytearray()
    _write(value, out)
    return bytes(out)


def decode(data: bytes):
    """The value of exactly these canonical bytes. Arrays come as lists."""
    value, end = _read(data, 0, DEPTH_MAX)
    if end != len(data):
        raise _malformed("bytes after the value")
    return value


def _write(value, out: bytearray) -> None:
    if value is None:
        out.append(NULL)
    elif isinstance(value, bytes):
        out += _head(BYTES, len(value)) + value
    elif isinstance(value, str):
        text = value.encode("utf-8")
        out += _head(TEXT, len(text)) + text
    elif isinstance(value, (list, tuple)):
        out += _head(ARRAY, len(value))
        for element in value:
            _write(element, out)
    elif isinstance(value, int) and not isinstance(value, bool):
        out += _head(UINT, value)
    else:
        raise TypeError(f"no canonical encoding of a {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    if not 0 <= number < 1 << 64:
        raise ValueError(f"{number} has no canonical encoding")
    if number < 24:
        return bytes([major << 5 | number])
    for announced, (width, _) in WIDTHS.items():
        if number < 1 << 8 * width:
            return bytes([major << 5 | announced]) + number.to_bytes(width, "big")
    raise AssertionError("unreachable: the number is below 2^64")


def _read(data: bytes, at: int, depth: int):
    if at >= len(data):
        raise _malformed("truncated")
    if data[at] == NULL:
        return None, at + 1
    major, number, at = _read_head(data, at)
    if major == UINT:
        return number, at
    # Whatever follows takes at least a byte for each announced one: a hostile length costs nothing.
    if number > len(data) - at:
        raise _malformed("truncated")
    if major == BYTES:
        return bytes(data[at : at + number]), at + number
    if major == TEXT:
        try:
            return data[at : at + number].decode("utf-8"), at + number
        except UnicodeDecodeError:
            raise _malformed("text that is not UTF-8") from None
    if depth == 0:
        raise _malformed("nested too deep")
    elements = []
    for _ in range(number):
        element, at = _read(data, at, depth - 1)
        elements.append(element)
    return elements, at


def _read_head(data: bytes, at: int):
    major, announced = data[at] >> 5, data[at] & 31
    if major not in (UINT, BYTES, TEXT, ARRAY):
        raise _malformed("a kind of value that no message has")
    at += 1
    if announced < 24:
        return major, announced, at
    if announced not in WIDTHS:
        raise _malformed("an indefinite length")
    width, least = WIDTHS[announced]
    if at + width > len(data):
        raise _malformed("truncated")
    number = int.from_bytes(data[at : at + width], "big")
    if number < least:
        raise _malformed("a number that is not in its shortest form")
    return major, number, at + width


def _malformed(note: str) -> Refusal:
    return Refusal("wire.malformed", note)
