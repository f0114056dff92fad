//! From the modules of a symbol to what it holds.

use super::codewords::{Layout, Patience, Repaired};
use super::format::{Format, formats};
use super::modules::Modules;
use super::outcome::Correction;
use super::segments::{self, Content};

/// A symbol that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) content: Content,
    pub(super) correction: Correction,
    pub(super) mirrored: bool,
}

/// Why a symbol could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeFailure {
    /// So many of the blocks were beyond repair, with the format that did best.
    Blocks { failed: u32, total: u32 },
    /// The blocks are sound but their content is not.
    Malformed(&'static str),
}

/// How much to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// The likeliest format, each block once.
    Quick,
    /// The likely formats, unclear codewords erased step by step.
    Patient,
    /// Also blur taken back by several amounts, and more formats where the format areas are damaged.
    Stubborn,
}

/// Agreement of the format areas above which other formats are not worth trying.
const CLEAR_FORMAT: f32 = 0.8;

/// Reads a symbol, seen from its front or its back.
pub(super) fn decode(modules: &Modules, layout: &Layout, effort: Effort) -> Result<Decoded, DecodeFailure> {
    let mut best = attempt(modules, layout, effort, true);
    if effort != Effort::Stubborn {
        return best;
    }
    for share in [0.1, 0.2, 0.3, -0.1] {
        if best.as_ref().is_ok_and(|decoded| !decoded.correction.is_doubtful()) {
            break;
        }
        if let Ok(other) = attempt(&modules.sharpened(share), layout, Effort::Patient, false) {
            let bits = other.correction.evidence_bits;
            if best.as_ref().map_or(0, |decoded| decoded.correction.evidence_bits) < bits {
                best = Ok(other);
            }
        }
    }
    best
}

fn attempt(modules: &Modules, layout: &Layout, effort: Effort, count_blocks: bool) -> Result<Decoded, DecodeFailure> {
    let back = modules.transposed();
    let mut candidates: Vec<(f32, Format, bool)> = formats(modules)
        .iter()
        .map(|ranked| (ranked.agreement, ranked.format, false))
        .chain(formats(&back).iter().map(|ranked| (ranked.agreement, ranked.format, true)))
        .collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = candidates.first().map_or(0.0, |candidate| candidate.0);
    let count = match effort {
        Effort::Quick => 1,
        Effort::Patient if best > CLEAR_FORMAT => 1,
        Effort::Patient => 3,
        Effort::Stubborn if best > CLEAR_FORMAT => 2,
        Effort::Stubborn => 12,
    };
    let mut failure: Option<DecodeFailure> = None;
    for (rank, (_, format, mirrored)) in candidates.into_iter().take(count).enumerate() {
        let seen = if mirrored { &back } else { modules };
        // Only of the likeliest format is it worth knowing how many blocks can be saved.
        let patience = match (effort, rank) {
            (Effort::Quick, _) => Patience::None,
            (_, 0) if count_blocks => Patience::EveryBlock,
            _ => Patience::UntilOneFails,
        };
        let repaired = layout.repair(seen, format, patience);
        match read_data(repaired, modules, mirrored) {
            Ok(decoded) => return Ok(decoded),
            Err(new) => {
                if failure.is_none_or(|old| got_further(new, old)) {
                    failure = Some(new);
                }
            }
        }
    }
    Err(failure.unwrap_or(DecodeFailure::Malformed("no format")))
}

fn read_data(repaired: Repaired, modules: &Modules, mirrored: bool) -> Result<Decoded, DecodeFailure> {
    let Some(data) = repaired.data else {
        return Err(DecodeFailure::Blocks { failed: repaired.blocks_failed, total: repaired.blocks });
    };
    match segments::parse(&data, modules.version()) {
        Ok(content) if content.bytes.is_empty() => Err(DecodeFailure::Malformed("it holds nothing")),
        Ok(content) => Ok(Decoded { content, correction: repaired.correction, mirrored }),
        Err(reason) => Err(DecodeFailure::Malformed(reason)),
    }
}

/// Whether `new` is nearer to a reading than `old`: by the share of blocks that were repaired.
pub(super) fn got_further(new: DecodeFailure, old: DecodeFailure) -> bool {
    let share = |failure: DecodeFailure| match failure {
        DecodeFailure::Blocks { failed, total } => {
            u64::from(total - failed.min(total)) * 1000 / u64::from(total.max(1))
        }
        DecodeFailure::Malformed(_) => 1001,
    };
    share(new) > share(old)
}
