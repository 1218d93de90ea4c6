"""What `./dev bench --json` said, for the scripts that write it down: readme.py and results.py."""

import json
import re
import sys
from statistics import median

OTHERS_MOST = 0.1  # of the CPUs, above which figures tell of other programs
UNITS = {
    "ns_per_op": "ns",
    "ns_per_item": "ns",
    "ns_per_task": "ns",
    "ns_per_wake": "ns",
    "p99_ns": "ns",
    "bytes_per_thread": "bytes",
    "bytes_each": "bytes",
    "mallocs_each": "",
}
CPU = {"cpu_ns_per_op", "cpu_ns_per_item", "cpu_ns_per_task", "getter_cpu_ns"}
WORKERS = re.compile(r", (\d+) workers?$")


def read(lines):
    """The rows by bench and shape, in order. A shape that was measured twice counts as it was the last time."""
    shapes = {}
    for line in lines:
        row = json.loads(line)
        rows = shapes.setdefault((row["bench"], row["shape"]), {})
        rows[row["who"]] = row
    if not shapes:
        sys.exit("nothing was measured")
    return {key: list(rows.values()) for key, rows in shapes.items()}


def figure(row):
    """What was measured, and its unit; None for a peer that is missing."""
    for key, unit in UNITS.items():
        if key in row:
            return row[key], unit
    sys.exit(f"no figure known in {row}")


def value(row):
    return figure(row)[0]


def cpu(row):
    """CPU time for each thing done, if it was measured."""
    return next((row[key] for key in CPU if key in row), None)


def written(number, unit=""):
    if number is None:
        return "missing"
    digits = f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
    return f"{digits} {unit}".strip()


def is_ours(row):
    return row["who"].startswith("plait")


def best(rows):
    """The best peer that is there; None without any."""
    peers = [row for row in rows if not is_ours(row) and value(row) is not None]
    least = min(peers, key=value, default=None)
    return least if least and value(least) > 0 else None


def machine(shapes):
    """Where it was measured, and on which day: of the last row."""
    return list(shapes.values())[-1][-1]["machine"]


def others(shapes):
    """Which share of the CPUs other programs had, in the median of all shapes."""
    return median(row.get("others_cpu_share", 0) for rows in shapes.values() for row in rows if value(row) is not None)


def most_workers(shapes, bench):
    """How many workers the largest shapes of this bench have."""
    numbers = [int(found[1]) for of, shape in shapes if of == bench and (found := WORKERS.search(shape))]
    return max(numbers, default=1)
