"""One call between two homes, and what came of it."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.internet import Host
from tests.lab.phones import Event, Program
from tests.lab.speech import holds

START_LIMIT_S = 20.0
TALK_S = 3.0  # after the path is settled: long enough for a whole second of speech in the recordings
DIRECT = "direct"


@dataclass(frozen=True)
class Side:
    """Where one of the two is, and how its phone is started."""

    host: Host
    relay: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    caller: Side
    callee: Side
    voices: tuple[Path, Path]
    direct_limit_s: float  # how long to wait for the direct path; 0: not at all
    answer: str = "trusted"


@dataclass(frozen=True)
class Outcome:
    success: bool
    heard: tuple[bool, bool] = (False, False)  # by the caller, by the callee
    path: str = ""
    first_audio_ms: float | None = None  # after the answer, of the slower side
    time_to_direct_ms: float | None = None
    setup_ms: float | None = None
    probes_sent: int | None = None
    problem: str = ""
    events: tuple[list[Event], list[Event]] = field(default=([], []), compare=False)

    @property
    def silent(self) -> bool:
        """It looked like a call and somebody heard nothing: what must never be."""
        return self.success and not all(self.heard)


@dataclass
class Talk:
    """A call in progress."""

    plan: Plan
    folder: Path
    caller: Program
    callee: Program

    @property
    def both(self) -> tuple[Program, Program]:
        return self.caller, self.callee

    def heard(self, side: int) -> Path:
        return self.folder / f"heard-{side}.wav"

    def until_path(self, path: str, limit_s: float) -> bool:
        """Both sides say that this is their path now."""
        until = time.monotonic() + limit_s
        return all(p.until(lambda p=p: path_of(p) == path, max(0.0, until - time.monotonic())) for p in self.both)


def path_of(phone: Program) -> str:
    told = [event["path"] for event in list(phone.events) if event["event"] == "path"]
    return str(told[-1]) if told else ""


def phone(side: Side, folder: Path, name: str, seed: bytes, *command: object) -> Program:
    seed_file = folder / f"{name}.seed"
    seed_file.write_text(seed.hex(), encoding="ascii")
    where = ("--relay", side.relay, "--seed-file", seed_file, "--device", "none", "--json")
    return Program(side.host, folder, name, "wzp_core.cli", *command, *where, *side.flags)


def begin(plan: Plan, folder: Path, seed: int, limit_s: float = START_LIMIT_S) -> Talk | str:
    """Rings and answers; in words what went wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [("--play", voice, "--record", folder / f"heard-{i}.wav") for i, voice in enumerate(plan.voices)]
    seeds = [bytes([i + 1]) * 28 + seed.to_bytes(4, "big") for i in (0, 1)]
    callee = phone(plan.callee, folder, "callee", seeds[1], "listen", "--calls", 1, "--answer", plan.answer, *files[1])
    registered = callee.wait("registered", START_LIMIT_S)
    if registered is None:
        callee.stop()
        return f"callee not registered: {callee.last_words()}"
    caller = phone(plan.caller, folder, "caller", seeds[0], "call", registered["fingerprint"], *files[0])
    talk = Talk(plan, folder, caller, callee)
    if caller.wait("media", limit_s) is None or callee.wait("media", limit_s) is None:
        outcome = finish(talk)
        return f"no media: {[e['event'] for e in outcome.events[0]]} {caller.last_words()} {callee.last_words()}"
    return talk


def finish(talk: Talk, problem: str = "") -> Outcome:
    """Hangs up and looks at what both had of it."""
    talk.caller.stop()
    talk.callee.wait("summary", 5.0)
    talk.callee.stop()
    ends = [p.first("summary") for p in talk.both]
    heard = tuple(holds(talk.heard(i), talk.plan.voices[1 - i]) for i in (0, 1))
    events = (talk.caller.events, talk.callee.events)
    if ends[0] is None or ends[1] is None:
        return Outcome(success=False, heard=(heard[0], heard[1]), problem=problem or "no summary", events=events)
    ended = [end["reason"] for end in ends if end is not None]
    paths = {str(end["path"]) for end in ends if end is not None}
    probes = [end.get("probes_sent") for end in ends if end is not None]
    return Outcome(
        success=ended == ["hung_up", "peer_hung_up"],
        heard=(heard[0], heard[1]),
        path=paths.pop() if len(paths) == 1 else "differs",
        first_audio_ms=_first_audio_ms(talk),
        time_to_direct_ms=ends[0].get("time_to_direct_ms"),
        setup_ms=ends[0]["setup_ms"],
        probes_sent=None if None in probes else sum(int(count or 0) for count in probes),
        problem=problem or ("" if ended == ["hung_up", "peer_hung_up"] else f"ended as {ended}"),
        events=events,
    )


def _first_audio_ms(talk: Talk) -> float | None:
    waits = []
    for each in talk.both:
        answered, media = each.first("answered"), each.first("media")
        if answered is None or media is None:
            return None
        waits.append((media["at"] - answered["at"]) * 1000)
    return max(waits)


def run_call(plan: Plan, folder: Path, seed: int) -> Outcome:
    """A whole call: rings, talks, waits for the direct path within its limit, hangs up."""
    talk = begin(plan, folder, seed)
    if isinstance(talk, str):
        return Outcome(success=False, problem=talk)
    if plan.direct_limit_s:
        talk.until_path(DIRECT, plan.direct_limit_s)
    pause(talk, TALK_S)
    return finish(talk)


def pause(talk: Talk, seconds: float) -> None:
    """Lets them talk; shorter when the call ends by itself."""
    talk.caller.until(lambda: talk.caller.first("ended") is not None, seconds)
