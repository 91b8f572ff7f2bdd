"""Wrapping arithmetic on 16-bit sequence numbers (RFC 1982, RFC 3711 §3.3.1)."""

_MODULUS = 1 << 16
_HALF = 1 << 15


def distance(start: int, end: int) -> int:
    """How far `end` is ahead of `start`: -32768…32767."""
    return (end - start + _HALF) % _MODULUS - _HALF


def before(a: int, b: int) -> bool:
    """Whether `a` comes before `b`: 0 < b - a < 0x8000."""
    return 0 < (b - a) % _MODULUS < _HALF


def following(sequence: int) -> int:
    return (sequence + 1) % _MODULUS


def extend(sequence: int, last: int) -> int:
    """The unwrapped number nearest to `last`, an unwrapped number itself; may be negative just after the start."""
    return last + distance(last % _MODULUS, sequence)
