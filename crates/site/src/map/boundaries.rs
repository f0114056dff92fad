//! Outlines of units from GeoJSON (RFC 7946).
//!
//! In the normal form, which is what an archive keeps, each feature of one `FeatureCollection` has the properties
//! `level` and `code` and the geometry `Polygon` or `MultiPolygon`. [`normal_form`] makes it from what an organiser has.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testigo_count::geography::UnitIndex;
use testigo_count::{Count, DocumentHash};

/// Points of one closed line, longitude and latitude in degrees; the last point is not the first.
pub type Ring = Vec<[f64; 2]>;

/// All rings of one unit: outer ones and holes, told apart by the even-odd rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    /// At least one.
    pub rings: Vec<Ring>,
}

/// The outlines of one document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Boundaries {
    units: BTreeMap<(String, String), Outline>,
    /// The document's hash; `None` where there is no document.
    pub hash: Option<DocumentHash>,
}

/// Why a document gives no outlines.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BoundariesError {
    /// Not JSON.
    #[error("{file}: not JSON: {message}")]
    Json {
        /// The file.
        file: String,
        /// What the parser says, with the line.
        message: String,
    },
    /// JSON of another kind.
    #[error("{file}: not a GeoJSON FeatureCollection")]
    Kind {
        /// The file.
        file: String,
    },
    /// A feature does not say which unit it is.
    #[error(
        "{file}: feature {feature} has no property `{property}`; name the property that holds the official code with --code, and the level with --level"
    )]
    Property {
        /// The file.
        file: String,
        /// From 1.
        feature: usize,
        /// The property that is missing.
        property: String,
    },
    /// A feature has no outline.
    #[error("{file}: feature {feature} has no polygon of at least three points with numbers in degrees")]
    Geometry {
        /// The file.
        file: String,
        /// From 1.
        feature: usize,
    },
}

impl Boundaries {
    /// Reads a document in the normal form. `file` is how complaints call it.
    ///
    /// # Errors
    /// When it is in another form.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, BoundariesError> {
        let mut units = BTreeMap::new();
        for (at, feature) in features(file, bytes)?.iter().enumerate() {
            let level = property(file, at, feature, "level")?;
            let code = property(file, at, feature, "code")?;
            let outline =
                outline(feature).ok_or_else(|| BoundariesError::Geometry { file: file.to_owned(), feature: at + 1 })?;
            units.insert((level, code), outline);
        }
        Ok(Self { units, hash: Some(DocumentHash::of(bytes)) })
    }

    /// The outline of a unit.
    #[must_use]
    pub fn of(&self, count: &Count, unit: UnitIndex) -> Option<&Outline> {
        let level = count.geography().unit_level(unit).and_then(|level| count.pack().levels.get(level))?;
        self.units.get(&(level.id.to_string(), count.geography().unit_code(unit).to_owned()))
    }

    /// The units that have an outline, by level and code.
    pub fn units(&self) -> impl Iterator<Item = (&str, &str)> {
        self.units.keys().map(|(level, code)| (level.as_str(), code.as_str()))
    }
}

/// The normal form of an organiser's file, on top of what there is already. `level` is the level of all features and
/// `code` the property with the official code; without them the features must say so themselves, as in the normal form.
///
/// # Errors
/// When the file is no GeoJSON, or a feature has no code or no polygon.
pub fn normal_form(
    before: Option<&[u8]>,
    file: &str,
    bytes: &[u8],
    level: Option<&str>,
    code: Option<&str>,
) -> Result<Vec<u8>, BoundariesError> {
    let mut all: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut add = |file: &str, bytes: &[u8], level: Option<&str>, code: &str| {
        for (at, feature) in features(file, bytes)?.iter().enumerate() {
            let level = match level {
                Some(level) => level.to_owned(),
                None => property(file, at, feature, "level")?,
            };
            let code = property(file, at, feature, code)?;
            if outline(feature).is_none() {
                return Err(BoundariesError::Geometry { file: file.to_owned(), feature: at + 1 });
            }
            let geometry = feature.get("geometry").cloned().unwrap_or_default();
            let normal =
                json!({ "type": "Feature", "properties": { "level": level, "code": code }, "geometry": geometry });
            all.insert((level, code), normal);
        }
        Ok(())
    };
    if let Some(before) = before {
        add("boundaries.geojson", before, None, "code")?;
    }
    add(file, bytes, level, code.unwrap_or("code"))?;
    let features: Vec<Value> = all.into_values().collect();
    Ok(json!({ "type": "FeatureCollection", "features": features }).to_string().into_bytes())
}

fn features(file: &str, bytes: &[u8]) -> Result<Vec<Value>, BoundariesError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut document: Value = serde_json::from_slice(bytes)
        .map_err(|error| BoundariesError::Json { file: file.to_owned(), message: error.to_string() })?;
    let is_collection = document.get("type").and_then(Value::as_str) == Some("FeatureCollection");
    match document.get_mut("features").filter(|_| is_collection).map(Value::take) {
        Some(Value::Array(features)) => Ok(features),
        _ => Err(BoundariesError::Kind { file: file.to_owned() }),
    }
}

fn property(file: &str, at: usize, feature: &Value, name: &str) -> Result<String, BoundariesError> {
    let inside = feature.get("properties").and_then(|properties| properties.get(name));
    match inside.or_else(|| feature.get(name)) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(BoundariesError::Property { file: file.to_owned(), feature: at + 1, property: name.to_owned() }),
    }
}

fn outline(feature: &Value) -> Option<Outline> {
    let geometry = feature.get("geometry")?;
    let coordinates = geometry.get("coordinates")?.as_array()?;
    let rings = match geometry.get("type")?.as_str()? {
        "Polygon" => coordinates.iter().map(ring).collect::<Option<Vec<Ring>>>()?,
        "MultiPolygon" => {
            let polygons = coordinates.iter().map(|polygon| polygon.as_array());
            polygons.collect::<Option<Vec<_>>>()?.into_iter().flatten().map(ring).collect::<Option<Vec<Ring>>>()?
        }
        _ => return None,
    };
    (!rings.is_empty()).then_some(Outline { rings })
}

fn ring(value: &Value) -> Option<Ring> {
    let point = |value: &Value| {
        let pair = value.as_array()?;
        let (longitude, latitude) = (pair.first()?.as_f64()?, pair.get(1)?.as_f64()?);
        let inside = longitude.abs() <= 360.0 && latitude.abs() <= 90.0;
        inside.then_some([longitude, latitude])
    };
    let mut points = value.as_array()?.iter().map(point).collect::<Option<Ring>>()?;
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    (points.len() >= 3).then_some(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(properties: &str) -> String {
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}}}]}}"#
        )
    }

    #[test]
    fn files_with_other_properties_are_brought_into_the_normal_form_and_add_up() {
        let first = normal_form(None, "a", square(r#"{"id":"01"}"#).as_bytes(), Some("state"), Some("id")).unwrap();
        let both =
            normal_form(Some(&first), "b", square(r#"{"nr":7}"#).as_bytes(), Some("parish"), Some("nr")).unwrap();
        let boundaries = Boundaries::parse("both", &both).unwrap();
        assert_eq!(boundaries.units().collect::<Vec<_>>(), [("parish", "7"), ("state", "01")]);
        let again = normal_form(Some(&both), "b", square(r#"{"nr":7}"#).as_bytes(), Some("parish"), Some("nr"));
        assert_eq!(again.unwrap(), both, "the same file twice changes nothing");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_feature() {
        let parse = |text: &str| Boundaries::parse("f", text.as_bytes()).unwrap_err();
        assert!(matches!(parse("{"), BoundariesError::Json { .. }));
        assert!(matches!(parse("[]"), BoundariesError::Kind { .. }));
        let missing = parse(&square(r#"{"level":"state"}"#));
        assert_eq!(
            missing,
            BoundariesError::Property { file: "f".to_owned(), feature: 1, property: "code".to_owned() }
        );
        for coordinates in ["[[[0,0],[1,0]]]", "[[[0,0],[1,0],[1,99]]]", "[[[0,0],[1,0],[1,\"x\"]]]", "[]"] {
            let text = square(r#"{"level":"state","code":"01"}"#).replace("[[[0,0],[1,0],[1,1],[0,0]]]", coordinates);
            assert_eq!(parse(&text), BoundariesError::Geometry { file: "f".to_owned(), feature: 1 }, "{coordinates}");
        }
    }
}
