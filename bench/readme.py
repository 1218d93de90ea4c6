"""Puts what was measured into README.md.

    ./dev bench --json | python3 bench/readme.py

Between the two `measured` comments of README.md comes a table: for each shape plait's median beside that of the best of
its peers in the same run, with the machine and the day. Nobody types figures there by hand. A run during which other
programs used more than a tenth of the CPUs is refused, for its figures would tell of them. The median of all shapes
decides: what the kernel does for ending threads is nobody's, and looks like others' work where threads are started.
"""

import json
import re
import sys
from pathlib import Path
from statistics import median

README = Path(__file__).parent.parent / "README.md"
PLACE = re.compile(r"<!-- measured -->\n.*?<!-- end of measured -->\n", re.DOTALL)
OTHERS_MOST = 0.1
UNITS = {"ns_per_op": "ns", "bytes_per_thread": "bytes"}


def read_results(lines):
    """The rows by shape, in order."""
    shapes = {}
    for line in lines:
        row = json.loads(line)
        shapes.setdefault((row["bench"], row["shape"]), []).append(row)
    return shapes


def figure(row):
    """What was measured, and its unit."""
    for key, unit in UNITS.items():
        if key in row:
            return row[key], unit
    sys.exit(f"no figure known in {row}")


def written(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table_lines(shapes):
    yield "| what | plait | best peer | plait / best peer |"
    yield "|---|---:|---:|---:|"
    for (bench, shape), rows in shapes.items():
        peers = [row for row in rows if not row["who"].startswith("plait")]
        best = min(peers, key=lambda row: figure(row)[0], default=None)
        for row in rows:
            if not row["who"].startswith("plait") or best is None:
                continue
            value, unit = figure(row)
            other = figure(best)[0]
            name = "" if row["who"] == "plait" else f" ({row['who']})"
            yield (f"| {bench}: {shape}{name} | {written(value)} {unit} | {written(other)} {unit}, {best['who']} "
                   f"| {value / other:.2f} |")


def main():
    shapes = read_results(sys.stdin)
    rows = [row for rows in shapes.values() for row in rows]
    if not rows:
        sys.exit("nothing was measured")
    others = median(row["others_cpu_share"] for row in rows)
    if others > OTHERS_MOST:
        sys.exit(f"other programs used {others:.0%} of the CPUs: measure again when the machine is quiet")
    text = README.read_text()
    if not PLACE.search(text):
        sys.exit("README.md has no place for it: two comments, `measured` and `end of measured`")
    table = "\n".join(table_lines(shapes))
    block = (f"<!-- measured -->\n## Measured\n\nMedians of interleaved runs on {rows[-1]['machine']}, as `./dev bench` "
             f"makes them.\n\n{table}\n\n<!-- end of measured -->\n")
    README.write_text(PLACE.sub(lambda _: block, text))


main()
