//! What follows from a count, and what does not: bounds, comparison with proclaimed figures, projections, screens, audits.
//!
//! Everything here is a pure function of [`Sheets`], which are taken from a [`testigo_count::Count`], of the
//! [`Settings`] of a pack, of proclaimed figures, and of a seed where something is simulated. Floating point is allowed
//! here, therefore this crate stands outside the fold: nothing in it can change a total.
//!
//! The order of evidence: identities and bounds, which need no probability ([`bounds`], [`robustness`], [`official`],
//! [`comparison`], [`outlook`]);
//! what the documents themselves say ([`duplicates`]); a random audit ([`audit`]); a projection with its assumption
//! ([`missing`], [`projection`], [`hold_out`]); and last the screens, which only say which sheets to read again
//! ([`sisters`], [`integer_percentages`], [`digits`], [`fingerprint`]). A screen never upgrades or downgrades what stands
//! before it. [`report`] puts the whole together.
//!
//! Each module names its blocks of the answer, `S01` to `S31`; `docs/analysis.md` defines them.

pub mod audit;
pub mod bounds;
pub mod calendar;
pub mod chance;
pub mod comparison;
pub mod digits;
pub mod duplicates;
pub mod fingerprint;
pub mod hold_out;
pub mod integer_percentages;
pub mod mathematics;
pub mod missing;
pub mod number;
pub mod official;
pub mod outlook;
pub mod projection;
pub mod report;
pub mod robustness;
pub mod settings;
pub mod sheets;
pub mod simulated;
pub mod sisters;

pub use settings::Settings;
pub use sheets::Sheets;
