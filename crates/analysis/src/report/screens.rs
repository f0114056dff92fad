//! The screens of the answer, each computed once however many blocks use it, and what they ask to read again.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Progress, Question, ReadAgain, Reason, ShareOf, TestLine, TestOf, names};
use crate::chance::Chance;
use crate::digits::{Calibration, calibrate, digits, last_digit};
use crate::duplicates::{Duplicates, by_chance, duplicates};
use crate::integer_percentages::{OnAllGrids, on_all_grids, simulate};
use crate::mathematics::binomial::two_sided;
use crate::mathematics::multiplicity::{benjamini_hochberg, holm};
use crate::sheets::Sheet;
use crate::sisters::{AgainstSisters, Fit, fits};
use crate::{fingerprint, hold_out};

/// A sheet further than this from its sisters is one to read again.
const FAR: f64 = 4.0;
/// Stations of a polling place that are compared by their number.
const NUMBERS: u32 = 7;
/// Polling places in the list of those that fit worst.
const WORST_PLACES: usize = 20;

/// Streams of random numbers, one for each simulation.
#[derive(Clone, Copy)]
enum Stream {
    Digits = 1,
    Percentages,
    Duplicates,
    Coverage,
}

/// What the screens found so far.
pub struct Screens<'a> {
    question: &'a Question<'a>,
    sisters: OnceCell<BTreeMap<String, Fit>>,
    duplicates: OnceCell<Duplicates>,
    calibration: OnceCell<Option<Calibration>>,
    whole: OnceCell<[Option<OnAllGrids>; 2]>,
}

impl<'a> Screens<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(question: &'a Question<'a>) -> Self {
        Self {
            question,
            sisters: OnceCell::new(),
            duplicates: OnceCell::new(),
            calibration: OnceCell::new(),
            whole: OnceCell::new(),
        }
    }

    fn chance(&self, stream: Stream) -> Chance {
        Chance::new(self.question.seed, stream as u64)
    }

    fn progress(&self, name: &'static str) -> Progress<'a> {
        Progress::new(name, self.question.progress)
    }

    fn two(&self) -> [usize; 2] {
        [self.question.sheets.leader, self.question.sheets.runner_up]
    }

    fn id(&self, candidate: usize) -> &'a str {
        &self.question.sheets.candidates[candidate]
    }

    fn fits(&self) -> &BTreeMap<String, Fit> {
        self.sisters.get_or_init(|| fits(self.question.sheets))
    }

    fn calibration(&self) -> Option<&Calibration> {
        let simulate = || {
            calibrate(
                self.question.sheets,
                &mut self.chance(Stream::Digits),
                &self.progress("simulated elections (digits)"),
            )
        };
        self.calibration.get_or_init(simulate).as_ref()
    }

    fn whole(&self) -> &[Option<OnAllGrids>; 2] {
        self.whole.get_or_init(|| self.two().map(|candidate| on_all_grids(self.question.sheets, candidate)))
    }

    fn same(&self) -> &Duplicates {
        self.duplicates.get_or_init(|| duplicates(self.question.sheets))
    }

    /// S08b.
    #[must_use]
    pub fn coverage(&self) -> Option<Value> {
        let found = hold_out::coverage(
            self.question.sheets,
            &mut self.chance(Stream::Coverage),
            &self.progress("random samples"),
        );
        found.map(|found| json!(found))
    }

    /// S14.
    #[must_use]
    pub fn duplicates(&self) -> Value {
        let same = self.same();
        let (leader, runner_up) = (self.id(self.two()[0]), self.id(self.two()[1]));
        let mut block = json!(same);
        block[format!("{leader}_{runner_up}_valid_pairs")] = json!(same.triple_pairs);
        let progress = self.progress("simulated elections (duplicates)");
        if self.question.simulate
            && let Some(chance) = by_chance(self.question.sheets, &mut self.chance(Stream::Duplicates), &progress)
        {
            block["null_sim"] = json!(chance);
            block["null_sim"][format!("{leader}_{runner_up}_valid_mean")] = json!(chance.triple_mean);
            block["null_sim"][format!("{leader}_{runner_up}_valid_sd")] = json!(chance.triple_sd);
        }
        block
    }

    /// S13.
    #[must_use]
    pub fn sisters(&self) -> Value {
        let sheets = self.question.sheets;
        let fits = self.fits();
        let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
        let mut block: Map<String, Value> =
            fits.iter().map(|(name, fit)| (name.clone(), json!(fit.summary()))).collect();
        let by_leader = &fits[&format!("{leader}_of_valid")];
        let by_next = &fits[&format!("{runner_up}_of_valid")];
        let turnout = &fits["turnout"];
        block.insert(format!("{leader}_top_centres"), json!(by_leader.top_places(sheets, WORST_PLACES)));
        block.insert(format!("extra_sd_pp_{leader}"), json!(by_leader.extra_spread()));
        block.insert("extra_sd_pp_turnout".to_owned(), json!(turnout.extra_spread()));
        block.insert(format!("between_centre_sd_pp_{leader}"), json!(by_leader.spread_between()));
        block.insert(format!("mean_dev_by_mesa_{leader}_pp"), json!(by_leader.by_number(sheets, NUMBERS)));
        block.insert("mean_dev_by_mesa_turnout_pp".to_owned(), json!(turnout.by_number(sheets, NUMBERS)));
        let flags = |fit: &Fit| {
            let found = fit.beyond(FAR);
            found.iter().map(|one| json!([sheets.rows[one.row].label, one.z])).collect::<Vec<_>>()
        };
        block.insert(
            "loo_flags".to_owned(),
            json!({ leader: flags(by_leader), runner_up: flags(by_next), "turnout": flags(turnout) }),
        );
        Value::Object(block)
    }

    /// S12.
    #[must_use]
    pub fn integer_percentages(&self) -> Value {
        let sheets = self.question.sheets;
        let mut chance = self.chance(Stream::Percentages);
        let (mut exact, mut offsets, mut simulated) = (Map::new(), Map::new(), Map::new());
        let names = ["simulated elections (percentages, 1)", "simulated elections (percentages, 2)"];
        for ((candidate, whole), name) in self.two().into_iter().zip(self.whole()).zip(names) {
            let Some(whole) = whole else { continue };
            let id = self.id(candidate);
            exact.insert(id.to_owned(), json!(whole.exact));
            offsets.insert(id.to_owned(), json!(whole.placebo));
            if self.question.simulate {
                simulated.insert(id.to_owned(), json!(simulate(sheets, candidate, &mut chance, &self.progress(name))));
            }
        }
        let mut block = json!({ "exact": exact, "placebo_offsets": offsets });
        if !simulated.is_empty() {
            block["dkobak_monte_carlo"] = Value::Object(simulated);
        }
        block
    }

    fn column(&self, value: impl Fn(&Sheet) -> u64) -> Vec<u64> {
        self.question.sheets.rows.iter().map(value).collect()
    }

    /// S10.
    #[must_use]
    pub fn last_digit(&self) -> Value {
        let mut block = Map::new();
        for candidate in self.two() {
            block.insert(self.id(candidate).to_owned(), json!(digits(&self.column(|row| row.votes[candidate]))));
        }
        block.insert(names::VALID.to_owned(), json!(digits(&self.column(|row| row.valid))));
        if self.question.sheets.all_registered() {
            block.insert(names::REGISTERED.to_owned(), json!(digits(&self.column(Sheet::voters))));
        }
        if self.question.simulate
            && let Some(calibration) = self.calibration()
        {
            block.insert("calibrated_null".to_owned(), json!(calibration.last));
        }
        Value::Object(block)
    }

    /// S15.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Value> {
        let sheets = self.question.sheets;
        let mut block = Map::new();
        for candidate in self.two() {
            block.insert(self.id(candidate).to_owned(), json!(fingerprint::candidate(sheets, candidate)?));
        }
        block.insert("turnout".to_owned(), json!(fingerprint::turnout(sheets)?));
        let picture = fingerprint::picture(sheets, sheets.leader);
        let leader = sheets.leader_id();
        block.insert(format!("hist2d_{leader}_nonzero_bins"), json!(picture.filled()));
        block.insert(format!("hist2d_{leader}_max"), json!(picture.largest()));
        Some(Value::Object(block))
    }

    /// The declared family of S18, in its order; without simulations it lacks those tests that need them.
    fn family(&self) -> Option<Vec<(TestOf, f64)>> {
        let [leader, runner_up] = self.two();
        let [Some(OnAllGrids { exact: whole_leader, .. }), Some(OnAllGrids { exact: whole_next, .. })] = self.whole()
        else {
            return None;
        };
        let mut family = Vec::new();
        for candidate in [leader, runner_up] {
            let last = last_digit(&self.column(|row| row.votes[candidate]), 0);
            family.push((TestOf::LastDigit(candidate), last.p));
        }
        family.push((TestOf::LastDigitOfValid, last_digit(&self.column(|row| row.valid), 0).p));
        for candidate in [leader, runner_up] {
            let large: Vec<u64> =
                self.column(|row| row.votes[candidate]).into_iter().filter(|votes| *votes >= 100).collect();
            let equal = large.iter().filter(|votes| *votes / 10 % 10 == *votes % 10).count() as u64;
            family.push((TestOf::RepeatedDigits(candidate), two_sided(equal, large.len() as u64, 0.1)));
        }
        for (candidate, whole) in [(leader, whole_leader), (runner_up, whole_next)] {
            family.push((TestOf::WholeShares(candidate), whole.share.p_upper_normal));
        }
        family.push((TestOf::WholeTurnouts, whole_leader.turnout.p_upper_normal));
        if self.question.simulate {
            let calibration = self.calibration()?;
            for candidate in [leader, runner_up] {
                let (_, p) = calibration.second.get(self.id(candidate))?;
                family.push((TestOf::SecondDigit(candidate), *p));
            }
        }
        Some(family)
    }

    /// The name of a test in the family.
    fn name(&self, test: TestOf) -> String {
        match test {
            TestOf::LastDigit(candidate) => format!("lastdigit_{}_all", self.id(candidate)),
            TestOf::LastDigitOfValid => "lastdigit_VALID_all".to_owned(),
            TestOf::RepeatedDigits(candidate) => format!("doublets_{}_ge100", self.id(candidate)),
            TestOf::WholeShares(candidate) => format!("kobak_share_{}", self.id(candidate)),
            TestOf::WholeTurnouts => "kobak_turnout".to_owned(),
            TestOf::SecondDigit(candidate) => format!("2BL_calibrated_{}", self.id(candidate)),
        }
    }

    /// S18.
    #[must_use]
    pub fn multiplicity(&self) -> Option<Value> {
        let family = self.family()?;
        let p_values: Vec<f64> = family.iter().map(|(_, p)| *p).collect();
        let named = |values: Vec<f64>| -> BTreeMap<String, f64> {
            family.iter().zip(values).map(|((test, _), value)| (self.name(*test), value)).collect()
        };
        Some(json!({
            "family": named(p_values.clone()),
            "holm": named(holm(&p_values)),
            "bh": named(benjamini_hochberg(&p_values)),
        }))
    }

    /// Every test of the family, if it was asked for.
    #[must_use]
    pub fn tests(&self) -> Vec<TestLine> {
        if !self.question.wants("multiplicity") {
            return Vec::new();
        }
        let family = self.family().unwrap_or_default();
        let p_values: Vec<f64> = family.iter().map(|(_, p)| *p).collect();
        let corrected = holm(&p_values).into_iter().zip(benjamini_hochberg(&p_values));
        family
            .into_iter()
            .zip(corrected)
            .map(|((of, p), (holm, bh))| TestLine { test: self.name(of), of, p, holm, bh, says: says(holm) })
            .collect()
    }

    /// Sheets that the screens which were asked for point at.
    #[must_use]
    pub fn read_again(&self) -> Vec<ReadAgain> {
        let sheets = self.question.sheets;
        let mut found = Vec::new();
        let mut add = |row: &Sheet, screen, reason: Reason| {
            found.push(ReadAgain {
                station: row.station.clone(),
                place: sheets.places[row.place].code.clone(),
                screen,
                reason,
            });
        };
        if self.question.wants("data") {
            for row in &sheets.rows {
                if let Some(voters) = row.registered.filter(|voters| row.cast() > *voters) {
                    add(row, "data", Reason::MoreBallots { ballots: row.cast(), voters });
                }
                if let Some(stated) = row.stated_valid.filter(|stated| *stated != row.valid) {
                    add(row, "data", Reason::OtherSum { stated, sum: row.valid });
                }
            }
        }
        if self.question.wants("duplicates") {
            let by_station: std::collections::HashMap<&str, &Sheet> =
                sheets.rows.iter().map(|row| (row.station.as_str(), row)).collect();
            for same in &self.same().examples {
                for station in &same.stations {
                    let others = same.stations.iter().filter(|other| *other != station).take(3).cloned().collect();
                    add(by_station[station.as_str()], "duplicates", Reason::SameVotes { stations: others });
                }
            }
        }
        if self.question.wants("sisters") {
            let fits = self.fits();
            let shares = [
                (ShareOf::Candidate(sheets.leader), format!("{}_of_valid", sheets.leader_id())),
                (ShareOf::Candidate(sheets.runner_up), format!("{}_of_valid", sheets.runner_up_id())),
                (ShareOf::Turnout, "turnout".to_owned()),
            ];
            for (of, name) in shares {
                for one in fits[&name].beyond(FAR) {
                    let AgainstSisters { share, others, z, .. } = *one;
                    let reason = Reason::FarFromSisters { of, name: name.clone(), share, others, z };
                    add(&sheets.rows[one.row], "sisters", reason);
                }
            }
        }
        found
    }
}

/// What a corrected p-value says. Nothing here is a verdict.
fn says(p: f64) -> String {
    if p <= 0.05 {
        let one_in = crate::number::floor((1.0 / p.max(1e-15)).round());
        format!("unusual if chance alone made the numbers (about 1 in {one_in} after correction)")
    } else {
        "quiet: nothing that chance does not make often".to_owned()
    }
}
