//! A hash table from number to number.

use rustc_hash::FxHashMap;

/// A hash table from number to number: the one form in which the kernel, the models and the readers of traces use one, for a
/// table is compiled anew for each type that it is made for, and takes kilobytes of what is sent to a browser.
///
/// It has no protection against chosen keys: whoever writes a trace slows down only their own reading of it. Nothing can
/// walk it, so that its order shows nowhere.
#[derive(Clone, Debug, Default)]
pub struct Numbers(pub(crate) FxHashMap<u64, u64>);

/// The key under which the table has a number. Where addresses have 32 bits, the hasher takes the place in a table of more than
/// 2¹⁵ keys from the key's lowest bits, and those of an address are zero: a multiplication brings all of its bits into the upper
/// half, which the hasher adds. It is odd, so different keys stay different.
#[inline]
fn spread(key: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    if usize::BITS < u64::BITS {
        key.wrapping_mul(ODD)
    } else {
        key
    }
}

impl Numbers {
    /// What `key` stands for.
    #[inline]
    pub fn get(&self, key: u64) -> Option<u64> {
        // Mostly it is known without a call that a table which is seldom used holds nothing.
        if self.0.is_empty() {
            return None;
        }
        self.find(key)
    }

    #[inline(never)]
    fn find(&self, key: u64) -> Option<u64> {
        self.0.get(&spread(key)).copied()
    }

    /// Whether `key` stands for anything.
    #[inline]
    pub fn contains(&self, key: u64) -> bool {
        self.get(key).is_some()
    }

    /// From here on `key` stands for `value`, whatever it stood for before.
    #[inline(never)]
    pub fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(spread(key), value);
    }

    /// Makes room for as many keys as are given, so that none is moved on the way.
    pub fn reserve(&mut self, keys: usize) {
        self.0.reserve(keys);
    }

    /// Lets `key` stand for `value` unless it stands for as much or more, and returns whether it did not.
    #[inline(never)]
    pub fn raise(&mut self, key: u64, value: u64) -> bool {
        let standing = self.0.entry(spread(key)).or_insert(0);
        let is_less = *standing < value;
        *standing = (*standing).max(value);
        is_less
    }

    /// Forgets `key`, and returns what it stood for.
    #[inline]
    pub fn remove(&mut self, key: u64) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        self.take(key)
    }

    #[inline(never)]
    fn take(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&spread(key))
    }

    /// How many keys stand for something.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key stands for anything.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_what_was_said_last() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.get(7), None);
        assert_eq!(numbers.remove(7), None);
        numbers.insert(7, 1);
        numbers.insert(7, 2);
        numbers.insert(0, 3);
        assert_eq!((numbers.get(7), numbers.len()), (Some(2), 2));
        assert_eq!(numbers.remove(7), Some(2));
        assert!(!numbers.contains(7) && numbers.contains(0));
    }
}
