"""`./dev lab`: the whole matrix of homes, one table."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.lab.cells import CELLS
from tests.lab.matrix import run_matrix
from tests.lab.moves import change_uplink, cut_and_mend
from tests.lab.namespaces import why_no_lab
from tests.lab.table import markdown, picture


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev lab", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="calls per cell (%(default)s)")
    parser.add_argument("--cells", default="", metavar="TEXT", help="only cells with this in their name")
    parser.add_argument("--parallel", type=int, default=max(1, os.cpu_count() or 1), metavar="N", help="(%(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for the table, the picture and what was recorded")
    parser.add_argument("--moves", type=int, default=0, metavar="N", help="only measure N cuts and an uplink change")
    options = parser.parse_args()
    reason = why_no_lab()
    if reason:
        print(f"no laboratory on this machine: {reason}", file=sys.stderr)
        return 1
    out = options.out or Path(tempfile.mkdtemp(prefix="wzp-lab-"))
    out.mkdir(parents=True, exist_ok=True)
    if options.moves:
        print(f"direct path cut and mended: {cut_and_mend(out.resolve() / 'cut', options.moves)}")
        for path in ("direct", "relay"):
            print(f"uplink changed, {path} call: {change_uplink(out.resolve() / f'uplink-{path}', path=path)}")
        return 0
    cells = [cell for cell in CELLS if options.cells in cell.name]
    tell = lambda words: print(words, file=sys.stderr, flush=True)  # noqa: E731
    found = run_matrix(cells, out.resolve(), runs=options.runs, parallel=options.parallel, tell=tell)
    table = markdown(found)
    (out / "lab.md").write_text(table, encoding="utf-8")
    tell(picture(found, out / "lab.png") or f"picture: {out / 'lab.png'}")
    print(table)
    tell(f"all of it: {out}")
    return 0 if all(o.success and not o.silent for outcomes in found.values() for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
