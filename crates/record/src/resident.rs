//! How much of glibc's heaps is resident: of the heap of the program break, and of the heaps of other arenas. And how much of
//! stacks.

use crate::own_maps;
use crate::pages::Pages;

/// Heaps of other arenas begin at multiples of this, and end there: what of them is not in use may not be read.
const SPAN: u64 = 64 << 20;

/// Resident bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Heaps {
    /// Of the heap of the program break.
    pub(crate) main: u64,
    /// Of the heaps of other arenas.
    pub(crate) arenas: u64,
    /// Of the stacks of all threads.
    pub(crate) stacks: u64,
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
    Other,
}

impl Heaps {
    /// Measures the calling process; `None` where the kernel does not say.
    pub(crate) fn measure(pages: &mut Pages) -> Option<Self> {
        let mut heaps = Self::default();
        let (mut last, mut before) = (None, None);
        let mut is_counted = Some(());
        own_maps::each_line(|line| {
            let mapping = Mapping::of(line);
            is_counted = heaps.add(last, before, mapping, pages);
            (last, before) = (before, mapping);
            is_counted.is_some()
        })?;
        is_counted?;
        heaps.add(last, before, None, pages)?;
        Some(heaps)
    }

    /// Counts a mapping, which those before and behind it show to be a heap, a stack or neither.
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
                Kind::Plain if mapping.is_arena(next) => &mut self.arenas,
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
            None if may.starts_with(b"rw") => Kind::Plain,
            Some(name) if name.starts_with(b"[anon:glibc:") && may.starts_with(b"rw") => {
                Kind::Plain
            }
            None if may.starts_with(b"---") => Kind::Reserved,
            _ => Kind::Other,
        };
        Some(Self { begin, end, kind })
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

#[cfg(test)]
mod tests {
    use super::{Heaps, Kind, Mapping, Pages, SPAN};
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
    fn lines_have_kinds() {
        let kind = |line: &[u8]| Mapping::of(line).map(|mapping| mapping.kind);
        assert_eq!(kind(b"5000-6000 rw-p 0 0:0 0    [heap]"), Some(Kind::Heap));
        assert_eq!(kind(b"5000-6000 rw-p 0 0:0 0 "), Some(Kind::Plain));
        assert_eq!(kind(b"5000-6000 ---p 0 0:0 0 "), Some(Kind::Reserved));
        assert_eq!(
            kind(b"5000-6000 rw-p 0 fe:0 9   /lib/a.so"),
            Some(Kind::Other)
        );
        assert_eq!(kind(b"[none]"), None);
    }

    #[test]
    fn this_process_has_a_heap_or_none() {
        let mut pages = Pages::open(Way::Scan, 4096);
        let heaps = Heaps::measure(&mut pages).expect("the kernel says");
        let maps = std::fs::read_to_string("/proc/self/maps").expect("it has mappings");
        assert_eq!(heaps.main > 0, maps.contains("[heap]"));
    }
}
