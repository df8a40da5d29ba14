//! A short table in the order of its keys. A tree would serve as well, but every tree is compiled for its types anew: three of them
//! took 12 KB of the page.

use highwater_units::Bytes;

/// Values by their keys, in the order of these.
#[derive(Clone, Debug)]
pub(crate) struct Ordered<K, V>(Vec<(K, V)>);

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Copy, V: Copy> Ordered<K, V> {
    fn place(&self, key: K) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |entry| entry.0)
    }

    /// The value at a key.
    pub(crate) fn get(&self, key: K) -> Option<V> {
        let place = self.place(key).ok()?;
        Some(self.0[place].1)
    }

    /// Puts a value at a key, and returns what was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    /// Removes what is at a key, and returns it.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let place = self.place(key).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Those whose keys are below this one.
    pub(crate) fn below(&self, key: K) -> &[(K, V)] {
        &self.0[..self.0.partition_point(|entry| entry.0 < key)]
    }

    /// Those from this key on.
    pub(crate) fn from(&self, key: K) -> &[(K, V)] {
        &self.0[self.0.partition_point(|entry| entry.0 < key)..]
    }

    /// Those from a key on, and below another.
    pub(crate) fn range(&self, from: K, past: K) -> &[(K, V)] {
        let below = self.below(past);
        &below[below.partition_point(|entry| entry.0 < from)..]
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[(K, V)] {
        &self.0
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the bytes that it takes.
    pub(crate) fn footprint(&self) -> Bytes {
        Bytes((self.0.capacity() * size_of::<(K, V)>()) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_what_a_tree_is() {
        let (mut ordered, mut tree) = (Ordered::default(), BTreeMap::new());
        let mut number = 1_u64;
        for _ in 0..5_000 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (key, other, value) = (number >> 40 & 63, number >> 48 & 63, number >> 32 & 255);
            match value < 128 {
                true => assert_eq!(ordered.insert(key, value), tree.insert(key, value)),
                false => assert_eq!(ordered.remove(key), tree.remove(&key)),
            }
            let same = |some: &[(u64, u64)], of: std::ops::Range<u64>| {
                let all = tree.range(of).map(|(key, value)| (*key, *value));
                assert_eq!(some, all.collect::<Vec<_>>());
            };
            same(ordered.below(other), 0..other);
            same(ordered.from(other), other..u64::MAX);
            same(ordered.range(key.min(other), other), key.min(other)..other);
            same(ordered.all(), 0..u64::MAX);
            assert!(ordered.range(other + 1, other).is_empty());
            assert_eq!(ordered.get(other), tree.get(&other).copied());
            assert_eq!(ordered.len(), tree.len());
        }
    }
}
