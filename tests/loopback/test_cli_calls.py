"""The command line against a relay, all real processes."""

import signal
import time
from pathlib import Path

from tests.audio.tracks import tracks_of
from tests.loopback.processes import Shop, free_port

NOBODY = "0000:0000:0000:0000:0000:0000:0000:0001"


def test_a_call_is_answered_talked_in_and_summed_up_on_both_sides(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    bob = street.phone("bob", "listen", "--path", "relay", "--calls", 1, port=port)
    fingerprint = bob.until("registered")["fingerprint"]
    alice = street.phone("alice", "call", fingerprint, "--path", "relay", "--seconds", 1, port=port)
    codes = [each.until("sas")["code"] for each in (alice, bob)]
    assert codes[0] == codes[1]
    for phone, reason in ((alice, "hung_up"), (bob, "peer_hung_up")):
        summary = phone.until("summary")
        assert phone.exit_code() == 0
        assert (summary["reason"], summary["badge"], summary["path"]) == (reason, "encrypted", "relay")
        assert summary["opened"] > 30
        assert summary["rejected"] == 0
        assert summary["setup_ms"] > 0


def test_a_declined_call_and_one_to_nobody_have_their_own_exit_codes(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    bob = street.phone("bob", "listen", "--answer", "reject", "--calls", 1, port=port)
    declined = street.phone("alice", "call", bob.until("registered")["fingerprint"], port=port)
    assert declined.exit_code() == 4
    assert declined.events[-1]["reason"] == "declined"
    assert street.phone("carol", "call", NOBODY, port=port).exit_code() == 3
    assert street.phone("dave", "call", "not a fingerprint", port=port).exit_code() == 2


def test_a_relay_with_another_key_than_before_is_a_security_failure(street: Shop) -> None:
    port = free_port()
    relay = street.relay(port)
    assert street.phone("alice", "presence", "--seconds", 0.1, port=port).exit_code() == 0
    relay.process.terminate()
    assert relay.process.wait(5) == 0
    (street.folder / "relay").rename(street.folder / "old")
    street.relay(port)
    assert street.phone("alice", "presence", "--seconds", 0.1, port=port).exit_code() == 6


def test_a_relay_killed_in_a_call_and_started_again_costs_a_moment(street: Shop) -> None:
    port = free_port()
    relay = street.relay(port)
    bob = street.phone("bob", "listen", "--path", "relay", "--calls", 1, port=port)
    alice = street.phone("alice", "call", bob.until("registered")["fingerprint"], port=port)
    alice.until("media")
    bob.until("media")
    relay.process.send_signal(signal.SIGKILL)
    relay.process.wait()
    killed = time.monotonic()
    street.relay(port)
    back = [phone.until("reconnected")["at"] - killed for phone in (alice, bob)]
    print(f"media back after {back[0]:.2f} s and {back[1]:.2f} s")
    watcher = street.phone("carol", "presence", "--seconds", 1, port=port)
    watcher.until("presence")
    assert watcher.exit_code() == 0
    assert max(len(e["users"]) for e in watcher.events if e["event"] == "presence") == 2
    alice.process.terminate()
    summary = bob.until("summary")
    assert (summary["reason"], summary["reconnects"]) == ("peer_hung_up", 1)
    assert bob.exit_code() == 0


def test_two_in_a_room_see_and_hear_each_other(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    phones = [street.phone(name, "room", "Kitchen Table", "--seconds", 2, port=port) for name in ("alice", "bob")]
    for phone in phones:
        assert phone.exit_code() == 0
        assert max(e["count"] for e in phone.events if e["event"] == "participants") == 2
        assert phone.events[-1]["opened"] > 20


def test_a_call_and_a_room_are_recorded_for_finding_faults_where_that_is_asked_for(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    folder, blocked = street.folder / "recordings", street.folder / "alice.seed" / "folder"
    bob = street.phone("bob", "listen", "--calls", 1, "--record-debug", folder, port=port)
    fingerprint = bob.until("registered")["fingerprint"]
    alice = street.phone("alice", "call", fingerprint, "--seconds", 1, port=port)
    file = Path(bob.until("recording")["file"])
    assert (alice.exit_code(), bob.exit_code()) == (0, 0)
    assert file.parent == folder
    assert [track.size > 24_000 for track in tracks_of(file)] == [True] * 3
    room = street.phone("carol", "room", "kitchen", "--seconds", 1, "--record-debug", folder, port=port)
    assert room.until("recording")["file"] != str(file)
    refused = street.phone("alice", "call", fingerprint, "--record-debug", blocked, port=port)
    assert refused.exit_code() != 0
    assert str(blocked) in refused.process.stderr.read()


def test_a_call_that_has_to_be_direct_and_cannot_says_so_in_its_exit_code(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    bob = street.phone("bob", "listen", "--path", "relay", "--calls", 1, port=port)
    fingerprint = bob.until("registered")["fingerprint"]
    alice = street.phone("alice", "call", fingerprint, "--path", "direct", "--no-stun", "--seconds", 0.5, port=port)
    summary = alice.until("summary")
    assert alice.exit_code() == 3
    assert (summary["path"], summary["time_to_direct_ms"]) == ("relay", None)
    assert summary["opened"] > 0


def test_a_question_on_the_keyboard_holds_up_neither_the_end_of_the_call_nor_that_of_the_program(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    bob = street.phone("bob", "listen", "--answer", "manual", port=port)
    fingerprint = bob.until("registered")["fingerprint"]
    for quality, codec in (("codec2-1200", "Codec2_1200"), ("studio-64k", "Opus64k")):
        alice = street.phone("alice", "call", fingerprint, "--quality", quality, "--seconds", 1, port=port)
        bob.until("incoming")
        assert bob.process.stdin is not None
        bob.process.stdin.write("p\n")
        bob.process.stdin.flush()
        assert alice.until("summary")["quality_tx"] == codec
        assert bob.until("summary")["quality_rx"] == codec
    given_up = street.phone("alice", "call", fingerprint, port=port)
    bob.until("incoming")
    given_up.process.send_signal(signal.SIGINT)
    assert given_up.until("summary")["reason"] == "hung_up"
    assert bob.until("summary")["reason"] == "peer_hung_up"
    street.phone("alice", "call", fingerprint, port=port)
    bob.until("incoming")
    bob.process.send_signal(signal.SIGINT)
    assert bob.exit_code() == 0


def test_a_call_without_a_relay_has_a_summary_too(street: Shop) -> None:
    port = free_port()
    alice = street.phone("alice", "call", NOBODY, port=port)
    assert alice.exit_code() == 3
    assert (alice.events[-1]["event"], alice.events[-1]["reason"]) == ("summary", "cannot_reach")


def test_a_tone_comes_back_from_a_room_that_echoes_and_from_no_other(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    street.phone("bob", "room", "hall", "--echo", port=port).until("joined")
    echo = street.phone("alice", "echo-test", 2, "--room", "Hall", port=port)
    drift = street.phone("carol", "drift-test", 2, "--room", "alone", port=port)
    window, summary = echo.until("window"), echo.until("summary")
    assert echo.exit_code() == 0
    assert (summary["verdict"], window["silent"]) == ("short", False)
    assert window["correlation"] > 0.9
    assert drift.exit_code() == 5
    again = street.phone("alice", "drift-test", 2, "--room", "hall", port=port).until("summary")
    assert abs(again["drift_ms"]) < 500
    assert again["frames"] > 80


def test_a_room_is_analysed_captured_and_replayed_without_a_word_of_ours(street: Shop) -> None:
    port = free_port()
    street.relay(port)
    capture, html = street.folder / "room.wzp", street.folder / "room.html"
    ann = street.phone("ann", "room", "kitchen", "--alias", "Ann", port=port)
    ann.until("joined")
    watcher = street.phone("w", "analyze", "-r", "Kitchen", "--seconds", 3, "--capture", capture, port=port)
    watcher.until("stats")
    summary = watcher.until("summary")
    assert watcher.exit_code() == 0
    (stream,) = summary["streams"]
    assert (stream["name"], stream["codec"], stream["lost"]) == ("Ann", "Opus24k", 0)
    again = street.run("wzp_core.cli", "analyze", "--replay", capture, "--html", html, "--json")
    (replayed,) = again.until("summary")["streams"]
    assert again.exit_code() == 0
    assert replayed["packets"] == stream["packets"] > 100
    assert abs(replayed["jitter_ms"] - stream["jitter_ms"]) < 0.2
    assert "Opus24k" in html.read_text()
    stopped = street.phone("w", "analyze", "-r", "kitchen", port=port)
    stopped.until("stats")
    stopped.process.send_signal(signal.SIGINT)
    assert stopped.until("summary")["packets"] > 50
    assert stopped.exit_code() == 0
    assert street.phone("w", "analyze", port=free_port()).exit_code() == 3
