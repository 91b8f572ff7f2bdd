"""What a move of a live call costs: the sound made up or left out, move by move, at the side that lost more."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.lab.calls import DIRECT, Talk, begin, finish, path_of, pause
from tests.lab.cells import cell_named, plan_in
from tests.lab.internet import Home, Host, Internet
from tests.lab.routers import Kind
from tests.lab.table import percentile

RELAY = "relay"
PLANNED_LIMIT_MS, CUT_LIMIT_MS = 60, 1000
_LIMIT_S = 30.0
_SETTLED_S = 3.0  # after a move, until all that it cost is counted and told
_FRESH = 50  # a better metric than any uplink's


@dataclass
class Moves:
    """Of one kind; `took_ms`: until both sides named the new path, where it changed."""

    name: str
    planned: bool
    concealed_ms: list[int] = field(default_factory=list)
    took_ms: list[int] = field(default_factory=list)
    problem: str = ""

    @property
    def good(self) -> bool:
        limit = PLANNED_LIMIT_MS if self.planned else CUT_LIMIT_MS
        return not self.problem and (percentile(self.concealed_ms, 0.95) or 0) <= limit


def markdown(found: list[Moves]) -> str:
    rows = ["| Move | Moves | Concealed p50 / p95 / most, ms | Limit of p95, ms | Took p50, ms |\n"]
    rows += ["| --- | ---: | ---: | ---: | ---: |\n"]
    for moves in found:
        concealed = [_whole(percentile(moves.concealed_ms, share)) for share in (0.5, 0.95, 1.0)]
        limit = PLANNED_LIMIT_MS if moves.planned else CUT_LIMIT_MS
        cells = (
            f"{moves.name}{' — ' + moves.problem if moves.problem else ''}",
            str(len(moves.concealed_ms)),
            " / ".join(concealed),
            str(limit),
            _whole(percentile(moves.took_ms, 0.5)),
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


class _Call:
    """A call that is moved again and again."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    def move(self, moves: Moves, act: Callable[[], object], *, to: str = "") -> None:
        """Acts, and counts what that cost; `to` is the path that both sides have to name then."""
        if moves.problem:
            return
        pause(self.talk, _SETTLED_S)
        before, began = self._concealed(), time.monotonic()
        act()
        if to:
            if not self.talk.until_path(to, _LIMIT_S):
                moves.problem = f"stays on {[path_of(phone) for phone in self.talk.both]}, not {to}"
                return
            moves.took_ms.append(round((time.monotonic() - began) * 1000))
        pause(self.talk, _SETTLED_S)
        moves.concealed_ms.append(max(now - old for now, old in zip(self._concealed(), before, strict=True)))
        if any(phone.first("ended") is not None for phone in self.talk.both):
            moves.problem = "the call ended"

    def settle(self, path: str) -> bool:
        return self.talk.until_path(path, _LIMIT_S)

    def _concealed(self) -> list[int]:
        told = [
            [e["concealed_ms"] + e["silent_ms"] for e in list(p.events) if e["event"] == "stats"]
            for p in self.talk.both
        ]
        return [int(values[-1]) if values else 0 for values in told]


@contextmanager
def _call(folder: Path, *, path: str) -> Iterator[tuple[_Call | str, Internet, list[Home], Host]]:
    """The caller has a second way out, as mobile data beside Wi-Fi."""
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        homes = [net.home(Kind.PORT_RESTRICTED) for _ in range(3)]
        folder.mkdir(parents=True, exist_ok=True)
        caller, callee = net.client(homes[0]), net.client(homes[1])
        net.uplink(caller, homes[2])
        plan = plan_in(net, lifetime, folder, caller, callee, cell=cell_named("open → open"))
        if path == RELAY:
            plan = replace(plan, caller=replace(plan.caller, flags=(*plan.caller.flags, "--path", RELAY)))
        talk = begin(plan, folder / "call", 1)
        if isinstance(talk, str):
            yield talk, net, homes, caller
            return
        call = _Call(talk)
        try:
            yield (call if call.settle(path) else f"not {path} at first"), net, homes, caller
        finally:
            finish(talk)


def cut_and_mend(folder: Path, rounds: int) -> list[Moves]:
    """The direct path is cut and mended, so that the call goes to the relay and back."""
    away, back = Moves("direct path cut → relay", planned=False), Moves("relay → direct", planned=True)
    with _call(folder, path=DIRECT) as (call, net, homes, _):
        if isinstance(call, str):
            away.problem = call
            return [away]
        for _ in range(rounds):
            call.move(away, lambda: net.cut(homes[0].public, homes[1].public), to=RELAY)
            call.move(back, net.mend, to=DIRECT)
    return [away, back]


def change_uplink(folder: Path, rounds: int, *, path: str) -> list[Moves]:
    """The caller's first way out is lost and comes back; and one that works is left for another that does too."""
    lost = Moves(f"{path} call: uplink lost", planned=False)
    back = Moves(f"{path} call: back to the first uplink", planned=True)
    left = Moves(f"{path} call: from one working uplink to another", planned=True)
    with _call(folder, path=path) as (call, _, homes, caller):
        if isinstance(call, str):
            lost.problem = call
            return [lost]
        first, second = (f"default via {homes[i].lan}.1 dev eth{n}" for n, i in ((0, 0), (1, 2)))

        def restore() -> None:
            caller.net.ip("link set eth0 up")
            caller.net.ip(f"route add {first} metric 100")

        steps = [
            (lost, lambda: caller.net.ip("link set eth0 down")),
            (back, restore),
            (left, lambda: caller.net.ip(f"route add {second} metric {_FRESH}")),
            (left, lambda: caller.net.ip(f"route del {second} metric {_FRESH}")),
        ]
        for _ in range(rounds):
            for moves, act in steps:
                call.move(moves, act)
                if not moves.problem and not call.settle(path):
                    moves.problem = f"not {path} again"
    return [lost, back, left]
