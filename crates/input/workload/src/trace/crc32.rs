//! The CRC-32 of gzip and zip: flate2's own natively, which uses the processor's carry-less multiplication; byte by byte in
//! the page, for which the 16 KiB of tables that flate2 falls back to are too much.

#[cfg(not(target_family = "wasm"))]
use flate2 as imp;
#[cfg(target_family = "wasm")]
use small as imp;

/// A checksum on its way.
pub(super) struct Crc32(imp::Crc);

impl Crc32 {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self(imp::Crc::new())
    }

    /// Goes on with more bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes up to now.
    pub(super) fn value(&self) -> u32 {
        self.0.sum()
    }
}

/// The CRC-32 of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = Crc32::new();
    sum.update(bytes);
    sum.value()
}

/// The same in a small table, with the names that flate2 has.
#[cfg(any(test, target_family = "wasm"))]
mod small {
    use crc::{CRC_32_ISO_HDLC, Digest, Table};

    type Small = crc::Crc<u32, Table<1>>;

    static CRC: Small = Small::new(&CRC_32_ISO_HDLC);

    pub(super) struct Crc(Digest<'static, u32, Table<1>>);

    impl Crc {
        pub(super) fn new() -> Self {
            Self(CRC.digest())
        }

        pub(super) fn update(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        pub(super) fn sum(&self) -> u32 {
            self.0.clone().finalize()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{checksum, small};

    #[test]
    fn both_are_the_checksum_of_gzip() {
        let of_small = |bytes: &[u8]| {
            let mut sum = small::Crc::new();
            let (head, tail) = bytes.split_at(bytes.len() / 3);
            sum.update(head);
            sum.update(tail);
            sum.sum()
        };
        // The check value that the catalogue of CRCs gives.
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(of_small(b"123456789"), 0xcbf4_3926);
        let mut text: Vec<u8> = Vec::new();
        for round in 0..40_u32 {
            assert_eq!(checksum(&text), of_small(&text), "of {} bytes", text.len());
            text.extend((0..round * 7).map(|at| (at * round) as u8));
        }
    }
}
