//! The statistics of a real election against values that were computed without this program (numpy, scipy, pandas, and
//! the reference programs of the samplers).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod real;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testigo_analysis::official::bounds::{Known, Meaning, Reading, headline, readings};
use testigo_analysis::report::{Facts, Question, SCREENS};
use testigo_analysis::{Settings, Sheets};

fn answer(sheets: &Sheets, settings: &Settings, against: Option<&Sheets>, screens: &[&str]) -> Value {
    let question = Question {
        sheets,
        against,
        settings,
        bulletins: &real::bulletins().unwrap(),
        facts: &Facts::default(),
        screens: screens.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>(),
        seed: 1,
        simulate: true,
        progress: &|_, _, _| {},
    };
    question.answer().to_json()
}

/// Whole numbers exactly, others to a relative 1e-9, at a path of keys.
#[track_caller]
fn expect(answer: &Value, path: &str, expected: &Value) {
    let mut keys = path.split('/');
    let found = keys.try_fold(answer, |value, key| match key.parse::<usize>() {
        Ok(at) if value.is_array() => value.get(at),
        _ => value.get(key),
    });
    let found = found.unwrap_or_else(|| panic!("there is no {path}"));
    match (found.as_f64(), expected.as_f64()) {
        (Some(one), Some(two)) if !expected.is_i64() && !expected.is_u64() => {
            assert!((one - two).abs() <= 1e-9 * two.abs(), "{path}: {one}, not {two}");
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

#[test]
fn what_needs_no_probability() {
    let Some((sheets, settings)) = real::first() else { return };
    let answer = answer(
        &sheets,
        &settings,
        None,
        &["data", "bounds", "robustness", "official", "official-more", "rounding", "units"],
    );
    for (path, expected) in [
        ("S01_data/tables", json!(24_532)),
        ("S01_data/centres", json!(12_817)),
        ("S01_data/states", json!(24)),
        ("S01_data/municipalities", json!(326)),
        ("S01_data/parishes", json!(1_072)),
        ("S01_data/centres_with_gap", json!(455)),
        ("S01_data/totals/cast", json!(10_660_267)),
        ("S01_data/totals/RE", json!(17_745_239)),
        ("S30_by_state/EDO.NVA.ESPARTA/EG", json!(151_664)),
        ("S02_bounds/with_abroad/missing_registered", json!(3_647_225)),
        ("S02_bounds/with_abroad/worst_case_margin_all_missing_registered_to_runner_up", json!(267_776)),
        ("S02_bounds/with_abroad/decided_worst_case", json!(true)),
        ("S02_bounds/in_country/worst_case_margin_all_missing_registered_to_runner_up", json!(336_987)),
        ("S02_bounds/only_table_count_known/max_registered_any_sheet", json!(1_451)),
        ("S02_bounds/only_table_count_known/bound_with_max", json!(3_915_001 - 5_494 * 1_451)),
        ("S03_robustness/sheets_only/min_sheets_leader_runnerup_swapped", json!(6_168)),
        ("S04_official/bulletin2/sum_matches", json!(true)),
        ("S04_official/bulletin2/pct_round_ok/NM", json!(true)),
        ("S04_official/bulletin2/implied_tables_9687", json!([29_085, 29_087])),
        ("S04_official/bulletin1/total", json!(10_058_774)),
        ("S04_official/bulletin1/exact_product/NM", json!(5_150_092.288)),
        ("S04_official/gap/tables_not_in_official_max", json!(941)),
        ("S04_official/gap/min_EG_in_official_tables_if_sheets_true", json!(6_696_357)),
        ("S04_official/gap/max_NM_official_if_sheets_true", json!(5_438_861)),
        ("S04_official/gap/max_NM_official_if_sheets_true_loose", json!(5_582_132)),
        ("S04_official/gap/no_drop_max_NM", json!(4_967_863)),
        ("S04_official/gap/b1_min_common", json!(18_527)),
        ("S04_official/gap/b1_min_EG", json!(4_641_687)),
        ("S04b_official_more/bulletin1_79.5%/min_EG", json!(4_585_832)),
        ("S04b_official_more/bulletin1_80.5%/min_EG", json!(4_697_742)),
        ("S04b_official_more/bulletin1_min_common_for_contradiction/common", json!(17_999)),
        ("S04b_official_more/bulletin1_min_common_for_contradiction/tables", json!(23_493)),
        ("S04b_official_more/bulletin1_max_NM_if_sheets_true/max_NM", json!(5_230_549)),
        ("S04b_official_more/bulletin2_max_NM_alt/max_NM", json!(5_438_861)),
        ("S04b_official_more/bulletin2_null_grid/stated", json!(50_785)),
        ("S04b_official_more/bulletin2_null_grid/rounded", json!(50_785)),
        ("S05_rounding/integers_that_are_exact_grid_0_1pct", json!(1_003)),
        ("S05_rounding/grid_triples_total", json!(501_501)),
        ("S05_rounding/grid_triples_whose_roundings_sum_to_N", json!(376_479)),
        ("S05_rounding/interval_counts/NM", json!([5_145_063, 5_155_121])),
        ("S05_rounding/interval_counts/OTHERS", json!([457_675, 467_732])),
        ("S05_rounding/triples_consistent_with_1decimal_51_2_44_2_4_6", json!(75_882_581)),
        ("S05_rounding/is_exact/EG", json!(true)),
        ("S05_rounding/bulletin2_control/count_on_grid", json!(0)),
        ("S05_rounding/bulletin2_control/expected_if_uniform", json!(0.008_110_484_168_748_33)),
    ] {
        expect(&answer, path, &expected);
    }
    let bulletins = real::bulletins().unwrap();
    let known = Known { stations: Some(30_026), registered: None };
    let (found, unknown) = readings(&sheets, &bulletins[1], known);
    let meanings: Vec<Meaning> = found.iter().map(|one| one.meaning).collect();
    assert_eq!(
        (meanings.as_slice(), unknown.as_slice()),
        ([Meaning::Stations, Meaning::Registered].as_slice(), [].as_slice())
    );
    let of = |reading: &Reading, candidate: usize| {
        reading.bounds.iter().find(|bounds| bounds.candidate == candidate).unwrap().clone()
    };
    let (leader, runner_up) = (of(&found[1], sheets.leader), of(&found[1], sheets.runner_up));
    assert_eq!((found[1].outside, leader.at_least, runner_up.at_most), (667_374, 6_772_047, Some(5_360_839)));
    // The weaker of the two, for each candidate: here the reading as stations for both.
    let weakest = headline(&found);
    let of = |candidate: usize| weakest.iter().find(|one| one.candidate == candidate).unwrap();
    let (leader, runner_up) = (of(sheets.leader), of(sheets.runner_up));
    assert_eq!((leader.missing, leader.missing_under), (1_370_253, Meaning::Stations));
    assert_eq!((runner_up.too_many, runner_up.too_many_under), (969_983, Meaning::Stations));
}

#[test]
fn projections_and_what_they_miss() {
    let Some((sheets, settings)) = real::first() else { return };
    let answer = answer(&sheets, &settings, None, &["band", "tilt", "projection", "hold-out", "quick-count"]);
    expect(&answer, "S07_mnar/flip_feasible", &json!(false));
    let experiments = answer["S08_holdout_experiments"].as_array().unwrap();
    let held = |at: usize| {
        let share = &experiments[at]["estimators"]["unstratified_share"];
        (experiments[at]["n"].as_u64().unwrap(), share["covers"].as_bool().unwrap(), share["z"].as_f64().unwrap())
    };
    let (n, covers, z) = held(0);
    assert!((n, covers) == (6_154, true) && (z - 1.061_460_513_35).abs() < 1e-9);
    // A small honest sample with bad luck: one in fifty is that far off.
    let (n, covers, z) = held(1);
    assert!((n, covers) == (779, false) && (z - 2.348_138_510_64).abs() < 1e-9);
    // Biased by design: no sampling error covers it.
    let (n, covers, z) = held(2);
    assert!((n, covers) == (12_548, false) && z < -40.0);
    // The weighting by strata repairs uneven coverage, not a bias within the places.
    assert_eq!(experiments[3]["estimators"]["stratified_share"]["covers"], json!(true));
    assert_eq!(experiments[2]["estimators"]["stratified_share"]["covers"], json!(false));
}

#[test]
fn samples_and_audits() {
    let Some((sheets, settings)) = real::first() else { return };
    let answer =
        answer(&sheets, &settings, None, &["macro", "sampler", "numbered-sampler", "discovery", "martingales"]);
    for (path, expected) in [
        // consistent_sampler 1.0.10 and numpy 2.4.6 say the same.
        ("S21_consistent_sampler/28072024/without_replacement/0", json!(["0.000073581038754665", "161201002-1", 1])),
        (
            "S21_consistent_sampler/31415926535897932384/without_replacement/0",
            json!(["0.000007084780034204", "92101002-1", 1]),
        ),
        ("S20_macro/pending_0/margin_used", json!(3_915_001)),
        ("S20_macro/pending_3647225/margin_used", json!(267_776)),
        ("S20_macro/pending_0/sample_size_risk_5", json!(11)),
        ("S24_discovery/n_needed_by_bad_sheets/6168", json!(11)),
        ("S24_discovery/upper95_bad_sheets_if_0_found/300", json!(242)),
        ("S25_shangrla/b_max_cast", json!(833)),
    ] {
        expect(&answer, path, &expected);
    }
}

#[test]
fn two_published_files_side_by_side() {
    let (Some((sheets, settings)), Some(second)) = (real::first(), real::real(real::SECOND)) else { return };
    let count = real::count("ve-2024", "convzla", &second);
    let other = Sheets::of(&count, 0, &real::settings("ve-2024", &count)).unwrap();
    let found = answer(&sheets, &settings, Some(&other), &["against"]);
    for (path, expected) in [
        ("S31_v1_v2/rows", json!(25_073)),
        ("S31_v1_v2/merge", json!({ "both": 24_530, "left_only": 2, "right_only": 543 })),
        ("S31_v1_v2/removed", json!(["210510003-1", "210510003-3"])),
        ("S31_v1_v2/rows_with_vote_differences", json!(0)),
        ("S31_v1_v2/totals/EG", json!(7_303_480)),
    ] {
        expect(&found, path, &expected);
    }
    // The second file does not say how many voters a station has: what needs that is left out, with the reason.
    let alone = answer(&other, &settings, None, &[]);
    let left_out = alone["about"]["left_out"].as_object().unwrap();
    for key in [
        "S06_national_ratio",
        "S07_mnar",
        "S07b_tilt",
        "S08_holdout_experiments",
        "S15_fingerprint",
        "S18_multiplicity",
    ] {
        assert!(left_out[key].as_str().unwrap().contains("voters"), "{key}");
        assert!(alone.get(key).is_none(), "{key}");
    }
    // Voters that are not known count as missing, so nothing is settled.
    assert_eq!(alone["S02_bounds"]["with_abroad"]["decided_worst_case"], json!(false));
    assert!(alone["S13_within_centre"]["EG_of_valid"]["centres"].as_u64().unwrap() > 5_000);
}

#[test]
fn every_answer_says_what_it_is_from_and_a_seed_repeats_it() {
    let Some((sheets, settings)) = real::first() else { return };
    let first = answer(&sheets, &settings, None, &["coverage", "last-digit", "multiplicity"]);
    assert_eq!(first, answer(&sheets, &settings, None, &["coverage", "last-digit", "multiplicity"]));
    let coverage = first["S08b_coverage"]["coverage"].as_f64().unwrap();
    assert!((coverage - 0.95).abs() < 0.02, "{coverage}");
    let mean = first["S10_last_digit"]["calibrated_null"]["EG"]["chi2_mean"].as_f64().unwrap();
    // The mean of 300 χ² of 9 degrees: 9, give or take 0.25.
    assert!((mean - 9.0).abs() < 1.0, "{mean}");
    for screen in SCREENS.iter().filter(|screen| ["coverage", "last-digit", "multiplicity"].contains(&screen.name)) {
        let about = &first["about"]["blocks"][screen.key];
        assert_eq!((&about["coverage"], &about["seed"]), (&json!("24532 of 30026 stations"), &json!(1)));
        assert!(!about["assumes"].as_str().unwrap().is_empty());
    }
    let quick = Question {
        sheets: &sheets,
        against: None,
        settings: &settings,
        bulletins: &[],
        facts: &Facts::default(),
        screens: BTreeSet::new(),
        seed: 1,
        simulate: false,
        progress: &|name, _, _| panic!("{name} is simulated"),
    };
    let quick = quick.answer().to_json();
    assert_eq!(quick["S10_last_digit"]["EG"], first["S10_last_digit"]["EG"]);
    assert!(quick["S10_last_digit"].get("calibrated_null").is_none() && quick.get("S08b_coverage").is_none());
    // Quiet tests are listed too.
    assert_eq!(first["tests"].as_array().unwrap().len(), 10);
}

#[test]
fn other_elections_by_their_packs_alone() {
    for (pack, file, candidates) in [
        ("cordoba-2019", "other/argentina_cordoba2019_gobernador_mesa.csv.xz", ["HPC"].as_slice()),
        ("bolivia-2020", "other/bolivia2020_presidente_partial_20201020.csv.xz", &["MAS_IPSP", "CC"]),
    ] {
        let Some(bytes) = real::real(file) else { continue };
        let count = real::count(pack, "mesa", &bytes);
        let settings = real::settings(pack, &count);
        let sheets = Sheets::of(&count, 0, &settings).unwrap();
        assert_eq!(sheets.leader_id(), candidates[0]);
        let question = Question {
            sheets: &sheets,
            against: None,
            settings: &settings,
            bulletins: &[],
            facts: &Facts::default(),
            screens: BTreeSet::new(),
            seed: 1,
            simulate: true,
            progress: &|_, _, _| {},
        };
        let answer = question.answer().to_json();
        for id in candidates {
            assert!(answer["S01_data"]["totals"][id].is_u64(), "{id}");
        }
        assert!(answer["S13_within_centre"]["turnout"].is_object() && answer["S20_macro"]["pending_0"].is_object());
        let sums = sheets.sums();
        assert_eq!(answer["S01_data"]["totals"]["cast"], json!(sums.cast()));
    }
}
