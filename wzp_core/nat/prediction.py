"""Which port a router that counts will give the next destination (calls.md §7.3)."""

from typing import Final

MOST_PREDICTED: Final = 48
_BEHIND: Final = 2  # steps; the last observation may already be older than the last mapping

_FIRST_PORT = 1


def predicted_ports(last: int, delta: int, count: int = MOST_PREDICTED) -> tuple[int, ...]:
    """Likeliest first: the next ports in steps of `delta`, then those that other traffic shifts in between.

    Other connections through the same router take ports too, so that the window reaches far ahead and little behind.
    """
    if delta == 0:
        return (last,)
    ports: dict[int, None] = {}
    step = 1 if delta > 0 else -1
    for ahead in range(1, count + 1):
        ports[(last + delta * ahead) % 65_536] = None
        if len(ports) >= count - _BEHIND * abs(delta):
            break
    for near in range(_BEHIND * abs(delta)):
        ports[(last - step * near) % 65_536] = None
    return tuple(port for port in ports if port >= _FIRST_PORT)[:count]
