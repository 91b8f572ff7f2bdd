"""States cross from the engine's thread to Qt's: the newest only, meters seldom."""

import threading
from dataclasses import replace

from conftest import settle
from pytestqt.qtbot import QtBot
from ui_states import ACTIVE, LOBBY, in_call

from wzp_core.engine.commands import HangUp
from wzp_core.session.state import AppState, Levels
from wzp_desktop.bridge import Bridge


def test_of_many_states_from_another_thread_the_last_arrives_and_few_others(qtbot: QtBot) -> None:
    bridge, arrived = Bridge(), list[tuple[AppState, int]]()
    bridge.state_changed.connect(lambda state: arrived.append((state, threading.get_ident())))
    states = [replace(LOBBY, present=LOBBY.present[: number % 5], mic_muted=bool(number % 2)) for number in range(1000)]
    sender = threading.Thread(target=lambda: [bridge.publish(state) for state in states])
    sender.start()
    sender.join()
    qtbot.waitUntil(lambda: bool(arrived) and arrived[-1][0] is states[-1])
    assert len(arrived) == 1
    assert arrived[0][1] == threading.get_ident(), "delivered on Qt's thread"


def test_meters_alone_wait_and_everything_else_does_not(qtbot: QtBot) -> None:
    bridge, arrived = Bridge(), list[AppState]()
    bridge.state_changed.connect(arrived.append)
    call = in_call(ACTIVE)
    bridge.publish(call)
    settle()
    louder = [replace(call, levels=Levels(microphone=number / 10)) for number in range(5)]
    for state in louder:
        bridge.publish(state)
        settle()
    assert arrived == [call], "a meter never overtakes its turn"
    bridge.publish(muted := replace(louder[-1], mic_muted=True))
    settle()
    assert arrived == [call, muted], "a change of anything else is shown at once"
    bridge.publish(last := replace(muted, levels=Levels(speaker=1.0)))
    qtbot.waitUntil(lambda: arrived[-1] is last)
    assert len(arrived) == 3


def test_no_timer_runs_while_nothing_changes(qtbot: QtBot) -> None:
    bridge, arrived = Bridge(), list[AppState]()
    bridge.state_changed.connect(arrived.append)
    for _ in range(3):
        bridge.publish(LOBBY)
        settle()
    assert arrived == [LOBBY]
    qtbot.waitUntil(lambda: not bridge._meters.isActive())


def test_commands_go_down_once_there_is_an_engine(qtbot: QtBot) -> None:
    bridge, posted = Bridge(), []
    bridge.send(HangUp())
    bridge.connect_engine(posted.append)
    bridge.send(HangUp())
    assert posted == [HangUp()]


def test_a_failure_of_the_engine_is_told_on_the_thread_of_qt(qtbot: QtBot) -> None:
    bridge, told = Bridge(), []
    bridge.failed.connect(told.append)
    failure = RuntimeError("gone")
    failing = threading.Thread(target=bridge.fail, args=(failure,))
    failing.start()
    failing.join()
    qtbot.waitUntil(lambda: told == [failure])
