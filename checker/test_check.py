"""Tests of testigo_check.py: python3 -m unittest discover --start-directory checker

Archives are built here from docs/vectors, with a signer of their own, and then damaged. With TESTIGO naming the built program,
and the published results at ../shared/data, the same totals are also demanded of both programs on real data.
"""

import base64
import contextlib
import hashlib
import io
import json
import lzma
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
import testigo_check as checker

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORS = ROOT / "docs" / "vectors"
DATA = ROOT.parent / "shared" / "data" / "ve2024"
ORIGIN = "example.org/made-up"


# --- a signer and a writer, for tests only -------------------------------------------------------------------------


def multiply(number, point):
    return checker.two_products(0, checker.BASE_MULTIPLES, number, checker.multiples(point))


def secret(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def public(seed):
    return checker.point_encode(multiply(secret(seed)[0] % checker.L, checker.BASE))


def sign(seed, message):
    scalar, prefix = secret(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % checker.L
    point = checker.point_encode(multiply(r, checker.BASE))
    k = int.from_bytes(hashlib.sha512(point + public(seed) + message).digest(), "little") % checker.L
    return point + ((r + k * scalar) % checker.L).to_bytes(32, "little")


def key_id(name, seed):
    return hashlib.sha256(name.encode() + b"\n\x01" + public(seed)).digest()[:4]


def note(name, seed, text):
    blob = base64.b64encode(key_id(name, seed) + sign(seed, text.encode())).decode()
    return f"{text}\n\u2014 {name} {blob}\n".encode()


def public_key(name, seed):
    return f"{name}+{key_id(name, seed).hex()}+{base64.b64encode(bytes([1]) + public(seed)).decode()}"


SEED = bytes(range(32))


def naive_root(leaves):
    """RFC 6962, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def checkpoint(entries, origin=ORIGIN, seed=SEED):
    root = base64.b64encode(naive_root([checker.leaf_hash(entry) for entry in entries])).decode()
    return note(origin, seed, f"{origin}\n{len(entries)}\n{root}\n")


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_ledger(folder, entries, sizes, origin=ORIGIN, seed=SEED, rotations=()):
    """Every file that a ledger has which published these sizes. `rotations` are entries and the seeds in force from there on."""
    leaves = [checker.leaf_hash(entry) for entry in entries]
    for size in sizes:
        level, hashes = 0, leaves[:size]
        for number in range(0, size, 256):
            part = entries[number : min(number + 256, size)]
            data = b"".join(len(entry).to_bytes(2, "big") + entry for entry in part)
            write(folder / "ledger" / checker.tile_path("entries", number // 256, len(part)), data)
        while hashes:
            for number in range(0, len(hashes), 256):
                part = hashes[number : number + 256]
                write(folder / "ledger" / checker.tile_path(level, number // 256, len(part)), b"".join(part))
            full = len(hashes) // 256
            hashes = [naive_root(hashes[256 * i : 256 * i + 256]) for i in range(full)]
            level += 1
        signer = ([seed] + [new for index, new in rotations if index < size])[-1]
        head = checkpoint(entries[:size], origin, signer)
        write(folder / "ledger" / "checkpoints" / str(size), head)
        write(folder / "ledger" / "checkpoint", head)
    lines = [public_key(origin, seed)] + [f"{index} {public_key(origin, new)}" for index, new in rotations]
    write(folder / "ledger" / "key", "".join(line + "\n" for line in lines).encode())


def vector_entries(name):
    return (VECTORS / name / "entries.jsonl").read_bytes().split(b"\n")[:-1]


KEY_SEEDS = [bytes([number] * 32) for number in (20, 21, 22)]


def write_vector(folder, name, sizes=(1, 7, 200)):
    entries = vector_entries(name)
    rotated = json.loads((VECTORS / name / "expected.json").read_text())["rotations"]
    rotations = [(one["entry"], seed) for one, seed in zip(rotated, KEY_SEEDS[1:])]
    sizes = [size for size in sizes if size < len(entries)] + [len(entries)]
    write_ledger(folder, entries, sizes, seed=KEY_SEEDS[0] if rotations else SEED, rotations=rotations)
    shutil.copytree(VECTORS / name / "documents", folder / "documents")
    # The vectors name pictures by the hashes of these bytes.
    for data, ending in [(b"rendition", "jpg"), (b"\0", "png"), (b"\1", "png")]:
        digest = hashlib.sha256(data).hexdigest()
        write(folder / "renditions" / digest[:2] / f"{digest}.{ending}", data)
    if name == "masks":
        write_pictures(folder)
    return entries


def write_pictures(folder):
    """What the sheets of `masks` show, with their proofs."""
    digest = hashlib.sha256(b"less hidden").hexdigest()
    write(folder / "renditions" / digest[:2] / f"{digest}.jpg", b"less hidden")
    for vector in ("photo-corner", "strip-bands", "scan-overlap"):
        expected = json.loads((VECTORS / "pixels" / vector / "expected.json").read_text())
        data = (VECTORS / "pixels" / vector / f"picture.{expected['media']}").read_bytes()
        digest, pixels = hashlib.sha256(data).hexdigest(), expected["commitment"]
        write(folder / "renditions" / digest[:2] / f"{digest}.{expected['media']}", data)
        opening = (VECTORS / "pixels" / vector / "opening").read_bytes()
        write(folder / "openings" / pixels[:2] / f"{pixels}.{digest}", opening)


def run(folder, *arguments):
    """(exit code, what was said)"""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = checker.main([str(folder), *arguments])
    return code, out.getvalue()


class Temporary(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))


class SignatureTest(unittest.TestCase):
    # RFC 8032, section 7.1: public key, message, signature.
    VECTORS = [
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]

    def test_the_vectors_of_the_standard(self):
        for key, message, signature in self.VECTORS:
            key, message, signature = map(bytes.fromhex, (key, message, signature))
            self.assertTrue(checker.PublicKey(key).verifies(message, signature))
            for at in (0, 31, 32, 63):
                changed = bytearray(signature)
                changed[at] ^= 1
                self.assertFalse(checker.PublicKey(key).verifies(message, bytes(changed)))
            self.assertFalse(checker.PublicKey(key).verifies(message + b"x", signature))

    def test_the_edges_that_all_verifiers_share(self):
        vectors = json.loads((VECTORS / "signatures.json").read_text())
        self.assertGreater(len(vectors), 10)
        for one in vectors:
            key, message, signature = (bytes.fromhex(one[name]) for name in ("key", "message", "signature"))
            with self.subTest(one["why"]):
                try:
                    valid = checker.PublicKey(key).verifies(message, signature)
                except ValueError:
                    valid = False
                self.assertEqual(valid, one["valid"])

    def test_a_second_form_of_a_right_signature_is_refused(self):
        key, message, signature = map(bytes.fromhex, self.VECTORS[1])
        s = int.from_bytes(signature[32:], "little") + checker.L
        self.assertFalse(checker.PublicKey(key).verifies(message, signature[:32] + s.to_bytes(32, "little")))

    def test_keys_that_sign_anything_are_refused(self):
        neutral = b"\1" + bytes(31)
        order_eight = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
        for data in (neutral, bytes(32), order_eight, (checker.P - 1).to_bytes(32, "little"), checker.P.to_bytes(32, "little"), b"\2" * 31):
            with self.assertRaises(ValueError):
                checker.PublicKey(data)

    def test_r_of_small_order_is_refused(self):
        # R neutral and S = k * a: the equation holds, and yet nobody signs like that.
        scalar, data = secret(SEED)[0], public(SEED)
        r = b"\1" + bytes(31)
        k = int.from_bytes(hashlib.sha512(r + data + b"text").digest(), "little") % checker.L
        forged = r + (k * scalar % checker.L).to_bytes(32, "little")
        self.assertFalse(checker.PublicKey(data).verifies(b"text", forged))

    def test_what_is_signed_here_verifies(self):
        source = random.Random(7)
        for _ in range(10):
            seed, message = source.randbytes(32), source.randbytes(source.randrange(100))
            self.assertTrue(checker.PublicKey(public(seed)).verifies(message, sign(seed, message)))


class TreeTest(Temporary):
    def test_roots_and_files_of_all_sizes_around_the_borders(self):
        entries = [str(number).encode() for number in range(70_000)]
        tree = checker.Tree([checker.leaf_hash(entry) for entry in entries])
        for size in (0, 1, 2, 3, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000):
            self.assertEqual(tree.root(size), naive_root(tree.levels[0][:size]), size)
        self.assertEqual([str(one) for one in checker.tiles_of(256)], ["('entries', 0, 256)", "(0, 0, 256)", "(1, 0, 1)"])
        for number, path in [(7, "tile/0/007"), (1_234_067, "tile/0/x001/x234/067")]:
            self.assertEqual(checker.tile_path(0, number, 256), path)

    def test_ledgers_of_these_sizes_are_accepted_and_a_changed_entry_is_not(self):
        for size in (1, 2, 255, 256, 257, 600):
            with self.subTest(size=size), tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                entries = [f"entry {number}".encode() for number in range(size)]
                write_ledger(folder, entries, sorted({1, size // 2 or 1, size}))
                key = checker.KeyHistory(public_key(ORIGIN, SEED))
                found, _, _, _ = checker.check_ledger(checker.Folder(folder), key)
                self.assertEqual(found, entries)
                index = size // 2
                path = folder / "ledger" / checker.tile_path("entries", index // 256, min(256, size - index // 256 * 256))
                path.write_bytes(path.read_bytes().replace(f"entry {index}".encode(), f"ENTRY {index}".encode()))
                with self.assertRaisesRegex(checker.Fault, f"entry {index} was changed"):
                    checker.check_ledger(checker.Folder(folder), key)


def naive_path(index, leaves):
    """RFC 6962, section 2.1.1, as it is written there."""
    if len(leaves) == 1:
        return []
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    if index < middle:
        return naive_path(index, leaves[:middle]) + [naive_root(leaves[middle:])]
    return naive_path(index - middle, leaves[middle:]) + [naive_root(leaves[:middle])]


class ReceiptTest(unittest.TestCase):
    keys = checker.KeyHistory(public_key(ORIGIN, SEED))

    def test_every_entry_of_small_ledgers_and_no_other(self):
        for size in [*range(1, 13), 255, 256, 257]:
            leaves = [checker.leaf_hash(str(at).encode()) for at in range(size)]
            root = naive_root(leaves)
            head = note(ORIGIN, SEED, f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n")
            indices = range(size) if size < 13 else {0, 1, 127, 128, size - 2, size - 1}
            for index in indices:
                path = naive_path(index, leaves)

                def check(index=index, path=path, leaf=leaves.__getitem__):
                    lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in path)
                    receipt = f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n".encode() + head
                    return checker.check_receipt(receipt, leaf, self.keys, "receipt")

                self.assertEqual(check(), (index, size, root))
                wrong = [{"path": path + [root]}, {"leaf": lambda at: checker.sha256(leaves[at])}, {"index": size}]
                wrong += [{"index": other} for other in {index ^ 1, size - 1 - index} - {index} if other < size]
                wrong += [{"path": path[1:]}, {"path": path[:-1]}] if path else []
                for change in wrong:
                    with self.assertRaisesRegex(checker.Fault, "does not lead|is beyond its head"):
                        check(**change)


class VectorTest(Temporary):
    def hold(self, name):
        write_vector(self.folder, name)
        expected = json.loads((VECTORS / name / "expected.json").read_text())
        count, root = checker.check(checker.Folder(self.folder), None, lambda text: None)
        self.assertEqual((root, count.size), (expected["root"], expected["size"]))
        self.assertEqual([checker.leaf_hash(entry).hex() for entry in vector_entries(name)], expected["leaves"])
        self.assertEqual([index for index, _ in count.refused], expected["refused"])
        self.assertEqual(count.from_results, expected["register_from_results"])
        self.assertEqual(count.recovery and count.recovery[1].data.hex(), expected["recovery_key"])
        rotations = [{"entry": one[0], "previous": one[1].hex(), "public": one[2].hex()} for one in count.rotations]
        self.assertEqual(rotations, expected["rotations"])
        anchors = [dict(zip(("entry", "kind", "size", "document"), one)) for one in count.anchors]
        self.assertEqual(anchors, expected["anchors"])
        self.assertEqual(sorted(count.keys), expected["adjudicators"])
        sheets = [
            {"entry": sheet.index, "source": sheet.source, "state": sheet.state(), "moved_to": sheet.moved_to,
             "rejected": sheet.rejected, "withheld": sheet.withheld}
            for sheet in count.sheets.values()
        ]
        names = ("rendition", "media", "pixels", "masked", "mask", "superseded")
        for said, sheet in zip(sheets, count.sheets.values()):
            if any(page["pixels"] or page["mask"] is not None for page in sheet.pages):
                said["pages"] = [{name: page[name] for name in names} for page in sheet.pages]
        self.assertEqual(sheets, expected["sheets"])
        for name, kept in (("officials", count.officials), ("records", count.records)):
            found = [{"entry": index, "superseded_by": one["superseded_by"]} for index, one in kept.items()]
            self.assertEqual(found, expected[name])
        lists = [{"entry": index, "seed": one["seed"]} for index, one in count.lists.items()]
        self.assertEqual(lists, expected["lists"])
        self.assertEqual([contest.id for contest in count.election.contests], [one["id"] for one in expected["contests"]])
        for contest, wanted in zip(count.election.contests, expected["contests"]):
            self.assertEqual(sorted(count.known), [one["station"] for one in wanted["stations"]])
            for one in wanted["stations"]:
                self.assertEqual(self.station(count, contest, one["station"]), one)
            self.assertEqual(len(wanted["tallies"]), len(count.units[contest.id]))
            for tally in wanted["tallies"]:
                unit = tally["unit"]
                written = f"{unit['level']}/{unit['code']}" if unit["level"] else None
                self.assertEqual(count.tally(contest, count.find_unit(written), root), tally)

    @staticmethod
    def station(count, contest, station):
        state, reason, received, objected, reading = count.status[contest.id][station]
        votes = count.votes_of(contest, reading)
        readings = count.standing.get((contest.id, station), [])
        return {
            "station": station,
            "listed": station in count.geography.station_parent,
            "registered": count.geography.registered.get(station),
            "state": state, "reason": reason, "received": received, "objected": objected,
            "counted": reading.index if reading else None,
            "candidates": votes[: len(contest.candidates)], "others": votes[len(contest.candidates) :],
            "readings": [
                {"entry": one.index, "findings": [" ".join(map(str, finding)) for finding in count.findings(one)]}
                for one in sorted(readings, key=lambda one: one.index)
            ],
        }

    def test_wide(self):
        self.hold("wide")

    def test_strict(self):
        self.hold("strict")

    def test_drawn(self):
        self.hold("drawn")

    def test_keys(self):
        self.hold("keys")

    def test_masks(self):
        self.hold("masks")

    def test_json_is_the_tally(self):
        write_vector(self.folder, "strict")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(checker.main([str(self.folder), "--json", "--contest", "bridge", "--unit", "town/21"]), 0)
        expected = json.loads((VECTORS / "strict" / "expected.json").read_text())
        tallies = next(one for one in expected["contests"] if one["id"] == "bridge")["tallies"]
        self.assertEqual(json.loads(out.getvalue()), next(one for one in tallies if one["unit"]["code"] == "21"))


class EntryTest(unittest.TestCase):
    def test_only_one_way_to_write_an_entry(self):
        good = b'{"document":"' + b"0" * 64 + b'","origin":"list","type":"register","v":1}'
        checker.parse_entry(good, 1)
        reading = b'{"contest":"a","detail":"candidate","reader":"qr","sheet":4,"station":"s","type":"reading","v":1,"votes":[1]}'
        checker.parse_entry(reading, 1)
        wrong = [
            b" " + good, good + b"\n", b"\xef\xbb\xbf" + good, good.replace(b'"v":1', b'"v":1.0'), good.replace(b'"v":1', b'"v":2'),
            good.replace(b'"v":1', b'"v":01'), good.replace(b'"v":1', b'"v":true'), good.replace(b'"list"', b'"\\u006cist"'),
            good.replace(b'"list"', b'"List"'), good.replace(b'"register"', b'"tally"'), good.replace(b',"v":1', b',"v":1,"w":2'),
            good.replace(b'"v":1', b'"v":1,"v":1'), good.replace(b'"list"', b"null"), good.replace(b"0" * 64, b"A" * 64),
            b"[]", b"", b"{}", b"[" * 7000, good[:-1] + b"," + b'"x":"' + b"x" * 8000 + b'"}',
            reading.replace(b"[1]", b"[1000000000]"), reading.replace(b"[1]", b"[-0]"), reading.replace(b"[1]", b'["unreadable"]'),
            reading.replace(b'"sheet":4', b'"row":4'), reading.replace(b'"qr"', b'"person:"'), reading.replace(b'"qr"', b'"person:.."'),
            reading.replace(b'"reader"', b'"other":{},"reader"'), reading.replace(b'"station"', b'"stated":{},"station"'),
            reading.replace(b'"contest":"a"', b'"contest":"\xed\xa0\x80"'), reading.replace(b'"sheet":4', b'"sheet":9007199254740992'),
            b'{"failure":"x","prev":3,"reader":"qr","sheet":4,"type":"reading","v":1}',
            b'{"commitments":[],"source":"custody","time":601,"type":"intake","v":1}',
        ]
        for data in wrong:
            with self.subTest(data=data[:120]), self.assertRaises(checker.Fault):
                checker.parse_entry(data, 1)

    def test_every_entry_of_the_vectors_damaged_by_one_byte_is_seen(self):
        source = random.Random(1)
        for entry in vector_entries("wide"):
            at = source.randrange(len(entry))
            damaged = entry[:at] + bytes([entry[at] ^ 1 << source.randrange(8)]) + entry[at + 1 :]
            self.assertNotEqual(checker.leaf_hash(damaged), checker.leaf_hash(entry))


class DamageTest(Temporary):
    """What is changed, and what the checker must say. Everything else is right."""

    def setUp(self):
        super().setUp()
        self.entries = write_vector(self.folder, "wide")
        self.assertEqual(run(self.folder)[0], 0)

    def refuses(self, cause):
        code, said = run(self.folder)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, f"WRONG: .*{cause}")

    def change(self, name, at=-1):
        path = self.folder / name
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(bytes(data))
        return name

    def resign(self, entries):
        shutil.rmtree(self.folder / "ledger")
        write_ledger(self.folder, entries, [len(entries)])

    def test_an_entry(self):
        path = next((self.folder / "ledger/tile/entries").rglob("251"))
        path.write_bytes(path.read_bytes().replace(b'"votes":[3,5,40]', b'"votes":[4,5,40]', 1))
        self.refuses(r"entry \d+ was changed")

    def test_an_entry_and_its_tile_changed_alike(self):
        entry = self.entries[5].replace(b"[30,5,40]", b"[31,5,40]")
        for width in (7, 200, 251):
            bundle = self.folder / f"ledger/tile/entries/000.p/{width}"
            bundle.write_bytes(bundle.read_bytes().replace(self.entries[5], entry))
            tile = self.folder / f"ledger/tile/0/000.p/{width}"
            leaves = bytearray(tile.read_bytes())
            leaves[160:192] = checker.leaf_hash(entry)
            tile.write_bytes(bytes(leaves))
        self.refuses("the first 7 entries have the root .*: entries were changed, removed or added before entry 7$")

    def test_a_bundle_of_another_length(self):
        path = next((self.folder / "ledger/tile/entries").rglob("251"))
        data = path.read_bytes()
        path.write_bytes(data + b"x")
        self.refuses("1 bytes follow its 251 entries")
        path.write_bytes(data[:-1])
        self.refuses("ends within entry 250 of 251")

    def test_tiles(self):
        self.change("ledger/tile/0/000.p/251", 40)
        self.refuses("tile/0/000.p/251 differs, from byte 40 on")

    def test_a_partial_tile_of_an_earlier_head(self):
        self.change("ledger/tile/0/000.p/200", 0)
        self.refuses("tile/0/000.p/200 differs, from byte 0 on")

    def test_a_missing_file(self):
        (self.folder / "ledger/tile/entries/000.p/7").unlink()
        self.refuses("tile/entries/000.p/7 is missing")

    def test_the_head(self):
        for at in (5, 25, -3):
            with self.subTest(at=at):
                kept = (self.folder / "ledger/checkpoint").read_bytes()
                self.change("ledger/checkpoint", at)
                self.refuses("ledger/checkpoint")
                (self.folder / "ledger/checkpoint").write_bytes(kept)

    def test_rewritten_history_with_the_real_key(self):
        other = [*self.entries]
        other[5] = other[5].replace(b"[30,5,40]", b"[31,5,40]")
        write(self.folder / "ledger/checkpoints/100", checkpoint(other[:100]))
        self.refuses("the first 100 entries have the root .* but ledger/checkpoints/100 is signed over")

    def test_another_key(self):
        code, said = run(self.folder, "--key", public_key(ORIGIN, b"x" * 32))
        self.assertEqual(code, 1)
        self.assertIn("not signed by", said)
        write(self.folder / "ledger/checkpoint", checkpoint(self.entries, seed=b"x" * 32))
        self.refuses("not signed by")

    def test_lines_by_others_are_ignored_and_notes_are_taken_exactly(self):
        path = self.folder / "ledger/checkpoint"
        good = path.read_bytes()
        path.write_bytes(good + note("witness.example", b"w" * 32, "x\n").split(b"\n\n")[1])
        self.assertEqual(run(self.folder)[0], 0)
        head, line = good.split(b"\n\n")
        for bad, cause in [
            (good.replace(b"\n", b"\r\n"), "control character"),
            (good + b"x", "not ended"),
            (good + b"\n", "signature"),
            (head + b"\nextension\n\n" + line, "is wrong"),
            (note(ORIGIN, SEED, head.decode() + "\nextension\n"), "exactly three lines"),
            (note(ORIGIN, SEED, head.decode().replace("\n251\n", "\n0251\n") + "\n"), "not a number of entries"),
            (note(ORIGIN, SEED, head.decode().replace(ORIGIN, "elsewhere") + "\n"), "its origin"),
            (good.replace(b"=\n", b"\n"), "signature"),
        ]:
            with self.subTest(bad=bad):
                path.write_bytes(bad)
                self.refuses(cause)

    def test_documents(self):
        name = sorted(os.listdir(self.folder / "documents"))[0]
        self.change(f"documents/{name}")
        self.refuses(f"documents/{name} has the hash")
        (self.folder / "documents" / name).unlink()
        self.refuses("is missing")

    def test_strangers(self):
        write(self.folder / "documents/notes.txt", b"x")
        self.refuses("documents/notes.txt does not belong there")
        (self.folder / "documents/notes.txt").unlink()
        write(self.folder / "renditions/00/picture.svg", b"x")
        self.refuses("renditions/00/picture.svg does not belong there")

    def test_pictures(self):
        path = next((self.folder / "renditions").rglob("*.png"))
        data = path.read_bytes()
        path.write_bytes(data + b"x")
        self.refuses("has the hash")
        path.unlink()
        self.refuses(f"the picture {path.name} of sheet entry [0-9]+ is missing")
        # All other sheets show one picture, and one of them is withheld.
        path.write_bytes(data)
        next((self.folder / "renditions").rglob("*.jpg")).unlink()
        self.assertEqual(run(self.folder)[0], 0)

    def test_openings(self):
        shutil.rmtree(self.folder)
        write_vector(self.folder, "masks")
        code, said = run(self.folder)
        self.assertEqual(code, 0, said)
        self.assertRegex(said, "3 have their proof, which this program does not work through")
        path = next((self.folder / "openings").rglob("*.*"))
        self.change(path.relative_to(self.folder), 3)
        self.refuses("is no opening")
        path.unlink()
        self.refuses(f"openings/{path.parent.name}/{path.name} is missing")

    def test_an_entry_of_an_unknown_type_under_a_right_signature(self):
        self.resign([*self.entries, b'{"type":"tally","v":1}'])
        self.refuses("entry 251: is of the unknown type `tally`")

    def test_an_entry_out_of_form_under_a_right_signature(self):
        self.resign([*self.entries, self.entries[5].replace(b":", b": ")])
        self.refuses("entry 251: is not in canonical form")

    def test_a_ruling_whose_signature_is_of_another_ledger_has_no_effect(self):
        other = [self.entries[0].replace(b'"qr":"1"', b'"qr":"2"'), *self.entries[1:]]
        self.resign(other)
        code, said = run(self.folder)
        self.assertEqual(code, 0, said)
        self.assertIn("0 rulings in force", said)

    def test_the_origin_of_entry_zero(self):
        shutil.rmtree(self.folder / "ledger")
        write_ledger(self.folder, self.entries, [len(self.entries)], origin="example.org/else")
        self.refuses("entry 0 has the origin `example.org/made-up`")

    def test_no_entries_and_no_ledger(self):
        self.resign([])
        code, said = run(self.folder)
        self.assertEqual(code, 0, said)
        self.assertIn("no entries yet", said)
        shutil.rmtree(self.folder / "ledger")
        self.refuses("ledger/key is missing")


class RotationTest(Temporary):
    """Entry 5 names the recovery key; 11 and 14 replace the ledger's."""

    def written(self, sizes=(1, 8, 11, 12, 14, 15)):
        shutil.rmtree(self.folder / "documents", ignore_errors=True)
        self.entries = write_vector(self.folder, "keys", sizes)

    def verdict(self, seed=None):
        code, said = run(self.folder, *(["--key", public_key(ORIGIN, seed)] if seed else []))
        self.assertIn(code, (0, 1))
        return said if code else None

    def test_each_of_its_keys_vouches_for_a_ledger(self):
        self.written()
        for seed in [None, *KEY_SEEDS]:
            self.assertIsNone(self.verdict(seed))
        self.assertIn("none of those in ledger/key", self.verdict(SEED))

    def test_a_head_by_the_key_of_another_size_is_refused(self):
        for size in (8, 11, 12, 14, 15):
            self.written()
            right = (self.folder / "ledger/checkpoints" / str(size)).read_bytes()
            for seed in KEY_SEEDS:
                head = checkpoint(self.entries[:size], ORIGIN, seed)
                write(self.folder / "ledger/checkpoints" / str(size), head)
                self.assertEqual(self.verdict() is None, head == right, (size, seed[0]))

    def test_the_list_of_keys_is_what_the_entries_say(self):
        self.written()
        path = self.folder / "ledger/key"
        lines = path.read_text().split("\n")
        for wrong in [lines[:2], [lines[0], lines[2].replace("14 ", "11 ")], lines[:2] + ["13" + lines[2][2:]],
                      [lines[0], lines[1].replace("11", "011"), lines[2]], [public_key(ORIGIN, SEED), *lines[1:3]]]:
            path.write_text("\n".join(wrong) + "\n")
            self.assertIsNotNone(self.verdict(), wrong)

    def test_a_key_that_signed_no_head_over_the_recovery_key_vouches_for_nothing(self):
        self.written(sizes=(1, 3, 12, 15))
        self.assertIn("no head signed by the key that you trust", self.verdict(KEY_SEEDS[0]))
        for seed in KEY_SEEDS[1:]:
            self.assertIsNone(self.verdict(seed))


class WitnessTest(Temporary):
    """A head countersigned by two witnesses, and policies that ask for them."""

    WITNESSES = {"one": bytes([1] * 32), "two": bytes([2] * 32)}

    def setUp(self):
        super().setUp()
        write_vector(self.folder, "strict")
        self.head = self.folder / "ledger/checkpoint"

    @staticmethod
    def key(name):
        data = b"\4" + public(WitnessTest.WITNESSES[name])
        return hashlib.sha256(f"{name}.example\n".encode() + data).digest()[:4], data

    def line(self, name, time=1_935_000_000):
        text = self.head.read_bytes().rpartition(b"\n\n")[0] + b"\n"
        signature = sign(self.WITNESSES[name], f"cosignature/v1\ntime {time}\n".encode() + text)
        blob = self.key(name)[0] + time.to_bytes(8, "big") + signature
        return f"\u2014 {name}.example {base64.b64encode(blob).decode()}\n".encode()

    def policy(self, rest):
        lines = ""
        for name in self.WITNESSES:
            digest, data = self.key(name)
            lines += f"witness {name} {name}.example+{digest.hex()}+{base64.b64encode(data).decode()} https://{name}.example\n"
        write(self.folder / "policy.txt", f"# whom I believe\n\n{lines}{rest}".encode())
        return run(self.folder, "--policy", str(self.folder / "policy.txt"))

    def test_a_quorum_is_counted(self):
        both = "group both all one two\nquorum both\n"
        self.assertIn("unwitnessed", self.policy(both)[1])
        self.head.write_bytes(self.head.read_bytes() + self.line("one"))
        code, said = self.policy(both)
        self.assertEqual((code, "asks for more than one" in said), (1, True), said)
        for enough in ("quorum one\n", "group any any one two\nquorum any\n", "group some 1 one two\nquorum some\n", "quorum none\n"):
            self.assertEqual(self.policy(enough)[0], 0, enough)
        self.head.write_bytes(self.head.read_bytes() + self.line("two"))
        code, said = self.policy(both)
        self.assertEqual(code, 0, said)
        self.assertIn("one, two countersigned", said)

    def test_a_wrong_countersignature_spoils_the_head(self):
        line = bytearray(self.line("one"))
        line[40] ^= 1
        self.head.write_bytes(self.head.read_bytes() + bytes(line))
        self.assertIn("WRONG: ledger/checkpoint: ", self.policy("quorum none\n")[1])

    def test_policies_that_are_none(self):
        for wrong in ("", "quorum three\n", "quorum none\nquorum none\n", "group g 3 one two\nquorum g\n", "group g 0 one\nquorum g\n",
                      "group g any one\ngroup h any one\nquorum g\n", "group g all one one\nquorum g\n", "group one any two\nquorum one\n",
                      "group g any none\nquorum g\n", "witness x y\nquorum none\n", "hello\nquorum none\n", "group none any one\nquorum none\n"):
            code, said = self.policy(wrong)
            self.assertEqual((code, "policy" in said or "the key is" in said), (1, True), (wrong, said))


class MirrorTest(Temporary):
    """A mirror in small: a ledger, its documents and pictures, published totals, and the signed list of it all."""

    def setUp(self):
        super().setUp()
        write_vector(self.folder, "strict")
        expected = json.loads((VECTORS / "strict" / "expected.json").read_text())
        for contest in expected["contests"]:
            for tally in contest["tallies"]:
                unit, first = tally["unit"], contest is expected["contests"][0]
                path = f"{unit['level']}/{unit['code']}" if unit["level"] else "index"
                shown = tally if not unit["level"] else {key: value for key, value in tally.items() if key != "ledger"}
                write(self.folder / ("" if first else f"c/{contest['id']}") / f"{path}.json", json.dumps(shown).encode())
                if not unit["level"]:
                    write(self.folder / f"data/{contest['id']}/tally.json", json.dumps(tally).encode())
        write(self.folder / "index.html", b"<!doctype html>")
        self.sign()

    def sign(self, change=lambda text: text):
        files = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file() and path.name != "manifest")
        head = (self.folder / "ledger/checkpoint").read_bytes().rpartition(b"\n\n")[0].decode()
        lines = [f"{hashlib.sha256(data).hexdigest()} {len(data)} {path}\n" for path in files if (data := (self.folder / path).read_bytes()) or True]
        write(self.folder / "manifest", note(ORIGIN, SEED, change(f"testigo manifest 1\n{head}\n0.0.0\n{''.join(lines)}")))

    def verdict(self):
        return run(self.folder)

    def refuses(self, cause):
        code, said = self.verdict()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, cause)

    def test_a_whole_mirror(self):
        code, said = self.verdict()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"totals +\d+ published documents")
        self.assertRegex(said, r"manifest +\d+ files")

    def test_totals_that_the_real_key_signed_for(self):
        for path in ("data/mayor/tally.json", "index.json", "town/21.json", "c/bridge/index.json"):
            with self.subTest(path):
                file = self.folder / path
                kept = file.read_text()
                tally = json.loads(kept)
                tally["candidates"][0]["votes"] += 1
                file.write_text(json.dumps(tally))
                self.sign()
                self.refuses(f"a published total differs: {path} candidates 0 votes is")
                file.write_text(kept)
                self.sign()

    def test_files(self):
        page = self.folder / "index.html"
        page.write_bytes(b"<!doctype HTML>")
        self.refuses("index.html is not as the manifest says")
        page.unlink()
        self.refuses("index.html is missing")
        page.symlink_to("manifest")
        self.refuses("index.html is missing, or not a file")
        page.unlink()
        write(page, b"<!doctype html>")
        write(self.folder / "stranger.html", b"x")
        self.refuses("stranger.html is not in the manifest")
        (self.folder / "stranger.html").unlink()
        (self.folder / ".publishing").mkdir()
        self.refuses(".publishing is not in the manifest")

    def test_lists(self):
        line = lambda text: next(one for one in text.split("\n") if one.endswith(" index.html"))
        for change, cause in [
            (lambda text: text.replace("manifest 1", "manifest 2"), "not the list"),
            (lambda text: text.replace(f"\n{ORIGIN}\n", "\nelsewhere\n"), "not the list"),
            (lambda text: text + line(text) + "\n", "out of order|there twice"),
            (lambda text: text.replace(line(text), line(text).replace("index", "./index")), "not a hash, a size and a path"),
            (lambda text: text.replace(line(text), line(text).replace(" 15 ", " 015 ")), "not a hash, a size and a path"),
            (lambda text: text.replace(line(text) + "\n", ""), "index.html is not in the manifest"),
        ]:
            self.sign(change)
            self.refuses(cause)
        (self.folder / "manifest").unlink()
        self.refuses("manifest is missing")
        self.sign()
        path = self.folder / "manifest"
        path.write_bytes(path.read_bytes().replace(b"index.html", b"index.htm1"))
        self.refuses("manifest: the signature of .* is wrong")


class SpeedTest(Temporary):
    def test_twenty_five_thousand_readings(self):
        entries = vector_entries("strict")[:1]
        for number in range(25_000):
            station = f"{number % 5}.{number}"
            entries.append(checker.canonical({
                "contest": "mayor", "detail": "candidate", "other": {"null": 2}, "reader": "published:" + "0" * 64, "row": number + 2,
                "station": station, "type": "reading", "v": 1, "votes": [number % 300, number % 200],
            }))
        write_ledger(self.folder, entries, [len(entries)])
        shutil.copytree(VECTORS / "strict" / "documents", self.folder / "documents")
        begun = time.monotonic()
        code, said = run(self.folder)
        print(f"25,000 readings checked in {time.monotonic() - begun:.2f} s")
        self.assertEqual(code, 0, said)


class ElectionFileTest(unittest.TestCase):
    def test_ways_to_win(self):
        begin = 'id = "x"\ntitle = "X"\ndate = "2031-05-04"\nplace = "X"\n[[contest]]\nid = "c"\ntitle = "C"\n'
        begin += 'candidates = [{ id = "A", name = "Ada" }]\n'
        for more in ("", 'share_of = "cast"\n', "outright = [{ above = 5000 }, { at_least = 4000, lead = 1000 }]\n"):
            checker.Election((begin + more).encode())
        for more in ('share_of = "register"', "outright = [{}]", "outright = [{ above = 1, at_least = 1 }]", "outright = 1",
                     "outright = [{ above = 10001 }]", "outright = [{ above = 5000, led = 1 }]"):
            with self.subTest(more=more), self.assertRaises(checker.BadDocument):
                checker.Election((begin + more).encode())


@unittest.skipUnless(os.environ.get("TESTIGO"), "TESTIGO does not name the built program")
class ArchiveTest(Temporary):
    """Archives that the real program made, and the totals it prints."""

    def program(self, *arguments):
        keys = {"TESTIGO_KEYS": str(self.folder / "keys")}
        command = [os.environ["TESTIGO"], *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=os.environ | keys)
        self.assertIn(done.returncode, (0, 1), f"{command}: {done.stderr}")
        return done.stdout

    def same_totals(self, archive, contests, units):
        for contest in contests:
            for unit in units:
                arguments = ["--contest", contest] + (["--unit", unit] if unit else [])
                out, err = io.StringIO(), io.StringIO()
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    self.assertEqual(checker.main([str(archive), "--json", *arguments]), 0, err.getvalue())
                other = self.program("tally", archive, "--format", "json", *arguments)
                self.assertEqual(json.loads(out.getvalue()), json.loads(other), f"{contest}, {unit}")

    def test_a_made_up_election_with_sheets_and_rulings(self):
        archive, made = self.folder / "archive", self.folder / "election"
        self.program("simulate", made, "--stations", 60, "--seed", 3)
        self.program("init", archive, "--pack", "demo", "--register", made / "register.csv")
        self.program("import", archive, made / "sheets")
        self.program("import", archive, made / "public", "--source", "public")
        self.program("read", archive)
        self.program("import", archive, made / "unread")
        self.program("key", "create", "ana.key", "--name", "ana")
        self.program("key", "admit", archive, "ana.key")
        count, _ = checker.check(checker.Folder(archive), None, lambda text: None)
        signed = ["--reason", "sheet-inspected", "--key", "ana.key"]
        disputed = [station for station, status in sorted(count.status["president"].items()) if status[0] == "disputed"]
        reading = count.standing["president", disputed[0]][0].index
        self.program("rule", archive, "accept", "--reading", reading, *signed)
        self.program("rule", archive, "not-installed", "--station", sorted(count.known)[0], *signed)
        self.program("rule", archive, "move", "--sheet", max(count.sheets), "--station", sorted(count.known)[1], *signed)
        self.program("rule", archive, "reject", "--sheet", min(count.sheets), *signed)
        count, _ = checker.check(checker.Folder(archive), None, lambda text: None)
        self.assertEqual((len(count.in_force), count.refused), (4, []))
        regions = [f"region/{unit[1]}" for unit in count.children[checker.WHOLE]]
        self.assertGreater(len(regions), 1)
        self.same_totals(archive, ["president", "water"], [None, *regions])

    @unittest.skipUnless(DATA.is_dir(), "the real results are not there")
    def test_the_published_results(self):
        table = self.folder / "RESULTADOS_2024_CSV_V1.csv"
        table.write_bytes(lzma.decompress((DATA / "RESULTADOS_2024_CSV_V1.csv.xz").read_bytes()))
        archive = self.folder / "archive"
        self.program("init", archive, "--pack", "ve-2024")
        self.program("import", archive, table, "--format", "convzla", "--extend-register")
        begun = time.monotonic()
        code, said = run(archive)
        print(f"checked in {time.monotonic() - begun:.2f} s")
        self.assertEqual(code, 0, said)
        self.assertIn("7,156,462", said)
        self.same_totals(archive, ["president"], [None, "state/13", "municipality/0101"])


if __name__ == "__main__":
    unittest.main()
