//! The bytes that stand for coefficients where a commitment is made to them. `docs/ledger-format.md` specifies them: no
//! two pictures that a decoder would show differently have the same ones.

use super::coefficients::{Block, Coefficients};

impl Coefficients {
    /// Everything beside size and coefficients that a decoder makes pixels from: colour markers, and of each component
    /// its id, its sampling factors and its quantisation steps.
    pub(crate) fn describe(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.frame.jfif));
        match self.frame.adobe {
            Some(transform) => out.extend_from_slice(&[1, transform]),
            None => out.push(0),
        }
        // One or three components, factors from 1 to 4.
        let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
        out.push(u8::try_from(self.frame.components.len()).unwrap_or(u8::MAX));
        for component in &self.frame.components {
            out.extend_from_slice(&[component.id, byte(component.horizontal), byte(component.vertical)]);
            component.quantisation.iter().for_each(|step| out.extend_from_slice(&step.to_be_bytes()));
        }
    }

    /// The blocks of one unit, in the order of an interleaved scan.
    pub(crate) fn write_unit(&self, column: u32, row: u32, out: &mut Vec<u8>) {
        self.each_block(column, row, |block| write_block(block, out));
    }

    /// Whether nothing of one unit is to be seen but mid-grey.
    pub(crate) fn is_blank(&self, column: u32, row: u32) -> bool {
        let mut blank = true;
        self.each_block(column, row, |block| blank &= *block == [0; 64]);
        blank
    }

    #[inline]
    fn each_block(&self, column: u32, row: u32, mut visit: impl FnMut(&Block)) {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        for (component, plane) in self.frame.components.iter().zip(&self.planes) {
            let (across, down) = (count(component.horizontal), count(component.vertical));
            let rows = plane.blocks.chunks_exact(count(plane.blocks_wide));
            for blocks in rows.skip(count(row) * down).take(down) {
                let first = count(column) * across;
                blocks.get(first..first + across).into_iter().flatten().for_each(&mut visit);
            }
        }
    }
}

/// The DC coefficient, then each other one that is not zero with its place in the zigzag, then a zero.
#[inline]
fn write_block(block: &Block, out: &mut Vec<u8>) {
    out.extend_from_slice(&block[0].to_be_bytes());
    // Nearly all are zero, above all towards the end: eight at a time are passed over.
    let (eights, _) = block.as_chunks::<8>();
    for (first, eight) in (0_u8..).step_by(8).zip(eights) {
        if *eight == [0; 8] {
            continue;
        }
        for (place, &value) in (first..).zip(eight) {
            if value != 0 && place > 0 {
                let [high, low] = value.to_be_bytes();
                out.extend_from_slice(&[place, high, low]);
            }
        }
    }
    out.push(0);
}
