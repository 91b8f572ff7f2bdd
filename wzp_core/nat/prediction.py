"""Which port a router that counts gave, or will give, to a destination of which nobody told us (calls.md §7.3)."""

from typing import Final

MOST_PREDICTED: Final = 72
_STEPS: Final = 24  # up and down
_FIRST_STEPS: Final = 6  # before what lies in between is tried
_MOST_BETWEEN: Final = 16
RUNGS: Final = 12


def predicted_ports(seen: tuple[int, ...], delta: int) -> tuple[int, ...]:
    """Likeliest first: in steps of `delta` around what several servers saw, oldest first, and what lies in between.

    Whoever sends to us before it asks the servers has a port shortly before the first they saw; whoever asks first gets
    one shortly after the last; and one that was sent between two questions lies between their answers. Other
    connections through the same router take ports in between, and where one did so each time that was looked, steps of
    one look like steps of two.
    """
    if not seen:
        return ()
    steps = [delta * step for step in range(1, _STEPS + 1)]
    if abs(delta) > 1:
        steps += [step if delta > 0 else -step for step in range(1, _STEPS + 1)]
    around = [port % 65_536 for step in steps for port in (seen[-1] + step, seen[0] - step)]
    way = 1 if delta > 0 else -1
    apart = (seen[-1] - seen[0]) * way % 65_536
    between = [(seen[0] + way * step) % 65_536 for step in range(1, apart)] if apart <= _MOST_BETWEEN else []
    ports = dict.fromkeys([*around[: 2 * _FIRST_STEPS], *between, *around])
    return tuple(port for port in ports if port and port not in seen)[:MOST_PREDICTED]


def rungs(port: int, delta: int, count: int = RUNGS) -> tuple[int, ...]:
    """The ports that the next connections after the one at `port` get, where nobody else opens any.

    Two routers that count meet on them: what each side sends to the other's rung leaves by its own rung of that number.
    """
    return tuple(rung for step in range(1, count + 1) if (rung := (port + delta * step) % 65_536))
