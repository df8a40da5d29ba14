//! How much of the process is resident, by mapping: the heap of the program break, the heaps of glibc's other arenas, stacks, and
//! the recorder's own library.

use crate::header::OWN_NAME;
use crate::own_maps;
use crate::pages::Pages;
use crate::system::File;
use highwater_hwr::{HEAP_SPAN as SPAN, is_heap_info};

/// Resident bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Resident {
    /// Of the heap of the program break.
    pub(crate) main: u64,
    /// Of the heaps of other arenas.
    pub(crate) arenas: u64,
    /// Of the stacks of all threads.
    pub(crate) stacks: u64,
    /// Of this library.
    pub(crate) own: Own,
}

/// Resident bytes of this library, which a process that is not recorded does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Own {
    /// Of its data.
    pub(crate) anonymous: u64,
    /// Of its code.
    pub(crate) files: u64,
}

/// What a line of the process's mappings says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mapping {
    begin: u64,
    end: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Heap,
    Stack,
    /// Memory without a name that may be read and written.
    Plain,
    /// Memory without a name that may not be read.
    Reserved,
    /// This library's file: its code, or data that are written.
    OwnCode,
    OwnData,
    Other,
}

impl Resident {
    /// Measures the calling process; `None` where the kernel does not say.
    pub(crate) fn measure(pages: &mut Pages) -> Option<Self> {
        let mut resident = Self::default();
        let (mut last, mut before) = (None, None);
        let mut is_counted = Some(());
        own_maps::each_line(|line| {
            let mapping = Mapping::of(line);
            is_counted = resident.add(last, before, mapping, pages);
            (last, before) = (before, mapping);
            is_counted.is_some()
        })?;
        is_counted?;
        resident.add(last, before, None, pages)?;
        Some(resident)
    }

    /// Counts a mapping. Those before and behind it show what it is where it has no name.
    fn add(
        &mut self,
        before: Option<Mapping>,
        mapping: Option<Mapping>,
        next: Option<Mapping>,
        pages: &mut Pages,
    ) -> Option<()> {
        if let Some(mapping) = mapping {
            let bytes = match mapping.kind {
                Kind::Heap => &mut self.main,
                Kind::Plain if mapping.is_arena(next) && begins_heap(mapping.begin) => {
                    &mut self.arenas
                }
                // A library's data without contents in its file follow the rest of it.
                Kind::Plain if before.is_some_and(|before| before.is_own_before(mapping)) => {
                    &mut self.own.anonymous
                }
                Kind::OwnData => &mut self.own.anonymous,
                Kind::OwnCode => &mut self.own.files,
                Kind::Plain if before.is_some_and(|before| before.guards(mapping)) => {
                    &mut self.stacks
                }
                Kind::Stack => &mut self.stacks,
                _ => return Some(()),
            };
            *bytes += pages.resident(mapping.begin, mapping.end)?;
        }
        Some(())
    }
}

impl Mapping {
    fn of(line: &[u8]) -> Option<Self> {
        let (begin, end) = own_maps::ends(line)?;
        let mut fields = line.split(|&byte| byte == b' ').skip(1);
        let may = fields.next()?;
        // Behind them are the offset, the device and the number in it.
        let name = fields.skip(3).find(|field| !field.is_empty());
        let kind = match name {
            Some(b"[heap]") => Kind::Heap,
            Some(b"[stack]") => Kind::Stack,
            Some(_) if is_own(line) => match may.starts_with(b"rw") {
                true => Kind::OwnData,
                false => Kind::OwnCode,
            },
            None if may.starts_with(b"rw") => Kind::Plain,
            Some(name) if name.starts_with(b"[anon:glibc:") && may.starts_with(b"rw") => {
                Kind::Plain
            }
            None if may.starts_with(b"---") => Kind::Reserved,
            _ => Kind::Other,
        };
        Some(Self { begin, end, kind })
    }

    /// Whether it is of this library's file, and another lies right behind it.
    fn is_own_before(&self, other: Self) -> bool {
        matches!(self.kind, Kind::OwnData | Kind::OwnCode) && self.end == other.begin
    }

    /// Whether it is the guard below a thread's stack.
    fn guards(&self, stack: Self) -> bool {
        /// Nobody has larger guards.
        const GUARD: u64 = 1 << 20;
        self.kind == Kind::Reserved && self.end == stack.begin && self.end - self.begin <= GUARD
    }

    /// Whether it has heaps of arenas: it begins where one does, and what follows reaches to where one ends.
    fn is_arena(&self, next: Option<Self>) -> bool {
        let reaches = |next: Self| {
            next.kind == Kind::Reserved
                && next.begin == self.end
                && next.end >= self.end.next_multiple_of(SPAN)
        };
        self.begin.is_multiple_of(SPAN)
            && (self.end.is_multiple_of(SPAN) || next.is_some_and(reaches))
    }
}

/// Whether what lies at the beginning of a heap can be glibc's description of one (`heap_info` in `malloc/arena.c`): other
/// programs' memory may lie in the same places, such as the heap of Go. Where it cannot be read it may be.
fn begins_heap(address: u64) -> bool {
    let mut bytes = [0; 32];
    let read = File::open(b"/proc/thread-self/mem\0").map(|file| file.read_at(&mut bytes, address));
    read != Ok(bytes.len()) || is_heap_info(&bytes)
}

/// Whether the line's file is this library. Its path may have blanks.
fn is_own(line: &[u8]) -> bool {
    let name = line.rsplit(|&byte| byte == b'/').next();
    name.is_some_and(|name| name.starts_with(OWN_NAME))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mapping, Pages, Resident, SPAN, begins_heap};
    use crate::pages::Way;

    #[test]
    fn an_arena_reaches_to_where_it_ends() {
        let mapping = |begin, end, kind| Mapping { begin, end, kind };
        let base = 5 * SPAN;
        let used = mapping(base, base + 4096, Kind::Plain);
        let rest = |end| Some(mapping(base + 4096, end, Kind::Reserved));
        assert!(used.is_arena(rest(base + SPAN)) && used.is_arena(rest(base + SPAN + 4096)));
        assert!(!used.is_arena(rest(base + 8192)), "the guard of a stack");
        assert!(!used.is_arena(None));
        assert!(mapping(base, base + SPAN, Kind::Plain).is_arena(None));
        // Two of them, of which one is full.
        let both = mapping(base, base + SPAN + 8192, Kind::Plain);
        assert!(both.is_arena(Some(mapping(
            base + SPAN + 8192,
            base + 2 * SPAN,
            Kind::Reserved
        ))));
        assert!(!mapping(base + 4096, base + SPAN, Kind::Plain).is_arena(None));
        let guard = mapping(base, base + 4096, Kind::Reserved);
        assert!(guard.guards(mapping(base + 4096, base + SPAN, Kind::Plain)));
        assert!(!guard.guards(mapping(base + 8192, base + SPAN, Kind::Plain)));
    }

    #[test]
    fn what_cannot_be_read_may_be_a_heap() {
        let own = [1_u64, 0, 4096, 4097];
        assert!(!begins_heap(own.as_ptr() as u64));
        assert!(begins_heap(0), "nothing can be read there");
    }

    #[test]
    fn lines_have_kinds() {
        let kind = |line: &[u8]| Mapping::of(line).map(|mapping| mapping.kind);
        assert_eq!(kind(b"5000-6000 rw-p 0 0:0 0    [heap]"), Some(Kind::Heap));
        assert_eq!(kind(b"5000-6000 rw-p 0 0:0 0 "), Some(Kind::Plain));
        assert_eq!(kind(b"5000-6000 ---p 0 0:0 0 "), Some(Kind::Reserved));
        assert_eq!(
            kind(b"5000-6000 rw-p 0 fe:0 9   /lib/a.so"),
            Some(Kind::Other)
        );
        let own = |may: &[u8]| {
            kind(
                &[
                    b"5000-6000 ",
                    may,
                    b" 0 fe:0 9   /a b/libhighwater_record.so",
                ]
                .concat(),
            )
        };
        assert_eq!(own(b"r-xp"), Some(Kind::OwnCode));
        assert_eq!(own(b"rw-p"), Some(Kind::OwnData));
        let data = Mapping::of(b"5000-6000 rw-p 0 fe:0 9   /libhighwater_record.so");
        let bss = |line: &[u8]| data.zip(Mapping::of(line)).map(|(a, b)| a.is_own_before(b));
        assert_eq!(bss(b"6000-8000 rw-p 0 0:0 0 "), Some(true));
        assert_eq!(bss(b"7000-8000 rw-p 0 0:0 0 "), Some(false));
        assert_eq!(kind(b"[none]"), None);
    }

    #[test]
    fn this_process_has_a_heap_or_none() {
        let mut pages = Pages::open(Way::Scan, 4096);
        let resident = Resident::measure(&mut pages).expect("the kernel says");
        let maps = std::fs::read_to_string("/proc/self/maps").expect("it has mappings");
        assert_eq!(resident.main > 0, maps.contains("[heap]"));
    }
}
