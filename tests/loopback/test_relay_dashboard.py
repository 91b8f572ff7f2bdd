"""The dashboard and the alerts that come with the relay, asked of a real Prometheus that watches real relays."""

import asyncio
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.config import PeerRelay, TrustedRelay
from relay.edge.addresses import address_text
from relay.identity import load_seed
from relay.serve import serve
from tests.loopback.asker import Asker, config, free_tcp_port
from tests.loopback.net import somebody
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.protocol.signal.call import Hangup, HangupReason

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging" / "relay"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))
READY = b"Server is ready to receive web requests"
INTERVAL, RATE_INTERVAL = "200ms", "5s"
LIMIT_S = 60.0


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: prometheus)")


def panels() -> Iterator[dict[str, Any]]:
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def queries() -> dict[str, str]:
    """As Grafana would send them, by panel and legend."""
    filled = {}
    for panel in panels():
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", RATE_INTERVAL).replace("$instance", ".+")
            assert "$" not in query
            filled[f"{panel['title']}: {target['legendFormat']}"] = query
    return filled


@asynccontextmanager
async def prometheus(folder: Path, *relays: str) -> AsyncIterator[str]:
    """One that watches these relays; yields where to ask it."""
    scrape = {"job_name": "wzp-relay", "scrape_interval": INTERVAL, "static_configs": [{"targets": relays}]}
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [scrape]}))  # JSON is YAML too
    port = free_tcp_port()
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        said = b""
        while READY not in said:
            line = await process.stderr.readline()
            assert line, said.decode()
            said += line
        drained = asyncio.ensure_future(process.stderr.read())  # else it would stop at a full pipe
        yield f"http://127.0.0.1:{port}/api/v1/query"
    finally:
        process.kill()
        await process.wait()
    await drained


async def answer(url: str, query: str) -> list[Any]:
    async with aiohttp.ClientSession() as session, session.get(url, params={"query": query}) as response:
        told = await response.json()
    assert told["status"] == "success", (query, told)
    return [series for series in told["data"]["result"] if not math.isnan(float(series["value"][1]))]


async def watched(stack: AsyncExitStack, folder: Path) -> Asker:
    """Of a relay with all that is measured: two who talk, another relay that it watches and is linked with."""
    own = config(folder / "relay")
    key = tls_identity(relay_tls_seed(load_seed(own.identity_path))).fingerprint
    other = await stack.enter_async_context(serve(config(folder / "other", trusted=(TrustedRelay(fingerprint=key),))))
    peer = PeerRelay(url=address_text(other.address), fingerprint=other.fingerprint, label="other")
    relay = await stack.enter_async_context(
        serve(replace(own, probe=(other.address,), peers=(peer,), workers=int(os.name == "posix")))
    )
    asker = Asker(relay, stack)
    await asker.talking("lab")
    return asker


async def come_and_go(asker: Asker, number: int) -> None:
    for link in [await asker.register(somebody(number)), (await asker.join(somebody(number), "lab"))[0]]:
        link.send_signal(Hangup(reason=HangupReason.NORMAL))
        link.close("gone")


async def test_every_query_of_the_dashboard_has_an_answer(tmp_path: Path) -> None:
    needs("prometheus")
    async with AsyncExitStack() as stack:
        asker = await watched(stack, tmp_path)
        assert asker.relay.http_address is not None
        url = await stack.enter_async_context(prometheus(tmp_path, address_text(asker.relay.http_address)))
        unanswered, number = queries(), 10
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                while unanswered:
                    await come_and_go(asker, number := 10 + (number + 1) % 200)
                    unanswered = {name: query for name, query in unanswered.items() if not await answer(url, query)}
        assert unanswered == {}


def test_the_dashboard_is_the_one_that_its_table_makes() -> None:
    made = subprocess.run([sys.executable, FOLDER / "dashboard.py"], capture_output=True, text=True, check=True)
    assert json.loads(made.stdout) == DASHBOARD


def test_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    squares: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert squares.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len({panel["title"] for panel in panels()}) == len(list(panels()))


def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    needs("promtool")
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    shutil.copy(ROOT / "tests" / "data" / "relay" / "alerts_test.yml", tmp_path)
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.name != "posix", reason="workers, of which some tell, are for POSIX systems")
async def test_alerts_name_only_what_a_relay_tells(tmp_path: Path) -> None:
    named = set(re.findall(r"\b(?:wzp|process)_\w+", re.sub(r"summary:.*", "", (FOLDER / "alerts.yml").read_text())))
    async with AsyncExitStack() as stack:
        asker = await watched(stack, tmp_path)
        assert named
        assert named - set(await asker.metrics()) == set()
