//! Where the modelled releases differ, in words: one entry for each rule of `rules` and each default that changed.

use crate::params::Params;
use crate::rules::{BreakFallback, MappedLayout, Memalign, ReallocKeeps, Rules, TcacheStart};
use crate::version::Version;
pub use highwater_allocator::Difference;
use highwater_allocator::Topic;

const TOPICS: [Topic<Rules, Params>; 14] = [
    Topic {
        title: "fastbins",
        source: "malloc/malloc.c, _int_free_chunk, malloc_consolidate",
        text: |_, params| match params.max_fast.0 {
            0 => "None: a freed chunk is merged at once unless the thread cache takes it.",
            _ => {
                "Chunks of up to 128 bytes that the thread cache has no room for wait there unmerged."
            }
        },
    },
    Topic {
        title: "thread cache, size",
        source: "malloc/malloc.c, TCACHE_FILL_COUNT, TCACHE_LARGE_BINS",
        text: |_, params| match params.tcache_count {
            16 => {
                "16 chunks of each size up to 1040; tcache_max opens 12 more bins, one for each power of two."
            }
            _ => "7 chunks of each size up to 1040, and none larger.",
        },
    },
    Topic {
        title: "thread cache, beginning",
        source: "malloc/malloc.c, tcache_init",
        text: |rules, _| match rules.tcache_start {
            TcacheStart::FirstCall => {
                "Made at a thread's first call, before the chunk asked for, even if nothing may be put in."
            }
            TcacheStart::FirstPut => {
                "Made when there is first something to put in; never where the count is 0."
            }
        },
    },
    Topic {
        title: "thread cache and chunks with mappings of their own",
        source: "malloc/malloc.c, __libc_free",
        text: |rules, _| match rules.tcache_takes_mapped {
            false => "A mapping goes back when its chunk is freed.",
            true => "A chunk that the cache has a bin for is kept, its mapping with it.",
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
        title: "calloc",
        source: "malloc/malloc.c, __libc_calloc; up to 2.33 malloc/hooks.c, malloc_hook_ini",
        text: |rules, _| match (rules.calloc_from_tcache, rules.hooked) {
            (true, _) => "It takes from the thread cache.",
            (false, true) => {
                "It passes the thread cache by, except that a process's first call goes through malloc."
            }
            (false, false) => "It passes the thread cache by.",
        },
    },
    Topic {
        title: "realloc",
        source: "malloc/malloc.c, __libc_realloc",
        text: |rules, _| match rules.realloc_keeps {
            ReallocKeeps::Nothing => "A block shrinks whenever what is left makes a chunk.",
            ReallocKeeps::SpareOrPage => {
                "A block stays as it is with less than 16 bytes to spare, a mapped one with up to a page."
            }
            ReallocKeeps::Spare => "A block stays as it is with less than 16 bytes to spare.",
        },
    },
    Topic {
        title: "memalign",
        source: "malloc/malloc.c, _mid_memalign, _int_memalign",
        text: |rules, _| match rules.memalign {
            Memalign::Freed => "What is left on either side is freed like any block.",
            Memalign::Merged => {
                "It looks into the thread cache first; what is left is merged at once, a tail of 16 bytes too if what follows is free."
            }
            Memalign::Shifted => {
                "It looks into the thread cache first; what is left is merged at once; a mapped chunk is only shifted."
            }
        },
    },
    Topic {
        title: "chunks with mappings of their own",
        source: "malloc/malloc.c, sysmalloc_mmap, mmap_set_chunk",
        text: |rules, _| match rules.mapped_layout {
            MappedLayout::ToTheEnd => "Header and 8 bytes are added to the request.",
            MappedLayout::LikeAHeap => {
                "Header and 16 bytes are added to the request, and 8 of them are usable."
            }
        },
    },
    Topic {
        title: "where the program break cannot be moved",
        source: "malloc/malloc.c, sysmalloc_mmap_fallback",
        text: |rules, _| match rules.break_fallback {
            BreakFallback::Pages => {
                "The heap goes on in a mapping of 1 MiB or more, as large as the whole heap the first time."
            }
            BreakFallback::Exchanged => {
                "The heap goes on in a mapping as large as the whole heap, rounded up to 1 MiB, and afterwards in pages."
            }
            BreakFallback::Request => {
                "The heap goes on in a mapping of 1 MiB, or what the request needs."
            }
        },
    },
    Topic {
        title: "limit of arenas",
        source: "malloc/arena.c, arena_get2",
        text: |rules, _| match rules.arenas_by_affinity {
            false => "8 for each core that is online, whatever cores the process may use.",
            true => "8 for each core that the process may run on.",
        },
    },
    Topic {
        title: "heaps of arenas where huge pages were asked for",
        source: "malloc/arena.c, heap_max_size; elf/dl-tunables.list",
        text: |rules, _| match (rules.heap_of_huge_pages, rules.hooked) {
            (_, true) => "There is no tunable for huge pages.",
            (true, _) => "Four huge pages instead of 64 MiB.",
            (false, _) => "64 MiB, as without.",
        },
    },
    Topic {
        title: "the main arena's first thread",
        source: "malloc/arena.c, ptmalloc_init",
        text: |rules, _| match rules.first_caller_gets_main {
            true => "Whichever thread calls first; in most programs that is the main thread.",
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
