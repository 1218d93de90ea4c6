"""Counts the tests of one `meson test` run and shows those that failed.

    summary.py BUILD_DIRECTORY

Reads meson-logs/testlog.json. A program that speaks TAP counts once for each of its tests, any other once. A program
that died, hung or ended with an error without a failed test of its own counts as one failure. What failed is printed
in full to standard error; standard output gets one line: PASSED FAILED.
"""

import json
import re
import sys
from pathlib import Path

RESULT = re.compile(r"^(not )?ok\b(?!.*# SKIP)", re.MULTILINE)
SKIPPED = re.compile(r"^(1\.\.0\b|ok\b.*# SKIP)", re.MULTILINE)


def count(test):
    """Returns (passed, failed) of one line of the log."""
    out = test.get("stdout", "")
    results = RESULT.findall(out)
    failed = sum(1 for prefix in results if prefix)
    passed = len(results) - failed
    good = test["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
    if not good and failed == 0:
        failed = 1
    if good and not results and test["result"] != "SKIP" and not SKIPPED.search(out):
        passed = 1
    return passed, failed


def show(test):
    print(f"\n--- {test['name']}: {test['result']}", file=sys.stderr)
    print("    " + " ".join(test["command"]), file=sys.stderr)
    for stream in ("stdout", "stderr"):
        if test.get(stream, "").strip():
            print(test[stream].rstrip(), file=sys.stderr)


def main():
    log = Path(sys.argv[1], "meson-logs", "testlog.json")
    passed = failed = 0
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for line in lines:
        test = json.loads(line)
        plus, minus = count(test)
        passed += plus
        failed += minus
        if minus:
            show(test)
    print(passed, failed)


main()
