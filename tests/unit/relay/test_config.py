import re
from pathlib import Path

import pytest

from relay.config import (
    PeerRelay,
    RelayConfig,
    TrustedRelay,
    checked,
    example_document,
    merged,
    options,
    read_document,
    toml_key,
)
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.ids import TlsFingerprint


def test_a_file_is_read_by_the_specifications_keys() -> None:
    values, unknown = read_document(
        'listen_addr = "[::]:5000"\nmax_sessions = 7\nregion = "eu"\n[[tunnels]]\nurl = "x"\n'
    )
    assert values == {"listen": ("::", 5000), "max_sessions": 7, "region": "eu"}
    assert unknown == ["tunnels"]


def test_a_later_source_wins() -> None:
    config = merged([{"max_sessions": 7, "region": "eu"}, {"max_sessions": 8}])
    assert (config.max_sessions, config.region) == (8, "eu")


@pytest.mark.parametrize(
    "line",
    [
        "max_sessions = 0",
        'max_sessions = "many"',
        "max_sessions = true",
        "require_signatures = 1",
        'listen_addr = "everywhere"',
        'listen_addr = "127.0.0.1:70000"',
        'advertised_addr = "nowhere"',
        'log_level = "loud"',
        'probe_targets = "10.0.0.1:4433"',
        'probe_targets = ["relay.example:4433"]',
        "probe_targets = [4433]",
        "max_sessions = = 1",
        "peers = 1",
        f'[[peers]]\nfingerprint = "{"ab" * 32}"',
        '[[peers]]\nurl = "203.0.113.5:4433"\nfingerprint = "ab:cd"',
        '[[trusted]]\nlabel = "B"',
        f'[[trusted]]\nfingerprint = "{"ab" * 32}"\nlabel = "a\\nb"',
        '[[global_rooms]]\nname = " "',
        "http_port = 70000",
        'http_host = "everywhere"',
        'http_token = "too short"',
        'http_token = "sixteen letters with spaces"',
    ],
)
def test_a_value_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(Unavailable) as refused:
        read_document(line)
    assert refused.value.code is ErrorCode.BAD_SETTINGS


def test_the_http_port_may_stand_under_the_name_of_older_relays() -> None:
    assert read_document("metrics_port = 9090") == ({"http_port": 9090}, [])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_others_may_ask_over_http_only_with_a_token(host: str) -> None:
    RelayConfig(http_host=host)  # nobody can ask
    RelayConfig(http_host=host, http_port=9090, http_token="a-token-of-some-length")
    with pytest.raises(Unavailable) as refused:
        RelayConfig(http_host=host, http_port=9090)
    assert refused.value.code is ErrorCode.BAD_SETTINGS
    assert refused.value.facts["what"] == "http_token"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_may_ask_without_a_token(host: str) -> None:
    assert RelayConfig(http_host=host, http_port=9090).http_token == ""


def test_lists_of_the_file_and_of_flags_add_up() -> None:
    values, _ = read_document('probe_targets = ["10.0.0.1:4433"]')
    config = merged([values, {"probe": (("2001:db8::1", 1),)}])
    assert config.probe == (("10.0.0.1", 4433), ("2001:db8::1", 1))


def test_the_example_file_holds_every_key_with_its_default() -> None:
    uncommented = re.sub(r"(?m)^# (\w+ = )", r"\1", example_document())
    values, unknown = read_document(uncommented)
    assert unknown == []
    assert merged([values]) == RelayConfig()
    assert set(values) == {spec.name for spec in options() if not spec.metadata["table"]}


def test_peers_trusted_relays_and_global_rooms_are_tables_that_a_flag_may_add_to() -> None:
    key = ":".join(["ab"] * 32)
    values, unknown = read_document(
        f"""
        [[peers]]
        url = "203.0.113.5:4433"
        fingerprint = "{"AB" * 32}"
        label = "Relay B"
        [[trusted]]
        fingerprint = "{key}"
        [[global_rooms]]
        name = "General"
        """
    )
    (spec,) = (spec for spec in options() if spec.metadata["flag"])
    config = merged([values, {"global_rooms": checked(spec, ["Lobby"])}])
    assert unknown == []
    assert config.peers == (PeerRelay(url="203.0.113.5:4433", fingerprint=TlsFingerprint(key), label="Relay B"),)
    assert config.trusted == (TrustedRelay(fingerprint=TlsFingerprint(key)),)
    assert config.global_rooms == ("general", "lobby")


def test_the_packaged_sample_mentions_every_key() -> None:
    sample = Path(__file__).parents[3] / "packaging" / "relay" / "relay.toml"
    text = sample.read_text(encoding="utf-8")
    assert all(re.search(rf"(?m)^(# )?(\[\[)?{toml_key(spec)}( = |\]\])", text) for spec in options())
    assert read_document(text) == ({"listen": RelayConfig().listen}, [])
