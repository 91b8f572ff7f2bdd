"""`./dev lab`: the whole matrix of homes, one table."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.lab.cells import CELLS
from tests.lab.links import LINKS, run_links
from tests.lab.links import markdown as links_markdown
from tests.lab.matrix import run_matrix
from tests.lab.moves import change_uplink, cut_and_mend
from tests.lab.moves import markdown as moves_markdown
from tests.lab.namespaces import why_no_lab
from tests.lab.table import markdown, picture


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev lab", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="calls per cell (%(default)s)")
    parser.add_argument("--cells", default="", metavar="TEXT", help="only cells with this in their name")
    parser.add_argument("--parallel", type=int, default=max(1, os.cpu_count() or 1), metavar="N", help="(%(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for the table, the picture and what was recorded")
    parser.add_argument("--moves", type=int, default=0, metavar="N", help="only measure N moves of each kind")
    parser.add_argument(
        "--links", metavar="TEXT", nargs="?", const="", help="only calls over bad links with this in their name"
    )
    options = parser.parse_args()
    reason = why_no_lab()
    if reason:
        print(f"no laboratory on this machine: {reason}", file=sys.stderr)
        return 1
    out = options.out or Path(tempfile.mkdtemp(prefix="wzp-lab-"))
    out.mkdir(parents=True, exist_ok=True)
    if options.moves:
        moved = cut_and_mend(out.resolve() / "cut", options.moves)
        for path in ("direct", "relay"):
            moved += change_uplink(out.resolve() / f"uplink-{path}", options.moves, path=path)
        (out / "moves.md").write_text(moves_markdown(moved), encoding="utf-8")
        print(moves_markdown(moved))
        return 0 if all(moves.good for moves in moved) else 1
    tell = lambda words: print(words, file=sys.stderr, flush=True)  # noqa: E731
    if options.links is not None:
        links = [link for link in LINKS if options.links in link.name]
        tried = run_links(links, out.resolve(), parallel=options.parallel, runs=options.runs, tell=tell)
        (out / "links.md").write_text(links_markdown(tried), encoding="utf-8")
        print(links_markdown(tried))
        return 0
    cells = [cell for cell in CELLS if options.cells in cell.name]
    found = run_matrix(cells, out.resolve(), runs=options.runs, parallel=options.parallel, tell=tell)
    table = markdown(found)
    (out / "lab.md").write_text(table, encoding="utf-8")
    tell(picture(found, out / "lab.png") or f"picture: {out / 'lab.png'}")
    print(table)
    tell(f"all of it: {out}")
    missing = [cell.name for cell in cells if not cell.direct_enough(found[cell.name])]
    if missing:
        tell(f"direct too seldom: {', '.join(missing)}")
    heard = all(o.success and not o.silent for outcomes in found.values() for o in outcomes)
    return 0 if heard and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
