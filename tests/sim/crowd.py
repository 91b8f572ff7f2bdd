"""A crowd that tries everything a client can try against a relay, in an order that a seed decides."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from tests.sim.enemy import acknowledge_nothing, first_flight, joined, registered, send_with_a_gap, somebody
from tests.sim.honest import ANN, BEN, CALL, RELAY, ROOM, offer, packet
from tests.sim.world import RELAY_IP, Stage
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.errors import WzpError
from wzp_core.io.link import QuicLink
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.ports import Address
from wzp_core.protocol.ids import CallId, call_room
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    DirectCallAnswer,
    Hangup,
    HangupReason,
    MuteState,
    SasCommit,
)
from wzp_core.protocol.signal.federation import FederationHello, GlobalRoomActive, SessionForward
from wzp_core.protocol.signal.framing import frame
from wzp_core.protocol.signal.path import CandidateUpdate, Reflect
from wzp_core.protocol.signal.presence import Ping, PresenceUpdate, RegisterPresence, RouteQuery

_ATTACK_LIMIT_S = 45.0
_OVERHEARD = 200


class Crowd:
    """They come from forty addresses of their own, and from whichever they like to forge."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        self.tried: Counter[str] = Counter()
        self.only = ATTACKS
        self._overheard: deque[tuple[bytes, Address]] = deque(maxlen=_OVERHEARD)
        self._identities = 0
        self._initials = [first_flight(self.chance, RELAY) for _ in range(64)]

    async def besiege(self, seconds: float, *, at_once: int = 3) -> None:
        """As many attacks at any time."""
        self.stage.internet.tap = self._overhear
        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(self._one_after_the_other(asyncio.get_running_loop().time() + seconds))
        self.stage.internet.tap = None

    async def _one_after_the_other(self, ends: float) -> None:
        while asyncio.get_running_loop().time() < ends:
            attack = self.chance.choice(self.only)
            self.tried[attack.__name__] += 1
            with suppress(WzpError, TimeoutError):
                async with asyncio.timeout(_ATTACK_LIMIT_S):
                    await attack(self)
            await asyncio.sleep(2 * self.chance.random())

    def _overhear(self, source: str, target: str, data: bytes) -> bytes:
        """Somebody listens on the line of the honest ones."""
        if target == RELAY_IP and source.startswith("198.51.100."):
            port = next(at[1] for at in self.stage.internet._sockets if at[0] == source)
            self._overheard.append((data, (source, port)))
        return data

    # --- what attacks are made of ------------------------------------------------------------------------------

    @asynccontextmanager
    async def client(self) -> AsyncIterator[QuicEndpoint]:
        host = self.stage.internet.host(f"192.0.2.{self.chance.randrange(100, 140)}")
        async with open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint:
            yield endpoint

    def nobody(self) -> Identity:
        """A new one, or one of before."""
        self._identities += self.chance.random() < 0.7
        return somebody(5000 + self.chance.randrange(self._identities + 1))

    def throw(self, data: bytes, source: Address | None = None) -> None:
        """One datagram, by default from a forged address."""
        forged = f"203.0.113.{self.chance.randrange(10, 250)}", self.chance.randrange(1024, 65_536)
        self.stage.internet.carry(data, source or forged, RELAY)

    def initial(self) -> bytes:
        return self.chance.choice(self._initials)

    def overheard(self) -> tuple[bytes, Address]:
        return self.chance.choice(self._overheard) if self._overheard else (bytes([0x40] * 40), ("198.51.100.1", 9))

    def guess(self) -> CallId:
        """Right, or nearly."""
        letters = list(CALL)
        for _ in range(self.chance.randrange(3)):
            letters[self.chance.randrange(len(letters))] = self.chance.choice("0123456789abcdef")
        return CallId("".join(letters))

    def mangled(self, data: bytes) -> bytes:
        """Truncated, or with a few bits turned."""
        if self.chance.random() < 0.5:
            return data[: self.chance.randrange(1, len(data) + 1)]
        changed = bytearray(data)
        for _ in range(self.chance.randrange(1, 4)):
            changed[self.chance.randrange(len(changed))] ^= 1 << self.chance.randrange(8)
        return bytes(changed)


# --- without a connection --------------------------------------------------------------------------------------


async def flood_of_forged_handshakes(crowd: Crowd) -> None:
    for number in range(300):
        crowd.throw(crowd.initial())
        if number % 30 == 0:
            await asyncio.sleep(0.1)


async def flood_of_noise(crowd: Crowd) -> None:
    for number in range(600):
        data = bytearray(crowd.chance.randbytes(crowd.chance.choice((1, 8, 21, 30, 60, 1200))))
        data[0] = crowd.chance.choice((data[0], data[0] | 0xC0, 0x40 | data[0] & 0x3F))
        crowd.throw(bytes(data))
        if number % 60 == 0:
            await asyncio.sleep(0.1)


async def replays_and_forgeries_of_what_the_honest_send(crowd: Crowd) -> None:
    for number in range(400):
        data, source = crowd.overheard()
        crowd.throw(data if number % 2 else crowd.mangled(data), source if number % 3 else None)
        if number % 40 == 0:
            await asyncio.sleep(0.1)


async def packets_of_no_connection(crowd: Crowd) -> None:
    for number in range(300):
        crowd.throw(b"\x40" + crowd.chance.randbytes(crowd.chance.randrange(20, 60)))
        if number % 30 == 0:
            await asyncio.sleep(0.1)


# --- handshakes and links ----------------------------------------------------------------------------------------


async def handshakes_that_nobody_finishes(crowd: Crowd) -> None:
    source = f"192.0.2.{crowd.chance.randrange(100, 140)}"
    for number in range(60):
        crowd.throw(crowd.initial(), (source, 2000 + number))
        await asyncio.sleep(0.02)


async def links_that_say_nothing(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        links = [
            await endpoint.dial(RELAY, crowd.chance.choice(("_signal", ROOM, "ping", "version"))) for _ in range(3)
        ]
        await links[0].wait_closed()


async def every_other_door(crowd: Crowd) -> None:
    for name in ("_probe", "_relay", "_federation", "_succession", "localhost", "_x", "call-", "a.b", "x" * 63, ""):
        async with crowd.client() as endpoint:
            with suppress(WzpError):
                link = await endpoint.dial(RELAY, name, timeout_s=2)
                for message in (
                    FederationHello(tls_fingerprint=":".join(["ab"] * 32)),
                    PresenceUpdate(fingerprints=(ANN.fingerprint,), relay_addr="192.0.2.1:1"),
                    RouteQuery(fingerprint=ANN.fingerprint, ttl=255),
                    GlobalRoomActive(room=ROOM),
                    SessionForward(session_id="x", target_fingerprint=ANN.fingerprint, source_relay="y"),
                ):
                    link.send_signal(message)
                await asyncio.sleep(0.2)
                link.close()


# --- bad peers -----------------------------------------------------------------------------------------------------


async def streams_with_a_gap(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await registered(endpoint, RELAY, crowd.nobody())
        send_with_a_gap(link, crowd.chance.randbytes(100_000))
        await link.wait_closed()


async def streams_that_end_never_or_early(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await registered(endpoint, RELAY, crowd.nobody())
        for _ in range(40):
            stream = link.connection.get_next_available_stream_id(is_unidirectional=crowd.chance.random() < 0.2)
            length = crowd.chance.choice((0, 1, 100, 1 << 20, 1 << 31)).to_bytes(4, "big")
            ends = crowd.chance.random() < 0.3
            link.connection.send_stream_data(stream, length + crowd.chance.randbytes(30), end_stream=ends)
        link.probe()
        await asyncio.sleep(crowd.chance.choice((1, 40)))


async def signals_of_any_shape(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await registered(endpoint, RELAY, crowd.nobody())
        for text in (b"{", b"null", b"[]", b'"Nothing"', b'{"Ping":{"timestamp_ms":-1}}', b"\xff", b"[" * 5000):
            _say(link, text)
        _say(link, b'{"Ping":{"timestamp_ms":1}}' + b" " * 200_000)
        for _ in range(20):
            _say(link, crowd.mangled(b'{"Hangup":{"reason":"Normal","call_id":"%s"}}' % CALL.encode()))
        await asyncio.sleep(1)


def _say(link: QuicLink, text: bytes) -> None:
    link.connection.send_stream_data(link.connection.get_next_available_stream_id(), frame(text), end_stream=True)
    link.probe()


async def a_flood_of_signals(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await registered(endpoint, RELAY, crowd.nobody())
        for number in range(400):
            link.send_signal(crowd.chance.choice((Ping(timestamp_ms=number), Reflect())))
            if number % 50 == 0:
                await asyncio.sleep(0.1)


async def a_member_that_acknowledges_nothing(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await joined(endpoint, RELAY, ROOM, crowd.nobody())
        acknowledge_nothing(link)
        await link.wait_closed()


async def a_member_that_falls_silent(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        await joined(endpoint, RELAY, ROOM, crowd.nobody())
        endpoint._sockets.main.send_raw = lambda data, address: None  # type: ignore[method-assign]


async def a_member_that_moves_to_forged_addresses(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await joined(endpoint, RELAY, ROOM, crowd.nobody())
        udp = endpoint._sockets.main._udp
        at_home = udp.local_address
        for number in range(12):
            udp.local_address = (f"203.0.113.{10 + number}", 4000 + number)  # type: ignore[misc]
            link.probe()
            await asyncio.sleep(0.3)
        udp.local_address = at_home  # type: ignore[misc]


# --- lying peers -----------------------------------------------------------------------------------------------------


async def members_that_speak_as_others(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        link = await joined(endpoint, RELAY, ROOM, crowd.nobody())
        for number in range(300):
            stream = crowd.chance.randrange(256)
            data = packet(stream, 1 << 60 | number)
            link.send_media(data if number % 2 else crowd.mangled(data))
            await asyncio.sleep(0.005)


async def strangers_in_the_room_of_a_call(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        for room in (call_room(CALL), call_room(CALL).upper(), f"call-{crowd.guess()}", f"call-{call_room(CALL)}"):
            with suppress(WzpError):
                link = await endpoint.dial(RELAY, room, timeout_s=2)
                link.send_signal(call_offer(crowd.nobody(), ephemeral_secret=bytes(range(32)), stream_id=2))
                await link.receive_signal()
                for number in range(20):
                    link.send_media(packet(2, 1 << 59 | number))


async def strangers_in_the_honest_ones_names(crowd: Crowd) -> None:
    victim = crowd.chance.choice((ANN, BEN))
    for registration in (
        RegisterPresence(identity_pub=victim.public_key, signature=b"", alias="it is me"),
        replace(register_presence(victim), signature=crowd.chance.randbytes(64)),
        RegisterPresence(identity_pub=victim.public_key, signature=bytes(65), alias=None),
    ):
        async with crowd.client() as endpoint:
            with suppress(WzpError):
                link = await endpoint.dial(RELAY, "_signal", timeout_s=2)
                link.send_signal(registration)
                link.send_signal(Hangup(reason=HangupReason.NORMAL, call_id=CALL))
                await link.receive_signal()
                link.send_signal(Hangup(reason=HangupReason.NORMAL))
                await asyncio.sleep(0.2)
    async with crowd.client() as endpoint:
        with suppress(WzpError):
            link = await endpoint.dial(RELAY, call_room(CALL), timeout_s=2)
            link.send_signal(replace(call_offer(victim, ephemeral_secret=bytes(range(32))), signature=bytes(64)))
            await link.receive_signal()


async def guesses_at_calls(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        me = crowd.nobody()
        link = await registered(endpoint, RELAY, me)
        for _ in range(30):
            call_id = crowd.guess()
            for message in (
                Hangup(reason=HangupReason.NORMAL, call_id=call_id),
                MuteState(call_id=call_id, muted=True),
                SasCommit(call_id=call_id, commitment=crowd.chance.randbytes(32)),
                CandidateUpdate(call_id=call_id, reflexive_addr="192.0.2.1:1", local_addrs=(), generation=1),
                DirectCallAnswer(call_id=call_id, accept_mode=CallAcceptMode.REJECT),
                offer(me, ANN, call_id),
                replace(offer(me, BEN, call_id), caller_fingerprint=ANN.fingerprint),
            ):
                link.send_signal(message)
            await asyncio.sleep(0.25)


async def calls_to_the_honest_ones(crowd: Crowd) -> None:
    async with crowd.client() as endpoint:
        me = crowd.nobody()
        link = await registered(endpoint, RELAY, me)
        for number in range(30):
            link.send_signal(offer(me, crowd.chance.choice((ANN, BEN)), f"spam{number}"))
            await asyncio.sleep(0.1)


async def coming_and_going(crowd: Crowd) -> None:
    who = crowd.nobody()
    for _ in range(4):
        async with crowd.client() as endpoint:
            await registered(endpoint, RELAY, who)
            await joined(endpoint, RELAY, f"room-{crowd.chance.randrange(50)}", who)


ATTACKS: tuple[Callable[[Crowd], Awaitable[None]], ...] = (
    flood_of_forged_handshakes,
    flood_of_noise,
    replays_and_forgeries_of_what_the_honest_send,
    packets_of_no_connection,
    handshakes_that_nobody_finishes,
    links_that_say_nothing,
    every_other_door,
    streams_with_a_gap,
    streams_that_end_never_or_early,
    signals_of_any_shape,
    a_flood_of_signals,
    a_member_that_acknowledges_nothing,
    a_member_that_falls_silent,
    a_member_that_moves_to_forged_addresses,
    members_that_speak_as_others,
    strangers_in_the_room_of_a_call,
    strangers_in_the_honest_ones_names,
    guesses_at_calls,
    calls_to_the_honest_ones,
    coming_and_going,
)
