"""Keeps us registered with one relay: choose, dial, register, listen, and again when that ends."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import count

from wzp_core.crypto.handshake import register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.engine.board import Board
from wzp_core.engine.liveness import is_lost
from wzp_core.engine.relay_choice import RelayChoice
from wzp_core.engine.scope import task_scope
from wzp_core.engine.succession import has_succeeded
from wzp_core.engine.world import RelayTarget, World
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.logs import event, logger
from wzp_core.ports import Address, Endpoint, Link
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.refusal import PASSING, SHUTDOWN, refusal
from wzp_core.protocol.signal.auth import AuthToken
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.presence import RegisterPresenceAck
from wzp_core.session.registration import may_retry, retry_delay_s, return_delay_s
from wzp_core.session.state import RelayKeyChanged, RelayPhase

_DIAL_LIMIT_S = 10.0  # its first packet goes out again and again; who chooses another relay does not wait for it
_ACK_LIMIT_S = 10.0
_CHECK_INTERVAL_S = 1.0
_SHOW_CHECKS = 5
_SILENT_LIMIT_S = 4.0
_SUSPECT_LIMIT_S, _SUSPECT_RTTS = 1.0, 6.0
_STEADY_S = 1.0  # a registration that ends sooner was thrown out, not lost: another device has our identity
_OUTBOX = 32  # signals of a running call that wait for the link to come back

log = logger("signalling")


class Signalling:
    """The signal connection, as something that is always there or on its way back."""

    def __init__(
        self,
        endpoint: Endpoint,
        world: World,
        board: Board,
        *,
        identity: Callable[[], Identity],
        alias: Callable[[], str],
        choice: RelayChoice,
        on_signal: Callable[[SignalMessage], None],
        on_registered: Callable[[], None],
    ) -> None:
        self._endpoint, self._world, self._board = endpoint, world, board
        self._identity, self._alias = identity, alias
        self._on_signal, self._on_registered = on_signal, on_registered
        self._choice = choice
        self._token = ""
        self._target: RelayTarget | None = None
        self._link: Link | None = None
        self._last_address: Address | None = None
        self._outbox: deque[SignalMessage] = deque(maxlen=_OUTBOX)
        self._kicked = asyncio.Event()
        self._decision: asyncio.Future[bool] | None = None

    @property
    def is_online(self) -> bool:
        return self._link is not None

    @property
    def relay_address(self) -> Address | None:
        """Where the relay in use answers; None while there is none."""
        return self._link.remote_address if self._link is not None else self._last_address

    @property
    def relay_certificate(self) -> TlsFingerprint | None:
        """What every further connection to the relay in use must show."""
        return self._board.state.relay.fingerprint

    @property
    def relay_token(self) -> str:
        """What lets us into the relay in use; empty where it wants none."""
        return self._token

    @property
    def rtt_s(self) -> float:
        """Of the link, at most half a second; 0 while there is none."""
        return min(0.5, self._link.stats().rtt_ms / 1000) if self._link is not None else 0.0

    @property
    def first_kbit_s(self) -> float:
        """About what the way to the relay carries, as far as its first packets told."""
        return self._link.stats().first_kbit_s if self._link is not None else math.inf

    def send(self, message: SignalMessage, *, keep: bool = False) -> bool:
        """Sends now; while there is no link, `keep` holds the message back for the next one. False = not sent."""
        if self._link is not None:
            try:
                self._link.send_signal(message)
                return True
            except Unavailable as error:
                event(log, "signal:not_sent", level=logging.WARNING, error=error)
        if keep:
            self._outbox.append(message)
        return False

    def kick(self) -> None:
        """Something changed that a new registration must take up: relay, alias, identity."""
        self._kicked.set()
        self.decide(False)
        if self._link is not None:
            self._link.close("normal close")

    def choose_again(self) -> None:
        """The user's choice of relay has changed."""
        self._choice.choose_again()
        self.kick()

    def decide(self, accept: bool) -> None:
        """The user's answer to a changed relay key."""
        if self._decision is not None and not self._decision.done():
            self._decision.set_result(accept)

    async def follow(self, changed: WzpError) -> bool:
        """Whether the relay's old key named the one that it shows now, which is then the one to trust (e2e.md §6)."""
        target, trust = self._target, self._world.trust
        if target is None or target.pin is not None:
            return False
        old, new = (TlsFingerprint(str(changed.facts[key])) for key in ("expected", "got"))
        if await trust.known(target.address) != new:
            address = await self._world.resolve(target.host, target.port)
            if not await has_succeeded(self._endpoint, address, trusted=old, shown=new):
                return False
            if await trust.known(target.address) != old:
                return False  # the user has decided something else meanwhile
            await trust.remember(target.address, new)
            event(log, "relay:key_succeeded", level=logging.WARNING, address=target.address, old=old, new=new)
        if self._board.state.relay.fingerprint == old:
            self._board.set(relay=replace(self._board.state.relay, fingerprint=new))
        return True

    def suspect(self) -> None:
        """Media to the same relay just died: find out soon whether this link did too."""
        if self._link is not None:
            self._link.probe()
            limit_s = max(_SUSPECT_LIMIT_S, _SUSPECT_RTTS * self._link.stats().rtt_ms / 1000)
            asyncio.get_running_loop().call_later(limit_s, self._close_if_silent, self._link, limit_s)

    async def run(self) -> None:
        """Until cancelled."""
        async with AsyncExitStack() as own_relay:
            attempt = 0
            while True:
                self._kicked.clear()
                try:
                    target = self._target = await self._choice.target(own_relay)
                    self._show_trying(target, attempt)
                    steady = await self._registered(target)
                    attempt = 0 if steady else await self._pause(attempt)
                except WzpError as error:
                    attempt = await self._after_failure(error, attempt)

    async def _registered(self, target: RelayTarget) -> bool:
        """Returns when a registration that worked has ended: whether it lasted long enough to try again at once."""
        link = await self._connect(target)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await self._remember(target, link)
            self._token = target.token
            await self._register(link)
            if self._kicked.is_set():
                return True  # for what was true before the user's last word
            self._link, self._last_address = link, link.remote_address
            self._show_online(target, link)
            while self._outbox:
                link.send_signal(self._outbox.popleft())
            self._on_registered()
            reason = await self._listen(link)
        finally:
            self._link = None
            link.close("normal close")
        is_steady = loop.time() - began >= _STEADY_S
        self._board.set(relay=replace(self._board.state.relay, phase=RelayPhase.RECONNECTING, rtt_ms=None))
        if reason == SHUTDOWN:
            others = sum(not person.relay_label for person in self._board.state.present)
            await self._kicked_within(return_delay_s(others, self._chance()))
        return is_steady

    async def _listen(self, link: Link) -> str:
        """Until the link ends; returns why."""
        async with task_scope() as tasks:
            tasks.create_task(self._watch(link), name="relay check")
            try:
                while True:
                    self._on_signal(await link.receive_signal())
            except Unavailable as ended:
                event(log, "relay:lost", error=ended)
                return str(ended.facts.get("reason"))

    async def _connect(self, target: RelayTarget) -> Link:
        address = await self._world.resolve(target.host, target.port)
        pin = target.pin or await self._world.trust.known(target.address)
        async with self._unless_kicked():
            return await self._endpoint.dial(address, "_signal", pin=pin, timeout_s=_DIAL_LIMIT_S)

    @asynccontextmanager
    async def _unless_kicked(self) -> AsyncIterator[None]:
        """Breaks the block off when the user has chosen something else; raises Unavailable(UNREACHABLE) then."""
        async with task_scope() as tasks:
            try:
                async with asyncio.timeout(None) as limit:
                    tasks.create_task(self._when_kicked(lambda: limit.reschedule(0.0)), name="kick")
                    yield
            except TimeoutError:
                raise Unavailable(ErrorCode.UNREACHABLE, reason="given up") from None

    async def _when_kicked(self, act: Callable[[], None]) -> None:
        await self._kicked.wait()
        act()

    async def _remember(self, target: RelayTarget, link: Link) -> None:
        """Trust on first use."""
        certificate = link.peer_certificate
        if target.pin is None and certificate is not None and await self._world.trust.known(target.address) is None:
            await self._world.trust.remember(target.address, certificate)

    async def _register(self, link: Link) -> None:
        if self._token:
            link.send_signal(AuthToken(token=self._token))
        link.send_signal(register_presence(self._identity(), alias=self._alias() or None, takes_changes=True))
        try:
            async with asyncio.timeout(_ACK_LIMIT_S):
                ack = await link.receive_signal()
        except TimeoutError:
            raise Unavailable(ErrorCode.TIMED_OUT, what="registration") from None
        if isinstance(ack, RegisterPresenceAck) and ack.error == ErrorCode.LIMIT.value:
            raise Unavailable(ErrorCode.LIMIT, what="registrations")  # which passes
        if not isinstance(ack, RegisterPresenceAck) or not ack.success:
            error = getattr(ack, "error", None)
            code = refusal(error)
            if code in PASSING:
                raise Unavailable(code)
            raise RemoteViolation(code or ErrorCode.REGISTRATION_REFUSED, error=error)

    async def _watch(self, link: Link) -> None:
        for check in count(1):
            await asyncio.sleep(_CHECK_INTERVAL_S)
            if is_lost(link, _SILENT_LIMIT_S):
                link.close("silent")
            if check % _SHOW_CHECKS == 0:
                self._show_round_trip(link)

    def _show_round_trip(self, link: Link) -> None:
        self._board.set(relay=replace(self._board.state.relay, rtt_ms=round(link.stats().rtt_ms, 1)))

    def _close_if_silent(self, link: Link, limit_s: float) -> None:
        if not link.closed and link.stats().silent_s > limit_s / 2:
            link.close("silent")

    async def _after_failure(self, error: WzpError, attempt: int) -> int:
        """Waits as long as the failure asks for; returns the number of the next attempt."""
        relay = self._board.state.relay
        event(log, "relay:failed", level=logging.WARNING, address=relay.address, attempt=attempt, error=error)
        if error.code is ErrorCode.RELAY_KEY_CHANGED and (await self.follow(error) or await self._ask_about_key(error)):
            return 0
        self._board.set(relay=replace(relay, phase=RelayPhase.FAILED, error=error.code, rtt_ms=None), present=())
        if not may_retry(error):
            await self._kicked.wait()
            return 0
        return await self._pause(attempt)

    async def _pause(self, attempt: int) -> int:
        return 0 if await self._kicked_within(retry_delay_s(attempt, self._chance())) else attempt + 1

    async def _kicked_within(self, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s):
                return await self._kicked.wait()
        except TimeoutError:
            return False

    def _chance(self) -> float:
        return self._world.entropy(1)[0] / 255

    async def _ask_about_key(self, error: WzpError) -> bool:
        """Nothing is sent to the relay before the user has answered (e2e.md §6)."""
        address = self._board.state.relay.address
        new = TlsFingerprint(str(error.facts["got"]))
        question = RelayKeyChanged(address=address, old=TlsFingerprint(str(error.facts["expected"])), new=new)
        self._decision = asyncio.get_running_loop().create_future()
        self._board.set(
            trust=question, relay=replace(self._board.state.relay, phase=RelayPhase.FAILED, error=error.code)
        )
        accepted = await self._decision
        self._decision = None
        if self._board.state.trust == question:
            self._board.set(trust=None)
        if accepted:
            await self._world.trust.remember(address, new)
        return accepted

    def _show_trying(self, target: RelayTarget, attempt: int) -> None:
        again = self._board.state.relay.phase in (RelayPhase.RECONNECTING, RelayPhase.FAILED) and attempt > 0
        relay = replace(
            self._board.state.relay,
            phase=RelayPhase.RECONNECTING if again else RelayPhase.CONNECTING,
            name=target.name,
            address=target.address,
            embedded=target.embedded,
            error=self._board.state.relay.error if again else None,  # why, until one attempt works
        )
        self._board.set(relay=relay)

    def _show_online(self, target: RelayTarget, link: Link) -> None:
        event(log, "relay:registered", address=target.address)
        relay = replace(
            self._board.state.relay,
            phase=RelayPhase.ONLINE,
            error=None,
            fingerprint=link.peer_certificate,
            rtt_ms=round(link.stats().rtt_ms, 1),
        )
        self._board.set(relay=relay)
