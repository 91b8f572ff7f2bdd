"""What of the list of clients is news to whom."""

from hypothesis import given
from hypothesis import strategies as st

from relay.decide.effects import ConnectionId, Send
from relay.decide.presence import Hub
from relay.decide.roster import Roster
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.presence import PresenceChange, PresenceList, PresenceUser
from wzp_core.session.lobby import changed


def user(number: int, alias: str | None = None) -> PresenceUser:
    return PresenceUser(fingerprint=f"{number:04}", alias=alias)


def test_who_knows_a_version_hears_what_has_changed_since() -> None:
    roster = Roster()
    roster.publish(map(user, range(20)))
    known = roster.version
    roster.publish([user(0, "Ann"), *map(user, range(2, 21))])
    assert roster.news(known) == PresenceChange(came=(user(20), user(0, "Ann")), left=("0001",))
    assert roster.news(None) == PresenceList(users=(user(0, "Ann"), *map(user, range(2, 21))))
    assert roster.cost(known) == 23


def test_where_most_has_changed_the_list_is_shorter() -> None:
    roster = Roster()
    roster.publish(map(user, range(10)))
    known = roster.version
    roster.publish(map(user, range(10, 20)))
    assert isinstance(roster.news(known), PresenceList)


def test_who_has_missed_more_than_is_remembered_gets_the_list() -> None:
    roster = Roster()
    everybody = [user(number) for number in range(3000)]
    roster.publish(everybody)
    known = roster.version
    for turn in range(6000):
        everybody[0] = user(0, str(turn))
        roster.publish(everybody[:1] + everybody[1:])
    assert isinstance(roster.news(known), PresenceList)
    assert roster.news(roster.version - 1) == PresenceChange(came=(user(0, "5999"),))


def test_what_has_not_changed_is_no_new_version() -> None:
    roster = Roster()
    roster.publish(map(user, range(5)))
    known = roster.version
    roster.publish(map(user, range(5)))
    assert roster.version == known


def test_a_client_that_takes_changes_gets_a_list_first_and_again_on_every_new_connection() -> None:
    hub = Hub()
    for number in range(10):
        hub.register(ConnectionId(number), Fingerprint(f"{number:04}"), None, takes_changes=number == 3)
    hub.updates(0.0)
    hub.register(ConnectionId(20), Fingerprint("0020"), None)
    effects = [*hub.updates(1.0), *hub.updates(1.1)]
    kinds = {effect.to: type(effect.message) for effect in effects if isinstance(effect, Send)}
    assert [who for who, kind in kinds.items() if kind is PresenceChange] == ["0003"]
    assert len(kinds) == 11
    hub.register(ConnectionId(21), Fingerprint("0003"), None, takes_changes=True)
    kinds = {effect.to: type(effect.message) for effect in hub.updates(2.0) if isinstance(effect, Send)}
    assert kinds[Fingerprint("0003")] is PresenceList


def test_one_more_of_a_thousand_is_known_to_all_within_a_second() -> None:
    hub = Hub()
    now = 0.0
    for number in range(1000):
        hub.register(ConnectionId(number), Fingerprint(f"{number:04}"), None, takes_changes=True)
    while (due := hub.updates_due_at) is not None:
        now = max(now, due)
        hub.updates(now)
    began = now = now + 1.0
    hub.register(ConnectionId(2000), Fingerprint("2000"), None, takes_changes=True)
    told: set[Fingerprint] = set()
    while len(told) < 1001:
        due = hub.updates_due_at
        assert due is not None
        now = max(now, due)
        told |= {effect.to for effect in hub.updates(now) if isinstance(effect, Send)}
    assert now - began < 1.0


@given(st.lists(st.dictionaries(st.integers(0, 12), st.sampled_from([None, "a", "b"]), max_size=12), max_size=12))
def test_a_client_that_takes_changes_knows_the_same_as_one_that_takes_lists(
    versions: list[dict[int, str | None]],
) -> None:
    roster = Roster()
    known: int | None = None
    users: tuple[PresenceUser, ...] = ()
    for number, version in enumerate(versions):
        roster.publish(user(who, alias) for who, alias in version.items())
        if number % 3 == 2:
            continue  # was busy
        news = roster.news(known)
        users = news.users if isinstance(news, PresenceList) else changed(users, news)
        known = roster.version
        expected = roster.news(None)
        assert isinstance(expected, PresenceList)
        assert set(users) == set(expected.users)
