//! Names in the answer that the independent computation uses too, so that the two are compared key by key: they are the
//! columns of results files as those who publish them call them.

/// Registered voters.
pub const REGISTERED: &str = "RE";
/// Votes for candidates.
pub const VALID: &str = "VOTOS_VALIDOS";
/// Ballots for no candidate.
pub const VOID: &str = "VOTOS_NULOS";
