"""Light authenticated checks that find out which pair of addresses two peers can reach each other by (calls.md §7).

Request, reply and confirmation are of one size, and an address that nobody named is only ever answered: nothing here
sends more to a stranger than came from it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wzp_core.nat.probe import Probe, ProbeKind, encode_probe, read_probe
from wzp_core.ports import Address, Endpoint, UdpPort

MOST_TARGETS = 64  # named addresses under repeated check
MOST_PROBES = 4096  # of one search, of all kinds
_ROUNDS_S = (0.0, 0.03, 0.06, 0.12, 0.24, 0.5)  # after the start; then once every
_ROUND_S = 0.5
_PACE_S = 0.002  # between two checks of one round
_REMEMBERED = 2048  # checks that may still be answered
_HALF = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A working way: from the peer's `address` to our `port` and back; None means the main sockets."""

    address: Address
    port: UdpPort | None


class Prober:
    """One search's; `run` sends, and whatever comes meanwhile is answered."""

    def __init__(
        self,
        endpoint: Endpoint,
        key: bytes,
        *,
        from_caller: bool,
        entropy: Callable[[int], bytes],
        on_pair: Callable[[Pair], None],
    ) -> None:
        self._endpoint, self._key, self._from_caller = endpoint, key, from_caller
        self._entropy, self._on_pair = entropy, on_pair
        self._targets: dict[Address, None] = {}
        self._asked: OrderedDict[bytes, None] = OrderedDict()  # first halves of our requests
        self._challenges: OrderedDict[bytes, None] = OrderedDict()  # second halves of our replies
        self._more = asyncio.Event()
        self.sent = 0

    def aim(self, addresses: Iterable[Address]) -> None:
        """Checks these too, again and again."""
        for address in addresses:
            if len(self._targets) < MOST_TARGETS:
                self._targets.setdefault(address)
        self._more.set()

    def check(self, address: Address, port: UdpPort | None = None) -> None:
        """One request, from an extra socket where that is named."""
        half = self._entropy(_HALF)
        _remember(self._asked, half)
        self._send(ProbeKind.REQUEST, half + bytes(_HALF), address, port)

    async def run(self) -> None:
        """Until cancelled."""
        unsubscribe = self._endpoint.on_raw(self._received)
        try:
            await self._rounds()
        finally:
            unsubscribe()

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        while True:
            self._more.clear()
            for address in list(self._targets):
                self.check(address)
                await asyncio.sleep(_PACE_S)
            number += 1
            due = began + _ROUNDS_S[number] if number < len(_ROUNDS_S) else loop.time() + _ROUND_S
            try:
                async with asyncio.timeout_at(due):
                    await self._more.wait()  # new targets are not kept waiting
            except TimeoutError:
                continue

    # --- in ----------------------------------------------------------------------------------------------------

    def _received(self, data: bytes, address: Address, port: UdpPort) -> bool:
        probe = read_probe(data, self._key)
        if probe is None:
            return False
        if probe.from_caller == self._from_caller:
            return True  # our own, sent back to us
        first, second = probe.nonce[:_HALF], probe.nonce[_HALF:]
        match probe.kind:
            case ProbeKind.REQUEST:
                challenge = self._entropy(_HALF)
                _remember(self._challenges, challenge)
                self._send(ProbeKind.REPLY, first + challenge, address, port)
            case ProbeKind.REPLY if first in self._asked:
                del self._asked[first]
                self._send(ProbeKind.CONFIRM, second + bytes(_HALF), address, port)
                self._on_pair(Pair(address, port))
            case ProbeKind.CONFIRM if first in self._challenges:
                del self._challenges[first]
                self._on_pair(Pair(address, port))
        return True

    def _send(self, kind: ProbeKind, nonce: bytes, address: Address, port: UdpPort | None) -> None:
        if self.sent >= MOST_PROBES:
            return
        self.sent += 1
        data = encode_probe(Probe(kind=kind, from_caller=self._from_caller, nonce=nonce), self._key)
        if port is None:
            self._endpoint.send_raw(data, address)
        else:
            port.send_raw(data, address)


def _remember(table: "OrderedDict[bytes, None]", half: bytes) -> None:
    table[half] = None
    if len(table) > _REMEMBERED:
        table.popitem(last=False)
