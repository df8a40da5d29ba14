//! What huge pages keep resident beside what was written, and which setting ends that.

use super::Scene;
use super::kinds::{Cause, Finding};
use super::remedy::{Cost, Gain, Remedy};
use highwater_allocator::{Allocator, Bytes, PageUse};
use highwater_kernel::HugeMode;

impl Scene<'_> {
    /// Finds memory that is resident only because huge pages were made where it lies.
    pub(super) fn huge_pages(&self) -> Option<Finding> {
        let kernel = self.simulation.kernel();
        let unwritten = kernel.unwritten();
        if !self.is_worth(unwritten) {
            return None;
        }
        let cause = Cause::HugePages {
            huge: kernel.huge(),
            size: kernel.huge_page_size(),
            mode: kernel.config().huge_pages.mode,
        };
        let finding = Finding::new(cause, unwritten).by("huge_pages", "do_huge_pmd_anonymous_page");
        Some(finding.with(self.small_pages()))
    }

    /// Returns the allocator's setting that ends them, if it has one.
    fn small_pages(&self) -> Option<Remedy> {
        let (variable, gives) = if self.diagnosis.figures.is_some() {
            let bytes = self.unwritten_in_extents();
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

    /// Returns the unwritten memory in jemalloc's extents. Its own structures lie elsewhere, and only some releases let the setting
    /// decide about them.
    fn unwritten_in_extents(&self) -> Bytes {
        let kernel = self.simulation.kernel();
        let mut bytes = Bytes::ZERO;
        self.simulation.model.page_runs(&mut |run| {
            if run.used != PageUse::Metadata {
                bytes += kernel.unwritten_in(run.start, run.start + run.size);
            }
        });
        bytes
    }
}
