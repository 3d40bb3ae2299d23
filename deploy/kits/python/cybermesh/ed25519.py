"""Ed25519 verification by two rules, and which public keys are sound.

It handles public data only: nothing is constant-time.

- `holds_zip215`, for producers: s below the group order; A and R any encoding of any curve point, also y
  above the prime and the odd sign of x = 0; the equation with cofactor, [8][s]B = [8]R + [8][k]A. Alone and
  in a batch a signature gets one verdict.
- `holds_strict`, for everybody else: s below the group order; A and R curve points, neither of small order;
  the 32 bytes of R equal to the encoding of [s]B - [k]A. No second form of one signature holds.
- `key_is_sound`, for registration: the one encoding of a point of exactly the prime order.

k is the hash of R and A as they were received, by both rules.

Points are (X, Y, Z, T) with x = X/Z, y = Y/Z and T = XY/Z, on -x^2 + y^2 = 1 + d x^2 y^2 over 2^255 - 19.
"""

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def holds_zip215(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a producer's signature holds."""
    read = _read(key, message, signature)
    if read is None:
        return False
    a, r, s, k = read
    difference = _add(_combine(s, k, _negative(a)), _negative(r))
    return _is_neutral(_times_cofactor(difference))


def holds_strict(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature of a validator, administrator, operator or holder holds."""
    read = _read(key, message, signature)
    if read is None:
        return False
    a, r, s, k = read
    if _is_neutral(_times_cofactor(a)) or _is_neutral(_times_cofactor(r)):
        return False
    return _encode(_combine(s, k, _negative(a))) == signature[:32]


def key_is_sound(key: bytes) -> bool:
    """Whether a key may be registered: canonical, on the curve, not of small order, without torsion."""
    point = _decode(key)
    if point is None or _encode(point) != key or _is_neutral(_times_cofactor(point)):
        return False
    return _is_neutral(_multiply(ORDER, point))


def _read(key: bytes, message: bytes, signature: bytes):
    """A, R, s and k, or None where a length, s or an encoding is wrong."""
    if len(key) != 32 or len(signature) != 64:
        return None
    s = int.from_bytes(signature[32:], "little")
    a, r = _decode(key), _decode(signature[:32])
    if s >= ORDER or a is None or r is None:
        return None
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    return a, r, s, int.from_bytes(digest, "little") % ORDER


def _decode(data: bytes):
    """The point of an encoding, canonical or not; None when no point has this y."""
    if len(data) != 32:
        return None
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    # v is never zero, because -1/d is no square.
    square = u * pow(v, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_ONE % P
    if x * x % P != square:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def _encode(point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(one, other):
    # The complete formula: it holds for equal, opposite and small-order points as well.
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _double(point):
    x, y, z, _ = point
    a, b, c = x * x % P, y * y % P, 2 * z * z % P
    e, g = (x + y) * (x + y) - a - b, b - a
    f, h = g - c, -a - b
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _negative(point):
    x, y, z, t = point
    return (-x % P, y, z, -t % P)


def _is_neutral(point) -> bool:
    x, y, z, _ = point
    return x % P == 0 and (y - z) % P == 0


def _times_cofactor(point):
    return _double(_double(_double(point)))


def _multiply(scalar: int, point):
    return _combine(0, scalar, point)


BASE = _decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def _combine(s: int, k: int, point):
    """[s]B + [k]point, both from the highest bit on."""
    sums = (None, BASE, point, _add(BASE, point))
    total = NEUTRAL
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        total = _double(total)
        chosen = sums[(s >> bit & 1) | (k >> bit & 1) << 1]
        if chosen is not None:
            total = _add(total, chosen)
    return total
