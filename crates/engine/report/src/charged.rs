//! What others quote of the same memory, in words.

use crate::sentence::Sentence;
use highwater_simulator::{Bytes, HugeMode, Quoted, Sample};

/// Returns what a container's `memory.current` has of this memory beside RSS, and how much of RSS are huge pages and memory marked with
/// MADV_FREE, where there is any.
pub fn charged(sample: &Sample) -> String {
    let mut text = format!(
        "A container's memory.current counts page tables as well, {} here: {} in all, beside stacks, files and the kernel's other memory.",
        sample.page_tables,
        sample.charged()
    );
    if sample.huge > Bytes::ZERO {
        text += &format!(" {} of the resident memory is in huge pages.", sample.huge);
    }
    if sample.unwritten > Bytes::ZERO {
        text += &format!(
            " {} is resident only because of huge pages: nothing was written there since they were made.",
            sample.unwritten
        );
    }
    if sample.lazy_free > Bytes::ZERO {
        text += &format!(
            " {} of it is marked with MADV_FREE: the kernel takes that once memory is short.",
            sample.lazy_free
        );
    }
    text
}

/// Returns how a figure that people quote differs from the others, in one sentence, with how much that is at a sample.
pub fn difference(quoted: Quoted, sample: &Sample) -> String {
    let (tables, lazy) = (sample.page_tables, sample.lazy_free);
    match quoted {
        Quoted::Resident => format!(
            "RSS has the resident pages of the allocator and no page tables ({tables} here), which a cgroup is charged for as well: its \
             limits count both."
        ),
        Quoted::Current => format!(
            "memory.current is RSS and page tables ({tables} here), as far as the model knows it: stacks, code, file pages and the \
             kernel's other memory come on top."
        ),
        Quoted::WorkingSet => format!(
            "The working set, as orchestrators quote it, is memory.current less inactive_file, where the kernel lists pages marked with \
             MADV_FREE ({lazy} here); it may leave out more, since pages that are written again stay listed until memory is short."
        ),
    }
}

/// Says what huge pages keep resident beside what was written, how much of the memory they have and how large one is, why they are there,
/// and what of the machine's ends that.
pub(crate) fn explain_huge(
    unwritten: Bytes,
    (huge, size): (Bytes, Bytes),
    mode: HugeMode,
    ends: HugeMode,
) -> Vec<Sentence> {
    let what = Sentence::new(format!(
        "{unwritten} is resident only because huge pages of {size} were made there: nothing was written since. {huge} of the resident \
         memory is in huge pages now."
    ));
    let why = Sentence::new("The machine's mode is ")
        .name(&mode.to_string())
        .text(match mode {
            HugeMode::Always => ": memory gets huge pages without a request. The mode ",
            HugeMode::Madvise | HugeMode::Never => {
                ": the allocator asks for them (MADV_HUGEPAGE). The mode "
            }
        })
        .name(&ends.to_string())
        .text(" in ")
        .name("/sys/kernel/mm/transparent_hugepage/enabled")
        .text(" ends that for all programs, and ")
        .name("prctl(PR_SET_THP_DISABLE)")
        .text(" for a process and those that it starts.");
    vec![what, why]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_only_what_there_is() {
        let mut sample = Sample {
            rss: Bytes::mib(10),
            page_tables: Bytes::kib(32),
            ..Sample::default()
        };
        let text = charged(&sample);
        assert!(text.contains("32 KiB here: 10.0 MiB in all"), "{text}");
        assert!(!text.contains("huge") && !text.contains("MADV_FREE"));
        sample.huge = Bytes::mib(4);
        sample.unwritten = Bytes::kib(40);
        sample.lazy_free = Bytes::kib(12);
        let text = charged(&sample);
        assert!(text.contains("4.0 MiB of the resident memory") && text.contains("12 KiB of it"));
        assert!(text.contains("40 KiB is resident only because of huge pages"));
    }
}
