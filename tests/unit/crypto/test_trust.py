import pytest

from wzp_core.crypto.trust import former_owner
from wzp_core.protocol.ids import Fingerprint

OLD, NEW, THIRD = (Fingerprint(name) for name in ("old", "new", "third"))


def test_a_known_alias_with_another_fingerprint_is_a_question():
    assert former_owner("Alice", NEW, [("Bob", THIRD), ("Alice", OLD)]) == OLD


@pytest.mark.parametrize("disguise", ["alice", " Alice ", "ALICE", "Al\u200bice", "\uff21lice", "A\u00adlice"])
def test_an_alias_that_only_looks_the_same_is_the_same(disguise):
    assert former_owner(disguise, NEW, [("Alice", OLD)]) == OLD


def test_nothing_is_asked_about_strangers_friends_and_people_without_an_alias():
    assert former_owner("Carol", NEW, [("Alice", OLD)]) is None
    assert former_owner("Alice", OLD, [("Alice", OLD)]) is None
    assert former_owner("", NEW, [("", OLD)]) is None


def test_two_people_accepted_under_one_alias_are_not_asked_about_again():
    assert former_owner("Alice", NEW, [("Alice", OLD), ("alice", NEW)]) is None
