"""Writes bench/RESULTS.md: all that was measured, and whether it is what was asked for.

    ./dev bench --json >build/here.json
    python3 bench/results.py build/here.json [JSON_OF_ANOTHER_MACHINE...]

One chapter for each file, that is for each machine: the limits that plait set itself, as ratios of medians of the same
run, each met or not; how it scales with the number of threads; then every shape with everybody who took part. Nobody
types figures there by hand.
"""

import re
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import measured

RESULTS = Path(__file__).parent / "RESULTS.md"

INTRODUCTION = """# Results

Written by `bench/results.py` from what `./dev bench --json` said; nobody types figures here. All who take part in a shape
take turns in one invocation and do the same work; figures are medians of the rounds. Where plait is compared with others,
the ratio of the medians counts, less is better.
"""


class Limit(NamedTuple):
    """At most `most` times the best of the peers, whose names begin with one of these; or, without peers, at most `most`."""

    what: str
    bench: str
    shapes: str  # a regular expression; {workers}: the largest number of workers that was measured
    ours: str
    peers: tuple
    most: float


FLOW = r"\dp\dc, (un)?bounded"
ANY_LIBRARY = ("GAsyncQueue", "apr_queue", "TBB", "Go chan")
LIMITS = [
    Limit("one thread", "queue", "put\\+get in one thread, bounded", "plait", ("crossbeam",), 1.0),
    Limit("between threads", "queue", FLOW, "plait", ANY_LIBRARY, 1.0),
    Limit("between threads", "queue", FLOW, "plait", ("crossbeam",), 1.5),
    Limit("goal", "queue", FLOW, "plait", ("crossbeam",), 1.0),
    Limit("ping-pong", "wake", "ping-pong, a CPU for each thread", "plait queue(1)", ("crossbeam",), 1.0),
    Limit("ping-pong", "wake", "ping-pong, both on one CPU", "plait queue(1)", ("raw futex",), 1.1),
    Limit("a wake", "wake", "put that wakes a getter.*", "plait queue(1)", ("raw futex",), 1.15),
    Limit("a wake", "wake", "submit to a sleeping pool.*", "plait_post", ("raw futex",), 1.15),
    Limit("empty tasks", "pool", "submit\\+run an empty task", "plait", ("libuv",), 0.6),
    Limit("results", "future", "submit\\+result, (1000|one) at a time", "plait", ("libuv",), 1.0),
    Limit("fork-join", "future", "fork-join fib\\(30\\), {workers}", "plait_spawn", ("TBB",), 0.3),
    Limit("goal", "future", "fork-join fib\\(30\\), {workers}", "plait_spawn", ("rayon",), 1.0),
    Limit("cheap items", "map", "1000000 cheap items, {workers}", "plait", ("TBB",), 1.0),
    Limit("0.97 of what is possible", "map", "items of 10 us, {workers}", "plait", ("plain threads",), 1 / 0.97),
    Limit("round trip", "process", "a task and its result, one at a time", "plait", ("raw futex",), 1.7),
    Limit("round trip", "process", "a task and its result, one at a time", "plait", ("Pool.apply",), 1 / 12),
    Limit("ns in a batch", "process", "tasks and results, 1000 at a time", "plait", (), 1500),
    Limit("in a batch", "process", "tasks and results, 1000 at a time", "plait", ("Pool.map",), 1 / 20),
    Limit("between processes", "process", "queue, 1p1c", "plait", ("mp.Queue",), 1 / 20),
    Limit("between processes", "process", "queue, 1p1c", "plait", ("plait threads",), 2.0),
    Limit("ping-pong", "process", "queue, ping-pong", "plait", ("mp.Queue",), 1 / 5),
    Limit("0.4 of memcpy's speed", "process", "messages of 1 MiB, copied", "plait", ("memcpy",), 1 / 0.4),
    Limit("0.9 of what memory gives", "process", "messages of 1 MiB, in place", "plait", ("one write",), 1 / 0.9),
    Limit("a process", "process", "start and join, small parent", "plait", ("fork",), 1.5),
    Limit("a process", "process", "start and join, parent holds 1 GiB", "plait", ("small fork",), 1.5),
    Limit("bytes, with slack", "memory", "an item in a queue.*", "plait", (), 17),
    Limit("bytes", "memory", "a future", "plait", (), 128),
    Limit("mallocs", "memory", "mallocs for a task.*", "plait", (), 0.01),
]
ON_ONE_CPU = 2.0  # times put+get in one thread, at most, is an item with all threads on one CPU


# ---- the limits ----

def named(rows, who):
    """The row of that name, if it was measured."""
    return next((row for row in rows if row["who"] == who and measured.value(row) is not None), None)


def best_of(rows, beginnings):
    """The best of those whose names begin so."""
    here = [row for row in rows if row["who"].startswith(beginnings) and measured.value(row) is not None]
    return min(here, key=measured.value, default=None)


def judged(limit, shapes):
    """One line for each shape that the limit is about."""
    lines = list(judged_shapes(limit, shapes))
    if not lines:
        who = " or ".join(limit.peers) or "a number"
        lines = [f"| {limit.bench}: {limit.ours} | {limit.what} | {limit.most:.2f} ({who}) | | not measured |"]
    return lines


def judged_shapes(limit, shapes):
    workers = measured.most_workers(shapes, limit.bench)
    pattern = re.compile(limit.shapes.replace("{workers}", f"{workers} workers?"))
    for (bench, shape), rows in shapes.items():
        ours = named(rows, limit.ours)
        peer = best_of(rows, limit.peers) if limit.peers else None
        if bench != limit.bench or not pattern.fullmatch(shape) or not ours or (limit.peers and not peer):
            continue
        if peer:
            yield line_of(limit.what, ours, peer["who"], measured.value(ours) / measured.value(peer), limit.most)
        else:
            yield line_of(limit.what, ours, "", measured.value(ours), limit.most)


def judged_on_one_cpu(shapes):
    """An item with all threads on one CPU, in items of one thread."""
    for (bench, shape), rows in shapes.items():
        found = re.fullmatch(r"\dp\dc, (bounded|unbounded), all on one CPU", shape)
        alone = found and shapes.get((bench, f"put+get in one thread, {found[1]}"))
        if alone:
            ours = named(rows, "plait")
            ratio = measured.value(ours) / measured.value(named(alone, "plait"))
            yield line_of("on one CPU", ours, "own put+get in one thread", ratio, ON_ONE_CPU)


def line_of(what, ours, peer, measure, most):
    against = f"{most:.2f} x {peer}" if peer else f"{most:g}"
    met = "yes" if round(measure, 2) <= most else "**no**"  # as it is told
    return (f"| {ours['bench']}: {ours['shape']} ({ours['who']}) | {what} | {against} | {measure:.2f} | {met} |")


def limit_lines(shapes):
    yield "| shape | about | at most | measured | met |"
    yield "|---|---|---:|---:|---|"
    for limit in LIMITS:
        yield from judged(limit, shapes)
    yield from judged_on_one_cpu(shapes)


# ---- scaling ----

SCALED = re.compile(r"(?P<queue>(?P<n>\d+)p(?P=n)c, (?:un)?bounded)|(?P<task>.*), (?P<workers>\d+) workers?")


def series(shapes):
    """For each kind of work its shapes by the number of threads."""
    kinds = {}
    for (bench, shape), rows in shapes.items():
        found = SCALED.fullmatch(shape)
        if found:
            number = int(found["n"] or found["workers"])
            name = found["task"] or f"n producers, n consumers, {shape.split(', ')[1]}"
            kinds.setdefault(f"{bench}: {name}", {})[number] = rows
    return kinds


def scaling_lines(shapes):
    for name, by_number in series(shapes).items():
        numbers = sorted(by_number)
        if len(numbers) < 2:
            continue
        unit = measured.figure(by_number[numbers[0]][0])[1]
        yield ""
        yield f"| {name}, {unit} | " + " | ".join(f"{number}" for number in numbers) + " |"
        yield "|---|" + "---:|" * len(numbers)
        for who in [row["who"] for row in by_number[numbers[0]]]:
            measures = [named(by_number[number], who) for number in numbers]
            cells = [measured.written(measured.value(row)) if row else "missing" for row in measures]
            yield f"| {who} | " + " | ".join(cells) + " |"


# ---- everything ----

def cell(row):
    text = measured.written(measured.value(row))
    cpu = measured.cpu(row)
    return f"{text} ({measured.written(cpu)})" if cpu is not None else text


def all_lines(shapes):
    def company(item):
        (bench, _), rows = item
        return bench, tuple(row["who"] for row in rows), measured.figure(rows[0])[1]

    for (bench, names, unit), group in groupby(shapes.items(), key=company):
        yield ""
        yield f"| {bench}{', ' + unit if unit else ''} | " + " | ".join(names) + " | plait / best peer |"
        yield "|---|" + "---:|" * (len(names) + 1)
        for (_, shape), rows in group:
            peer = measured.best(rows)
            ratios = [f"{measured.value(row) / measured.value(peer):.2f}"
                      for row in rows if peer and measured.is_ours(row)]
            yield f"| {shape} | " + " | ".join(cell(row) for row in rows) + f" | {', '.join(ratios)} |"


def chapter(path):
    shapes = measured.read(Path(path).read_text().splitlines())
    others = measured.others(shapes)
    yield f"\n## {measured.machine(shapes)}\n"
    yield f"Other programs had {others:.0%} of the CPUs meanwhile" + (
        ": times on the wall are doubtful." if others > measured.OTHERS_MOST else ".")
    yield "\n### What was asked for\n"
    yield from limit_lines(shapes)
    scaling = list(scaling_lines(shapes))
    if scaling:
        yield "\n### More threads\n\nBy the number of workers, or of producers and of consumers."
        yield from scaling
    yield "\n### Everything\n\nIn parentheses the CPU time of all threads, for a lone item that of all but the putter."
    yield from all_lines(shapes)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lines = [line for path in sys.argv[1:] for line in chapter(path)]
    RESULTS.write_text(INTRODUCTION + "\n".join(lines) + "\n")


main()
