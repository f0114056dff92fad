"""The screens with numpy, scipy and pandas, and six ways of changing sheets that they are tried on (S12, S13, S19)."""

import hashlib
import math

import numpy as np
import pandas as pd
from scipy import stats

CANDIDATES = "EG NM LM JABE JOBR AE CF DC EM BERA".split()


def half_up(part, whole):
    return (2 * part + whole) // (2 * whole)


def edited(table):
    """The six ways of changing real sheets, by name, each with the number of sheets that it is about."""
    byte = np.array([hashlib.sha256(label.encode()).digest()[1] for label in table.label])

    def edit(limit, change):
        rows, drawn = table.copy(), byte < limit
        sheets = int(drawn.sum())
        change(rows, drawn)
        rows["valid"] = rows[CANDIDATES].sum(axis=1)
        rows["cast"] = rows.valid + rows.VOTOS_NULOS
        return rows, sheets

    def swap(rows, drawn):
        rows.loc[drawn, ["EG", "NM"]] = table.loc[drawn, ["NM", "EG"]].values

    def add(rows, drawn):
        rows.loc[drawn, "NM"] += ((table.RE - table.cast) * 25 // 100)[drawn]

    def whole_percentages(rows, drawn):
        votes = half_up(half_up(100 * table.NM, table.valid) * table.valid, 100)
        drawn &= table.EG + table.NM >= votes
        rows.loc[drawn, "EG"] = (table.EG + table.NM - votes)[drawn]
        rows.loc[drawn, "NM"] = votes[drawn]

    def copy(rows, drawn):
        drawn[0] = False
        rows.loc[drawn, CANDIDATES] = table[CANDIDATES].shift(fill_value=0)[drawn].values

    def two_percentages(rows, drawn):
        rows[CANDIDATES] = 0
        rows["NM"], rows["EG"] = half_up(512 * table.valid, 1000), half_up(442 * table.valid, 1000)
        rows["LM"] = table.valid - rows.NM - rows.EG

    def no_repeated_digits(rows, drawn):
        drawn &= (table.NM // 10 % 10 == table.NM % 10) & (table.EG > 0)
        rows.loc[drawn, "NM"] += 1
        rows.loc[drawn, "EG"] -= 1

    edits = {
        "M0_original": (0, lambda *_: None),
        "M1_swap_EG_NM_byte_lt_5": (5, swap),
        "M2_stuff_25pct_of_abstainers_to_NM_byte_lt_51": (51, add),
        "M3_round_NM_to_integer_pct_byte_lt_13": (13, whole_percentages),
        "M4_copy_previous_row_byte_lt_3": (3, copy),
        "M5_every_table_51_2_44_2": (256, two_percentages),
        "M6_no_repeated_last_two_digits_NM_byte_lt_26": (26, no_repeated_digits),
    }
    return {name: edit(*one) for name, one in edits.items()}


def whole_percentage_chances(part, whole, offset=0):
    """The chance of each station to have a percentage on the grid, and whether it has one."""

    def one(part, whole):
        counts = np.arange(whole + 1)
        rest = (1000 * counts - offset * whole) % (10 * whole)
        on = counts[2 * np.minimum(rest, 10 * whole - rest) <= whole]
        return stats.binom.pmf(on, whole, part / whole).sum(), part in on

    return np.array([one(*pair) for pair in zip(part, whole)]).T


def by_place(table, part, whole):
    """S13 of one share: the stations of each place against it, and each against its sisters."""
    rows = pd.DataFrame({"place": table.CENTRO, "y": part, "n": whole})
    places = rows.groupby("place")
    rows = rows.assign(all_y=places.y.transform("sum"), all_n=places.n.transform("sum"), k=places.y.transform("size"))
    rows = rows[(rows.k >= 2) & (rows.all_y > 0) & (rows.all_y < rows.all_n)]
    p = rows.all_y / rows.all_n
    terms = (rows.y - rows.n * p) ** 2 / (rows.n * p * (1 - p))
    others = rows.all_n - rows.n
    z = (rows.y / rows.n - (rows.all_y - rows.y) / others) / np.sqrt(p * (1 - p) * (1 / rows.n + 1 / others))
    return terms.groupby(rows.place).sum(), rows.groupby("place").size() - 1, z


def what_the_screens_say(table, sheets):
    """S19 of one edit."""

    def last_digit(numbers):
        found = stats.chisquare(np.bincount(numbers % 10, minlength=10))
        return [found.statistic, found.pvalue]

    def second_digit(numbers):
        digits = np.array([int(str(number)[1]) for number in numbers[numbers >= 10]])
        expected = [sum(math.log10(1 + 1 / (10 * first + second)) for first in range(1, 10)) for second in range(10)]
        return stats.chisquare(np.bincount(digits, minlength=10), np.array(expected) / sum(expected) * len(digits)).statistic

    def sisters(part, whole):
        chi2, df, z = by_place(table, part, whole)
        found = {"chi2": chi2.sum(), "df": int(df.sum()), "phi": chi2.sum() / df.sum()}
        return found | {"loo_gt4": int((z.abs() > 4).sum()), "max_abs_z": z.abs().max()}

    rows = table[(table.cast > 0) & (table.RE >= 100) & (table.cast / table.RE <= 0.99) & (table.NM / table.cast <= 0.99)]
    chance, on = whole_percentage_chances(rows.NM.values, rows.cast.values)
    expected, sd = chance.sum(), math.sqrt((chance * (1 - chance)).sum())
    bins = pd.DataFrame({"bin": 100 * table.cast // table.RE, "it": table.NM, "others": table.cast - table.NM})
    bins = bins.groupby("bin").sum().reindex(range(0, 400), fill_value=0)
    peak = int(bins.others.idxmax())
    near = bins.loc[max(peak - 5, 0) : peak].sum()
    ratio = near["it"] / near.others
    alike = table.groupby(CANDIDATES).size()
    return {
        "sheets": sheets,
        "EG": int(table.EG.sum()),
        "NM": int(table.NM.sum()),
        "valid": int(table.valid.sum()),
        "cast_gt_RE": int((table.cast > table.RE).sum()),
        "lastdigit_EG": last_digit(table.EG.values),
        "lastdigit_NM": last_digit(table.NM.values),
        "bl2_EG": second_digit(table.EG.values),
        "bl2_NM": second_digit(table.NM.values),
        "kobak_NM": {"n": len(rows), "observed": int(on.sum()), "expected": expected, "z": (on.sum() - expected) / sd},
        "within_EG": sisters(table.EG, table.valid),
        "within_turnout": sisters(table.cast, table.RE),
        "dup_pairs": int((alike * (alike - 1) // 2).sum()),
        "shpilkin_NM": {"peak": peak, "ratio": ratio, "anomalous": (bins["it"] - ratio * bins.others)[peak + 1 :].sum()},
        "corr_turnout_NM": np.corrcoef(table.cast / table.RE, table.NM / table.cast)[0, 1],
    }
