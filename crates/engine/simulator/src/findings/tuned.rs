//! What a heap without fastbins or without thread caches would let go, reckoned from the heap as it lies.

use super::remedy::{Cost, Gain, Remedy};
use super::scene::Scene;
use highwater_allocator::{Block, BlockState, Bytes, Cache};
use highwater_glibc::{Glibc, Version};

/// A merge of this size makes free() look at the top.
const LOOKS_FROM: Bytes = Bytes::kib(64);

/// What each choice of tunables gives, at least.
pub(super) struct Tuned {
    choices: Vec<Choice>,
}

struct Choice {
    fastbins: bool,
    tcache: bool,
    gives: Bytes,
    remedy: Remedy,
}

impl Tuned {
    /// Returns the remedies that work on the fastbins alone; both where that does more.
    pub(super) fn for_fastbins(&self) -> Vec<Remedy> {
        self.better(|choice| choice.fastbins)
    }

    /// Returns the remedies that work on the thread caches.
    pub(super) fn for_tcache(&self) -> Vec<Remedy> {
        self.better(|choice| choice.tcache)
    }

    /// Returns the remedies that work on either.
    pub(super) fn for_any(&self) -> Vec<Remedy> {
        self.better(|_| true)
    }

    /// Returns those that are asked for, each only where it gives more than the ones before.
    fn better(&self, is_asked: impl Fn(&Choice) -> bool) -> Vec<Remedy> {
        let mut best = Bytes::ZERO;
        let mut found = Vec::new();
        for choice in self.choices.iter().filter(|choice| is_asked(choice)) {
            if choice.gives.0 * 20 > best.0 * 21 {
                best = choice.gives;
                found.push(choice.remedy.clone());
            }
        }
        found
    }
}

impl Scene<'_> {
    /// Reckons what each choice gives; those that give too little to be worth it are left out.
    pub(super) fn tuned(&self, glibc: &Glibc) -> Tuned {
        let has_fastbins =
            glibc.version() < Version::V2_43 && glibc.params().max_fast > Bytes::ZERO;
        let has_tcache = glibc.params().tcache_count > 0;
        let mut choices = Vec::new();
        if self.diagnosis.parked < LOOKS_FROM && !self.is_worth(self.diagnosis.free_resident) {
            return Tuned { choices };
        }
        for (fastbins, tcache) in [(true, false), (false, true), (true, true)] {
            if (fastbins && !has_fastbins) || (tcache && !has_tcache) {
                continue;
            }
            // Some chunks lie elsewhere in a run with the setting.
            let gives = self.let_go(glibc, fastbins, tcache);
            let gives = gives - Bytes(gives.0 / 20);
            if !self.is_worth(gives) {
                continue;
            }
            let mut set = Vec::new();
            if fastbins {
                set.push(("mxfast", 0));
            }
            if tcache {
                set.push(("tcache_count", 0));
            }
            let variable = self.simulation.tunables(&set);
            let gain = Gain::AtLeast { bytes: gives };
            choices.push(Choice {
                fastbins,
                tcache,
                gives,
                remedy: Remedy::set(vec![variable], gain, Cost::SlowerCalls),
            });
        }
        Tuned { choices }
    }

    /// Returns the resident bytes that trims take at least when chunks of these caches are free: those of each top that
    /// reaches further then, less what may lie there between two trims.
    fn let_go(&self, glibc: &Glibc, fastbins: bool, tcache: bool) -> Bytes {
        let params = glibc.params();
        let has_fastbins = params.max_fast > Bytes::ZERO;
        // From 2.43 on a cache that may keep nothing has no table.
        let tables_go = tcache && glibc.version() >= Version::V2_43;
        let joins = |block: &Block| match block.state {
            BlockState::Parked(Cache::Fastbin { .. }) => fastbins,
            BlockState::Parked(Cache::Tcache { .. }) => {
                // Without a cache, a chunk this small would lie in a fastbin.
                tcache && (fastbins || !has_fastbins || block.size > params.max_fast)
            }
            BlockState::Metadata => tables_go && glibc.owner_of_cache(block.user).is_some(),
            _ => false,
        };
        let stays = params
            .trim_threshold
            .max(Bytes(params.top_pad.0.saturating_add(LOOKS_FROM.0)));
        let mut sum = Bytes::ZERO;
        for arena in self.arenas {
            let Some((start, end)) = self.reach(arena, &joins) else {
                continue;
            };
            let size = end - start;
            let below = size.saturating_sub(stays);
            if below == Bytes::ZERO || (arena.number == 0 && self.simulation.kernel().brk() != end)
            {
                continue;
            }
            let from = start + stays.min(size);
            let page = self.page();
            sum += (self.simulation.kernel()).resident_in(from.align_up(page), end);
        }
        sum
    }
}
