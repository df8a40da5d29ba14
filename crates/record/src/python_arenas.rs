//! The arenas of Python's allocator of objects that a process has: mappings that the interpreter makes for nobody else.

use crate::pages::Pages;
use highwater_hwr::{Mapping, MappingCall};

/// Bytes of an arena, before Python 3.10 and since (Objects/obmalloc.c, `ARENA_SIZE`).
const SIZES: [u64; 2] = [256 << 10, 1 << 20];

/// How many are followed at most.
const MOST: usize = 4096;

/// Readable and writable, private and of no file.
const PROTECTION: u64 = 3;
const FLAGS: u64 = 0x22;

/// Where they lie.
pub(crate) struct PythonArenas {
    places: [u64; MOST],
    count: usize,
    size: u64,
    /// Whether there were too many once.
    overflowed: bool,
}

impl PythonArenas {
    /// There are none.
    pub(crate) const fn new() -> Self {
        Self {
            places: [0; MOST],
            count: 0,
            size: 0,
            overflowed: false,
        }
    }

    /// Follows a call for memory beside the allocator.
    pub(crate) fn follow(&mut self, mapping: &Mapping) {
        let known = self.places.get(..self.count).unwrap_or_default();
        let found = known.iter().position(|place| *place == mapping.address);
        match (mapping.call, found) {
            (MappingCall::Map, None) if self.is_arena(mapping) => {
                self.size = mapping.length;
                match self.places.get_mut(self.count) {
                    Some(place) => {
                        *place = mapping.address;
                        self.count += 1;
                    }
                    None => self.overflowed = true,
                }
            }
            (MappingCall::Unmap, Some(found)) => {
                self.count -= 1;
                self.places[found] = self.places[self.count];
            }
            _ => {}
        }
    }

    fn is_arena(&self, mapping: &Mapping) -> bool {
        let is_pythons = mapping.owner.windows(6).any(|part| part == b"python");
        is_pythons
            && mapping.detail == FLAGS << 8 | PROTECTION
            && match self.size {
                0 => SIZES.contains(&mapping.length),
                size => size == mapping.length,
            }
    }

    /// Returns how much of them is resident; `None` where there are none, or more than are followed.
    pub(crate) fn resident(&self, pages: &mut Pages) -> Option<u64> {
        if self.count == 0 || self.overflowed {
            return None;
        }
        let all = self.places.get(..self.count)?.iter();
        all.map(|place| pages.resident(*place, place + self.size))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, MOST, PROTECTION, PythonArenas};
    use highwater_hwr::{Mapping, MappingCall};

    fn mapping(call: MappingCall, number: u64, length: u64, owner: &str) -> Mapping<'_> {
        Mapping {
            call,
            address: 0x7000_0000_0000 + number * (4 << 20),
            length,
            detail: FLAGS << 8 | PROTECTION,
            owner: owner.as_bytes(),
        }
    }

    #[test]
    fn they_are_the_interpreters_and_of_one_size() {
        let mut arenas = PythonArenas::new();
        let (map, unmap) = (MappingCall::Map, MappingCall::Unmap);
        let others = [(1 << 20, "libz.so.1"), (2 << 20, "python3.11")];
        for (length, owner) in others {
            arenas.follow(&mapping(map, 0, length, owner));
        }
        assert_eq!(arenas.count, 0);
        for number in 1..4 {
            arenas.follow(&mapping(map, number, 1 << 20, "libpython3.11.so.1.0"));
        }
        arenas.follow(&mapping(map, 5, 256 << 10, "libpython3.11.so.1.0"));
        arenas.follow(&mapping(unmap, 2, 1 << 20, "libpython3.11.so.1.0"));
        let left: Vec<u64> = [1, 3].map(|n| mapping(map, n, 0, "").address).into();
        assert_eq!(arenas.places[..arenas.count], left);
        for number in 10..10 + MOST as u64 {
            arenas.follow(&mapping(map, number, 1 << 20, "python"));
        }
        assert!(arenas.overflowed && arenas.count == MOST);
    }
}
