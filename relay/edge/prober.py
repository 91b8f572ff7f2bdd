"""One configured relay: pinged, told who is here, and asked who is there (relay.md §10)."""

import asyncio
from contextlib import suppress

from relay.decide.probe import PING_S, RETRY_S, ProbeStats, ProbeWindow
from relay.decide.routes import patience_s
from relay.edge.endpoint import ServerEndpoint
from relay.edge.mesh_node import MeshNode
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.limits import Bucket, Rate
from wzp_core.logs import event, logger
from wzp_core.ports import Address, Link
from wzp_core.protocol.address import address_text
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.presence import Ping, Pong, PresenceUpdate, RouteQuery, RouteResponse

log = logger("relay")

SERVER_NAME = "_probe"

_ANSWERS = Rate(20.0, 80.0)  # signals of a target; one that sends more is left
_MOST_ASKED = 64  # questions under way


class Prober:
    """Keeps a link to one target, from the socket we listen on: so the target sees the address that reaches us."""

    def __init__(self, target: Address, pin: TlsFingerprint | None, endpoint: ServerEndpoint, node: MeshNode) -> None:
        self.target = address_text(target)
        self._address = target
        self._pin = pin
        self._endpoint = endpoint
        self._node = node
        self._window = ProbeWindow(self.target)
        self._link: Link | None = None
        self._questions: dict[str, asyncio.Future[RouteResponse | None]] = {}
        self._loop = asyncio.get_running_loop()

    def stats(self) -> ProbeStats:
        return self._window.stats()

    async def run(self) -> None:
        """Until cancelled; each change between up and down is logged once."""
        was_up = True
        while True:
            try:
                link = await self._endpoint.dial(self._address, SERVER_NAME, pin=self._pin, show_certificate=True)
                was_up = True
                await self._use(link)
            except WzpError as error:
                if was_up:
                    event(log, "relay:probe_down", target=self.target, error=error)
                was_up = False
            await asyncio.sleep(RETRY_S)

    async def ask(self, query: RouteQuery) -> RouteResponse | None:
        """The target's answer; None where it is down or too slow, has been there before, or has too much to answer.

        Whoever asks for somebody who is being asked for already shares the answer.
        """
        link = self._link
        if link is None or link.peer_certificate in query.visited:
            return None
        answer = self._questions.get(query.fingerprint)
        if answer is None:
            if len(self._questions) >= _MOST_ASKED:
                return None
            with suppress(Unavailable):
                link.send_signal(query)
            answer = self._questions[query.fingerprint] = self._loop.create_future()
            self._loop.call_later(patience_s(query), self._settle, query.fingerprint, answer, None)
        return await asyncio.shield(answer)

    def _settle(
        self, fingerprint: str, answer: asyncio.Future[RouteResponse | None], response: RouteResponse | None
    ) -> None:
        if self._questions.get(fingerprint) is answer:
            del self._questions[fingerprint]
            answer.set_result(response)

    async def _use(self, link: Link) -> None:
        try:
            if link.peer_certificate == self._node.own_id:
                event(log, "relay:probes_itself", target=self.target)
            self._link = link
            self._window.connected(self._loop.time())
            event(log, "relay:probe_up", target=self.target)
            await self._converse(link)
        finally:
            self._link = None
            self._window.lost()
            link.close()

    async def _converse(self, link: Link) -> None:
        """Pings and listens until the link ends or the target is silent or noisy; always raises."""
        now = self._loop.time
        bucket = Bucket(_ANSWERS, now())
        ping_at = now()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ping_at):
                    message = await link.receive_signal()
                    if not bucket.take(_ANSWERS, now()):
                        raise RemoteViolation(ErrorCode.LIMIT, what="signals per second", peer=self.target)
                    self._take(link, message)
            if now() >= ping_at:
                self._ping(link)
                ping_at = now() + PING_S

    def _ping(self, link: Link) -> None:
        now = self._loop.time()
        if self._window.is_silent(now):
            raise Unavailable(ErrorCode.TIMED_OUT, what="answers", target=self.target)
        timestamp_ms, gossips = self._window.ping(now)
        link.send_signal(Ping(timestamp_ms=timestamp_ms))
        if gossips and link.peer_certificate != self._node.own_id:
            link.send_signal(self._node.gossip(link, is_trusted=True))

    def _take(self, link: Link, message: SignalMessage) -> None:
        now = self._loop.time()
        match message:
            case Pong(timestamp_ms=timestamp_ms):
                self._window.pong(timestamp_ms, now)
            case PresenceUpdate():
                self._node.learn(link, message, now, rtt_ms=self._window.stats().rtt_ms)
            case RouteResponse(fingerprint=fingerprint):
                if (answer := self._questions.get(fingerprint)) is not None:
                    self._settle(fingerprint, answer, message)
