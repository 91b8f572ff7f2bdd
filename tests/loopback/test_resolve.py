"""Names of relays, in a network namespace of the test's own where a family is missing."""

import os
import shutil
import subprocess
import sys

import pytest

from wzp_core.compose import resolve
from wzp_core.errors import ErrorCode, Unavailable

RESOLVE = """
import asyncio, socket
from wzp_core.compose import resolve

DUAL = [
    (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("2001:db8::1", 4433, 0, 0)),
    (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.1", 4433)),
]
socket.getaddrinfo = lambda *_args, **_facts: DUAL  # there is no name server in here
print(*asyncio.run(resolve("relay.example", 4433)), flush=True)
"""


@pytest.mark.parametrize(("family", "chosen"), [("-4", "192.0.2.1"), ("-6", "2001:db8::1"), ("-4 -6", "192.0.2.1")])
def test_a_name_with_both_kinds_of_address_means_one_that_can_be_reached(family: str, chosen: str) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("network namespaces need root, unshare and iproute2")
    routes = " && ".join(f"ip {each} route add default dev lo" for each in family.split())
    script = ["sh", "-c", f'ip link set lo up && {routes} && exec "$0" -c "$1"', sys.executable, RESOLVE]
    found = subprocess.run(["unshare", "-n", *script], capture_output=True, text=True)
    if "unshare" in found.stderr:
        pytest.skip("no network namespaces here")
    assert found.stdout.split() == [chosen, "4433"], found.stderr


async def test_what_is_no_name_is_refused_in_plain_words() -> None:
    with pytest.raises(Unavailable) as refused:
        await resolve("a..b", 4433)
    assert refused.value.code is ErrorCode.UNREACHABLE
