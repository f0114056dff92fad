//! One rung of the ladder: find the symbols of a canvas and read them.

use super::canvas::{Canvas, Levels, Threshold};
use super::codewords::Layout;
use super::decode::{DecodeFailure, Decoded, Effort, decode, got_further};
use super::finder::{self, Finder, Middle};
use super::format::fixed_agreement;
use super::grid::Grid;
use super::locate::{self, Candidate, Constellation};
use super::modules::Modules;
use super::outcome::{Detected, Failure, Point, Step};

/// How symbols are looked for in a canvas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub(super) threshold: Threshold,
    pub(super) middle: Middle,
    /// Every how many rows are searched for finder patterns.
    pub(super) stride: usize,
    /// Whether two finder patterns or one may do.
    pub(super) partial: bool,
    pub(super) effort: Effort,
}

/// What one rung gave.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) detected: Vec<Detected>,
    /// The failure that came nearest to a reading.
    pub(super) nearest_miss: Option<Miss>,
}

/// A symbol that was found but not read.
#[derive(Clone, Debug)]
pub(super) struct Miss {
    pub(super) failure: Failure,
    /// How sure it is that there is a symbol, 0 to 1.
    agreement: f32,
    cause: Option<DecodeFailure>,
}

impl Miss {
    /// Whether this one came nearer to a reading.
    pub(super) fn beats(&self, other: &Miss) -> bool {
        match (self.cause, other.cause) {
            (Some(own), Some(others)) if got_further(own, others) => true,
            (Some(own), Some(others)) if got_further(others, own) => false,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            _ => self.agreement > other.agreement,
        }
    }
}

/// Agreement with the fixed patterns under which there is no symbol.
const NO_SYMBOL: f32 = 0.25;

/// Correlation from which a finder pattern counts as evidence that there is a symbol.
const CLEAR_FINDER: f32 = 0.8;

/// How well the fixed patterns must agree with the grid, and that times the root of how many modules they have, for
/// something to be reported as a symbol whose outline is lost, or as one that was found. Print looks a little like
/// anything, and a large grid finds more of it that fits.
const OUTLINE: (f32, f32) = (0.4, 5.0);
const SYMBOL: (f32, f32) = (0.6, 7.0);

/// The same for a symbol whose three finder patterns are clear: small ones have little else.
const SMALL_SYMBOL: (f32, f32) = (0.5, 2.2);

/// Constellations tried in one canvas.
const MOST_TRIES: usize = 24;

/// Guesses at the rest of a symbol from one or two finder patterns, made in one canvas, and of them read.
const MOST_GUESSES: usize = 48;
const MOST_READ_GUESSES: usize = 8;

/// Symbols on which no effort is spared, in one canvas.
const MOST_AGAIN: usize = 3;

/// Finds and reads all symbols of a canvas.
pub(super) fn read(canvas: &Canvas, search: &Search, step: Step, inverted: bool) -> Found {
    let levels = Levels::new(canvas, search.threshold);
    let mut finders = finder::find(canvas, &levels, search.middle, search.stride);
    if search.partial {
        for finder in &mut finders {
            finder::refine(canvas, finder);
        }
        finders.sort_by(|a, b| b.clarity.total_cmp(&a.clarity));
    }
    let mut reading = Reading {
        canvas,
        search,
        step,
        inverted,
        finders: &finders,
        used: vec![false; finders.len()],
        failed: Vec::new(),
        found: Found::default(),
    };
    reading.try_full(&locate::triples(&finders));
    reading.try_again();
    if search.partial {
        reading.try_partial(&locate::pairs(&finders));
        if reading.found.detected.is_empty() {
            reading.try_partial(&locate::singles(&finders));
        }
        reading.try_again();
    }
    reading.found
}

struct Reading<'a> {
    canvas: &'a Canvas,
    search: &'a Search,
    step: Step,
    inverted: bool,
    finders: &'a [Finder],
    /// Finders of symbols that were read.
    used: Vec<bool>,
    /// Symbols that are worth more effort.
    failed: Vec<Failed>,
    found: Found,
}

/// A symbol that could not be read at little cost.
struct Failed {
    constellation: Constellation,
    grid: Grid,
    agreement: f32,
}

impl Reading<'_> {
    /// Tries sets of three finder patterns one after the other.
    fn try_full(&mut self, constellations: &[Constellation]) {
        let mut tries = 0;
        for constellation in constellations {
            if self.is_used(constellation) {
                continue;
            }
            if tries >= MOST_TRIES {
                return;
            }
            tries += 1;
            let candidates = constellation.grids(self.finders, self.canvas);
            let best = candidates.first().map_or(0.0, |candidate| candidate.agreement);
            let floor = (0.7 * best).max(NO_SYMBOL);
            if candidates.first().is_some_and(|candidate| self.attempt_flat(constellation, &candidate.grid)) {
                continue;
            }
            for candidate in candidates.iter().filter(|candidate| candidate.agreement >= floor).take(3) {
                let grid = candidate.grid.clone().grow(self.canvas, constellation.stiffness(), 1.0);
                if self.attempt(constellation, &grid) {
                    break;
                }
            }
        }
    }

    /// Tries sets of fewer: what else can be seen of a symbol decides which of all the guesses are worth reading.
    fn try_partial(&mut self, constellations: &[Constellation]) {
        let mut candidates: Vec<(&Constellation, Candidate)> = Vec::new();
        let open = constellations.iter().filter(|constellation| !self.is_used(constellation));
        for constellation in open.take(MOST_GUESSES) {
            let grids = constellation.grids(self.finders, self.canvas);
            candidates.extend(grids.into_iter().map(|candidate| (constellation, candidate)));
        }
        candidates.sort_by(|a, b| b.1.evidence.total_cmp(&a.1.evidence));
        for (constellation, candidate) in candidates.iter().take(MOST_READ_GUESSES) {
            if !self.is_used(constellation) {
                self.attempt(constellation, &candidate.grid);
            }
        }
    }

    fn is_used(&self, constellation: &Constellation) -> bool {
        constellation.members().any(|index| self.used[index])
    }

    /// Reads a symbol as if the paper were flat; whether that worked with half of the repair to spare. Following the paper from one alignment
    /// pattern to the next is most of the work on a plain scan, and few scans need it.
    fn attempt_flat(&mut self, constellation: &Constellation, grid: &Grid) -> bool {
        let Some(modules) = grid.read(self.canvas) else {
            return false;
        };
        match decode(&modules, &Layout::new(modules.version()), Effort::Quick) {
            Ok(decoded)
                if !decoded.correction.is_doubtful()
                    && 4 * decoded.correction.errors <= decoded.correction.capacity =>
            {
                self.take(decoded, &modules, grid, constellation);
                true
            }
            _ => false,
        }
    }

    /// Reads a symbol at little cost; whether that worked and leaves no doubt. If not, it is remembered for [`Self::try_again`].
    fn attempt(&mut self, constellation: &Constellation, grid: &Grid) -> bool {
        let Some(modules) = grid.read(self.canvas) else {
            return false;
        };
        let agreement = fixed_agreement(&modules);
        let layout = Layout::new(modules.version());
        match decode(&modules, &layout, Effort::Quick) {
            Ok(decoded) if !decoded.correction.is_doubtful() => {
                self.take(decoded, &modules, grid, constellation);
                return true;
            }
            Err(cause) if agreement < NO_SYMBOL => self.note_miss(cause, &modules, grid, agreement, constellation),
            // More effort may repair it, or find a repair of the same symbol that leaves no doubt.
            _ => self.failed.push(Failed { constellation: constellation.clone(), grid: grid.clone(), agreement }),
        }
        false
    }

    /// Reads the likeliest of the symbols that could not be read at little cost, this time with every means.
    fn try_again(&mut self) {
        let mut failed = std::mem::take(&mut self.failed);
        failed.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
        for Failed { constellation, grid, .. } in failed.into_iter().take(MOST_AGAIN) {
            if self.is_used(&constellation) {
                continue;
            }
            let adapted = grid.clone().adapted(self.canvas);
            let readings = [adapted, grid].map(|grid| Some((grid.read(self.canvas)?, grid)));
            // The clearer one is the likelier to be right.
            let best = readings.into_iter().flatten().max_by(|a, b| a.0.clarity().total_cmp(&b.0.clarity()));
            let Some((modules, grid)) = best else { continue };
            let layout = Layout::new(modules.version());
            match decode(&modules, &layout, self.search.effort) {
                Ok(decoded) => self.take(decoded, &modules, &grid, &constellation),
                Err(cause) => {
                    let agreement = fixed_agreement(&modules);
                    self.note_miss(cause, &modules, &grid, agreement, &constellation);
                }
            }
        }
    }

    fn take(&mut self, decoded: Decoded, modules: &Modules, grid: &Grid, constellation: &Constellation) {
        let detected = self.detected(decoded, modules, grid);
        self.found.detected.push(detected);
        for index in constellation.members() {
            self.used[index] = true;
        }
    }

    fn detected(&self, decoded: Decoded, modules: &Modules, grid: &Grid) -> Detected {
        let mut corners = self.original(grid.corners());
        if decoded.mirrored {
            corners.swap(1, 3);
        }
        Detected {
            bytes: decoded.content.bytes,
            text: decoded.content.text,
            corners,
            reader: super::READER,
            step: self.step,
            version: modules.version().number(),
            correction: Some(decoded.correction),
            part: decoded.content.part,
            mirrored: decoded.mirrored,
            inverted: self.inverted,
        }
    }

    fn original(&self, points: [Point; 4]) -> [Point; 4] {
        points.map(|point| self.canvas.to_original(point))
    }

    fn note_miss(
        &mut self,
        cause: DecodeFailure,
        modules: &Modules,
        grid: &Grid,
        agreement: f32,
        constellation: &Constellation,
    ) {
        let version = modules.version().number();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let corners = self.original(grid.corners());
        let clear = constellation
            .members()
            .filter(|index| finder::clarity(self.canvas, &self.finders[*index]) >= CLEAR_FINDER)
            .count();
        let reaches = |(share, sureness): (f32, f32)| {
            agreement >= share && agreement * (modules.fixed() as f32).sqrt() >= sureness
        };
        let (failure, cause) = match cause {
            _ if clear < 3 && !reaches(if clear < 2 { SYMBOL } else { OUTLINE }) => return,
            _ if !(reaches(SYMBOL) || clear >= 3 && reaches(SMALL_SYMBOL)) => {
                let near = self.canvas.to_original(constellation.middle(self.finders));
                (Failure::OutlineLost { near }, None)
            }
            DecodeFailure::Malformed(reason) => (Failure::Malformed { corners, version, reason }, Some(cause)),
            DecodeFailure::Blocks { failed, total } if modules.outside() > modules.side() => (
                Failure::CutOff {
                    corners,
                    version,
                    missing_modules: count(modules.outside()),
                    modules: count(modules.side() * modules.side()),
                    blocks_failed: failed,
                    blocks: total,
                },
                Some(cause),
            ),
            DecodeFailure::Blocks { failed, total } => {
                (Failure::TooDamaged { corners, version, blocks_failed: failed, blocks: total }, Some(cause))
            }
        };
        let miss = Miss { failure, agreement, cause };
        if self.found.nearest_miss.as_ref().is_none_or(|old| miss.beats(old)) {
            self.found.nearest_miss = Some(miss);
        }
    }
}
