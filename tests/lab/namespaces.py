"""Network namespaces without names: each lives while this process holds it open, so nothing is ever left behind."""

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_NEW_NET = 0x40000000
_INDEX_OF_FIRST_WIRE = 1000  # a veth whose two ends have the same index counts as ready up to a second late
_TOOLS = {"ip": "iproute2", "nft": "nftables"}


def _libc_call(name: str, *arguments: int) -> None:
    if getattr(_libc, name)(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


@contextlib.contextmanager
def _thread_in(namespace: int) -> Iterator[None]:
    back = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _libc_call("setns", namespace, _NEW_NET)
        try:
            yield
        finally:
            _libc_call("setns", back, _NEW_NET)
    finally:
        os.close(back)


class Net:
    """One namespace: a host, a router or the internet; its processes end with it."""

    def __init__(self, name: str, lifetime: ExitStack) -> None:
        self.name = name
        self.lifetime = lifetime
        self._fd = -1
        failures: list[OSError] = []

        def make() -> None:  # only this short-lived thread changes its namespace
            try:
                _libc_call("unshare", _NEW_NET)
                self._fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                failures.append(error)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]
        lifetime.callback(os.close, self._fd)
        self.path = f"/proc/{os.getpid()}/fd/{self._fd}"
        self.sysctl("ipv6/conf/default/accept_dad", 0)  # addresses can be used at once
        self.ip("link set lo up")

    def inside(self) -> contextlib.AbstractContextManager[None]:
        """This thread's new sockets and processes belong to the namespace; nothing may be awaited in it."""
        return _thread_in(self._fd)

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_DGRAM, protocol: int = 0) -> socket.socket:
        with self.inside():
            return socket.socket(family, kind, protocol)

    def start(self, command: Sequence[object], **options: Any) -> "subprocess.Popen[str]":
        with self.inside():
            process = subprocess.Popen([str(part) for part in command], text=True, **options)
        self.lifetime.callback(end, process)
        return process

    def run(self, *command: str, text: str | None = None) -> str:
        with self.inside():
            done = subprocess.run(command, capture_output=True, text=True, check=False, input=text)
        if done.returncode:
            raise OSError(f"{self.name}: {' '.join(command)}: {done.stderr}")
        return done.stdout

    def ip(self, line: str) -> str:
        return self.run("ip", *line.split())

    def nft(self, rules: str) -> None:
        self.run("nft", "-f", "-", text=rules)

    def sysctl(self, key: str, value: int) -> None:
        with self.inside():
            Path("/proc/sys/net", key).write_text(str(value), encoding="ascii")

    def up(self, device: str, more: str = "") -> None:
        self.ip(f"link set {device} {more} up")
        for family in ("ipv4", "ipv6"):  # a new link may pass packets late: ask for neighbours again after 20 ms
            self.sysctl(f"{family}/neigh/{device}/retrans_time_ms", 20)

    def wire(self, own: str, number: int, other: "Net", far: str) -> None:
        """A cable to another namespace; both ends have still to be brought up."""
        index = _INDEX_OF_FIRST_WIRE + number
        self.ip(f"link add {own} index {index} type veth peer name {far} netns {other.path}")


def end(process: "subprocess.Popen[str]") -> None:
    """Ends a process, however it is, and closes its pipes."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def why_no_lab() -> str:
    """Why this machine cannot hold the laboratory; empty where it can."""
    if not hasattr(os, "setns") and not Path("/proc/thread-self/ns/net").exists():
        return "network namespaces are Linux's"
    for tool, package in _TOOLS.items():
        with contextlib.suppress(FileNotFoundError):
            subprocess.run([tool, "-V"], capture_output=True, check=False)
            continue
        return f"the command {tool} is missing (Debian: {package})"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "no access to /dev/net/tun"
    try:
        with ExitStack() as lifetime:
            net = Net("trial", lifetime)
            net.ip("tuntap add dev trial0 mode tun")
            net.nft(
                'table ip nat { chain out { type nat hook postrouting priority 100; oifname "x" masquerade\n }\n}\n'
            )
    except OSError as error:
        return f"no network namespaces here (root is needed): {error}"
    return ""
