//! How compact rows are written: numbers of seven bits a byte, and byte strings behind their length.
//!
//! Reading is total: whatever the bytes are, it ends, and gives `None` when they are not what was written.

/// Appends a number, least significant seven bits first.
pub(crate) fn put_number(row: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        row.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    row.push(number as u8);
}

/// Appends a byte string behind its length.
pub(crate) fn put_bytes(row: &mut Vec<u8>, bytes: &[u8]) {
    put_number(row, bytes.len() as u64);
    row.extend_from_slice(bytes);
}

/// Reads what the functions above wrote.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(row: &'a [u8]) -> Self {
        Self(row)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        // Ten groups of seven bits hold 64; the last one holds the top bit alone.
        for shift in (0..64).step_by(7) {
            let byte = self.array::<1>()?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Reader, put_bytes, put_number};

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers: Vec<u64>, text: Vec<u8>) {
            let mut row = Vec::new();
            numbers.iter().for_each(|number| put_number(&mut row, *number));
            put_bytes(&mut row, &text);
            let mut reader = Reader::new(&row);
            for number in numbers {
                prop_assert_eq!(reader.number(), Some(number));
            }
            prop_assert_eq!(reader.bytes(), Some(text.as_slice()));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_bytes_are_read_to_an_end(row: Vec<u8>) {
            let mut reader = Reader::new(&row);
            while reader.bytes().is_some() && !reader.is_empty() {}
            let mut reader = Reader::new(&row);
            while reader.number().is_some() && !reader.is_empty() {}
        }
    }
}
