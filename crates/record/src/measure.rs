//! What is measured in the process itself, at exact places between the calls: its resident memory, and the touched pages of
//! its large blocks.

use crate::clock::nanoseconds;
use crate::large::{LARGE, LargeBlocks};
use crate::measuring::{LOOK_PERIOD, SAMPLE_PERIOD, SHARE};
use crate::pages::Pages;
use crate::python_arenas::PythonArenas;
use crate::recorder::Recorder;
use crate::resident::Resident;
use crate::system::File;
use crate::text::Text;
use core::cell::UnsafeCell;
use highwater_hwr::{Event, Mapping, checksum};

/// `M_MMAP_THRESHOLD`
const MMAP_THRESHOLD: i64 = -3;

/// Whether a block of glibc's has a mapping of its own, by its header.
fn is_mapped(address: u64) -> bool {
    const IS_MAPPED: u64 = 2;
    // SAFETY: the block lives, and its size with its flags lies before it.
    unsafe { *((address - 8) as *const u64) & IS_MAPPED != 0 }
}

/// What is followed. It lies apart from the recorder, in memory that is not in the library's file.
struct Followed<T>(UnsafeCell<T>);

// SAFETY: it is reached through the recorder alone, whose holder is the only one.
unsafe impl<T> Sync for Followed<T> {}

/// The large blocks that live.
static BLOCKS: Followed<LargeBlocks> = Followed(UnsafeCell::new(LargeBlocks::new()));

static PYTHON_ARENAS: Followed<PythonArenas> = Followed(UnsafeCell::new(PythonArenas::new()));

impl Recorder {
    #[inline(always)]
    fn large(&mut self) -> &mut LargeBlocks {
        // SAFETY: see above; the result lives no longer than the recorder's own reference.
        unsafe { &mut *BLOCKS.0.get() }
    }

    fn python_arenas(&mut self) -> &mut PythonArenas {
        // SAFETY: see above; the result lives no longer than the recorder's own reference.
        unsafe { &mut *PYTHON_ARENAS.0.get() }
    }

    /// Follows a call for memory beside the allocator.
    pub(crate) fn follow_mapping(&mut self, mapping: &Mapping) {
        self.python_arenas().follow(mapping);
    }

    /// Measures what is due.
    #[cold]
    #[inline(never)]
    pub(crate) fn measure(&mut self, thread: u32) {
        let time = self.clock.present();
        if time >= self.measuring.next_look {
            let taken = self.timed(|recorder| recorder.measure_all(thread));
            self.measuring.next_look = time + LOOK_PERIOD.max(SHARE * taken);
        } else if time >= self.measuring.next_sample {
            let taken = self.timed(|recorder| recorder.sample(thread, None));
            self.measuring.next_sample = time + SAMPLE_PERIOD.max(SHARE * taken);
        }
    }

    /// Measures everything: at a mark, and at the end.
    #[cold]
    #[inline(never)]
    pub(crate) fn measure_all(&mut self, thread: u32) {
        let mut pages = Pages::open(self.measuring.way, self.measuring.page_size);
        let mapped = self.look_at_blocks(thread, &mut pages);
        let resident = Resident::measure(&mut pages);
        let python = self.python_arenas().resident(&mut pages);
        self.measuring.way = pages.way();
        drop(pages);
        if let Some(resident) = resident {
            self.measuring.own = resident.own;
        }
        let heaps = resident.filter(|_| self.measuring.is_glibc);
        self.sample(thread, heaps.map(|heaps| (heaps, mapped, python)));
    }

    /// Writes the touched pages of large blocks, also of those of which they have not changed.
    pub(crate) fn look(&mut self, thread: u32) {
        if !self.large().slots().is_empty() {
            for slot in self.large().slots() {
                if let Some(block) = self.large().in_slot(slot) {
                    block.written = 0;
                }
            }
            let mut pages = Pages::open(self.measuring.way, self.measuring.page_size);
            self.look_at_blocks(thread, &mut pages);
            self.measuring.way = pages.way();
        }
    }

    /// Returns the microseconds that something took.
    fn timed(&mut self, work: impl FnOnce(&mut Self)) -> u64 {
        let begin = nanoseconds();
        work(self);
        nanoseconds().saturating_sub(begin) / 1000
    }

    /// Writes the process's resident memory by kind, without the recorder's own file and library; where they were measured, also
    /// that of the allocator's heaps, of its blocks with mappings of their own, and of Python's arenas.
    fn sample(&mut self, thread: u32, heaps: Option<(Resident, Option<u64>, Option<u64>)>) {
        let Some(counted) = Counted::of_this_process(heaps.is_some()) else {
            return;
        };
        let Counted {
            anonymous,
            files,
            shared,
            tables,
        } = counted;
        // The recorder's file counts as shared memory where it lies in a file system in memory.
        let own = self.log.resident();
        let (files, shared) = match files.checked_sub(own) {
            Some(rest) => (rest, shared),
            None => (files, shared.saturating_sub(own)),
        };
        let library = self.measuring.own;
        let files = files.saturating_sub(library.files);
        let anonymous = anonymous.saturating_sub(library.anonymous + self.live_bytes());
        let mut text = Text::<384>::new();
        text.push(b"rss=").push_number(anonymous + files + shared);
        text.push(b" anon=").push_number(anonymous);
        text.push(b" files=").push_number(files);
        text.push(b" shmem=").push_number(shared);
        if let Some((heaps, mapped, python)) = heaps {
            text.push(b" heap=").push_number(heaps.main);
            text.push(b" arenas=").push_number(heaps.arenas);
            text.push(b" stack=").push_number(heaps.stacks);
            text.push(b" tables=").push_number(tables);
            if let Some(mapped) = mapped {
                text.push(b" mapped=").push_number(mapped);
            }
            if let Some(python) = python {
                text.push(b" python=").push_number(python);
            }
        }
        self.append(thread, &Event::Sample(text.bytes()));
    }

    /// Writes the touched pages of every large block of which they have changed. Returns the resident bytes of blocks with mappings
    /// of their own, if all of these are followed.
    fn look_at_blocks(&mut self, thread: u32, pages: &mut Pages) -> Option<u64> {
        let mut mapped = 0;
        for slot in self.large().slots() {
            let Some(touched) = self.look_at(thread, slot, pages) else {
                continue;
            };
            let is_glibc = self.measuring.is_glibc;
            if let Some(block) = self.large().in_slot(slot)
                && is_glibc
                && is_mapped(block.address)
            {
                mapped += touched * self.measuring.page_size;
            }
        }
        let is_all = self.measuring.maps_large_only && self.large().are_all();
        is_all.then_some(mapped)
    }

    /// Writes the touched pages of the block in a slot if they have changed, and returns how many there are.
    fn look_at(&mut self, thread: u32, slot: usize, pages: &mut Pages) -> Option<u64> {
        let block = self.large().in_slot(slot).copied()?;
        let mut touched = pages.of_block(block.address, block.size)?;
        let (address, runs) = (block.address, touched.finish());
        // 0 is the checksum of a block that nothing was written of.
        let sum = checksum(0, runs.bytes()) | 1;
        let count = runs.iter().map(|run| run.1).sum();
        if sum != block.written {
            self.append(thread, &Event::Touched { address, runs });
            if let Some(block) = self.large().in_slot(slot) {
                block.written = sum;
            }
        }
        Some(count)
    }

    /// Writes the touched pages of a block that is about to be freed or moved, if it is a large one.
    #[inline(always)]
    pub(crate) fn leave(&mut self, thread: u32, address: u64) {
        if self.large().may_hold(address) {
            self.leave_large(thread, address);
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_large(&mut self, thread: u32, address: u64) {
        if let Some(slot) = self.large().find(address) {
            let mut pages = Pages::open(self.measuring.way, self.measuring.page_size);
            self.look_at(thread, slot, &mut pages);
            self.measuring.way = pages.way();
        }
    }

    /// Follows which large blocks live.
    #[inline(always)]
    pub(crate) fn follow(&mut self, event: &Event) {
        let (new, old, size) = match *event {
            Event::Free { address } => (0, address, 0),
            Event::Malloc { address, size } | Event::Aligned { address, size, .. } => {
                (address, 0, size)
            }
            Event::Calloc {
                address,
                count,
                size,
            } => (address, 0, count.wrapping_mul(size)),
            // The old block lives on if there is no new one, unless it was to have no bytes.
            Event::Realloc {
                address: 0, size, ..
            } if size > 0 => return,
            Event::Realloc { address, old, size } => (address, old, size),
            Event::Mallopt { parameter, value } => {
                self.measuring.maps_large_only &=
                    parameter != MMAP_THRESHOLD || value >= LARGE as i64;
                return;
            }
            _ => return,
        };
        if self.large().may_hold(old) {
            self.large().remove(old);
        }
        if size >= LARGE {
            self.large().add(new, size);
        }
    }
}

/// What the kernel counts of a process, in bytes.
struct Counted {
    anonymous: u64,
    files: u64,
    shared: u64,
    tables: u64,
}

impl Counted {
    /// Reads the calling process's; `None` where the kernel does not say. What it counts along may be behind by some dozen pages for
    /// each processor; exact figures make it walk over all pages.
    fn of_this_process(is_exact: bool) -> Option<Self> {
        let mut status = [0; 2048];
        let keys = [&b"RssAnon:"[..], b"RssFile:", b"RssShmem:", b"VmPTE:"];
        let found = lines(b"/proc/thread-self/status\0", &mut status, keys)?;
        let [Some(mut anonymous), Some(mut files), Some(shared), tables] = found else {
            return None;
        };
        let walked = match is_exact {
            true => lines(
                b"/proc/thread-self/smaps_rollup\0",
                &mut status,
                [b"Rss:", b"Anonymous:"],
            ),
            false => None,
        };
        if let Some([Some(resident), Some(private)]) = walked {
            anonymous = private;
            files = resident.saturating_sub(private + shared);
        }
        Some(Self {
            anonymous,
            files,
            shared,
            tables: tables.unwrap_or(0),
        })
    }
}

/// Reads the lines of a file that begin with these keys. Their values are KiB there.
fn lines<const N: usize>(
    path: &[u8],
    buffer: &mut [u8],
    keys: [&[u8]; N],
) -> Option<[Option<u64>; N]> {
    let file = File::open(path).ok()?;
    let read = file.read(buffer);
    let mut found = [None; N];
    for line in buffer.get(..read)?.split(|&byte| byte == b'\n') {
        for (key, value) in keys.iter().zip(&mut found) {
            if let Some(rest) = line.strip_prefix(*key) {
                *value = Some(kibibytes(rest) * 1024);
            }
        }
    }
    Some(found)
}

/// Reads a number with blanks in front of it and anything behind it.
fn kibibytes(text: &[u8]) -> u64 {
    let digits = text.trim_ascii_start().iter();
    digits
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |number, &byte| number * 10 + u64::from(byte & 15))
}
