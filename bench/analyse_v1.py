"""The statistics of 24,532 sheets, screen by screen: Testigo against numpy, scipy and pandas.

Testigo is a process that opens the archive, folds its ledger, computes one screen without its simulations and prints
it; the seconds are those of the whole process, and beside them those of a process that computes nothing but the sums.
The peer has the table in memory already; its seconds are those of the same quantities alone. Both must come to the same
number, which is compared. Seconds are of processor time, in one thread: others on the machine do not lengthen them much.

    bench/run analyse_v1 [ROUNDS]
"""

import json
import lzma
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pandas as pd
from scipy import optimize, stats

from measure import ROOT, in_turn, machine, testigo

FILE = ROOT / "../shared/data/ve2024/RESULTADOS_2024_CSV_V1.csv.xz"
REGISTERED, STATIONS = 21_392_464, 30_026
CANDIDATES = "EG NM LM JABE JOBR AE CF DC EM BERA".split()


def processor_time(clock, work):
    start = clock()
    result = work()
    return clock() - start, result


def of_processes():
    """Seconds of the processor that this process' own processes took, once they have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def robustness(table):
    lead, missing = (table.EG - table.NM).values, int(REGISTERED - table.RE.sum())
    contributions = lead, 2 * lead, lead + table.cast.values, lead + table.RE.values
    sums = [np.cumsum(np.sort(values)[::-1]) for values in contributions]
    starts = (lead.sum(), lead.sum() - missing, lead.sum() - int(missing * table.valid.sum() / table.RE.sum()))
    answers = [[int(np.argmax(one >= start)) + 1 for one in sums] for start in starts]
    return answers[0][1], answers


def projection(table):
    n, f = len(table), len(table) / STATIONS
    answers = []
    for y, x in (
        (table.EG, table.valid), (table.NM, table.valid), (table.EG - table.NM, table.valid), (table.valid, table.RE),
        (table.cast, table.RE), (table.EG, table.RE), (table.NM, table.RE), (table.EG - table.NM, table.RE),
    ):
        ratio = y.sum() / x.sum()
        rest = y - ratio * x
        places = rest.groupby(table.CENTRO).sum()
        m = len(places)
        answers.append((ratio, ((1 - f) * n / (n - 1) * (rest**2).sum()) ** 0.5, ((1 - f) * m / (m - 1) * (places**2).sum()) ** 0.5))
    return answers[0][0], answers


def tilt(table):
    size = table.RE.values.astype(float)
    target = (REGISTERED - size.sum()) / (STATIONS - len(table))

    def weights(rate):
        return np.exp(rate * (size - size.mean()))

    rate = optimize.brentq(lambda rate: (weights(rate) * size).sum() / weights(rate).sum() - target, -0.05, 0.05, xtol=1e-16, rtol=1e-15)
    weight = weights(rate)
    share = (weight * table.EG).sum() / (weight * table.valid).sum()
    return share, [part.EG.sum() for _, part in table.groupby(pd.qcut(table.RE, 10), observed=False)]


def sisters(table):
    answers = []
    for part, whole in (
        (table.EG, table.valid), (table.NM, table.valid), (table.cast, table.RE), (table.valid - table.EG - table.NM, table.valid),
        (table.cast - table.valid, table.cast), (table.EG, table.EG + table.NM),
    ):
        rows = pd.DataFrame({"place": table.CENTRO, "y": part, "n": whole})
        by_place = rows.groupby("place")
        rows = rows.assign(all_y=by_place.y.transform("sum"), all_n=by_place.n.transform("sum"), k=by_place.y.transform("size"))
        rows = rows[(rows.k >= 2) & (rows.all_y > 0) & (rows.all_y < rows.all_n)]
        p = rows.all_y / rows.all_n
        terms = (rows.y - rows.n * p) ** 2 / (rows.n * p * (1 - p))
        p_values = stats.chi2.sf(terms.groupby(rows.place).sum(), rows.groupby("place").size() - 1)
        others = rows.all_n - rows.n
        z = (rows.y / rows.n - (rows.all_y - rows.y) / others) / np.sqrt(p * (1 - p) * (1 / rows.n + 1 / others))
        answers.append((terms.sum(), z.std(), stats.false_discovery_control(p_values), stats.kstest(p_values, "uniform").statistic))
    return answers[0][0], answers


def whole_percentages(table):
    """Every count on the grid of every station in one array, for two candidates, the turnout, and ten grids."""
    answers = []
    for name in ("EG", "NM"):
        rows = table[(table.RE >= 100) & (table.cast / table.RE <= 0.99) & (table[name] / table.cast <= 0.99)]
        for offset in range(10):
            for part, whole in ((rows[name].values, rows.cast.values), (rows.cast.values, rows.RE.values)):
                grid = (20 * np.arange(101)[None, :] + 2 * offset) * whole[:, None]
                low, high = -(-(grid - whole[:, None]) // 2000), (grid + whole[:, None]) // 2000
                chance = np.zeros(len(rows))
                for step in range(int((high - low).max()) + 1):
                    count = low + step
                    inside = (count <= high) & (count >= 0) & (count <= whole[:, None])
                    at = np.nonzero(inside)
                    pmf = stats.binom.pmf(count[at], whole[at[0]], (part / whole)[at[0]])
                    chance += np.bincount(at[0], pmf, minlength=len(rows))
                answers.append(chance.sum())
    return answers[0], answers


def digits(table):
    answers = []
    for name in ("EG", "NM", "valid", "RE"):
        numbers = table[name].values
        for least in (100, 50, 0):
            answers.append(stats.chisquare(np.bincount(numbers[numbers >= least] % 10, minlength=10)).statistic)
        large = numbers[numbers >= 100]
        tens, ones = large // 10 % 10, large % 10
        away = np.abs(tens - ones)
        answers.append(stats.binomtest(int((tens == ones).sum()), len(large), 0.1).pvalue)
        answers.append(stats.binomtest(int(((away == 1) | (away == 9)).sum()), len(large), 0.2).pvalue)
    return answers[2], answers


def duplicates(table):
    alike = table.groupby(CANDIDATES).size()
    triples = table.groupby(["EG", "NM", "valid"]).size()
    return int((alike * (alike - 1) // 2).sum()), (triples * (triples - 1) // 2).sum()


def fingerprint(table):
    answers = []
    turnout = table.cast / table.RE
    for name in ("EG", "NM"):
        share = table[name] / table.valid
        rate = np.log((table.RE - table[name]) / table[name])[table[name] > 0]
        answers += [np.corrcoef(turnout, share)[0, 1], stats.spearmanr(turnout, share).statistic, stats.skew(rate), stats.kurtosis(rate)]
        answers.append(np.polyfit(turnout, table[name] / table.RE, 1)[0])
        answers += [table[name][turnout <= limit].sum() / table.valid[turnout <= limit].sum() for limit in np.arange(0.3, 1, 0.05)]
    np.histogram2d(turnout, table.EG / table.valid, bins=100, range=[[0, 1], [0, 1]])
    return answers[0], answers


SCREENS = {
    "robustness": (robustness, ("S03_robustness", "sheets_only", "min_sheets_leader_runnerup_swapped")),
    "projection": (projection, ("S06_national_ratio", "results", "EG_share_of_valid", "estimate")),
    "tilt": (tilt, ("S07b_tilt", "tilt_RE", "EG_share")),
    "sisters": (sisters, ("S13_within_centre", "EG_of_valid", "chi2")),
    "integer-percentages": (whole_percentages, ("S12_kobak", "exact", "EG", "share", "expected")),
    "last-digit": (digits, ("S10_last_digit", "EG", "all", "chi2")),
    "duplicates": (duplicates, ("S14_duplicates", "vector_pairs")),
    "fingerprint": (fingerprint, ("S15_fingerprint", "EG", "pearson_turnout_share")),
}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    if not FILE.is_file():
        sys.exit(f"{FILE} is absent")
    with tempfile.TemporaryDirectory(prefix="testigo-bench-") as place:
        os.environ["TESTIGO_KEYS"] = f"{place}/keys"
        file, archive = Path(place) / "v1.csv", Path(place) / "archive"
        file.write_bytes(lzma.decompress(FILE.read_bytes()))
        testigo("init", archive, "--pack", "ve-2024", "--register", file)
        testigo("import", archive, file, "--format", "convzla")
        table = pd.read_csv(file, encoding="utf-8-sig")
        table["valid"], table["cast"] = table.VOTOS_VALIDOS, table.VOTOS_VALIDOS + table.VOTOS_NULOS
        values = {}

        def ours(screen, keys):
            words = ["analyse", archive, "--format", "json", "--no-simulation", "--screen", screen]
            seconds, said = processor_time(of_processes, lambda: testigo(*words))
            if keys:
                value = json.loads(said)
                for key in keys:
                    value = value[key]
                values[screen] = value
            return seconds

        def theirs(screen, work):
            seconds, (value, _) = processor_time(time.process_time, lambda: work(table))
            if abs(value - values[screen]) > 1e-9 * abs(value):
                sys.exit(f"{screen}: Testigo says {values[screen]}, the peer {value}")
            return seconds

        contenders = {"opening alone": lambda: ours("units", ()), "everything": lambda: whole(archive)}
        for screen, (work, keys) in SCREENS.items():
            contenders[screen] = lambda screen=screen, keys=keys: ours(screen, keys)
            contenders[f"{screen}, peer"] = lambda screen=screen, work=work: theirs(screen, work)
        found = in_turn(contenders, rounds)
        median = {name: statistics.median(seconds) for name, seconds in found.items()}
        print(f"\n{machine()}\n\n| screen | Testigo, process | of it the screen | numpy and scipy |\n| --- | ---: | ---: | ---: |")
        opening = median["opening alone"]
        for screen in SCREENS:
            alone = max(median[screen] - opening, 0.0)
            print(f"| {screen} | {median[screen]:.3f} | {alone:.3f} | {median[f'{screen}, peer']:.3f} |")
        print(f"| everything, without simulations | {median['everything']:.3f} | {median['everything'] - opening:.3f} | |")
        print(f"\nOpening the archive and folding its ledger: {opening:.3f} s.")


def whole(archive):
    return processor_time(of_processes, lambda: testigo("analyse", archive, "--format", "json", "--no-simulation"))[0]


if __name__ == "__main__":
    main()
