"""Puts what was measured into README.md.

    ./dev bench --json | python3 bench/readme.py

Between the two `measured` comments of README.md comes a table: plait's median beside that of the best of its peers
in the same run, with the machine and the day. Of all that is measured it shows what STORY names; bench/results.py
writes down the rest. Nobody types figures there by hand. A run during which other programs used more than a tenth
of the CPUs is refused, for its figures would tell of them. What the table says of benchmarks that were not run
this time stays. The median of all shapes decides: what the kernel does for ending threads is nobody's, and looks
like others' work where threads are started.
"""

import re
import sys
from pathlib import Path

import measured

README = Path(__file__).parent.parent / "README.md"
PLACE = re.compile(r"<!-- measured -->\n.*?<!-- end of measured -->\n", re.DOTALL)

# Bench, shape, who of ours. {workers} is the largest number that was measured.
STORY = [
    ("lock", "1 thread: lock", "plait"),
    ("lock", "2 threads, 100 ns inside, 200 ns outside", "plait"),
    ("lock", "4 threads, 0 ns inside, 0 ns outside", "plait"),
    ("thread", "start and join, one at a time", "plait"),
    ("thread", "memory of 10000 sleeping threads", "plait"),
    ("queue", "put+get in one thread, bounded", "plait"),
    ("queue", "1p1c, bounded", "plait"),
    ("queue", "2p2c, bounded", "plait"),
    ("queue", "4p4c, bounded", "plait"),
    ("queue", "1p4c, bounded", "plait"),
    ("queue", "4p1c, bounded", "plait"),
    ("queue", "4p4c, unbounded", "plait"),
    ("queue", "4p4c, bounded", "plait, 64 at a time"),
    ("queue", "4p4c, bounded, all on one CPU", "plait"),
    ("queue", "a lone item every 500 us", "plait"),
    ("wake", "ping-pong, a CPU for each thread", "plait queue(1)"),
    ("wake", "ping-pong, both on one CPU", "plait queue(1)"),
    ("wake", "put that wakes a getter, a CPU for each", "plait queue(1)"),
    ("wake", "submit to a sleeping pool, a CPU for each", "plait_post"),
    ("pool", "submit+run an empty task", "plait"),
    ("future", "submit+result, 1000 at a time", "plait"),
    ("future", "submit+result, one at a time", "plait"),
    ("future", "fork-join fib(30), {workers}", "plait_spawn"),
    ("map", "1000000 cheap items, {workers}", "plait"),
    ("map", "items of 10 us, {workers}", "plait"),
    ("process", "a task and its result, one at a time", "plait"),
    ("process", "tasks and results, 1000 at a time", "plait"),
    ("process", "queue, 1p1c", "plait"),
    ("process", "queue, ping-pong", "plait"),
    ("process", "messages of 1 MiB, copied", "plait"),
    ("process", "messages of 1 MiB, in place", "plait"),
    ("process", "start and join, small parent", "plait"),
    ("process", "start and join, parent holds 1 GiB", "plait"),
    ("process", "lock, free", "plait"),
]


def story(shapes):
    """The rows of STORY that were measured, with the best peer of each."""
    for bench, shape, who in STORY:
        number = measured.most_workers(shapes, bench)
        shape = shape.format(workers=f"{number} worker{'s' if number > 1 else ''}")
        rows = shapes.get((bench, shape), [])
        peer = measured.best(rows)
        for row in rows:
            if row["who"] == who and peer:
                yield row, peer


def kept(text, shapes):
    """The lines of benchmarks that were not run this time."""
    measured_now = {bench for bench, _ in shapes}
    for line in PLACE.search(text).group().splitlines():
        named = re.match(r"\| (\w+): ", line)
        if named and named[1] not in measured_now:
            yield line


def where(text, shapes):
    """The machine and the day; of a run of some benchmarks beside those of the others."""
    before = re.search(r"interleaved runs on (.*?)(; [a-z, ]+: [^;]*)?, as `", text)
    if not before or not any(kept(text, shapes)):
        return measured.machine(shapes)
    names = ", ".join(sorted({bench for bench, _ in shapes}))
    return f"{before[1]}; {names}: {measured.machine(shapes)}"


def table_lines(text, shapes):
    yield "| what | plait | best peer | plait / best peer |"
    yield "|---|---:|---:|---:|"
    yield from kept(text, shapes)
    for row, peer in story(shapes):
        value, unit = measured.figure(row)
        other = measured.value(peer)
        name = "" if row["who"] == "plait" else f" ({row['who']})"
        yield (f"| {row['bench']}: {row['shape']}{name} | {measured.written(value, unit)} "
               f"| {measured.written(other, unit)}, {peer['who']} | {value / other:.2f} |")


def main():
    shapes = measured.read(sys.stdin)
    others = measured.others(shapes)
    if others > measured.OTHERS_MOST:
        sys.exit(f"other programs used {others:.0%} of the CPUs: measure again when the machine is quiet")
    text = README.read_text()
    if not PLACE.search(text):
        sys.exit("README.md has no place for it: two comments, `measured` and `end of measured`")
    table = "\n".join(table_lines(text, shapes))
    block = (f"<!-- measured -->\n## Measured\n\nMedians of interleaved runs on {where(text, shapes)}, as "
             f"`./dev bench` makes them. All figures: [bench/RESULTS.md](bench/RESULTS.md).\n\n{table}\n\n"
             f"<!-- end of measured -->\n")
    README.write_text(PLACE.sub(lambda _: block, text))


main()
