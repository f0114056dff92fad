"""Folds ledgers in the form of docs/vectors with testigo_check.py, for tests: python3 fold_vectors.py FOLDER...

Prints a line of JSON for each folder: what its expected.json should be, or `fault` with the first thing that is wrong. Where a folder
has `candidates.jsonl`, each of its lines is tried as the next entry, and `candidates` says for each whether that is a fault.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True
import testigo_check as checker


def station(count, contest, name):
    state, reason, received, objected, reading = count.status[contest.id][name]
    votes = count.votes_of(contest, reading)
    readings = sorted(count.standing.get((contest.id, name), []), key=lambda one: one.index)
    findings = [{"entry": one.index, "findings": [" ".join(map(str, found)) for found in count.findings(one)]} for one in readings]
    return {
        "station": name,
        "listed": name in count.geography.station_parent,
        "registered": count.geography.registered.get(name),
        "state": state, "reason": reason, "received": received, "objected": objected,
        "counted": reading.index if reading else None,
        "candidates": votes[: len(contest.candidates)], "others": votes[len(contest.candidates) :],
        "readings": findings,
    }


def pages(sheet):
    """Only where anything is said about pixels or masks."""
    if all(page["pixels"] is None and page["mask"] is None for page in sheet.pages):
        return {}
    names = ("rendition", "media", "pixels", "masked", "mask", "superseded")
    return {"pages": [{name: page[name] for name in names} for page in sheet.pages]}


def everything(count, leaves):
    root = checker.Tree(leaves).root(len(leaves)).hex()
    count.finish()
    sheets = [
        {"entry": sheet.index, "source": sheet.source, "state": sheet.state(), "moved_to": sheet.moved_to,
         "rejected": sheet.rejected, "withheld": sheet.withheld} | pages(sheet)
        for sheet in count.sheets.values()
    ]
    contests = [
        {
            "id": contest.id,
            "stations": [station(count, contest, name) for name in sorted(count.known)],
            "tallies": [count.tally(contest, unit, root) for unit in count.units[contest.id]],
        }
        for contest in count.election.contests
    ]
    superseded = lambda kept: [{"entry": index, "superseded_by": one["superseded_by"]} for index, one in kept.items()]
    return {
        "size": count.size, "root": root, "leaves": [leaf.hex() for leaf in leaves],
        "refused": [index for index, _ in count.refused],
        "register_from_results": count.from_results,
        "recovery_key": count.recovery and count.recovery[1].data.hex(),
        "rotations": [{"entry": one[0], "previous": one[1].hex(), "public": one[2].hex()} for one in count.rotations],
        "anchors": [dict(zip(("entry", "kind", "size", "document"), one)) for one in count.anchors],
        "adjudicators": sorted(count.keys),
        "officials": superseded(count.officials), "records": superseded(count.records),
        "lists": [{"entry": index, "seed": one["seed"]} for index, one in count.lists.items()],
        "sheets": sheets, "contests": contests,
    }


def fold(folder):
    def document(digest):
        path = folder / "documents" / digest
        return path.read_bytes() if path.is_file() else None

    def lines(name):
        path = folder / name
        return path.read_bytes().split(b"\n")[:-1] if path.is_file() else []

    count, leaves = checker.Count(document), []
    try:
        for entry in lines("entries.jsonl"):
            count.append(entry)
            leaves.append(checker.leaf_hash(entry))
    except checker.Fault as fault:
        return {"fault": str(fault)}
    found = everything(count, leaves)
    if (folder / "candidates.jsonl").is_file():
        found["candidates"] = [is_fault(count, entry) for entry in lines("candidates.jsonl")]
    return found


def is_fault(count, entry):
    try:
        count.append(entry)
    except checker.Fault:
        return True
    return False


for name in sys.argv[1:]:
    print(json.dumps(fold(pathlib.Path(name)), ensure_ascii=False))
