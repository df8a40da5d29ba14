//! Transparent huge pages, for which malloc asks with `glibc.malloc.hugetlb=1`.
//!
//! glibc 2.35 to 2.44, malloc/malloc.c, `madvise_thp`, `sysmalloc`, `systrim`, `do_set_hugetlb`; malloc/arena.c, `new_heap`,
//! `grow_heap`; sysdeps/unix/sysv/linux/malloc-hugepages.c, `__malloc_thp_mode`.

use crate::params::Params;
use crate::rules::{Rules, Thp};
use crate::shared::HEAP_MAX;
use highwater_allocator::{Address, Bytes, Kernel};
use highwater_kernel::HugeMode;

/// The size of a huge page where the end of the heap moves by them (`thp_pagesize`).
pub(crate) fn thp_pagesize(kernel: &Kernel, params: &Params, rules: &Rules) -> Option<Bytes> {
    let moves = match kernel.config().huge_pages.mode {
        HugeMode::Madvise => true,
        HugeMode::Always => rules.thp != Thp::Break,
        HugeMode::Never => false,
    };
    (params.asks_for_huge_pages && moves).then(|| kernel.huge_page_size())
}

/// The steps in which the end of the heap moves: pages, or huge pages.
pub(crate) fn break_unit(kernel: &Kernel, params: &Params, rules: &Rules) -> Bytes {
    thp_pagesize(kernel, params, rules).unwrap_or(kernel.page_size())
}

/// The steps in which a heap of an arena grows and shrinks (`heap_info::pagesize`).
pub(crate) fn heap_unit(kernel: &Kernel, params: &Params, rules: &Rules) -> Bytes {
    thp_pagesize(kernel, params, rules)
        .filter(|huge| rules.thp != Thp::Break && *huge <= HEAP_MAX)
        .unwrap_or(kernel.page_size())
}

/// Asks for huge pages in `[start, start + length)` if they have room in it and the machine leaves them to programs
/// (`madvise_thp`).
pub(crate) fn madvise_thp(
    kernel: &mut Kernel,
    params: &Params,
    rules: &Rules,
    start: Address,
    length: Bytes,
) {
    let asks = kernel.config().huge_pages.mode == HugeMode::Madvise
        && thp_pagesize(kernel, params, rules).is_some_and(|huge| length >= huge);
    if asks {
        let page = kernel.page_size();
        let from = match rules.thp {
            Thp::Break => start.align_down(page),
            Thp::NewHeaps | Thp::Heaps => start.align_up(page),
        };
        kernel.madvise_hugepage(from, start + length - from);
    }
}
