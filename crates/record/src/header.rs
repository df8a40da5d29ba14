//! What the file says of the process before the first call: read from `/proc` and `/sys`.

use crate::environment::{self, entries};
use crate::file::Path;
use crate::originals::{originals, version_of_glibc, version_of_jemalloc};
use crate::own_maps;
use crate::stack;
use crate::system::{self, File};
use crate::text::{Text, number};
use core::ffi::CStr;

/// Variables that allocators and Python's allocator read: nothing else of the environment reaches the file.
const PREFIXES: [&[u8]; 8] = [
    b"MALLOC_",
    b"_RJEM_MALLOC_CONF=",
    b"GLIBC_TUNABLES=",
    b"PYTHONMALLOC",
    b"PYTHONTRACEMALLOC=",
    b"PYTHONDEVMODE=",
    b"MIMALLOC_",
    b"TCMALLOC_",
];

/// How this library is called in `LD_PRELOAD`, and how its file's name begins.
pub(crate) const OWN_NAME: &[u8] = b"libhighwater_record";

/// The lines of a header.
pub(crate) type HeaderText = Text<12_288>;

/// What is known when the recording begins.
pub(crate) struct Start {
    directory: Path,
    name: Text<64>,
    text: HeaderText,
    largest: u64,
    last: u64,
    brk: u64,
    page_size: u64,
    granule: u8,
    /// Places of a call's site; 0 if they are not wanted.
    site_depth: usize,
    /// Whether Python functions are wanted among them.
    has_python: bool,
    has_arguments: bool,
}

impl Start {
    /// Nothing is known.
    pub(crate) const fn new() -> Self {
        Self {
            directory: Path::new(),
            name: Text::new(),
            text: Text::new(),
            largest: u64::MAX,
            last: 0,
            brk: 0,
            page_size: 4096,
            granule: 4,
            site_depth: 0,
            has_python: true,
            has_arguments: true,
        }
    }

    /// Reads the process's environment and, if it asks for a recording, everything else. Returns whether it asks.
    pub(crate) fn read(&mut self) -> bool {
        self.text.push(b"highwater-trace 2\n");
        environment::each(|entry| self.variable(entry));
        if self.directory.bytes().is_empty() {
            return false;
        }
        self.program();
        self.allocator();
        self.page_size = page_size();
        self.text
            .push(b"page ")
            .push_number(self.page_size)
            .push(b"\n");
        let (online, allowed) = (online_processors(), system::allowed_processors());
        self.text.push(b"cpus ").push_number(online).push(b"\n");
        if (1..online).contains(&allowed) {
            self.text
                .push(b"cpus-allowed ")
                .push_number(allowed)
                .push(b"\n");
        }
        let brk = system::program_break() as u64;
        self.brk = brk;
        self.text.push(b"brk ").push_address(brk).push(b"\n");
        if let Some(mappings) = lowest_mapping() {
            self.text
                .push(b"mappings ")
                .push_address(mappings)
                .push(b"\n");
        }
        let release = system::kernel_release();
        let length = release.iter().position(|&byte| byte == 0).unwrap_or(0);
        self.text
            .push(b"kernel ")
            .push_line(&release[..length])
            .push(b"\n");
        let mut huge = [0; 64];
        let read = File::open(b"/sys/kernel/mm/transparent_hugepage/enabled\0")
            .map_or(0, |file| file.read(&mut huge));
        if let Some(chosen) = huge[..read]
            .split(|&byte| byte == b'[' || byte == b']')
            .nth(1)
        {
            self.text.push(b"huge-pages ").push_line(chosen).push(b"\n");
        }
        true
    }

    /// Returns the header's lines.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.bytes()
    }

    /// Returns the directory for the files, from the root.
    pub(crate) fn directory(&self) -> &[u8] {
        self.directory.bytes()
    }

    /// Returns the program's name, as part of a file's name.
    pub(crate) fn name(&self) -> &[u8] {
        self.name.bytes()
    }

    /// Returns the bytes that a file may have.
    pub(crate) fn largest(&self) -> u64 {
        self.largest
    }

    /// Returns how many places of a call's site are wanted; 0 for none.
    pub(crate) fn site_depth(&self) -> usize {
        self.site_depth
    }

    /// Whether Python functions are wanted among the places of a call's site.
    pub(crate) fn has_python(&self) -> bool {
        self.site_depth > 0 && self.has_python
    }

    /// Returns the power of two that the allocator's addresses are multiples of, with few exceptions.
    pub(crate) fn granule(&self) -> u8 {
        self.granule
    }

    /// Returns the bytes of the newest part, which alone is kept; 0 if all is.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Returns the header's lines for a file that has all calls.
    pub(crate) fn text_of_all(&self) -> HeaderText {
        self.text
    }

    /// Returns where the heap of the program break begins, if it is glibc's.
    pub(crate) fn program_break(&self) -> Option<u64> {
        self.is_glibc().then_some(self.brk)
    }

    /// Returns the header's lines for a file that begins with so many calls that lay out the blocks that live.
    pub(crate) fn text_of_part(&self, calls: u64) -> HeaderText {
        let mut text = self.text;
        text.push(b"snapshot ").push_number(calls).push(b"\n");
        text
    }

    /// Returns the bytes of a page.
    pub(crate) fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Whether the allocator is glibc's.
    pub(crate) fn is_glibc(&self) -> bool {
        let mut lines = self.text().split(|&byte| byte == b'\n');
        lines.any(|line| line.starts_with(b"allocator glibc "))
    }

    /// Whether the environment says from which size on blocks have mappings of their own.
    pub(crate) fn sets_mapping_threshold(&self) -> bool {
        let name = b"mmap_threshold";
        let mut names = self.text().windows(name.len());
        names.any(|text| text.eq_ignore_ascii_case(name))
    }

    fn variable(&mut self, entry: &[u8]) {
        if let Some(value) = entry.strip_prefix(b"HIGHWATER_RECORD=") {
            self.choose_directory(value);
        } else if let Some(value) = entry.strip_prefix(b"HIGHWATER_RECORD_MAX=") {
            self.largest = number(value).filter(|&bytes| bytes > 0).unwrap_or(u64::MAX);
        } else if let Some(value) = entry.strip_prefix(b"HIGHWATER_RECORD_LAST=") {
            self.last = number(value).unwrap_or(0);
        } else if let Some(value) = entry.strip_prefix(b"HIGHWATER_RECORD_SITES=") {
            let wanted = number(value).unwrap_or(0);
            self.site_depth = wanted.min(stack::DEEPEST as u64) as usize;
        } else if entry == b"HIGHWATER_RECORD_ARGUMENTS=no" {
            self.has_arguments = false;
        } else if entry == b"HIGHWATER_RECORD_PYTHON=no" {
            self.has_python = false;
        } else if let Some(value) = entry.strip_prefix(b"LD_PRELOAD=") {
            let others = |part: &&[u8]| !part.is_empty() && !contains(part, OWN_NAME);
            let mut parts = value
                .split(|&byte| byte == b':' || byte == b' ')
                .filter(others);
            if let Some(first) = parts.next() {
                self.text.push(b"env LD_PRELOAD=").push_line(first);
                parts.for_each(|part| _ = self.text.push(b":").push_line(part));
                self.text.push(b"\n");
            }
        } else if PREFIXES.iter().any(|prefix| entry.starts_with(prefix)) && entry.contains(&b'=') {
            self.text.push(b"env ").push_line(entry).push(b"\n");
        }
    }

    /// A relative directory is one below the working directory, which the program may change.
    fn choose_directory(&mut self, value: &[u8]) {
        self.directory = Path::new();
        if value.is_empty() {
            return;
        }
        if value[0] != b'/' {
            let mut here = [0; 1024];
            let Some(length) = system::working_directory(&mut here) else {
                return;
            };
            self.directory
                .push(here.get(..length).unwrap_or_default())
                .push(b"/");
        }
        self.directory.push(value);
        let mut path = self.directory;
        path.push(b"\0");
        system::create_directory(path.bytes());
    }

    fn program(&mut self) {
        let mut line = Text::<1024>::new();
        let has_arguments = self.has_arguments;
        entries(b"/proc/self/cmdline\0", |argument| {
            if line.bytes().is_empty() {
                line.push_line(argument);
            } else if has_arguments {
                line.push(b" ").push_line(argument);
            }
        });
        if !line.bytes().is_empty() {
            self.text
                .push(b"program ")
                .push_line(line.bytes())
                .push(b"\n");
        }
        let mut name = [0; 32];
        let read = File::open(b"/proc/self/comm\0").map_or(0, |file| file.read(&mut name));
        self.name = Text::new();
        for &byte in name[..read].iter().take_while(|&&byte| byte != b'\n') {
            let is_plain = byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
            self.name.push(&[if is_plain { byte } else { b'_' }]);
        }
        if self.name.bytes().is_empty() {
            self.name.push(b"process");
        }
    }

    fn allocator(&mut self) {
        self.text.push(b"allocator ");
        if let Some(version) = version_of_glibc() {
            self.text.push(b"glibc ").push_line(version.to_bytes());
        } else if let Some(version) = version_of_jemalloc() {
            let release = version.to_bytes().split(|&byte| byte == b'-').next();
            self.text
                .push(b"jemalloc ")
                .push_line(release.unwrap_or_default());
            self.granule = 3;
        } else {
            // SAFETY: the list is the loader's, and a name in it is a string.
            let path = unsafe {
                let library = originals().allocator.as_ref();
                library.and_then(|library| {
                    (!library.name.is_null()).then(|| CStr::from_ptr(library.name))
                })
            };
            let path = path.map_or(&b"unknown"[..], CStr::to_bytes);
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
            let is_musl = contains(name, b"musl");
            for &byte in if is_musl { b"musl" } else { name } {
                self.text.push(&[if byte == b' ' { b'_' } else { byte }]);
            }
            self.text.push(b" unknown");
            self.granule = if is_musl { 4 } else { 3 };
        }
        self.text.push(b"\n");
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Returns the bytes of a page, from the auxiliary vector.
fn page_size() -> u64 {
    const PAGE_SIZE: u64 = 6;
    let mut vector = [0; 1024];
    let read = File::open(b"/proc/self/auxv\0").map_or(0, |file| file.read(&mut vector));
    let (words, _) = vector[..read].as_chunks::<8>();
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    while let (Some(tag), Some(value)) = (words.next(), words.next()) {
        if tag == PAGE_SIZE {
            return value;
        }
    }
    4096
}

/// Returns the number of processors that are online: `0-3,6` are 5.
fn online_processors() -> u64 {
    let mut list = [0; 512];
    let read =
        File::open(b"/sys/devices/system/cpu/online\0").map_or(0, |file| file.read(&mut list));
    let text = list[..read].trim_ascii();
    let count = text.split(|&byte| byte == b',').filter_map(|range| {
        let mut ends = range.split(|&byte| byte == b'-');
        let first = number(ends.next()?)?;
        let last = ends.next().map_or(Some(first), number)?;
        (last - first).checked_add(1)
    });
    count.sum::<u64>().max(1)
}

/// Returns where the mappings end that the kernel places one below the other, and this library's among them: the next one
/// goes below.
fn lowest_mapping() -> Option<u64> {
    /// Mappings farther apart are not of one run.
    const APART: u64 = 1 << 30;
    let own = lowest_mapping as *const () as usize as u64;
    let (mut lowest, mut end) = (0, 0);
    let mut found = None;
    own_maps::each_line(|line| {
        if let Some((first, last)) = own_maps::ends(line) {
            if first.saturating_sub(end) > APART {
                lowest = first;
            }
            end = last;
            found = (first..last).contains(&own).then_some(lowest);
        }
        found.is_none()
    })?;
    found
}
