"""A mirror of a national election: publishing it, again after one new sheet, and verifying it against hashing the same bytes.

The election is a results file of 24,532 stations, so the mirror has no pictures but the new sheet's: nearly all of it are pages and
tables, which verifying makes again. That is the hardest case for the comparison with sha256sum, which hashes and does nothing else.

    bench/run mirror [FILE.csv or FILE.csv.xz] [SHEET.jpg] [ROUNDS]
"""

import lzma
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import ROOT, testigo, timed

DATA = ROOT / "../shared/data/ve2024"


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "RESULTADOS_2024_CSV_V1.csv.xz"
    sheet = Path(sys.argv[2]) if len(sys.argv) > 2 else next(iter(sorted((DATA / "images").glob("*"))), None)
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    if not source.is_file() or sheet is None or not sheet.is_file():
        sys.exit(f"{source} or a sheet is absent: name the results file and a picture of a sheet as arguments")
    with tempfile.TemporaryDirectory(prefix="testigo-bench-") as place:
        file, archive, site = Path(place) / "v1.csv", Path(place) / "archive", Path(place) / "site"
        os.environ["TESTIGO_KEYS"] = str(Path(place) / "keys")
        file.write_bytes(lzma.decompress(source.read_bytes()) if source.suffix == ".xz" else source.read_bytes())
        testigo("init", archive, "--pack", "ve-2024", "--register", file)
        testigo("import", archive, file, "--format", "convzla")
        publish = lambda *options: spent(lambda: testigo("publish", archive, "--out", site, *options))
        show("publish", publish())
        show("publish again, nothing new", publish())
        show("the same without a torrent", publish("--no-torrent"))
        (Path(place) / "site.torrent").unlink()
        show("the same with all of the torrent", publish())
        testigo("import", archive, sheet)
        testigo("read", archive)
        show("publish after one new sheet", publish())
        server = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", site, "0"]
        with subprocess.Popen(server, env=os.environ | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
            port = served.stdout.readline().split(" port ")[1].split()[0]
            fetched = timed(lambda: testigo("verify", f"http://127.0.0.1:{port}/"))[0]
            served.terminate()
        print(f"verify from Python's web server on this machine: {fetched:.1f} s")
        cores = os.cpu_count() or 1
        every = f"find {site} -type f -print0 | xargs -0"
        contenders = {
            "verify": lambda: testigo("verify", site),
            "sha256sum, one process": lambda: shell(f"{every} -P 1 sha256sum > {place}/sums"),
            f"sha256sum, {cores} processes": lambda: shell(f"{every} -P {cores} -n 1000 sha256sum > {place}/sums"),
        }
        found = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                found[name].append(spent(run)[:2])
        verified = found.pop("verify")
        print(f"verify: {median(verified, 0):.1f} s, of the processors {median(verified, 1):.1f} s (medians of {rounds})")
        for name, hashed in found.items():
            seconds, busy = median(hashed, 0), median(hashed, 1)
            print(
                f"{name}, the same bytes: {seconds:.1f} s, of the processors {busy:.1f} s; verify takes"
                f" {median(verified, 0) / seconds:.2f} x as long and {median(verified, 1) / busy:.2f} x the processor time"
            )
        print(f"{cores} cores, load {os.getloadavg()[0]:.1f} at the end")


def shell(command):
    subprocess.run(command, shell=True, check=True)


def spent(work):
    """Seconds that `work` takes, those of all processors in the processes that it starts, and its result."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, result = timed(work)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def median(rounds, part):
    return sorted(one[part] for one in rounds)[len(rounds) // 2]


def show(what, measured):
    seconds, busy, answer = measured
    said = [line for line in answer.splitlines() if line.startswith(("mirror", "unchanged", "changed", "torrent"))]
    print(f"{what}: {seconds:.1f} s, of the processors {busy:.1f} s; " + "; ".join(" ".join(line.split()) for line in said))


main()
