"""Reads the downloads with programs that others wrote: DuckDB over HTTP, pyarrow, GDAL, and validators of JSON and XML
schemas. All must come to the totals of `testigo tally`.

Python packages are installed into a folder of their own, from requirements.txt beside this file.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from packages import python

PROGRAM = os.path.abspath(os.environ.get("TESTIGO", "target/debug/testigo"))
HERE = Path(__file__).resolve().parent
SCHEMAS = HERE.parents[2] / "shared" / "data" / "nist"
NAMESPACE = "{http://itl.nist.gov/ns/voting/1500-100/v2}"


def testigo(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"testigo {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


class DownloadsOfASimulatedElection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.place = Path(place.name)
        os.environ.setdefault("TESTIGO_KEYS", str(cls.place / "keys"))
        source, cls.archive = cls.place / "source", cls.place / "archive"
        testigo("simulate", source, "--seed", "7", "--stations", "60")
        testigo("init", cls.archive, "--pack", "demo", "--register", source / "register.csv")
        testigo("map", cls.archive, source / "boundaries.geojson")
        testigo("import", cls.archive, source / "sheets")
        testigo("read", cls.archive)
        cls.tally = json.loads(testigo("tally", cls.archive, "--format", "json"))
        cls.votes = {one["id"]: one["votes"] for one in cls.tally["candidates"]}
        cls.server = subprocess.Popen(
            [PROGRAM, "serve", cls.archive, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        )
        cls.addClassCleanup(cls.server.stdout.close)
        cls.addClassCleanup(cls.server.wait)
        cls.addClassCleanup(cls.server.terminate)
        cls.url = re.search(r"listening on (http://\S+)", cls.server.stdout.readline())[1].rstrip("/")
        cls.python = python()

    def get(self, path):
        with urllib.request.urlopen(self.url + path) as answer:
            return answer.read()

    def kept(self, path):
        file = self.place / path.strip("/").replace("/", "-")
        file.write_bytes(self.get(path))
        return file

    def run_python(self, text, *words):
        done = subprocess.run([self.python, "-c", text, *map(str, words)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_duckdb_reads_parquet_over_http(self):
        sums = ", ".join(f'sum("votes.{one}")::BIGINT' for one in self.votes)
        text = f"""if True:
            import duckdb, glob, json, os, duckdb_extension_httpfs
            folder = list(duckdb_extension_httpfs.__path__)[0]
            [extension] = glob.glob(folder + "/extensions/*/httpfs.duckdb_extension")
            database = duckdb.connect()
            database.execute(f"LOAD '{{extension}}'")
            row = database.sql('''SELECT {sums} FROM read_parquet('{self.url}/data/president/stations.parquet')''').fetchone()
            print(json.dumps(row))
        """
        self.assertEqual(self.run_python(text), list(self.votes.values()))

    def test_pyarrow_and_polars_read_every_parquet_file_like_its_csv(self):
        text = """if True:
            import csv, io, json, sys, pyarrow.parquet, polars
            table = pyarrow.parquet.read_table(sys.argv[1])
            rows = list(csv.reader(open(sys.argv[2], newline="")))
            assert table.column_names == rows[0], table.column_names
            for at, name in enumerate(table.column_names):
                values = ["" if one is None else str(one) for one in table.column(name).to_pylist()]
                cells = [row[at] for row in rows[1:]]
                numbers = pyarrow.types.is_integer(table.schema.field(name).type)
                expected = [cell if not numbers or cell.isdigit() else "" for cell in cells]
                assert values == expected, name
            assert polars.read_parquet(sys.argv[1]).height == len(rows) - 1
            print(json.dumps(len(rows)))
        """
        for table in ("president/stations", "president/units", "president/readings", "water/stations", "sheets"):
            rows = self.run_python(text, self.kept(f"/data/{table}.parquet"), self.kept(f"/data/{table}.csv"))
            self.assertGreater(rows, 1, table)

    def test_the_data_package_has_the_hashes_of_its_files(self):
        import hashlib

        package = json.loads(self.get("/data/datapackage.json"))
        self.assertEqual(package["version"], str(self.tally["ledger"]["size"]))
        for one in package["resources"]:
            data = self.get("/data/" + one["path"])
            self.assertEqual(one["hash"], "sha256:" + hashlib.sha256(data).hexdigest(), one["name"])
            self.assertEqual(one["bytes"], len(data), one["name"])

    def test_gdal_reads_the_geojson(self):
        if not shutil.which("ogr2ogr"):
            self.skipTest("ogr2ogr is absent: apt-get install gdal-bin")
        found = self.place / "regions.csv"
        done = subprocess.run(
            ["ogr2ogr", "-f", "CSV", found, self.kept("/data/president/region.geojson"), "-lco", "GEOMETRY=AS_WKT"],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        import csv

        rows = list(csv.DictReader(found.open(newline="")))
        for candidate, votes in self.votes.items():
            self.assertEqual(sum(int(row[f"votes.{candidate}"]) for row in rows), votes)
        self.assertTrue(all(row["WKT"].startswith("MULTIPOLYGON") for row in rows))

    def test_the_json_report_is_valid_and_adds_up(self):
        schema = SCHEMAS / "NIST_V2_election_results_reporting.json"
        file = self.kept("/data/nist.json")
        report = json.loads(file.read_text())
        contest = report["Election"][0]["Contest"][0]
        sums = {
            one["CandidateIds"][0].rsplit("-", 1)[1]: sum(count["Count"] for count in one["VoteCounts"])
            for one in contest["ContestSelection"]
        }
        self.assertEqual(sums, self.votes)
        if not schema.exists():
            self.skipTest(f"{schema} is absent")
        text = """if True:
            import json, jsonschema, sys
            schema, report = (json.load(open(file)) for file in sys.argv[1:])
            print(json.dumps([error.message for error in jsonschema.Draft4Validator(schema).iter_errors(report)][:3]))
        """
        self.assertEqual(self.run_python(text, schema, file), [])

    def test_the_xml_report_is_valid_and_adds_up(self):
        schema = SCHEMAS / "NIST_V2_election_results_reporting.xsd"
        file = self.kept("/data/nist.xml")
        from xml.etree import ElementTree

        root = ElementTree.parse(file).getroot()
        contest = root.find(f"{NAMESPACE}Election/{NAMESPACE}Contest")
        sums = {
            one.find(f"{NAMESPACE}CandidateIds").text.rsplit("-", 1)[1]: sum(
                int(count.text) for count in one.iter(f"{NAMESPACE}Count")
            )
            for one in contest.iter(f"{NAMESPACE}ContestSelection")
        }
        self.assertEqual(sums, self.votes)
        if not schema.exists():
            self.skipTest(f"{schema} is absent")
        text = """if True:
            import json, sys
            from lxml import etree
            schema = etree.XMLSchema(etree.parse(sys.argv[1]))
            schema.validate(etree.parse(sys.argv[2]))
            print(json.dumps([str(error) for error in schema.error_log][:3]))
        """
        self.assertEqual(self.run_python(text, schema, file), [])

    def test_the_report_imported_again_gives_the_same_totals(self):
        # The demonstration lets no results file count by itself; the same election with a rule that does.
        pack = self.place / "pack"
        shutil.copytree(HERE.parents[1] / "packs" / "demo", pack)
        text = (pack / "pack.toml").read_text()
        self.assertIn("single_published = false", text)
        (pack / "pack.toml").write_text(text.replace("single_published = false", "single_published = true"))
        again = self.place / "again"
        register = self.place / "source" / "register.csv"
        testigo("init", again, "--pack", pack, "--register", register)
        testigo("import", again, self.kept("/data/nist.json"), "--format", "nist")
        for contest in ("president", "water"):
            before, after = (
                json.loads(testigo("tally", archive, "--contest", contest, "--format", "json"))
                for archive in (self.archive, again)
            )
            for part in ("candidates", "others", "valid"):
                self.assertEqual(before[part], after[part], part)
            self.assertEqual(before["stations"]["counted"], after["stations"]["counted"])


if __name__ == "__main__":
    unittest.main()
