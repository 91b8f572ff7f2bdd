"""Roles on the way to a direct path."""

from hypothesis import given
from hypothesis import strategies as st

from wzp_core.nat.race import Role, direct_sni, role_of
from wzp_core.protocol.ids import CallId


def test_texts_are_compared_not_numbers() -> None:
    assert role_of("10.0.0.1:5", "9.0.0.1:5") is Role.ACCEPTOR


def test_without_two_different_addresses_nobody_races() -> None:
    assert role_of(None, "1.2.3.4:5") is role_of("1.2.3.4:5", None) is role_of("1.2.3.4:5", "1.2.3.4:5") is None


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_two_sides_take_different_parts_or_none(mine: str, theirs: str) -> None:
    here, there = role_of(mine, theirs), role_of(theirs, mine)
    assert {here, there} in ({None}, {Role.ACCEPTOR, Role.DIALER})


def test_the_server_name_holds_the_calls_room() -> None:
    assert direct_sni(CallId("18a1b2c3d4e5f607")) == "call-call-18a1b2c3d4e5f607"
