"""One log line: a name and its facts, with secrets kept out and floods held back."""

import logging
import re

_SECRET = re.compile(r"seed|secret|private|passphrase|token|words|mnemonic|root|nonce")
_LONGEST_FACT = 200


def logger(area: str) -> logging.Logger:
    """The logger of one area, below the program's own root so that libraries' logs stay apart."""
    return logging.getLogger(f"wzp.{area}")


def event(log: logging.Logger, name: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Writes `name key=value …`; `name` is `area:what_happened`."""
    if log.isEnabledFor(level):
        log.log(level, "%s%s", name, "".join(f" {key}={_shown(key, value)}" for key, value in facts.items()))


def _shown(key: str, value: object) -> str:
    if _SECRET.search(key):
        return "<hidden>"
    text = str(value)
    text = text if len(text) <= _LONGEST_FACT else text[:_LONGEST_FACT] + "…"
    return repr(text) if re.search(r"[\s\x00-\x1f\x7f]", text) else text
