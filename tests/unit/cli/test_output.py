"""What a command prints, and its exit code."""

import json

import pytest

from wzp_core.cli.__main__ import main, parser
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


def test_a_summary_is_a_line_per_fact_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).summary(tx_packets=3, reason="hung_up")
    assert capsys.readouterr().out == "tx packets: 3\nreason: hung_up\n"


def test_people_read_lists_and_parts_without_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    output.event("presence", users=[{"fingerprint": "aa:bb", "alias": "Ann"}, {"fingerprint": "cc:dd", "alias": ""}])
    output.summary(delay={"jitter_buffer": 3.0, "playback": 1.0}, setup_ms=None)
    said = "presence  users: aa:bb Ann, cc:dd\ndelay: jitter buffer 3.0 playback 1.0\nsetup ms: -\n"
    assert capsys.readouterr().out == said


def test_people_read_words(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).event("no_audio", reason="path_lost", since_ms=None)
    assert capsys.readouterr().out == "no audio  reason: path_lost\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "fly",
        "call",
        "call x",
        "ping host:port",
        "ping r --count 0",
        "netcheck --relay r:0",
        "netcheck --stun [::1",
        "identity --profile ../x",
        "listen --relay r --answer maybe",
        "listen --relay r --calls -1",
        "call x --relay r --seconds 0",
        "call x --relay r --seconds nan",
        "call x --relay r --quality best",
        "room x --relay r --record nowhere/x.wav",
        "bench voice --jobs none",
        "sweep --loss nan",
        "ping r --expect ab",
    ],
)
def test_a_wrong_command_line_is_exit_two_and_one_line(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("play", ["nowhere.wav", __file__])
def test_sound_that_is_none_is_exit_two(play: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "0" * 32, "--relay", "r", "--seed-file", "s", "--play", play]) == 2
    assert "mono 16-bit WAV" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "call x --relay r",
        "listen --relay r",
        "room x --relay r",
        "presence --relay r",
        "ping r",
        "netcheck",
        "identity",
        "doctor",
        "echo-test --relay r",
        "drift-test 5 --relay r",
        "sweep",
        "web --relay r",
        "analyze --relay r",
        "bench voice",
        "bench pipeline",
        "bench relay",
    ],
)
def test_every_command_takes_the_flags_of_all(command: str) -> None:
    flags = "--seed-file s --profile p --device none --stun a:1 b --stun c --no-stun --json"
    options = parser().parse_args([*command.split(), *flags.split()])
    assert (options.profile, options.device, options.stun) == ("p", "none", ["a:1", "b", "c"])
