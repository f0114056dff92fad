"""Rehearsal pictures, by defect and strength: what Testigo reads, and what zxing-cpp, zbar and OpenCV read.

FOLDER is what `testigo simulate FOLDER --defect all --stations N` wrote, or `degrade_folder` from real scans: one folder
for each defect and strength, and `pictures.csv` with the payload of each file. Each contender gets the same files; a
payload that differs from the file's is a wrong reading. Testigo counts what it is certain of, not what it would ask a
person to confirm. With a second argument the peers see only so many pictures of each folder, and Testigo all of them.

The last lines say whether Testigo reads at least as many as the best peer in every folder, and whether it leaves less
than half as many unread as the best single peer.

    bench/run rehearsal FOLDER [PICTURES FOR PEERS] [JOBS]
"""

import csv
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from measure import ROOT
from readers import PEERS, example


def ours(folder, files):
    done = subprocess.run([example("read_folder"), folder], capture_output=True, text=True, check=True)
    payloads = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    return {file: payloads.get(file, "") for file in files}


def theirs(folder, files):
    cv2.setNumThreads(1)
    answers = {name: {} for name in PEERS}
    for file in files:
        grey = cv2.imread(str(folder / file), cv2.IMREAD_GRAYSCALE)
        for name, read in PEERS.items():
            answers[name][file] = "" if grey is None else read(grey)
    return answers


def read_one(folder, truth, peers):
    files = sorted(truth)
    answers = {"Testigo": ours(folder, files)} | theirs(folder, files[:peers])
    return {
        name: [(file, "unread" if not said else "read" if said == truth[file] else "wrong") for file, said in payloads.items()]
        for name, payloads in answers.items()
    }


def main():
    root = Path(sys.argv[1])
    peers = int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize
    jobs = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    truth, kinds = defaultdict(dict), {}
    with open(root / "pictures.csv", newline="") as table:
        for row in csv.DictReader(table):
            folder, file = row["file"].split("/")
            truth[folder][file] = row["payload"]
            kinds[folder] = (row["defect"], int(row["level"]))
    folders = sorted(kinds, key=kinds.get)
    example("read_folder")
    with ProcessPoolExecutor(jobs) as pool:
        results = list(pool.map(read_one, [root / one for one in folders], [truth[one] for one in folders], [peers] * len(folders)))

    names = ["Testigo", *PEERS]
    print(f"| defect | | {' | '.join(names)} | of |\n| --- | --- |{' ---: |' * (len(names) + 1)}")
    unread, wrong, behind, total, seen = defaultdict(int), [], [], 0, 0
    for folder, result in zip(folders, results):
        compared = {file for file, _ in result["zxing-cpp"]}
        counts = {}
        for name in names:
            ended = [(file, how) for file, how in result[name] if file in compared]
            counts[name] = sum(how == "read" for _, how in ended)
            unread[name] += len(ended) - counts[name]
            wrong += [(name, folder, file) for file, how in result[name] if how == "wrong"]
        missed = sum(how == "unread" for _, how in result["Testigo"])
        unread["Testigo, all pictures"] += missed
        total += len(result["Testigo"])
        seen += len(compared)
        best = max(counts[name] for name in PEERS)
        if counts["Testigo"] < best:
            behind.append((folder, counts["Testigo"], best))
        defect, level = kinds[folder]
        print(f"| {defect} | {level} | {' | '.join(str(counts[name]) for name in names)} | {len(compared)} |")
    print(f"| unread | | {' | '.join(str(unread[name]) for name in names)} | {seen} |")
    for name in names:
        files = [f"{folder}/{file}" for by, folder, file in wrong if by == name]
        print(f"\n{name}: {len(files)} wrong readings{': ' if files else ''}{', '.join(files[:20])}", end="")
    print(f"\nTestigo: {unread['Testigo, all pictures']} of all {total} pictures unread")
    print("behind the best peer:", ", ".join(f"{folder} ({own} against {best})" for folder, own, best in behind) or "nowhere")
    least = min(unread[name] for name in PEERS)
    print(f"unread against the best single peer: {unread['Testigo']} / {least} = {unread['Testigo'] / max(least, 1):.2f}")
    sys.exit(any(name == "Testigo" for name, _, _ in wrong) or bool(behind) or unread["Testigo"] * 2 >= max(least, 1))


if __name__ == "__main__":
    main()
