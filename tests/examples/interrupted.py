"""Ctrl-C while the demo fetches: it ends, says what was done, and takes no cut-off round for a whole one.

    interrupted.py DEMO
"""

import os
import signal
import subprocess
import sys
import time

NAME = "examples demo stops at Ctrl-C"


def restore_sigint():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored in the jobs of a shell


def interrupt(demo):
    """Returns what the demo said, its exit status, and how long it took to end."""
    with subprocess.Popen([demo, "fetch"], stdout=subprocess.PIPE, text=True, preexec_fn=restore_sigint) as process:
        said = []
        while not said or "threads" not in said[-1]:  # the first round begins
            said.append(process.stdout.readline())
            if not said[-1]:
                break
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        said.append(process.stdout.read())
        return "".join(said), process.wait(), time.monotonic() - start


def main():
    if os.environ.get("PLAIT_TEST_MATCH", "") not in NAME:
        print("1..0 # SKIP not asked for")
        return 0
    said, status, seconds = interrupt(sys.argv[1])
    good = status == 130 and "stopped after" in said and "%" not in said
    print(f"1..1\n{'ok' if good else 'not ok'} 1 - {NAME}")
    if not good:
        print(f"# exit status {status} after {seconds:.2f} s", *said.splitlines(), sep="\n# ")
    return 0 if good else 1


sys.exit(main())
