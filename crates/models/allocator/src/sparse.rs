//! A table of which only the places that are used are kept.

use crate::packed::{Packed, Unpacker};
use highwater_kernel::Bytes;

/// What can be kept by what it differs from the entry before it in a table.
pub trait Entry: Clone {
    /// Writes it.
    fn put(&self, before: &Self, packed: &mut Packed);
    /// Reads what was written.
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self;
}

/// The used places of a table, for as long as nobody works on it.
#[derive(Clone, Debug)]
pub struct Sparse<T> {
    /// Of each used place how many unused ones are before it, and what its value differs from that of the used one before.
    packed: Packed,
    used: usize,
    /// What lies in every unused place, and what the first value differs from.
    unused: T,
    /// Places of the whole table.
    length: usize,
}

/// About how many bytes an entry takes.
const ENTRY: usize = 12;

impl<T: Entry> Sparse<T> {
    /// Keeps the places of a table for which `is_used` says so. The others hold `unused`.
    #[inline]
    pub fn of(table: &[T], unused: T, mut is_used: impl FnMut(usize, &T) -> bool) -> Self {
        let mut packed = Packed::with_room(table.len() * ENTRY);
        let (mut used, mut next, mut before) = (0, 0, &unused);
        for (place, value) in table.iter().enumerate() {
            if is_used(place, value) {
                packed.put((place - next) as u64);
                value.put(before, &mut packed);
                (used, next, before) = (used + 1, place + 1, value);
            }
        }
        packed.shrink();
        Self {
            packed,
            used,
            unused,
            length: table.len(),
        }
    }

    /// Returns the whole table.
    #[inline]
    pub fn table(&self) -> Vec<T> {
        let mut table: Vec<T> = Vec::with_capacity(self.length);
        let mut reader = self.packed.reader();
        for _ in 0..self.used {
            let before = table.len();
            let next = before + reader.take() as usize;
            let before = before.checked_sub(1).map(|before| &table[before]);
            let value = T::take(before.unwrap_or(&self.unused), &mut reader);
            table.resize(next, self.unused.clone());
            table.push(value);
        }
        table.resize(self.length, self.unused.clone());
        table
    }

    /// Returns the bytes that it takes.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        self.packed.footprint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Entry for u64 {
        fn put(&self, before: &Self, packed: &mut Packed) {
            packed.put_beside(*self, *before);
        }

        fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
            reader.take_beside(*before)
        }
    }

    #[test]
    fn the_table_is_as_it_was() {
        for table in [&[0, 7, 0, 0, 3][..], &[5, 0], &[0], &[]] {
            let sparse = Sparse::of(table, 0, |_, value| *value > 0);
            assert_eq!(sparse.table(), table);
        }
        let sparse = Sparse::of(&[0, 7, 0, 0, 3], 0, |_, value| *value > 0);
        assert_eq!(sparse.footprint(), Bytes(2 * 2));
    }
}
