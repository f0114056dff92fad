//! Units of a level with their outlines and figures, as GeoJSON (RFC 7946).

use serde_json::{Map, Value, json};
use testigo_count::geography::UnitIndex;

use crate::map::Outline;
use crate::view::View;

/// The features of all units of a level. A unit whose outline is not known has the geometry `null`.
#[must_use]
pub fn geojson(view: &View, contest: usize, level: usize) -> Vec<u8> {
    let geography = view.count.geography();
    let units = view.places.units().iter().copied().filter(|unit| geography.unit_level(*unit) == Some(level));
    let features: Vec<Value> = units
        .map(|unit| {
            json!({
                "type": "Feature",
                "properties": properties(view, contest, unit),
                "geometry": view.maps.boundaries.of(&view.count, unit).map(geometry),
            })
        })
        .collect();
    let name = view.count.pack().levels.get(level).map(|level| level.id.to_string());
    json!({ "type": "FeatureCollection", "name": name, "features": features }).to_string().into_bytes()
}

fn properties(view: &View, contest: usize, unit: UnitIndex) -> Map<String, Value> {
    let (count, geography) = (&view.count, view.count.geography());
    let totals = count.unit_totals(contest, unit);
    let (votes, others) = count.unit_votes(contest, unit);
    let level = geography.unit_level(unit).and_then(|level| count.pack().levels.get(level));
    let mut properties = Map::new();
    let mut put = |name: String, value: Value| properties.insert(name, value);
    put("level".to_owned(), level.map(|level| level.id.to_string()).into());
    put("code".to_owned(), geography.unit_code(unit).into());
    put("name".to_owned(), geography.unit_name(unit).into());
    put("expected".to_owned(), count.expected(contest, unit).known.into());
    put("listed".to_owned(), totals.listed.into());
    put("counted".to_owned(), totals.counted.into());
    put("disputed".to_owned(), totals.disputed.into());
    put("registered_in_counted".to_owned(), totals.registered_in_counted.into());
    put("valid".to_owned(), votes.iter().sum::<u64>().into());
    let definition = view.contest(contest);
    for (candidate, votes) in definition.candidates.iter().zip(votes) {
        put(format!("votes.{}", candidate.id), (*votes).into());
    }
    for (other, votes) in definition.others.iter().zip(others) {
        put(format!("other.{}", other.id), (*votes).into());
    }
    properties
}

/// One polygon for each ring that lies in no other, with the rings inside it as holes.
fn geometry(outline: &Outline) -> Value {
    let closed = |ring: &Vec<[f64; 2]>| ring.iter().chain(ring.first()).copied().collect::<Vec<[f64; 2]>>();
    let mut polygons: Vec<(usize, Vec<Vec<[f64; 2]>>)> = Vec::new();
    let around = |at: usize| {
        (0..outline.rings.len())
            .filter(|other| *other != at && contains(&outline.rings[*other], outline.rings[at][0]))
            .collect::<Vec<_>>()
    };
    let depths: Vec<Vec<usize>> = (0..outline.rings.len()).map(around).collect();
    for (at, above) in depths.iter().enumerate() {
        if above.len().is_multiple_of(2) {
            polygons.push((at, vec![closed(&outline.rings[at])]));
        }
    }
    for (at, above) in depths.iter().enumerate().filter(|(_, above)| !above.len().is_multiple_of(2)) {
        // The innermost ring around a hole is the one that itself lies deepest.
        let outer = above.iter().max_by_key(|ring| depths[**ring].len());
        if let Some((_, rings)) = polygons.iter_mut().find(|(ring, _)| Some(ring) == outer) {
            rings.push(closed(&outline.rings[at]));
        }
    }
    let polygons: Vec<_> = polygons.into_iter().map(|(_, rings)| rings).collect();
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}

/// Whether a point lies inside a ring.
fn contains(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let sides = ring.iter().zip(ring.iter().cycle().skip(1));
    let crossings = sides.filter(|(one, other)| {
        (one[1] > y) != (other[1] > y) && x < (other[0] - one[0]) * (y - one[1]) / (other[1] - one[1]) + one[0]
    });
    !crossings.count().is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_and_islands_in_lakes_find_their_polygons() {
        let square = |from: f64, to: f64| vec![[from, from], [to, from], [to, to], [from, to]];
        let outline = Outline { rings: vec![square(4.0, 5.0), square(0.0, 9.0), square(2.0, 7.0), square(20.0, 21.0)] };
        let value = geometry(&outline);
        let polygons: Vec<usize> =
            value["coordinates"].as_array().unwrap().iter().map(|polygon| polygon.as_array().unwrap().len()).collect();
        assert_eq!(polygons, [1, 2, 1]);
        assert_eq!(value["coordinates"][1][1][0], json!([2.0, 2.0]));
    }
}
