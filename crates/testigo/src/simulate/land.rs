//! The land of a made-up country: an island, divided into units by the number of their stations. Whole numbers only,
//! so that the same seed gives the same land on every machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use testigo_count::pack::Pack;
use testigo_count::register::RegisterRow;

use super::chance::Chance;

/// The island lies on so many cells.
const WIDE: usize = 132;
const HIGH: usize = 96;

/// A unit needs about so many cells to be seen.
const CELLS_FOR_ONE: usize = 5;

/// Between two corners of cells, in thousandths of a degree.
const STEP: u64 = 60;

/// A corner is moved by at most so much, so that no border is straight.
const WOBBLE: u64 = 21;

/// South-western corner, in thousandths of a degree: in the middle of an ocean.
const WEST: i64 = -31_000;
const SOUTH: i64 = 21_000;

/// Units with the number of their stations, as the register names them.
#[derive(Debug)]
pub struct Land {
    seed: u64,
    /// How many levels have outlines; polling places have none.
    levels: usize,
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    stations: u64,
    below: BTreeMap<String, Node>,
}

type Cells = BTreeSet<usize>;

impl Land {
    /// A land without units.
    pub fn new(pack: &Pack, seed: u64) -> Self {
        Self { seed, levels: pack.unit_levels().len().saturating_sub(1).max(1), root: Node::default() }
    }

    /// Makes room for a station.
    pub fn add(&mut self, row: &RegisterRow) {
        let mut node = &mut self.root;
        node.stations += 1;
        for (_, code, _) in row.path.iter().take(self.levels) {
            node = node.below.entry(code.to_string()).or_default();
            node.stations += 1;
        }
    }

    /// The outlines as GeoJSON with `level` and `code`, level by level as long as units can be seen.
    pub fn boundaries(&self, pack: &Pack) -> String {
        let mut features = Vec::new();
        let mut now: Vec<(&Node, Cells)> = vec![(&self.root, self.island())];
        for level in pack.unit_levels().iter().take(self.levels) {
            let units: usize = now.iter().map(|(node, _)| node.below.len()).sum();
            let cells: usize = now.iter().map(|(_, cells)| cells.len()).sum();
            if units * CELLS_FOR_ONE > cells {
                break;
            }
            let mut next = Vec::new();
            for (node, cells) in now {
                let weights: Vec<u64> = node.below.values().map(|below| below.stations).collect();
                for ((code, below), cells) in node.below.iter().zip(shared_out(&cells, &weights)) {
                    features.push(self.feature(level.id.as_str(), code, &cells));
                    next.push((below, cells));
                }
            }
            now = next;
        }
        format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", features.join(",\n"))
    }

    /// Cells near the middle, fewer where chance says so; only what hangs together.
    fn island(&self) -> Cells {
        // Chance on a coarse lattice, evened out between its points.
        const COARSE: usize = 12;
        let lattice = |x: usize, y: usize| {
            Chance::new(self.seed, "coast", u64::try_from(y * 1_000 + x).unwrap_or(0)).below(1_000)
        };
        let land: Cells = (0..WIDE * HIGH)
            .filter(|cell| {
                let (x, y) = (cell % WIDE, cell / WIDE);
                let (right, down) = (width(x % COARSE), width(y % COARSE));
                let (x0, y0, coarse) = (x / COARSE, y / COARSE, width(COARSE));
                let noise = (lattice(x0, y0) * (coarse - right) * (coarse - down)
                    + lattice(x0 + 1, y0) * right * (coarse - down)
                    + lattice(x0, y0 + 1) * (coarse - right) * down
                    + lattice(x0 + 1, y0 + 1) * right * down)
                    / (coarse * coarse);
                let from_middle = |at: usize, of: usize| width((2 * at + 1).abs_diff(of)) * 1_000 / width(of);
                let (across, up) = (from_middle(x, WIDE), from_middle(y, HIGH));
                let edge = x == 0 || y == 0 || x + 1 == WIDE || y + 1 == HIGH;
                !edge && (across * across + up * up) / 1_000 + noise < 1_150
            })
            .collect();
        let middle = WIDE * (HIGH / 2) + WIDE / 2;
        let start = land.iter().copied().min_by_key(|cell| distance(*cell, middle)).unwrap_or(middle);
        let mut reached = Cells::from([start]);
        let mut edge = vec![start];
        while let Some(cell) = edge.pop() {
            edge.extend(beside(cell).filter(|next| land.contains(next) && reached.insert(*next)));
        }
        reached
    }

    fn feature(&self, level: &str, code: &str, cells: &Cells) -> String {
        let mut polygons = String::new();
        for ring in rings(cells) {
            let mut points = String::new();
            for corner in ring.iter().chain(ring.first()) {
                let gap = if points.is_empty() { "" } else { "," };
                let [east, north] = self.place(*corner);
                let _ = write!(points, "{gap}[{},{}]", degrees(east), degrees(north));
            }
            let gap = if polygons.is_empty() { "" } else { "," };
            let _ = write!(polygons, "{gap}[{points}]");
        }
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"level\":\"{level}\",\"code\":\"{code}\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{polygons}]}}}}"
        )
    }

    /// A corner of the cells in thousandths of a degree: the same for all units that meet there.
    fn place(&self, (x, y): (usize, usize)) -> [i64; 2] {
        let mut chance = Chance::new(self.seed, "border", u64::try_from(y * 1_000 + x).unwrap_or(0));
        let mut moved = |at: usize| i64::try_from(width(at) * STEP + chance.below(2 * WOBBLE + 1)).unwrap_or(0);
        [WEST + moved(x), SOUTH + moved(HIGH - y)]
    }
}

fn width(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn degrees(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", thousandths.abs() / 1_000, thousandths.abs() % 1_000)
}

fn distance(one: usize, other: usize) -> usize {
    let (across, up) = ((one % WIDE).abs_diff(other % WIDE), (one / WIDE).abs_diff(other / WIDE));
    across * across + up * up
}

/// The cells on the four sides.
fn beside(cell: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (cell % WIDE, cell / WIDE);
    let left = (x > 0).then(|| cell - 1);
    let right = (x + 1 < WIDE).then_some(cell + 1);
    let above = (y > 0).then(|| cell - WIDE);
    let below = (y + 1 < HIGH).then_some(cell + WIDE);
    [left, right, above, below].into_iter().flatten()
}

/// Shares cells out by weight: each part grows from a cell of its own, the one that lags most behind first.
fn shared_out(cells: &Cells, weights: &[u64]) -> Vec<Cells> {
    let mut parts: Vec<Cells> = Vec::new();
    let mut taken = Cells::new();
    // Where the parts begin: as far from each other as they can be.
    let mut nearest: BTreeMap<usize, usize> = cells.iter().map(|cell| (*cell, usize::MAX)).collect();
    for _ in weights {
        let start = nearest.iter().filter(|(cell, _)| !taken.contains(cell)).max_by_key(|(_, far)| **far);
        let Some(start) = start.map(|(cell, _)| *cell) else { break };
        for (cell, far) in &mut nearest {
            *far = (*far).min(distance(*cell, start));
        }
        taken.insert(start);
        parts.push(Cells::from([start]));
    }
    let mut edges: Vec<BTreeSet<(usize, usize)>> = vec![BTreeSet::new(); parts.len()];
    let widen = |edge: &mut BTreeSet<(usize, usize)>, from: usize, start: usize| {
        edge.extend(beside(from).filter(|next| cells.contains(next)).map(|next| (distance(next, start), next)));
    };
    let starts: Vec<usize> = parts.iter().filter_map(|part| part.first().copied()).collect();
    for (at, start) in starts.iter().enumerate() {
        widen(&mut edges[at], *start, *start);
    }
    loop {
        for edge in &mut edges {
            edge.retain(|(_, cell)| !taken.contains(cell));
        }
        let lagging = (0..parts.len())
            .filter(|at| !edges[*at].is_empty())
            .min_by_key(|at| width(parts[*at].len()) * 1_000 / weights[*at].max(1));
        let Some(at) = lagging else { return parts };
        let Some((_, cell)) = edges[at].pop_first() else { return parts };
        taken.insert(cell);
        parts[at].insert(cell);
        widen(&mut edges[at], cell, starts[at]);
    }
}

type Corner = (usize, usize);

/// The closed lines around cells, from corner to corner with the cells on the same hand.
fn rings(cells: &Cells) -> Vec<Vec<Corner>> {
    let mut sides: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    for cell in cells {
        let (x, y) = (cell % WIDE, cell / WIDE);
        for (other, from, to) in [
            (cell - WIDE, (x + 1, y), (x, y)),
            (cell - 1, (x, y), (x, y + 1)),
            (cell + WIDE, (x, y + 1), (x + 1, y + 1)),
            (cell + 1, (x + 1, y + 1), (x + 1, y)),
        ] {
            if !cells.contains(&other) {
                sides.entry(from).or_default().push(to);
            }
        }
    }
    let mut rings = Vec::new();
    while let Some(start) = sides.keys().next().copied() {
        let mut ring = vec![start];
        let mut corner = start;
        while let Some(nexts) = sides.get_mut(&corner) {
            let next = nexts.pop();
            if nexts.is_empty() {
                sides.remove(&corner);
            }
            match next {
                Some(next) if next != start => {
                    ring.push(next);
                    corner = next;
                }
                _ => break,
            }
        }
        rings.push(ring);
    }
    // The outer line first, as GeoJSON wants it.
    rings.sort_by_key(|ring| std::cmp::Reverse(ring.len()));
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hang_together_cover_everything_and_follow_their_weights() {
        let land = Land { seed: 5, levels: 1, root: Node::default() };
        let island = land.island();
        assert!(island.len() > WIDE * HIGH / 4, "{} cells", island.len());
        let weights = [1, 2, 4, 8, 16, 3, 3, 3];
        let parts = shared_out(&island, &weights);
        assert_eq!(parts.iter().map(Cells::len).sum::<usize>(), island.len());
        assert_eq!(parts.iter().flatten().copied().collect::<Cells>(), island);
        for part in &parts {
            let start = *part.first().unwrap();
            let (mut reached, mut edge) = (Cells::from([start]), vec![start]);
            while let Some(cell) = edge.pop() {
                edge.extend(beside(cell).filter(|next| part.contains(next) && reached.insert(*next)));
            }
            assert_eq!(reached, *part);
        }
        assert!(parts[4].len() > parts[0].len(), "more stations, more land");
    }

    #[test]
    fn lines_around_cells_close_and_holes_have_lines_of_their_own() {
        let at = |x: usize, y: usize| y * WIDE + x;
        let frame: Cells =
            (1..4).flat_map(|x| (1..4).map(move |y| at(x, y))).filter(|cell| *cell != at(2, 2)).collect();
        let rings = rings(&frame);
        assert_eq!(rings.iter().map(Vec::len).collect::<Vec<_>>(), [12, 4]);
    }
}
