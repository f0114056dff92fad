//! What an organiser says about the site itself, in a file `site.toml` beside the ledger: it counts for nothing.

use serde::Deserialize;

/// The file's content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the authority or the organiser tells voters which station is theirs, `https://...`.
    pub lookup: Option<String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not of the form.
    #[error("site.toml: {0}")]
    Malformed(String),
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// When something in it is unknown, or the address is not one of the web.
    pub fn parse(bytes: &[u8]) -> Result<Self, SettingsError> {
        let text = std::str::from_utf8(bytes).map_err(|error| SettingsError::Malformed(error.to_string()))?;
        let settings: Self = toml::from_str(text).map_err(|error| SettingsError::Malformed(error.to_string()))?;
        let is_web = |address: &String| address.starts_with("https://") || address.starts_with("http://");
        match &settings.lookup {
            Some(address) if !is_web(address) => Err(SettingsError::Malformed(format!(
                "`lookup` is {address:?}; write a whole address that begins with https://"
            ))),
            _ => Ok(settings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn only_addresses_of_the_web_are_linked_to() {
        assert!(Settings::parse(b"lookup = \"https://example.org/where\"").is_ok());
        for wrong in ["lookup = \"javascript:alert(1)\"", "lookup = \"//example.org\"", "tracker = \"x\""] {
            assert!(Settings::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
