//! The differences between the modelled releases in words, one entry for each rule of `rules`, and notes on the model.

use crate::options::Options;
use crate::rules::{CacheStacks, Collection, FirstThreshold, Rules, Ticking};
use crate::version::Version;
use highwater_allocator::{Difference, Topic};

const TOPICS: [Topic<Rules, Options>; 16] = [
    Topic {
        title: "blocks aligned to a page",
        source: "include/jemalloc/internal/sz.h sz_sa2u",
        text: |rules, _| match rules.small_aligned_to_page {
            true => "A small class serves them if one is large enough.",
            false => "They are large blocks of at least 16 KiB.",
        },
    },
    Topic {
        title: "memalign of 0 bytes",
        source: "src/jemalloc.c je_memalign",
        text: |rules, _| match rules.empty_memalign_is_one {
            true => "The block is aligned, like one of 1 byte.",
            false => "The block has the smallest class, aligned or not.",
        },
    },
    Topic {
        title: "large blocks, sizes",
        source: "include/jemalloc/internal/sz.h sz_s2u_compute, src/pac.c pac_alloc_retained_batched_size",
        text: |_, options| match options.large_size_classes {
            true => "They are rounded up to size classes, four per doubling.",
            false => {
                "They are rounded up to pages; fresh memory comes in size classes, and the remainder is dirty."
            }
        },
    },
    Topic {
        title: "thread cache, collection",
        source: "src/tcache.c, tcache_gc_event",
        text: |rules, _| match rules.collection {
            Collection::Counted => "One class for every 228 blocks allocated or freed.",
            Collection::OneClass => "One class for every 64 KiB allocated or freed.",
            Collection::Local => {
                "At most once in 10 ms, several classes each time; blocks far from the slab in use go first."
            }
        },
    },
    Topic {
        title: "thread cache, place",
        source: "src/tcache.c, tsd_tcache_data_init",
        text: |rules, _| match rules.cache_stacks {
            CacheStacks::Plain => {
                "Its stacks lie in a block that begins at a random place in its first page."
            }
            CacheStacks::Guarded => {
                "Its stacks begin at a page, with one word before them and one after them."
            }
        },
    },
    Topic {
        title: "thread cache, flush",
        source: "src/tcache.c, tcache_bin_flush_small",
        text: |rules, _| match rules.flush_oldest_first {
            true => "The oldest blocks first, each slab freed as soon as it is empty.",
            false => "The newest of the flushed blocks first, empty slabs freed at the end.",
        },
    },
    Topic {
        title: "the decay's clock",
        source: "arena_inlines_b.h, arena_decay_ticks",
        text: |rules, _| match rules.ticking {
            Ticking::PerArena => "A thread checks it after 1000 calls into one arena.",
            Ticking::Geometric => {
                "A thread checks it at random, on average once in 1000 calls into arenas."
            }
        },
    },
    Topic {
        title: "free extents of neighbouring mappings",
        source: "src/extent.c, extent_head_no_merge; extent_can_acquire_neighbor",
        text: |rules, _| match rules.mappings_merge {
            true => "They are merged.",
            false => "They stay apart.",
        },
    },
    Topic {
        title: "very large blocks without decay",
        source: "src/extent.c, extent_record",
        text: |rules, _| match rules.very_large_always_back {
            true => "Their pages go back when they are freed, even with a decay time of -1.",
            false => "Their pages stay if a decay time is -1.",
        },
    },
    Topic {
        title: "options for the slots of thread caches",
        source: "src/tcache.c, tcache_boot",
        text: |rules, _| match rules.collection {
            Collection::Counted => "lg_tcache_max only.",
            Collection::OneClass | Collection::Local => {
                "tcache_max, the number of slots and the moment of their flush."
            }
        },
    },
    Topic {
        title: "freed large blocks, merging",
        source: "src/extent.c, extent_record",
        text: |rules, _| match rules.merging_bounded {
            false => "With all free neighbours.",
            true => "Up to 64 times their size (lg_extent_max_active_fit).",
        },
    },
    Topic {
        title: "very large blocks with a background thread",
        source: "src/extent.c extent_record, src/arena.c arena_choose_huge",
        text: |rules, _| match rules.background_keeps_very_large {
            false => "Their pages go back when they are freed.",
            true => "Their pages stay for the decay time.",
        },
    },
    Topic {
        title: "a thread whose first block is very large",
        source: "arena_inlines_b.h, arena_choose_maybe_huge",
        text: |rules, _| match rules.very_large_binds {
            false => "It is bound to an arena by its next block, unless it has a cache.",
            true => "It is bound to an arena as well.",
        },
    },
    Topic {
        title: "very large blocks in the first arena",
        source: "src/arena.c, arena_init_huge",
        text: |rules, _| match rules.first_threshold {
            FirstThreshold::Option => "Free extents from oversize_threshold on go back at once.",
            FirstThreshold::Default => {
                "Free extents from 8 MiB on go back at once, even if oversize_threshold differs."
            }
            FirstThreshold::OptionIfAny => {
                "Free extents from oversize_threshold on go back at once; if it is 0, those from 8 MiB on."
            }
        },
    },
    Topic {
        title: "calloc of large blocks",
        source: "src/arena.c, arena_extent_alloc_large",
        text: |rules, _| match rules.calloc_writes_zeros {
            false => "Used pages are cleared by giving them back.",
            true => {
                "Used pages are cleared by writing zeros below 8 MiB, above by giving them back."
            }
        },
    },
    Topic {
        title: "threads that only free",
        source: "src/tsd.c, tsd_fetch_slow",
        text: |rules, _| match rules.cache_after_frees {
            None => "They get no cache.",
            Some(_) => "They get a cache after 128 calls.",
        },
    },
];

/// Notes on the model of every release.
const NOTES: [Difference; 4] = [
    Difference {
        title: "pages, not a heap",
        text: "It has no top and no trim: free pages stay for the decay time, and go wherever they lie.",
        source: "src/decay.c, src/pac.c",
    },
    Difference {
        title: "chance",
        text: "The jitter of the decay, the moments at which threads check it, and where large blocks begin in their first page follow from addresses, which differ from run to run; --seed replaces these addresses.",
        source: "src/decay.c decay_deadline_init, ticker.h, src/arena.c arena_cache_oblivious_randomize",
    },
    Difference {
        title: "background thread",
        text: "It runs at the exact moment it wakes.",
        source: "src/background_thread.c",
    },
    Difference {
        title: "not modelled",
        text: "dss, percpu_arena, hpa, bin_shards, slab_sizes, narenas_ratio, prof, junk, zero, zero_realloc and guarded \
               pages; a remark says so where they are set.",
        source: "src/jemalloc.c malloc_conf_init_helper",
    },
];

/// Notes on the model of 5.2.1.
const NOTES_OF_5_2_1: [Difference; 2] = [
    Difference {
        title: "randomness, neighbours",
        text: "Free extents of adjacent mappings are merged, so other mappings of a real process between the allocator's own ones matter; the model has no others.",
        source: "src/extent.c extent_try_coalesce_impl",
    },
    Difference {
        title: "not modelled",
        text: "Its own background threads; the model uses those of 5.3.0.",
        source: "src/background_thread.c",
    },
];

/// Notes on the model of 5.3.1.
const NOTES_OF_5_3_1: [Difference; 2] = [
    Difference {
        title: "randomness, distances",
        text: "Thread caches first give back blocks more than 2 MiB from the slab in use, so other mappings of a real process between the allocator's own ones matter; the model has no others.",
        source: "src/tcache.c tcache_gc_small_nremote_get",
    },
    Difference {
        title: "not modelled",
        text: "tcache_ncached_max.",
        source: "src/jemalloc.c malloc_conf_init_helper",
    },
];

impl Version {
    /// Returns what this release does where the modelled ones differ, and notes on its model.
    pub fn differences(self) -> Vec<Difference> {
        let (rules, options) = (Rules::of(self), Options::of(self));
        let own: &[Difference] = match self {
            Self::V5_2_1 => &NOTES_OF_5_2_1,
            Self::V5_3_0 => &[],
            Self::V5_3_1 => &NOTES_OF_5_3_1,
        };
        let notes = NOTES.iter().chain(own).copied();
        TOPICS
            .iter()
            .map(|topic| topic.told(rules, &options))
            .chain(notes)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_topic_tells_some_release_from_another() {
        let all = Version::ALL.map(Version::differences);
        for (index, topic) in TOPICS.iter().enumerate() {
            let texts: HashSet<_> = all.iter().map(|version| version[index].text).collect();
            assert!(texts.len() > 1, "{} is the same in all", topic.title);
        }
    }
}
