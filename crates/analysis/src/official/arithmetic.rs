//! The bulletins themselves, and the bounds, as the answer gives them (S04, S04b).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::bounds::{Headline, Known, Ordered, Reading, headline, readings, stations_range};
use super::rounding::{on_grid, rounded_part, rounded_share};
use super::{Bulletin, Stated};
use crate::number::{difference, real};
use crate::settings::RegisterBase;
use crate::sheets::Sheets;

/// How many shares were looked at before the one that lies on a grid was found; for the correction of looking.
const SHARES_EXAMINED: u64 = 24;

/// The last bulletin that gives all, and the first that gives some candidates together.
#[must_use]
pub fn first_and_last(bulletins: &[Bulletin]) -> (Option<&Bulletin>, Option<&Bulletin>) {
    let first = bulletins.iter().find(|bulletin| bulletin.coverage.is_some());
    let last = bulletins.iter().rev().find(|bulletin| bulletin.cast.is_some() && bulletin.coverage.is_some());
    (first.filter(|first| last.is_none_or(|last| last.id != first.id)), last)
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * real(part) / real(whole)
}

/// S04.
#[must_use]
pub fn official(sheets: &Sheets, bulletins: &[Bulletin], registers: &[RegisterBase]) -> Option<Value> {
    let mut answer = Map::new();
    for bulletin in bulletins {
        let block = if bulletin.rest.is_some() || bulletin.cast.is_none() {
            partial(bulletin)
        } else {
            full(sheets, bulletin, registers)
        };
        answer.insert(format!("bulletin{}", bulletin.id), block);
    }
    let (first, last) = first_and_last(bulletins);
    if let Some(last) = last {
        answer.insert("gap".to_owned(), gap(sheets, first, last, registers)?);
    }
    (!answer.is_empty()).then_some(Value::Object(answer))
}

/// A bulletin that gives only some candidates: are its counts products of its total and its percentages?
fn partial(bulletin: &Bulletin) -> Value {
    let total = bulletin.total();
    let product = |stated: Stated| real(total) * f64::from(stated.hundredths) / 10_000.0;
    let products: BTreeMap<String, f64> =
        bulletin.all_percent().into_iter().map(|(id, stated)| (id, product(stated))).collect();
    let shares: BTreeMap<String, f64> =
        bulletin.all_votes().into_iter().map(|(id, votes)| (id, percent(votes, total))).collect();
    json!({ "votes": bulletin.all_votes(), "total": total, "recomputed_pct": shares, "exact_product": products })
}

/// A bulletin that gives everything: do its sums, percentages and its turnout agree with each other?
fn full(sheets: &Sheets, bulletin: &Bulletin, registers: &[RegisterBase]) -> Value {
    let votes = bulletin.all_votes();
    let valid = bulletin.total();
    let cast = bulletin.cast.unwrap_or(0);
    let void = bulletin.void.unwrap_or(0);
    let of =
        |whole: u64| votes.iter().map(|(id, votes)| (id.clone(), percent(*votes, whole))).collect::<BTreeMap<_, _>>();
    let stated = bulletin.all_percent();
    let rounds = |(id, stated): (&String, &Stated)| {
        let votes = votes.get(id).copied().unwrap_or(0);
        (id.clone(), rounded_share(votes, valid, stated.decimals) == u64::from(stated.hundredths))
    };
    let residual = |(id, votes): (&String, &u64)| {
        (id.clone(), difference(*votes, rounded_part(valid, rounded_share(*votes, valid, 2))))
    };
    let mut block = json!({
        "votes": votes,
        "sum": bulletin.sum(),
        "stated_valid": bulletin.valid,
        "stated_null": bulletin.void,
        "stated_cast": bulletin.cast,
        "sum_matches": bulletin.valid.map(|valid| valid == bulletin.sum()),
        "cast_matches": valid + void == cast,
        "recomputed_pct_of_valid": of(valid),
        "recomputed_pct_of_cast": of(cast),
        "stated_pct": stated.iter().map(|(id, stated)| (id.clone(), stated.percent())).collect::<BTreeMap<_, _>>(),
        "pct_round_ok": stated.iter().map(rounds).collect::<BTreeMap<_, _>>(),
        "null_pct": percent(void, cast),
        "valid_pct": percent(valid, cast),
        "residual_votes_from_0_01pct_grid": votes.iter().map(residual).collect::<BTreeMap<_, _>>(),
    });
    if let Some(turnout) = bulletin.turnout {
        block[format!("implied_registered_at_{}", turnout.digits())] = json!(implied_registered(cast, turnout));
    }
    if let Some(base) = registers.first() {
        block[format!("turnout_vs_{}", base.registered)] = json!(real(cast) / real(base.registered));
    }
    if let Some(coverage) = bulletin.coverage {
        let (low, high) = stations_range(coverage, sheets.expected);
        block[format!("implied_tables_{}", coverage.digits())] = json!([low, high]);
    }
    block
}

/// Registered voters at which the turnout would round to the stated one, from and to.
fn implied_registered(cast: u64, turnout: Stated) -> [u64; 2] {
    let (share, half) = (u128::from(turnout.hundredths) * 100, u128::from(turnout.half_step()));
    let cast = u128::from(cast) * 1_000_000;
    let low = cast / (share + half) + 1;
    let high = cast / (share - half.min(share - 1));
    [low, high].map(|number| u64::try_from(number).unwrap_or(u64::MAX))
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The bounds of the last bulletin, and of the first.
fn gap(sheets: &Sheets, first: Option<&Bulletin>, last: &Bulletin, registers: &[RegisterBase]) -> Option<Value> {
    let sums = sheets.sums();
    let stated = last.coverage?;
    let cast = last.cast?;
    let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
    let (proclaimed_leader, proclaimed_next) = (*last.votes.get(leader)?, *last.votes.get(runner_up)?);
    let range = stations_range(stated, sheets.expected);
    let outside = sheets.expected.saturating_sub(range.0);
    let by_lead = Ordered::of(sheets, |row| sheets.lead(row));
    let by_others = Ordered::of(sheets, |row| row.cast() - sheets.next(row));
    let by_cast = Ordered::of(sheets, |row| row.cast());
    let (in_lead, in_next) = (sums.votes[sheets.leader], sums.votes[sheets.runner_up]);
    let min_leader = in_lead - by_lead.largest(index(outside));
    let common = sheets.len().saturating_sub(index(outside));
    let max_next = difference(cast, by_others.smallest(common));
    let left_over = difference(cast, by_cast.smallest(common));
    let no_drop = difference(cast + in_next, sums.cast());
    let next = crate::number::signed(proclaimed_next);
    let negative: BTreeMap<String, i64> = sheets
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(at, id)| Some((id.clone(), difference(*last.votes.get(id)?, sums.votes[at]))))
        .collect();
    let share_gap =
        |on_sheets: u64, proclaimed: u64| percent(on_sheets, sums.valid) - percent(proclaimed, last.total());
    let known = Known {
        stations: Some(sheets.expected).filter(|stations| *stations > 0),
        registered: registers.iter().map(|base| base.registered).max(),
    };
    let (meanings, _) = readings(sheets, last, known);
    let mut block = json!({
        "excess_leader_sheets_minus_official": difference(in_lead, proclaimed_leader),
        "runner_up_official_minus_sheets": difference(proclaimed_next, in_next),
        "official_tables_range": [range.0, range.1],
        "tables_not_in_official_max": outside,
        format!("min_{leader}_in_official_tables_if_sheets_true"): min_leader,
        format!("min_{leader}_excess_over_official"): difference(min_leader, proclaimed_leader),
        "max_votes_official_outside_common_sheets": left_over,
        format!("max_{runner_up}_official_if_sheets_true_loose"): left_over + crate::number::signed(in_next),
        format!("max_{runner_up}_official_if_sheets_true"): max_next,
        format!("{runner_up}_unexplainable"): next - max_next,
        format!("no_drop_max_{runner_up}"): no_drop,
        format!("no_drop_{runner_up}_unexplainable"): next - no_drop,
        "official_votes_left_for_other_tables_if_all_sheets_included": difference(cast, sums.cast()),
        "negative_components_if_all_sheets_included": negative,
        "null_votes_sheets": sums.void,
        "null_rate_sheets": real(sums.void) / real(sums.cast()),
        "null_rate_official": real(last.void.unwrap_or(0)) / real(cast),
        format!("share_pp_{leader}"): share_gap(in_lead, proclaimed_leader),
        format!("share_pp_{runner_up}"): share_gap(in_next, proclaimed_next),
        "by_meaning_of_coverage": meanings.iter().map(|one| reading(sheets, one)).collect::<Vec<_>>(),
        "headline": weakest(sheets, &headline(&meanings)),
    });
    if let Some((first, coverage)) = first.and_then(|first| Some((first, first.coverage?))) {
        let tables = share_of_stations(coverage.hundredths * 100, sheets.expected);
        let common = min_common(sheets, tables);
        block["b1_tables"] = json!(tables);
        block["b1_min_common"] = json!(common);
        block[format!("b1_min_{leader}")] = json!(by_lead.smallest(common));
        block[format!("b1_{leader}_official")] = json!(first.votes.get(leader));
    }
    Some(block)
}

/// The bounds under one meaning, by candidates' ids.
fn reading(sheets: &Sheets, reading: &Reading) -> Value {
    let bounds = reading.bounds.iter().map(|one| {
        let numbers = json!({
            "at_least": one.at_least, "at_most": one.at_most, "proclaimed": one.proclaimed,
            "missing": one.missing, "too_many": one.too_many,
        });
        (sheets.candidates[one.candidate].clone(), numbers)
    });
    json!({
        "meaning": reading.meaning, "total": reading.total, "outside_at_most": reading.outside,
        "bounds": bounds.collect::<Map<String, Value>>(),
    })
}

/// What holds under every meaning, by candidates' ids.
fn weakest(sheets: &Sheets, headline: &[Headline]) -> Value {
    let each = headline.iter().map(|one| {
        let numbers = json!({
            "missing": one.missing, "missing_under": one.missing_under,
            "too_many": one.too_many, "too_many_under": one.too_many_under,
        });
        (sheets.candidates[one.candidate].clone(), numbers)
    });
    Value::Object(each.collect())
}

/// Stations in a share given in millionths, rounded up.
fn share_of_stations(millionths: u32, stations: u64) -> u64 {
    u64::try_from((u128::from(millionths) * u128::from(stations)).div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// Sheets that are at least among so many counted stations.
fn min_common(sheets: &Sheets, tables: u64) -> usize {
    index((sheets.len() as u64 + tables).saturating_sub(sheets.expected))
}

/// S04b.
#[must_use]
pub fn more(sheets: &Sheets, bulletins: &[Bulletin], registers: &[RegisterBase]) -> Option<Value> {
    let (first, last) = first_and_last(bulletins);
    let mut answer = Map::new();
    if let Some((first, coverage)) = first.and_then(|first| Some((first, first.coverage?))) {
        first_bulletin(&mut answer, sheets, first, coverage)?;
    }
    if let Some(last) = last {
        last_bulletin(&mut answer, sheets, last, registers)?;
    }
    if let (Some(first), Some(last)) = (first, last) {
        let (Some(from), Some(to)) = (first.coverage, last.coverage) else { return None };
        let nearest = |stated: Stated| rounded_part(sheets.expected, u64::from(stated.hundredths));
        let tables = difference(nearest(to), nearest(from));
        let valid = difference(last.total(), first.total());
        let mut block = json!({ "tables": tables, "valid": valid, "valid_per_table": valid as f64 / tables as f64 });
        for id in [sheets.runner_up_id(), sheets.leader_id()] {
            let more = difference(*last.votes.get(id)?, *first.votes.get(id)?);
            block[id] = json!(more);
            block[format!("{id}_share")] = json!(more as f64 / valid as f64);
        }
        answer.insert(format!("b{}_minus_b{}", last.id, first.id), block);
    }
    (!answer.is_empty()).then_some(Value::Object(answer))
}

/// The first bulletin's bounds, for the stated coverage and half its last decimal more and less.
fn first_bulletin(answer: &mut Map<String, Value>, sheets: &Sheets, first: &Bulletin, coverage: Stated) -> Option<()> {
    let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
    let proclaimed = *first.votes.get(leader)?;
    let by_lead = Ordered::of(sheets, |row| sheets.lead(row));
    let name = format!("bulletin{}", first.id);
    let (share, half) = (coverage.hundredths * 100, coverage.half_step());
    for millionths in [share - half, share, share + half] {
        let tables = share_of_stations(millionths, sheets.expected);
        let common = min_common(sheets, tables);
        let least = by_lead.smallest(common);
        let shown = f64::from(millionths) / 10_000.0;
        answer.insert(
            format!("{name}_{shown}%"),
            json!({
                "tables_min": tables,
                "min_common": common,
                format!("min_{leader}"): least,
                format!("official_{leader}"): proclaimed,
                "excess": difference(least, proclaimed),
            }),
        );
    }
    if let Some(common) = by_lead.first_above(proclaimed) {
        let tables = common as u64 + sheets.expected - sheets.len() as u64;
        answer.insert(
            format!("{name}_min_common_for_contradiction"),
            json!({ "common": common, "tables": tables, "share": real(tables) / real(sheets.expected) }),
        );
    }
    let tables = share_of_stations(share, sheets.expected);
    let common = min_common(sheets, tables);
    let by_others = Ordered::of(sheets, |row| row.valid - sheets.next(row));
    let most = difference(first.total(), by_others.smallest(common));
    let next = *first.votes.get(runner_up)?;
    answer.insert(
        format!("{name}_max_{runner_up}_if_sheets_true"),
        json!({
            "tables": tables,
            "common": common,
            format!("max_{runner_up}"): most,
            format!("official_{runner_up}"): next,
            "contradiction": crate::number::signed(next) > most,
        }),
    );
    Some(())
}

/// The last bulletin's bound from the other side, its void ballots, and its turnout.
fn last_bulletin(
    answer: &mut Map<String, Value>,
    sheets: &Sheets,
    last: &Bulletin,
    registers: &[RegisterBase],
) -> Option<()> {
    let name = format!("bulletin{}", last.id);
    let runner_up = sheets.runner_up_id();
    let (coverage, cast, next) = (last.coverage?, last.cast?, *last.votes.get(runner_up)?);
    let sums = sheets.sums();
    let (tables, _) = stations_range(coverage, sheets.expected);
    let common = min_common(sheets, tables);
    let by_others = Ordered::of(sheets, |row| row.cast() - sheets.next(row));
    let most = difference(cast, by_others.smallest(common));
    answer.insert(
        format!("{name}_max_{runner_up}_alt"),
        json!({
            "common": common,
            format!("max_{runner_up}"): most,
            "official": next,
            "gap": crate::number::signed(next) - most,
        }),
    );
    if let Some(void) = last.void {
        let hundredths = u32::try_from(rounded_share(void, cast, 2)).ok()?.min(10_000);
        let share = Stated { hundredths, decimals: 2 };
        let rest = Stated { hundredths: 10_000 - hundredths, decimals: 2 };
        let product = |stated: Stated| real(cast) * f64::from(stated.hundredths) / 10_000.0;
        let rounded = rounded_part(cast, u64::from(hundredths));
        let single = on_grid(cast, 10_000) / (real(cast) + 1.0);
        answer.insert(
            format!("{name}_null_grid"),
            json!({
                format!("product_{}pct", share.with_point("_")): product(share),
                "rounded": rounded,
                "stated": void,
                format!("product_{}", rest.with_point("_")): product(rest),
                "stated_valid": last.valid,
                "prob_single_uniform": single,
                "n_shares_examined": SHARES_EXAMINED,
                "bonferroni": (single * real(SHARES_EXAMINED)).min(1.0),
            }),
        );
    }
    if let (Some(registered), Some(turnout)) = (last.registered, last.turnout) {
        let share = coverage.share();
        let digits = coverage.with_point("_");
        let base = real(registered) * share;
        let mut block = json!({
            "stated_registered": registered,
            "stated_pct": turnout.percent(),
            "cast_over_registered": real(cast) / real(registered),
            format!("registered_times_{digits}"): base,
            "cast_over_that": real(cast) / base,
            "mean_cast_per_table": real(cast) / (share * real(sheets.expected)),
            "sheets_mean_cast": real(sums.cast()) / real(sums.sheets),
        });
        if let Some(register) = registers.first() {
            let other = real(cast) / (real(register.registered) * share);
            block[format!("alt_{}_{digits}", register.registered)] = json!(other);
        }
        answer.insert(format!("{name}_turnout"), block);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turnout_belongs_to_a_range_of_registers() {
        let turnout = Stated { hundredths: 5_000, decimals: 0 };
        // 100 of 199 to 202 voters are 50.25 % to 49.50 %.
        assert_eq!(implied_registered(100, turnout), [199, 202]);
    }
}
