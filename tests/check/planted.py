"""Breaks the library on purpose, one bug at a time, and asks the checker to find each.

    planted.py SOURCE_ROOT BUILD_ROOT CHECKED_LIBRARY CHECK_ROOMS [NAME...]

Each bug of planted*.txt is put into a copy of its file; that is compiled as the checking library's own was, linked with
the rest of it, and the scenario that the bug names is run against the result, under at most 10,000 schedules. Prints TAP: a
test for each bug, which fails only if the bug could not be planted (its text is no longer found exactly once, or
does not compile), with the outcome and the schedules needed beside it; and a last test, which fails if fewer than 95 in a
hundred were found. With NAMEs, parts of bugs' headings, only those, and their reports.

The exploration is sequentially consistent: an order made weaker would not be noticed, so no such bug is planted.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SCHEDULES = 10_000
ENOUGH = 0.95
SECONDS = 240  # for one bug, before it counts as not found

# What a broken library may make of a scenario. That the checker is at a loss does not count.
FOUND = re.compile(r"^not ok \d+ - \S+.*? # (?P<outcome>[^:]+): (?P<schedules>\d+) schedules.*\n# (?P<headline>.*) after ", re.MULTILINE)
AT_A_LOSS = ("refused", "nothing controlled", "not deterministic", "uncontrolled")


class Bug:
    def __init__(self, name):
        self.name = name
        self.path = self.scenario = None
        self.edits = []  # pairs: old lines, new lines

    def edited(self, text):
        """The file with the bug in it; None if an old text is not found exactly once."""
        for old, new in self.edits:
            pattern = r"\s+".join(re.escape(word) for line in old for word in line.split())
            found = list(re.finditer(pattern, text))
            if len(found) != 1:
                return None
            text = text[: found[0].start()] + "\n".join(new) + "\n" + text[found[0].end() :]
        return text


def read_bugs(path):
    bugs = []
    for line in path.read_text().splitlines():
        if line.startswith("== "):
            bugs.append(Bug(line[3:]))
        elif not bugs or not line.strip() or line.startswith("---- "):
            continue
        elif line[0] == "-":
            if not bugs[-1].edits or bugs[-1].edits[-1][1]:
                bugs[-1].edits.append(([], []))
            bugs[-1].edits[-1][0].append(line[2:])
        elif line[0] == "+":
            bugs[-1].edits[-1][1].append(line[2:])
        else:
            bugs[-1].path, bugs[-1].scenario = line.split()
    return bugs


class Library:
    """How the checking library is built: the command for each of its files, and for linking them."""

    def __init__(self, source, build, path):
        self.source, self.build = source, build
        self.target = os.path.relpath(path, build)
        of_library = self.target + ".p/"
        self.compile = {}
        for entry in json.loads((build / "compile_commands.json").read_text()):
            if entry["output"].startswith(of_library):
                file = (build / entry["file"]).resolve().relative_to(source)
                self.compile[str(file)] = (entry["command"], entry["file"], entry["output"])
        self.link = self.ninja("-t", "commands", "-s", self.target).strip().splitlines()[-1]

    def ninja(self, *arguments):
        return subprocess.run(["ninja", "-C", self.build, *arguments], check=True, capture_output=True, text=True).stdout

    def users_of(self, header):
        """The files that a header is compiled into."""
        users = []
        for file, (_, _, output) in self.compile.items():
            known = self.ninja("-t", "deps", output)
            if any(line.strip().endswith("/" + header) for line in known.splitlines()):
                users.append(file)
        return users

    def run(self, command, error):
        done = subprocess.run(command, cwd=self.build, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(error + "\n" + done.stderr)

    def make(self, path, text, scratch):
        """The library with this text in place of the file, as scratch/libplait.so.0."""
        (scratch / "include").mkdir()
        changed = scratch / "include" / Path(path).relative_to("src")
        changed.parent.mkdir(parents=True)
        changed.write_text(text)
        link = self.link
        for number, file in enumerate(self.users_of(path) if path.endswith(".h") else [path]):
            command, name, output = self.compile[file]
            of = name if path.endswith(".h") else str(changed)
            here = f"{scratch}/{number}.o"
            words = [word for word in shlex.split(command) if word not in ("-Werror", "-g")]
            words = [of if word == name else here if word == output else word for word in words]
            first = 2 if words[0] == "ccache" else 1
            words[first:first] = [f"-I{scratch}/include"]
            self.run([*words, "-w", "-O1"], "does not compile")
            link = link.replace(output, here, 1)
        words = shlex.split(link)
        words[words.index("-o") + 1] = f"{scratch}/libplait.so.0"
        self.run(words, "does not link")


def explore(rooms, scratch, scenario):
    environment = dict(os.environ, LD_PRELOAD=f"{scratch}/libplait.so.0")  # before the one on its run path
    environment.pop("PLAIT_STRESS_SECONDS", None)
    environment.pop("PLAIT_TEST_MATCH", None)
    command = [rooms, "--schedules", str(SCHEDULES), scenario]
    try:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS).stdout
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode()


def plant(library, rooms, bug):
    """Returns (planted, found, what to say, the report)."""
    before = library.source / bug.path
    text = bug.edited(before.read_text()) if before.exists() else None
    if text is None:
        return False, False, f"its text is not found exactly once in {bug.path}", ""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        try:
            library.make(bug.path, text, scratch)
        except RuntimeError as why:
            return False, False, str(why), ""
        said = explore(rooms, scratch, bug.scenario)
    found = FOUND.search(said)
    if found and found["outcome"] not in AT_A_LOSS:
        return True, True, f"{found['outcome']} after {found['schedules']} schedules", said
    if found and found["outcome"] == "not deterministic" and found["headline"] != "NOT DETERMINISTIC":
        what = f"{found['headline'].lower()} after {found['schedules']} schedules, which depends on leftovers in memory"
        return True, True, what, said
    why = found["outcome"] if found else "not found" if "1.." in said else "no end"
    return True, False, f"MISSED: {why}", said


def main():
    source, build, path, rooms = (Path(argument).resolve() for argument in sys.argv[1:5])
    wanted = sys.argv[5:]
    if os.environ.get("PLAIT_TEST_MATCH", "") not in "check-planted":
        print("1..0 # SKIP")
        return 0
    library = Library(source, build, path)
    here = Path(__file__).resolve().parent
    bugs = [bug for file in sorted(here.glob("planted*.txt")) for bug in read_bugs(file)]
    bugs = [bug for bug in bugs if not wanted or any(word in bug.name for word in wanted)]
    print(f"1..{len(bugs) + 1}")
    all_planted, all_found = True, 0
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        results = executor.map(lambda bug: plant(library, rooms, bug), bugs)
        for number, (bug, (planted, found, words, said)) in enumerate(zip(bugs, results), 1):
            all_planted, all_found = all_planted and planted, all_found + found
            comment = words.replace("\n", "\n# ")
            print(f"{'' if planted else 'not '}ok {number} - {bug.name} [{bug.scenario}] # {comment}", flush=True)
            if wanted:
                print(said, file=sys.stderr)
    enough = all_found >= ENOUGH * len(bugs)
    print(f"{'' if enough else 'not '}ok {len(bugs) + 1} - found {all_found} of {len(bugs)} within {SCHEDULES} schedules, "
          "each sequentially consistent")
    return 0 if enough and all_planted else 1


sys.exit(main())
