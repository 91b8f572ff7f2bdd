"""The colours of both themes, by what they are for, and the contrast between them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """`on_x` is text on a ground of colour x; `x_soft` is a quiet ground under text of colour x."""

    dark: bool
    window: str
    surface: str
    raised: str  # fields, list rows under the pointer, quiet buttons
    line: str  # hairlines between things; carries no meaning
    outline: str  # borders of controls
    text: str
    muted: str
    accent: str
    accent_fill: str  # ground of the main button
    accent_strong: str  # the same under the pointer
    on_accent: str
    accent_soft: str
    good: str
    good_soft: str
    warning: str
    warning_soft: str
    danger: str
    danger_fill: str
    danger_strong: str
    on_danger: str
    danger_soft: str


LIGHT = Palette(
    dark=False,
    window="#f5f6fa",
    surface="#ffffff",
    raised="#e9ecf4",
    line="#dcdfea",
    outline="#7c8498",
    text="#171a24",
    muted="#555d72",
    accent="#4a4fd0",
    accent_fill="#4a4fd0",
    accent_strong="#3c40b4",
    on_accent="#ffffff",
    accent_soft="#e9eafb",
    good="#11693d",
    good_soft="#dff3e7",
    warning="#7d4e00",
    warning_soft="#fcefd2",
    danger="#b3261e",
    danger_fill="#b3261e",
    danger_strong="#931d17",
    on_danger="#ffffff",
    danger_soft="#fbe6e4",
)
DARK = Palette(
    dark=True,
    window="#11131a",
    surface="#1a1d27",
    raised="#242836",
    line="#2d3242",
    outline="#717a93",
    text="#edf0f7",
    muted="#a5adc1",
    accent="#9aa0ff",
    accent_fill="#5a5fdd",
    accent_strong="#4d52cc",
    on_accent="#ffffff",
    accent_soft="#292c4d",
    good="#6fd9a2",
    good_soft="#17352a",
    warning="#f3c566",
    warning_soft="#3a2f17",
    danger="#ff9389",
    danger_fill="#c03a33",
    danger_strong="#a92f29",
    on_danger="#ffffff",
    danger_soft="#43201f",
)


def chosen_palette(theme: str, system_is_dark: bool) -> Palette:
    """The palette of the setting `theme`: system, light or dark."""
    return DARK if theme == "dark" or (theme == "system" and system_is_dark) else LIGHT


def tokens(palette: Palette) -> dict[str, str]:
    """The colours by name, as the style sheet's template wants them."""
    return {spec.name: getattr(palette, spec.name) for spec in fields(palette) if spec.name != "dark"}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two `#rrggbb` colours (WCAG 2.1, 1.4.3)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.03928 else float(((channel + 0.055) / 1.055) ** 2.4)
