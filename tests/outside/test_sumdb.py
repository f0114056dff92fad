"""The ledger's files, checked by Go's own transparency log library (golang.org/x/mod/sumdb), which shares no code with Testigo.

Needs Go and its library as Debian packages them: golang-go and golang-golang-x-mod-dev.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("TESTIGO", "target/debug/testigo")
LIBRARY = pathlib.Path("/usr/share/gocode")
HERE = pathlib.Path(__file__).resolve().parent


def testigo(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"testigo {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


@unittest.skipUnless(shutil.which("go"), "Go is not installed (Debian: golang-go)")
@unittest.skipUnless((LIBRARY / "src/golang.org/x/mod/sumdb").is_dir(), "Go's library is not installed (Debian: golang-golang-x-mod-dev)")
class LedgerInGo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.place = pathlib.Path(place.name)
        cls.checker = cls.place / "sumdb"
        go = os.environ | {"GO111MODULE": "off", "GOPATH": str(LIBRARY), "GOCACHE": str(cls.place / "cache")}
        subprocess.run(["go", "build", "-o", cls.checker, "main.go"], cwd=HERE / "sumdb", env=go, check=True)
        cls.archive, made = cls.place / "archive", cls.place / "election"
        os.environ["TESTIGO_KEYS"] = str(cls.place / "keys")
        cls.addClassCleanup(os.environ.pop, "TESTIGO_KEYS")
        testigo("simulate", made, "--stations", 120, "--seed", 5)
        testigo("init", cls.archive, "--pack", "demo", "--register", made / "register.csv")
        testigo("import", cls.archive, made / "sheets")
        testigo("read", cls.archive)
        cls.key = (cls.archive / "ledger/key").read_text().split("\n")[0]

    def check(self, ledger, *receipts):
        done = subprocess.run([self.checker, self.key, ledger, *receipts], capture_output=True, text=True)
        return done.returncode, done.stdout

    def copy(self):
        ledger = self.place / self.id()
        shutil.copytree(self.archive / "ledger", ledger)
        return ledger

    def test_it_accepts_the_ledger_and_comes_to_the_same_root(self):
        code, said = self.check(self.archive / "ledger")
        self.assertEqual(code, 0, said)
        head = json.loads(testigo("tally", self.archive, "--format", "json"))["ledger"]
        self.assertIn(f"entries {head['size']} root {head['root']} ", said)
        self.assertGreater(head["size"], 256, "the tree has more than one level of tiles")

    def test_it_refuses_an_entry_forged_together_with_its_tile(self):
        ledger = self.copy()
        bundle, tile = ledger / "tile/entries/000", ledger / "tile/0/000"
        data, at = bundle.read_bytes(), 0
        for index in range(256):
            length = int.from_bytes(data[at : at + 2], "big")
            entry = data[at + 2 : at + 2 + length]
            forged = entry.replace(b'"votes":[', b'"votes":[1', 1)[:length]
            if b'"votes":[' in entry:
                bundle.write_bytes(data[: at + 2] + forged + data[at + 2 + length :])
                leaves = bytearray(tile.read_bytes())
                leaves[32 * index : 32 * index + 32] = hashlib.sha256(b"\0" + forged).digest()
                tile.write_bytes(leaves)
                break
            at += 2 + length
        code, said = self.check(ledger)
        self.assertEqual(code, 1)
        self.assertIn("have the root", said)

    def test_it_refuses_damage(self):
        for name in ("tile/1/000.p/1", "checkpoint", "tile/0/000"):
            with self.subTest(name):
                ledger = self.place / f"damage-{name.replace('/', '-')}"
                shutil.copytree(self.archive / "ledger", ledger)
                data = bytearray((ledger / name).read_bytes())
                data[len(data) // 2] ^= 1
                (ledger / name).write_bytes(data)
                self.assertEqual(self.check(ledger)[0], 1)


if __name__ == "__main__":
    unittest.main()
