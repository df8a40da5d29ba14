//! Who performs the next operation of a sequence: which threads there are, when each begins and ends, and how they take
//! turns.

use fastrand::Rng;

/// How the threads of a sequence share the work.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// Any of them does anything.
    Any,
    /// One works for a while, so many operations on average, then another.
    Runs(u16),
    /// One after another, an operation each.
    Turns,
    /// Half of them allocate, the other half free.
    Roles,
}

/// The threads of a sequence.
#[derive(Debug)]
pub(crate) struct Cast {
    /// Those that act at the moment; never none.
    present: Vec<u16>,
    /// Those whose first operation is yet to come.
    waiting: Vec<u16>,
    habit: Habit,
    current: u16,
}

impl Cast {
    /// The main thread by itself.
    pub(crate) fn alone() -> Self {
        Self {
            present: vec![0],
            waiting: Vec::new(),
            habit: Habit::Any,
            current: 0,
        }
    }

    /// From 2 to `most` threads.
    pub(crate) fn of_many(rng: &mut Rng, most: u16) -> Self {
        let most = most.max(2);
        let count = match rng.u8(..8) {
            0 | 1 => 2,
            2..=4 => rng.u16(2..=most.min(5)),
            5 => most,
            _ => rng.u16(2..=most),
        };
        let mut present: Vec<u16> = (0..count).collect();
        let mut waiting = Vec::new();
        match rng.u8(..6) {
            // Each comes when it comes, the main thread too.
            0 => {
                rng.shuffle(&mut present);
                waiting = present.split_off(1);
            }
            // The main thread begins, the others come later.
            1 | 2 => {
                waiting = present.split_off(1);
                waiting.reverse();
            }
            // The main thread comes late.
            3 => waiting.push(present.remove(0)),
            _ => {}
        }
        let habit = match rng.u8(..8) {
            0 | 1 => Habit::Any,
            2..=4 => Habit::Runs(1 << rng.u8(1..8)),
            5 => Habit::Turns,
            _ => Habit::Roles,
        };
        Self {
            current: present[0],
            present,
            waiting,
            habit,
        }
    }

    /// Whether there are others beside the main thread.
    pub(crate) fn is_many(&self) -> bool {
        self.present.len() + self.waiting.len() > 1 || self.current != 0
    }

    /// Who does the next operation, which gives memory back or does not.
    pub(crate) fn next(&mut self, rng: &mut Rng, gives_back: bool) -> u16 {
        if let [only] = self.present[..] {
            self.current = only;
            return only;
        }
        let half = self.present.len() / 2;
        self.current = match self.habit {
            Habit::Runs(length)
                if rng.u16(..length) != 0 && self.present.contains(&self.current) =>
            {
                self.current
            }
            Habit::Any | Habit::Runs(_) => self.present[rng.usize(..self.present.len())],
            Habit::Turns => {
                let at = self
                    .present
                    .iter()
                    .position(|thread| *thread == self.current);
                self.present[at.map_or(0, |at| (at + 1) % self.present.len())]
            }
            Habit::Roles if gives_back => self.present[rng.usize(half..self.present.len())],
            Habit::Roles => self.present[rng.usize(..half)],
        };
        self.current
    }

    /// One more begins, if any is left.
    pub(crate) fn arrive(&mut self) {
        if let Some(thread) = self.waiting.pop() {
            self.present.push(thread);
        }
    }

    /// One that is not the main thread leaves for good, if another stays.
    pub(crate) fn leave(&mut self, rng: &mut Rng) -> Option<u16> {
        if self.present.len() == 1 {
            self.arrive();
        }
        let index = rng.usize(..self.present.len());
        if self.present.len() == 1 || self.present[index] == 0 {
            return None;
        }
        Some(self.present.remove(index))
    }
}
