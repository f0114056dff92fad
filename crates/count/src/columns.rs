//! How a snapshot writes numbers, texts and columns of them: plain bytes, small numbers in few of them.
//!
//! Numbers are LEB128. A column is written as steps from one value to the next, since neighbours mostly go on alike.
//! Reading trusts nothing: every length is held against the bytes that are there before anything is allocated for it.

/// Bytes that are not what they should be; the text says which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged(pub &'static str);

#[derive(Debug, Default)]
pub(crate) struct ColumnWriter(Vec<u8>);

impl ColumnWriter {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn number(&mut self, number: impl Into<u64>) {
        let mut rest: u64 = number.into();
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 128);
        }
    }

    /// A length that [`ColumnReader::count`] reads.
    pub fn count(&mut self, count: usize) {
        // No address space is larger than 64 bits.
        self.number(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub fn text(&mut self, text: &str) {
        self.sized(text.as_bytes());
    }

    /// Bytes with their length before them.
    pub fn sized(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes(bytes);
    }

    /// A column of numbers that mostly go on from the one before by the same step: steps, each with how often it follows.
    pub fn column(&mut self, numbers: impl IntoIterator<Item = u32>) {
        let (mut before, mut run) = (0_i64, None);
        for number in numbers {
            let number = i64::from(number);
            let step = number - before;
            before = number;
            run = match run {
                Some((same, times)) if same == step => Some((same, times + 1)),
                _ => {
                    self.run(run);
                    Some((step, 1))
                }
            };
        }
        self.run(run);
    }

    fn run(&mut self, run: Option<(i64, u64)>) {
        if let Some((step, times)) = run {
            self.number(((step << 1) ^ (step >> 63)).cast_unsigned());
            self.number(times);
        }
    }
}

/// Reads what a [`ColumnWriter`] wrote.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnReader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> ColumnReader<'a> {
    /// `what` names the part where something is wrong.
    pub fn new(rest: &'a [u8], what: &'static str) -> Self {
        Self { rest, what }
    }

    pub fn damaged(&self) -> Damaged {
        Damaged(self.what)
    }

    pub fn check(&self, sound: bool) -> Result<(), Damaged> {
        if sound { Ok(()) } else { Err(self.damaged()) }
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Damaged> {
        self.check(self.rest.is_empty())
    }

    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(bytes)
    }

    pub fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Damaged> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub fn byte(&mut self) -> Result<u8, Damaged> {
        self.array().map(|[byte]| byte)
    }

    pub fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 127);
            self.check(low << shift >> shift == low)?;
            number |= low << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(self.damaged())
    }

    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Damaged> {
        T::try_from(self.number()?).map_err(|_| self.damaged())
    }

    /// How many of something follow that take at least so many bytes each.
    pub fn count(&mut self, least_bytes: usize) -> Result<usize, Damaged> {
        let count: usize = self.small()?;
        self.check(count.checked_mul(least_bytes).is_some_and(|bytes| bytes <= self.rest.len()))?;
        Ok(count)
    }

    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        let bytes = self.sized()?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged())
    }

    pub fn sized(&mut self) -> Result<&'a [u8], Damaged> {
        let length = self.count(1)?;
        self.bytes(length)
    }

    /// A column of as many numbers as the caller knows to be bounded by the file: a few bytes may stand for many.
    pub fn column(&mut self, length: usize) -> Result<Vec<u32>, Damaged> {
        let mut column = Vec::with_capacity(length);
        let mut before = 0_i64;
        while column.len() < length {
            let step = self.number()?;
            let step = (step >> 1).cast_signed() ^ -(step & 1).cast_signed();
            let times: usize = self.small()?;
            self.check(times > 0 && times <= length - column.len())?;
            // What lies between the first and the last fits where those two do.
            let last = i64::try_from(times).ok().and_then(|times| step.checked_mul(times)?.checked_add(before));
            let last = last.and_then(|last| u32::try_from(last).ok()).ok_or_else(|| self.damaged())?;
            let first = before.checked_add(step).and_then(|first| u32::try_from(first).ok());
            let mut number = first.ok_or_else(|| self.damaged())?;
            match i32::try_from(step) {
                Ok(step) => column.extend((0..times).map(|_| {
                    let next = number.wrapping_add_signed(step);
                    std::mem::replace(&mut number, next)
                })),
                // From one number to another, so large a step can be taken once.
                Err(_) => column.push(last),
            }
            before = i64::from(last);
        }
        Ok(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column() -> impl Strategy<Value = Vec<u32>> {
        let run = (any::<u32>(), prop_oneof![-2..3_i32, any::<i32>()], 1..9_usize);
        let numbers = |(first, step, times): (u32, i32, usize)| {
            std::iter::successors(Some(first), move |number| number.checked_add_signed(step)).take(times)
        };
        prop::collection::vec(run.prop_map(move |run| numbers(run).collect::<Vec<u32>>()), 0..8)
            .prop_map(|runs| runs.concat())
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(column in column(), numbers in any::<[u64; 3]>(), text: String) {
            let mut writer = ColumnWriter::default();
            writer.count(column.len());
            writer.column(column.iter().copied());
            numbers.iter().for_each(|number| writer.number(*number));
            writer.text(&text);
            let bytes = writer.into_bytes();
            let mut reader = ColumnReader::new(&bytes, "all");
            let length = reader.small().unwrap();
            prop_assert_eq!(reader.column(length).unwrap(), column);
            prop_assert_eq!([(); 3].map(|()| reader.number().unwrap()), numbers);
            prop_assert_eq!(reader.text().unwrap(), text);
            reader.end().unwrap();
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = ColumnReader::new(&bytes, "all");
            let _ = { reader }.number();
            let _ = { reader }.text();
            if let Ok(length) = reader.small::<u8>().map(usize::from) {
                let _ = reader.column(length);
            }
        }
    }
}
