"""Compiles and runs the programs that stand in the documentation.

    run.py SOURCE_ROOT LIBRARY_DIRECTORY COMPILER...

Two kinds:
  * every fenced block marked `c` that contains `int main`, in the *.md files of the root and of docs/;
  * in every public header, the block that begins with a line ` * Example:` in its opening comment; its code lines
    are indented by five spaces after the star. A header without one fails, but for those that only gather others.
Each must compile without a warning and end with status 0. Results are printed as TAP.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

WITHOUT_EXAMPLE = {"api.h", "task_cxx.h", "task_macros.h"}
FENCE = re.compile(r"^```c\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SECONDS = 30


def programs_of_markdown(path):
    text = path.read_text()
    for match in FENCE.finditer(text):
        if "int main" in match.group(1):
            yield text.count("\n", 0, match.start()) + 2, match.group(1)


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
        yield start, "\n".join(code) + "\n"


def all_programs(root):
    """Yields (name, file, line, code); code is None for a header that should have an example."""
    for path in sorted(root.glob("*.md")) + sorted(root.glob("docs/**/*.md")):
        for line, code in programs_of_markdown(path):
            yield f"{path.relative_to(root)}:{line}", path, line, code
    for path in sorted(root.glob("include/plait/*.h")):
        found = list(programs_of_header(path))
        for line, code in found:
            yield f"{path.relative_to(root)}:{line}", path, line, code
        if not found and path.name not in WITHOUT_EXAMPLE:
            yield f"{path.relative_to(root)} has an example", path, 0, None


def call(command, **options):
    """Returns (succeeded, what it said)."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, errors="replace", **options)
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        return False, f"not finished after {SECONDS} s\n" + said.decode(errors="replace")
    return done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}"


def compile_and_run(path, line, code, root, library, compiler):
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "program.c")
        source.write_text(f'#line {line} "{path}"\n{code}')
        good, said = call([*compiler, *FLAGS, f"-I{root}/include", str(source), "-o", "program", f"-L{library}",
                           f"-Wl,-rpath,{library}", "-lplait", "-pthread", "-lm"], cwd=directory)
        if not good:
            return False, "does not compile: " + said
        return call([str(Path(directory, "program"))], cwd=directory)


def main():
    root, library, compiler = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    match = os.environ.get("PLAIT_TEST_MATCH", "")
    count = failed = 0
    for name, path, line, code in all_programs(root):
        if match not in f"docs {name}":
            continue
        count += 1
        good, said = (False, "no Example: block") if code is None else compile_and_run(
            path, line, code, root, library, compiler)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {count} - {name}")
        if not good:
            print("".join(f"# {text}\n" for text in said.splitlines()), end="")
        sys.stdout.flush()
    print(f"1..{count}" if count else "1..0 # SKIP no program of this name here")
    sys.exit(1 if failed else 0)


main()
