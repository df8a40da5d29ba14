//! Pages that move with their mapping (mremap).

use crate::pages::contains;
use crate::space::Kernel;
use crate::tables::Leaf;
use highwater_units::{Address, Bytes, Pages};

impl Kernel {
    /// Moves `length` bytes of pages: a range with a huge page as one where it is aligned here and there, all else page by page
    /// (Linux 6.18, mm/mremap.c, `move_page_tables`).
    pub(crate) fn move_pages(&mut self, from: Address, to: Address, length: Bytes) {
        let (span, page) = (self.tables.span(), self.config.page_size);
        let mut done = Bytes::ZERO;
        while done < length {
            let (source, target) = (from + done, to + done);
            let left = |at: Address| span - at.offset_in(span);
            let part = left(source).min(left(target)).min(length - done);
            let range = self.tables.range_of(source);
            let target_range = self.tables.range_of(target);
            if self.tables.is_whole(range) && part < span {
                self.split(range);
            }
            if let Some(leaf) = self.tables.leaf(range) {
                let leaf = if part < span { Leaf::Table } else { leaf };
                if self.tables.leaf(target_range).is_none() {
                    self.tables.set(target_range, leaf);
                }
                for offset in (0..part.0).step_by(page.0 as usize) {
                    self.move_page(source + Bytes(offset), target + Bytes(offset));
                }
                if self.tables.is_whole(range) {
                    self.drop_pages(source, source + span, false);
                    self.free_table(range);
                }
            }
            done += part;
        }
    }

    fn move_page(&mut self, from: Address, to: Address) {
        let Some(source) = self.find_span(from) else {
            return;
        };
        let bit = self.page_in_span(from);
        if !contains(&self.spans[source].resident, bit) {
            return;
        }
        let is_lazy = contains(&self.spans[source].lazy, bit);
        let is_unwritten = contains(&self.spans[source].unwritten, bit);
        let is_zeros = contains(&self.spans[source].zeros, bit);
        let target = self.span_at(to);
        let target_bit = self.page_in_span(to);
        let mask = 1 << (target_bit & 63);
        let target = &mut self.spans[target];
        target.has_table = true;
        target.resident[target_bit >> 6] |= mask;
        target.ever[target_bit >> 6] |= mask;
        self.pages.resident += Pages(1);
        if is_lazy {
            target.lazy[target_bit >> 6] |= mask;
            self.pages.lazy += Pages(1);
        }
        if is_unwritten {
            target.unwritten[target_bit >> 6] |= mask;
            self.pages.unwritten += Pages(1);
        }
        if is_zeros {
            target.zeros[target_bit >> 6] |= mask;
            self.pages.zeros += Pages(1);
        }
    }
}
