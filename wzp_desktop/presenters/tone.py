"""How good or bad a message is: the view picks colour and icon, never the meaning."""

from enum import Enum


class Tone(Enum):
    NEUTRAL = "neutral"
    ACCENT = "accent"
    GOOD = "good"
    WARNING = "warning"
    DANGER = "danger"
