"""Which port a router that counts gave, or will give, to a destination of which nobody told us (calls.md §7.3)."""

from typing import Final

MOST_PREDICTED: Final = 48
RUNGS: Final = 12


def predicted_ports(seen: tuple[int, ...], delta: int, count: int = MOST_PREDICTED) -> tuple[int, ...]:
    """Likeliest first, in steps of `delta` around what several servers saw, oldest first.

    Whoever sends to us before it asks the servers has a port shortly before the first they saw; whoever asks first gets
    one shortly after the last. Other connections through the same router take ports in between.
    """
    if not seen:
        return ()
    ports: dict[int, None] = {}
    for step in range(1, count // 2 + 1):
        ports[(seen[-1] + delta * step) % 65_536] = None
        ports[(seen[0] - delta * step) % 65_536] = None
    return tuple(port for port in ports if port)


def rungs(port: int, delta: int, count: int = RUNGS) -> tuple[int, ...]:
    """The ports that the next connections after the one at `port` get, where nobody else opens any.

    Two routers that count meet on them: what each side sends to the other's rung leaves by its own rung of that number.
    """
    return tuple(rung for step in range(1, count + 1) if (rung := (port + delta * step) % 65_536))
