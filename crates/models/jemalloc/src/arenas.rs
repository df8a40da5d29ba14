//! The arenas of a process, and which of them a thread is bound to.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `arena_init`, `arena_choose_hard`, `malloc_init_narenas`; src/arena.c:
//! `arena_choose_huge`.

use crate::arena::Arena;
use crate::options::Options;
use crate::shared::Call;
use crate::units::ArenaIndex;

/// `MALLOCX_ARENA_LIMIT`
const ARENAS_MAX: usize = 4094;

/// All arenas (`arenas`). One that is not made yet is `None`.
#[derive(Clone)]
pub(crate) struct Arenas {
    all: Vec<Option<Arena>>,
    /// The arenas that threads are bound to by themselves (`narenas_auto`).
    automatic: usize,
}

impl Arenas {
    /// Makes room for the arenas of a process that may use that many cores, and for one of very large blocks if `has_huge`
    /// (`malloc_init_narenas`).
    pub(crate) fn new(options: &Options, cores: u32, has_huge: bool) -> Self {
        let automatic = match options.narenas {
            0 if cores > 1 => 4 * cores as usize,
            0 => 1,
            set => set as usize,
        };
        let automatic = automatic.min(ARENAS_MAX);
        Self {
            all: vec![None; automatic + usize::from(has_huge)],
            automatic,
        }
    }

    /// Returns the number of arenas there may be.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns the arenas there are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arena> {
        self.all.iter().flatten()
    }

    /// Returns the arenas there are of `first` and those `step` after it, to change.
    pub(crate) fn every(&mut self, first: usize, step: usize) -> impl Iterator<Item = &mut Arena> {
        self.all.iter_mut().skip(first).step_by(step).flatten()
    }

    /// In a process that was forked only the thread that did so is left, bound to an arena or none (`arena_postfork_child`).
    pub(crate) fn keep_one_thread(&mut self, bound_to: Option<ArenaIndex>) {
        for (index, arena) in self.all.iter_mut().enumerate() {
            if let Some(arena) = arena {
                arena.threads = u32::from(bound_to.is_some_and(|bound| bound.index() == index));
            }
        }
    }

    /// Returns for every arena there may be whether there is one.
    pub(crate) fn made(&self) -> impl Iterator<Item = bool> + '_ {
        self.all.iter().map(Option::is_some)
    }

    #[inline]
    pub(crate) fn get(&self, index: ArenaIndex) -> Option<&Arena> {
        self.all[index.index()].as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: ArenaIndex) -> Option<&mut Arena> {
        self.all[index.index()].as_mut()
    }

    /// Makes an arena (`arena_init`); returns whether there was memory for it.
    pub(crate) fn init(&mut self, call: &mut Call<'_>, index: ArenaIndex) -> bool {
        let made = Arena::new(call, index);
        self.all[index.index()] = made;
        self.all[index.index()].is_some()
    }

    /// Binds a thread: to an arena without threads, else to a new one, else to that with the fewest
    /// (`arena_choose_hard`).
    #[cold]
    pub(crate) fn choose_hard(&mut self, call: &mut Call<'_>) -> ArenaIndex {
        let load = |arena: &Option<Arena>| arena.as_ref().map(|arena| arena.threads);
        let automatic = &self.all[..self.automatic];
        let mut chosen = 0;
        for (index, arena) in automatic.iter().enumerate().skip(1) {
            if let Some(threads) = load(arena)
                && Some(threads) < load(&automatic[chosen])
            {
                chosen = index;
            }
        }
        let mut chosen = ArenaIndex(chosen as u16);
        let unused = automatic.iter().position(Option::is_none);
        if load(&automatic[chosen.index()]) != Some(0)
            && let Some(unused) = unused
            && self.init(call, ArenaIndex(unused as u16))
        {
            chosen = ArenaIndex(unused as u16);
        }
        if let Some(arena) = self.get_mut(chosen) {
            arena.threads += 1;
        }
        chosen
    }

    /// Returns the arena of very large blocks, which keeps nothing dirty, and whether it was made now
    /// (`arena_choose_huge`).
    pub(crate) fn choose_huge(&mut self, call: &mut Call<'_>) -> (ArenaIndex, bool) {
        let huge = ArenaIndex(self.automatic as u16);
        let made = self.get(huge).is_none() && self.init(call, huge);
        if made
            && !call.shared.keeps_oversize()
            && let Some(arena) = self.get_mut(huge)
        {
            for decay in [&mut arena.pac.decay_dirty, &mut arena.pac.decay_muzzy] {
                if decay.is_gradual() {
                    decay.restart(call.shared.now, 0);
                }
            }
        }
        (huge, made)
    }
}
