"""Which sound devices there are now, and their stable names; also a program of its own that prints them as JSON.

PortAudio keeps the list it made when it was started, and starting it anew ends every open stream. A process of its own
sees new devices, disturbs no call, and may hang or crash with a broken driver without harm. It also tries devices
first: in PortAudio 19.6 a stream that fails to start may never come back from starting, with the library locked.
Imports nothing of wzp_core, because it is run by its path.
"""

import json
import os
import re
import sys
import threading
import time
from typing import Any, Final

SOUND_SERVERS: Final[tuple[str, ...]] = ("pipewire", "pulse")  # they mix and convert; the bare devices do neither
SIDES: Final = ("input", "output")
_TRY_LIMIT_S: Final = 0.6
_CARD: Final = re.compile(r" ?\((hw|plughw):\d+,\d+\)$")  # ALSA numbers cards in the order they are plugged in


def stable_name(name: str) -> str:
    """The name without what changes when the device is plugged in again."""
    return _CARD.sub("", name).removesuffix(":").strip()


def present(sd: Any, side: str) -> dict[str, int]:
    """Stable name to PortAudio's index; equal devices are numbered, of several interfaces to one the first counts."""
    found: dict[str, int] = {}
    first_api: dict[str, int] = {}
    for device in sd.query_devices():
        if device[f"max_{side}_channels"] <= 0:
            continue
        name = base = stable_name(str(device["name"]))
        if first_api.setdefault(base, device["hostapi"]) != device["hostapi"]:
            continue
        number = 1
        while name in found:
            number += 1
            name = f"{base} ({number})"
        found[name] = int(device["index"])
    return found


def candidates(sd: Any, side: str, wanted: str) -> list[str]:
    """Stable names to try, best first: the wanted one only, or else sound servers, PortAudio's choice, bare devices."""
    found = present(sd, side)
    if wanted:
        return [name for name in (wanted, stable_name(wanted)) if name in found][:1]
    names = [server for server in SOUND_SERVERS if server in found]
    choice = _choice(sd, side)
    names += [name for name, index in found.items() if index == choice]
    if not names or names[0] not in SOUND_SERVERS:
        names += [name for name, index in found.items() if _CARD.search(str(sd.query_devices(index)["name"]))]
    return list(dict.fromkeys(names))


def _choice(sd: Any, side: str) -> int:
    """-1 where PortAudio has none."""
    try:
        return int(sd.query_devices(kind=side)["index"])
    except (sd.PortAudioError, ValueError):
        return -1


def main(asked: list[str]) -> dict[str, Any]:
    """`asked`: "input=NAME", "output=NAME"; those are opened for a moment to see which device gives sound."""
    try:
        import sounddevice as sd
    except OSError:
        return {}
    tries = {side: _Try(sd, side, wanted) for side, _, wanted in (part.partition("=") for part in asked)}
    for trying in tries.values():
        trying.start()
    end = time.monotonic() + _TRY_LIMIT_S
    for trying in tries.values():
        trying.join(max(0.0, end - time.monotonic()))
    return {
        "names": {side: list(present(sd, side)) for side in SIDES},
        "choice": {side: next(iter(candidates(sd, side, "")), "") for side in SIDES},
        "opens": {side: trying.opened for side, trying in tries.items()},
    }


class _Try(threading.Thread):
    """Left alone where it hangs."""

    _opening = threading.Lock()  # PortAudio may start two streams at once, but not open them

    def __init__(self, sd: Any, side: str, wanted: str) -> None:
        super().__init__(daemon=True)
        self._sd, self._side, self._wanted = sd, side, wanted
        self.opened = ""

    def run(self) -> None:
        index = present(self._sd, self._side)
        for name in candidates(self._sd, self._side, self._wanted):
            if self._starts(index[name]):
                self.opened = name
                return

    def _starts(self, index: int) -> bool:
        stream_type = self._sd.RawInputStream if self._side == "input" else self._sd.RawOutputStream
        try:
            with self._opening:
                stream = stream_type(device=index, channels=1, dtype="int16", callback=_no_sound)
            stream.start()
            with self._opening:
                stream.close()
        except self._sd.PortAudioError:
            return False
        return True


def _no_sound(data: Any, *_: Any) -> None:
    """Also for a microphone, whose samples nobody reads."""
    data[:] = bytes(len(data))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
    sys.stdout.flush()
    os._exit(0)  # PortAudio's own end would wait for what hangs
