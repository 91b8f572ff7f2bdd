"""What the programs have in common on a command line: errors, findings, and the end when nobody reads any more."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import NoReturn, ParamSpec

UNREAD = 141  # what a shell tells of a program that SIGPIPE has ended

P = ParamSpec("P")


class Parser(ArgumentParser):
    """Says in one line what is wrong with a command line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help tells more\n")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has looked at. Advice beside what is well is only worth knowing."""

    what: str
    ok: bool
    detail: str
    advice: str = ""


def ends_with_its_reader(main: Callable[P, int]) -> Callable[P, int]:
    """A program that ends without a word, by `UNREAD`, when its output goes into a pipe that was closed, as by `head`.

    SIGPIPE itself stays ignored: it would also end a relay of whose HTTP answer somebody does not read the end.
    """

    @wraps(main)
    def program(*args: P.args, **kwargs: P.kwargs) -> int:
        code = UNREAD
        try:
            try:
                code = main(*args, **kwargs)
            finally:  # also after the help, which ends by SystemExit
                if sys.stdout is not None:  # as in a Windows program without a console
                    sys.stdout.flush()
        except* BrokenPipeError:
            code = UNREAD
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's own flush fails too
        return code

    return program
