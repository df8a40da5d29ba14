//! What huge pages keep resident beside what was written, and which setting ends that.

use super::finding::Finding;
use super::kinds::Cause;
use super::remedy::{Cost, Gain, Remedy};
use super::scene::Scene;
use highwater_allocator::{Allocator, Bytes, PageUse};
use highwater_jemalloc::Jemalloc;
use highwater_kernel::HugeMode;

impl Scene<'_> {
    /// Finds memory that is resident only because huge pages were made where it lies.
    pub(super) fn huge_pages(&self) -> Option<Finding> {
        let kernel = self.simulation.kernel();
        let unwritten = kernel.unwritten();
        if !self.is_worth(unwritten) {
            return None;
        }
        let mode = kernel.config().huge_pages.mode;
        let cause = Cause::HugePages {
            huge: kernel.huge(),
            size: kernel.huge_page_size(),
            mode,
            ends: match mode == HugeMode::Always && !self.asks_for_huge_pages() {
                true => HugeMode::Madvise,
                false => HugeMode::Never,
            },
        };
        let finding = Finding::new(cause, unwritten).by("huge_pages", "do_huge_pmd_anonymous_page");
        Some(finding.with(self.small_pages()))
    }

    /// Whether the allocator's settings make it ask for them where the machine leaves that to programs.
    fn asks_for_huge_pages(&self) -> bool {
        let model = &self.simulation.model;
        let glibc = model.glibc();
        glibc.is_some_and(|glibc| glibc.params().asks_for_huge_pages)
            || (model.jemalloc()).is_some_and(Jemalloc::asks_for_huge_pages)
    }

    /// Returns the allocator's setting that ends them, if it has one.
    fn small_pages(&self) -> Option<Remedy> {
        let (variable, gives) = if let Some(jemalloc) = self.simulation.model.jemalloc() {
            let bytes = self.unwritten_in_runs(jemalloc.thp_covers_metadata());
            if bytes == Bytes::ZERO {
                return None;
            }
            let never = self.simulation.malloc_conf(&[("thp", "never")]);
            (never, Gain::AtLeast { bytes })
        } else {
            let glibc = self.simulation.model.glibc()?;
            let mode = self.simulation.kernel().config().huge_pages.mode;
            if !glibc.params().asks_for_huge_pages || mode != HugeMode::Madvise {
                return None;
            }
            (self.simulation.tunables(&[("hugetlb", 0)]), Gain::Ends {})
        };
        Some(Remedy::set(vec![variable], gives, Cost::SmallPages))
    }

    /// Returns the unwritten memory in jemalloc's extents, and in its own structures if they count.
    fn unwritten_in_runs(&self, counts_metadata: bool) -> Bytes {
        let kernel = self.simulation.kernel();
        let mut bytes = Bytes::ZERO;
        self.simulation.model.page_runs(&mut |run| {
            if counts_metadata || run.used != PageUse::Metadata {
                bytes += kernel.unwritten_in(run.start, run.start + run.size);
            }
        });
        bytes
    }
}
