"""Settings > Network: the way of calls, whom to ask, and the check of this network."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLineEdit
from pytestqt.qtbot import QtBot
from ui_states import CHECKED, CHECKING, SETTINGS, STATES

from wzp_core.engine.commands import ChangeSettings, RunNetcheck
from wzp_core.session.state import NetcheckView
from wzp_core.settings.schema import NetworkSettings


def opened(desk, state=SETTINGS) -> None:
    desk.show(state)
    desk.window.open_settings()
    desk.take()


def changed(desk) -> NetworkSettings:
    command = desk.take()[-1]
    assert isinstance(command, ChangeSettings)
    return command.settings.network


def test_a_check_is_asked_for_by_key_and_shows_its_progress_and_what_it_found(desk, qtbot: QtBot) -> None:
    opened(desk)
    qtbot.keyClick(desk.control("Check network"), Qt.Key.Key_Space)
    assert desk.take() == [RunNetcheck()]
    desk.show(CHECKING)
    assert not desk.control("Checking…").isEnabled()
    assert "Step 2 of 4: asking the relays" in desk.words()
    desk.show(CHECKED)
    words = desk.words()
    assert "Step" not in words
    assert "This network's router is strict" in words
    assert "Your address on the internet: 203.0.113.7:40123" in words
    assert "Home: answers in 71 ms, the nearest" in words
    assert "Club: does not answer" in words
    assert desk.control("Check network").isEnabled()


def test_whether_the_ipv6_firewall_lets_callers_in_is_told(desk) -> None:
    assert CHECKED.netcheck.report is not None
    for reachable, pinhole, words in (
        (False, None, "IPv6: no"),
        (True, None, "IPv6: yes"),
        (True, "Pcp", "IPv6: yes, and the router's firewall lets in who calls you"),
    ):
        report = replace(CHECKED.netcheck.report, ipv6_reachable=reachable, ipv6_pinhole=pinhole)
        opened(desk, replace(CHECKED, netcheck=NetcheckView(report=report)))
        assert words in desk.words()
        assert ("lets in who calls" in desk.words()) is (pinhole is not None)


def test_before_the_first_check_nothing_is_claimed(desk) -> None:
    opened(desk, replace(CHECKED, netcheck=NetcheckView()))
    assert "Your address on the internet" not in desk.words()
    assert "Router:" not in desk.words()


def test_the_way_of_calls_says_what_it_means_for_privacy(desk, qtbot: QtBot) -> None:
    opened(desk)
    assert "sees your network address" in desk.words()
    qtbot.keyClick(desk.control("Way of calls"), Qt.Key.Key_Down)
    assert changed(desk).path == "relay"
    assert "Nobody you talk to sees your network address" in desk.words()


@pytest.mark.parametrize(
    ("name", "field"),
    [("Ask public servers for my address", "use_stun"), ("Ask my router for an open port", "port_mapping")],
)
def test_whom_to_ask_is_switched_by_name(desk, qtbot: QtBot, name: str, field: str) -> None:
    opened(desk)
    qtbot.keyClick(desk.control(name, QCheckBox), Qt.Key.Key_Space)
    assert getattr(changed(desk), field) is False


def test_servers_are_kept_only_where_all_of_them_can_be_understood(desk, qtbot: QtBot) -> None:
    opened(desk)
    servers = desk.control("Servers to ask", QLineEdit)
    servers.setFocus()
    servers.setText("a.example.org:99999999")
    qtbot.keyClick(servers, Qt.Key.Key_Return)
    assert desk.take() == []
    assert servers.property("wrong")
    assert "One of these is not an address." in desk.words()
    assert servers.accessibleDescription() in desk.words()
    servers.setText("a.example.org:3478, b.example.org")
    qtbot.keyClick(servers, Qt.Key.Key_Return)
    assert changed(desk).stun_servers == "a.example.org:3478 b.example.org"
    assert not servers.property("wrong")
    assert "not an address" not in desk.words()


def test_a_call_tells_its_way_its_round_trip_and_why_it_is_not_direct(desk) -> None:
    desk.show(STATES["call_talking"])
    assert "Direct connection · 34 ms there and back" in desk.words()
    desk.show(STATES["call_relayed"])
    assert "Through the relay (the routers on both sides are too strict) · 34 ms there and back" in desk.words()
