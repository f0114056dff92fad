"""1,000,000 stations of 40 selections to totals for every unit: Testigo's fold against DuckDB and Polars.

The cargo example `million` of `crates/count` makes the election: the ledger's entries and a snapshot for Testigo, a CSV for
the others, which is turned into Parquet beforehand and not timed. Each contender runs in a process of its own and times
itself from the first byte read to the last unit's total in memory; files are in the system's cache for everyone.
All must come to the same totals for the same number of units. Testigo checks every entry on the way, or the snapshot's
checksum, and has the whole count in the end: every reading, every station's state and why, ready for the next entry.

    bench/run fold_million [STATIONS] [ROUNDS]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import ROOT, command, in_turn, report

SELECTIONS = [f"s{number:02}" for number in range(1, 41)]
LEVELS = ["region", "district", "parish", "place"]

# Each peer is given the faster of the ways tried: the lowest level is grouped once, and each level above from the one below.
DUCKDB = """
import duckdb, json, sys, time
levels, selections = json.loads(sys.argv[2])
connection = duckdb.connect()
connection.execute("SET enable_progress_bar = false")
started = time.perf_counter()
sums = ", ".join(f"sum({name}) AS {name}" for name in selections)
source = f"read_parquet('{sys.argv[1]}')"
units, total = 0, None
for depth in range(len(levels), -1, -1):
    by = ", ".join(levels[:depth])
    grouping = f"GROUP BY {by}" if by else ""
    connection.execute(f"CREATE TEMP TABLE level{depth} AS SELECT {by + ',' if by else ''} {sums} FROM {source} {grouping}")
    source = f"level{depth}"
    units += connection.execute(f"SELECT count(*) FROM level{depth}").fetchone()[0]
total = [int(value) for value in connection.execute("SELECT * FROM level0").fetchone()]
print(json.dumps({"seconds": time.perf_counter() - started, "units": units, "total": total}))
"""

POLARS = """
import json, polars, sys, time
levels, selections = json.loads(sys.argv[2])
started = time.perf_counter()
table = polars.scan_parquet(sys.argv[1]).group_by(levels).agg(polars.col(selections).cast(polars.Int64).sum()).collect()
units = table.height
for depth in range(len(levels) - 1, 0, -1):
    table = table.group_by(levels[:depth]).agg(polars.col(selections).sum())
    units += table.height
total = table.select(polars.col(selections).sum()).row(0)
print(json.dumps({"seconds": time.perf_counter() - started, "units": units + 1, "total": list(total)}))
"""

TO_PARQUET = "import duckdb, sys; duckdb.sql(f\"COPY (FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT parquet)\")"


def main():
    stations = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    subprocess.run("cargo build --quiet --release --package testigo-count --example million".split(), cwd=ROOT, check=True)
    million = command("cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", ROOT / "Cargo.toml")
    million = Path(json.loads(million)["target_directory"]) / "release/examples/million"
    with tempfile.TemporaryDirectory(prefix="testigo-bench-") as place:
        place = Path(place)
        command(million, "make", place, stations)
        command(million, "save", place)
        parquet = place / "stations.parquet"
        command(sys.executable, "-c", TO_PARQUET, place / "stations.csv", parquet)
        answers, heap, peak = {}, {}, {}

        def contender(name, *words):
            def run():
                answer = json.loads(command(*words))
                answers[name] = answer["units"], answer["total"]
                heap[name], peak[name] = answer.get("heap"), answer.get("peak")
                return answer["seconds"]

            return run

        columns = json.dumps([LEVELS, SELECTIONS])
        contenders = {
            "Testigo from ledger bytes": contender("ledger", million, "ledger", place),
            "Testigo from a snapshot": contender("snapshot", million, "snapshot", place),
            "DuckDB from Parquet": contender("duckdb", sys.executable, "-c", DUCKDB, parquet, columns),
            "Polars from Parquet": contender("polars", sys.executable, "-c", POLARS, parquet, columns),
        }
        found = in_turn(contenders, rounds)
        if len({json.dumps(answer) for answer in answers.values()}) != 1:
            sys.exit(f"the totals differ: {answers}")
        report(f"{stations:,} stations, {len(SELECTIONS)} selections, to totals of all units", found, "s", "Testigo from a snapshot")
        sizes = {file.name: file.stat().st_size for file in sorted(place.iterdir()) if file.is_file()}
        for name in ("ledger", "snapshot"):
            print(
                f"\nFrom the {name}, the count holds {heap[name] / stations:,.0f} bytes per station, all its tables taken "
                f"together; the process had {peak[name] / stations:,.0f} bytes per station at its peak, the input included."
            )
        print("\n" + "\n".join(f"- {name}: {size / 1e6:,.1f} MB" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
