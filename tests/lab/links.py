"""Calls over bad links: what was heard on both sides, how late, and whether people were told the truth.

The caller's home has the bad line, both ways; the callee's is good.  Each call lasts as long as its link's story.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.lab.calls import Plan, Side, Talk, begin, finish, pause
from tests.lab.cells import flags, relay_address
from tests.lab.heard import Heard, began_at, judge
from tests.lab.impairer import Weather
from tests.lab.internet import RELAY_HOST, AccessLine, Internet
from tests.lab.phones import Event, Program, start_relay
from tests.lab.routers import Kind
from tests.lab.speech import write_voices

CLEAR = Weather()
DEAD = Weather(loss=1.0)
_SET_UP_LIMIT_S = 40.0
_SETTLING_S = 1.0  # after the first packet: not judged
_SINK_PORT = 9000
_UNTOLD_S = 2.5  # so long silence may last before it must be told
_GREEDY = Path(__file__).with_name("greedy.py")


@dataclass(frozen=True)
class Link:
    """A line and what happens on it; times in s after both have heard something."""

    name: str
    up: Weather
    down: Weather | None = None  # as up
    talk_s: float = 30.0
    then: tuple[tuple[float, Weather, Weather], ...] = ()
    at_first: Weather | None = None  # while the caller starts, for `first_s`
    first_s: float = 0.0
    most: int = 0  # bytes that routers take, who say so
    greedy: bool = False  # somebody else sends as much as he can
    path: str = "auto"

    @property
    def weather(self) -> tuple[Weather, Weather]:
        return self.up, self.down or self.up


def _lossy(percent: int) -> Link:
    return Link(f"loss {percent} % each way", Weather(loss=percent / 100))


_ADSL_DOWN = Weather(delay_ms=10, rate_kbit=2000, queue_ms=500)
_WIDE, _NARROW, _TRICKLE = (Weather(delay_ms=10, rate_kbit=rate, queue_ms=2000) for rate in (1000, 40, 12))

_SECOND_GENERATION = Weather(delay_ms=225, jitter_ms=200, rate_kbit=30, queue_ms=3000)
_ADSL_UP = Weather(delay_ms=10, rate_kbit=256, queue_ms=2000)

LINKS: tuple[Link, ...] = (
    Link("clear", CLEAR, talk_s=20),
    *map(_lossy, (10, 20, 30, 50)),
    Link("loss 20 % in bursts of 8", Weather(loss=0.2, burst=8)),
    Link("2G: 30 kbit/s, 600 ms, jitter 200 ms", _SECOND_GENERATION, talk_s=45),
    Link("satellite: 700 ms, 2 %", Weather(delay_ms=325, loss=0.02)),
    Link("ADSL, 256 kbit/s up with 2 s of buffer, and an upload", _ADSL_UP, _ADSL_DOWN, greedy=True, talk_s=60),
    Link("train: 20 s good, 10 s nothing", Weather(good_s=20, out_s=10), talk_s=60),
    Link("Wi-Fi: 300 ms nothing each 3 s", Weather(spike_every_s=3, spike_ms=300)),
    Link("20 % reordered", Weather(reorder=0.2)),
    Link("20 % twice", Weather(duplicate=0.2)),
    Link("MTU 1280", Weather(mtu=1280), talk_s=15),
    Link("MTU 576, told by ICMP", CLEAR, most=576, talk_s=15),
    Link("MTU 1200: even first packets vanish", Weather(mtu=1200), talk_s=5),
    Link(
        "1 Mbit/s → 40 → 12 kbit/s → 1 Mbit/s",
        _WIDE,
        talk_s=80,
        then=((15, _NARROW, _NARROW), (35, _TRICKLE, _TRICKLE), (55, _WIDE, _WIDE)),
    ),
    Link("our packets vanish for 15 s", CLEAR, talk_s=40, then=((8, DEAD, CLEAR), (23, CLEAR, CLEAR))),
    Link(
        "nothing passes for 15 s, over the relay",
        CLEAR,
        talk_s=40,
        path="relay",
        then=((8, DEAD, DEAD), (23, CLEAR, CLEAR)),
    ),
    Link("no relay for the first 8 s", CLEAR, talk_s=10, at_first=DEAD, first_s=8),
    Link("8 kbit/s, 10 % lost", Weather(delay_ms=50, rate_kbit=8, loss=0.1), talk_s=45, path="relay"),
    Link("policed to 64 kbit/s", Weather(rate_kbit=64, queue_ms=60), talk_s=40),
)


def link_named(text: str) -> Link:
    return next(link for link in LINKS if text in link.name)


@dataclass
class Found:
    """What came of one call; pairs are of the caller's side and the callee's."""

    link: Link
    registered_s: float | None = None  # of the caller, whose program starts in about a second
    set_up_s: float | None = None
    sas: bool = False
    problem: str = ""
    ended: str = ""
    heard: tuple[Heard, ...] = ()
    untold_s: tuple[float, ...] = ()  # silence that nobody was told of
    tiers: tuple[str, ...] = ()
    direct: str = ""
    kbit: tuple[float, float] = (0.0, 0.0)  # offered to the line, up and down
    told: list[list[Event]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.problem and not self.ended


def try_link(link: Link, folder: Path, seed: int) -> Found:
    with ExitStack() as lifetime:
        folder.mkdir(parents=True, exist_ok=True)
        net = Internet(lifetime, seed=seed)
        homes = [net.home(Kind.PORT_RESTRICTED) for _ in range(2)]
        clients = [net.client(home) for home in homes]
        server = net.host("relay", RELAY_HOST)
        lifetime.callback(start_relay(server, folder, v6=False).stop)
        up, down = link.weather
        line = net.access_line(homes[0], up=link.at_first or up, down=link.at_first or down)
        if link.most:
            line.most(link.most)
        if link.greedy:
            server.net.start([sys.executable, "-S", _GREEDY, "sink", _SINK_PORT], stdout=subprocess.DEVNULL)
            neighbour = net.client(homes[0])
            neighbour.net.start([sys.executable, "-S", _GREEDY, RELAY_HOST, _SINK_PORT], stdout=subprocess.DEVNULL)
        sides = [Side(client, relay_address(), (*flags(net), "--path", link.path)) for client in clients]
        plan = Plan(sides[0], sides[1], write_voices(folder), 0.0)
        if link.at_first:
            later = threading.Timer(link.first_s, lambda: line.change(up=up, down=down))
            lifetime.callback(later.cancel)
            later.start()
        began = time.time()
        talk = begin(plan, folder / "call", seed, _SET_UP_LIMIT_S)
        if isinstance(talk, str):
            return Found(link, problem=talk[:300])
        return _talk(link, line, talk, began)


def _talk(link: Link, line: AccessLine, talk: Talk, began: float) -> Found:
    since, ticks, before = time.time(), time.monotonic(), line.sent()
    for at_s, up, down in link.then:
        pause(talk, ticks + at_s - time.monotonic())
        line.change(up=up, down=down)
    pause(talk, ticks + link.talk_s - time.monotonic())
    lasted, after = time.monotonic() - ticks, line.sent()
    ended = [str(program.first("ended")) for program in talk.both if program.first("ended") is not None]
    tiers = tuple(_tiers(program, ticks) for program in talk.both)
    untold_until = time.time()
    outcome = finish(talk)
    births = [began_at(talk.heard(side)) for side in (0, 1)]
    heard = tuple(
        judge(talk.heard(side), talk.plan.voices[1 - side], said_since=births[1 - side], since=since + _SETTLING_S)
        for side in (0, 1)
    )
    untold = tuple(
        _untold(program, each, since + _SETTLING_S, untold_until)
        for program, each in zip(talk.both, heard, strict=True)
    )
    registered = talk.caller.first("registered")
    return Found(
        link,
        registered_s=None if registered is None else registered["at"] - ticks + since - began,
        set_up_s=None if outcome.setup_ms is None else outcome.setup_ms / 1000,
        sas=all(program.first("sas") is not None for program in talk.both),
        ended="; ".join(ended),
        heard=heard,
        untold_s=untold,
        tiers=tiers,
        direct=outcome.path,
        kbit=tuple(8 * (now - then) / lasted / 1000 for now, then in zip(after, before, strict=True)),  # type: ignore[arg-type]
        told=[[event | {"at": round(event["at"] - ticks, 2)} for event in events] for events in outcome.events],
    )


def _tiers(phone: Program, ticks: float) -> str:
    """What was sent, with the seconds at which that changed."""
    told = [(event["at"] - ticks, event["tier"]) for event in list(phone.events) if event["event"] == "quality"]
    steps = [pair for i, pair in enumerate(told) if i == 0 or pair[1] != told[i - 1][1]]
    return " ".join(f"{tier}@{max(0.0, at):.0f}" for at, tier in steps)


def _untold(phone: Program, heard: Heard, since: float, until: float) -> float:
    """Seconds of silence, beyond what may pass without a word, while the screen said that all is well."""
    shift = time.time() - time.monotonic()
    bad_since, spans = None, list[tuple[float, float]]()
    for event in list(phone.events):
        if event["event"] in ("no_audio", "reconnecting") and bad_since is None:
            bad_since = event["at"] + shift
        elif event["event"] in ("audio_back", "reconnected", "ended") and bad_since is not None:
            spans.append((bad_since, event["at"] + shift))
            bad_since = None
    if bad_since is not None:
        spans.append((bad_since, until))
    untold = 0.0
    for begin_s, length in heard.gaps:
        start, end = since + begin_s + _UNTOLD_S, since + begin_s + length
        covered = sum(max(0.0, min(end, b + 1.0) - max(start, a)) for a, b in spans)
        untold += max(0.0, end - start - covered)
    return untold


def run_links(
    links: Sequence[Link], folder: Path, *, parallel: int, runs: int, tell: Callable[[str], None]
) -> list[list[Found]]:
    with ThreadPoolExecutor(parallel) as pool:
        begun = [
            [pool.submit(try_link, link, folder / f"link{number}-{run}", run) for run in range(1, runs + 1)]
            for number, link in enumerate(links)
        ]
        found = []
        for works in begun:
            found.append([work.result() for work in works])
            tell(markdown(found[-1:]).splitlines()[-1])
        return found


_HEAD = ("Link", "Set up", "Set-up s", "Heard %", "STOI", "PESQ", "Delay p50 / p95, ms", "Longest gap, s", "Untold, s",
         "kbit/s up / down", "Sent by caller; callee", "Path", "Ended")  # fmt: skip


def markdown(found: Sequence[Sequence[Found]]) -> str:
    rows = [_HEAD, tuple("---" if i == 0 else "---:" for i in range(len(_HEAD))), *map(_row, found)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(runs: Sequence[Found]) -> tuple[str, ...]:
    up = [found for found in runs if found.heard]
    if not up:
        return (runs[0].link.name, f"0/{len(runs)}", *["–"] * 10, runs[0].problem.replace("\n", " ").replace("|", "/"))
    sides = [[found.heard[side] for found in up] for side in (0, 1)]
    delays = [sorted(d for each in side for d in each.delays_ms) or [float("nan")] for side in sides]
    return (
        runs[0].link.name,
        f"{len(up)}/{len(runs)}",
        f"{np.median([found.set_up_s or 0 for found in up]):.1f}",
        _both(100 * np.mean([each.share for each in side]) for side in sides),
        _both((np.mean([each.stoi for each in side]) for side in sides), 2),
        _both((np.mean([each.pesq for each in side]) for side in sides), 1),
        " ; ".join(f"{d[len(d) // 2]:.0f} / {d[int(len(d) * 0.95)]:.0f}" for d in delays),
        _both((max(each.longest_gap_s for each in side) for side in sides), 1),
        _both((max(found.untold_s[side] for found in up) for side in (0, 1)), 1),
        " / ".join(f"{np.mean([found.kbit[way] for found in up]):.0f}" for way in (0, 1)),
        " ; ".join(up[0].tiers),
        ", ".join(sorted({found.direct for found in up})),
        "; ".join(sorted({found.ended for found in up if found.ended})) or "–",
    )


def _both(values: Iterable[float], digits: int = 0) -> str:
    return " / ".join(f"{value:.{digits}f}" for value in values)
