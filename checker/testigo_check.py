#!/usr/bin/env python3
"""Checks an election's ledger and counts it again, without any other part of Testigo.

    python3 testigo_check.py DIR [--key PUBLIC_KEY] [--contest ID] [--unit CODE] [--json]

DIR is an archive or a mirror of one: it holds `ledger/`, `documents/` and `renditions/`. Everything is recomputed from
bytes: the tree from the entries, every signed head, every signature, every document and picture, the count. The program
was written from docs/ledger-format.md alone and shares no code with the one that writes ledgers. It needs Python 3.11
and nothing else. It ends with 0 if everything is right, else with 1 and the first thing that is wrong.

What it cannot check: that no sheet was left out, that two pseudonyms are two people, what the hidden areas hide.
"""

import argparse
import base64
import binascii
import csv
import hashlib
import io
import json
import os
import re
import sys
from collections import defaultdict

try:
    import tomllib
except ImportError:
    sys.exit("testigo_check.py needs Python 3.11 or newer")


class Fault(Exception):
    """Something that is wrong, and where."""


# ---------------------------------------------------------------------------------------------------------------
# Ed25519 (RFC 8032), verification only, strict: no small order, no second encoding of a signature.
# ---------------------------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def point_add(one, other):
    """Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z (RFC 8032, section 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_double(point):
    x, y, z, _ = point
    a, b, c = x * x % P, y * y % P, 2 * z * z % P
    h = a + b
    e = (h - (x + y) * (x + y)) % P
    g = a - b
    f = c + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_negate(point):
    return (P - point[0], point[1], point[2], P - point[3])


def point_encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def point_decode(data):
    """The point, or None where these 32 bytes are none (RFC 8032, section 5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def is_small_order(point):
    for _ in range(3):
        point = point_double(point)
    return point[0] == 0 and point[1] == point[2]


def multiples(point):
    table = [NEUTRAL]
    for _ in range(15):
        table.append(point_add(table[-1], point))
    return table


BASE = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
BASE_MULTIPLES = multiples(BASE)


def two_products(first, first_table, second, second_table):
    """first * A + second * B, four bits of both at a time."""
    total = NEUTRAL
    for shift in range(252, -4, -4):
        for _ in range(4):
            total = point_double(total)
        total = point_add(total, first_table[first >> shift & 15])
        total = point_add(total, second_table[second >> shift & 15])
    return total


class PublicKey:
    """A usable Ed25519 public key; ValueError where the 32 bytes are none."""

    def __init__(self, data):
        point = point_decode(data) if len(data) == 32 else None
        if point is None or is_small_order(point):
            raise ValueError("not a usable Ed25519 public key")
        self.data = data
        self.negative_multiples = multiples(point_negate(point))

    def verifies(self, message, signature):
        if len(signature) != 64:
            return False
        s = int.from_bytes(signature[32:], "little")
        r = point_decode(signature[:32])
        if s >= L or r is None or is_small_order(r):
            return False
        k = int.from_bytes(hashlib.sha512(signature[:32] + self.data + message).digest(), "little") % L
        return point_encode(two_products(s, BASE_MULTIPLES, k, self.negative_multiples)) == signature[:32]


def decode_base64(text):
    """Padded base64 in its one canonical form; ValueError otherwise."""
    data = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


# ---------------------------------------------------------------------------------------------------------------
# Keys, notes, checkpoints
# ---------------------------------------------------------------------------------------------------------------


class NoteKey:
    """The ledger's public key: name+id+base64(0x01, 32 bytes)."""

    def __init__(self, text):
        try:
            self.name, written, data = text.strip().split("+", 2)
            data = decode_base64(data)
            named = self.name and not any(c.isspace() or ord(c) < 32 or 127 <= ord(c) < 160 for c in self.name)
            if not named or data[:1] != b"\x01":
                raise ValueError
            self.key = PublicKey(data[1:])
        except ValueError:
            raise Fault("the key is not an Ed25519 note key `name+id+base64`") from None
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        if written != self.id.hex():
            raise Fault(f"the key's id is {written}, but {self.id.hex()} follows from its name and bytes")


def read_note(data, key, where):
    """The text of a signed note, once a signature by `key` is right and none by it is wrong."""
    if len(data) > 1 << 20:
        raise Fault(f"{where}: longer than a note may be")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(f"{where}: not UTF-8") from None
    if any(c < 32 and c != 10 for c in data):
        raise Fault(f"{where}: holds a control character")
    at = note.rfind("\n\n")
    if at < 0:
        raise Fault(f"{where}: no blank line between text and signatures")
    text, lines = note[: at + 1], note[at + 2 :]
    if not lines.endswith("\n"):
        raise Fault(f"{where}: the last signature line is missing or not ended")
    lines = lines[:-1].split("\n")
    if len(lines) > 256:
        raise Fault(f"{where}: more than 256 signatures")
    signed = False
    for line in lines:
        parts = line.split(" ")
        try:
            if len(parts) != 3 or parts[0] != "\u2014" or not parts[1] or "+" in parts[1]:
                raise ValueError
            blob = decode_base64(parts[2])
            if len(blob) < 5:
                raise ValueError
        except ValueError:
            raise Fault(f"{where}: a line after the last blank line is not a signature") from None
        if parts[1] == key.name and blob[:4] == key.id:
            if not key.key.verifies(text.encode(), blob[4:]):
                raise Fault(f"{where}: the signature of {key.name} is wrong: the text was changed or another key signed it")
            signed = True
    if not signed:
        raise Fault(f"{where}: not signed by {key.name}+{key.id.hex()}")
    return text


def read_checkpoint(data, key, where):
    """(size, root) of a signed head."""
    lines = read_note(data, key, where).split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise Fault(f"{where}: a checkpoint has exactly three lines")
    origin, size, root = lines[:3]
    if origin != key.name:
        raise Fault(f"{where}: its origin is `{origin}`, the key's name is `{key.name}`")
    if not re.fullmatch("0|[1-9][0-9]{0,18}", size):
        raise Fault(f"{where}: `{size}` is not a number of entries")
    try:
        root = decode_base64(root)
    except ValueError:
        root = b""
    if len(root) != 32:
        raise Fault(f"{where}: the root is not 32 bytes in base64")
    return int(size), root


# ---------------------------------------------------------------------------------------------------------------
# The tree and its files
# ---------------------------------------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\0" + entry)


class Tree:
    """`levels[h][i]` is the root of the 2^h leaves from leaf i * 2^h on."""

    def __init__(self, leaves):
        self.levels = [leaves]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([sha256(b"\1" + below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def root(self, size):
        """Of the first `size` leaves."""
        if size == 0:
            return sha256(b"")
        found, start = None, size
        for height in range(size.bit_length()):
            if size >> height & 1:
                start -= 1 << height
                left = self.levels[height][start >> height]
                found = left if found is None else sha256(b"\1" + left + found)
        return found

    def tile(self, level, number, width):
        hashes = self.levels[8 * level] if 8 * level < len(self.levels) else []
        part = hashes[256 * number : 256 * number + width]
        return b"".join(part) if len(part) == width else None


def tile_path(level, number, width):
    """`level` is a number, or "entries"."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03}")
    path = f"tile/{level}/" + "/".join(reversed(groups))
    return path if width == 256 else f"{path}.p/{width}"


def tiles_of(size):
    """(level, number, width) of every file that a ledger of this size has."""
    yield from row_of("entries", size)
    level = 0
    while size:
        yield from row_of(level, size)
        size, level = size // 256, level + 1


def row_of(level, count):
    for number in range(count // 256):
        yield level, number, 256
    if count % 256:
        yield level, count // 256, count % 256


def join_bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def split_bundle(data, width, where):
    entries, at = [], 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or len(entry) < length:
            raise Fault(f"{where}: ends within entry {len(entries)} of {width}")
        entries.append(entry)
        at += 2 + length
    if at != len(data):
        raise Fault(f"{where}: {len(data) - at} bytes follow its {width} entries")
    return entries


class Folder:
    """The ledger's files, read and counted."""

    def __init__(self, path):
        self.path, self.bytes = path, 0

    def read(self, name):
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                data = file.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            raise Fault(f"{name}: cannot be read: {error.strerror}") from None
        self.bytes += len(data)
        return data

    def need(self, name):
        data = self.read(name)
        if data is None:
            raise Fault(f"{name} is missing")
        return data

    def list(self, name):
        try:
            return sorted(os.listdir(os.path.join(self.path, name)))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Fault(f"{name}: cannot be listed: {error.strerror}") from None


def read_bundle(ledger, number, width):
    """The first `width` entries of a bundle, from the file of that width or a longer one."""
    for found in [width, 256, *range(width + 1, 256)]:
        path = "ledger/" + tile_path("entries", number, found)
        data = ledger.read(path)
        if data is not None:
            return path, split_bundle(data, found, path)[:width]
    raise Fault("ledger/" + tile_path("entries", number, width) + " is missing")


def first_changed(ledger, entries, tree, size, root):
    """Which entry was changed, where the leaf tiles still have the signed root."""
    leaves = []
    for level, number, width in tiles_of(size):
        if level == 0:
            data = ledger.read("ledger/" + tile_path(0, number, width)) or b""
            leaves += [data[i : i + 32] for i in range(0, len(data), 32)]
    if len(leaves) != size or Tree(leaves).root(size) != root:
        return ""
    index = next(i for i in range(size) if leaves[i] != tree.levels[0][i])
    return f"; entry {index} was changed"


def check_ledger(folder, key):
    """All entries of the signed head; everything the ledger's files say is held against them."""
    size, root = read_checkpoint(folder.need("ledger/checkpoint"), key, "ledger/checkpoint")
    heads = [("ledger/checkpoint", size, root)]
    for name in folder.list("ledger/checkpoints"):
        path = f"ledger/checkpoints/{name}"
        if not re.fullmatch("0|[1-9][0-9]{0,18}", name):
            raise Fault(f"{path} does not belong there: its name is no size")
        # Someone may be writing: what is published meanwhile is not part of this check.
        if int(name) > size:
            continue
        found, head = read_checkpoint(folder.need(path), key, path)
        if found != int(name):
            raise Fault(f"{path} is the checkpoint of {found} entries, not of the number its name says")
        heads.append((path, found, head))
    entries = []
    for _, number, width in row_of("entries", size):
        entries += read_bundle(folder, number, width)[1]
    tree = Tree([leaf_hash(entry) for entry in entries])
    for path, length, head in sorted(heads, key=lambda one: one[1]):
        found = tree.root(length)
        if found != head:
            changed = first_changed(folder, entries, tree, length, head)
            raise Fault(
                f"the first {length} entries have the root {found.hex()}, but {path} is signed over {head.hex()}: "
                f"entries were changed, removed or added before entry {length}{changed}"
            )
    tiles = {one for _, length, _ in heads for one in tiles_of(length)}
    for level, number, width in sorted(tiles, key=str):
        path = "ledger/" + tile_path(level, number, width)
        found = folder.need(path)
        if level == "entries":
            expected = join_bundle(entries[256 * number : 256 * number + width])
        else:
            expected = tree.tile(level, number, width)
        if found != expected:
            at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
            raise Fault(f"{path} differs, from byte {at} on, from what the entries give")
    return entries, root, len(heads), len(tiles)


# ---------------------------------------------------------------------------------------------------------------
# Entries
# ---------------------------------------------------------------------------------------------------------------

IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")
HASH = re.compile(r"[0-9a-f]{64}")
LARGEST_CELL = 999_999_999


class Malformed(Exception):
    """Not of the form that the entry's type asks for."""


def is_number(value, limit):
    return type(value) is int and 0 <= value < limit


def is_identifier(value):
    return type(value) is str and IDENTIFIER.fullmatch(value) is not None and value not in (".", "..")


def is_hash(value):
    return type(value) is str and HASH.fullmatch(value) is not None


def is_text(value):
    return type(value) is str


def is_code(value):
    return type(value) is str and re.fullmatch(r"[a-z0-9/-]{1,64}", value) is not None


def is_bool(value):
    return type(value) is bool


def is_index(value):
    return is_number(value, 2**53)


def is_u32(value):
    return is_number(value, 2**32)


def is_cell(value):
    return value in ("blank", "illegible", "absent") if type(value) is str else is_number(value, LARGEST_CELL + 1)


def is_reader(value):
    if type(value) is not str:
        return False
    kind, _, name = value.partition(":")
    if kind == "person":
        return is_identifier(name)
    if kind == "published":
        return is_hash(name)
    return value in ("qr", "print")


def one_of(*words):
    return lambda value: type(value) is str and value in words


def list_of(test):
    return lambda value: type(value) is list and all(map(test, value))


def map_of(key_test, test, empty=True):
    return lambda value: (
        type(value) is dict and (empty or value) and all(key_test(key) and test(one) for key, one in value.items())
    )


def fields(needed, may=(), nonempty=False):
    """A test for an object with exactly these fields."""
    needed, may = dict(needed), dict(may)

    def test(value):
        if type(value) is not dict or (nonempty and not value):
            return False
        for name, one in needed.items():
            if name not in value or not one(value[name]):
                raise Malformed(f"field `{name}` is missing or malformed")
        for name in value:
            if name not in needed:
                if name not in may:
                    raise Malformed(f"field `{name}` is unknown")
                if not may[name](value[name]):
                    raise Malformed(f"field `{name}` is malformed")
        return True

    return test


def is_decision(value):
    kinds = {
        "accept-reading": {"reading": is_index},
        "reject-sheet": {"sheet": is_index},
        "move-sheet": {"sheet": is_index, "station": is_identifier},
        "withhold-sheet": {"sheet": is_index},
        "not-installed": {"station": is_identifier},
        "withdraw": {},
    }
    kind = value.get("do") if type(value) is dict else None
    return type(kind) is str and kind in kinds and fields({"do": is_text} | kinds[kind])(value)


COUNTING = fields({
    "people": lambda value: is_u32(value) and value != 1,
    "qr_from_custody": is_bool,
    "signatures": lambda value: is_u32(value) and value >= 1,
    "single_published": is_bool,
})
PAGE = fields({
    "commitment": is_hash, "height": is_u32, "width": is_u32, "media": is_text, "rendition": is_hash,
    "masked": list_of(lambda area: type(area) is list and len(area) == 4 and all(map(is_u32, area))),
})
STATED = fields({}, {"cast": is_cell, "registered": is_cell, "valid": is_cell}, nonempty=True)
SIGNATURE = fields({"key": is_identifier, "signature": is_text})
COMMON = {"type": is_text, "v": lambda value: is_number(value, 2)}
READ = COMMON | {"reader": is_reader}
READ_MAY = {"row": is_index, "sheet": is_index, "step": is_code}
FAILURE = fields(READ | {"failure": is_code}, READ_MAY)
NUMBERS = fields(
    READ | {
        "contest": is_identifier, "station": is_identifier, "votes": list_of(is_cell),
        "detail": one_of("selection", "candidate"),
    },
    READ_MAY | {"prev": is_index, "other": map_of(is_identifier, is_cell, empty=False), "stated": STATED},
)


def is_reading(value):
    published = str(value.get("reader", "")).startswith("published:")
    if published != ("row" in value) or published == ("sheet" in value):
        raise Malformed("a reading by a results file has `row`, every other has `sheet`")
    return FAILURE(value) if "failure" in value else NUMBERS(value)


TYPES = {
    "election": fields(COMMON | {
        "counting": COUNTING, "definition": is_hash, "origin": is_text, "pack": is_hash,
        "readers": map_of(is_text, is_text), "register": is_hash, "register_origin": one_of("list", "results"),
    }),
    "register": fields(COMMON | {"document": is_hash, "origin": one_of("list", "results")}),
    "intake": fields(COMMON | {
        "commitments": list_of(is_hash), "source": one_of("signed", "custody", "public"),
        "time": lambda value: is_index(value) and value % 600 == 0,
    }),
    "sheet": fields(COMMON | {"intake": is_index, "pages": list_of(PAGE)}),
    "reading": is_reading,
    "ruling": fields(
        COMMON | {"decision": is_decision, "reason": is_text, "signatures": list_of(SIGNATURE)}, {"prev": is_index}
    ),
    "key": fields(COMMON | {"name": is_identifier, "public": is_text, "role": one_of("adjudicator")}),
}


def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def parse_entry(data, index):
    def wrong(cause):
        return Fault(f"entry {index}: {cause}")

    if len(data) > 8000:
        raise wrong(f"has {len(data)} bytes; at most 8,000 are allowed")
    try:
        entry = json.loads(data.decode("utf-8"))
        again = canonical(entry)
    except (ValueError, RecursionError) as error:
        raise wrong(f"is not JSON in UTF-8: {error}") from None
    if type(entry) is not dict:
        raise wrong("is not an object")
    if type(entry.get("type")) is not str or entry["type"] not in TYPES:
        raise wrong(f"is of the unknown type `{entry.get('type')}`")
    if type(entry.get("v")) is not int or entry["v"] != 1:
        raise wrong(f"is of type `{entry['type']}` in version {entry.get('v')}; version 1 is known")
    try:
        if not TYPES[entry["type"]](entry):
            raise Malformed("its fields are not those of its type")
    except Malformed as error:
        raise wrong(f"{error} (type `{entry['type']}`)") from None
    if again != data:
        at = next((i for i, (a, b) in enumerate(zip(again, data)) if a != b), min(len(again), len(data)))
        raise wrong(f"is not in canonical form: byte {at} differs from its own re-serialisation")
    return entry


# ---------------------------------------------------------------------------------------------------------------
# Documents
# ---------------------------------------------------------------------------------------------------------------


class BadDocument(Exception):
    """A document that breaks the rules, with what and where."""


class Contest:
    def __init__(self, raw):
        expect_fields(raw, "contest", {"id", "title", "candidates"}, {"selections", "others"})
        self.id = identifier(raw, "id", "contest")
        local_text(raw["title"], "contest.title")
        self.candidates = []
        for one in tables(raw, "candidates"):
            expect_fields(one, "candidates", {"id", "name"}, {"short", "color"})
            local_text(one["name"], "candidates.name")
            if type(one.get("short", "")) is not str or not re.fullmatch("#[0-9A-Fa-f]{6}", one.get("color", "#000000")):
                raise BadDocument("candidates: `short` or `color` is malformed")
            self.candidates.append(identifier(one, "id", "candidates"))
        if not self.candidates:
            raise BadDocument(f"contest {self.id} has no candidates")
        lines, self.lines = [], []
        for one in tables(raw, "selections"):
            expect_fields(one, "selections", {"id", "candidate"}, {"name"})
            local_text(one.get("name", ""), "selections.name")
            lines.append(identifier(one, "id", "selections"))
            if one["candidate"] not in self.candidates:
                raise BadDocument(f"selection {lines[-1]} is for the unknown candidate `{one['candidate']}`")
            self.lines.append(self.candidates.index(one["candidate"]))
        if not lines:
            self.lines = list(range(len(self.candidates)))
        self.lines_of = [[at for at, one in enumerate(self.lines) if one == who] for who in range(len(self.candidates))]
        self.others = []
        for one in tables(raw, "others"):
            expect_fields(one, "others", {"id", "title"})
            local_text(one["title"], "others.title")
            self.others.append(identifier(one, "id", "others"))
        for ids in (self.candidates, lines, self.others):
            expect_different(ids)


class Election:
    """The election file."""

    def __init__(self, data):
        raw = toml(data, "election file")
        expect_fields(raw, "election file", {"id", "title", "date", "place"}, {"declared", "contest"})
        self.id = identifier(raw, "id", "election file")
        local_text(raw["title"], "title")
        local_text(raw["place"], "place")
        self.place = raw["place"]
        if type(raw["date"]) is not str or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", raw["date"]):
            raise BadDocument("`date` is not YYYY-MM-DD")
        declared = raw.get("declared", {})
        expect_fields(declared, "declared", set(), {"stations", "registered", "source"})
        if not is_u32(declared.get("stations", 0)) or not is_number(declared.get("registered", 0), 2**63):
            raise BadDocument("`declared` holds something that is no number")
        local_text(declared.get("source", ""), "declared.source")
        self.declared_stations = declared.get("stations", 0)
        self.declared_registered = declared.get("registered")
        self.contests = [Contest(one) for one in tables(raw, "contest")]
        if not self.contests:
            raise BadDocument("the election file has no contest")
        expect_different([contest.id for contest in self.contests])


CHECKS = ("E101", "E102", "E103", "E104", "W201", "W202", "W203", "W204")


class Pack:
    """What the fold needs of a pack."""

    def __init__(self, data):
        raw = toml(data, "pack")
        if type(raw.get("format")) is not int or raw["format"] != 1:
            raise BadDocument("the pack's `format` is not 1")
        languages = raw.get("languages")
        if type(languages) is not list or not languages or not all(type(one) is str for one in languages):
            raise BadDocument("the pack names no languages")
        self.language = languages[0]
        levels = tables(raw, "level")
        if not 1 <= len(levels) <= 20:
            raise BadDocument("a pack has 1 to 20 levels")
        for one in levels:
            expect_fields(one, "level", {"id", "name", "plural"})
            local_text(one["name"], "level.name")
            local_text(one["plural"], "level.plural")
        ids = [identifier(one, "id", "level") for one in levels]
        expect_different(ids)
        self.unit_levels, self.station_level = ids[:-1], ids[-1]
        self.tolerance = dict.fromkeys(CHECKS, 0)
        checks = raw.get("check", {})
        expect_fields(checks, "check", set(), set(CHECKS))
        for code, setting in checks.items():
            expect_fields(setting, f"check.{code}", set(), {"tolerance", "on"})
            if not is_u32(setting.get("tolerance", 0)) or not is_bool(setting.get("on", True)):
                raise BadDocument(f"check.{code} is malformed")
            if setting.get("on", True):
                self.tolerance[code] = setting.get("tolerance", 0)
            else:
                del self.tolerance[code]


def toml(data, what):
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDocument(f"the {what} is not TOML in UTF-8: {error}") from None


def expect_fields(table, where, needed, may=frozenset()):
    if type(table) is not dict:
        raise BadDocument(f"{where} is not a table")
    for name in sorted(needed - table.keys()):
        raise BadDocument(f"{where}: `{name}` is missing")
    for name in sorted(table.keys() - needed - may):
        raise BadDocument(f"{where}: `{name}` is unknown")


def tables(raw, name):
    found = raw.get(name, [])
    if type(found) is not list:
        raise BadDocument(f"`{name}` is not a list")
    return found


def identifier(table, name, where):
    if not is_identifier(table[name]):
        raise BadDocument(f"{where}: `{table[name]}` is no identifier")
    return table[name]


def expect_different(ids):
    twice = [one for at, one in enumerate(ids) if one in ids[:at]]
    if twice:
        raise BadDocument(f"`{twice[0]}` is there twice")


def local_text(value, where):
    if type(value) is not str and not (type(value) is dict and all(type(one) is str for one in value.values())):
        raise BadDocument(f"`{where}` is no text")


def in_language(text, language):
    if type(text) is str:
        return text
    return text.get(language) or next((text[key] for key in sorted(text, key=str.encode)), "")


def read_register(data, pack):
    """Rows of (station, registered or None, [(level, code, name), ...] from the widest down)."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadDocument("the register is not UTF-8") from None
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        lines = [(reader.line_num, line) for line in reader if line]
    except csv.Error as error:
        raise BadDocument(f"the register is not CSV: {error}") from None
    header = lines[0][1] if lines else []
    wanted = ["station", "registered", *(name for level in pack.unit_levels for name in (level, f"{level}_name"))]
    if sorted(header) != sorted(wanted):
        raise BadDocument(f"the register's columns are {', '.join(header)}; expected are {', '.join(wanted)}")
    place = {name: header.index(name) for name in wanted}
    units = [(at, place[level], place[f"{level}_name"]) for at, level in enumerate(pack.unit_levels)]
    rows = []
    for number, line in lines[1:]:
        if len(line) != len(header):
            raise BadDocument(f"the register, line {number}: {len(line)} fields, the header has {len(header)}")
        station, registered = line[place["station"]], line[place["registered"]]
        if not is_identifier(station):
            raise BadDocument(f"the register, line {number}: `{station}` is no identifier")
        if registered and not (re.fullmatch(r"\+?[0-9]+", registered) and int(registered) <= LARGEST_CELL):
            raise BadDocument(f"the register, line {number}: `{registered}` is no number of voters")
        path = [(at, line[code], line[name]) for at, code, name in units if line[code]]
        if not all(is_identifier(code) for _, code, _ in path) or (units and not path):
            raise BadDocument(f"the register, line {number}: no unit, or a unit whose code is no identifier")
        rows.append((station, int(registered) if registered else None, path))
    return rows


# ---------------------------------------------------------------------------------------------------------------
# The fold, first part: what the entries add
# ---------------------------------------------------------------------------------------------------------------

REASONS = {
    "sheet-inspected", "paper-inspected", "duplicate-sheet", "wrong-station",
    "not-a-sheet", "forged-sheet", "personal-data", "not-opened",
}
WHOLE = (-1, "")


class Refused(Exception):
    """The entry changes nothing."""


class Geography:
    """Units by (level, code), the whole being WHOLE; stations by id."""

    def __init__(self):
        self.unit_parent, self.unit_name = {}, {WHOLE: ""}
        self.station_parent, self.registered = {}, {}

    def add(self, rows, passed_over):
        """Lists the rows' stations; BadDocument, and nothing changed, where one of them cannot be."""
        parents, names, stations, registered = {}, {}, {}, {}
        for station, voters, path in rows:
            if station in self.station_parent or station in stations:
                if passed_over:
                    continue
                raise BadDocument(f"the register: station {station} is there twice")
            parent = WHOLE
            for level, code, name in path:
                unit = (level, code)
                known = self.unit_parent.get(unit, parents.get(unit))
                if known is None:
                    parents[unit], names[unit] = parent, name
                elif known != parent:
                    raise BadDocument(f"the register: unit {code} belongs to `{parent[1]}` here, to `{known[1]}` earlier")
                parent = unit
            stations[station], registered[station] = parent, voters
        self.unit_parent |= parents
        self.unit_name |= names
        self.station_parent |= stations
        self.registered |= registered


class Sheet:
    def __init__(self, index, source, pages):
        self.index, self.source, self.pages = index, source, pages
        self.tried, self.standing = False, 0
        self.moved_to, self.rejected, self.contradicted, self.withheld = None, False, False, False

    def state(self):
        return "read" if self.standing else "unreadable" if self.tried else "unread"

    def in_custody(self):
        return self.source != "public" or self.moved_to is not None


class Reading:
    def __init__(self, index, entry, contest, sheet):
        self.index, self.contest, self.sheet = index, contest, sheet
        self.reader, self.own_station = entry["reader"], entry["station"]
        self.kind = self.reader.partition(":")[0]
        self.of = entry["sheet"] if sheet else entry["row"]
        self.by_line = entry["detail"] == "selection"
        self.votes = entry["votes"]
        other, stated = entry.get("other", {}), entry.get("stated", {})
        self.other = [other.get(kind, "absent") for kind in contest.others]
        self.stated_valid, self.stated_cast, self.stated_registered = (
            stated.get(name, "absent") for name in ("valid", "cast", "registered")
        )
        self.superseded = False

    def station(self):
        return self.sheet.moved_to if self.sheet and self.sheet.moved_to is not None else self.own_station

    def candidate(self, who):
        return sum_of([self.votes[at] for at in self.contest.lines_of[who]]) if self.by_line else self.votes[who]

    def candidates(self):
        return [self.candidate(who) for who in range(len(self.contest.candidates))]

    def valid(self):
        return sum_of(self.votes) if self.stated_valid == "absent" else self.stated_valid


def sum_of(cells):
    """As comparisons need it: nothing said about a part is nothing said about the sum."""
    if not cells or "absent" in cells:
        return "absent"
    if any(type(cell) is str for cell in cells):
        return "illegible"
    total = sum(cells)
    return total if total <= LARGEST_CELL else "illegible"


def contradict(one, other):
    return one != other and one != "absent" and other != "absent"


def differ(one, other):
    if one.by_line and other.by_line:
        votes = zip(one.votes, other.votes)
    else:
        votes = zip(one.candidates(), other.candidates())
    return (
        any(contradict(a, b) for a, b in votes)
        or any(contradict(a, b) for a, b in zip(one.other, other.other))
        or contradict(one.valid(), other.valid())
        or contradict(one.stated_cast, other.stated_cast)
    )


class Count:
    """Takes entries in one after the other; `finish` works out what follows."""

    def __init__(self, documents):
        """`documents` gives the bytes with a hash, or None."""
        self.documents = documents
        self.size, self.refused = 0, []
        self.geography, self.known = Geography(), set()
        self.intakes, self.sheets, self.readings, self.keys = {}, {}, {}, {}
        self.in_force = {}  # ruling's index -> (decision, subjects)
        self.heads = defaultdict(list)  # subject -> indices of the rulings in force on it
        self.signatures = 0

    def append(self, data):
        index = self.size
        entry = parse_entry(data, index)
        try:
            if index == 0:
                self.begin(entry, data)
            else:
                getattr(self, "take_" + entry["type"])(index, entry)
        except Refused as cause:
            self.refused.append((index, str(cause)))
        self.size += 1

    def document(self, digest, what):
        data = self.documents(digest)
        if data is None:
            raise Fault(f"the {what} with hash {digest} is missing")
        if hashlib.sha256(data).hexdigest() != digest:
            raise Fault(f"the {what} with hash {digest} has other bytes")
        return data

    def begin(self, entry, data):
        if entry["type"] != "election":
            raise Fault("entry 0 is not an `election` entry")
        self.rule, self.origin = entry["counting"], entry["origin"]
        self.entry_zero = hashlib.sha256(data).hexdigest()
        self.from_results = entry["register_origin"] == "results"
        try:
            self.election = Election(self.document(entry["definition"], "election file"))
            self.pack = Pack(self.document(entry["pack"], "pack"))
            rows = read_register(self.document(entry["register"], "register"), self.pack)
            self.geography.add(rows, passed_over=False)
        except BadDocument as error:
            raise Fault(f"a document of entry 0 cannot be read: {error}") from None
        self.known.update(self.geography.station_parent)
        self.contests = {contest.id: contest for contest in self.election.contests}

    def take_election(self, index, entry):
        raise Refused("an `election` entry may only be entry 0")

    def take_register(self, index, entry):
        data = self.document(entry["document"], "added register")
        try:
            self.geography.add(read_register(data, self.pack), passed_over=True)
        except BadDocument as error:
            raise Refused(str(error)) from None
        self.known.update(self.geography.station_parent)
        self.from_results |= entry["origin"] == "results"

    def take_key(self, index, entry):
        name = entry["name"]
        try:
            key = PublicKey(decode_base64(entry["public"]))
        except ValueError:
            raise Refused(f"key `{name}` is no usable Ed25519 public key") from None
        for known, other in self.keys.items():
            if (known == name) != (other.data == key.data):
                raise Refused(f"the name `{name}` has another key, or the key another name")
        self.keys[name] = key

    def take_intake(self, index, entry):
        self.intakes[index] = entry

    def take_sheet(self, index, entry):
        intake = self.intakes.get(entry["intake"])
        if intake is None:
            raise Refused(f"entry {entry['intake']} is not an `intake` entry")
        commitments = set(intake["commitments"])
        if any(page["commitment"] not in commitments for page in entry["pages"]):
            raise Refused(f"a page's commitment is not in intake entry {entry['intake']}")
        if not entry["pages"] or any(page["media"] not in ("jpg", "png") for page in entry["pages"]):
            raise Refused("a sheet needs at least one page of type jpg or png")
        self.sheets[index] = Sheet(index, intake["source"], entry["pages"])

    def take_reading(self, index, entry):
        sheet = None
        if "sheet" in entry:
            sheet = self.sheets.get(entry["sheet"])
            if sheet is None:
                raise Refused(f"entry {entry['sheet']} is not a `sheet` entry")
        if "failure" in entry:
            if sheet is None:
                raise Refused("a row of a results file cannot be unreadable")
            sheet.tried = True
            return
        contest = self.contests.get(entry["contest"])
        if contest is None:
            raise Refused(f"there is no contest `{entry['contest']}`")
        lines = contest.lines if entry["detail"] == "selection" else contest.candidates
        if len(entry["votes"]) != len(lines):
            raise Refused(f"{len(lines)} votes are expected, the reading has {len(entry['votes'])}")
        unknown = [kind for kind in entry.get("other", {}) if kind not in contest.others]
        if unknown:
            raise Refused(f"the contest has no `{unknown[0]}` in `others`")
        if sheet is None and entry["row"] >= 2**32:
            raise Fault(f"entry {index}: the row is not below 2^32")
        reading = Reading(index, entry, contest, sheet)
        self.known.add(reading.own_station)
        before = self.readings.get(entry.get("prev"))
        if (
            before
            and not before.superseded
            and (before.contest, before.reader, before.of) == (contest, reading.reader, reading.of)
        ):
            before.superseded = True
            if sheet:
                sheet.standing -= 1
        if sheet:
            sheet.standing += 1
        self.readings[index] = reading

    def take_ruling(self, index, entry):
        self.check_signatures(entry)
        if entry["reason"] not in REASONS:
            raise Refused(f"`{entry['reason']}` is not a known reason code")
        decision = entry["decision"]
        subjects = self.subjects_of(decision)
        prev = entry.get("prev")
        if decision["do"] == "withdraw" and prev not in self.in_force:
            raise Refused("it withdraws nothing that is in force")
        if prev in self.in_force:
            for subject in self.in_force.pop(prev)[1]:
                self.heads[subject].remove(prev)
                self.settle(subject)
        if decision["do"] != "withdraw":
            self.in_force[index] = (decision, subjects)
            for subject in subjects:
                self.heads[subject].append(index)
                self.settle(subject)

    def check_signatures(self, entry):
        message = f"testigo ruling v1\n{self.entry_zero}\n".encode() + canonical(entry | {"signatures": []})
        valid = set()
        for one in entry["signatures"]:
            try:
                signature = decode_base64(one["signature"])
            except ValueError:
                continue
            if one["key"] in self.keys and one["key"] not in valid:
                self.signatures += 1
                if self.keys[one["key"]].verifies(message, signature):
                    valid.add(one["key"])
        if len(valid) < self.rule["signatures"]:
            raise Refused(f"{len(valid)} of {self.rule['signatures']} needed signatures are valid")

    def subjects_of(self, decision):
        if "sheet" in decision and decision["sheet"] not in self.sheets:
            raise Refused(f"entry {decision['sheet']} is not a `sheet` entry")
        if "station" in decision and decision["station"] not in self.known:
            raise Refused(f"station {decision['station']} is not known")
        match decision["do"]:
            case "accept-reading":
                reading = self.readings.get(decision["reading"])
                if reading is None:
                    raise Refused(f"entry {decision['reading']} is not a `reading` entry with numbers")
                return [("result", reading.contest.id, reading.station())]
            case "not-installed":
                return [("result", contest, decision["station"]) for contest in self.contests]
            case "reject-sheet" | "move-sheet":
                return [("place", decision["sheet"])]
            case "withhold-sheet":
                return [("picture", decision["sheet"])]
        return []

    def settle(self, subject):
        """What follows for a sheet from the rulings in force on it."""
        if subject[0] == "result":
            return
        sheet, heads = self.sheets[subject[1]], self.heads[subject]
        if subject[0] == "picture":
            sheet.withheld = bool(heads)
            return
        decision = self.in_force[heads[0]][0] if len(heads) == 1 else {}
        sheet.contradicted = len(heads) > 1
        sheet.rejected = decision.get("do") == "reject-sheet"
        sheet.moved_to = decision["station"] if decision.get("do") == "move-sheet" else None

    # The fold, second part: what follows ---------------------------------------------------------------------------

    def finish(self):
        here = defaultdict(list)  # (contest, station) -> readings that nothing superseded
        sheets = defaultdict(dict)  # station -> its sheets
        for reading in self.readings.values():
            if not reading.superseded:
                here[reading.contest.id, reading.station()].append(reading)
                if reading.sheet:
                    sheets[reading.station()][reading.sheet.index] = reading.sheet
        for sheet in self.sheets.values():
            if sheet.moved_to is not None:
                sheets[sheet.moved_to][sheet.index] = sheet
        self.standing = here
        self.status = {
            contest: {
                station: self.decide(contest, station, here.get((contest, station), ()), sheets.get(station, {}).values())
                for station in self.known
            }
            for contest in self.contests
        }
        self.units = {contest.id: self.add_up(contest) for contest in self.election.contests}
        self.children_of_units, self.children_stations = defaultdict(list), defaultdict(list)
        for unit, parent in self.geography.unit_parent.items():
            self.children_of_units[parent].append(unit)
        for station, parent in self.geography.station_parent.items():
            self.children_stations[parent].append(station)

    def findings(self, reading):
        """(code, found, expected) of the checks that fail."""
        registered = self.geography.registered.get(reading.station())

        def number(cell):
            return None if type(cell) is str else cell

        numbers = [cell for cell in reading.votes if type(cell) is int]
        valid = sum(numbers) if len(numbers) == len(reading.votes) else None
        said = [cell for cell in reading.other if cell != "absent"]
        others = [cell for cell in said if type(cell) is int]
        total = valid + sum(others) if valid is not None and len(others) == len(said) else None
        stated_cast = number(reading.stated_cast)
        cast = max((one for one in (stated_cast, total) if one is not None), default=None)
        compared = {
            "E101": (valid, number(reading.stated_valid)),
            "E103": (total, stated_cast),
            "E104": (len(numbers) + len(others), len(reading.votes) + len(said)),
            "W204": (number(reading.stated_registered), registered),
        }
        if cast is not None and registered is not None:
            if cast > registered:
                compared["E102"] = (cast, registered)
            if registered >= 20 and cast == registered:
                compared["W202"] = (cast, registered - 1)
        if total == 0:
            compared["W201"] = (0, 1)
        if valid is not None and valid >= 20:
            voted = {
                reading.contest.lines[at] if reading.by_line else at for at, cell in enumerate(reading.votes) if cell
            }
            if len(voted) == 1:
                compared["W203"] = (valid, valid - 1)
        found = []
        for code in CHECKS:
            one, other = compared.get(code, (None, None))
            if one is not None and other is not None and abs(one - other) > self.pack.tolerance.get(code, float("inf")):
                found.append((code, one, other))
        return found

    def decide(self, contest, station, readings, sheets):
        """(state, reason, received, objected, counting reading) of a contest at a station."""
        listed = station in self.geography.station_parent
        contradicted = any(sheet.contradicted for sheet in sheets)
        standing = [sheet for sheet in sheets if sheet.in_custody() and not sheet.rejected]
        received = bool(standing)
        evidence = [one for one in readings if not (one.sheet and one.sheet.rejected)]
        custody = [one for one in evidence if one.sheet is None or one.sheet.in_custody()]

        def status(state, reason="", objected=False, counted=None):
            return state, reason, received, objected, counted

        if not listed:
            return status("held", "not-in-register") if custody or received else status("awaited")
        ruled = self.heads.get(("result", contest, station), ())
        if len(ruled) > 1:
            return status("disputed", "rulings-differ")
        if ruled:
            decision = self.in_force[ruled[0]][0]
            if decision["do"] == "not-installed":
                return status("not-installed")
            accepted = self.readings[decision["reading"]]
            if contradicted or accepted not in evidence:
                return status("disputed", "rulings-differ")
            objected = any(one.index > ruled[0] and differ(one, accepted) for one in evidence)
            return status("counted", "by-ruling", objected, accepted)
        if contradicted:
            return status("disputed", "rulings-differ")
        if any(differ(one, other) for at, one in enumerate(custody) for other in custody[at + 1 :]):
            return status("disputed", "readings-differ")
        passing = {
            one.index: not any(code.startswith("E") for code, _, _ in self.findings(one)) for one in custody
        }
        people = {one.reader for one in custody if one.kind == "person" and passing[one.index]}
        countable = []
        for one in custody:
            reason = self.countable(one, passing[one.index], len(people))
            if reason:
                countable.append((self.rank(one, reason), reason, one))
        if countable:
            _, reason, best = min(countable, key=lambda each: each[0])
            return status("counted", reason, any(differ(one, best) for one in evidence), best)
        if custody:
            order = ["fails-check", "needs-second-reader", "only-published", "only-print"]
            by_reader = {
                "qr": "needs-second-reader", "person": "needs-second-reader",
                "published": "only-published", "print": "only-print",
            }
            reasons = [by_reader[one.kind] if passing[one.index] else "fails-check" for one in custody]
            return status("held", max(reasons, key=order.index))
        if received:
            return status("unreadable" if all(sheet.state() == "unreadable" for sheet in standing) else "received")
        return status("held", "only-public") if evidence else status("awaited")

    def countable(self, one, passes, people):
        if one.kind == "qr" and passes and self.rule["qr_from_custody"]:
            return "from-code"
        if one.kind == "person" and passes and self.rule["people"] and people >= self.rule["people"]:
            return "from-people"
        if one.kind == "published" and self.rule["single_published"]:
            return "from-published"
        return None

    @staticmethod
    def rank(one, reason):
        words = {"absent": 1, "illegible": 2, "blank": 3}
        cells = [*one.votes, *one.other, one.stated_valid, one.stated_cast, one.stated_registered]
        order = [(words[cell], 0) if type(cell) is str else (0, cell) for cell in cells]
        return ["from-code", "from-people", "from-published"].index(reason), not one.by_line, order, one.index

    @staticmethod
    def votes_of(contest, reading):
        """Of a station whose counting reading this is (None: it is not counted): candidates, then other ballots."""
        votes = [0] * (len(contest.candidates) + len(contest.others))
        if reading is not None:
            for at, cell in enumerate(reading.votes):
                if type(cell) is int:
                    votes[contest.lines[at] if reading.by_line else at] += cell
            for at, cell in enumerate(reading.other, len(contest.candidates)):
                if type(cell) is int:
                    votes[at] += cell
        return votes

    TOTALS = (
        "listed", "received", "counted", "disputed", "held", "unread", "unreadable", "not_installed", "awaited",
        "objected", "incomplete", "registered_listed", "registered_in_counted", "counted_unknown",
    )
    BY_STATE = {
        "counted": "counted", "disputed": "disputed", "held": "held", "received": "unread",
        "unreadable": "unreadable", "not-installed": "not_installed",
    }

    def add_up(self, contest):
        """unit -> (totals by name, votes)"""
        width = len(contest.candidates) + len(contest.others)
        units = {unit: (dict.fromkeys(self.TOTALS, 0), [0] * width) for unit in [WHOLE, *self.geography.unit_parent]}
        for station, (state, _, received, objected, reading) in self.status[contest.id].items():
            listed = station in self.geography.station_parent
            voters = self.geography.registered.get(station)
            part = defaultdict(int, listed=int(listed), received=int(received))
            if listed and voters is not None:
                part["registered_listed"] = voters
            if state == "awaited":
                part["awaited"] = int(listed)
            else:
                part[self.BY_STATE[state]] = 1
            if state == "counted":
                part["objected"] = int(objected)
                part["incomplete"] = int(any(type(cell) is str for cell in reading.votes))
                part["registered_in_counted" if voters is not None else "counted_unknown"] = 1 if voters is None else voters
            votes = self.votes_of(contest, reading)
            unit = self.geography.station_parent.get(station, WHOLE)
            while True:
                totals, sums = units[unit]
                for name, value in part.items():
                    totals[name] += value
                if reading is not None:
                    for at, value in enumerate(votes):
                        sums[at] += value
                if unit == WHOLE:
                    break
                unit = self.geography.unit_parent[unit]
        return units

    # The tally -----------------------------------------------------------------------------------------------------

    def tally(self, contest, unit, root):
        """As `testigo tally --format json` gives it."""
        units = self.units[contest.id]
        totals, votes = units[unit]
        candidates, others = self.named(contest, votes)
        whole, declared = units[WHOLE][0]["listed"], self.election.declared_stations
        listed = totals["listed"]
        if unit == WHOLE:
            expected = max(declared, listed)
        else:
            expected = listed if declared <= whole else None
        stations = {"expected": expected} | {name: totals[name] for name in self.TOTALS[:11]}
        if expected is not None:
            stations["awaited"] += expected - listed
        tally = {
            "election": self.election.id,
            "contest": contest.id,
            "unit": self.unit_name(unit),
            "ledger": {"size": self.size, "root": root},
            "stations": stations,
            "registered": {
                "declared": self.election.declared_registered if unit == WHOLE else None,
                "listed": totals["registered_listed"],
                "in_counted": totals["registered_in_counted"],
                "counted_unknown": totals["counted_unknown"],
            },
        }
        if unit == WHOLE:
            states = [sheet.state() for sheet in self.sheets.values()]
            names = ("read", "unreadable", "unread")
            tally["sheets"] = {"total": len(states)} | {name: states.count(name) for name in names}
        tally["valid"] = sum(one["votes"] for one in candidates)
        for kind in ("null", "blank"):
            tally |= {kind: one["votes"] for one in others if one["id"] == kind}
        tally |= {"others": others, "candidates": candidates, "children": self.children(contest, unit)}
        return tally

    def unit_name(self, unit):
        if unit == WHOLE:
            return {"level": "", "code": "", "name": in_language(self.election.place, self.pack.language)}
        return {"level": self.pack.unit_levels[unit[0]], "code": unit[1], "name": self.geography.unit_name[unit]}

    def named(self, contest, votes):
        split = len(contest.candidates)
        return (
            [{"id": one, "votes": number} for one, number in zip(contest.candidates, votes[:split])],
            [{"id": one, "votes": number} for one, number in zip(contest.others, votes[split:])],
        )

    def child(self, contest, name, totals, votes):
        candidates, others = self.named(contest, votes)
        names = ("listed", "counted", "disputed", "registered_in_counted")
        return name | {one: totals[one] for one in names} | {
            "valid": sum(one["votes"] for one in candidates), "others": others, "candidates": candidates,
        }

    def children(self, contest, unit):
        children = []
        for below in sorted(self.children_of_units[unit], key=lambda one: f"{one[0]}\x1f{one[1]}"):
            children.append(self.child(contest, self.unit_name(below), *self.units[contest.id][below]))
        for station in sorted(self.children_stations[unit]):
            state, _, _, _, reading = self.status[contest.id][station]
            counted = state == "counted"
            totals = {
                "listed": 1, "counted": int(counted), "disputed": int(state == "disputed"),
                "registered_in_counted": (self.geography.registered[station] or 0) if counted else 0,
            }
            name = {"level": self.pack.station_level, "code": station, "name": "", "state": state}
            children.append(self.child(contest, name, totals, self.votes_of(contest, reading)))
        return children

    def find_unit(self, written):
        """A code, or LEVEL/CODE."""
        if written is None:
            return WHOLE
        level, _, code = written.rpartition("/")
        found = [
            unit for unit in self.geography.unit_parent
            if unit[1] == code and level in ("", self.pack.unit_levels[unit[0]])
        ]
        if len(found) != 1:
            raise SystemExit(f"`{written}` is {'no unit' if not found else 'a unit on several levels: write LEVEL/CODE'}")
        return found[0]


# ---------------------------------------------------------------------------------------------------------------
# The whole check
# ---------------------------------------------------------------------------------------------------------------


def check_documents(folder):
    """Hashes every document; returns how many, and a function that gives their bytes."""
    kept = {}
    for name in folder.list("documents"):
        path = f"documents/{name}"
        if not is_hash(name):
            raise Fault(f"{path} does not belong there: a name made of the file's hash is expected")
        data = folder.need(path)
        found = hashlib.sha256(data).hexdigest()
        if found != name:
            raise Fault(f"{path} has the hash {found}: the file was changed")
        kept[name] = path
    return kept


def check_renditions(folder, count):
    """Hashes every picture, and looks for those that sheets name."""
    found = set()
    for shelf in folder.list("renditions"):
        path = f"renditions/{shelf}"
        if not re.fullmatch("[0-9a-f]{2}", shelf) or not os.path.isdir(os.path.join(folder.path, path)):
            raise Fault(f"{path} does not belong there")
        for name in folder.list(path):
            digest, _, ending = name.partition(".")
            if not is_hash(digest) or digest[:2] != shelf or ending not in ("jpg", "png"):
                raise Fault(f"{path}/{name} does not belong there: a name made of the file's hash is expected")
            actual = hashlib.sha256(folder.need(f"{path}/{name}")).hexdigest()
            if actual != digest:
                raise Fault(f"{path}/{name} has the hash {actual}: the file was changed")
            found.add(name)
    for sheet in count.sheets.values():
        for page in sheet.pages:
            name = f"{page['rendition']}.{page['media']}"
            if name not in found and not sheet.withheld:
                raise Fault(f"the picture {name} of sheet entry {sheet.index} is missing")
    return len(found)


def check(folder, key_text, say):
    """The count and the root, once everything is right."""
    given = key_text is not None
    if not given:
        key_text = folder.need("ledger/key").decode("utf-8", "replace")
    key = NoteKey(key_text)
    say(f"key           {key.name}+{key.id.hex()}, " + (
        "as you gave it" if given else "as it lies beside the ledger: compare it with one that comes from elsewhere"))
    entries, root, heads, tiles = check_ledger(folder, key)
    say(f"ledger        {len(entries):,} entries hashed from their bytes, root {root.hex()}")
    say(f"heads         {heads:,} signed heads continue each other, {tiles:,} bundles and tiles are what the entries give")
    documents = check_documents(folder)
    say(f"documents     {len(documents):,} have the bytes that their names say")
    count = Count(lambda digest: folder.read(documents[digest]) if digest in documents else None)
    for entry in entries:
        count.append(entry)
    if not entries:
        raise Fault("the ledger has no entries: there is nothing to count")
    if count.origin != key.name:
        raise Fault(f"entry 0 has the origin `{count.origin}`, the ledger is signed as `{key.name}`")
    pictures = check_renditions(folder, count)
    say(f"pictures      {pictures:,} have the bytes that their names say; those that rulings do not withhold are all there")
    count.finish()
    say(f"rulings       {count.signatures:,} signatures checked, {len(count.in_force):,} rulings in force")
    for index, cause in count.refused[:20]:
        say(f"no effect     entry {index}: {cause}")
    if len(count.refused) > 20:
        say(f"no effect     {len(count.refused) - 20:,} more entries")
    return count, root.hex()


def show_totals(count, say):
    for contest in count.election.contests:
        tally = count.tally(contest, WHOLE, "")
        stations = tally["stations"]
        states = ", ".join(f"{stations[name]:,} {name.replace('_', ' ')}" for name in count.TOTALS[3:11] if stations[name])
        say(f"count         {contest.id}: {stations['counted']:,} of {stations['expected']:,} stations counted; {states}")
        for one in tally["candidates"] + [{"id": "valid", "votes": tally["valid"]}] + tally["others"]:
            say(f"                {one['id']:<20} {one['votes']:>15,}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks an election's ledger and counts it again.")
    parser.add_argument("dir", help="an archive or a mirror: it holds ledger/, documents/ and renditions/")
    parser.add_argument("--key", help="the ledger's public key, name+id+base64, from somewhere you trust")
    parser.add_argument("--contest", help="the contest for --json [default: the first]")
    parser.add_argument("--unit", help="the unit for --json: a code, or LEVEL/CODE [default: the whole]")
    parser.add_argument("--json", action="store_true", help="print the tally like `testigo tally --format json`")
    arguments = parser.parse_args(arguments)
    folder = Folder(arguments.dir)
    said_on = sys.stderr if arguments.json else sys.stdout

    def say(text):
        print(text, file=said_on)

    try:
        count, root = check(folder, arguments.key, say)
    except Fault as fault:
        say(f"WRONG: {fault}")
        return 1
    if arguments.json:
        contest = count.contests.get(arguments.contest or count.election.contests[0].id)
        if contest is None:
            raise SystemExit(f"there is no contest `{arguments.contest}`")
        print(json.dumps(count.tally(contest, count.find_unit(arguments.unit), root), ensure_ascii=False, indent=2))
    else:
        show_totals(count, say)
    say(f"All of it is right, {folder.bytes:,} bytes read. That no sheet was left out, that two pseudonyms are two people, and what "
        "hidden areas hide, no file can show.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
