//! Which heap of the library corresponds to which heap of the model.
//!
//! The kernel may put them anywhere, so a pair is made when a block of each is first seen together, and from then on
//! both stay together. A heap may also be unmapped and another one be mapped later, at the same place or elsewhere, and
//! no operation tells; but a heap in which the program holds a block has certainly not gone. So a pair is given up, where
//! a new one contradicts it, if the program holds nothing in it, and never otherwise.

use std::collections::HashMap;

/// The pairs there are.
#[derive(Debug, Default)]
pub(crate) struct Heaps {
    pairs: Vec<Pair>,
    of_real: HashMap<u64, u32>,
    of_model: HashMap<u64, u32>,
}

#[derive(Debug)]
struct Pair {
    real: u64,
    model: u64,
    /// Blocks in it that the program holds.
    held: u32,
}

impl Heaps {
    /// The numbers of the pairs that these heaps, by their bases, belong to: the same if they correspond.
    pub(crate) fn meet(&mut self, real: u64, model: u64) -> (Option<u32>, Option<u32>) {
        let known = |heaps: &Self| {
            let real = heaps.of_real.get(&real).copied();
            let model = heaps.of_model.get(&model).copied();
            (real, model)
        };
        let (of_real, of_model) = known(self);
        if of_real != of_model {
            let both = [of_real, of_model];
            if both
                .iter()
                .flatten()
                .any(|pair| self.pairs[*pair as usize].held > 0)
            {
                return known(self);
            }
            for pair in both.into_iter().flatten() {
                let pair = &self.pairs[pair as usize];
                self.of_real.remove(&pair.real);
                self.of_model.remove(&pair.model);
            }
        } else if of_real.is_some() {
            return (of_real, of_model);
        }
        let number = self.pairs.len() as u32;
        self.pairs.push(Pair {
            real,
            model,
            held: 0,
        });
        self.of_real.insert(real, number);
        self.of_model.insert(model, number);
        (Some(number), Some(number))
    }

    /// The program now holds a block there.
    pub(crate) fn hold(&mut self, pair: u32) {
        self.pairs[pair as usize].held += 1;
    }

    /// The program has given back a block there.
    pub(crate) fn release(&mut self, pair: u32) {
        self.pairs[pair as usize].held -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_that_belong_together_stay_together() {
        let mut heaps = Heaps::default();
        assert_eq!(heaps.meet(10, 20), (Some(0), Some(0)));
        assert_eq!(heaps.meet(11, 21), (Some(1), Some(1)));
        heaps.hold(0);
        heaps.hold(1);
        assert_eq!(heaps.meet(10, 20), (Some(0), Some(0)));
        assert_eq!(heaps.meet(10, 21), (Some(0), Some(1)));
        assert_eq!(heaps.meet(12, 21), (None, Some(1)));
    }

    #[test]
    fn a_heap_in_which_nothing_is_held_may_have_gone() {
        let mut heaps = Heaps::default();
        heaps.meet(10, 20);
        heaps.hold(0);
        assert_eq!(heaps.meet(10, 21), (Some(0), None));
        heaps.release(0);
        assert_eq!(heaps.meet(10, 21), (Some(1), Some(1)));
        assert_eq!(heaps.meet(11, 20), (Some(2), Some(2)));
    }
}
