"""`wzp identity`: show, make, back up and restore the identity of a profile."""

import sys
from argparse import ArgumentParser, Namespace

import segno

from wzp_core.cli.flags import add_common_flags
from wzp_core.cli.output import Exit, Output
from wzp_core.compose import entropy, given_passphrase, make_seeds
from wzp_core.crypto.backup import seed_of_backup, words_of
from wzp_core.crypto.identity import Identity
from wzp_core.engine.world import Seeds
from wzp_core.errors import ErrorCode, WzpError

_WORDS = {
    ErrorCode.BAD_BACKUP: "That is no backup: 24 words or 64 hex digits are needed, and the words must fit together.",
    ErrorCode.SECRETS_LOCKED: "The identity is sealed: set WZP_PASSPHRASE.",
    ErrorCode.WRONG_PASSPHRASE: "The passphrase in WZP_PASSPHRASE is wrong.",
    ErrorCode.NO_SECRET_STORE: "The identity cannot be stored on this machine.",
    ErrorCode.BAD_FILE: "The seed file cannot be read: 64 hex digits are needed.",
}


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument("action", nargs="?", choices=["show", "new", "backup", "restore"], default="show")
    parser.add_argument("--force", action="store_true", help="replace an identity that exists")


async def run(options: Namespace, output: Output) -> Exit:
    seeds = make_seeds(options.profile, options.seed_file)
    try:
        found = await seeds.load(given_passphrase())
        match options.action:
            case "new" | "restore" if found is not None and not options.force:
                output.error("There is an identity already; back it up, then use --force to replace it.")
                return Exit.REFUSED
            case "new":
                return await _store(seeds, entropy(32), output)
            case "restore":
                output.text("Type the 24 words or 64 hex digits, then Enter:")
                return await _store(seeds, seed_of_backup(sys.stdin.readline()), output)
    except WzpError as error:
        output.error(_WORDS.get(error.code, str(error)))
        return Exit.USAGE
    if found is None:
        output.error("There is no identity yet; `wzp identity new` makes one.")
        return Exit.USAGE
    identity = Identity.from_seed(found[0])
    if options.action == "backup":
        output.text("Whoever has these words is you. Write them on paper.")
        output.record({"words": words_of(found[0])})
    else:
        _show(identity, output)
    return Exit.OK


async def _store(seeds: Seeds, seed: bytes, output: Output) -> Exit:
    await seeds.save(seed, given_passphrase() or "")
    _show(Identity.from_seed(seed), output)
    return Exit.OK


def _show(identity: Identity, output: Output) -> None:
    output.record(
        {"fingerprint": identity.fingerprint, "alias": identity.alias, "public_key": identity.public_key.hex()}
    )
    link = segno.make(f"wzp:{identity.fingerprint}", error="m")
    output.text("\n".join(_rows(link)))


def _rows(code: segno.QRCode) -> list[str]:
    """The code in half blocks, dark on light, for a terminal."""
    rows = [list(row) for row in code.matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    glyph = {(0, 0): "█", (1, 0): "▄", (0, 1): "▀", (1, 1): " "}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(glyph[bool(a), bool(b)] for a, b in zip(top, low, strict=True)) for top, low in pairs]
