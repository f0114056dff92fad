"""From a results file of 24,532 stations to totals for every unit: Testigo against pandas.

Testigo starts with nothing: it makes an archive, imports the file as the register and as readings, writes and signs the
ledger durably, and tallies. pandas reads the same bytes and sums the same columns for every unit, and keeps nothing.
The file is dropped from the system's cache before each run. Both must come to the same totals.

    bench/run import_v1 [FILE.csv or FILE.csv.xz] [ROUNDS]
"""

import json
import lzma
import sys
import tempfile
from pathlib import Path

from measure import ROOT, command, forget, in_turn, report, testigo, timed

FILE = ROOT / "../shared/data/ve2024/RESULTADOS_2024_CSV_V1.csv.xz"

PANDAS = """
import json, sys, time
started = time.perf_counter()
import pandas
loaded = time.perf_counter()
table = pandas.read_csv(sys.argv[1], encoding="utf-8-sig", dtype={"CENTRO": str, "MESA": str})
votes = ["RE", "VOTOS_VALIDOS", "VOTOS_NULOS", "EG", "NM", "LM", "JABE", "JOBR", "AE", "CF", "DC", "EM", "BERA"]
levels = ["COD_EDO", "COD_MUN", "COD_PAR", "CENTRO"]
units = [table.groupby(levels[:depth])[votes].sum() for depth in range(1, len(levels) + 1)]
total = table[votes].sum()
done = time.perf_counter()
print(json.dumps({"work": done - loaded, "units": sum(map(len, units)), "votes": {name: int(total[name]) for name in votes}}))
"""


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    if not source.is_file():
        sys.exit(f"{source} is absent: name the results file as the first argument")
    with tempfile.TemporaryDirectory(prefix="testigo-bench-") as place:
        file = Path(place) / "v1.csv"
        file.write_bytes(lzma.decompress(source.read_bytes()) if source.suffix == ".xz" else source.read_bytes())
        script = Path(place) / "peer.py"
        script.write_text(PANDAS)
        archives = iter(Path(place) / f"archive-{number}" for number in range(rounds))
        answers, work = {}, []

        def by_testigo():
            archive = next(archives)
            forget(file)

            def walk():
                testigo("init", archive, "--pack", "ve-2024", "--register", file)
                testigo("import", archive, file, "--format", "convzla")
                return json.loads(testigo("tally", archive, "--format", "json"))

            seconds, answer = timed(walk)
            answers["testigo"] = {candidate["id"]: candidate["votes"] for candidate in answer["candidates"]}
            return seconds

        def by_pandas():
            forget(file)
            seconds, answer = timed(lambda: json.loads(command(sys.executable, script, file)))
            answers["pandas"] = answer["votes"]
            work.append(answer["work"])
            return seconds

        found = in_turn({"Testigo: init, import, tally": by_testigo, "pandas: start, read, group": by_pandas}, rounds)
        found["pandas: read and group alone"] = work
        differing = {name for name, votes in answers["testigo"].items() if votes != answers["pandas"][name]}
        if differing:
            sys.exit(f"the totals differ for {differing}: {answers}")
        report("A results file, from cold to tallied", found, "s", "Testigo: init, import, tally")


if __name__ == "__main__":
    main()
