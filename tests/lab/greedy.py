"""Somebody at home uploads a film: one TCP connection that takes what it gets, to a sink elsewhere.

A program of its own: `python greedy.py sink PORT`, and `python greedy.py HOST PORT` sends there until it is killed.
"""

import socket
import sys
import time

_CHUNK = bytes(65_536)


def sink(port: int) -> None:
    with socket.create_server(("", port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                while connection.recv(65_536):
                    pass


def send(host: str, port: int) -> None:
    while True:
        try:
            with socket.create_connection((host, port), timeout=20) as connection:
                while True:
                    connection.sendall(_CHUNK)
        except OSError:
            time.sleep(1)


if __name__ == "__main__":
    where, number = sys.argv[1:]
    if where == "sink":
        sink(int(number))
    else:
        send(where, int(number))
