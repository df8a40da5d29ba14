//! What others quote of the same memory, in words.

use highwater_simulator::{Bytes, Sample};

/// Returns what a container's `memory.current` has of this memory beside RSS, and how much of RSS are huge pages and memory marked with
/// MADV_FREE, where there is any.
pub fn charged(sample: &Sample) -> String {
    let mut text = format!(
        "A container's memory.current counts page tables as well, {} here: {} in all, beside stacks, files and the kernel's other memory.",
        sample.page_tables,
        sample.charged()
    );
    if sample.huge > Bytes::ZERO {
        text += &format!(
            " {} of the resident memory is in huge pages; run it again with --thp never to see what they add.",
            sample.huge
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
        sample.lazy_free = Bytes::kib(12);
        let text = charged(&sample);
        assert!(text.contains("4.0 MiB of the resident memory") && text.contains("12 KiB of it"));
    }
}
