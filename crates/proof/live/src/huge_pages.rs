//! Transparent huge pages as this machine has them set up.

use highwater_kernel::HugePages;
use std::fs::read_to_string;

/// Those of this machine, for a process that has them or switched them off; the default, where that cannot be read. The mode decides
/// what malloc asks for in any case.
pub(crate) fn huge_pages(is_disabled: bool) -> HugePages {
    let text = read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let chosen = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    HugePages {
        mode: chosen
            .and_then(|(mode, _)| mode.parse().ok())
            .unwrap_or_default(),
        frees_tables: release() >= (6, 14),
        is_disabled,
        ..HugePages::default()
    }
}

/// Whether this machine's kernel places mappings of whole huge pages at a multiple of their size (Linux 6.7, mm/mmap.c).
pub(crate) fn aligns_huge_mappings() -> bool {
    release() >= (6, 7)
}

/// The kernel's release.
fn release() -> (u32, u32) {
    let text = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = text.split(['.', '-']).map_while(|part| part.parse().ok());
    let mut next = || numbers.next().unwrap_or_default();
    (next(), next())
}
