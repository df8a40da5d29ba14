//! Where the modelled releases differ, in words: one entry for each rule of `rules` and each default that changed.

use crate::params::Params;
use crate::rules::{
    ArenaLimit, BreakFallback, MappedLayout, Memalign, ReallocKeeps, Rules, TcacheStart, Thp,
};
use crate::version::Version;
pub use highwater_allocator::Difference;
use highwater_allocator::Topic;

const TOPICS: [Topic<Rules, Params>; 15] = [
    Topic {
        title: "fastbins",
        source: "malloc/malloc.c, _int_free_chunk, malloc_consolidate",
        text: |_, params| match params.max_fast.0 {
            0 => "None: a freed chunk is merged at once unless the thread cache takes it.",
            _ => {
                "Chunks of up to 128 bytes for which the thread cache has no room wait there unmerged."
            }
        },
    },
    Topic {
        title: "thread cache, size",
        source: "malloc/malloc.c, TCACHE_FILL_COUNT, TCACHE_LARGE_BINS",
        text: |rules, params| match (params.tcache_count, rules.large_tcache_is_exact) {
            (16, _) => {
                "16 chunks of each size up to 1040; tcache_max opens 12 more bins, one for each power of two."
            }
            (_, true) => "7 chunks of each size up to 1040, and none larger.",
            (_, false) => {
                "7 chunks of each size up to 1040; tcache_max opens 12 more bins, whose chunks may be larger than asked for."
            }
        },
    },
    Topic {
        title: "thread cache, creation",
        source: "malloc/malloc.c, tcache_init",
        text: |rules, _| match rules.tcache_start {
            TcacheStart::Call => {
                "Created at a thread's first call, before the requested chunk, even if it may hold nothing."
            }
            TcacheStart::Request => {
                "Created at a thread's first request of up to 1032 bytes, before the requested chunk."
            }
            TcacheStart::Put => "Created when the first chunk goes in; never if the count is 0.",
        },
    },
    Topic {
        title: "thread cache and mapped chunks",
        source: "malloc/malloc.c, __libc_free",
        text: |rules, _| match rules.tcache_takes_mapped {
            false => "The mapping goes back when its chunk is freed.",
            true => "A chunk for which the cache has a bin stays, with its mapping.",
        },
    },
    Topic {
        title: "frees by the allocator itself",
        source: "malloc/malloc.c, sysmalloc, _int_realloc, tcache_thread_shutdown",
        text: |rules, _| match rules.inner_frees_pass_tcache {
            false => "The rest of a cut chunk and the old top go through the thread cache.",
            true => "The rest of a cut chunk and the old top are merged at once.",
        },
    },
    Topic {
        title: "freed small chunks",
        source: "malloc/malloc.c, _int_free_create_chunk",
        text: |rules, _| match rules.small_frees_sorted {
            false => "They go to the unsorted bin.",
            true => "They go straight to the bin of their size.",
        },
    },
    Topic {
        title: "exact fits in the unsorted bin",
        source: "malloc/malloc.c, _int_malloc",
        text: |rules, _| match rules.exact_fits_are_cached {
            true => "They fill the thread cache before one serves the request.",
            false => "The first one serves the request.",
        },
    },
    Topic {
        title: "calloc",
        source: "malloc/malloc.c, __libc_calloc; up to 2.33 malloc/hooks.c, malloc_hook_ini",
        text: |rules, _| match (rules.calloc_from_tcache, rules.hooked) {
            (true, _) => "It takes from the thread cache.",
            (false, true) => {
                "It bypasses the thread cache, except that a process's first call goes through malloc."
            }
            (false, false) => "It bypasses the thread cache.",
        },
    },
    Topic {
        title: "realloc",
        source: "malloc/malloc.c, __libc_realloc",
        text: |rules, _| match rules.realloc_keeps {
            ReallocKeeps::Nothing => "A block shrinks whenever the remainder makes a chunk.",
            ReallocKeeps::SpareOrPage => {
                "A block keeps its size with less than 16 bytes to spare, a mapped one with up to a page."
            }
            ReallocKeeps::Spare => "A block keeps its size with less than 16 bytes to spare.",
        },
    },
    Topic {
        title: "memalign",
        source: "malloc/malloc.c, _mid_memalign, _int_memalign",
        text: |rules, _| match rules.memalign {
            Memalign::Freed => "The remainders on both sides are freed like any block.",
            Memalign::Merged => {
                "It tries the thread cache first. Remainders are merged at once, even a tail of 16 bytes if the next chunk is free."
            }
            Memalign::Shifted => {
                "It tries the thread cache first. Remainders are merged at once; a mapped chunk is only shifted."
            }
        },
    },
    Topic {
        title: "mapped chunks",
        source: "malloc/malloc.c, sysmalloc_mmap, mmap_set_chunk",
        text: |rules, _| match rules.mapped_layout {
            MappedLayout::ToTheEnd => "Header and 8 bytes are added to the request.",
            MappedLayout::LikeAHeap => {
                "Header and 16 bytes are added to the request, and 8 of them are usable."
            }
        },
    },
    Topic {
        title: "a program break that cannot move",
        source: "malloc/malloc.c, sysmalloc_mmap_fallback",
        text: |rules, _| match rules.break_fallback {
            BreakFallback::Pages => {
                "The heap continues in a mapping of 1 MiB or more; the first one is as large as the whole heap."
            }
            BreakFallback::Exchanged => {
                "The heap continues in a mapping as large as the whole heap, rounded up to 1 MiB, and afterwards in pages."
            }
            BreakFallback::Request => {
                "The heap continues in a mapping of 1 MiB, or of the size of the request."
            }
        },
    },
    Topic {
        title: "limit of arenas",
        source: "malloc/arena.c, arena_get2",
        text: |rules, _| match (rules.arena_limit, rules.arenas_by_affinity) {
            (ArenaLimit::OnePerCore, _) => {
                "One for each core that is online, even if the process may not use it, but at least 8."
            }
            (_, false) => "8 for each core that is online, even if the process may not use it.",
            (_, true) => "8 for each core that the process may run on.",
        },
    },
    Topic {
        title: "heaps of arenas with huge pages",
        source: "malloc/arena.c, heap_max_size, new_heap, grow_heap; elf/dl-tunables.list",
        text: |rules, _| match (rules.heap_of_huge_pages, rules.thp, rules.heap_info.0) {
            (_, _, 32) => "No tunable for huge pages exists.",
            (true, ..) => "Four huge pages instead of 64 MiB.",
            (false, Thp::Break, _) => "64 MiB, as without huge pages.",
            (false, Thp::NewHeaps, _) => {
                "64 MiB, as without. With hugetlb=1 they move by huge pages, but what they grow by gets small pages."
            }
            (false, Thp::Heaps, _) => {
                "64 MiB, as without. With hugetlb=1 they move by huge pages, and what they grow by gets huge pages."
            }
        },
    },
    Topic {
        title: "the main arena's first thread",
        source: "malloc/arena.c, ptmalloc_init",
        text: |rules, _| match rules.first_caller_gets_main {
            true => "The thread that calls first, which in most programs is the main thread.",
            false => "The main thread.",
        },
    },
];

impl Version {
    /// What this release does where the modelled ones differ, in the order of a chunk's life.
    pub fn differences(self) -> Vec<Difference> {
        let (rules, params) = (Rules::of(self), Params::defaults(self));
        TOPICS
            .iter()
            .map(|topic| topic.told(rules, &params))
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
