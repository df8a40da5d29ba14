//! The threads of a generated program: when each begins and ends, and which performs the next operation.

use fastrand::Rng;

/// How the threads of a sequence share the work.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// Any of them does anything.
    Any,
    /// One works for this many operations on average, then another.
    Runs(u16),
    /// One after another, an operation each.
    Turns,
    /// Half of them allocate, the other half free.
    Roles,
}

/// The threads of a sequence.
#[derive(Debug)]
pub(crate) struct ThreadRoles {
    /// Those that act at the moment; at least one.
    present: Vec<u16>,
    /// Those whose first operation is yet to come.
    waiting: Vec<u16>,
    habit: Habit,
    current: u16,
}

impl ThreadRoles {
    /// Returns the main thread alone.
    pub(crate) fn alone() -> Self {
        Self {
            present: vec![0],
            waiting: Vec::new(),
            habit: Habit::Any,
            current: 0,
        }
    }

    /// Chooses 2 to `most` threads and how they share the work.
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
            // Each begins at a random moment, the main thread included.
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

    /// Returns whether a thread other than the main one takes part.
    pub(crate) fn is_many(&self) -> bool {
        self.present.len() + self.waiting.len() > 1 || self.current != 0
    }

    /// Chooses the thread of the next operation, which frees memory or does not.
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

    /// Lets one more thread begin, if any is left.
    pub(crate) fn arrive(&mut self) {
        if let Some(thread) = self.waiting.pop() {
            self.present.push(thread);
        }
    }

    /// Ends a thread that is not the main one, if another stays.
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
