"""Asks a process of its own which sound devices there are, and watches for better ones than those in use."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Final

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io import sound_names

_LIMIT_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.2
_LAST_PAUSE_S: Final = 5.0
_PAUSE_GROWTH: Final = 1.1  # 0.2 s at first, 5 s after a minute: one look costs 0.1 s of a core
_FOLLOWS_BY_ITSELF: Final = sys.platform == "linux"  # sound servers move streams; bare ALSA has no choice to follow


@dataclass(frozen=True, slots=True)
class Found:
    """What the machine has now; the first of each pair is about inputs."""

    names: tuple[tuple[str, ...], tuple[str, ...]]
    choice: tuple[str, str]  # the system's; empty where there is none
    opens: tuple[str, str]  # the device that could be opened; empty where none could, or was not asked for


def can_look() -> bool:
    """A packaged program has no interpreter to start."""
    return not getattr(sys, "frozen", False)


async def look(wanted: dict[str, str] | None = None) -> Found:
    """Takes about 0.15 s. `wanted`: side to name (empty for the system's choice) of what is opened for a moment.

    Raises Unavailable(NO_DEVICE) where PortAudio is missing, breaks, or does not answer within 5 s.
    """
    asked = [f"{side}={name}" for side, name in (wanted or {}).items()]
    process = subprocess.Popen(  # noqa: ASYNC220, S603  (starting it takes 1 ms; it is awaited in a thread)
        [sys.executable, "-P", sound_names.__file__, *asked],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    waiting = asyncio.ensure_future(asyncio.to_thread(process.communicate))
    try:
        async with asyncio.timeout(_LIMIT_S):
            output, _ = await asyncio.shield(waiting)
        return _found(json.loads(output))
    except (TimeoutError, ValueError, KeyError) as error:
        raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio", looked_up=False) from error
    finally:
        process.kill()  # harmless where it ended
        await asyncio.wait([waiting])


def _found(answer: dict[str, Any]) -> Found:
    first, second = sound_names.SIDES
    names, choice, opens = answer["names"], answer["choice"], answer["opens"]
    return Found(
        names=(tuple(names[first]), tuple(names[second])),
        choice=(choice[first], choice[second]),
        opens=(opens.get(first, ""), opens.get(second, "")),
    )


async def until_better(wanted: tuple[str, str], in_use: tuple[str | None, str | None]) -> str:
    """Returns why opening again would be better; never, where that cannot be known.

    `wanted`: names in the settings, empty for the system's choice; `in_use`: what was opened, None for a missing side.
    """
    missing = {side: name for side, name, used in zip(sound_names.SIDES, wanted, in_use, strict=True) if used is None}
    follows = not _FOLLOWS_BY_ITSELF and "" in wanted
    if not can_look() or not (missing or follows):
        await asyncio.get_running_loop().create_future()
    pause_s = _FIRST_PAUSE_S
    while True:
        await asyncio.sleep(pause_s)
        pause_s = min(_LAST_PAUSE_S, pause_s * _PAUSE_GROWTH)
        try:
            found = await look(missing)
        except Unavailable:
            continue
        if reason := better(found, wanted, in_use, follows=follows):
            return reason


def better(found: Found, wanted: tuple[str, str], in_use: tuple[str | None, str | None], *, follows: bool) -> str:
    """Why opening again would be better; empty where it would not."""
    for side, name, used, choice, opens in zip(
        sound_names.SIDES, wanted, in_use, found.choice, found.opens, strict=True
    ):
        if used is None and opens:
            return f"{side}_back"
        if follows and not name and used is not None and choice not in ("", used):
            return f"{side}_choice"
    return ""
