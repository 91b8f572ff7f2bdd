"""The picture of a fingerprint (desktop.md §6)."""

import colorsys
from dataclasses import dataclass
from typing import TypeAlias

SIDE = 5
RADIUS = 0.12
"""Corner radius as a share of the picture's size."""

Rgb: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Identicon:
    """Five rows of five cells, mirrored left to right, in two colours."""

    cells: tuple[tuple[bool, ...], ...]
    background: Rgb
    foreground: Rgb


def identicon(fingerprint: str) -> Identicon:
    """The picture; text without hex digits gives the picture of zeros."""
    digits = "".join(char for char in fingerprint.lower() if char in "0123456789abcdef")
    raw = bytes.fromhex(digits[: len(digits) // 2 * 2]).ljust(16, b"\0")
    return Identicon(
        cells=tuple(tuple(_is_on(raw, x, y) for x in range(SIDE)) for y in range(SIDE)),
        background=_rgb(raw[0] * 360 / 256, 0.65, 0.35),
        foreground=_rgb((raw[1] * 360 / 256 + 120) % 360, 0.70, 0.55),
    )


def _is_on(raw: bytes, x: int, y: int) -> bool:
    mirrored = min(x, SIDE - 1 - x)
    return raw[(2 + 3 * y + mirrored) % len(raw)] > 128


def _rgb(hue_deg: float, saturation: float, lightness: float) -> Rgb:
    red, green, blue = colorsys.hls_to_rgb(hue_deg / 360, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
