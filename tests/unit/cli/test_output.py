"""What a command prints, and its exit code."""

import json

import pytest

from wzp_core.cli.__main__ import main
from wzp_core.cli.output import EXIT_OF_END, Output
from wzp_core.session.state import EndReason


def test_every_end_of_a_call_has_an_exit_code() -> None:
    assert set(EXIT_OF_END) == set(EndReason)


def test_json_is_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.event("sas", code="123 456")
    output.record({"fingerprint": "x"})
    output.text("for people only")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"event": "sas", "code": "123 456"},
        {"fingerprint": "x"},
    ]


def test_people_read_words(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).event("no_audio", reason="path_lost", since_ms=None)
    assert capsys.readouterr().out == "no audio  reason: path_lost\n"


@pytest.mark.parametrize(
    "arguments", [["fly"], ["call"], ["call", "x"], ["listen", "--relay", "r", "--answer", "maybe"]]
)
def test_a_wrong_command_line_is_exit_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: wzp" in capsys.readouterr().err


def test_an_address_nobody_can_understand_is_exit_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ping", "host:port"]) == 2
    assert "HOST:PORT" in capsys.readouterr().err
