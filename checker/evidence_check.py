#!/usr/bin/env python3
"""Checks an evidence pack without a network and without the program that made it.

    python3 checker/evidence_check.py DIR [--key PUBLIC_KEY]

DIR is the unpacked ZIP. Every file is held against the signed list of files, every entry against its proof under the signed
head of the ledger, and the sums against the readings that count. `testigo_check.py` must lie beside this file. It ends
with 0 if everything is right, else with 1 and the first thing that is wrong.

It does not show that a sheet is genuine, nor that nothing else in the ledger speaks of these stations: for that, check the
whole ledger with testigo_check.py.
"""

import argparse
import hashlib
import json
import os
import sys

import testigo_check as ledger
from testigo_check import Fault, demand


def check_manifest(folder, key, head):
    """Every file that the signed list names has the bytes it should, and no other is there."""
    lines = ledger.read_note(folder.need("manifest"), key, "manifest").split("\n")
    demand(lines[0] == "testigo manifest 1" and lines[-1] == "", "manifest: not a list of files")
    demand(lines[1] == key.name and int(lines[2]) == head[0], "manifest: of another head than the pack's")
    named = set()
    for line in lines[5:-1]:
        digest, size, path = line.split(" ", 2)
        inside = not path.startswith("/") and ".." not in path.split("/")
        demand(inside, f"manifest: `{path}` leads out of the pack")
        data = folder.need(path)
        right = len(data) == int(size) and hashlib.sha256(data).hexdigest() == digest
        demand(right, f"{path} has other bytes than the signed list says")
        named.add(path)
    for at, folders, files in os.walk(folder.path):
        folders[:] = [one for one in folders if one != "__pycache__"]
        for name in files:
            path = os.path.relpath(os.path.join(at, name), folder.path).replace(os.sep, "/")
            demand(path in named or path == "manifest", f"{path} is not in the signed list")
    return named


def check_sums(folder, entries):
    """The votes of every station that counts are those of the reading named, and they add up."""
    arithmetic = json.loads(folder.need("arithmetic.json"))
    election = ledger.Election(folder.need(f"documents/{json.loads(entries[0])['definition']}"))
    stations = 0
    for part in arithmetic["contests"]:
        contest = next(one for one in election.contests if one.id == part["contest"])
        sums = [0] * len(contest.candidates)
        for one in part["stations"]:
            where = f"station {one['station']}, contest {contest.id}"
            votes = [0] * len(contest.candidates)
            if one["counted_entry"] is not None:
                demand(one["counted_entry"] in entries, f"{where}: the entry that counts is not in the pack")
                reading = json.loads(entries[one["counted_entry"]])
                lines = contest.lines if reading["detail"] == "selection" else range(len(contest.candidates))
                for candidate, cell in zip(lines, reading["votes"]):
                    votes[candidate] += cell if type(cell) is int else 0
                stations += 1
            demand(votes == one["votes"], f"{where}: the votes are not those of the reading")
            sums = [a + b for a, b in zip(sums, votes)]
        demand(sums == part["sum"], f"contest {contest.id}: the sum is not that of the stations")
    return stations


def check(folder, key_text, say):
    given = None if key_text is None else ledger.NoteKey(key_text)
    keys = ledger.KeyHistory(folder.need("ledger/key").decode("utf-8", "replace"), given)
    head = ledger.read_checkpoint(folder.need("ledger/checkpoint"), keys, "ledger/checkpoint")
    key = keys.at(head[0])
    if given is not None and given.key.data != key.key.data:
        raise Fault(
            f"the key that you gave was replaced, the pack says; {key.name}+{key.id.hex()} signed it. A pack cannot vouch for "
            "that key: take it from where the ledger's key is published, or check the whole ledger with testigo_check.py"
        )
    say(f"key       {key.name}+{key.id.hex()}, " + ("as you gave it" if given else "out of the pack: compare it with one that comes from elsewhere"))
    say(f"head      {head[0]:,} entries, root {head[1].hex()}")
    named = check_manifest(folder, key, head)
    say(f"files     {len(named):,} have the bytes that the signed list says, and nothing else is there")
    entries = {}
    for path in sorted(one for one in named if one.startswith("entries/")):
        number = path.removeprefix("entries/").removesuffix(".json")
        data = folder.need(path)
        proof = f"proofs/{number}.tlog-proof"
        index, *under = ledger.check_receipt(folder.need(proof), lambda _: ledger.leaf_hash(data), keys, proof)
        demand(tuple(under) == head, f"{proof}: its head is not the pack's")
        demand(str(index) == number, f"{path}: its proof is for entry {index}")
        ledger.parse_entry(data, index)
        entries[index] = data
    demand(0 in entries, "entry 0 is missing")
    for index, replaced_by in keys.rotations:
        public = json.loads(entries.get(index, b"{}")).get("public", "")
        demand(ledger.decode_base64(public) == replaced_by.key.data, f"ledger/key: entry {index} does not make that key the ledger's")
    say(f"entries   {len(entries):,} are in the ledger, by their proofs")
    say(f"sums      {check_sums(folder, entries):,} counted results are those of their readings, and add up")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks an evidence pack.")
    parser.add_argument("dir", help="the unpacked ZIP")
    parser.add_argument("--key", help="the ledger's public key, from somewhere you trust")
    arguments = parser.parse_args(arguments)
    try:
        check(ledger.Folder(arguments.dir), arguments.key, print)
    except (Fault, ledger.BadDocument, KeyError, ValueError) as fault:
        print(f"WRONG: {fault}")
        return 1
    print("All of it is right. That a sheet is genuine, and that nothing else in the ledger speaks of these stations, a pack cannot show.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
