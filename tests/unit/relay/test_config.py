import re
from pathlib import Path

import pytest

from relay.config import RelayConfig, example_document, merged, options, read_document, toml_key
from wzp_core.errors import ErrorCode, Unavailable


def test_a_file_is_read_by_the_specifications_keys() -> None:
    values, unknown = read_document(
        'listen_addr = "[::]:5000"\nmax_sessions = 7\nregion = "eu"\n[[peers]]\nurl = "x"\n'
    )
    assert values == {"listen": ("::", 5000), "max_sessions": 7, "region": "eu"}
    assert unknown == ["peers"]


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
        "max_sessions = = 1",
    ],
)
def test_a_value_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(Unavailable) as refused:
        read_document(line)
    assert refused.value.code is ErrorCode.BAD_SETTINGS


def test_the_example_file_holds_every_key_with_its_default() -> None:
    uncommented = re.sub(r"(?m)^# (\w+ = )", r"\1", example_document())
    values, unknown = read_document(uncommented)
    assert unknown == []
    assert merged([values]) == RelayConfig()
    assert set(values) == {spec.name for spec in options()}


def test_the_packaged_sample_mentions_every_key() -> None:
    sample = Path(__file__).parents[3] / "packaging" / "relay" / "relay.toml"
    text = sample.read_text(encoding="utf-8")
    assert all(re.search(rf"(?m)^(# )?{toml_key(spec)} = ", text) for spec in options())
    assert read_document(text) == ({"listen": RelayConfig().listen}, [])
