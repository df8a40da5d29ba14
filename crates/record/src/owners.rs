//! Who calls: the library or program that has the calling instruction, by its file's name.

use crate::originals::originals;
use crate::own_maps;
use crate::text::Text;
use core::cell::UnsafeCell;

/// The name of a library's file.
type Name = Text<40>;

/// What is known of the code at an address.
#[derive(Clone, Copy)]
pub(crate) enum Owner {
    /// The allocator itself: its calls are no events.
    Allocator,
    /// The file with this name; no name for code that lies in no file.
    Other(Name),
}

impl Owner {
    /// Returns the name of another than the allocator.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Allocator => None,
            Self::Other(name) => Some(name.bytes()),
        }
    }
}

/// Callers that were looked up: few places of a program call for memory.
const KEPT: usize = 32;

/// The callers looked up last.
struct Callers {
    known: [(u64, Owner); KEPT],
    next: usize,
}

struct Shared(UnsafeCell<Callers>);

// SAFETY: `owner_of` is called by the holder of the lock, or while the process has one thread.
unsafe impl Sync for Shared {}

static CALLERS: Shared = Shared(UnsafeCell::new(Callers {
    known: [(0, Owner::Allocator); KEPT],
    next: 0,
}));

/// Returns who has the instruction at an address.
///
/// # Safety
/// The caller must hold the lock, or be the process's only thread.
pub(crate) unsafe fn owner_of(address: u64) -> Owner {
    // SAFETY: the caller's.
    let callers = unsafe { &mut *CALLERS.0.get() };
    if let Some((_, owner)) = callers.known.iter().find(|known| known.0 == address) {
        return *owner;
    }
    let owner = look_up(address);
    callers.known[callers.next % KEPT] = (address, owner);
    callers.next = callers.next.wrapping_add(1);
    owner
}

/// Looks an address up in the process's mappings.
fn look_up(address: u64) -> Owner {
    let allocator = originals()
        .malloc
        .map_or(0, |malloc| malloc as usize as u64);
    let (mut caller, mut other) = (Text::<256>::new(), Text::<256>::new());
    let listed = own_maps::each_line(|line| {
        if let Some((begin, end, path)) = mapping(line) {
            if (begin..end).contains(&address) {
                caller.push(path);
            }
            if (begin..end).contains(&allocator) {
                other.push(path);
            }
        }
        true
    });
    if listed.is_none() {
        return Owner::Other(Name::new());
    }
    if !caller.bytes().is_empty() && caller.bytes() == other.bytes() {
        return Owner::Allocator;
    }
    let mut name = Name::new();
    let path = caller.bytes().rsplit(|&byte| byte == b'/');
    name.push_line(path.take(1).next().unwrap_or_default());
    Owner::Other(name)
}

/// Returns where a mapping begins and ends, and the file that it is of.
fn mapping(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (begin, end) = own_maps::ends(line)?;
    let path = line.iter().position(|&byte| byte == b'/');
    Some((begin, end, path.map_or(&[][..], |at| &line[at..])))
}

#[cfg(test)]
mod tests {
    use super::mapping;

    #[test]
    fn a_mapping_has_ends_and_perhaps_a_file() {
        let line = b"7f12-7f34 r-xp 00026000 fe:00 265 /usr/lib/libjemalloc.so.2";
        let file = &b"/usr/lib/libjemalloc.so.2"[..];
        assert_eq!(mapping(line), Some((0x7f12, 0x7f34, file)));
        assert_eq!(
            mapping(b"7f12-7f34 rw-p 0 0:0 0 "),
            Some((0x7f12, 0x7f34, &[][..]))
        );
        assert_eq!(mapping(b"none"), None);
    }
}
