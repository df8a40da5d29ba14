//! The CRC-32 of gzip and zip: natively with the processor's carry-less multiplication; in the page by the tables with which
//! recordings are checked, which it has already.

#[cfg(target_family = "wasm")]
use highwater_hwr::checksum as after;

/// A checksum on its way.
#[derive(Clone, Copy, Default)]
pub struct Crc32(u32);

impl Crc32 {
    /// Goes on after bytes with this checksum.
    #[must_use]
    pub fn after(sum: u32) -> Self {
        Self(sum)
    }

    /// Goes on with more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = after(self.0, bytes);
    }

    /// Returns the checksum of all bytes up to now.
    #[must_use]
    pub fn value(self) -> u32 {
        self.0
    }
}

/// Returns the CRC-32 of `bytes` that follow others whose CRC-32 is `before`.
#[cfg(not(target_family = "wasm"))]
fn after(before: u32, bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new_with_initial(before);
    sum.update(bytes);
    sum.finalize()
}

/// Returns the CRC-32 of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    after(0, bytes)
}

#[cfg(test)]
mod tests {
    use super::{Crc32, checksum};

    #[test]
    fn natively_and_in_the_page_it_is_the_checksum_of_gzip() {
        // The check value that the catalogue of CRCs gives.
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        let mut text: Vec<u8> = Vec::new();
        for round in 0..40_u32 {
            let (head, tail) = text.split_at(text.len() / 3);
            let mut sum = Crc32::default();
            sum.update(head);
            sum.update(tail);
            assert_eq!(sum.value(), checksum(&text), "of {} bytes", text.len());
            assert_eq!(sum.value(), highwater_hwr::checksum(0, &text));
            text.extend((0..round * 7).map(|at| (at * round) as u8));
        }
    }
}
