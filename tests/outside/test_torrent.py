"""The torrents of a mirror, read by other people's program and by the letter of BEP 3: they hand on just the mirror's files.

Needs transmission-show and transmission-cli, which Debian packages as transmission-cli.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM = os.environ.get("TESTIGO", "target/debug/testigo")


def testigo(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"testigo {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def decode(data, at=0):
    """The bencoded value at a place, and the place after it."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in b"ld":
        values, at = [], at + 1
        while data[at : at + 1] != b"e":
            value, at = decode(data, at)
            values.append(value)
        return (values if kind == b"l" else dict(zip(values[::2], values[1::2]))), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end], end


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class PartsServer(http.server.SimpleHTTPRequestHandler):
    """Answers with parts of files, which Python's own server does not."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = pathlib.Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        first, last = re.fullmatch("bytes=([0-9]+)-([0-9]+)", self.headers["Range"]).groups()
        part = data[int(first) : int(last) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


class Torrents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.place = pathlib.Path(place.name)
        archive, made = cls.place / "archive", cls.place / "election"
        os.environ["TESTIGO_KEYS"] = str(cls.place / "keys")
        cls.addClassCleanup(os.environ.pop, "TESTIGO_KEYS")
        testigo("simulate", made, "--stations", 40, "--seed", 5)
        testigo("init", archive, "--pack", "demo", "--register", made / "register.csv")
        testigo("import", archive, made / "sheets")
        testigo("read", archive)
        cls.site = cls.place / "site"
        handler = lambda *words: PartsServer(*words, directory=str(cls.place))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        cls.seed = f"http://127.0.0.1:{server.server_port}/"
        testigo("publish", archive, "--out", cls.site, "--webseed", f"{cls.seed}site/")
        cls.whole, cls.sheets = cls.place / "site.torrent", cls.site / "data/sheets.torrent"

    def check(self, torrent, folder):
        data = torrent.read_bytes()
        value, end = decode(data)
        self.assertEqual(end, len(data))
        info = value[b"info"]
        names = [b"/".join(one[b"path"]).decode() for one in info[b"files"]]
        self.assertEqual(sorted(names), files_in(folder))
        row = b"".join((folder / name).read_bytes() for name in names)
        self.assertEqual(len(row), sum(one[b"length"] for one in info[b"files"]))
        length = info[b"piece length"]
        pieces = [hashlib.sha1(row[at : at + length]).digest() for at in range(0, len(row), length)]
        self.assertGreater(len(pieces), 1)
        self.assertEqual(info[b"pieces"], b"".join(pieces))

    def test_every_piece_is_that_of_the_files(self):
        self.check(self.whole, self.site)
        self.check(self.sheets, self.site / "renditions")

    @unittest.skipUnless(shutil.which("transmission-show"), "transmission-show is not installed (Debian: transmission-cli)")
    def test_transmission_shows_the_same_files(self):
        for torrent, folder in [(self.whole, self.site), (self.sheets, self.site / "renditions")]:
            done = subprocess.run(["transmission-show", torrent], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            name = re.search(r"^Name: (.*)$", done.stdout, re.MULTILINE)[1]
            listed = re.findall(rf"^  {re.escape(name)}/(.*) \([\d.]+ .?B\)$", done.stdout.split("\nFILES\n")[1], re.MULTILINE)
            self.assertEqual(sorted(listed), files_in(folder))
            self.assertIn("Privacy: Public torrent", done.stdout)
            self.assertNotIn("announce", done.stdout.lower())
        self.assertIn(self.seed, subprocess.run(["transmission-show", self.whole], capture_output=True, text=True).stdout)

    @unittest.skipUnless(shutil.which("transmission-cli"), "transmission-cli is not installed (Debian: transmission-cli)")
    def test_transmission_fetches_a_mirror_that_is_whole(self):
        settings, got = self.place / "settings", self.place / "got"
        settings.mkdir()
        got.mkdir()
        # Nobody else is spoken to.
        alone = ["dht-enabled", "lpd-enabled", "pex-enabled", "utp-enabled", "port-forwarding-enabled"]
        (settings / "settings.json").write_text(json.dumps(dict.fromkeys(alone, False) | {"peer-port": 51_517}))
        words = ["transmission-cli", "--config-dir", settings, "--download-dir", got, self.whole]
        with open(self.place / "said", "wb") as said:
            child = subprocess.Popen(words, stdout=said, stderr=said, env=os.environ | {"HOME": str(self.place)})
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        deadline = time.monotonic() + 600
        while b"Seeding" not in (self.place / "said").read_bytes():
            self.assertIsNone(child.poll(), (self.place / "said").read_bytes()[-500:])
            self.assertLess(time.monotonic(), deadline, (self.place / "said").read_bytes()[-200:])
            time.sleep(0.5)
        self.assertEqual(files_in(got / "site"), files_in(self.site))
        answer = json.loads(testigo("verify", got / "site", "--format", "json"))
        self.assertEqual(answer["verdict"], "right", answer)


if __name__ == "__main__":
    unittest.main()
