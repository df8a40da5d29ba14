//! The files of a recording of which only the newest part is kept.

use crate::laid_out::lay_out;
use crate::recorder::Recorder;
use crate::{gate, system};
use highwater_hwr::layout::Stop;

impl Recorder {
    /// Goes on in another file, which begins with the blocks that live, and removes the oldest.
    #[cold]
    #[inline(never)]
    pub(crate) fn begin_part(&mut self, thread: u32) -> bool {
        self.note_inner();
        self.log.leave();
        (self.at, self.ticket) = (0, 0);
        let is_begun = self.begin_with_live(thread) && self.log.give_name();
        let end = match (is_begun, self.ended) {
            (true, _) => Stop::Continued,
            (false, Stop::Running) => Stop::NoFile,
            (false, reason) => reason,
        };
        self.log.succeed(end);
        if !is_begun {
            self.is_on = false;
            gate::set(gate::OFF);
        }
        is_begun
    }

    /// Begins a file with the sites and the blocks that live.
    pub(crate) fn begin_with_live(&mut self, thread: u32) -> bool {
        let heap = self.start.program_break();
        let heap = heap.map(|begin| (begin, system::program_break() as u64));
        let largest = self.live.largest_mapped();
        let Some(blocks) = self.live.sorted() else {
            return false;
        };
        let calls = lay_out(blocks, heap, largest, |_, _, _| {});
        // Until they are written the file is not too long.
        self.part_begins = u64::MAX;
        if self.begin_file(None, Some(calls)) {
            self.introduce_all(thread);
            lay_out(blocks, heap, largest, |thread, site, event| {
                self.append_from(thread, site, event);
            });
            self.look(thread);
        }
        self.live.end_sorted();
        self.part_begins = self.log.size();
        self.is_on
    }
}
