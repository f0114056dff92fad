"""What the measurements have in common: running contenders in turn, and writing down what came of it."""

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

TESTIGO = os.environ.get("TESTIGO", "target/release/testigo")
ROOT = Path(__file__).resolve().parent.parent


def testigo(*words):
    """Runs the program; returns what it printed. Exit code 1 (something was left out) is a fault here."""
    return command(TESTIGO, *words)


def command(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\nended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def timed(work):
    """Seconds that `work` takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def forget(path):
    """Asks the system to drop the file from its cache, so that the next reader starts at the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def in_turn(contenders, rounds):
    """Runs every contender once per round, so that a slow minute of the machine hits all of them.

    `contenders` maps a name to a function that returns a number; the answer maps it to all its numbers.
    """
    found = {name: [] for name in contenders}
    for round_ in range(rounds):
        for name, run in contenders.items():
            found[name].append(run())
            print(f"round {round_ + 1}/{rounds}  {name}: {found[name][-1]:,.3f}", file=sys.stderr)
    return found


def report(title, found, unit, reference, more_is_better=False):
    """Prints a Markdown table: median, best, and the ratio of the medians to the reference's (above 1: it wins)."""
    print(f"\n### {title}\n\n{machine()}\n")
    print(f"| | median {unit} | best | {reference} is so many times better |\n| --- | ---: | ---: | ---: |")
    base = statistics.median(found[reference])
    for name, values in found.items():
        median = statistics.median(values)
        best = max(values) if more_is_better else min(values)
        ratio = base / median if more_is_better else median / base
        print(f"| {name} | {median:,.3f} | {best:,.3f} | {ratio:.2f} |")


def machine():
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    name = names[0] if names else platform.machine()
    return f"{os.cpu_count()} x {name}, {memory:.0f} GB, {platform.system()} {platform.release()}, commit {version}."
