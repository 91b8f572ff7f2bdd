"""What a move of a live call costs: the sound that had to be made up while paths were cut, mended and exchanged."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab.calls import DIRECT, Talk, begin, finish, path_of, pause
from tests.lab.cells import cell_named, plan_in
from tests.lab.internet import Internet
from tests.lab.routers import Kind

RELAY = "relay"
_LIMIT_S = 20.0
_BETWEEN_S = 2.0


@dataclass(frozen=True)
class Moves:
    """`took_ms`: until both sides said so, where that was watched; `concealed_ms` is of the whole call, by side."""

    done: int
    took_ms: tuple[int, ...]
    concealed_ms: tuple[int, ...]
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.done} moves, took ms {self.took_ms}, concealed ms {self.concealed_ms} {self.problem}"


def _ended(talk: Talk, done: int, took_ms: list[int], problem: str) -> Moves:
    outcome = finish(talk, problem)
    ends = [phone.first("summary") for phone in talk.both]
    concealed = tuple(int(end["concealed_ms"]) for end in ends if end is not None)
    return Moves(done, tuple(took_ms), concealed, outcome.problem)


def cut_and_mend(folder: Path, rounds: int) -> Moves:
    """The direct path is cut and mended, so that the call goes to the relay and back, `rounds` times."""
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        homes = [net.home(Kind.PORT_RESTRICTED) for _ in range(2)]
        folder.mkdir(parents=True, exist_ok=True)
        ends = [net.client(home) for home in homes]
        talk = begin(plan_in(net, lifetime, folder, *ends, cell=cell_named("open → open")), folder / "call", 1)
        if isinstance(talk, str):
            return Moves(0, (), (), talk)
        if not talk.until_path(DIRECT, _LIMIT_S):
            return _ended(talk, 0, [], "no direct path")
        took: list[int] = []
        for number in range(2 * rounds):
            pause(talk, _BETWEEN_S)
            began = time.monotonic()
            if number % 2:
                net.mend()
            else:
                net.cut(homes[0].public, homes[1].public)
            wanted = DIRECT if number % 2 else RELAY
            if not talk.until_path(wanted, _LIMIT_S):
                return _ended(
                    talk, len(took), took, f"stays on {[path_of(phone) for phone in talk.both]}, not {wanted}"
                )
            took.append(round((time.monotonic() - began) * 1000))
        return _ended(talk, len(took), took, "")


def change_uplink(folder: Path, *, path: str) -> Moves:
    """The caller's first way out goes down in a call; the second is there already, as mobile data is beside Wi-Fi."""
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
            return Moves(0, (), (), talk)
        if path == DIRECT and not talk.until_path(DIRECT, _LIMIT_S):
            return _ended(talk, 0, [], "no direct path")
        pause(talk, _BETWEEN_S)
        caller.net.ip("link set eth0 down")
        pause(talk, 4 * _BETWEEN_S)
        return _ended(talk, 1, [], "")
