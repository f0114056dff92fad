//! From modules to the data of the symbol: unmasking, de-interleaving, and repair of every block.
//!
//! A block is first tried with only those codewords erased that cannot be seen at all. If that fails, its least clear
//! codewords are erased two by two (Forney's generalised minimum distance decoding): a smear or a stamp makes whole
//! groups of modules unclear, and each of them costs half as much when it is given up as when it is guessed wrong. Where
//! that gives nothing certain, the same is done with codewords that are clear but under a blot.

use super::blots;
use super::format::Format;
use super::modules::Modules;
use super::outcome::{CERTAIN_BITS, Correction};
use super::reed_solomon::repair;
use super::symbol::{Version, is_masked};

/// Clarity under which a module is taken as not seen.
const UNSEEN: f32 = 0.03;

/// Evidence, in bits, under which a repair of a block is taken for chance.
const CHANCE_BITS: f32 = 12.0;

/// The order of a version's modules, worked out once for several attempts.
pub(super) struct Layout {
    version: Version,
    order: Vec<usize>,
}

/// How far the repair came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repaired {
    /// The data codewords in order, `None` when a block could not be repaired.
    pub(super) data: Option<Vec<u8>>,
    pub(super) correction: Correction,
    pub(super) blocks: u32,
    pub(super) blocks_failed: u32,
}

/// How long to go on with damaged blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Each block is tried once, and the first that fails ends it.
    None,
    /// Unclear codewords are erased step by step; the first block that fails all the same ends it.
    UntilOneFails,
    /// The same, but all blocks are tried, so that it is known how many fail.
    EveryBlock,
}

#[derive(Clone, Copy)]
struct Codeword {
    value: u8,
    /// Of its least clear module.
    clarity: f32,
    /// The same, less where it looks as if something covered the module.
    belief: f32,
}

impl Layout {
    pub(super) fn new(version: Version) -> Self {
        Self { version, order: version.data_modules() }
    }

    /// `modules` must be of the version this layout was made for. Where the first failure ends it, all blocks that
    /// were not tried count as failed.
    pub(super) fn repair(&self, modules: &Modules, format: Format, patience: Patience) -> Repaired {
        let codewords = self.codewords(modules, format.mask);
        let blocks = deinterleave(&codewords, self.version, format);
        let checks = self.version.checks(format.level);
        let total = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
        let mut correction =
            Correction { errors: 0, erasures: 0, capacity: 0, spare: u32::MAX, evidence_bits: u32::MAX };
        let mut data = Vec::with_capacity(codewords.len());
        let (mut repaired, mut failed) = (0_u32, 0_u32);
        for block in &blocks {
            let Some(fixed) = repair_block(block, checks, patience != Patience::None) else {
                failed += 1;
                if patience != Patience::EveryBlock {
                    failed = total.saturating_sub(repaired);
                    break;
                }
                continue;
            };
            repaired += 1;
            correction.errors = correction.errors.saturating_add(fixed.errors);
            correction.erasures = correction.erasures.saturating_add(fixed.erasures);
            correction.capacity = correction.capacity.saturating_add(fixed.capacity);
            correction.spare = correction.spare.min(fixed.spare);
            correction.evidence_bits = correction.evidence_bits.min(fixed.evidence_bits);
            data.extend_from_slice(&fixed.data);
        }
        Repaired { data: (failed == 0).then_some(data), correction, blocks: total, blocks_failed: failed }
    }

    fn codewords(&self, modules: &Modules, mask: u8) -> Vec<Codeword> {
        let side = self.version.side();
        let belief = blots::belief(modules);
        self.order
            .chunks_exact(8)
            .map(|bits| {
                let (mut value, mut clarity, mut believed) = (0_u8, f32::INFINITY, f32::INFINITY);
                for index in bits {
                    let darkness = modules.at(*index);
                    let inverted = is_masked(mask, index % side, index / side);
                    value = (value << 1) | u8::from((darkness > 0.0) != inverted);
                    clarity = clarity.min(darkness.abs());
                    believed = believed.min(darkness.abs() * belief.get(*index).copied().unwrap_or(1.0));
                }
                Codeword { value, clarity, belief: believed }
            })
            .collect()
    }
}

/// The blocks, each with its data codewords before its check codewords. Codewords are dealt to the blocks in turn; where
/// they do not come out even, the last blocks have one data codeword more.
fn deinterleave(codewords: &[Codeword], version: Version, format: Format) -> Vec<Vec<Codeword>> {
    let count = version.blocks(format.level);
    let checks = version.checks(format.level);
    let short_data = (codewords.len() / count).saturating_sub(checks);
    let short_blocks = count - codewords.len() % count;
    let mut blocks: Vec<Vec<Codeword>> = (0..count).map(|_| Vec::with_capacity(short_data + checks + 1)).collect();
    let even = short_data * count;
    let data = even + (count - short_blocks);
    for (index, codeword) in codewords.iter().enumerate() {
        let block = if index < even {
            index % count
        } else if index < data {
            short_blocks + index - even
        } else {
            (index - data) % count
        };
        blocks[block].push(*codeword);
    }
    blocks
}

struct Fixed {
    data: Vec<u8>,
    errors: u32,
    erasures: u32,
    capacity: u32,
    spare: u32,
    evidence_bits: u32,
}

impl Fixed {
    fn is_certain(&self) -> bool {
        self.spare > 0 && self.evidence_bits >= CERTAIN_BITS
    }

    /// Takes in another repair of the same block. Where both come to the same data, each vouches for it in its own way: one
    /// that erased little by how unlikely it is by chance, one that erased much by the codewords it had to spare.
    fn join(self, other: Self) -> Self {
        let (better, worse) = if other.evidence_bits > self.evidence_bits { (other, self) } else { (self, other) };
        let spare = if better.data == worse.data { better.spare.max(worse.spare) } else { better.spare };
        Self { spare, ..better }
    }
}

/// Repairs a block; `patient`: with more and more codewords erased, first those that are least clear, then those that look
/// covered.
fn repair_block(block: &[Codeword], checks: usize, patient: bool) -> Option<Fixed> {
    let by_clarity = repair_giving_up(block, checks, patient, |codeword| codeword.clarity);
    let certain = by_clarity.as_ref().is_some_and(Fixed::is_certain);
    if certain || !patient || block.iter().all(|codeword| codeword.belief >= codeword.clarity) {
        return by_clarity;
    }
    let by_belief = repair_giving_up(block, checks, patient, |codeword| codeword.belief);
    [by_clarity, by_belief].into_iter().flatten().reduce(Fixed::join)
}

/// Repairs a block; `patient`: with more and more of the codewords erased that have the least of what `trust` says.
fn repair_giving_up(
    block: &[Codeword],
    checks: usize,
    patient: bool,
    trust: impl Fn(&Codeword) -> f32,
) -> Option<Fixed> {
    let mut doubtful: Vec<usize> = (0..block.len()).collect();
    doubtful.sort_by(|a, b| trust(&block[*a]).total_cmp(&trust(&block[*b])));
    let unseen = doubtful.iter().take_while(|index| trust(&block[**index]) < UNSEEN).count();
    let mut best: Option<Fixed> = None;
    // A block with more unseen codewords than it can spare is tried with as many as it can.
    let mut erased = unseen.min(checks.saturating_sub(2));
    while erased <= checks {
        let mut values: Vec<u8> = block.iter().map(|codeword| codeword.value).collect();
        if let Some(done) = repair(&mut values, checks, &doubtful[..erased]) {
            let bits = evidence_bits(block.len(), checks, done.errors, done.erasures);
            if bits >= CHANCE_BITS {
                values.truncate(block.len() - checks);
                let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                let fixed = Fixed {
                    data: values,
                    errors: small(done.errors),
                    erasures: small(done.erasures),
                    capacity: small(checks),
                    spare: small(checks.saturating_sub(2 * done.errors + done.erasures)),
                    evidence_bits: super::numbers::whole(bits),
                };
                best = [best, Some(fixed)].into_iter().flatten().reduce(Fixed::join);
            }
        }
        if !patient || best.as_ref().is_some_and(Fixed::is_certain) {
            break;
        }
        erased += 2;
    }
    best
}

/// Minus the logarithm to the base 2 of the chance that a block of random codewords passes with so few errors: each
/// check codeword that no erasure uses up must fit by accident, and there are as many tries as patterns of errors.
fn evidence_bits(length: usize, checks: usize, errors: usize, erasures: usize) -> f32 {
    let free = length.saturating_sub(erasures);
    let patterns: f32 = (0..errors)
        .map(|index| {
            let ways = (free.saturating_sub(index)) as f32 / (index + 1) as f32;
            ways.max(1.0).log2() + 255.0_f32.log2()
        })
        .sum();
    8.0 * checks.saturating_sub(erasures) as f32 - patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undamaged_block_is_certain_and_an_erased_one_proves_nothing() {
        assert!((evidence_bits(40, 22, 0, 0) - 176.0).abs() < 0.01);
        assert!(evidence_bits(40, 22, 0, 22).abs() < 0.01);
        assert!(evidence_bits(40, 22, 11, 0) > 50.0);
        assert!(evidence_bits(40, 22, 1, 20) < 5.0);
    }

    #[test]
    fn blocks_take_codewords_in_turn_and_the_last_ones_the_surplus() {
        let version = Version::new(8).unwrap();
        let format = Format { level: crate::qr::symbol::Level::Quartile, mask: 0 };
        let codewords: Vec<Codeword> =
            (0..=241_u8).map(|value| Codeword { value, clarity: 1.0, belief: 1.0 }).collect();
        let blocks = deinterleave(&codewords, version, format);
        assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [40, 40, 40, 40, 41, 41]);
        let values = |block: usize| blocks[block].iter().map(|codeword| codeword.value).collect::<Vec<_>>();
        assert_eq!(values(0)[..3], [0, 6, 12]);
        assert_eq!(values(4)[17..20], [106, 108, 114]);
        assert_eq!(values(5)[18..20], [109, 115]);
    }
}
