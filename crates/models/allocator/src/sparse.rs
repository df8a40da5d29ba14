//! A table of which only the places that are used are kept.

use highwater_kernel::{Bytes, table_bytes};

/// The used places of a table, for as long as nobody works on it.
#[derive(Clone, Debug)]
pub struct Sparse<T> {
    places: Vec<u32>,
    values: Vec<T>,
    /// Places of the whole table.
    length: usize,
}

impl<T: Copy> Sparse<T> {
    /// Keeps the places of a table, fewer than 2³², for which `is_used` says so.
    pub fn of(table: &[T], mut is_used: impl FnMut(usize, &T) -> bool) -> Self {
        let mut used: Vec<u32> = Vec::new();
        for (place, value) in table.iter().enumerate() {
            if is_used(place, value) {
                used.push(place as u32);
            }
        }
        used.shrink_to_fit();
        Self {
            values: used.iter().map(|place| table[*place as usize]).collect(),
            places: used,
            length: table.len(),
        }
    }

    /// Returns the whole table, with `unused` in all other places.
    pub fn table(&self, unused: T) -> Vec<T> {
        let mut table = vec![unused; self.length];
        for (place, value) in self.places.iter().zip(&self.values) {
            table[*place as usize] = *value;
        }
        table
    }

    /// Returns the used places with their values.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> {
        self.places.iter().copied().zip(&self.values)
    }

    /// Returns the bytes that it takes.
    pub fn footprint(&self) -> Bytes {
        table_bytes(&self.places) + table_bytes(&self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_as_it_was() {
        let table = [0, 7, 0, 0, 3];
        let sparse = Sparse::of(&table, |_, value| *value > 0);
        assert_eq!(sparse.table(0), table);
        assert_eq!(sparse.iter().collect::<Vec<_>>(), [(1, &7), (4, &3)]);
        assert_eq!(sparse.footprint(), Bytes(2 * 4 + 2 * 4));
    }
}
