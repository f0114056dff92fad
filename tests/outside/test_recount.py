"""Adds up real results files with nothing but Python's csv module, and compares with what `testigo tally` says.

Shares no code with the program: a fault in its importer, its fold or its units shows here as a difference.
"""

import csv
import json
import lzma
import os
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

PROGRAM = os.environ.get("TESTIGO", "target/debug/testigo")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def testigo(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"testigo {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def tally(archive, *words):
    return json.loads(testigo("tally", archive, "--format", "json", *words))


def votes(answer):
    return {candidate["id"]: candidate["votes"] for candidate in answer["candidates"]}


class TwoPublishedFilesOfOneElection(unittest.TestCase):
    CANDIDATES = "EG NM LM JABE JOBR AE CF DC EM BERA".split()

    @classmethod
    def setUpClass(cls):
        folder = DATA / "ve2024"
        if not folder.is_dir():
            raise unittest.SkipTest(f"{folder} is absent")
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.files, cls.rows = {}, {}
        for name, encoding in (("V1", "utf-8-sig"), ("V2", "latin-1")):
            plain = lzma.decompress((folder / f"RESULTADOS_2024_CSV_{name}.csv.xz").read_bytes())
            cls.files[name] = Path(cls.place.name) / f"{name}.csv"
            cls.files[name].write_bytes(plain)
            cls.rows[name] = list(csv.DictReader(plain.decode(encoding).splitlines()))
        cls.archive = Path(cls.place.name) / "archive"
        testigo("init", cls.archive, "--pack", "ve-2024", "--register", cls.files["V1"])
        testigo("import", cls.archive, cls.files["V1"], "--format", "convzla")

    def added_up(self, rows):
        return {name: sum(int(row[name]) for row in rows) for name in self.CANDIDATES}

    def test_first_file_alone(self):
        answer = tally(self.archive)
        rows = self.rows["V1"]
        self.assertEqual(votes(answer), self.added_up(rows))
        self.assertEqual(answer["valid"], sum(int(row["VOTOS_VALIDOS"]) for row in rows))
        self.assertEqual(answer["null"], sum(int(row["VOTOS_NULOS"]) for row in rows))
        self.assertEqual(answer["stations"]["counted"], len(rows))
        self.assertEqual(answer["registered"]["in_counted"], sum(int(row["RE"]) for row in rows))

    def test_first_file_by_state(self):
        by_state = {}
        for row in self.rows["V1"]:
            by_state.setdefault(int(row["COD_EDO"]), []).append(row)
        children = tally(self.archive)["children"]
        self.assertEqual(len(children), len(by_state))
        for child in children:
            rows = by_state[int(child["code"])]
            with self.subTest(state=child["code"]):
                self.assertEqual(votes(child), self.added_up(rows))
                self.assertEqual(child["counted"], len(rows))

    def test_second_file_on_top(self):
        archive = Path(self.place.name) / "both"
        testigo("init", archive, "--pack", "ve-2024", "--register", self.files["V1"])
        testigo("import", archive, self.files["V1"], "--format", "convzla")
        testigo("import", archive, self.files["V2"], "--format", "convzla", "--extend-register")
        rows = {(row["CENTRO"], row["MESA"]): row for row in self.rows["V1"] + self.rows["V2"]}
        answer = tally(archive)
        self.assertEqual(votes(answer), self.added_up(rows.values()))
        self.assertEqual(answer["stations"]["counted"], len(rows))
        self.assertEqual(answer["stations"]["disputed"], 0)

    def test_the_files_agree_where_both_speak(self):
        """What the sum above rests on: a row of one file is never contradicted by the other."""
        first, second = ({(row["CENTRO"], row["MESA"]): row for row in self.rows[name]} for name in ("V1", "V2"))
        differing = Counter(
            name for key in first.keys() & second.keys() for name in self.CANDIDATES if first[key][name] != second[key][name]
        )
        self.assertEqual(differing, Counter())


if __name__ == "__main__":
    unittest.main()
