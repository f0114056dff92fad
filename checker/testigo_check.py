#!/usr/bin/env python3
"""Checks an election's ledger and counts it again, without any other part of Testigo.

    python3 testigo_check.py DIR [--key PUBLIC_KEY] [--policy FILE] [--receipt FILE]... [--contest ID] [--unit CODE] [--json]

DIR is an archive or a mirror of one: it holds `ledger/`, `documents/`, `renditions/` and `openings/`. Everything is recomputed from
bytes: the tree from the entries, every signed head, every signature, every document and picture, the count. The program
was written from docs/ledger-format.md alone and shares no code with the one that writes ledgers. It needs Python 3.11
and nothing else. It ends with 0 if everything is right, else with 1 and the first thing that is wrong.

What it cannot check: that no sheet was left out, that two pseudonyms are two people, what the hidden areas hide. What it
leaves to other programs: that a picture's visible pixels are those that came in (see *Pixels* there).
"""

import argparse, base64, csv, functools, hashlib, io, itertools, json, os, pathlib, re, sys
from collections import Counter, defaultdict

try:
    import tomllib
except ImportError:
    sys.exit("testigo_check.py needs Python 3.11 or newer")

class Fault(Exception):
    """Something that is wrong, and where."""
class Refused(Exception):
    """The entry changes nothing."""
class BadDocument(Refused):
    """A document that breaks the rules, with what and where."""
def raising(kind):
    def check(right, cause):
        if not right:
            raise kind(cause)
    return check

demand, expect, allow = raising(Fault), raising(BadDocument), raising(Refused)

# --- Ed25519 (RFC 8032), verification only, strict: no small order, no second encoding of a signature. --------------
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
        point = point_add(point, point)
    return point[0] == 0 and point[1] == point[2]

def multiples(point):
    return list(itertools.accumulate([point] * 15, point_add, initial=NEUTRAL))

BASE = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
BASE_MULTIPLES = multiples(BASE)

def two_products(first, first_table, second, second_table):
    """first * A + second * B, four bits of both at a time."""
    total = NEUTRAL
    for shift in range(252, -4, -4):
        for _ in range(4):
            total = point_add(total, total)
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
        self.negative_multiples = multiples((P - point[0], point[1], point[2], P - point[3]))
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
    """The bytes of padded base64 in its one canonical form; of anything else none."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode() == text else b""

# --- Keys, notes, checkpoints ---------------------------------------------------------------------------------------
def is_key_name(name):
    return name and not any(c.isspace() or c == "+" or ord(c) < 32 or 127 <= ord(c) < 160 for c in name)

class NoteKey:
    """A public key, name+id+base64(kind, 32 bytes): of a ledger (kind 1) or a witness (kind 4)."""
    def __init__(self, text, kind=1):
        try:
            self.name, written, data = text.strip().split("+", 2)
            data = decode_base64(data)
            if not is_key_name(self.name) or data[:1] != bytes([kind]):
                raise ValueError
            self.key = PublicKey(data[1:])
        except ValueError:
            raise Fault("the key is not an Ed25519 note key `name+id+base64`") from None
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        demand(written == self.id.hex(), f"the key's id is {written}, but {self.id.hex()} follows from its name and bytes")

class KeyHistory:
    """All keys of a ledger: the first, and for each replacement the entry that made it. `trusted` is the one you brought."""
    def __init__(self, text, given=None):
        lines = text.removesuffix("\n").split("\n")
        self.first, self.rotations = NoteKey(lines[0]), []
        for line in lines[1:]:
            index, _, key = line.partition(" ")
            demand(is_size(index), "ledger/key: an entry's number, a space and a key are expected after the first line")
            self.rotations.append((int(index), NoteKey(key)))
        indices = [index for index, _ in self.rotations]
        named = all(key.name == self.first.name for _, key in self.rotations)
        demand(named and indices == sorted(set(indices)), "ledger/key: not the keys of one ledger in the order of their entries")
        keys = [self.first] + [key for _, key in self.rotations]
        same = [key for key in keys if given is None or (key.name, key.key.data) == (given.name, given.key.data)]
        if same or self.rotations:
            demand(same, "the key that you gave is none of those in ledger/key")
            self.trusted = same[0]
        else:
            self.first = self.trusted = given
    def at(self, size):
        """The key that must sign a head of this size."""
        return next((key for index, key in reversed(self.rotations) if index < size), self.first)
    def check(self, count, sizes):
        """Holds the keys against what the entries say."""
        found = [(index, public) for index, _, public in count.rotations]
        right = found == [(index, key.key.data) for index, key in self.rotations]
        demand(right, "ledger/key does not list the replacements of the ledger's key that the entries make")
        if found:
            demand(count.rotations[0][1] == self.first.key.data, "the ledger's first key is not the one that was replaced first")
            vouched = any(size > count.recovery[0] and self.at(size) is self.trusted for size in sizes)
            demand(vouched, "no head signed by the key that you trust covers the recovery key, so nothing vouches for the later keys")

def split_note(data, where, longest=1 << 20):
    """The text of a signed note, and (name, id, signature) of each of its lines. Nothing is verified yet."""
    need = lambda right, cause: demand(right, f"{where}: {cause}")
    need(len(data) <= longest, "longer than a note may be")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(f"{where}: not UTF-8") from None
    need(not re.search("[\0-\x09\x0b-\x1f]", note), "holds a control character")
    text, blank, lines = note.rpartition("\n\n")
    need(blank, "no blank line between text and signatures")
    need(lines.endswith("\n"), "the last signature line is missing or not ended")
    need(lines.count("\n") <= 256, "more than 256 signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, blob = rest.partition(" ")
        blob = decode_base64(blob)
        well_formed = dash == "\u2014" and is_key_name(name) and len(blob) >= 5
        need(well_formed, "a line after the last blank line is not a signature")
        signatures.append((name, blob[:4], blob[4:]))
    return text + "\n", signatures

def read_note(data, key, where, longest=1 << 20):
    """The text of a signed note, once a signature by `key` is right and none by it is wrong."""
    text, signatures = split_note(data, where, longest)
    own = [signature for name, digest, signature in signatures if (name, digest) == (key.name, key.id)]
    right = all(key.key.verifies(text.encode(), one) for one in own)
    demand(right, f"{where}: the signature of {key.name} is wrong: the text was changed or another key signed it")
    demand(own, f"{where}: not signed by {key.name}+{key.id.hex()}")
    return text

def read_checkpoint(data, keys, where):
    """(size, root) of a signed head."""
    claimed = (data.split(b"\n", 2)[1:2] or [b""])[0].decode("latin-1")
    key = keys.at(int(claimed) if is_size(claimed) else 0)
    lines = read_note(data, key, where).split("\n")
    demand(len(lines) == 4 and lines[3] == "", f"{where}: a checkpoint has exactly three lines")
    origin, size, root = lines[:3]
    demand(origin == key.name, f"{where}: its origin is `{origin}`, the key's name is `{key.name}`")
    demand(is_size(size), f"{where}: `{size}` is not a number of entries")
    root = decode_base64(root)
    demand(len(root) == 32, f"{where}: the root is not 32 bytes in base64")
    return int(size), root

class Policy:
    """Which witnesses to believe, and how many of them must have countersigned (C2SP tlog-policy)."""
    def __init__(self, text):
        self.witnesses, self.quorum, met, members = {}, None, {}, []
        for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
            match [] if line.startswith("#") else line.split():
                case []:
                    pass
                case ["log", key] | ["log", key, _]:
                    NoteKey(key)
                case ["witness", name, key] | ["witness", name, key, _] if name not in met and name != "none":
                    self.witnesses[name] = NoteKey(key, 4)
                    met[name] = lambda seen, name=name: name in seen
                case ["group", name, needed, *parts] if name not in met and name != "none" and met.keys() >= set(parts):
                    needed = {"any": "1", "all": str(len(parts))}.get(needed, needed)
                    members += parts
                    right = re.fullmatch("[1-9][0-9]*", needed) and int(needed) <= len(parts) and len(set(members)) == len(members)
                    demand(right, f"line {number} of the policy: not a number of its members, or a member of two groups")
                    tests = [met[one] for one in parts]
                    met[name] = lambda seen, tests=tests, needed=int(needed): sum(one(seen) for one in tests) >= needed
                case ["quorum", name] if self.quorum is None and (name == "none" or name in met):
                    self.quorum = met.get(name, lambda seen: True)
                case _:
                    raise Fault(f"line {number} of the policy is none, names what no earlier line names, or names it again")
        demand(self.quorum, "the policy has no quorum line")
    def check(self, data, where):
        """The names of the witnesses that countersigned a head, once they are the quorum."""
        text, signatures = split_note(data, where)
        seen = []
        for name, key in self.witnesses.items():
            for signature in (one for by, digest, one in signatures if (by, digest) == (key.name, key.id)):
                time = int.from_bytes(signature[:8], "big")
                message = f"cosignature/v1\ntime {time}\n{text}".encode()
                right = time < 2**63 and key.key.verifies(message, signature[8:])
                demand(right, f"{where}: the countersignature of {key.name} is wrong")
                seen.append(name)
        demand(self.quorum(seen), f"{where}: unwitnessed: the policy asks for more than {', '.join(seen) or 'nobody'}")
        return seen

# --- The tree and its files -----------------------------------------------------------------------------------------
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
        """Of the first `size` leaves: of their full trees, the last and smallest first."""
        full = [self.levels[height][(size >> height) - 1] for height in range(size.bit_length()) if size >> height & 1]
        return functools.reduce(lambda right, left: sha256(b"\1" + left + right), full) if full else sha256(b"")
    def tile(self, level, number, width):
        return b"".join(self.levels[8 * level][256 * number : 256 * number + width])

def tile_path(level, number, width):
    """`level` is a number, or "entries"."""
    path, number = f"{number % 1000:03}", number // 1000
    while number:
        path, number = f"x{number % 1000:03}/{path}", number // 1000
    return f"tile/{level}/{path}" if width == 256 else f"tile/{level}/{path}.p/{width}"

def tiles_of(size):
    """(level, number, width) of every file that a ledger of this size has."""
    yield from row_of("entries", size)
    for level in range(8):
        yield from row_of(level, size >> 8 * level)

def row_of(level, count):
    return ((level, start // 256, min(256, count - start)) for start in range(0, count, 256))

def join_bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
def split_bundle(data, width, where):
    entries, at = [], 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        demand(at + 2 <= len(data) and len(entry) == length, f"{where}: ends within entry {len(entries)} of {width}")
        entries.append(entry)
        at += 2 + length
    demand(at == len(data), f"{where}: {len(data) - at} bytes follow its {width} entries")
    return entries

class Folder:
    """A folder's files, read and counted."""
    def __init__(self, path):
        self.path, self.bytes = path, 0
    def ask(self, name, answer, nothing):
        """What `answer` says of a path, or `nothing` where there is none."""
        try:
            return answer(os.path.join(self.path, name))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return nothing
        except OSError as error:
            raise Fault(f"{name}: cannot be read: {error.strerror}") from None
    def read(self, name):
        data = self.ask(name, lambda path: pathlib.Path(path).read_bytes(), None)
        self.bytes += len(data or b"")
        return data
    def need(self, name):
        data = self.read(name)
        demand(data is not None, f"{name} is missing")
        return data
    def list(self, name):
        return sorted(self.ask(name, os.listdir, []))

def first_difference(one, other):
    return next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))

def read_bundle(ledger, number, width):
    """The first `width` entries of a bundle, from the file of that width or a longer one."""
    for found in [width, 256, *range(width + 1, 256)]:
        path = "ledger/" + tile_path("entries", number, found)
        data = ledger.read(path)
        if data is not None:
            return split_bundle(data, found, path)[:width]
    raise Fault("ledger/" + tile_path("entries", number, width) + " is missing")

def first_changed(ledger, entries, tree, size, root):
    """Which entry was changed, where the leaf tiles still have the signed root."""
    leaves = []
    for level, number, width in row_of(0, size):
        data = ledger.read("ledger/" + tile_path(level, number, width)) or b""
        leaves += [data[i : i + 32] for i in range(0, len(data), 32)]
    if len(leaves) != size or Tree(leaves).root(size) != root:
        return ""
    index = next(i for i in range(size) if leaves[i] != tree.levels[0][i])
    return f"; entry {index} was changed"

def check_ledger(folder, keys):
    """All entries of the signed head; everything the ledger's files say is held against them."""
    size, root = read_checkpoint(folder.need("ledger/checkpoint"), keys, "ledger/checkpoint")
    heads = [("ledger/checkpoint", size, root)]
    for name in folder.list("ledger/checkpoints"):
        path = f"ledger/checkpoints/{name}"
        demand(is_size(name), f"{path} does not belong there: its name is no size")
        # Someone may be writing: what is published meanwhile is not part of this check.
        if int(name) > size:
            continue
        found, head = read_checkpoint(folder.need(path), keys, path)
        demand(found == int(name), f"{path} is the checkpoint of {found} entries, not of the number its name says")
        heads.append((path, found, head))
    entries = []
    for _, number, width in row_of("entries", size):
        entries += read_bundle(folder, number, width)
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
        bundle = entries[256 * number : 256 * number + width]
        expected = join_bundle(bundle) if level == "entries" else tree.tile(level, number, width)
        if found != expected:
            raise Fault(f"{path} differs, from byte {first_difference(found, expected)} on, from what the entries give")
    return entries, root, [length for _, length, _ in heads], len(tiles)

# --- Entries --------------------------------------------------------------------------------------------------------
LARGEST_CELL = 999_999_999

class Malformed(Exception):
    """Not of the form that the entry's type asks for."""
def is_number(value, limit):
    return type(value) is int and 0 <= value < limit
def is_form(pattern):
    form = re.compile(pattern)
    return lambda value: type(value) is str and form.fullmatch(value) is not None
def one_of(*words):
    return lambda value: type(value) is str and value in words
is_text = lambda value: type(value) is str
is_bool = lambda value: type(value) is bool
is_index = lambda value: is_number(value, 2**53)
is_u32 = lambda value: is_number(value, 2**32)
is_identifier = is_form(r"(?!\.\.?$)[A-Za-z0-9._-]{1,64}")
is_hash = is_form("[0-9a-f]{64}")
is_code = is_form("[a-z0-9/-]{1,64}")
is_size = is_form("0|[1-9][0-9]{0,18}")
is_word_for_no_number = one_of("blank", "illegible", "absent")
is_cell = lambda value: is_number(value, LARGEST_CELL + 1) or is_word_for_no_number(value)

def is_reader(value):
    kind, _, name = value.partition(":") if type(value) is str else ("", "", "")
    return {"person": is_identifier, "published": is_hash}.get(kind, lambda _: value in ("qr", "print"))(name)

def list_of(test):
    return lambda value: type(value) is list and all(map(test, value))
def map_of(key_test, test, empty=True):
    return lambda value: type(value) is dict and (empty or value) and all(key_test(key) and test(one) for key, one in value.items())

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

def choice(tag, kinds, common=()):
    """A test for an object whose field `tag` says which of the kinds it is."""
    kinds = {kind: fields(dict(common) | {tag: is_text} | needed, may) for kind, (needed, may) in kinds.items()}
    return lambda value: type(value) is dict and is_text(value.get(tag)) and value[tag] in kinds and kinds[value[tag]](value)

is_decision = choice("do", {
    "accept-reading": ({"reading": is_index}, ()), "reject-sheet": ({"sheet": is_index}, ()),
    "move-sheet": ({"sheet": is_index, "station": is_identifier}, ()), "withhold-sheet": ({"sheet": is_index}, ()),
    "not-installed": ({"station": is_identifier}, ()), "withdraw": ({}, ()),
})
COUNTING = fields({
    "people": lambda value: is_u32(value) and value != 1, "qr_from_custody": is_bool,
    "signatures": lambda value: is_u32(value) and value >= 1, "single_published": is_bool,
})
MASKED = list_of(lambda area: type(area) is list and len(area) == 4 and all(map(is_u32, area)))
PAGE = fields({"commitment": is_hash, "height": is_u32, "width": is_u32, "media": is_text, "rendition": is_hash, "masked": MASKED})
STATED = fields({}, {"cast": is_cell, "registered": is_cell, "valid": is_cell}, nonempty=True)
SIGNATURE = fields({"key": is_identifier, "signature": is_text})
COMMON = {"type": is_text, "v": lambda value: is_number(value, 3)}
is_time = lambda value: is_index(value) and value % 600 == 0
INTAKE = COMMON | {"source": one_of("signed", "custody", "public"), "time": is_time}
INTAKES = {
    1: fields(INTAKE | {"commitments": list_of(is_hash)}),
    2: fields(INTAKE | {"pictures": list_of(fields({"original": is_hash, "pixels": is_hash}))}),
}
READ = COMMON | {"reader": is_reader}
READ_MAY = {"row": is_index, "sheet": is_index, "step": is_code}
FAILURE = fields(READ | {"failure": is_code}, READ_MAY)
NUMBERS = fields(
    READ | {"contest": is_identifier, "detail": one_of("selection", "candidate"), "station": is_identifier, "votes": list_of(is_cell)},
    READ_MAY | {"prev": is_index, "other": map_of(is_identifier, is_cell, empty=False), "stated": STATED},
)

def is_reading(value):
    published = str(value.get("reader", "")).startswith("published:")
    if published != ("row" in value) or published == ("sheet" in value):
        raise Malformed("a reading by a results file has `row`, every other has `sheet`")
    return FAILURE(value) if "failure" in value else NUMBERS(value)

is_moment = is_form("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9])?")
SHARE = {"decimals": lambda value: is_number(value, 3), "hundredths": is_u32}
EACH = {"decimals": SHARE["decimals"], "each": map_of(is_identifier, is_u32)}
PERCENT = fields(EACH, {"of": one_of("cast", "valid"), "rest": is_u32})
PLACE = fields({"code": is_identifier, "level": is_identifier})
STEP = choice("act", {
    "list": ({"contest": is_identifier, "document": is_hash}, {"after": is_index}),
    "seed": ({"list": is_index, "seed": is_form("[0-9]{1,64}")}, ()),
    "record": (
        {"against": one_of("archive", "official", "paper"), "list": is_index, "station": is_identifier},
        {"found": list_of(is_cell), "other": map_of(is_identifier, is_cell, empty=False)},
    ),
})

def is_fine(share, decimals):
    """A percentage has no more decimals than it says."""
    return share % 10 ** (2 - decimals) == 0

def is_share(may=()):
    test = fields(SHARE, may)
    return lambda value: test(value) and is_fine(value["hundredths"], value["decimals"])

def is_percent(value):
    shares = [*value["each"].values(), *([value["rest"]] if "rest" in value else [])] if PERCENT(value) else []
    return bool(shares) and all(is_fine(share, value["decimals"]) for share in shares)

def is_audit(value):
    is_step = lambda step: STEP(step) and ("found" in step or "other" not in step)
    right = fields(COMMON | {"step": is_step}, {"prev": is_index})(value)
    return right and (value["step"]["act"] == "record" or "prev" not in value)

ADMISSION = fields(COMMON | {"name": is_identifier, "public": is_text, "role": one_of("adjudicator")})
KEY_CHANGE = choice("do", {
    "recovery": ({"public": is_text}, ()), "revoke": ({"name": is_identifier}, ()),
    "rotate": ({"previous": is_text, "public": is_text, "signature": is_text}, ()),
}, COMMON)

TYPES = {
    "election": fields(COMMON | {
        "counting": COUNTING, "definition": is_hash, "origin": is_text, "pack": is_hash,
        "readers": map_of(is_text, is_text), "register": is_hash, "register_origin": one_of("list", "results"),
    }),
    "register": fields(COMMON | {"document": is_hash, "origin": one_of("list", "results")}),
    "intake": lambda value: INTAKES[value["v"]](value),
    "mask": fields(COMMON | {
        "masked": MASKED, "page": is_u32, "reason": is_code, "rendition": is_hash, "sheet": is_index,
    }, {"prev": is_index}),
    "sheet": fields(COMMON | {"intake": is_index, "pages": list_of(PAGE)}),
    "reading": is_reading,
    "ruling": fields(COMMON | {"decision": is_decision, "reason": is_text, "signatures": list_of(SIGNATURE)}, {"prev": is_index}),
    "official": fields(
        COMMON | {"bulletin": is_identifier, "contest": is_identifier, "document": is_hash, "source": is_code},
        dict.fromkeys(("cast", "registered", "registered_counted", "rest", "stations", "stations_counted", "valid"), is_index) | {
            "announced": is_moment, "coverage": is_share({"of": one_of("registered", "stations")}), "turnout": is_share(),
            "percent": is_percent, "place": PLACE, "prev": is_index, "urls": lambda value: list_of(is_hash)(value) and value,
            "votes": map_of(is_identifier, is_index, empty=False), "other": map_of(is_identifier, is_index, empty=False),
        },
    ),
    "audit": is_audit,
    "key": lambda value: ADMISSION(value) if value["v"] == 1 else KEY_CHANGE(value),
    "anchor": fields(COMMON | {"document": is_hash, "kind": one_of("rfc3161", "opentimestamps"), "size": is_index}),
}
VERSIONS = {"intake": (1, 2), "key": (1, 2)}

def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")

def parse_entry(data, index):
    need = lambda right, cause: demand(right, f"entry {index}: {cause}")
    need(len(data) <= 8000, f"has {len(data)} bytes; at most 8,000 are allowed")
    try:
        entry = json.loads(data.decode("utf-8"))
        again = canonical(entry)
    except (ValueError, RecursionError) as error:
        raise Fault(f"entry {index}: is not JSON in UTF-8: {error}") from None
    need(type(entry) is dict, "is not an object")
    kind, version = entry.get("type"), entry.get("v")
    need(type(kind) is str and kind in TYPES, f"is of the unknown type `{kind}`")
    need(type(version) is int and version in VERSIONS.get(kind, (1,)), f"is of type `{kind}` in the unknown version {version}")
    try:
        need(TYPES[kind](entry), f"its fields are not those of its type (type `{kind}`)")
    except Malformed as error:
        need(False, f"{error} (type `{kind}`)")
    if again != data:
        need(False, f"is not in canonical form: byte {first_difference(again, data)} differs from its own re-serialisation")
    return entry

# --- Documents ------------------------------------------------------------------------------------------------------
def toml(data, what):
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDocument(f"the {what} is not TOML in UTF-8: {error}") from None

def expect_fields(table, where, needed, may=frozenset()):
    expect(type(table) is dict, f"{where} is not a table")
    for name in sorted(needed - table.keys()):
        raise BadDocument(f"{where}: `{name}` is missing")
    for name in sorted(table.keys() - needed - may):
        raise BadDocument(f"{where}: `{name}` is unknown")

def tables(raw, name, needed, may=frozenset()):
    """A list of tables with these fields; `id` is an identifier, none is there twice, and names are local texts."""
    found = raw.get(name, [])
    expect(type(found) is list, f"`{name}` is not a list")
    for one in found:
        expect_fields(one, name, needed, may)
        expect(is_identifier(one["id"]), f"{name}: `{one['id']}` is no identifier")
        for field in one.keys() & {"title", "name", "plural"}:
            expect_text(one[field], f"{name}.{field}")
    ids = [one["id"] for one in found]
    expect(len(set(ids)) == len(ids), f"{name}: one of `{', '.join(ids)}` is there twice")
    return found, ids

def expect_text(value, where):
    """A local text: the same in every language, or one for each."""
    texts = value.values() if type(value) is dict else [value]
    expect(all(type(one) is str for one in texts), f"`{where}` is no text")

def in_language(text, language):
    if type(text) is str:
        return text
    return text[language] if language in text else next((text[key] for key in sorted(text, key=str.encode)), "")

class Contest:
    def __init__(self, raw):
        self.id = raw["id"]
        candidates, self.candidates = tables(raw, "candidates", {"id", "name"}, {"short", "color"})
        expect(candidates, f"contest {self.id} has no candidates")
        for one in candidates:
            is_right = is_text(one.get("short", "")) and is_form("#[0-9A-Fa-f]{6}")(one.get("color", "#000000"))
            expect(is_right, "candidates: `short` or `color` is malformed")
        self.lines = []  # of each line of the ballot, its candidate
        for one in tables(raw, "selections", {"id", "candidate"}, {"name"})[0]:
            expect(one["candidate"] in self.candidates, f"selection {one['id']} is for an unknown candidate")
            self.lines.append(self.candidates.index(one["candidate"]))
        self.lines = self.lines or list(range(len(self.candidates)))
        self.lines_of = [[at for at, one in enumerate(self.lines) if one == who] for who in range(len(self.candidates))]
        _, self.others = tables(raw, "others", {"id", "title"})
        expect(one_of("valid", "cast")(raw.get("share_of", "valid")), "`share_of` is neither `valid` nor `cast`")
        ways = raw.get("outright", [])
        expect(type(ways) is list, "`outright` is not a list")
        for one in ways:
            expect_fields(one, "outright", set(), {"above", "at_least", "lead"})
            expect(("above" in one) != ("at_least" in one), "outright: either `above` or `at_least` is expected")
            expect(all(is_number(share, 10_001) for share in one.values()), "outright: a share is at most 10000")

class Election:
    """The election file."""
    def __init__(self, data):
        raw = toml(data, "election file")
        expect_fields(raw, "election file", {"id", "title", "date", "place"}, {"declared", "contest"})
        self.id, self.place = raw["id"], raw["place"]
        expect(is_identifier(self.id), f"election file: `{self.id}` is no identifier")
        expect_text(raw["title"], "title")
        expect_text(raw["place"], "place")
        expect(is_form("[0-9]{4}-[0-9]{2}-[0-9]{2}")(raw["date"]), "`date` is not YYYY-MM-DD")
        declared = raw.get("declared", {})
        expect_fields(declared, "declared", set(), {"stations", "registered", "source"})
        numbers = is_u32(declared.get("stations", 0)) and is_number(declared.get("registered", 0), 2**63)
        expect(numbers, "`declared` holds something that is no number")
        expect_text(declared.get("source", ""), "declared.source")
        self.declared_stations, self.declared_registered = declared.get("stations", 0), declared.get("registered")
        may = {"selections", "others", "outright", "share_of"}
        contests, _ = tables(raw, "contest", {"id", "title", "candidates"}, may)
        expect(contests, "the election file has no contest")
        self.contests = [Contest(one) for one in contests]

CHECKS = ("E101", "E102", "E103", "E104", "W201", "W202", "W203", "W204")

class Pack:
    """What the fold needs of a pack."""
    def __init__(self, data):
        raw = toml(data, "pack")
        expect(type(raw.get("format")) is int and raw["format"] == 1, "the pack's `format` is not 1")
        languages = raw.get("languages")
        expect(languages and list_of(is_text)(languages), "the pack names no languages")
        self.language = languages[0]
        levels, ids = tables(raw, "level", {"id", "name", "plural"})
        expect(1 <= len(levels) <= 20, "a pack has 1 to 20 levels")
        self.unit_levels, self.station_level = ids[:-1], ids[-1]
        self.tolerance = dict.fromkeys(CHECKS, 0)
        checks = raw.get("check", {})
        expect_fields(checks, "check", set(), set(CHECKS))
        for code, setting in checks.items():
            expect_fields(setting, f"check.{code}", set(), {"tolerance", "on"})
            is_right = is_u32(setting.get("tolerance", 0)) and is_bool(setting.get("on", True))
            expect(is_right, f"check.{code} is malformed")
            self.tolerance[code] = setting.get("tolerance", 0) if setting.get("on", True) else float("inf")

def read_register(data, pack):
    """Rows of (station, registered or None, [(level, code, name), ...] from the widest down)."""
    csv.field_size_limit(1 << 30)
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8").removeprefix("\ufeff"), newline=""))
        lines = [(reader.line_num, line) for line in reader if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadDocument(f"the register is not CSV in UTF-8: {error}") from None
    header = lines[0][1] if lines else []
    wanted = ["station", "registered", *(name for level in pack.unit_levels for name in (level, f"{level}_name"))]
    expect(sorted(header) == sorted(wanted), f"the register's columns are {', '.join(header)}; expected are {', '.join(wanted)}")
    place = {name: header.index(name) for name in wanted}
    units = [(at, place[level], place[f"{level}_name"]) for at, level in enumerate(pack.unit_levels)]
    rows = []
    for number, line in lines[1:]:
        where = f"the register, line {number}"
        expect(len(line) == len(header), f"{where}: {len(line)} fields, the header has {len(header)}")
        station, registered = line[place["station"]], line[place["registered"]]
        expect(is_identifier(station), f"{where}: `{station}` is no identifier")
        expect(re.fullmatch(r"(\+?0*[0-9]{1,9})?", registered), f"{where}: `{registered}` is no number of voters")
        path = [(at, line[code], line[name]) for at, code, name in units if line[code]]
        expect(all(is_identifier(code) for _, code, _ in path), f"{where}: the code of a unit is no identifier")
        expect(path or not units, f"{where}: it names no unit")
        rows.append((station, int(registered.lstrip("+0") or 0) if registered else None, path))
    return rows

# --- The fold, first part: what the entries add ---------------------------------------------------------------------
REASONS = {
    "sheet-inspected", "paper-inspected", "duplicate-sheet", "wrong-station", "not-a-sheet", "forged-sheet", "personal-data", "not-opened",
}
WHOLE = (-1, "")

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
                expect(passed_over, f"the register: station {station} is there twice")
                continue
            parent = WHOLE
            for level, code, name in path:
                unit = (level, code)
                known = self.unit_parent.get(unit) or parents.setdefault(unit, parent)
                names.setdefault(unit, self.unit_name.get(unit, name))
                expect(known == parent, f"the register: unit {code} belongs to `{parent[1]}` here, to `{known[1]}` earlier")
                parent = unit
            stations[station], registered[station] = parent, voters
        self.unit_parent |= parents
        self.unit_name |= names
        self.station_parent |= stations
        self.registered |= registered

class Sheet:
    def __init__(self, index, source, pages):
        self.index, self.source, self.pages = index, source, pages
        self.tried, self.read = False, False
        self.moved_to, self.rejected, self.contradicted, self.withheld = None, False, False, False
    def state(self):
        return "read" if self.read else "unreadable" if self.tried else "unread"
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
        said = (stated.get(name, "absent") for name in ("valid", "cast", "registered"))
        self.stated_valid, self.stated_cast, self.stated_registered = said
        self.superseded = False
    def station(self):
        return self.sheet.moved_to if self.sheet and self.sheet.moved_to is not None else self.own_station
    def candidates(self):
        return [sum_of([self.votes[at] for at in lines]) for lines in self.contest.lines_of] if self.by_line else self.votes
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
    by_line = one.by_line and other.by_line
    said = lambda one: [one.valid(), one.stated_cast, *one.other, *(one.votes if by_line else one.candidates())]
    return any(contradict(a, b) for a, b in zip(said(one), said(other)))

class Count:
    """Takes entries in one after the other; `finish` works out what follows."""
    def __init__(self, documents):
        """`documents` gives the bytes with a hash, or None."""
        self.documents = documents
        self.size, self.refused = 0, []
        self.geography, self.known = Geography(), set()
        self.intakes, self.sheets, self.readings, self.keys = {}, {}, {}, {}
        self.officials, self.lists, self.records = {}, {}, {}  # by index; each its entry, with "superseded_by" or "seed"
        self.revoked, self.recovery, self.rotations, self.anchors = {}, None, [], []
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
            demand(index > 0, f"a document of entry 0 cannot be read: {cause}")
            self.refused.append((index, str(cause)))
        self.size += 1

    def document(self, digest, what):
        data = self.documents(digest)
        demand(data is not None, f"the {what} with hash {digest} is missing")
        demand(hashlib.sha256(data).hexdigest() == digest, f"the {what} with hash {digest} has other bytes")
        return data

    def begin(self, entry, data):
        demand(entry["type"] == "election", "entry 0 is not an `election` entry")
        self.rule, self.origin = entry["counting"], entry["origin"]
        self.entry_zero = hashlib.sha256(data).hexdigest()
        self.from_results = entry["register_origin"] == "results"
        self.election = Election(self.document(entry["definition"], "election file"))
        self.pack = Pack(self.document(entry["pack"], "pack"))
        self.add_register(self.document(entry["register"], "register"), passed_over=False)
        self.contests = {contest.id: contest for contest in self.election.contests}

    def add_register(self, data, passed_over):
        self.geography.add(read_register(data, self.pack), passed_over)
        self.known.update(self.geography.station_parent)

    def take_election(self, index, entry):
        raise Refused("an `election` entry may only be entry 0")

    def take_register(self, index, entry):
        self.add_register(self.document(entry["document"], "added register"), passed_over=True)
        self.from_results |= entry["origin"] == "results"

    @staticmethod
    def usable(text):
        try:
            return PublicKey(decode_base64(text))
        except ValueError:
            raise Refused("it has a key that is no usable Ed25519 public key") from None

    def take_key(self, index, entry):
        if entry["v"] == 2:
            return getattr(self, "take_key_" + entry["do"])(index, entry)
        name, key = entry["name"], self.usable(entry["public"])
        gone = name in self.revoked or key.data in (other.data for other in self.revoked.values())
        allow(not gone, f"the name `{name}` or its key was revoked")
        for known, other in self.keys.items():
            allow((known == name) == (other.data == key.data), f"the name `{name}` has another key, or the key another name")
        self.keys[name] = key

    def contest(self, name, others=()):
        """A contest that there is, with these kinds of ballots for no candidate."""
        allow(name in self.contests, f"there is no contest `{name}`")
        for kind in others:
            allow(kind in self.contests[name].others, f"the contest has no `{kind}` in `others`")
        return self.contests[name]

    def take_official(self, index, entry):
        contest, place = self.contest(entry["contest"], entry.get("other", ())), entry.get("place")
        levels = [*self.pack.unit_levels, self.pack.station_level]
        allow(place is None or place["level"] in levels, "the pack has no such level")
        for candidate in [*entry.get("votes", ()), *entry.get("percent", {}).get("each", ())]:
            allow(candidate in contest.candidates, f"the contest has no candidate `{candidate}`")
        names = ("contest", "place", "bulletin", "source")
        self.supersede(self.officials, index, entry, lambda one: [one.get(name) for name in names])

    @staticmethod
    def supersede(kept, index, entry, subject):
        """Keeps an entry; ends the one in its `prev` if that is the head of a chain on the same subject."""
        before = kept.get(entry.get("prev"))
        if before and before["superseded_by"] is None and subject(before) == subject(entry):
            before["superseded_by"] = index
        kept[index] = entry | {"superseded_by": None}

    def take_audit(self, index, entry):
        step = entry["step"]
        if step["act"] == "list":
            self.contest(step["contest"])
            before = self.lists.get(step["after"]) if "after" in step else None
            allow(before or "after" not in step, "`after` is not a list in an `audit` entry")
            goes_on = before is None or (before["contest"] == step["contest"] and before["seed"])
            allow(goes_on, "a list goes on only from a list of the same contest that has its seed")
            self.lists[index] = step | {"seed": before and before["seed"]}
            return
        audited = self.lists.get(step["list"])
        allow(audited, f"entry {step['list']} is not a list in an `audit` entry")
        if step["act"] == "seed":
            allow(audited["seed"] is None, "the list has its seed already")
            audited["seed"] = step["seed"]
            return
        contest = self.contest(audited["contest"], step.get("other", ()))
        allow(audited["seed"], "nothing is drawn before the list has its seed")
        allow(len(step.get("found", contest.candidates)) == len(contest.candidates), "not one number for each candidate")
        self.supersede(self.records, index, entry, lambda one: (one["step"]["list"], one["step"]["station"]))

    def take_key_recovery(self, index, entry):
        key = self.usable(entry["public"])
        allow(self.recovery is None, "the ledger has a recovery key already")
        self.recovery = (index, key)

    def take_key_revoke(self, index, entry):
        allow(entry["name"] in self.keys, f"`{entry['name']}` is not the name of a key that may sign rulings")
        self.revoked[entry["name"]] = self.keys.pop(entry["name"])

    def take_key_rotate(self, index, entry):
        previous, public = self.usable(entry["previous"]).data, self.usable(entry["public"]).data
        allow(self.recovery, "the ledger has no recovery key")
        allow(not self.rotations or self.rotations[-1][2] == previous, "the key that it replaces is not the one in force")
        known = {previous, self.recovery[1].data} | {key for rotation in self.rotations for key in rotation[1:]}
        allow(public not in known, "the new key is one that this ledger has or had already")
        message = f"testigo ledger key v1\n{self.entry_zero}\n".encode() + canonical(entry | {"signature": ""})
        allow(self.recovery[1].verifies(message, decode_base64(entry["signature"])), "it is not signed by the recovery key")
        self.rotations.append((index, previous, public))

    def take_anchor(self, index, entry):
        allow(0 < entry["size"] <= index, "a stamp can only follow the entries that it is over")
        self.anchors.append((index, entry["kind"], entry["size"], entry["document"]))

    def take_intake(self, index, entry):
        self.intakes[index] = entry

    def take_sheet(self, index, entry):
        intake, pages = self.intakes.get(entry["intake"]), entry["pages"]
        allow(intake, f"entry {entry['intake']} is not an `intake` entry")
        pixels = dict.fromkeys(intake.get("commitments", ())) | {
            one["original"]: one["pixels"] for one in reversed(intake.get("pictures", ()))}
        for page in pages:
            allow(page["commitment"] in pixels, f"a page's commitment is not in intake entry {entry['intake']}")
        right = pages and all(page["media"] in ("jpg", "png") for page in pages)
        allow(right, "a sheet needs at least one page, each of type jpg or png")
        pages = [page | {"pixels": pixels[page["commitment"]], "mask": None, "superseded": []} for page in pages]
        self.sheets[index] = Sheet(index, intake["source"], pages)

    def take_mask(self, index, entry):
        sheet, at, rendition = self.sheets.get(entry["sheet"]), entry["page"], entry["rendition"]
        allow(sheet, f"entry {entry['sheet']} is not a `sheet` entry")
        allow(at < len(sheet.pages), "the sheet has no such page")
        page = sheet.pages[at]
        allow(page["mask"] == entry.get("prev"), "it does not supersede the mask that stands")
        superseded = [one for one in [*page["superseded"], page["rendition"]] if one != rendition]
        sheet.pages[at] = page | {"rendition": rendition, "masked": entry["masked"], "mask": index, "superseded": superseded}

    def take_reading(self, index, entry):
        sheet = self.sheets.get(entry.get("sheet"))
        allow(sheet or "sheet" not in entry, f"entry {entry.get('sheet')} is not a `sheet` entry")
        if "failure" in entry:
            allow(sheet, "a row of a results file cannot be unreadable")
            sheet.tried = True
            return
        contest = self.contest(entry["contest"], entry.get("other", ()))
        lines = contest.lines if entry["detail"] == "selection" else contest.candidates
        allow(len(entry["votes"]) == len(lines), f"{len(lines)} votes are expected, the reading has {len(entry['votes'])}")
        demand(sheet or is_u32(entry["row"]), f"entry {index}: the row is not below 2^32")
        reading = Reading(index, entry, contest, sheet)
        self.known.add(reading.own_station)
        before = self.readings.get(entry.get("prev"))
        same = before and (before.contest, before.reader, before.of) == (contest, reading.reader, reading.of)
        if same:
            before.superseded = True
        if sheet:
            sheet.read = True  # for good: what ends a reading of a sheet is another one
        self.readings[index] = reading

    def take_ruling(self, index, entry):
        self.check_signatures(entry)
        allow(entry["reason"] in REASONS, f"`{entry['reason']}` is not a known reason code")
        decision = entry["decision"]
        subjects = self.subjects_of(decision)
        prev = entry.get("prev")
        allow(decision["do"] != "withdraw" or prev in self.in_force, "it withdraws nothing that is in force")
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
            if one["key"] in self.keys and one["key"] not in valid:
                self.signatures += 1
                if self.keys[one["key"]].verifies(message, decode_base64(one["signature"])):
                    valid.add(one["key"])
        needed = self.rule["signatures"]
        allow(len(valid) >= needed, f"{len(valid)} of {needed} needed signatures are valid")

    def subjects_of(self, decision):
        sheet, station = decision.get("sheet"), decision.get("station")
        allow("sheet" not in decision or sheet in self.sheets, f"entry {sheet} is not a `sheet` entry")
        allow("station" not in decision or station in self.known, f"station {station} is not known")
        match decision["do"]:
            case "accept-reading":
                reading = self.readings.get(decision["reading"])
                allow(reading, f"entry {decision['reading']} is not a `reading` entry with numbers")
                return [("result", reading.contest.id, reading.station())]
            case "not-installed":
                return [("result", contest, station) for contest in self.contests]
        kind = {"reject-sheet": "place", "move-sheet": "place", "withhold-sheet": "picture"}.get(decision["do"])
        return [(kind, sheet)] if kind else []

    def settle(self, subject):
        """What follows for a sheet from the rulings in force on it."""
        sheet, heads = self.sheets.get(subject[1]), self.heads[subject]
        if subject[0] == "picture":
            sheet.withheld = bool(heads)
        elif subject[0] == "place":
            decision = self.in_force[heads[0]][0] if len(heads) == 1 else {}
            sheet.contradicted = len(heads) > 1
            sheet.rejected = decision.get("do") == "reject-sheet"
            sheet.moved_to = decision.get("station")

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
        decide = lambda contest, one: self.decide(contest, one, here.get((contest, one), ()), sheets.get(one, {}).values())
        self.status = {contest: {one: decide(contest, one) for one in self.known} for contest in self.contests}
        self.units = {contest.id: self.add_up(contest) for contest in self.election.contests}
        self.children, self.stations = defaultdict(list), defaultdict(list)  # unit -> what is directly below
        for below, parents in ((self.children, self.geography.unit_parent), (self.stations, self.geography.station_parent)):
            for one, parent in parents.items():
                below[parent].append(one)

    def findings(self, reading):
        """(code, found, expected) of the checks that fail."""
        registered = self.geography.registered.get(reading.station())
        number = lambda cell: None if type(cell) is str else cell
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
        voted = {reading.contest.lines[at] if reading.by_line else at for at, cell in enumerate(reading.votes) if cell}
        if valid is not None and valid >= 20 and len(voted) == 1:
            compared["W203"] = (valid, valid - 1)
        both = [(code, *compared[code]) for code in CHECKS if None not in compared.get(code, (None, None))]
        return [(code, one, other) for code, one, other in both if abs(one - other) > self.pack.tolerance[code]]

    def decide(self, contest, station, readings, sheets):
        """(state, reason, received, objected, counting reading) of a contest at a station."""
        listed = station in self.geography.station_parent
        contradicted = any(sheet.contradicted for sheet in sheets)
        standing = [sheet for sheet in sheets if sheet.in_custody() and not sheet.rejected]
        received = bool(standing)
        evidence = [one for one in readings if not (one.sheet and one.sheet.rejected)]
        custody = [one for one in evidence if one.sheet is None or one.sheet.in_custody()]
        status = lambda state, reason="", objected=False, counted=None: (state, reason, received, objected, counted)
        if not listed:
            return status("held", "not-in-register") if custody or received else status("awaited")
        ruled = self.heads.get(("result", contest, station), ())
        decision = self.in_force[ruled[0]][0] if len(ruled) == 1 else {}
        if decision.get("do") == "not-installed":
            return status("not-installed")
        accepted = self.readings[decision["reading"]] if decision else None
        if len(ruled) > 1 or contradicted or (accepted and accepted not in evidence):
            return status("disputed", "rulings-differ")
        if accepted:
            objected = any(one.index > ruled[0] and differ(one, accepted) for one in evidence)
            return status("counted", "by-ruling", objected, accepted)
        if any(differ(one, other) for at, one in enumerate(custody) for other in custody[at + 1 :]):
            return status("disputed", "readings-differ")
        passing = [one for one in custody if not any(code.startswith("E") for code, _, _ in self.findings(one))]
        people = [one for one in passing if one.kind == "person"]
        ways = {
            "from-code": [one for one in passing if one.kind == "qr" and self.rule["qr_from_custody"]],
            "from-people": people if 0 < self.rule["people"] <= len({one.reader for one in people}) else [],
            "from-published": [one for one in custody if one.kind == "published" and self.rule["single_published"]],
        }
        for reason, countable in ways.items():
            if countable:
                best = min(countable, key=self.rank)
                return status("counted", reason, any(differ(one, best) for one in evidence), best)
        if custody:
            order = ["fails-check", "needs-second-reader", "only-published", "only-print"]
            by_reader = {"qr": order[1], "person": order[1], "published": order[2], "print": order[3]}
            reasons = [by_reader[one.kind] if one in passing else order[0] for one in custody]
            return status("held", max(reasons, key=order.index))
        if received:
            return status("unreadable" if all(sheet.state() == "unreadable" for sheet in standing) else "received")
        return status("held", "only-public") if evidence else status("awaited")

    @staticmethod
    def rank(one):
        words = {"absent": 1, "illegible": 2, "blank": 3}
        cells = [*one.votes, *one.other, one.stated_valid, one.stated_cast, one.stated_registered]
        order = [(words[cell], 0) if type(cell) is str else (0, cell) for cell in cells]
        return not one.by_line, order, one.index

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

    STATIONS = (
        "listed", "received", "counted", "disputed", "held", "unread", "unreadable", "not_installed", "awaited",
        "objected", "incomplete",
    )
    BY_STATE = {"received": "unread", "not-installed": "not_installed"}  # the others are called like the total

    def part_of(self, contest, station):
        """(totals by name, votes) that a station adds to each unit that it is in."""
        state, _, received, objected, reading = self.status[contest.id][station]
        listed, voters = station in self.geography.station_parent, self.geography.registered.get(station)
        part = Counter(listed=int(listed), received=int(received), registered_listed=voters or 0)
        part[self.BY_STATE.get(state, state)] = int(listed or state != "awaited")
        if state == "counted":
            part["objected"] = int(objected)
            part["incomplete"] = int(any(type(cell) is str for cell in reading.votes))
            part["registered_in_counted"], part["counted_unknown"] = voters or 0, int(voters is None)
        return part, self.votes_of(contest, reading)

    def add_up(self, contest):
        """unit -> (totals by name, votes)"""
        width = len(contest.candidates) + len(contest.others)
        units = {unit: (Counter(), [0] * width) for unit in [WHOLE, *self.geography.unit_parent]}
        for station in self.known:
            part, votes = self.part_of(contest, station)
            unit = self.geography.station_parent.get(station, WHOLE)
            while unit:
                totals, sums = units[unit]
                totals.update(part)
                for at, value in enumerate(votes):
                    sums[at] += value
                unit = self.geography.unit_parent.get(unit)
        return units

    # The tally -----------------------------------------------------------------------------------------------------

    def tally(self, contest, unit, root):
        """As `testigo tally --format json` gives it."""
        units = self.units[contest.id]
        totals, votes = units[unit]
        named = self.named(contest, votes)
        whole, declared, listed = units[WHOLE][0]["listed"], self.election.declared_stations, totals["listed"]
        expected = max(declared, listed) if unit == WHOLE else listed if declared <= whole else None
        stations = {"expected": expected} | {name: totals[name] for name in self.STATIONS}
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
            states = Counter(sheet.state() for sheet in self.sheets.values())
            tally["sheets"] = {"total": len(self.sheets)} | {name: states[name] for name in ("read", "unreadable", "unread")}
        tally["valid"] = named["valid"]
        for kind in ("null", "blank"):
            tally |= {kind: one["votes"] for one in named["others"] if one["id"] == kind}
        return tally | named | {"children": self.below(contest, unit)}

    def unit_name(self, unit):
        if unit == WHOLE:
            return {"level": "", "code": "", "name": in_language(self.election.place, self.pack.language)}
        return {"level": self.pack.unit_levels[unit[0]], "code": unit[1], "name": self.geography.unit_name[unit]}

    @staticmethod
    def named(contest, votes):
        """The votes by candidate and kind of other ballot."""
        width = len(contest.candidates)
        named = [{"id": one, "votes": number} for one, number in zip(contest.candidates + contest.others, votes)]
        return {"valid": sum(votes[:width]), "others": named[width:], "candidates": named[:width]}

    def below(self, contest, unit):
        def child(name, totals, votes):
            totals = {one: totals[one] for one in ("listed", "counted", "disputed", "registered_in_counted")}
            return name | totals | self.named(contest, votes)

        children = []
        for below in sorted(self.children[unit], key=lambda one: f"{one[0]}\x1f{one[1]}"):
            children.append(child(self.unit_name(below), *self.units[contest.id][below]))
        for station in sorted(self.stations[unit]):
            state = self.status[contest.id][station][0]
            name = {"level": self.pack.station_level, "code": station, "name": "", "state": state}
            children.append(child(name, *self.part_of(contest, station)))
        return children

    def find_unit(self, written):
        """A code, or LEVEL/CODE."""
        if written is None:
            return WHOLE
        level, _, code = written.rpartition("/")
        units = self.geography.unit_parent
        found = [one for one in units if one[1] == code and level in ("", self.pack.unit_levels[one[0]])]
        if len(found) != 1:
            raise SystemExit(f"`{written}` is {'no unit' if not found else 'a unit on several levels: write LEVEL/CODE'}")
        return found[0]

# --- The whole check ------------------------------------------------------------------------------------------------
def check_receipt(data, leaf, keys, where):
    """(index, size, root) of a receipt (C2SP tlog-proof), under whose head stands the entry with the leaf hash `leaf(index)`."""
    text, _, note = data.partition(b"\n\n")
    form = re.fullmatch("c2sp[.]org/tlog-proof@v1\n(?:extra (.*)\n)?index (.*)((?:\n.*){0,64})", text.decode("latin-1"))
    demand(form and is_size(form[2]), f"{where}: not a receipt")
    hashes = [decode_base64(line) for line in form[3].split("\n")[1:]]
    right = all(len(one) == 32 for one in hashes) and (not form[1] or decode_base64(form[1]))
    demand(right, f"{where}: not a receipt: a line is not base64, or a hash not 32 bytes")
    size, root = read_checkpoint(note, keys, where)
    index = at = int(form[2])
    demand(index < size, f"{where}: entry {index} is beyond its head of {size} entries")
    found, last = leaf(index), size - 1
    for one in hashes:  # RFC 9162, section 2.1.3.2
        on_right = at & 1 or at == last
        found = sha256(b"\1" + (one + found if on_right else found + one))
        while on_right and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    demand(last == 0 and found == root, f"{where}: it does not lead from entry {index} to the root: one of them was changed")
    return index, size, root

def check_receipts(paths, entries, keys, policy, say):
    """Receipts against the ledger, whose entries are checked."""
    for path in paths:
        data = Folder("").need(path)
        leaf = lambda index: leaf_hash(b"".join(entries[index : index + 1]))
        index, size, root = check_receipt(data, leaf, keys, path)
        same = size > len(entries) or Tree([leaf_hash(entry) for entry in entries[:size]]).root(size) == root
        demand(same, f"{path} is of another history: its head of {size} entries is not one of this ledger")
        seen = policy.check(data.partition(b"\n\n")[2], path) if policy else ["unwitnessed"]
        say(f"receipt       {path}: entry {index} is under the head of {size:,} entries, {', '.join(seen)}")

def check_documents(folder):
    """Hashes every document; returns their names."""
    names = folder.list("documents")
    for name in names:
        path = f"documents/{name}"
        demand(is_hash(name), f"{path} does not belong there: a name made of the file's hash is expected")
        found = hashlib.sha256(folder.need(path)).hexdigest()
        demand(found == name, f"{path} has the hash {found}: the file was changed")
    return set(names)

def check_renditions(folder, count):
    """Hashes every picture, and looks for those that sheets name."""
    found = set()
    for shelf in folder.list("renditions"):
        path = f"renditions/{shelf}"
        demand(is_form("[0-9a-f]{2}")(shelf) and os.path.isdir(os.path.join(folder.path, path)), f"{path} does not belong there")
        for name in folder.list(path):
            form = re.fullmatch(f"({shelf}[0-9a-f]{{62}})[.](jpg|png)", name)
            demand(form, f"{path}/{name} does not belong there: a name made of the file's hash is expected")
            actual = hashlib.sha256(folder.need(f"{path}/{name}")).hexdigest()
            demand(actual == form[1], f"{path}/{name} has the hash {actual}: the file was changed")
            found.add(name)
    pages = [(sheet, page) for sheet in count.sheets.values() for page in sheet.pages]
    withheld = {page["rendition"] for sheet, page in pages if sheet.withheld}
    openings = set()
    for sheet, page in pages:
        name, pixels = f"{page['rendition']}.{page['media']}", page["pixels"]
        demand(name in found or page["rendition"] in withheld, f"the picture {name} of sheet entry {sheet.index} is missing")
        if pixels and name in found:
            name = f"openings/{pixels[:2]}/{pixels}.{page['rendition']}"
            start = folder.need(name)[:20]
            demand(re.fullmatch(b"testigo opening v1\n[\0\1]", start), f"{name} is no opening")
            openings.add(name)
    return len(found), len(openings)

def check_manifest(folder, key):
    """Every file on a mirror's signed list, and that there is no other; how many, or None where there is no list."""
    data = folder.read("manifest")
    if data is None:
        demand(not folder.read("index.html"), "manifest is missing: this is a mirror, whose files nobody has signed for")
        return None
    kind, *lines = read_note(data, key, "manifest", 256 << 20).split("\n")[:-1]
    head = folder.need("ledger/checkpoint").decode().rpartition("\n\n")[0].split("\n")
    demand(kind == "testigo manifest 1" and lines[:3] == head, "manifest: not the list of this ledger's head")
    listed = []
    for line in lines[4:]:
        form = re.fullmatch(r"([0-9a-f]{64}) (0|[1-9][0-9]*) ((?:[A-Za-z0-9._-]+/)*[A-Za-z0-9._-]+)", line)
        demand(form and not {".", ".."} & set(form[3].split("/")), f"manifest: `{line}` is not a hash, a size and a path")
        listed.append(form[3])
        full = os.path.join(folder.path, form[3])
        demand(os.path.isfile(full) and not os.path.islink(full), f"{form[3]} is missing, or not a file")
        data = folder.need(form[3])
        right = (len(data), sha256(data).hex()) == (int(form[2]), form[1])
        demand(right, f"{form[3]} is not as the manifest says: the file was changed")
    demand(listed == sorted(set(listed) - {"manifest"}), "manifest: its paths are out of order, or one is there twice")
    known = {*listed, "manifest"}
    for parent, folders, names in os.walk(folder.path):
        for name in names + [one for one in folders if one == ".publishing" or os.path.islink(os.path.join(parent, one))]:
            path = os.path.relpath(os.path.join(parent, name), folder.path).replace(os.sep, "/")
            demand(path in known, f"{path} is not in the manifest and does not belong there")
    return len(listed)

def first_unequal(one, other, place):
    """Where two JSON values differ first; None where they do not."""
    if type(one) is type(other) and type(one) in (dict, list):
        names = {**one, **other} if type(one) is dict else range(max(len(one), len(other)))
        part = lambda value, name: value.get(name) if type(value) is dict else value[name] if name < len(value) else None
        return next(filter(None, (first_unequal(part(one, name), part(other, name), f"{place} {name}") for name in names)), None)
    return None if (type(one), one) == (type(other), other) else f"{place} is {json.dumps(one)}, counted are {json.dumps(other)}"

def check_totals(folder, count, root):
    """Holds every published document of totals against the count; how many there are."""
    compared = 0
    for contest in count.election.contests:
        folder_of = "" if contest is count.election.contests[0] else f"c/{contest.id}/"
        for unit in count.units[contest.id]:
            tally, name = count.tally(contest, unit, root), count.unit_name(unit)
            path = f"{name['level']}/{name['code']}" if unit != WHOLE else "index"
            paths = [f"{folder_of}{path}.json", f"{folder_of}level-{path}.json"]
            for path in paths + [f"data/{contest.id}/tally.json"] * (unit == WHOLE):
                data = folder.read(path)
                if data is not None:
                    try:
                        found = json.loads(data)
                    except ValueError:
                        raise Fault(f"{path} is not JSON") from None
                    if unit != WHOLE and type(found) is dict and "ledger" not in found:
                        tally.pop("ledger", None)
                    differs = first_unequal(found, tally, path)
                    demand(differs is None, f"a published total differs: {differs}")
                    compared += 1
    return compared

def check(folder, key_text, say, policy=None, receipts=()):
    """The count and the root, once everything is right."""
    given = None if key_text is None else NoteKey(key_text)
    if given is None or folder.read("ledger/key"):
        key_text = folder.need("ledger/key").decode("utf-8", "replace")
    keys = KeyHistory(key_text, given)
    key = keys.trusted
    say(f"key           {key.name}+{key.id.hex()}, " + (
        "as you gave it" if given else "as it lies beside the ledger: compare it with one that comes from elsewhere"))
    entries, root, heads, tiles = check_ledger(folder, keys)
    say(f"ledger        {len(entries):,} entries hashed from their bytes, root {root.hex()}")
    say(f"heads         {len(heads):,} signed heads continue each other, {tiles:,} bundles and tiles are what the entries give")
    if policy:
        seen = policy.check(folder.need("ledger/checkpoint"), "ledger/checkpoint")
        say(f"witnesses     {', '.join(seen) or 'nobody'} countersigned, as your policy asks")
    else:
        say("witnesses     unwitnessed: no --policy says whose countersignatures to ask for")
    documents = check_documents(folder)
    say(f"documents     {len(documents):,} have the bytes that their names say")
    count = Count(lambda digest: folder.read(f"documents/{digest}") if digest in documents else None)
    for entry in entries:
        count.append(entry)
    if not entries:
        say("count         the ledger has no entries yet: there is nothing to count")
        return None, root.hex()
    demand(count.origin == key.name, f"entry 0 has the origin `{count.origin}`, the ledger is signed as `{key.name}`")
    keys.check(count, heads)
    pictures, openings = check_renditions(folder, count)
    say(f"pictures      {pictures:,} have the bytes that their names say; those that rulings do not withhold are all there")
    if openings:
        say(f"masks         {openings:,} have their proof, which this program does not work through: `testigo verify` and "
            "the page of the site that counts again do")
    check_receipts(receipts, entries, keys, policy, say)
    count.finish()
    totals, files = check_totals(folder, count, root.hex()), check_manifest(folder, keys.at(count.size))
    if totals:
        say(f"totals        {totals:,} published documents say what was counted")
    if files is not None:
        say(f"manifest      {files:,} files are the ones signed for, and there is no other")
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
        states = ", ".join(f"{stations[name]:,} {name.replace('_', ' ')}" for name in count.STATIONS[3:] if stations[name])
        say(f"count         {contest.id}: {stations['counted']:,} of {stations['expected']:,} stations counted; {states}")
        for one in tally["candidates"] + [{"id": "valid", "votes": tally["valid"]}] + tally["others"]:
            say(f"                {one['id']:<20} {one['votes']:>15,}")

def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks an election's ledger and counts it again.")
    parser.add_argument("dir", help="an archive or a mirror: it holds ledger/, documents/ and renditions/")
    parser.add_argument("--key", help="the ledger's public key, name+id+base64, from somewhere you trust")
    parser.add_argument("--policy", help="a file with the witnesses you believe (C2SP tlog-policy); they must have countersigned")
    parser.add_argument("--receipt", action="append", default=[], help="a receipt that must hold for this ledger (.tlog-proof)")
    parser.add_argument("--contest", help="the contest for --json [default: the first]")
    parser.add_argument("--unit", help="the unit for --json: a code, or LEVEL/CODE [default: the whole]")
    parser.add_argument("--json", action="store_true", help="print the tally like `testigo tally --format json`")
    arguments = parser.parse_args(arguments)
    folder = Folder(arguments.dir)
    say = lambda text: print(text, file=sys.stderr if arguments.json else sys.stdout)
    try:
        policy = arguments.policy and Policy(pathlib.Path(arguments.policy).read_text("utf-8"))
        count, root = check(folder, arguments.key, say, policy, arguments.receipt)
    except Fault as fault:
        say(f"WRONG: {fault}")
        return 1
    if count and arguments.json:
        contest = count.contests.get(arguments.contest or count.election.contests[0].id)
        if contest is None:
            raise SystemExit(f"there is no contest `{arguments.contest}`")
        print(json.dumps(count.tally(contest, count.find_unit(arguments.unit), root), ensure_ascii=False, indent=2))
    elif count:
        show_totals(count, say)
    say(f"All of it is right, {folder.bytes:,} bytes read. That no sheet was left out, that two pseudonyms are two people, and what "
        "hidden areas hide, no file can show.")
    return 0

if __name__ == "__main__":
    sys.exit(main())
