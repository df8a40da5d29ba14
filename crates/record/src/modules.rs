//! The files whose code the process runs: places in code are written as offsets in them, and named when the recording is read.

use crate::elf;
use crate::own_maps;
use crate::system::File;
use crate::text::Text;

/// Files that are told apart. Of code in others the place is written as an address.
const FILES: usize = 512;
/// Parts of the address space that have code.
const RANGES: usize = 1024;

/// Bytes of all their paths.
const PATHS: usize = 1 << 15;

/// The name of a file in places.
type Name = Text<64>;

/// Code in the process's address space.
#[derive(Clone, Copy)]
struct Range {
    begin: u64,
    end: u64,
    /// What to subtract from an address to get the one that the file's symbols have.
    shift: u64,
    /// The file, by its place; [`FILES`] for code that lies in none.
    file: usize,
}

/// A file that code was loaded from.
#[derive(Clone, Copy)]
struct Module {
    /// Hashes of its path and of the path's last part.
    hash: u64,
    base: u64,
    /// Where its path begins and ends among the paths; empty if there was no room.
    path: (usize, usize),
    name: Name,
    /// The addresses of its symbols less the places in the file.
    moved: u64,
    build_id: elf::BuildId,
    is_written: bool,
}

/// The code of the process.
pub(crate) struct Modules {
    ranges: [Range; RANGES],
    range_count: usize,
    files: [Module; FILES],
    file_count: usize,
    paths: Text<PATHS>,
    /// When the address space was read last, in microseconds; 0 if never.
    read: u64,
}

/// A place in code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// In a file, by its number, at an address of its symbols.
    InFile(usize, u64),
    /// In code that lies in no file: what a compiler at run time made.
    Elsewhere,
    /// Where there is no code.
    NoCode,
}

impl Modules {
    /// Nothing is known.
    pub(crate) const fn new() -> Self {
        const RANGE: Range = Range {
            begin: 0,
            end: 0,
            shift: 0,
            file: 0,
        };
        const MODULE: Module = Module {
            hash: 0,
            base: 0,
            path: (0, 0),
            name: Name::new(),
            moved: 0,
            build_id: elf::BuildId::new(),
            is_written: false,
        };
        Self {
            ranges: [RANGE; RANGES],
            range_count: 0,
            files: [MODULE; FILES],
            file_count: 0,
            paths: Text::new(),
            read: 0,
        }
    }

    /// Returns where an address lies. The process may have loaded code since the address space was read: at `time` it is read
    /// anew if that was more than `patience` microseconds ago and the address lies in no code.
    pub(crate) fn place(&mut self, address: u64, time: u64, patience: u64) -> Place {
        match self.find(address) {
            Place::NoCode if self.read == 0 || time.saturating_sub(self.read) >= patience => {
                self.read_maps(time);
                self.find(address)
            }
            place => place,
        }
    }

    /// Reads the address space again if that was long ago: a library may have come into another's place.
    pub(crate) fn refresh(&mut self, time: u64) {
        const LONG: u64 = 1_000_000;
        if time.saturating_sub(self.read) >= LONG {
            self.read_maps(time);
        }
    }

    /// Returns a file's name in places.
    pub(crate) fn name(&self, file: usize) -> &[u8] {
        self.files
            .get(file)
            .map_or(&b""[..], |file| file.name.bytes())
    }

    /// Returns what the recording says of a file, the first time that it is asked for.
    pub(crate) fn introduce(&mut self, file: usize) -> Option<Text<512>> {
        let module = self.files.get_mut(file).filter(|file| !file.is_written)?;
        module.is_written = true;
        let mut text = Text::new();
        text.push(module.name.bytes()).push(b" ");
        module.build_id.push_to(&mut text);
        text.push(b" ");
        let (begin, end) = module.path;
        match self.paths.bytes().get(begin..end) {
            Some(path) if begin < end => path.iter().for_each(|&byte| push_byte(&mut text, byte)),
            _ => _ = text.push(b"-"),
        }
        Some(text)
    }

    /// Has every file introduced again.
    pub(crate) fn forget_written(&mut self) {
        for file in &mut self.files {
            file.is_written = false;
        }
    }

    fn find(&self, address: u64) -> Place {
        let ranges = self.ranges.get(..self.range_count).unwrap_or_default();
        // They are in order: the kernel lists them so.
        let after = ranges.partition_point(|range| range.begin <= address);
        let range = after.checked_sub(1).and_then(|at| ranges.get(at));
        match range.filter(|range| address < range.end) {
            None => Place::NoCode,
            Some(range) if range.file >= FILES => Place::Elsewhere,
            Some(range) => Place::InFile(range.file, address.wrapping_sub(range.shift)),
        }
    }

    #[cold]
    #[inline(never)]
    fn read_maps(&mut self, time: u64) {
        self.read = time.max(1);
        self.range_count = 0;
        own_maps::each_line(|line| {
            self.line(line);
            self.range_count < RANGES
        });
    }

    /// Takes a mapping, if it has code.
    fn line(&mut self, line: &[u8]) {
        let Some((begin, end, offset)) = code(line) else {
            return;
        };
        let file = path_of(line).map_or(FILES, |path| self.file(path, offset));
        let moved = self.files.get(file).map_or(0, |file| file.moved);
        let shift = begin.wrapping_sub(offset).wrapping_sub(moved);
        if let Some(range) = self.ranges.get_mut(self.range_count) {
            *range = Range {
                begin,
                end,
                shift,
                file,
            };
            self.range_count += 1;
        }
    }

    /// Returns the number of a file, and takes it up if it is new; [`FILES`] if there are too many.
    fn file(&mut self, path: &[u8], offset: u64) -> usize {
        let wanted = hash(path);
        let known = self.files.get(..self.file_count).unwrap_or_default();
        if let Some(at) = known.iter().position(|file| file.hash == wanted) {
            return at;
        }
        let base = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        let same = known.iter().filter(|file| file.base == hash(base)).count();
        let Some(module) = self.files.get_mut(self.file_count) else {
            return FILES;
        };
        let mut name = Name::new();
        for &byte in base.iter().take(48) {
            let is_plain = byte > b' ' && byte < 0x7f && byte != b'(';
            name.push(&[if is_plain { byte } else { b'_' }]);
        }
        if same > 0 {
            name.push(b"#").push_number(same as u64 + 1);
        }
        let mut opened = Text::<400>::new();
        opened.push(path).push(b"\0");
        let found = File::open(opened.bytes()).map(|file| elf::read(&file, offset));
        let (moved, build_id) = found.unwrap_or_default();
        let begin = self.paths.bytes().len();
        if begin + path.len() <= PATHS {
            self.paths.push(path);
        }
        *module = Module {
            hash: wanted,
            base: hash(base),
            path: (begin, self.paths.bytes().len()),
            name,
            moved,
            build_id,
            is_written: false,
        };
        self.file_count += 1;
        self.file_count - 1
    }
}

/// Appends a byte of a path: one that would end a word is written by its number.
fn push_byte<const N: usize>(text: &mut Text<N>, byte: u8) {
    match byte {
        b' ' => text.push(b"%20"),
        b'%' => text.push(b"%25"),
        _ => text.push_line(&[byte]),
    };
}

fn hash(text: &[u8]) -> u64 {
    let add = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.iter().fold(0xcbf2_9ce4_8422_2325, add)
}

/// Returns where a mapping of code begins and ends, and from where in its file.
fn code(line: &[u8]) -> Option<(u64, u64, u64)> {
    let (begin, end) = own_maps::ends(line)?;
    let mut fields = line.split(|&byte| byte == b' ').skip(1);
    let may = fields.next()?;
    let offset = own_maps::hex(fields.next()?)?;
    (may.get(2) == Some(&b'x')).then_some((begin, end, offset))
}

/// Returns the path of a mapping's file, also if it was deleted.
fn path_of(line: &[u8]) -> Option<&[u8]> {
    let at = line.iter().position(|&byte| byte == b'/')?;
    let path = &line[at..];
    Some(path.strip_suffix(b" (deleted)").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_by_its_address() {
        let mut modules = Box::new(Modules::new());
        for line in [
            &b"1000-2000 r-xp 00001000 fe:00 1 /no/such file"[..],
            b"2000-3000 rw-p 00002000 fe:00 1 /no/such file",
            b"5000-6000 r-xp 00000000 00:00 0 ",
            b"7000-8000 r-xp 00000000 fe:00 2 /other/such file (deleted)",
            b"9000-a000 r-xp 00009000 fe:00 1 /no/such file",
        ] {
            modules.line(line);
        }
        let find = |address| modules.find(address);
        assert_eq!(find(0xfff), Place::NoCode);
        assert_eq!(find(0x1010), Place::InFile(0, 0x1010));
        assert_eq!(find(0x2010), Place::NoCode);
        assert_eq!(find(0x5fff), Place::Elsewhere);
        assert_eq!(find(0x7020), Place::InFile(1, 0x20));
        assert_eq!(find(0x9001), Place::InFile(0, 0x9001));
        assert_eq!(modules.name(0), b"such_file");
        assert_eq!(modules.name(1), b"such_file#2");
        assert_eq!(modules.name(2), b"");
    }

    #[test]
    fn this_program_is_found_with_its_build_id_or_without_one() {
        let mut modules = Box::new(Modules::new());
        let own = this_program_is_found_with_its_build_id_or_without_one as *const () as u64;
        let Place::InFile(file, _) = modules.place(own, 5, 0) else {
            panic!("this code lies in a file");
        };
        let text = modules.introduce(file).expect("it is new");
        let words: Vec<_> = text.bytes().split(|&byte| byte == b' ').collect();
        let path = std::env::current_exe().expect("this program");
        assert_eq!(words.len(), 3);
        assert_eq!(words[0], modules.name(file));
        assert_eq!(words[2], path.as_os_str().as_encoded_bytes());
        assert!(modules.introduce(file).is_none());
    }

    #[test]
    fn more_files_and_ranges_than_are_kept_do_no_harm() {
        let mut modules = Box::new(Modules::new());
        for number in 0..2 * RANGES as u64 {
            let begin = (number + 1) << 16;
            let line = format!("{begin:x}-{:x} r-xp 0 fe:00 1 /no/{number}", begin + 16);
            modules.line(line.as_bytes());
        }
        assert_eq!(modules.find(600 << 16), Place::Elsewhere);
        assert_eq!(modules.find(2000 << 16), Place::NoCode);
    }
}
