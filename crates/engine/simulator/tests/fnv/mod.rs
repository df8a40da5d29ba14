//! The digest by which recorded answers are kept: FNV-1a.

/// A digest under way.
pub(crate) struct Fnv(pub(crate) u64);

impl Fnv {
    /// Of nothing yet.
    pub(crate) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    pub(crate) fn add(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
