"""Compiles and runs the programs that stand in the documentation.

    run.py [--write] SOURCE_ROOT LIBRARY_DIRECTORY CHECKING_LIBRARY_DIRECTORY COMPILER...

Two kinds:
  * every fenced block marked `c` that contains `int main`, in the *.md files of the root and of docs/; `c counter.c`
    gives it a name, for a program that prints its own lines;
  * in every public header, the block that begins with a line ` * Example:` in its opening comment; its code lines
    are indented by five spaces after the star. A header without one fails, but for those that only gather others.
Each must compile without a warning and end with status 0. A program that calls plait_check_run is linked with the
checking library. Results are printed as TAP.

A fenced block marked `output` shows what the program before it printed, or, marked `output plait check ./NAME`, what
that command said of it, which stands on PATH then. It must be that, but for what differs from
machine to machine and from build to build: how many schedules, how long, and the token. With --write, blocks that
are not that any more are written anew.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

WITHOUT_EXAMPLE = {"api.h", "task_cxx.h", "task_macros.h"}
FENCE = re.compile(r"^```(c|output)(?: ([^\n]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SECONDS = 30
VARYING = [
    (r"\d[\d,]*(?= (schedules?|orders?|distinct|scheduling points?|points?)\b)", "N"),
    (r"\d[\d,]*(?=/s\b| per second| a second)", "N"),
    (r"\d+(\.\d+)?(?= m?s\b)", "N"),
    (r"\b\d+/\d+\b", "N/N"),
    (r'replay = "[^"]*"', 'replay = "TOKEN"'),
    (r"plait replay p1-\S*", "plait replay TOKEN"),
]


@dataclass
class Program:
    path: Path
    line: int
    name: str
    code: str
    printed: str | None = None  # what the documentation says that it prints
    command: str = ""  # or this, run on it


def programs_of_markdown(path):
    text = path.read_text()
    program = None
    for match in FENCE.finditer(text):
        kind, name, block = match.groups()
        line = text.count("\n", 0, match.start()) + 2
        if kind == "output" and program:
            program.printed, program.command = block, name or ""
        if kind == "c":
            if program:
                yield program
            program = None
            if "int main" in block:
                program = Program(path, line, name or "", block)
    if program:
        yield program


def programs_of_header(path):
    lines = path.read_text().splitlines()
    number = 0
    while number < len(lines) and not lines[number].rstrip().endswith("*/"):
        number += 1
        if lines[number - 1].rstrip() not in (" * Example:", "/* Example:"):
            continue
        start, code = number + 1, []
        while number < len(lines) and re.match(r" \*(     .*| *)$", lines[number]):
            code.append(lines[number][7:])
            number += 1
        yield Program(path, start, "", "\n".join(code) + "\n")


def all_programs(root):
    """Yields (title, program); the program is None for a header that should have an example."""
    for path in sorted(root.glob("*.md")) + sorted(root.glob("docs/**/*.md")):
        for program in programs_of_markdown(path):
            yield f"{path.relative_to(root)}:{program.line}", program
    for path in sorted(root.glob("include/plait/*.h")):
        found = list(programs_of_header(path))
        for program in found:
            yield f"{path.relative_to(root)}:{program.line}", program
        if not found and path.name not in WITHOUT_EXAMPLE:
            yield f"{path.relative_to(root)} has an example", None


def call(command, tools="", **options):
    """Returns (how it ended, what it said); how it ended is "" for status 0. Programs know where their library is, and
    LD_LIBRARY_PATH, which meson sets, would come before that."""
    environment = {**os.environ, "PATH": f"{tools}{os.environ['PATH']}"}
    environment.pop("LD_LIBRARY_PATH", None)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, errors="replace", env=environment, **options)
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        return f"not finished after {SECONDS} s", said.decode(errors="replace")
    return f"exit status {done.returncode}" if done.returncode else "", done.stdout


def compile_and_run(program, root, libraries, compiler):
    library = libraries["plait_check_run" in program.code]
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, program.name or "program.c")
        where = f'1 "{program.name}"' if program.name else f'{program.line} "{program.path}"'
        source.write_text(f"#line {where}\n{program.code}")
        ended, said = call([*compiler, *FLAGS, f"-I{root}/include", str(source), "-o", source.stem, f"-L{library}",
                            f"-Wl,-rpath,{library}", "-lplait", "-pthread", "-lm"], cwd=directory)
        if ended:
            return "does not compile: " + ended, said
        ended, said = call([str(Path(directory, source.stem))], cwd=directory)
        if ended or not program.command:
            return ended, said
        return "", call(["sh", "-c", program.command], tools=f"{libraries[1]}/../tool:", cwd=directory)[1]


def steady(text):
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.splitlines()]


def write_output(program, said):
    text = program.path.read_text()
    mark = f"```output {program.command}".rstrip() + "\n"
    begin = text.index(mark, text.index(program.code) + len(program.code)) + len(mark)
    program.path.write_text(text[:begin] + said + text[begin + len(program.printed):])


def check(program, root, libraries, compiler, writes):
    """Returns what is wrong with it."""
    ended, said = compile_and_run(program, root, libraries, compiler)
    if ended or program.printed is None or steady(said) == steady(program.printed):
        return f"{ended}\n{said}" if ended else ""
    if not writes:
        return f"prints something else than what is said there; ./dev docs writes that anew:\n{said}"
    write_output(program, said)
    return ""


def main():
    arguments = sys.argv[1:]
    writes = arguments[0] == "--write"
    root, *libraries = (Path(path).resolve() for path in arguments[writes:writes + 3])
    compiler = arguments[writes + 3:]
    match = os.environ.get("PLAIT_TEST_MATCH", "")
    count = failed = 0
    for title, program in all_programs(root):
        if match not in f"docs {title}":
            continue
        count += 1
        wrong = check(program, root, libraries, compiler, writes) if program else "no Example: block"
        failed += wrong != ""
        print(f"{'not ok' if wrong else 'ok'} {count} - {title}")
        print("".join(f"# {text}\n" for text in wrong.splitlines()), end="")
        sys.stdout.flush()
    print(f"1..{count}" if count else "1..0 # SKIP no program of this name here")
    sys.exit(1 if failed else 0)


main()
