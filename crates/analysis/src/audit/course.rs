//! An audit as the ledger has it: the list and those that it goes on from, the dice, what people recorded, and what the
//! records show.
//!
//! Late stations make a new list with the seed of the one before, so an audit is a chain of lists; it is told by its last
//! one. Records against any list of the chain count. Where several stand for one station, the worst counts: nobody can
//! take a difference back except by correcting the record, which stays readable.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use testigo_count::audits::AuditList;
use testigo_count::entry::{Against, AuditStep};
use testigo_count::geography::UnitIndex;
use testigo_count::{Count, DocumentHash, EntryIndex};

use super::macro_batch::{AuditError, Batch};
use super::session::{Assessment, Found, ListError, Listed, assess, order, read_list};
use crate::outlook::{outlook, stations_of};

/// One audit of a contest.
#[derive(Debug, Clone)]
pub struct Course {
    /// The lists, each with those stations that it added; the last is drawn from.
    pub lists: Vec<ListStep>,
    /// The digits of the dice, once they were thrown.
    pub seed: Option<SeedStep>,
    /// The stations of the last list with the numbers that are audited, by code.
    pub listed: Vec<Listed>,
    /// Their codes in the order of the draw; empty while there is no seed.
    pub order: Vec<String>,
    /// What people recorded, oldest first.
    pub records: Vec<Record>,
}

/// A list that was fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListStep {
    /// Its entry.
    pub entry: EntryIndex,
    /// The document with its stations.
    pub document: DocumentHash,
    /// How many.
    pub stations: usize,
    /// Of these, how many no list before it has.
    pub added: usize,
}

/// Dice that were thrown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeedStep {
    /// The entry.
    pub entry: EntryIndex,
    /// The digits.
    pub digits: String,
}

/// What people found at a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The entry.
    pub entry: EntryIndex,
    /// The station's official code.
    pub station: String,
    /// What the list's numbers were compared with.
    pub against: Against,
    /// Votes by candidate; `None` where there was nothing to look at, or a number could not be read.
    pub votes: Option<Vec<u64>>,
    /// The record that corrects it.
    pub superseded_by: Option<EntryIndex>,
}

/// What the records against one thing show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Risk {
    /// The thing.
    pub against: Against,
    /// For who leads on the list.
    pub outcome_on_the_list: Assessment,
    /// For who leads in the whole election, every missing voter against the leader; `None` where the lead is not larger
    /// than that, or where nobody knows how many are missing.
    pub outcome_in_all: Option<Assessment>,
}

/// Why an audit cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CourseError {
    /// The document with the list is missing.
    #[error("the list of entry {0}: its document is not here")]
    Missing(EntryIndex),
    /// The document is no list.
    #[error("the list of entry {0}: {1}")]
    List(EntryIndex, ListError),
}

/// The audits of a contest, oldest first. `document` gives the bytes of a document.
#[must_use]
pub fn courses<D: AsRef<[u8]>>(
    count: &Count,
    contest: usize,
    document: impl Fn(&DocumentHash) -> Option<D>,
) -> Vec<Result<Course, CourseError>> {
    let id = &count.definition().contests[contest].id;
    let lists: Vec<AuditList<'_>> = count.audit_lists().filter(|list| list.contest == id).collect();
    let goes_on: BTreeSet<EntryIndex> = lists.iter().filter_map(|list| list.after).collect();
    let last = lists.iter().filter(|list| !goes_on.contains(&list.index));
    last.map(|list| Course::of(count, contest, list, &lists, &document)).collect()
}

impl Course {
    fn of<D: AsRef<[u8]>>(
        count: &Count,
        contest: usize,
        last: &AuditList<'_>,
        lists: &[AuditList<'_>],
        document: impl Fn(&DocumentHash) -> Option<D>,
    ) -> Result<Self, CourseError> {
        let candidates: Vec<String> =
            count.definition().contests[contest].candidates.iter().map(|one| one.id.to_string()).collect();
        let mut chain = vec![last];
        while let Some(before) = chain.last().and_then(|list| lists.iter().find(|one| Some(one.index) == list.after)) {
            chain.push(before);
        }
        let (mut steps, mut known, mut listed) = (Vec::new(), BTreeSet::new(), Vec::new());
        for list in chain.into_iter().rev() {
            let bytes = document(&list.document).ok_or(CourseError::Missing(list.index))?;
            listed = read_list(bytes.as_ref(), &candidates).map_err(|error| CourseError::List(list.index, error))?;
            let added = listed.iter().filter(|one| known.insert(one.station.clone())).count();
            steps.push(ListStep { entry: list.index, document: list.document, stations: listed.len(), added });
        }
        let seed = last.seed.map(|(entry, seed)| SeedStep { entry, digits: seed.as_str().to_owned() });
        let order = seed.as_ref().map(|seed| order(&listed, &seed.digits)).unwrap_or_default();
        let records = count.audit_records().filter_map(|record| {
            let AuditStep::Record { against, found, list, station, .. } = record.step else { return None };
            steps.iter().any(|step| step.entry == *list).then(|| Record {
                entry: record.index,
                station: station.to_string(),
                against: *against,
                votes: found.as_ref().and_then(|cells| cells.iter().map(|cell| cell.value().map(u64::from)).collect()),
                superseded_by: record.superseded_by,
            })
        });
        Ok(Self { records: records.collect(), lists: steps, seed, listed, order })
    }

    /// The entry of the list that is drawn from.
    #[must_use]
    pub fn list(&self) -> Option<&ListStep> {
        self.lists.last()
    }

    /// A station of the list.
    #[must_use]
    pub fn station(&self, code: &str) -> Option<&Listed> {
        self.listed.binary_search_by(|one| one.station.as_str().cmp(code)).ok().and_then(|at| self.listed.get(at))
    }

    /// What is known about the stations of the list from records against one thing.
    #[must_use]
    pub fn found(&self, count: &Count, against: Against) -> BTreeMap<String, Found> {
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for record in self.records.iter().filter(|record| record.against == against && record.superseded_by.is_none()) {
            let Some(listed) = self.station(&record.station) else { continue };
            let now = match &record.votes {
                Some(votes) => Found::Numbers(Batch { ballots: votes.iter().sum(), votes: votes.clone() }),
                None => Found::Nothing,
            };
            match found.get(&record.station) {
                Some(Found::Nothing) => {}
                Some(Found::Numbers(before)) if before.votes != listed.reported.votes && now != Found::Nothing => {}
                _ => {
                    found.insert(record.station.clone(), now);
                }
            }
        }
        if against == Against::Archive {
            // Up to the last station that somebody looked at, one without a picture cannot be passed over.
            let last = self.order.iter().rposition(|station| found.contains_key(station));
            for station in self.order.iter().take(last.map_or(0, |last| last + 1)) {
                let pictures =
                    count.geography().find_station(station).map_or(0, |at| count.sheets_of_station(at).len());
                if pictures == 0 {
                    found.insert(station.clone(), Found::Nothing);
                }
            }
        }
        found
    }

    /// What the records against one thing show, at a risk limit such as 0.05.
    ///
    /// # Errors
    /// Where nobody leads on the list, or before there is a seed: there is nothing to assess.
    pub fn risk(&self, count: &Count, contest: usize, against: Against, limit: f64) -> Result<Risk, AuditError> {
        let found = self.found(count, against);
        let digits = self.seed.as_ref().map_or("", |seed| &seed.digits);
        let missing = outlook(count, contest, UnitIndex::WHOLE, &stations_of(count, UnitIndex::WHOLE)).missing;
        let outcome_in_all =
            missing.at_most().and_then(|pending| assess(&self.listed, digits, &found, pending, limit).ok());
        let outcome_on_the_list = assess(&self.listed, digits, &found, 0, limit)?;
        Ok(Risk { against, outcome_on_the_list, outcome_in_all })
    }

    /// The things that records are against, in the order archive, paper, official.
    #[must_use]
    pub fn compared_with(&self) -> Vec<Against> {
        let there = |against: &Against| self.records.iter().any(|record| record.against == *against);
        [Against::Archive, Against::Paper, Against::Official].into_iter().filter(there).collect()
    }
}
