//! What the screens see and what they do not (S19): six ways of changing real sheets, each on sheets that a lottery names,
//! and the screens that move, with those that stay quiet.
//!
//! The edits are deterministic. B is the second byte of the SHA-256 of a sheet's label. What a test says it "sees" is
//! stated here once, so that nobody claims more for a screen than it showed. `six_edits.json` has every number of S19 as
//! numpy, scipy and pandas compute it; `tests/outside/statistics_of_a_real_election.py` holds that file to them.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod real;

use serde_json::{Value, json};
use testigo_analysis::digits::{digits, last_digit, second_digit};
use testigo_analysis::duplicates::duplicates;
use testigo_analysis::fingerprint::{over_turnout, turnout_share_correlation};
use testigo_analysis::hold_out::lottery;
use testigo_analysis::integer_percentages::whole_percentages;
use testigo_analysis::sheets::Sheet;
use testigo_analysis::sisters::fits;
use testigo_analysis::{Sheets, bounds};

/// The screens' answers on one set of sheets.
#[derive(Debug)]
struct Screens {
    changed: usize,
    margin: i64,
    more_ballots_than_voters: usize,
    last_digit_p: [f64; 2],
    second_digit: [f64; 2],
    doublets: (u64, f64),
    whole_z: f64,
    leader_dispersion: f64,
    leader_far: usize,
    turnout_dispersion: f64,
    turnout_far: usize,
    pairs: u64,
    correlation: f64,
    beyond_peak: f64,
}

fn byte(sheet: &Sheet) -> u8 {
    lottery(&sheet.label, 1)
}

/// Changes the votes of every sheet that is drawn; valid votes are recomputed.
fn edited(sheets: &Sheets, below: u16, edit: impl Fn(usize, &Sheet, &mut [u64])) -> (Sheets, usize) {
    let mut edited = sheets.clone();
    let mut changed = 0;
    for (at, row) in edited.rows.iter_mut().enumerate() {
        if u16::from(byte(row)) < below {
            edit(at, &sheets.rows[at], &mut row.votes);
            row.valid = row.votes.iter().sum();
            row.stated_valid = None;
            changed += 1;
        }
    }
    (edited, changed)
}

/// The answers, each number held to the one computed without this program.
fn screens(name: &str, (sheets, changed): (Sheets, usize)) -> Screens {
    let expected: Value = serde_json::from_str(include_str!("six_edits.json")).unwrap();
    alike(&all(&sheets, changed), &expected[name], name);
    let (leader, runner_up) = (sheets.leader, sheets.runner_up);
    let column = |candidate: usize| sheets.rows.iter().map(|row| row.votes[candidate]).collect::<Vec<u64>>();
    let both = [column(leader), column(runner_up)];
    let fits = fits(&sheets);
    let by_leader = &fits[&format!("{}_of_valid", sheets.leader_id())];
    let doublets = digits(&both[1]).doublets_ge100;
    Screens {
        changed,
        margin: bounds::margin(&sheets, &sheets.sums()),
        more_ballots_than_voters: sheets.rows.iter().filter(|row| row.cast() > row.voters()).count(),
        last_digit_p: [0, 1].map(|at| last_digit(&both[at], 0).p),
        second_digit: [0, 1].map(|at| second_digit(both[at].iter().copied())),
        doublets: (doublets.equal_last_two, doublets.z),
        whole_z: whole_percentages(&sheets, runner_up).unwrap().share.z,
        leader_dispersion: by_leader.summary().dispersion,
        leader_far: by_leader.beyond(4.0).len(),
        turnout_dispersion: fits["turnout"].summary().dispersion,
        turnout_far: fits["turnout"].beyond(4.0).len(),
        pairs: duplicates(&sheets).vector_pairs,
        correlation: turnout_share_correlation(&sheets, runner_up),
        beyond_peak: over_turnout(&sheets, runner_up).anomalous,
    }
}

/// S19 of one edit, under the keys of the definitions.
fn all(sheets: &Sheets, changed: usize) -> Value {
    let (leader, runner_up) = (sheets.leader, sheets.runner_up);
    let column = |candidate: usize| sheets.rows.iter().map(|row| row.votes[candidate]).collect::<Vec<u64>>();
    let last = |candidate: usize| {
        let found = last_digit(&column(candidate), 0);
        json!([found.chi2, found.p])
    };
    let second = |candidate: usize| second_digit(column(candidate).into_iter());
    let fits = fits(sheets);
    let within = |name: &str| {
        let (fit, summary) = (&fits[name], fits[name].summary());
        json!({
            "chi2": summary.chi2, "df": summary.df, "phi": summary.dispersion, "loo_gt4": fit.beyond(4.0).len(), "max_abs_z": fit.largest(),
        })
    };
    let whole = whole_percentages(sheets, runner_up).unwrap();
    let share = &whole.share;
    json!({
        "sheets": changed,
        "EG": column(leader).iter().sum::<u64>(),
        "NM": column(runner_up).iter().sum::<u64>(),
        "valid": sheets.sums().valid,
        "cast_gt_RE": sheets.rows.iter().filter(|row| row.cast() > row.voters()).count(),
        "lastdigit_EG": last(leader),
        "lastdigit_NM": last(runner_up),
        "bl2_EG": second(leader),
        "bl2_NM": second(runner_up),
        "kobak_NM": { "n": whole.stations, "observed": share.observed, "expected": share.expected, "z": share.z },
        "within_EG": within("EG_of_valid"),
        "within_turnout": within("turnout"),
        "dup_pairs": duplicates(sheets).vector_pairs,
        "shpilkin_NM": over_turnout(sheets, runner_up),
        "corr_turnout_NM": turnout_share_correlation(sheets, runner_up),
    })
}

/// Whole numbers exactly, others to 1e-6.
#[track_caller]
fn alike(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{path}");
            expected.iter().for_each(|(key, value)| alike(&found[key], value, &format!("{path}/{key}")));
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{path}");
            found.iter().zip(expected).for_each(|(found, expected)| alike(found, expected, path));
        }
        _ if expected.is_u64() => assert_eq!(found, expected, "{path}"),
        _ => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{path}: {found}, not {expected}");
        }
    }
}

fn half_up(part: u64, whole: u64) -> u64 {
    (2 * part + whole) / (2 * whole)
}

/// Near the value on the untouched sheets, in absolute terms.
fn stays(name: &str, found: f64, before: f64, by: f64) {
    assert!((found - before).abs() <= by, "{name} was to stay at {before}, it is {found}");
}

#[test]
fn six_edits_move_the_screens_that_can_see_them_and_no_others() {
    let Some((sheets, _)) = real::first() else { return };
    // Leader and runner-up stay named as before the edit, whoever is ahead after it.
    let (leader, runner_up) = (sheets.leader, sheets.runner_up);
    let third = sheets.candidate("LM").unwrap();
    let original = screens("M0_original", (sheets.clone(), 0));
    println!("M0 {original:?}");
    // Second digits are far from Benford's law with nothing edited: why they are a lesson and no screen.
    assert!(original.second_digit.iter().all(|chi2| *chi2 > 50.0));
    let quiet = |name: &str, screens: &Screens, seen: &[&str]| {
        println!("{name} {screens:?}");
        let see = |screen: &str| seen.contains(&screen);
        assert!(see("hard logic") || screens.more_ballots_than_voters == 0);
        if !see("last digit") {
            assert!(screens.last_digit_p.iter().all(|p| *p > 0.001), "{name}: {:?}", screens.last_digit_p);
        }
        if !see("doublets") {
            stays(&format!("{name} doublets"), screens.doublets.1, original.doublets.1, 1.5);
        }
        if !see("whole percentages") {
            stays(&format!("{name} whole percentages"), screens.whole_z, original.whole_z, 1.5);
        }
        if !see("sisters") {
            stays(&format!("{name} sisters"), screens.leader_dispersion, original.leader_dispersion, 0.05);
        }
        if !see("turnout") {
            stays(&format!("{name} turnout"), screens.turnout_dispersion, original.turnout_dispersion, 0.001);
        }
        if !see("duplicates") {
            assert!(screens.pairs <= original.pairs + 2, "{name}: {}", screens.pairs);
        }
    };

    // M1: leader and runner-up swapped on one sheet in fifty.
    let swapped = screens("M1_swap_EG_NM_byte_lt_5", edited(&sheets, 5, |_, _, votes| votes.swap(leader, runner_up)));
    quiet("M1", &swapped, &["sisters"]);
    assert!(swapped.margin < original.margin - 50_000);
    assert!(
        swapped.leader_far > 5 * original.leader_far && swapped.leader_dispersion > 2.0 * original.leader_dispersion
    );

    // M2: a quarter of those who stayed at home "voted" for the runner-up, on one sheet in five.
    let added = screens(
        "M2_stuff_25pct_of_abstainers_to_NM_byte_lt_51",
        edited(&sheets, 51, |_, row, votes| votes[runner_up] += (row.voters() - row.cast()) * 25 / 100),
    );
    quiet("M2", &added, &["sisters", "turnout"]);
    assert!(
        added.turnout_dispersion > 1.5 * original.turnout_dispersion && added.turnout_far > 5 * original.turnout_far
    );
    // The correlation of turnout and share, which many read as a sign, hardly moves: it was there before.
    assert!(original.correlation > 0.4);
    stays("M2 correlation", added.correlation, original.correlation, 0.05);
    assert!(added.beyond_peak > original.beyond_peak + 20_000.0);

    // M3: the runner-up's votes made from whole percentages on one sheet in twenty; the leader makes up the difference.
    let rounded = screens(
        "M3_round_NM_to_integer_pct_byte_lt_13",
        edited(&sheets, 13, |_, row, votes| {
            let whole = half_up(half_up(100 * votes[runner_up], row.valid) * row.valid, 100);
            if votes[leader] + votes[runner_up] >= whole {
                votes[leader] = votes[leader] + votes[runner_up] - whole;
                votes[runner_up] = whole;
            }
        }),
    );
    quiet("M3", &rounded, &["whole percentages"]);
    assert!(rounded.whole_z > original.whole_z + 6.0);
    stays("M3 margin", rounded.margin as f64, original.margin as f64, 3_000.0);

    // M4: the votes of the row before, on one sheet in eighty.
    let copied = screens(
        "M4_copy_previous_row_byte_lt_3",
        edited(&sheets, 3, |at, _, votes| {
            if let Some(before) = at.checked_sub(1) {
                votes.copy_from_slice(&sheets.rows[before].votes);
            }
        }),
    );
    println!("M4 {copied:?}");
    assert!(copied.pairs > 200);
    stays("M4 last digit", copied.last_digit_p[0].min(0.5), original.last_digit_p[0].min(0.5), 0.45);
    stays("M4 whole percentages", copied.whole_z, original.whole_z, 1.5);

    // M5: every sheet made from the two percentages of the first bulletin.
    let made = screens(
        "M5_every_table_51_2_44_2",
        edited(&sheets, 256, |_, row, votes| {
            votes.fill(0);
            votes[runner_up] = half_up(512 * row.valid, 1_000);
            votes[leader] = half_up(442 * row.valid, 1_000);
            votes[third] = row.valid - votes[runner_up] - votes[leader];
        }),
    );
    println!("M5 {made:?}");
    assert_eq!(made.changed, sheets.len());
    assert!(made.margin < 0, "who leads changes");
    // Sheets agree far better than voters do: the other tail.
    assert!(made.leader_dispersion < 0.01 && made.leader_far == 0);
    assert!(made.whole_z < -5.0, "51.2 % is no whole percentage");
    assert!(made.pairs > 100_000);
    stays("M5 turnout", made.turnout_dispersion, original.turnout_dispersion, 1e-9);

    // M6: no repeated last digits in the runner-up's votes, on one sheet in ten.
    let avoided = screens(
        "M6_no_repeated_last_two_digits_NM_byte_lt_26",
        edited(&sheets, 26, |_, _, votes| {
            let number = votes[runner_up];
            if number / 10 % 10 == number % 10 && votes[leader] > 0 {
                votes[runner_up] += 1;
                votes[leader] -= 1;
            }
        }),
    );
    quiet("M6", &avoided, &["doublets", "last digit"]);
    assert!(avoided.doublets.1 < original.doublets.1 - 2.0, "{:?} {:?}", avoided.doublets, original.doublets);
    // What it does to everything else cannot be seen.
    stays("M6 margin", avoided.margin as f64, original.margin as f64, 1_000.0);
}
