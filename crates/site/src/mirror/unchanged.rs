//! Which files of a mirror still hold what they held when it was last published, found without drawing them.
//!
//! A page about a station or a unit shows what the count says of it and of what is below it, the geography, and a few things that all pages
//! show. So two states of the count are held against each other: where anything that all pages show differs, nothing is known to be
//! unchanged; else every page is whose station, or none of whose stations, differs. Pages about the whole are never taken for unchanged.
//! A page that looked at something else besides would be missed here: a part of the files is drawn all the same, others at every
//! size of the ledger, and if one of them differs all are drawn ([`Unchanged::samples`]).

use std::collections::BTreeSet;

use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::sheets::SheetIndex;

use super::{Mirror, MirrorFile};
use crate::page::columns;
use crate::respond::About;
use crate::view::View;

/// Of so many unchanged files one is drawn to see whether it is.
const SAMPLE: u64 = 64;

/// What is known to be unchanged: everything about places that are not named here.
#[derive(Debug)]
pub(super) struct Unchanged {
    stations: BTreeSet<StationIndex>,
    units: BTreeSet<UnitIndex>,
}

impl Unchanged {
    /// Between two states of one ledger; `None` where every page may differ.
    pub(super) fn since(before: &View, now: &View) -> Option<Self> {
        if !before.places.fit(&now.count) || frame(before) != frame(now) {
            return None;
        }
        let geography = now.count.geography();
        let differs = |station: &StationIndex| {
            now.count.station_differs(&before.count, *station) || pictures_differ(before, now, *station)
        };
        let stations: BTreeSet<StationIndex> = geography.stations().filter(differs).collect();
        let units = stations.iter().filter_map(|station| geography.station_unit(*station));
        let units = units.flat_map(|unit| geography.ancestors(unit)).collect();
        Some(Self { stations, units })
    }

    /// Whether a file is as it was, if it was there.
    pub(super) fn holds(&self, mirror: &Mirror, file: &MirrorFile) -> bool {
        match mirror.site.about(&file.address) {
            About::Station(station) => !self.stations.contains(&station),
            About::Unit(unit) => unit != UnitIndex::WHOLE && !self.units.contains(&unit),
            About::Whole => false,
        }
    }

    /// Some of the files that should be as they were.
    pub(super) fn samples<'a>(&self, mirror: &'a Mirror) -> Vec<&'a MirrorFile> {
        let first = mirror.view().head.size % SAMPLE;
        let chosen = (first..).zip(mirror.files()).filter(|(number, _)| number % SAMPLE == 0).map(|(_, file)| file);
        chosen.filter(|file| self.holds(mirror, file)).collect()
    }
}

/// What pages about a place show besides what is said of the place: the order of the candidates, what was proclaimed, whether there is an
/// audit, and whether it is known how much is missing. Settings, languages and maps are files of the mirror of their own.
fn frame(view: &View) -> impl PartialEq + '_ {
    let count = &view.count;
    let contests = 0..count.definition().contests.len();
    let complete = |contest: usize| count.unit_totals(contest, UnitIndex::WHOLE).incomplete == 0;
    (
        (count.entry_zero(), count.register_from_results()),
        &view.ranking,
        contests.clone().map(|contest| columns(view, contest)).collect::<Vec<_>>(),
        contests.map(|contest| (complete(contest), view.has_audit(contest))).collect::<Vec<_>>(),
        count.officials().collect::<Vec<_>>(),
    )
}

/// Whether other pictures of a station's sheets may be shown: that depends on other sheets with the same pictures, too.
fn pictures_differ(before: &View, now: &View, station: StationIndex) -> bool {
    let shown = |view: &View, sheet: SheetIndex| {
        let pages = view.count.sheet_view(sheet).pages.into_iter();
        let media: Vec<_> = pages.map(|page| view.rendition(&page.rendition)).collect();
        (media, view.copies(sheet) > 0)
    };
    now.count.sheets_of_station(station).into_iter().any(|sheet| shown(before, sheet) != shown(now, sheet))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::PathBuf;
    use std::sync::Arc;

    use testigo_count::DocumentHash;

    use super::Unchanged;
    use crate::mirror::Mirror;
    use crate::source::{MemorySource, open_view};

    /// A ledger of docs/vectors, taken in piece by piece.
    struct Growing {
        source: MemorySource,
        entries: std::vec::IntoIter<Vec<u8>>,
    }

    impl Growing {
        fn new(vector: &str) -> Self {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors").join(vector);
            let source = MemorySource::default();
            for document in std::fs::read_dir(folder.join("documents")).unwrap() {
                source.keep(&std::fs::read(document.unwrap().path()).unwrap());
            }
            let lines = std::fs::read(folder.join("entries.jsonl")).unwrap();
            let entries: Vec<Vec<u8>> =
                lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
            Self { source, entries: entries.into_iter() }
        }

        fn take(&mut self, number: usize) -> bool {
            let taken: Vec<Vec<u8>> = self.entries.by_ref().take(number).collect();
            let any = !taken.is_empty();
            for entry in taken {
                self.source.append(entry);
            }
            any
        }

        fn mirror(&self) -> Mirror {
            Mirror::new(Arc::new(open_view(&self.source).unwrap()), []).unwrap()
        }

        /// What each file holds that is made from the count; nothing where that takes pictures, which the vectors have not.
        fn drawn(&self, mirror: &Mirror) -> BTreeMap<String, Option<DocumentHash>> {
            let made = mirror.files().iter().filter(|file| file.is_made());
            let hash = |file| mirror.content(file, &self.source).ok().map(|bytes| DocumentHash::of(&bytes));
            made.map(|file| (file.path.clone(), hash(file))).collect()
        }
    }

    /// Of all files taken for unchanged, none was there before with other bytes. Gives how many were, of how many.
    fn check(vector: &str, steps: &[usize]) -> (usize, usize) {
        let mut ledger = Growing::new(vector);
        ledger.take(1);
        let mut before = ledger.mirror();
        let mut drawn = ledger.drawn(&before);
        let (mut kept, mut all) = (0, 0);
        for step in steps.iter().cycle() {
            if !ledger.take(*step) {
                return (kept, all);
            }
            let now = ledger.mirror();
            let drawn_now = ledger.drawn(&now);
            all += drawn_now.len();
            if let Some(unchanged) = Unchanged::since(before.view(), now.view()) {
                let holding: BTreeSet<&str> = now
                    .files()
                    .iter()
                    .filter(|file| file.is_made() && unchanged.holds(&now, file))
                    .map(|file| file.path.as_str())
                    .collect();
                for path in &holding {
                    let (was, is) = (drawn.get(*path), drawn_now.get(*path));
                    let size = now.view().head.size;
                    assert!(was.is_none() || was == is, "{path} is taken for unchanged at {size} entries, and is not");
                }
                kept += holding.len();
            }
            (before, drawn) = (now, drawn_now);
        }
        unreachable!("the entries come to an end")
    }

    #[test]
    fn what_is_taken_for_unchanged_is_drawn_the_same() {
        for (vector, steps) in [("drawn", &[1, 2, 1, 3, 5][..]), ("wide", &[1, 7, 30]), ("masks", &[1]), ("keys", &[1])]
        {
            let (kept, all) = check(vector, steps);
            println!("{vector}: {kept} of {all} files were taken for unchanged");
            if vector == "drawn" {
                assert!(kept * 3 > all, "hardly anything is taken for unchanged: {kept} of {all}");
            }
        }
    }
}
