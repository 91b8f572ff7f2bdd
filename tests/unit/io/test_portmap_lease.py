"""When a router is asked again: what is held is renewed in time, what was refused is asked for ever more seldom."""

import asyncio

from tests.sim.loop import run_simulated
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.portmap import _Held, _Lease, _Place

HERE = _Place("192.168.1.1", "192.168.1.2", 40_000)


class Router:
    """Grants while it is `willing`, for 100 s; remembers when it was asked."""

    def __init__(self, *, willing: bool) -> None:
        self.willing = willing
        self.asked: list[float] = []
        self.given_back = 0

    async def ask(self, at: _Place) -> _Held:
        self.asked.append(round(asyncio.get_running_loop().time() - self.began))
        if not self.willing:
            raise Unavailable(ErrorCode.TIMED_OUT, what="router")
        return _Held("Pcp", ("198.51.100.7", at.port), 100, self._take_back)

    async def _take_back(self) -> None:
        self.given_back += 1

    async def keep(self, seconds: list[float]) -> list[bool]:
        """Whether something was held after each of these."""
        self.began = asyncio.get_running_loop().time()

        async def here() -> _Place:
            return HERE

        lease = _Lease("port", here, (self.ask,))
        task = asyncio.ensure_future(lease.keep())
        held = []
        for at in seconds:
            await asyncio.sleep(self.began + at - asyncio.get_running_loop().time())
            held.append(lease.held is not None)
            self.willing = not self.willing
        task.cancel()
        await lease.give_back()
        return held


def test_a_router_that_refuses_is_asked_again_after_30_s_and_then_ever_more_seldom() -> None:
    router = Router(willing=False)
    assert run_simulated(lambda: router.keep([3000.0])) == [False]
    assert router.asked == [0, 30, 90, 210, 450, 930, 1530, 2130, 2730]


def test_a_failed_renewal_costs_nothing_before_the_end_and_is_tried_again_soon() -> None:
    router = Router(willing=True)
    assert run_simulated(lambda: router.keep([40.0, 95.0, 125.0])) == [True, True, True]
    assert router.asked == [0, 50, 80, 140][: len(router.asked)]
    assert len(router.asked) >= 3
    assert router.given_back == 1


def test_what_is_never_renewed_ends() -> None:
    router = Router(willing=True)
    assert run_simulated(lambda: router.keep([40.0, 200.0])) == [True, False]
