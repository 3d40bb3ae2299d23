//! The checksum that every row carries, so that a value changed outside this code is found when it is read.
//!
//! ```text
//!   value ‖ first 8 bytes of SHA-256(family ‖ 0x00 ‖ length of key, u32 BE ‖ key ‖ value)
//! ```
//!
//! RocksDB checks its blocks; this checks rows: a row moved to another key or family, or written by a stray tool,
//! has sound blocks and another checksum. It is no protection against somebody who computes it anew; roots are.

use cybermesh_proto::hash::sha256;

/// 8 bytes: a chance of one in 2^64 that a changed row passes.
pub(crate) const SEAL_BYTES: usize = 8;

fn checksum(family: &'static str, key: &[u8], value: &[u8]) -> [u8; SEAL_BYTES] {
    let length = (key.len() as u32).to_be_bytes();
    let hash = sha256(&[family.as_bytes(), &[0], &length, key, value]);
    let mut seal = [0; SEAL_BYTES];
    seal.copy_from_slice(&hash.as_bytes()[..SEAL_BYTES]);
    seal
}

/// The value as it is stored.
pub(crate) fn seal(family: &'static str, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(value.len() + SEAL_BYTES);
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(&checksum(family, key, value));
    sealed
}

/// The value as it was written, or `None` if it is another one.
pub(crate) fn open<'a>(family: &'static str, key: &[u8], sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (value, found) = sealed.split_at_checked(sealed.len().checked_sub(SEAL_BYTES)?)?;
    (checksum(family, key, value) == found).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{open, seal};

    #[test]
    fn a_row_is_open_under_its_own_key_and_family_only() {
        let sealed = seal("rows", b"key", b"value");
        assert_eq!(open("rows", b"key", &sealed), Some(b"value".as_slice()));
        assert_eq!(open("row", b"skey", &sealed), None);
        assert_eq!(open("rows", b"kez", &sealed), None);
        assert_eq!(open("cases", b"key", &sealed), None);
        // The border between key and value, moved by one byte.
        let moved = [b"y".as_slice(), &sealed].concat();
        assert_eq!(open("rows", b"ke", &moved), None);
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                assert_eq!(open("rows", b"key", &changed), None, "byte {at}, bit {bit}");
            }
        }
    }
}
