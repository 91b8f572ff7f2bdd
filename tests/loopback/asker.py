"""A relay that answers HTTP, and who asks it."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families as parsed

from relay.config import RelayConfig
from tests.loopback.net import ANN, BEN, Net, packet, roster
from wzp_core.ports import Link
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import LossRecoveryUpdate

REPORTING = bytes.fromhex("02000001000000140000")
LIMIT_S = 5.0


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config(folder: Path, **options: Any) -> RelayConfig:
    return RelayConfig(listen=("127.0.0.1", 0), data_dir=folder, http_port=free_tcp_port(), **options)


class Asker(Net):
    """A net whose relay also answers HTTP."""

    def url(self, path: str) -> str:
        assert self.relay.http_address is not None
        host, port = self.relay.http_address
        return f"http://{host}:{port}{path}"

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Status, and the answer as JSON or text."""
        async with aiohttp.ClientSession() as session, session.get(self.url(path), headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def metrics(self) -> dict[str, dict[str, float]]:
        """Values by name and, joined, the values of the labels."""
        status, text = await self.get("/metrics")
        assert status == 200
        found: dict[str, dict[str, float]] = {}
        for family in parsed(text):
            for sample in family.samples:
                found.setdefault(sample.name, {})[",".join(sample.labels.values())] = sample.value
        return found

    async def talking(self, room: str) -> tuple[Link, Link]:
        """Two in a room, of whom the first has said something and told how it fares."""
        (ann, stream_id), (ben, _) = await self.join(ANN, room), await self.join(BEN, room)
        await roster(ann, ANN, BEN)
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        ben.on_media(heard.put_nowait)
        report = QualityReport.of(loss_pct=20, rtt_ms=120, jitter_ms=7).encode()
        for datagram in (REPORTING + bytes([0, stream_id]) + b"voice" + report, packet(stream_id, b"voice")):
            ann.send_media(datagram)
            async with asyncio.timeout(LIMIT_S):
                assert await heard.get() == datagram
        ann.send_signal(
            LossRecoveryUpdate(
                dred_reconstructions=17,
                classical_plc_invocations=4,
                frames_decoded=9000,
                jitter_buffer_depth=3,
                underruns=21,
                overruns=2,
            )
        )
        while "wzp_relay_session_classical_plc_total" not in await self.metrics():
            pass
        return ann, ben
