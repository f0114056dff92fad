//! Simulated elections on this election's own stations: the yardstick of the screens.
//!
//! Every station draws its valid votes from its registered voters with the turnout of its polling place, and the
//! candidates' votes from those with the shares of its polling place. Nothing is made up, nothing is copied: whatever a
//! screen finds here, chance and geography alone can do.

use crate::chance::Chance;
use crate::number::real;
use crate::sheets::Sheets;

struct Place {
    turnout: f64,
    /// Of each candidate: the chance among those who did not vote for one before.
    chances: Vec<f64>,
}

/// What to simulate.
pub struct Model {
    /// Registered voters, polling place.
    stations: Vec<(u64, usize)>,
    places: Vec<Place>,
    leader: usize,
    runner_up: usize,
    /// For leader and runner-up alone.
    two: Vec<[f64; 2]>,
}

impl Model {
    /// `None` where the voters of a sheet are not known.
    #[must_use]
    pub fn of(sheets: &Sheets) -> Option<Self> {
        if !sheets.all_registered() {
            return None;
        }
        let mut two = Vec::with_capacity(sheets.places.len());
        let places = sheets
            .by_place()
            .into_iter()
            .map(|rows| {
                let sums = sheets.sums_of(rows.iter().map(|row| &sheets.rows[*row]));
                let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { real(part) / real(whole) };
                let mut left = sums.valid;
                let chances = sums
                    .votes
                    .iter()
                    .map(|votes| {
                        let chance = share(*votes, left);
                        left -= votes;
                        chance
                    })
                    .collect();
                let (leader, next) = (sums.votes[sheets.leader], sums.votes[sheets.runner_up]);
                two.push([share(leader, sums.valid), share(next, sums.valid - leader)]);
                Place { turnout: share(sums.valid, sums.registered).min(1.0), chances }
            })
            .collect();
        Some(Self {
            stations: sheets.rows.iter().map(|row| (row.voters(), row.place)).collect(),
            places,
            leader: sheets.leader,
            runner_up: sheets.runner_up,
            two,
        })
    }

    /// The votes of leader and runner-up at every station.
    pub fn two_candidates(&self, chance: &mut Chance) -> [Vec<u64>; 2] {
        let mut drawn = [Vec::with_capacity(self.stations.len()), Vec::with_capacity(self.stations.len())];
        for (voters, place) in &self.stations {
            let valid = chance.binomial(*voters, self.places[*place].turnout);
            let [lead, next] = self.two[*place];
            let leader = chance.binomial(valid, lead);
            drawn[0].push(leader);
            drawn[1].push(chance.binomial(valid - leader, next));
        }
        drawn
    }

    /// One station after another: valid votes, and the votes of every candidate.
    pub fn all_candidates(&self, chance: &mut Chance, mut each: impl FnMut(u64, &[u64])) {
        let mut votes = Vec::new();
        for (voters, place) in &self.stations {
            let place = &self.places[*place];
            let valid = chance.binomial(*voters, place.turnout);
            votes.clear();
            let mut left = valid;
            for likely in &place.chances {
                let drawn = chance.binomial(left, *likely);
                left -= drawn;
                votes.push(drawn);
            }
            each(valid, &votes);
        }
    }

    /// Positions of leader and runner-up in what [`Model::all_candidates`] hands on.
    #[must_use]
    pub fn two(&self) -> [usize; 2] {
        [self.leader, self.runner_up]
    }
}
