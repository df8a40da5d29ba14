//! Transparent huge pages, for which malloc asks with `glibc.malloc.hugetlb=1`.
//!
//! glibc 2.35 to 2.42, malloc/malloc.c, `madvise_thp`, `sysmalloc`, `systrim`; sysdeps/unix/sysv/linux/malloc-hugepages.c,
//! `__malloc_thp_mode`.

use crate::params::Params;
use highwater_allocator::{Address, Bytes, Kernel};
use highwater_kernel::HugeMode;

/// The size of a huge page where malloc asks for them: the machine's mode must be `madvise`.
pub(crate) fn thp_pagesize(kernel: &Kernel, params: &Params) -> Option<Bytes> {
    let asks = params.asks_for_huge_pages;
    let config = kernel.config();
    (asks && config.huge_pages.mode == HugeMode::Madvise).then(|| kernel.huge_page_size())
}

/// Asks for huge pages in `[start, start + length)` if they have room in it (`madvise_thp`).
pub(crate) fn madvise_thp(kernel: &mut Kernel, params: &Params, start: Address, length: Bytes) {
    if thp_pagesize(kernel, params).is_some_and(|huge| length >= huge) {
        let from = start.align_down(kernel.page_size());
        kernel.madvise_hugepage(from, start + length - from);
    }
}
