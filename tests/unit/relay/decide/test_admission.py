import pytest

from relay.config import RelayConfig
from relay.decide.admission import Admission
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.ids import Fingerprint

HERE, SAME_NETWORK, ELSEWHERE = "2001:db8::1", "2001:db8::2", "192.0.2.1"
ANN, BEN, CLEO = Fingerprint("ann"), Fingerprint("ben"), Fingerprint("cleo")


def refused(ask: object, *arguments: object, **more: object) -> str:
    with pytest.raises(Unavailable) as error:
        ask(*arguments, **more)  # type: ignore[operator]
    assert error.value.code is ErrorCode.LIMIT
    return str(error.value.facts["what"])


def test_one_network_cannot_hold_all_undecided_links() -> None:
    admission, config = Admission(), RelayConfig(max_undecided_links=4)
    assert [admission.connect(HERE, config) for _ in range(3)] == [True, True, False]
    assert [admission.connect(ELSEWHERE, config) for _ in range(3)] == [True, True, False]
    assert admission.undecided == 4
    admission.disconnect(HERE)
    assert admission.undecided == 3
    assert admission.connect(HERE, config)


def test_a_link_that_became_a_client_is_undecided_no_more() -> None:
    admission, config = Admission(), RelayConfig(max_undecided_links=2)
    for who in (ANN, BEN):
        assert admission.connect(HERE, config)
        assert not admission.connect(HERE, config)
        admission.register(HERE, who, config, 0.0, replaces=False)
    assert admission.connect(HERE, config)
    admission.deregister(HERE)
    assert not admission.connect(HERE, config)


def test_one_network_has_its_part_of_the_clients_and_a_returning_client_its_place() -> None:
    admission, config = Admission(), RelayConfig(max_clients=2)
    admission.register(HERE, ANN, config, 0.0, replaces=False)
    assert refused(admission.register, SAME_NETWORK, BEN, config, 0.0, replaces=False) == "registered clients"
    admission.register(SAME_NETWORK, ANN, config, 0.0, replaces=True)
    admission.deregister(HERE)
    admission.register(ELSEWHERE, BEN, config, 0.0, replaces=False)


@pytest.mark.parametrize("here", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_programs_on_this_machine_share_all_places(here: str) -> None:
    admission, config = Admission(), RelayConfig(max_clients=2, max_sessions=2)
    for who in (ANN, BEN):
        admission.register(here, who, config, 0.0, replaces=False)
        admission.join(here, who, config, replaces=False)
    assert refused(admission.register, here, CLEO, config, 0.0, replaces=False) == "registered clients"
    assert refused(admission.join, here, CLEO, config, replaces=False) == "sessions"


def test_registrations_are_limited_by_client_and_by_network() -> None:
    config = RelayConfig(registrations_per_minute=2.0, registrations_per_minute_and_address=3.0)
    admission = Admission()
    for _ in range(2):
        admission.register(HERE, ANN, config, 0.0, replaces=True)
    assert refused(admission.register, HERE, ANN, config, 0.0, replaces=True) == "registrations per minute"
    admission.register(HERE, BEN, config, 0.0, replaces=False)
    assert refused(admission.register, HERE, CLEO, config, 0.0, replaces=False) == "registrations per minute"
    admission.register(HERE, CLEO, config, 21.0, replaces=False)


def test_who_asks_in_anothers_name_costs_the_other_nothing() -> None:
    admission, config = Admission(), RelayConfig(registrations_per_minute=1.0)
    admission.register(HERE, ANN, config, 0.0, replaces=False)
    refused(admission.register, HERE, ANN, config, 0.0, replaces=True)
    admission.register(ELSEWHERE, ANN, config, 0.0, replaces=True)


def test_offers_are_limited_by_client_and_by_network() -> None:
    admission = Admission()
    config = RelayConfig(offers_per_minute=2.0, offers_per_minute_and_address=3.0)
    assert [admission.offer(HERE, ANN, config, 0.0) for _ in range(3)] == [True, True, False]
    assert [admission.offer(SAME_NETWORK, BEN, config, 0.0) for _ in range(2)] == [True, False]
    assert admission.offer(ELSEWHERE, CLEO, config, 0.0)


def test_a_client_is_in_so_many_rooms_and_a_network_holds_its_part_of_the_places() -> None:
    admission, config = Admission(), RelayConfig(max_sessions=4, max_rooms_per_client=1)
    admission.join(HERE, ANN, config, replaces=False)
    assert refused(admission.join, ELSEWHERE, ANN, config, replaces=False) == "rooms of one client"
    admission.join(HERE, ANN, config, replaces=True)
    assert refused(admission.join, HERE, BEN, config, replaces=False) == "sessions"
    admission.leave(HERE, ANN)
    admission.join(HERE, BEN, config, replaces=False)
    assert admission.participants == 2
    admission.leave(HERE, ANN)
    admission.join(ELSEWHERE, ANN, config, replaces=False)
