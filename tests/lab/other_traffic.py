"""A busy household: now and then a packet to somewhere new, each of which takes a port of a symmetric NAT.

A program of its own (`python other_traffic.py`), run inside a client's namespace.
"""

import random
import socket
import time

FLOWS_PER_S = 4.0
SOMEWHERE = "11.0.0.1"


def main() -> None:
    chance = random.Random(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while True:
            sock.sendto(b"\0", (SOMEWHERE, chance.randint(10_000, 60_000)))
            time.sleep(chance.expovariate(FLOWS_PER_S))


if __name__ == "__main__":
    main()
