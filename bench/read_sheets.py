"""A folder of sheet pictures, file to payload on one thread: Testigo against zxing-cpp, zbar and OpenCV.

Each contender opens, decodes and reads every file in turn; the peers get the picture from OpenCV's grey JPEG decoding.
With LEFT,TOP,RIGHT,BOTTOM, in ten-thousandths as a country pack says where codes stand, Testigo looks there first. Seconds
are measured from the first file to the last payload, without starting a program. Payloads in which contenders differ are
listed. The last table is the time of the JPEG's entropy decoding, which no reader of these files can go below.
zbar is Debian's libzbar0.

    bench/run read_sheets FOLDER [LEFT,TOP,RIGHT,BOTTOM] [ROUNDS]
"""

import subprocess
import sys
import time
from pathlib import Path

import cv2

from measure import command, in_turn, report
from readers import PEERS, example


def main():
    folder = Path(sys.argv[1])
    place = sys.argv[2:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    cv2.setNumThreads(1)
    files = sorted(file for file in folder.iterdir() if file.is_file())
    answers = {}

    def peer(name, read):
        def run():
            started = time.perf_counter()
            answers[name] = {}
            for file in files:
                grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
                answers[name][file.name] = "" if grey is None else read(grey)
            return len(files) / (time.perf_counter() - started)

        return run

    def ours():
        done = subprocess.run([example("read_folder"), folder, *place], capture_output=True, text=True, check=True)
        answers["Testigo"] = dict(line.split("\t", 1) for line in done.stdout.splitlines())
        return len(files) / float(done.stderr)

    contenders = {"Testigo": ours}
    contenders |= {name: peer(name, read) for name, read in PEERS.items()}
    report(f"{len(files)} pictures to payloads", in_turn(contenders, rounds), "sheets/s", "Testigo", more_is_better=True)
    print("\n| | read | of |\n| --- | ---: | ---: |")
    for name, payloads in answers.items():
        print(f"| {name} | {sum(map(bool, payloads.values()))} | {len(files)} |")
    for file in files:
        said = {name: payloads[file.name] for name, payloads in answers.items() if payloads[file.name]}
        if len(set(said.values())) > 1:
            print(f"\nReaders differ on {file.name}: {said}")
    print(f"\n{command(example('jpeg_speed'), folder)}")


if __name__ == "__main__":
    main()
