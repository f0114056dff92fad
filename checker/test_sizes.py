"""Honest ledgers at the sizes where trees and tiles change their form, before all three verifiers.

The real program writes them, a row of a results file at a time; `testigo verify`, this checker and the script of the recount page must
accept each and come to the same root and the same totals. Needs TESTIGO, the built program; node for the script. Sizes past 257
are tried with TESTIGO_SLOW=1. (crates/ledger/tests/tree.rs holds the same sizes against ct-merkle.)
"""

import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import test_check
import testigo_check as checker

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = [1, 2, 255, 256, 257] + ([65_535, 65_536, 65_537, 100_000] if os.environ.get("TESTIGO_SLOW") else [])
MAPPING = """id = "table"
encodings = ["utf-8"]
station = [{ column = "STATION" }]

[[numbers]]
contest = "president"
candidates = { MV = "MV", TO = "TO", IQ = "IQ", BY = "BY", LE = "LE" }
others = { null = "NULL", blank = "BLANK" }
"""
HEADER = "STATION,MV,TO,IQ,BY,LE,NULL,BLANK\n"
LEVELS = ("region", "province", "municipality", "parish", "place")


def station(number):
    return f"{number % 20:02}{number:08}.01"


def row(number):
    return f"{station(number)},{number % 300},{number % 211},{number % 17},{number % 5},{number % 3},2,1\n"


def register(stations):
    """All in twenty regions, without levels between."""
    lines = ["station,registered," + ",".join(f"{level},{level}_name" for level in LEVELS)]
    lines += [f"{station(number)},900,{number % 20:02},Region {number % 20}" + ",," * (len(LEVELS) - 1) for number in range(stations)]
    return "\n".join(lines) + "\n"


@unittest.skipUnless(os.environ.get("TESTIGO"), "TESTIGO does not name the built program")
class SizesTest(test_check.Temporary):
    def program(self, *arguments, codes=(0,)):
        keys = {"TESTIGO_KEYS": str(self.folder / "keys")}
        command = [os.environ["TESTIGO"], *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=os.environ | keys)
        self.assertIn(done.returncode, codes, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def script(self, archive):
        if not shutil.which("node"):
            self.skipTest("node is not installed")
        done = subprocess.run(["node", ROOT / "web/check.mjs", archive], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def python(self, archive):
        said = []
        count, root = checker.check(checker.Folder(archive), None, said.append)
        return count, root

    def test_honest_ledgers_of_all_sizes(self):
        archive = self.folder / "archive"
        (self.folder / "mapping.toml").write_text(MAPPING)
        (self.folder / "register.csv").write_text(register(max(SIZES)))
        self.program("init", archive, "--pack", "demo", "--register", "register.csv")
        imported = 0
        for size in SIZES:
            with self.subTest(size=size):
                if size - 1 > imported:
                    (self.folder / "part.csv").write_text(HEADER + "".join(map(row, range(imported, size - 1))))
                    self.program("import", archive, "part.csv", "--mapping", "mapping.toml")
                    imported = size - 1
                tally = json.loads(self.program("tally", archive, "--format", "json"))
                self.assertEqual(tally["ledger"]["size"], size)
                self.program("verify", archive)
                count, root = self.python(archive)
                self.assertEqual((count.size, root), (size, tally["ledger"]["root"]))
                self.assertEqual(count.tally(count.contests["president"], checker.WHOLE, root), tally)
                found = self.script(archive)
                self.assertEqual((found.get("size"), found.get("root")), (size, root), found)
                self.assertEqual(found["tallies"][0], tally)

    def test_a_ledger_without_entries(self):
        test_check.write_ledger(self.folder, [], [0])
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(checker.main([str(self.folder)]), 0, out.getvalue())
        found = self.script(self.folder)
        self.assertEqual((found.get("size"), found.get("fault")), (0, None), found)


if __name__ == "__main__":
    unittest.main()
