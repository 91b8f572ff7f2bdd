"""Several relays' federations with links between them, each signal delivered when the test says so."""

from collections import deque
from dataclasses import dataclass, field

from relay.decide.effects import ConnectionId, Deliver
from relay.decide.federation import Federation
from relay.decide.ingress import Seen
from relay.decide.rooms import RoomName
from wzp_core.crypto.rooms import federation_tag
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint, parse_tls_fingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.federation import GlobalRoomActive, GlobalRoomInactive
from wzp_core.protocol.signal.room import RoomParticipant

ROOM = RoomName("general")


def key(number: int) -> TlsFingerprint:
    return parse_tls_fingerprint(f"{number + 1:02x}" * 32)


def person(number: int) -> Fingerprint:
    return Fingerprint(":".join([f"{number:04x}"] * 8))


@dataclass
class Node:
    number: int
    members: dict[Fingerprint, RoomParticipant] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self.federation = Federation(key(self.number), [ROOM], lambda room: tuple(self.members.values()))


@dataclass
class World:
    """Relays by number; link (a, b) is known at a by the number of b."""

    size: int
    now: float = 0.0
    on_the_way: dict[tuple[int, int], deque[SignalMessage]] = field(default_factory=dict)
    delivered: int = 0
    in_vain: int = 0  # copies of packets that a relay threw away

    def __post_init__(self) -> None:
        self.nodes = [Node(number) for number in range(self.size)]

    def link(self, a: int, b: int) -> None:
        if (a, b) in self.on_the_way or a == b:
            return
        for one, other in ((a, b), (b, a)):
            self.on_the_way[one, other] = deque()
            self.nodes[one].federation.link_up(ConnectionId(other), key(other), f"relay {other}")

    def cut(self, a: int, b: int) -> None:
        if (a, b) not in self.on_the_way:
            return
        for one, other in ((a, b), (b, a)):
            del self.on_the_way[one, other]
            self.nodes[one].federation.link_down(ConnectionId(other))

    def join(self, node: int, who: int) -> None:
        stream_id = who % 255 + 1
        self.nodes[node].members[person(who)] = RoomParticipant(fingerprint=person(who), stream_id=stream_id)
        self.changed(node)

    def leave(self, node: int, who: int) -> None:
        if self.nodes[node].members.pop(person(who), None):
            self.changed(node)

    def changed(self, node: int) -> None:
        self.nodes[node].federation.members_changed(ROOM, occupied=bool(self.nodes[node].members))

    def speak(self, node: int) -> None:
        """The relay gives out the lists whose turn it is."""
        self.now += 0.11
        for effect in self.nodes[node].federation.updates(self.now):
            assert isinstance(effect, Deliver)
            self.on_the_way[node, effect.to].append(effect.message)

    def deliver(self, a: int, b: int) -> bool:
        """One signal from a to b."""
        queue = self.on_the_way.get((a, b))
        if not queue:
            return False
        message = queue.popleft()
        assert isinstance(message, GlobalRoomActive | GlobalRoomInactive)
        self.nodes[b].federation.hear(ConnectionId(a), message)
        self.delivered += 1
        return True

    def settle(self) -> int:
        """Until nobody has news; returns after how many signals."""
        before = self.delivered
        for _ in range(1000):
            for node in range(self.size):
                self.speak(node)
            for a, b in list(self.on_the_way):
                while self.deliver(a, b):
                    pass
            if all(node.federation.updates_due_at is None for node in self.nodes):
                return self.delivered - before
        raise AssertionError("relays never stop telling each other the same")

    def reachable(self, start: int) -> set[int]:
        found, todo = {start}, [start]
        while todo:
            here = todo.pop()
            for a, b in self.on_the_way:
                if a == here and b not in found:
                    found.add(b)
                    todo.append(b)
        return found

    def known(self, node: int) -> set[Fingerprint]:
        return {*self.nodes[node].members, *self.nodes[node].federation.guests(ROOM)}

    def hearers(self, node: int, packet: bytes) -> list[int]:
        """The relays that give a packet of a member of `node` to their own members, one entry for each time."""
        tagged, times = federation_tag(ROOM) + packet, list[int]()
        self.nodes[node].seen.is_new(tagged, self.now)
        stream_id = packet[11]
        todo = deque((node, link) for link in self.nodes[node].federation.onward(ROOM, stream_id, None))
        while todo:
            a, b = todo.popleft()
            there = self.nodes[b]
            source = ConnectionId(a)
            if not there.federation.admits(source, ROOM, stream_id) or not there.seen.is_new(tagged, self.now):
                self.in_vain += 1
                continue
            times.append(b)
            todo.extend((b, link) for link in there.federation.onward(ROOM, stream_id, source))
        return times
