"""Meeting at a port that nobody can foresee: many sockets on one side, many guesses on the other (decisions.md 6)."""

from dataclasses import dataclass
from typing import Final

LOWEST_PORT: Final = 1024
HIGHEST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Stage:
    """`sockets` behind the random router each open one port towards the peer, who guesses `guesses` of them."""

    sockets: int
    guesses: int
    interval_s: float  # between two guesses


FIRST: Final = Stage(32, 128, 0.005)  # light probes may come faster than the handshakes of older builds
SECOND: Final = Stage(256, 1024, 0.0025)


def guesses(entropy: bytes, count: int) -> tuple[int, ...]:
    """Different random ports from 4 bytes of chance each; `count` of them where the chance suffices."""
    span = HIGHEST_PORT - LOWEST_PORT + 1
    numbers = (int.from_bytes(entropy[place : place + 4], "big") for place in range(0, len(entropy) - 3, 4))
    return tuple(dict.fromkeys(LOWEST_PORT + number % span for number in numbers))[:count]
