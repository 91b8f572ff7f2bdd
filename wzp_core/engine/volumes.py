"""How loud each person is heard."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.session.state import GUEST, LOUDEST_PERCENT, Volume

_MOST: Final = 4000  # people whose volume is not the usual one: contacts on disk and strangers
_USUAL: Final = Volume()


class Volumes:
    """By fingerprint, or by `Participant.key` for guests; a volume is remembered, muting ends with the conversation."""

    def __init__(self) -> None:
        self._set: dict[str, Volume] = {}  # those that are not the usual one, the latest last

    def of(self, who: str) -> Volume:
        return self._set.get(who, _USUAL)

    def change(self, who: str, *, percent: int | None = None, muted: bool | None = None) -> None:
        """None leaves that as it is. Raises LocalMisuse(BAD_VALUE) beyond 0…200 %."""
        volume = self.of(who)
        volume = replace(
            volume,
            percent=volume.percent if percent is None else percent,
            muted=volume.muted if muted is None else muted,
        )
        if not 0 <= volume.percent <= LOUDEST_PERCENT:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="volume", percent=percent)
        self._put(who, volume)

    def remember(self, who: str, percent: int) -> None:
        """What was kept on disk; a value that cannot be is passed over."""
        if 0 <= percent <= LOUDEST_PERCENT:
            self._put(who, Volume(percent=percent))

    def forget_guests(self, *, but: Collection[str] = ()) -> None:
        """Of guests who left: their streams are given to others."""
        for who in [who for who in self._set if who.startswith(GUEST) and who not in but]:
            del self._set[who]

    def conversation_over(self) -> None:
        """Muting ends."""
        self.forget_guests()
        for who, volume in list(self._set.items()):
            self._put(who, replace(volume, muted=False))

    def _put(self, who: str, volume: Volume) -> None:
        self._set.pop(who, None)
        if volume != _USUAL:
            self._set[who] = volume
        if len(self._set) > _MOST:
            del self._set[next(iter(self._set))]
