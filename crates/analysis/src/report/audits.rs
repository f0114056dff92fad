//! What a random audit of these sheets would take, and the samples that public seeds draw (S20 to S25).
//!
//! These are plans and examples: nobody has compared anything yet. The seeds are fixed texts, so that two programs can
//! be compared; a real audit throws its seed in public *after* the list was published.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::audit::discovery::{most_bad, sample_size as discovery_size};
use crate::audit::macro_batch::{Batch, BatchAudit, ballot_comparison_size, draws_without_error, risk, sample_size};
use crate::audit::martingale::{Method, Null, Test};
use crate::audit::sampler::{Ticket, by_remainder, hexadecimal, with_replacement, without_replacement};
use crate::audit::weighted;
use crate::bounds::missing_valid;
use crate::number::{difference, floor, real, size, sum};
use crate::sheets::{Sheet, Sheets};

/// Seeds of the examples: the digits of π, which nobody chose.
const SEED: &str = "31415926535897932384";
/// Example seeds of the sampler's own documentation and others, to compare programs with.
const SEEDS: [&str; 3] = ["28072024", SEED, "01382438112797316654"];
/// Stations in the printed samples.
const SHOWN: usize = 10;
/// Draws of the long example.
const LONG: usize = 500;

fn batch(sheet: &Sheet) -> Batch {
    Batch { votes: sheet.votes.clone(), ballots: sheet.cast() }
}

/// S20: a batch comparison audit, with nothing, with the likely, and with all possible votes still out.
#[must_use]
pub fn macro_audit(sheets: &Sheets, registered: Option<u64>) -> Value {
    let sums = sheets.sums();
    let batches: Vec<Batch> = sheets.rows.iter().map(batch).collect();
    let missing = registered.map_or(0, |registered| registered.saturating_sub(sums.registered));
    let likely = floor(missing_valid(&sums, missing));
    let mut answer = Map::new();
    for pending in [0, likely, missing] {
        let Ok(audit) = BatchAudit::new(&sums.votes, pending) else { continue };
        let total = audit.total_bound(&batches);
        let u = total.to_real();
        let mut block = json!({
            "pending": pending,
            "U": total.to_string(),
            "margin_used": audit.margin(),
            "sample_size_risk_5": sample_size(u, 0.05),
            "sample_size_risk_10": sample_size(u, 0.10),
            "draws_no_error_p_le_5pct": draws_without_error(u, 0.05),
        });
        let draws = |number: usize| {
            let weights: Vec<f64> = batches.iter().map(|batch| audit.bound(batch).to_real() / u).collect();
            weighted::draw(SEED, &weights, number)
        };
        let judged = |taints: &[f64]| {
            let p = risk(u, taints);
            json!([p, p < 0.05])
        };
        if pending > 0 && pending == missing {
            let drawn = draws(200);
            let mut distinct = drawn.clone();
            distinct.sort_unstable();
            distinct.dedup();
            block["risk_200_draws_no_error"] = judged(&[0.0; 200]);
            block["first5_draws"] = json!(drawn.iter().take(5).map(|row| &sheets.rows[*row].label).collect::<Vec<_>>());
            block["distinct_sheets_in_200"] = json!(distinct.len());
        }
        if pending == 0 {
            let size = usize::try_from(sample_size(u, 0.05)).unwrap_or(usize::MAX);
            let drawn = draws(size);
            example(&mut answer, sheets, &audit, &drawn, judged);
        }
        answer.insert(format!("pending_{pending}"), block);
    }
    let lead = u64::try_from(difference(sums.votes[sheets.leader], sums.votes[sheets.runner_up])).unwrap_or(0);
    let sizes = |lead, ballots| json!({ "5": ballot_comparison_size(lead, ballots, 0.05), "10": ballot_comparison_size(lead, ballots, 0.10) });
    answer.insert("supersimple".to_owned(), sizes(lead, sums.cast()));
    answer.insert("supersimple_demo_51_49_100000".to_owned(), sizes(2_000, 100_000));
    Value::Object(answer)
}

/// The draws of one example, and the risk after them with no error, with a small one, and with every sheet swapped.
fn example(
    answer: &mut Map<String, Value>,
    sheets: &Sheets,
    audit: &BatchAudit,
    drawn: &[usize],
    judged: impl Fn(&[f64]) -> Value,
) {
    let Some(first) = drawn.first().copied() else { return };
    let sheet = &sheets.rows[first];
    let reported = batch(sheet);
    let (leader, runner_up) = (sheets.leader, sheets.runner_up);
    let moved = {
        let mut votes = sheet.votes.clone();
        let ten = votes[leader].min(10);
        votes[leader] -= ten;
        votes[runner_up] += ten;
        Batch { votes, ballots: sheet.cast() }
    };
    let swapped = |row: usize| {
        let mut found = batch(&sheets.rows[row]);
        found.votes.swap(leader, runner_up);
        audit.taint(&batch(&sheets.rows[row]), Some(&found))
    };
    let small: Vec<f64> =
        drawn.iter().map(|row| if *row == first { audit.taint(&reported, Some(&moved)) } else { 0.0 }).collect();
    let all: Vec<f64> = drawn.iter().map(|row| swapped(*row)).collect();
    let mut votes = sheets.by_id(|candidate| sheet.votes[candidate]);
    votes.insert("ballots".to_owned(), sheet.cast());
    let labels: Vec<&String> = drawn.iter().map(|row| &sheets.rows[*row].label).collect();
    let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
    answer.insert("ppeb_seed".to_owned(), json!(SEED));
    answer.insert("ppeb_draws".to_owned(), json!(labels));
    answer.insert("risk_no_error".to_owned(), judged(&vec![0.0; drawn.len()]));
    answer.insert(format!("risk_first_sheet_10_votes_{leader}_to_{runner_up}"), judged(&small));
    answer.insert(
        "first_sheet".to_owned(),
        json!(sheet.label.rsplitn(2, '-').collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>()),
    );
    answer.insert("first_sheet_reported".to_owned(), json!(votes));
    answer.insert("first_sheet_u".to_owned(), json!(audit.bound(&reported).to_string()));
    answer.insert("first_sheet_error".to_owned(), json!(audit.overstatement(&reported, &moved).to_string()));
    answer.insert("risk_all_swapped".to_owned(), judged(&all));
}

/// S21 and S22: the samples that some public seeds draw.
#[must_use]
pub fn samples(sheets: &Sheets) -> (Value, Value) {
    let labels = || sheets.rows.iter().map(|row| row.label.as_str());
    let mut consistent = Map::new();
    let shown = |tickets: &[Ticket]| {
        tickets.iter().map(|ticket| json!([ticket.shown(), ticket.id, ticket.generation])).collect::<Vec<_>>()
    };
    for seed in SEEDS {
        let order = without_replacement(seed, labels());
        let first = Ticket::first(seed, labels().next().unwrap_or_default());
        let name = format!("first_fraction_of_{}", first.id.replace('-', "_"));
        let next = first.next().number;
        consistent.insert(
            seed.to_owned(),
            json!({ "without_replacement": shown(&order[..SHOWN.min(order.len())]), name: first.number, "next": next }),
        );
        if seed == SEED {
            let ids: Vec<&str> = order.iter().take(LONG).map(|ticket| ticket.id.as_str()).collect();
            let name = format!("sample_sha256_first_{LONG}_seed_{SEED}");
            consistent.insert(name, json!(hexadecimal(&Sha256::digest(ids.join("\n")))));
        }
    }
    let few: Vec<&str> = labels().take(3).collect();
    let drawn = with_replacement(SEEDS[0], few.iter().copied(), SHOWN);
    consistent
        .insert("with_replacement_small".to_owned(), json!({ "ids": few, "seed": SEEDS[0], "out": shown(&drawn) }));
    consistent.insert("id_format".to_owned(), json!("place-station, both without leading zeros"));
    // Arlo hashes the text of a Python tuple.
    let tuples: Vec<String> = sheets
        .rows
        .iter()
        .map(|row| {
            row.label
                .rsplit_once('-')
                .map_or_else(|| row.label.clone(), |(place, number)| format!("('{place}', '{number}')"))
        })
        .collect();
    let order = without_replacement(SEEDS[0], tuples.iter().map(String::as_str));
    consistent.insert("arlo_tuple_ids".to_owned(), json!(shown(&order[..SHOWN.min(order.len())])));
    let numbered =
        SEEDS[..2].iter().map(|seed| ((*seed).to_owned(), json!(by_remainder(seed, sheets.len() as u64, SHOWN))));
    (Value::Object(consistent), Value::Object(numbered.collect()))
}

/// S24.
#[must_use]
pub fn discovery(sheets: &Sheets) -> Value {
    let population = sheets.len() as u64;
    let risk = 0.05;
    let needed = [1, 10, 25, 123, 245, 642, 1_227, 6_168]
        .into_iter()
        .filter_map(|bad| Some((bad.to_string(), discovery_size(population, bad, risk)?)));
    let most = [59, 100, 300, 500, 1_000].into_iter().filter(|sample| *sample <= population);
    json!({
        "N": population,
        "conf": 0.95,
        "n_needed_by_bad_sheets": needed.collect::<std::collections::BTreeMap<_, _>>(),
        "upper95_bad_sheets_if_0_found":
            most.map(|sample| (sample.to_string(), most_bad(population, sample, risk))).collect::<std::collections::BTreeMap<_, _>>(),
    })
}

/// S25: the tests on the long example, if every sheet drawn is as the archive has it.
#[must_use]
pub fn martingales(sheets: &Sheets) -> Value {
    let largest = sheets.rows.iter().map(Sheet::cast).max().unwrap_or(1);
    let value = |row: &Sheet| (real(sheets.lead(row)) - real(sheets.next(row)) + real(largest)) / (2.0 * real(largest));
    let by_label: std::collections::HashMap<&str, f64> =
        sheets.rows.iter().map(|row| (row.label.as_str(), value(row))).collect();
    let order = without_replacement(SEED, sheets.rows.iter().map(|row| row.label.as_str()));
    let drawn: Vec<f64> = order.iter().take(LONG).map(|ticket| by_label[ticket.id.as_str()]).collect();
    let null = Null { mean: 0.5, upper: 1.0, population: Some(sheets.len() as u64) };
    let shown = |test: Test| {
        json!({
            "p": test.p,
            "p_after_10": test.after(10),
            "p_after_50": test.after(50),
            "first_n_p_le_0_05": test.first_at_most(0.05),
        })
    };
    json!({
        "sample_seed": SEED,
        "b_max_cast": largest,
        "population_mean": sum(sheets.rows.iter().map(value)) / size(sheets.len()),
        "def_": "x = (leader - runner-up + b) / (2 b) of each sheet; null: mean at most 1/2",
        "alpha_fixed_eta_0_6": shown(null.test(Method::AlphaFixed { eta: 0.6 }, &drawn)),
        "alpha_shrink_trunc_eta0_6_c0_05_d100_f0":
            shown(null.test(Method::AlphaShrink { eta: 0.6, c: 0.05, d: 100.0 }, &drawn)),
        "betting_fixed_lam_0_5": shown(null.test(Method::BetFixed { lambda: 0.5 }, &drawn)),
        "betting_agrapa": shown(null.test(Method::BetAgrapa { lambda: 0.5 }, &drawn)),
        "kaplan_wald_g_0_1": shown(null.test(Method::KaplanWald { g: 0.1 }, &drawn)),
    })
}
