"""`wzp bench relay` in small: real relays, forwarders and load generators, half a second each."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from wzp_core.cli import bench_presence, bench_relay, bench_relay_workers
from wzp_core.cli.__main__ import main
from wzp_core.cli.bench_presence import COLUMNS, presence_row
from wzp_core.cli.bench_relay import ROOM_COLUMNS, idle_row, room_row
from wzp_core.cli.bench_relay_load import Kind
from wzp_core.cli.bench_relay_process import Scenario, dropped_at
from wzp_core.cli.bench_relay_workers import limited, workers_rows
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


@pytest.mark.parametrize("takes_changes", [True, False])
async def test_one_more_client_becomes_known_to_all_and_all_come_back_to_a_new_relay(
    takes_changes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_presence, "_REST_S", 0.2)
    monkeypatch.setattr(bench_presence, "_SETTLE_S", 0.2)
    said: list[tuple[str, dict[str, Any]]] = []
    row = await presence_row(10, lambda name, **facts: said.append((name, facts)), takes_changes=takes_changes)
    assert row.keys() >= {key for key, _ in COLUMNS}
    assert (row["clients"], row["storm"]) == (10, 1)
    assert 0 < row["known_p50_ms"] <= row["known_p99_ms"]
    assert row["bytes_per_join"] > 0
    assert (row["lists"] > 10) is not takes_changes  # else only the newcomers' own
    assert 0 < row["back_p50_s"] <= row["back_all_s"] <= row["back_listed_s"]
    assert said == [("progress", {"registered": 10, "of": 10})]


async def test_one_worker_and_two_are_measured_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_relay_workers, "_FEWEST_RUNS", 2)
    one, two = await workers_rows(0.3, 1, scenario=Scenario(rooms=4, members=2, talkers=2), share=0.5)
    assert (one["workers"], two["workers"]) == (1, 2)
    assert one["runs"] == two["runs"] == 2
    assert one["least_per_s"] <= one["forwarded_per_s"] <= one["most_per_s"]
    assert one["against_one"] == 1.0
    assert two["forwarded_per_s"] > 0


async def test_a_process_that_has_used_its_part_of_a_core_stands_still_until_the_limit_ends() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    try:
        async with limited((process.pid,), 0.0):
            await _state(process.pid, "T")
        await _state(process.pid, "R")
    finally:
        process.kill()
        await process.wait()


async def _state(process: int, wanted: str) -> None:
    """Until it is running (R) or stopped (T)."""
    async with asyncio.timeout(10):
        while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def test_the_whole_run_writes_tables_for_people_and_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_relay, "QUICK", (Scenario(rooms=1, members=2, talkers=1),))
    assert main(["bench", "relay", "--quick", "--only", "rooms", "--seconds", "0.3", "--out", str(tmp_path)]) == 0
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
