"""A list that many know already: what of it is news to whom."""

from collections import deque
from collections.abc import Iterable

from wzp_core.protocol.signal.presence import PresenceChange, PresenceList, PresenceUser

_SIGNAL_COST = 20  # entries of a list that cost as much as a signal does in itself
_MOST_REMEMBERED = 5000  # changes; whoever has missed more gets the list


class Parts:
    """One version of the list for newcomers, the same parts for all of them: on a narrow line a call that comes after
    the whole list would come many seconds late.
    """

    def __init__(self, users: tuple[PresenceUser, ...], version: int) -> None:
        self.users, self.version = users, version
        self._parts: dict[tuple[int, int], PresenceList | PresenceChange] = {}

    def part(self, start: int, size: int) -> PresenceList | PresenceChange:
        part = self._parts.get((start, size))
        if part is None:
            users = self.users[start : start + size]
            part = self._parts[start, size] = PresenceChange(came=users) if start else PresenceList(users=users)
        return part


class Roster:
    """The users of a relay, in versions that are counted up."""

    def __init__(self) -> None:
        self._users: dict[str, PresenceUser] = {}
        self._list = PresenceList(users=())
        self.parts = Parts((), 0)
        self._changed: deque[tuple[int, str]] = deque(maxlen=_MOST_REMEMBERED)  # version, whose entry is another in it
        self._changes: dict[int, PresenceChange] = {}  # since a version, until there is a new one
        self.version = 0

    def publish(self, users: Iterable[PresenceUser]) -> None:
        """The list as it is now; a new version where it differs."""
        now = {user.fingerprint: user for user in users}
        different = [who for who, user in now.items() if self._users.get(who) != user]
        different += [who for who in self._users if who not in now]
        if not different:
            return
        self.version += 1
        self._changed.extend((self.version, who) for who in different)
        self._users, self._list, self._changes = now, PresenceList(users=tuple(now.values())), {}
        self.parts = Parts(self._list.users, self.version)

    def news(self, known: int | None) -> PresenceList | PresenceChange:
        """For somebody who knows a version, or none; the list where that is shorter or what was missed is forgotten."""
        oldest = self._changed[0][0] if len(self._changed) == _MOST_REMEMBERED else 0
        if known is None or known < oldest:
            return self._list
        change = self._changes.get(known)
        if change is None:
            change = self._changes[known] = self._since(known)
        return change if len(change.came) + len(change.left) < len(self._users) else self._list

    def cost(self, known: int | None) -> int:
        """Of the news, in entries of a list."""
        news = self.news(known)
        if isinstance(news, PresenceChange):
            return _SIGNAL_COST + len(news.came) + len(news.left)
        return len(news.users)

    def _since(self, known: int) -> PresenceChange:
        who: dict[str, None] = {}
        for version, each in reversed(self._changed):
            if version <= known:
                break
            who[each] = None
        came = tuple(self._users[each] for each in who if each in self._users)
        return PresenceChange(came=came, left=tuple(each for each in who if each not in self._users))
