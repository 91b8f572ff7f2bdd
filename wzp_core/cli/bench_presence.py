"""The presence rows of `wzp bench relay`: what it costs that everybody knows who is there.

One relay, and a crowd in a process of its own (`bench_presence_load`), all from one address, as behind one router.
The relay that the crowd registers with has its limits for one address lifted, so that gathering takes no minute; the
one that is started in its place afterwards has those that every relay starts with.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any, Final

from wzp_core.cli.bench_presence_load import Crowd, arguments
from wzp_core.cli.bench_relay_process import process, relay

COLUMNS: Final = (
    ("clients", "Registered clients"),
    ("told", "are told"),
    ("gathered_s", "gathered in s"),
    ("listed_s", "all told in s"),
    ("kilobytes_each", "kB each"),
    ("rest_cpu_pct", "CPU % at rest"),
    ("known_p50_ms", "One more: known after p50 ms"),
    ("known_p99_ms", "p99 ms"),
    ("known_max_ms", "to all ms"),
    ("bytes_per_join", "bytes to each"),
    ("join_cpu_ms", "CPU ms"),
    ("storm", "Within 1 s"),
    ("storm_known_s", "known to all in s"),
    ("storm_frames_each", "signals to each"),
    ("storm_bytes_each", "bytes to each"),
    ("storm_cpu_s", "CPU s"),
    ("back_p50_s", "After a restart: back p50 s"),
    ("back_all_s", "all s"),
    ("back_listed_s", "told in s"),
    ("back_tries_each", "tries each"),
    ("back_cpu_s", "CPU s"),
)

_SETTLE_S: Final = 2.0
_REST_S: Final = 5.0
_LIFTED: Final = (  # so that the crowd gathers quickly
    *("--connections-per-second", "100000"),
    *("--handshakes-per-second", "100000"),
    *("--registrations-per-minute-and-address", "1000000"),
)


async def presence_row(clients: int, tell: Callable[..., None], *, takes_changes: bool = True) -> dict[str, Any]:
    """`tell` is given what the crowd says of its progress. Raises Unavailable."""
    crowd = Crowd(clients=clients, newcomers=10, storm=clients // 10, takes_changes=takes_changes)
    with TemporaryDirectory(prefix="wzp-bench-") as folder:
        async with AsyncExitStack() as lifetime:
            server = await lifetime.enter_async_context(relay(folder, *_LIFTED))
            empty = server.memory_bytes
            crowd = replace(crowd, port=server.address[1])
            load = await lifetime.enter_async_context(process("wzp_core.cli.bench_presence_load", arguments(crowd)))

            async def step(name: str) -> dict[str, Any]:
                load.go()
                await load.until("began")
                busy = server.cpu_s
                result = await load.until(name, tell)
                return result | {"cpu_s": server.cpu_s - busy}

            row = await load.until("joined", tell)
            await asyncio.sleep(_SETTLE_S)
            row["kilobytes_each"] = round((server.memory_bytes - empty) / clients / 1000, 1)
            busy = server.cpu_s
            await asyncio.sleep(_REST_S)
            row["rest_cpu_pct"] = round(100 * (server.cpu_s - busy) / _REST_S, 1)
            joins = await step("newcomers")
            row |= joins | {"join_cpu_ms": round(1000 * joins["cpu_s"] / crowd.newcomers)}
            storm = await step("storm")
            row |= storm | {"storm_cpu_s": round(storm["cpu_s"], 2)}
            load.go()
            await load.until("began")
            await server.stop()  # and with a goodbye, so that all come back at the same moment
            server = await lifetime.enter_async_context(relay(folder, port=crowd.port))
            row |= await load.until("returned", tell)
            row["back_cpu_s"] = round(server.cpu_s, 1)
    del row["cpu_s"]
    return row | {"told": "changes" if takes_changes else "lists"}
