//! The file of a recording: a control block and one chunk of it, mapped.
//!
//! The mappings lie far from where the kernel places a program's own, so these do not move. The file is opened for each
//! chunk and closed again: a descriptor that stays open could be seen or closed by the program.

use crate::system::{self, File, NO_SPACE, QUOTA};
use crate::text::Text;
use core::slice;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use highwater_hwr::layout::{
    CHUNK_HEADER, ChunkHeader, ChunkKind, Control, Stop, chunk, control, seal,
};

/// Bytes of the control block: a multiple of any page.
const CONTROL_BYTES: usize = if cfg!(target_arch = "x86_64") {
    16 << 10
} else {
    64 << 10
};
/// Bytes of the first chunk, which is all that a short process writes.
const FIRST_CHUNK: usize = 64 << 10;
/// Bytes of every other chunk.
const CHUNK: usize = 256 << 10;
/// Bytes of full chunks that the kernel is asked to write to the disk at once.
const WRITTEN_BACK: u64 = 4 << 20;
/// Addresses that no program uses, in the order in which they are tried. The last is for processors with small address
/// spaces.
const PLACES: [usize; 3] = [0x2000_0000_0000, 0x1000_0000_0000, 0x30_0000_0000];
/// From a place to the control block and to the chunk: the page that is wiped on fork is in front.
const TO_CONTROL: usize = 0x1_0000;
const TO_CHUNK: usize = 0x10_0000;

/// How a path ends, and what the name of a file has behind it that is not complete yet.
const HWR: &[u8] = b".hwr\0";
const NEW: &[u8] = b".new\0";

/// How many numbers behind that of the process are tried for a name.
const ATTEMPTS: u64 = 1000;

/// Bytes of the longest path.
pub(crate) type Path = Text<1024>;

/// The open file of a recording.
pub(crate) struct Log {
    place: usize,
    path: Path,
    /// Bytes of the file so far, and how many it may have.
    size: u64,
    largest: u64,
    /// Bytes that were on their way to the disk already.
    written_back: u64,
    length: usize,
    chunks: u32,
    /// Where only the newest part is kept: the file before this one and the one before that, while they are there, and the number
    /// in this one's name.
    before: [Path; 2],
    attempt: u64,
    /// Bytes of the path in front of that number.
    stem: usize,
}

impl Log {
    /// No file.
    pub(crate) const fn new() -> Self {
        Self {
            place: 0,
            path: Path::new(),
            size: 0,
            largest: 0,
            written_back: 0,
            length: 0,
            chunks: 0,
            before: [Path::new(), Path::new()],
            attempt: 0,
            stem: 0,
        }
    }

    /// Returns where this library's mappings lie.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// Returns the bytes of the file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Forgets the files so far: they are the parent's.
    pub(crate) fn begin_in_child(&mut self) {
        self.path = Path::new();
        self.before = [Path::new(), Path::new()];
        self.attempt = 0;
    }

    /// Leaves the present file for another. Until [`Log::succeed`] nobody can tell that it was left.
    pub(crate) fn leave(&mut self) {
        system::unmap(self.place + TO_CHUNK, self.length);
        system::unmap(self.place + TO_CONTROL, CONTROL_BYTES);
        self.before = [self.path, self.before[0]];
        // Until there is another file, there is none to remove.
        self.path = Path::new();
        (self.length, self.size) = (0, 0);
    }

    /// Gives the present file its name, once its beginning is complete: a process may be killed at any moment, and what has a
    /// name opens. Returns false, and removes the file, if it can have none, or if there is no file.
    pub(crate) fn give_name(&mut self) -> bool {
        if self.path.bytes().is_empty() {
            return false;
        }
        let mut named = self.path;
        let last = self.attempt + ATTEMPTS;
        loop {
            self.end_path(&mut named);
            match system::rename_to_new(self.path.bytes(), named.bytes()) {
                Ok(()) => {
                    self.path = named;
                    return true;
                }
                // A process with the same number in another container was faster.
                Err(system::EXISTS) if self.attempt < last => self.attempt += 1,
                Err(_) => {
                    system::remove(self.path.bytes());
                    self.path = Path::new();
                    return false;
                }
            }
        }
    }

    /// Ends the path of this file as its name does.
    fn end_path(&self, path: &mut Path) {
        path.truncate(self.stem);
        if self.attempt > 1 {
            path.push(b"-").push_number(self.attempt);
        }
        path.push(HWR);
    }

    /// Makes the present file the one that goes on from the one before it, and removes the one before that. Or notes why the
    /// one before it is the last.
    pub(crate) fn succeed(&mut self, end: Stop) {
        if end == Stop::Continued {
            let mut oldest = self.before[1];
            system::remove(oldest.bytes());
            oldest.truncate(oldest.bytes().len().saturating_sub(HWR.len()));
            system::remove(oldest.push(b".samples\0").bytes());
        } else {
            system::remove(self.path.bytes());
        }
        if let Ok(file) = File::open_to_write(self.before[0].bytes()) {
            file.write_at(&(end as u32).to_le_bytes(), control::STATE as u64);
        }
    }

    /// Chooses where this process's mappings lie, and moves the gate there.
    pub(crate) fn choose_place(&mut self) -> bool {
        for place in PLACES {
            if let Some(page) = system::map_wiped_on_fork(place, TO_CONTROL) {
                self.place = place;
                crate::gate::move_to(page);
                return true;
            }
        }
        false
    }

    /// Creates the file that will be `DIRECTORY/NAME.PROCESS.hwr`, or with a number behind the process if there is one already,
    /// and maps its control block. It has its name from [`Log::give_name`].
    pub(crate) fn create(
        &mut self,
        directory: &[u8],
        name: &[u8],
        largest: u64,
        fields: &Control,
        text: &[u8],
    ) -> Option<()> {
        // The kernel would send a signal, by which most programs end.
        if CONTROL_BYTES as u64 > system::largest_file() {
            return None;
        }
        let file = self.create_new(directory, name, fields.process)?;
        self.size = 0;
        self.chunks = 0;
        self.length = 0;
        self.written_back = 0;
        self.largest = largest;
        let begun = self.begin_control(&file, fields, text);
        if begun.is_none() {
            system::remove(self.path.bytes());
            self.path = Path::new();
        }
        begun
    }

    fn begin_control(&mut self, file: &File, fields: &Control, text: &[u8]) -> Option<()> {
        file.reserve(0, CONTROL_BYTES).ok()?;
        let block = file.map(self.place + TO_CONTROL, 0, CONTROL_BYTES).ok()?;
        system::keep_from_children(block as usize, CONTROL_BYTES);
        self.size = CONTROL_BYTES as u64;
        // SAFETY: the block was mapped just now, and is this process's own.
        fields.write(text, unsafe {
            slice::from_raw_parts_mut(block, CONTROL_BYTES)
        })
    }

    fn create_new(&mut self, directory: &[u8], name: &[u8], process: u32) -> Option<File> {
        let mut path = Path::new();
        path.push(directory).push(b"/").push(name).push(b".");
        path.push_number(process.into());
        self.stem = path.bytes().len();
        let last = self.attempt + ATTEMPTS;
        while self.attempt < last {
            self.attempt += 1;
            self.end_path(&mut path);
            // The name must be free, and the one that it has until then.
            if File::open(path.bytes()).is_ok() {
                continue;
            }
            path.truncate(path.bytes().len() - 1);
            path.push(NEW);
            match File::create(path.bytes()) {
                Ok(file) => {
                    self.path = path;
                    return Some(file);
                }
                Err(system::EXISTS) => {}
                Err(_) => break,
            }
        }
        // It is not this process's to remove.
        self.path = Path::new();
        None
    }

    /// Begins the next chunk.
    pub(crate) fn begin_chunk(&mut self, header: &mut ChunkHeader) -> Result<(), Stop> {
        let length = if self.chunks == 0 { FIRST_CHUNK } else { CHUNK };
        let end = self.size + length as u64;
        if end > self.largest || end > system::largest_file() {
            return Err(Stop::Largest);
        }
        let file = File::open_to_write(self.path.bytes()).map_err(|_| Stop::NoFile)?;
        file.reserve(self.size, length)
            .map_err(|error| match error {
                NO_SPACE | QUOTA => Stop::NoSpace,
                _ => Stop::NoFile,
            })?;
        if self.length > 0 {
            system::unmap(self.place + TO_CHUNK, self.length);
            self.length = 0;
            if self.size - self.written_back >= WRITTEN_BACK {
                file.write_back(self.written_back, self.size);
                self.written_back = self.size;
            }
        }
        let mapped = file.map(self.place + TO_CHUNK, self.size, length);
        let mapped = mapped.map_err(|_| Stop::NoMapping)?;
        self.length = length;
        system::keep_from_children(mapped as usize, length);
        system::populate(mapped as usize, length);
        header.kind = ChunkKind::Events;
        header.stride = length as u32;
        if let Some(bytes) = self.chunk().first_chunk_mut::<CHUNK_HEADER>() {
            header.write(bytes);
        }
        self.size = end;
        self.chunks += 1;
        self.live(control::CHUNKS)
            .store(self.chunks, Ordering::Release);
        Ok(())
    }

    /// Returns the bytes of the present chunk, with its header; none if there is no chunk.
    #[inline(always)]
    pub(crate) fn chunk(&mut self) -> &mut [u8] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: the chunk is mapped at this place with this length, and only the holder of the lock reaches it.
        unsafe { slice::from_raw_parts_mut((self.place + TO_CHUNK) as *mut u8, self.length) }
    }

    /// Makes the events up to here part of the recording.
    #[inline(always)]
    pub(crate) fn commit(&mut self, end: usize) {
        let place = self.place + TO_CHUNK + chunk::COMMITTED;
        let committed = (end - CHUNK_HEADER) as u32;
        // SAFETY: the chunk is mapped, and the field aligned.
        unsafe { AtomicU32::from_ptr(place as *mut u32) }.store(committed, Ordering::Release);
    }

    /// Seals the present chunk, which has this many bytes with its header, and events.
    pub(crate) fn seal(&mut self, end: usize, events: u32) {
        let bytes = self.chunk();
        if let Some((header, rest)) = bytes.split_first_chunk_mut::<CHUNK_HEADER>()
            && let Some(committed) = rest.get(..end.saturating_sub(CHUNK_HEADER))
        {
            seal(header, events, committed);
        }
    }

    /// Returns the bytes of this file that count as the process's resident memory.
    pub(crate) fn resident(&self) -> u64 {
        // The chunk is populated; of the control block the header text ends within the first pages.
        (self.length + CONTROL_BYTES.min(4096)) as u64
    }

    /// Returns a field of the control block that changes.
    pub(crate) fn live(&self, field: usize) -> &AtomicU32 {
        // SAFETY: the control block is mapped while there is a recording, and the field aligned.
        unsafe { AtomicU32::from_ptr((self.place + TO_CONTROL + field) as *mut u32) }
    }

    /// Returns the two fields by which a stop and a mark are asked for, as one number.
    #[inline(always)]
    pub(crate) fn requests(&self) -> u64 {
        let place = self.place + TO_CONTROL + control::STOP_REQUEST;
        // SAFETY: the control block is mapped while there is a recording, and the fields aligned.
        unsafe { AtomicU64::from_ptr(place as *mut u64) }.load(Ordering::Relaxed)
    }

    /// Copies the text of the mark that is asked for, and returns its length.
    pub(crate) fn requested_mark(&self, text: &mut [u8]) -> usize {
        let length = self.live(control::MARK_LENGTH).load(Ordering::Acquire) as usize;
        let length = length.min(text.len());
        for (at, byte) in text.iter_mut().enumerate().take(length) {
            let place = self.place + TO_CONTROL + control::MARK_TEXT + at;
            // SAFETY: the control block is mapped while there is a recording; another process may write the byte.
            *byte = unsafe { (place as *const u8).read_volatile() };
        }
        length
    }

    /// Notes why the recording ended.
    pub(crate) fn end(&self, stop: Stop) {
        if self.size > 0 {
            self.live(control::STATE)
                .store(stop as u32, Ordering::Release);
        }
    }
}
