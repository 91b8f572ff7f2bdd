"""`wzp bench relay` in small: real relays, forwarders and load generators, half a second each."""

import json
from pathlib import Path

import pytest

from wzp_core.cli import bench_relay
from wzp_core.cli.__main__ import main
from wzp_core.cli.bench_relay import ROOM_COLUMNS, Scenario, dropped_at, idle_row, presence_row, room_row
from wzp_core.cli.bench_relay_load import Kind
from wzp_core.io.udp import bind_udp


@pytest.mark.parametrize("kind", [Kind.RELAY, Kind.STOCK, Kind.UDP])
async def test_every_forwarder_passes_on_what_three_say_to_two_others_each(kind: Kind) -> None:
    row = await room_row(Scenario(kind=kind, rooms=1, members=3, talkers=3), 0.5)
    assert row["offered_per_s"] > 100
    assert row["lost_pct"] < 50.0
    assert row["forwarded_per_s"] > 0
    assert row["cpu_us"] >= 0  # the system counts in steps of 10 ms
    assert row["delay_p50_ms"] <= row["delay_p99_ms"]


async def test_people_at_rest_cost_memory_which_is_counted() -> None:
    assert (await idle_row(10))["kilobytes_each"] != 0


async def test_one_more_client_becomes_known_to_all_others() -> None:
    row = await presence_row(10)
    assert row["clients"] == 10
    assert row["heard_by_all_ms"] > 0


def test_the_whole_run_writes_tables_for_people_and_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_relay, "QUICK", (Scenario(rooms=1, members=2, talkers=1),))
    assert main(["bench", "relay", "--quick", "--rooms-only", "--seconds", "0.3", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "relay.json").read_text())["rooms"][0]["members"] == 2
    table = (tmp_path / "relay.md").read_text()
    assert table.count("\n") == 3
    assert all(head in table for _, head in ROOM_COLUMNS)
    assert table in capsys.readouterr().out


async def test_what_the_system_throws_away_at_a_full_socket_is_seen() -> None:
    receiver, sender = (bind_udp(("127.0.0.1", 0), lambda *_: None) for _ in range(2))
    try:
        before = dropped_at(receiver.local_address[1])
        if before is None:
            pytest.skip("this system does not say what it drops")
        for _ in range(20_000):
            sender.send(bytes(1000), receiver.local_address)
        assert (dropped_at(receiver.local_address[1]) or 0) > before
    finally:
        receiver.close()
        sender.close()
