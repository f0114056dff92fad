"""Computes the statistics of a real results file with numpy, scipy and pandas, and compares with `testigo analyse`.

Shares no code with the program. Whole numbers must be equal, others within a relative 1e-9, tails of distributions within
1e-6. What is simulated is compared with what is expected, within the error of the simulation. `test_statistics.py` runs this
file with the Python that has the packages.
"""

import hashlib
import json
import lzma
import math
import os
import subprocess
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

from screens import CANDIDATES, by_place, edited, half_up, what_the_screens_say, whole_percentage_chances

PROGRAM = os.environ.get("TESTIGO", "target/debug/testigo")
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "ve2024"

GOLDEN = Path(__file__).resolve().parents[2] / "crates" / "analysis" / "tests" / "six_edits.json"

REGISTERED, STATIONS, Z95 = 21_392_464, 30_026, 1.959963984540054


def testigo(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"testigo {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


class Statistics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not FOLDER.is_dir():
            raise unittest.SkipTest(f"{FOLDER} is absent")
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        file, archive = Path(place.name) / "V1.csv", Path(place.name) / "archive"
        file.write_bytes(lzma.decompress((FOLDER / "RESULTADOS_2024_CSV_V1.csv.xz").read_bytes()))
        os.environ.setdefault("TESTIGO_KEYS", str(Path(place.name) / "keys"))
        testigo("init", archive, "--pack", "ve-2024", "--register", file)
        testigo("import", archive, file, "--format", "convzla")
        testigo("official", archive, FOLDER / "OFFICIAL.json")
        second, later = Path(place.name) / "V2.csv", Path(place.name) / "later"
        second.write_bytes(lzma.decompress((FOLDER / "RESULTADOS_2024_CSV_V2.csv.xz").read_bytes()))
        testigo("init", later, "--pack", "ve-2024", "--register", file)
        testigo("import", later, second, "--format", "convzla", "--extend-register")
        cls.answer = json.loads(testigo("analyse", archive, "--against", later, "--format", "json"))
        cls.later = pd.read_csv(second, encoding="latin-1")
        cls.bulletins = json.loads((FOLDER / "OFFICIAL.json").read_text())["bulletins"]
        table = pd.read_csv(file, encoding="utf-8-sig")
        table["valid"] = table.VOTOS_VALIDOS
        table["cast"] = table.VOTOS_VALIDOS + table.VOTOS_NULOS
        table["lead"] = table.EG - table.NM
        table["label"] = table.CENTRO.astype(str) + "-" + table.MESA.astype(str)
        cls.table, cls.sums = table, table[[*CANDIDATES, "valid", "VOTOS_NULOS", "cast", "RE", "lead"]].sum()
        cls.missing = int(REGISTERED - cls.sums.RE)
        cls.missing_valid = cls.missing * cls.sums.valid / cls.sums.RE

    def expect(self, path, expected, tolerance=1e-9):
        found = self.answer
        for key in path.split("/"):
            found = found[int(key)] if isinstance(found, list) else found[key]
        if isinstance(expected, (bool, int, str, np.integer)):
            self.assertEqual(found, expected, path)
        else:
            self.assertLessEqual(abs(found - expected), tolerance * abs(expected), f"{path}: {found}, not {expected}")

    def test_bounds_and_robustness(self):
        for name, base in (("with_abroad", REGISTERED), ("in_country", REGISTERED - 69_211)):
            missing = int(base - self.sums.RE)
            valid = missing * self.sums.valid / self.sums.RE
            block = f"S02_bounds/{name}/"
            self.expect(block + "missing_registered", missing)
            self.expect(block + "worst_case_margin_all_missing_registered_to_runner_up", int(self.sums.lead - missing))
            self.expect(block + "required_runner_up_share_of_valid_two_way", (valid + self.sums.lead) / (2 * valid))
        contributions = {
            "min_sheets_discarded_to_reach_tie_or_loss": self.table.lead,
            "min_sheets_leader_runnerup_swapped": 2 * self.table.lead,
            "min_sheets_all_cast_to_runnerup": self.table.lead + self.table.cast,
            "min_sheets_all_registered_to_runnerup": self.table.lead + self.table.RE,
        }
        for name, start in (
            ("sheets_only", self.sums.lead),
            ("after_missing_all_registered_to_runner_up", self.sums.lead - self.missing),
            ("after_missing_same_turnout_all_runner_up", self.sums.lead - math.floor(self.missing_valid)),
        ):
            for key, contribution in contributions.items():
                sums = np.cumsum(np.sort(contribution.values)[::-1])
                self.expect(f"S03_robustness/{name}/{key}", int(np.argmax(sums >= start) + 1))

    def test_proclaimed_figures(self):
        table, sums, n = self.table, self.sums, len(self.table)
        first, last = self.bulletins
        cast, votes = last["voters_counted"], last["votes"]
        # 96.87 % of 30,026: every number of stations that rounds to it.
        stations = [k for k in range(STATIONS + 1) if (20_000 * k + STATIONS) // (2 * STATIONS) == 9_687]
        block = "S04_official/gap/"
        self.assertEqual(self.answer["S04_official"]["gap"]["official_tables_range"], [stations[0], stations[-1]])
        outside = STATIONS - stations[0]
        others = table.cast - table.NM
        by_stations = int(sums.EG - np.sort(table.EG)[::-1][:outside].sum()), int(cast - np.sort(others)[: n - outside].sum())

        def knapsack(value, room):
            rows = pd.DataFrame({"value": value, "size": table.RE}).assign(rate=value / table.RE).sort_values("rate", ascending=False)
            taken = rows["size"].cumsum() <= room
            rest, next_one = room - rows["size"][taken].sum(), rows[~taken].iloc[0]
            return int(rows.value[taken].sum()) + math.floor(next_one.value * rest / next_one["size"])

        missing = last["registered"] - last["registered_in_counted_actas"]
        by_voters = int(sums.EG - knapsack(table.EG, missing)), int(cast - (others.sum() - knapsack(others, missing)))
        for at, (least, most) in enumerate((by_stations, by_voters)):
            reading = self.answer["S04_official"]["gap"]["by_meaning_of_coverage"][at]
            self.assertEqual((reading["bounds"]["EG"]["at_least"], reading["bounds"]["NM"]["at_most"]), (least, most))
        self.expect(block + "headline/EG/missing", min(by_stations[0], by_voters[0]) - votes["EG"])
        self.expect(block + "headline/NM/too_many", votes["NM"] - max(by_stations[1], by_voters[1]))
        self.expect(block + "NM_unexplainable", votes["NM"] - by_stations[1])
        self.expect(block + "no_drop_max_NM", int(sums.NM + cast - sums.cast))
        self.expect(block + "share_pp_EG", 100 * (sums.EG / sums.valid - votes["EG"] / last["valid"]))
        # The first bulletin: at least so many sheets are in 80 %.
        least = np.sort(table.EG).cumsum()
        for share in ("79.5", "80", "80.5"):
            counted = math.ceil(Decimal(share) * STATIONS / 100)
            common = n + counted - STATIONS
            block = f"S04b_official_more/bulletin1_{share}%/"
            self.expect(block + "min_common", common)
            self.expect(block + "min_EG", int(least[common - 1]))
            self.expect(block + "excess", int(least[common - 1]) - first["votes"]["EG"])
        enough = int(np.argmax(least > first["votes"]["EG"])) + 1
        self.expect("S04b_official_more/bulletin1_min_common_for_contradiction/common", enough)
        for candidate, number in votes.items():
            self.expect(f"S04_official/bulletin2/recomputed_pct_of_valid/{candidate}", 100 * number / last["valid"])
            stated = round(100 * last["stated_pct_of_valid"][candidate])
            rounds = half_up(10_000 * number, last["valid"]) == stated
            self.expect(f"S04_official/bulletin2/pct_round_ok/{candidate}", rounds)
        voters = [k for k in range(20_600_000, 20_700_000) if (20_000 * cast + k) // (2 * k) == 5_997]
        self.assertEqual(self.answer["S04_official"]["bulletin2"]["implied_registered_at_5997"], [voters[0], voters[-1]])

    def test_round_percentages(self):
        total = sum(self.bulletins[0]["votes"].values())
        rounded = [(2 * at * total + 1_000) // 2_000 for at in range(1_001)]
        triples = sum(rounded[i] + rounded[j] + rounded[1_000 - i - j] == total for i in range(1_001) for j in range(1_001 - i))
        block = "S05_rounding/"
        self.expect(block + "grid_triples_whose_roundings_sum_to_N", triples)
        self.expect(block + "prob_uniform_simplex", triples / math.comb(total + 2, 2))
        # Integer pairs of the two intervals whose rest lies in the third.
        ranges = []
        for tenths in (512, 442, 46):
            low, high = -(-(20 * tenths - 10) * total // 20_000), -(-(20 * tenths + 10) * total // 20_000) - 1
            ranges.append((low, high))
        (a, b), (c, d), (e, f) = ranges
        first = np.arange(a, b + 1)
        pairs = np.minimum(d, total - e - first) - np.maximum(c, total - f - first) + 1
        self.expect(block + "triples_consistent_with_1decimal_51_2_44_2_4_6", int(pairs[pairs > 0].sum()))
        self.assertEqual([self.answer["S05_rounding"]["interval_counts"][name] for name in ("NM", "EG", "OTHERS")], [list(one) for one in ranges])

    def test_sample_sizes(self):
        table, p = self.table, self.sums.EG / self.sums.valid
        spread = (table.EG - p * table.valid).std() / table.valid.mean()
        self.expect("S09_quick_count/S_ratio", spread)
        for margin in ("0.005", "0.01", "0.02", "0.03"):
            size = math.ceil(1 / ((float(margin) / (Z95 * spread)) ** 2 + 1 / STATIONS))
            self.expect(f"S09_quick_count/n_for_moe/{margin}", size)
        self.expect("S09_quick_count/moe_1500", Z95 * spread * math.sqrt((1 - 1500 / STATIONS) / 1500))

    def test_units_and_a_second_archive(self):
        for name, part in self.table.groupby("EDO"):
            for key, column in (("EG", "EG"), ("NM", "NM"), ("RE", "RE"), ("valid", "valid"), ("null", "VOTOS_NULOS")):
                self.expect(f"S30_by_state/{name}/{key}", int(part[column].sum()))
            self.expect(f"S30_by_state/{name}/tables", len(part))
        keys = ["CENTRO", "MESA"]
        both = self.table.merge(self.later, on=keys, how="outer", indicator=True, suffixes=("", "_later"))
        sides = both._merge.value_counts()
        for side in ("both", "left_only", "right_only"):
            self.expect(f"S31_v1_v2/merge/{side}", int(sides[side]))
        new = both[both._merge == "right_only"]
        self.expect("S31_v1_v2/new_valid", int(new.VOTOS_VALIDOS_later.sum()))
        self.expect("S31_v1_v2/new_EG_share", new.EG_later.sum() / new.VOTOS_VALIDOS_later.sum())
        self.expect("S31_v1_v2/new_lead", (new.EG_later - new.NM_later).sum() / new.VOTOS_VALIDOS_later.sum())
        known = both[both._merge == "both"]
        differ = sum((known[name] != known[f"{name}_later"]) for name in [*CANDIDATES, "VOTOS_VALIDOS", "VOTOS_NULOS"]) > 0
        self.expect("S31_v1_v2/rows_with_vote_differences", int(differ.sum()))
        for name in CANDIDATES:
            self.expect(f"S31_v1_v2/totals/{name}", int(self.later[name].sum()))

    def test_draws_and_martingales(self):
        def digest(text):
            return hashlib.sha256(text.encode()).hexdigest()

        def ticket(seed, label):
            return "0." + str(int(digest(digest(seed) + label), 16)).zfill(64)[::-1]

        for seed in ("28072024", "31415926535897932384", "01382438112797316654"):
            order = sorted((ticket(seed, label), label) for label in self.table.label)
            found = self.answer["S21_consistent_sampler"][seed]["without_replacement"]
            self.assertEqual([label for _, label, _ in found], [label for _, label in order[: len(found)]])
        seed = "31415926535897932384"
        order = [label for _, label in sorted((ticket(seed, label), label) for label in self.table.label)][:500]
        self.expect(f"S21_consistent_sampler/sample_sha256_first_500_seed_{seed}", digest("\n".join(order)))
        # ALPHA and two bets on the sample, drawn without replacement, for a mean of at most a half.
        values = dict(zip(self.table.label, (self.table.lead + self.table.cast.max()) / (2 * self.table.cast.max())))
        drawn, n = np.array([values[label] for label in order]), len(self.table)
        before = np.concatenate([[0.0], drawn.cumsum()[:-1]])
        left = n - np.arange(len(drawn))
        null = (n * 0.5 - before) / left
        eta = (n * 0.6 - before) / left
        weight = 100 + np.arange(len(drawn))
        shrunk = np.maximum((100 * 0.6 + before) / weight, null + 0.05 / np.sqrt(weight))
        tests = {
            "alpha_fixed_eta_0_6": drawn * eta / null + (1 - drawn) * (1 - eta) / (1 - null),
            "alpha_shrink_trunc_eta0_6_c0_05_d100_f0": drawn * shrunk / null + (1 - drawn) * (1 - shrunk) / (1 - null),
            "betting_fixed_lam_0_5": 1 + 0.5 * (drawn - null),
            "kaplan_wald_g_0_1": 0.9 * drawn / 0.5 + 0.1,
        }
        for name, factors in tests.items():
            history = np.minimum(1, 1 / factors.cumprod())
            block = f"S25_shangrla/{name}/"
            self.expect(block + "p", history.min(), 1e-8)
            self.expect(block + "p_after_10", history[9])
            self.expect(block + "first_n_p_le_0_05", int(np.argmax(history <= 0.05)) + 1)

    def test_many_looks(self):
        family = self.answer["S18_multiplicity"]["family"]
        names = sorted(family, key=family.get)
        highest = 0.0
        for at, name in enumerate(names):
            highest = max(highest, min(1.0, (len(names) - at) * family[name]))
            self.expect(f"S18_multiplicity/holm/{name}", highest)
        for name, value in zip(names, stats.false_discovery_control([family[name] for name in names])):
            self.expect(f"S18_multiplicity/bh/{name}", value)

    def test_projection(self):
        table, n = self.table, len(self.table)
        f = n / STATIONS
        for name, y, x in (
            ("EG_share_of_valid", table.EG, table.valid),
            ("lead_share_of_valid", table.lead, table.valid),
            ("turnout_cast_per_registered", table.cast, table.RE),
            ("NM_per_registered", table.NM, table.RE),
        ):
            ratio = y.sum() / x.sum()
            rest = y - ratio * x
            places = rest.groupby(table.CENTRO).sum()
            m = len(places)
            block = f"S06_national_ratio/results/{name}/"
            self.expect(block + "estimate", ratio)
            self.expect(block + "se_srs_tables_fpc", math.sqrt((1 - f) * n / (n - 1) * (rest**2).sum()) / x.sum())
            self.expect(block + "se_cluster_centre_fpc", math.sqrt((1 - f) * m / (m - 1) * (places**2).sum()) / x.sum())
            self.expect(block + "se_cluster_centre_no_fpc", math.sqrt(m / (m - 1) * (places**2).sum()) / x.sum())

    def test_missing_sheets(self):
        table, sums = self.table, self.sums
        observed = sums.lead / sums.valid
        self.expect("S07_mnar/tipping_delta", observed + sums.lead / self.missing_valid)
        self.expect("S07_mnar/flip_feasible", bool(observed + sums.lead / self.missing_valid <= 1 + observed))
        size = table.RE.values.astype(float)
        target = self.missing / (STATIONS - len(table))

        def weights(rate):
            return np.exp(rate * (size - size.mean()))

        rate = optimize.brentq(
            lambda rate: (weights(rate) * size).sum() / weights(rate).sum() - target, -0.05, 0.05, xtol=1e-16, rtol=1e-15
        )
        weight = weights(rate)
        self.expect("S07b_tilt/tilt_RE/lambda_", rate, 1e-8)
        self.expect("S07b_tilt/tilt_RE/EG_share", (weight * table.EG).sum() / (weight * table.valid).sum())
        projected = sums.NM + self.missing * (weight * table.NM).sum() / (weight * size).sum()
        self.expect("S07b_tilt/tilt_RE/projected_NM", projected)
        alone = table[table.groupby("CENTRO").MESA.transform("max") == 1]
        self.expect("S07b_tilt/single_table_centres/n", len(alone))
        self.expect("S07b_tilt/single_table_centres/lead", alone.lead.sum() / alone.valid.sum())
        for at, (_, part) in enumerate(table.groupby(pd.qcut(table.RE, 10), observed=False)):
            self.expect(f"S07b_tilt/lead_by_RE_decile/{at}", part.lead.sum() / part.valid.sum())

    def test_hold_out(self):
        table, n = self.table, len(self.table)
        lot = np.array([hashlib.sha256(label.encode()).digest()[0] for label in table.label])
        thinned = table.COD_EDO.isin([7, 13, 21, 22]).values
        samples = [lot < 64, lot < 8, (table.MESA == 1).values, (lot < 64) & (~thinned | (lot < 16))]
        for at, sample in enumerate(samples):
            drawn = table[sample]
            size, f = len(drawn), len(drawn) / n
            ratio = drawn.EG.sum() / drawn.valid.sum()
            rest = drawn.EG - ratio * drawn.valid
            block = f"S08_holdout_experiments/{at}/estimators/"
            self.expect(f"S08_holdout_experiments/{at}/n", size)
            self.expect(block + "unstratified_share/estimate", ratio)
            error = math.sqrt((1 - f) * size / (size - 1) * (rest**2).sum()) / drawn.valid.sum()
            self.expect(block + "unstratified_share/se", error)
            there, strata = table.groupby("COD_EDO").size(), drawn.groupby("COD_EDO")
            here = strata.size()
            whole = (there * strata.valid.mean()).sum()
            share = (there * strata.EG.mean()).sum() / whole
            spread = (drawn.EG - share * drawn.valid).groupby(drawn.COD_EDO).std()
            self.expect(block + "stratified_share/estimate", share)
            error = math.sqrt((there**2 * (1 - here / there) * spread**2 / here).sum()) / whole
            self.expect(block + "stratified_share/se", error)
            registered, lead, voters = table.groupby("COD_EDO").RE.sum(), strata.lead.sum(), strata.RE.sum()
            squares = ((drawn.lead - drawn.COD_EDO.map(lead / voters) * drawn.RE) ** 2).groupby(drawn.COD_EDO).sum()
            self.expect(block + "stratified_margin/estimate", (registered * lead / voters).sum())
            error = ((registered / voters) ** 2 * (1 - here / there) * here / (here - 1) * squares).sum()
            self.expect(block + "stratified_margin/se", math.sqrt(error))
        # The third is biased by design and has to miss.
        misses = [not self.answer["S08_holdout_experiments"][at]["estimators"]["unstratified_share"]["covers"] for at in range(4)]
        self.assertEqual(misses, [False, True, True, False])

    def test_digits(self):
        for name in ("EG", "NM", "VOTOS_VALIDOS", "RE"):
            numbers = self.table[name].values
            for key, least in (("ge100", 100), ("ge50", 50), ("all", 0)):
                found = stats.chisquare(np.bincount(numbers[numbers >= least] % 10, minlength=10))
                self.expect(f"S10_last_digit/{name}/{key}/chi2", found.statistic)
                self.expect(f"S10_last_digit/{name}/{key}/p", found.pvalue, 1e-6)
            large = numbers[numbers >= 100]
            tens, ones = large // 10 % 10, large % 10
            test = stats.binomtest(int((tens == ones).sum()), len(large), 0.1)
            self.expect(f"S10_last_digit/{name}/doublets_ge100/p_two_sided", test.pvalue, 1e-6)
            away = np.abs(tens - ones)
            test = stats.binomtest(int(((away == 1) | (away == 9)).sum()), len(large), 0.2)
            self.expect(f"S10_last_digit/{name}/adjacent_ge100/p_two_sided", test.pvalue, 1e-6)

    def test_whole_percentages(self):
        def chances(part, whole, offset):
            return whole_percentage_chances(part, whole, offset)[0]

        for name in ("EG", "NM"):
            table = self.table
            table = table[(table.RE >= 100) & (table.cast / table.RE <= 0.99) & (table[name] / table.cast <= 0.99)]
            share, turnout = chances(table[name].values, table.cast.values, 0), chances(table.cast.values, table.RE.values, 0)
            either = 1 - (1 - share) * (1 - turnout)
            self.expect(f"S12_kobak/exact/{name}/stations", len(table))
            for key, chance in (("share", share), ("turnout", turnout), ("either", either)):
                block, sd = f"S12_kobak/exact/{name}/{key}/", math.sqrt((chance * (1 - chance)).sum())
                self.expect(block + "expected", chance.sum())
                self.expect(block + "sd", sd)
                simulated = self.answer["S12_kobak"]["dkobak_monte_carlo"][name][key]
                self.assertLess(abs(simulated["mc_mean"] - chance.sum()), 4 * sd / math.sqrt(1000))
            shifted = chances(table[name].values, table.cast.values, 3).sum()
            self.expect(f"S12_kobak/placebo_offsets/{name}/3/share/expected", shifted)

    def test_sisters(self):
        table = self.table
        for name, part, whole in (
            ("EG_of_valid", table.EG, table.valid),
            ("turnout", table.cast, table.RE),
            ("null_of_cast", table.VOTOS_NULOS, table.cast),
            ("others_of_valid", table.valid - table.EG - table.NM, table.valid),
            ("EG_of_EGplusNM", table.EG, table.EG + table.NM),
        ):
            chi2, df, z = by_place(table, part, whole)
            p_values = stats.chi2.sf(chi2, df)
            block = f"S13_within_centre/{name}/"
            self.expect(block + "chi2", chi2.sum())
            self.expect(block + "df", int(df.sum()))
            self.expect(block + "p", stats.chi2.sf(chi2.sum(), df.sum()), 1e-6)
            self.expect(block + "centres_p_lt_0_001", int((p_values < 0.001).sum()))
            self.expect(block + "centres_p_gt_0_95", int((p_values > 0.95).sum()))
            self.expect(block + "bh_q_0_01", int((stats.false_discovery_control(p_values) <= 0.01).sum()))
            self.expect(block + "bonferroni_0_05", int((p_values < 0.05 / len(p_values)).sum()))
            self.expect(block + "loo_abs_z_gt_4", int((z.abs() > 4).sum()))
            self.expect(block + "loo_z_sd", z.std())
            self.expect(block + "ks_uniform", stats.kstest(p_values, "uniform").statistic)

    def test_duplicates_and_turnout(self):
        for key, columns in (("vector_pairs", CANDIDATES), ("EG_NM_valid_pairs", ["EG", "NM", "valid"])):
            alike = self.table.groupby(columns).size()
            self.expect(f"S14_duplicates/{key}", int((alike * (alike - 1) // 2).sum()))
        table = self.table
        turnout, share = table.cast / table.RE, table.EG / table.valid
        self.expect("S15_fingerprint/EG/pearson_turnout_share", np.corrcoef(turnout, share)[0, 1])
        self.expect("S15_fingerprint/EG/spearman", stats.spearmanr(turnout, share).statistic)
        rate = np.log((table.RE - table.NM) / table.NM)[table.NM > 0]
        self.expect("S15_fingerprint/NM/log_vote_rate/skew", stats.skew(rate))
        self.expect("S15_fingerprint/NM/log_vote_rate/excess_kurtosis", stats.kurtosis(rate))

    def test_six_edits(self):
        """The table that crates/analysis/tests/sensitivity.rs holds the program to is what is computed here."""
        golden = json.loads(GOLDEN.read_text())
        edits = edited(self.table)
        self.assertEqual(list(golden), list(edits))
        for name, (table, sheets) in edits.items():
            self.alike(what_the_screens_say(table, sheets), golden[name], name)

    def alike(self, found, expected, path):
        if isinstance(expected, dict):
            self.assertEqual(sorted(found), sorted(expected), path)
            for key, value in expected.items():
                self.alike(found[key], value, f"{path}/{key}")
        elif isinstance(expected, list):
            self.assertEqual(len(found), len(expected), path)
            for at, value in enumerate(expected):
                self.alike(found[at], value, f"{path}/{at}")
        elif isinstance(expected, int):
            self.assertEqual(found, expected, path)
        else:
            self.assertLessEqual(abs(found - expected), 1e-6 * abs(expected), path)

    def test_audit(self):
        table = self.table
        totals = {name: int(self.sums[name]) for name in CANDIDATES}
        for pending in (0, self.missing):
            bounds = [
                max(Decimal(row["EG"] - row[name] + row["cast"]) / Decimal(totals["EG"] - totals[name] - pending) for name in CANDIDATES[1:])
                for row in table[[*CANDIDATES, "cast"]].to_dict("records")
            ]
            total = Decimal(0)
            for bound in bounds:
                total += bound
            block = f"S20_macro/pending_{pending}/"
            self.expect(block + "U", str(total))
            size = math.ceil(Decimal("0.05").ln() / (1 - 1 / total).ln()) + 1
            self.expect(block + "sample_size_risk_5", int(size))
            if pending == 0:
                seed = self.answer["S20_macro"]["ppeb_seed"].encode()
                random = np.random.default_rng(int(hashlib.sha256(seed).hexdigest(), 16))
                drawn = random.choice(len(table), size, p=[float(bound / total) for bound in bounds])
                self.assertEqual(self.answer["S20_macro"]["ppeb_draws"], [table.label[row] for row in drawn])
        none = stats.hypergeom.pmf
        for bad, size in self.answer["S24_discovery"]["n_needed_by_bad_sheets"].items():
            self.assertTrue(none(0, len(table), int(bad), size) <= 0.05 < none(0, len(table), int(bad), size - 1), bad)
        for size, bad in self.answer["S24_discovery"]["upper95_bad_sheets_if_0_found"].items():
            self.assertTrue(none(0, len(table), bad, int(size)) > 0.05 >= none(0, len(table), bad + 1, int(size)), size)
        for seed in ("28072024", "31415926535897932384"):
            numbers = [int(hashlib.sha256(f"{seed},{at}".encode()).hexdigest(), 16) % len(table) + 1 for at in range(1, 11)]
            self.assertEqual(self.answer["S22_mod_sampler"][seed], numbers)


if __name__ == "__main__":
    unittest.main()
