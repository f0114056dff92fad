"""A mirror of a national election: publishing it, again after one new sheet, and verifying it against hashing the same bytes.

The election is a results file of 24,532 stations, so the mirror has no pictures but the new sheet's: nearly all of it are pages and
tables, which verifying makes again. That is the hardest case for the comparison with sha256sum, which hashes and does nothing else.

    bench/run mirror [FILE.csv or FILE.csv.xz] [SHEET.jpg] [ROUNDS]
"""

import lzma
import os
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
        publish = lambda *options: timed(lambda: testigo("publish", archive, "--out", site, *options))
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
        hashing = f"find {site} -type f -print0 | xargs -0 -P 1 sha256sum > {place}/sums"
        verified, hashed = [], []
        for _ in range(rounds):
            verified.append(timed(lambda: testigo("verify", site))[0])
            hashed.append(timed(lambda: subprocess.run(hashing, shell=True, check=True))[0])
        verified, hashed = sorted(verified)[rounds // 2], sorted(hashed)[rounds // 2]
        print(f"verify {verified:.1f} s, sha256sum of the same bytes {hashed:.1f} s: {verified / hashed:.2f} x (medians of {rounds})")


def show(what, measured):
    seconds, answer = measured
    said = [line for line in answer.splitlines() if line.startswith(("mirror", "changed", "torrent"))]
    print(f"{what}: {seconds:.1f} s; " + "; ".join(" ".join(line.split()) for line in said))


main()
