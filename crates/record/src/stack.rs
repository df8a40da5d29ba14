//! From where a call comes: its caller, and that one's callers as far as they keep frame pointers.
//!
//! Few programs keep them everywhere, so what a frame pointer points to is believed only inside the thread's own stack, which is
//! mapped from here to its end: a register that is used for something else can be no worse than a wrong place.

use crate::hash::{NOTHING, mixed};
use crate::own_maps;
use crate::thread::{self, Thread};

/// The most places that are told of one call.
pub(crate) const DEEPEST: usize = 8;

/// The place that a call returns to, and the frame pointer of who called; 0 and 0 for a call whose place is not wanted.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) address: usize,
    pub(crate) frame: usize,
}

/// A call whose place is not wanted.
pub(crate) const NOBODY: Caller = Caller {
    address: 0,
    frame: 0,
};

/// The places that a call returns to, the innermost first.
#[derive(Clone, Copy)]
pub(crate) struct Frames {
    addresses: [usize; DEEPEST],
    count: usize,
}

impl Frames {
    /// No place.
    pub(crate) const NONE: Self = Self {
        addresses: [0; DEEPEST],
        count: 0,
    };

    /// Returns the places.
    pub(crate) fn addresses(&self) -> &[usize] {
        self.addresses.get(..self.count).unwrap_or_default()
    }

    /// Drops all places but the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// Drops the places but those that lie between a Python function and the allocator, where the interpreter has those that
    /// `is_interpreters` says. Of its own places that begin them the first is enough. What follows and is not of the interpreter is an extension
    /// module if the interpreter called it; if nothing follows it, it is what began the thread.
    pub(crate) fn within_function(&mut self, is_interpreters: &[bool; DEEPEST]) {
        let kinds = is_interpreters.get(..self.count).unwrap_or_default();
        let own = kinds.iter().take_while(|is_own| **is_own).count();
        let others = kinds[own..].iter().take_while(|is_own| !**is_own).count();
        let end = own + others;
        if own == 0 {
            self.count = end;
        } else if end == kinds.len() {
            self.count = 1;
        } else {
            self.addresses.copy_within(own..end, 1);
            self.count = 1 + others;
        }
    }

    /// Returns a number that hardly any other places have. It is not 0.
    #[inline(always)]
    pub(crate) fn hash(&self) -> u64 {
        let add = |hash, address: &usize| mixed(hash, *address as u64);
        self.addresses().iter().fold(NOTHING, add) | 1 << 63
    }
}

/// Returns where a call of the calling thread comes from, at most `most` places.
#[inline(always)]
pub(crate) fn walk(thread: &mut Thread, caller: Caller, most: usize) -> Frames {
    let mut frames = Frames {
        addresses: [0; DEEPEST],
        count: 1,
    };
    frames.addresses[0] = caller.address;
    let most = most.min(DEEPEST);
    let here = (&raw const frames) as usize;
    let is_within = (thread.stack_begin..thread.stack_end).contains(&here);
    if most < 2 || !is_within && !find_stack(thread, here) {
        return frames;
    }
    // A frame of two words ends at the stack's end at the latest.
    let last = thread.stack_end - 2 * size_of::<usize>();
    let (mut lowest, mut frame) = (here, caller.frame);
    while frames.count < most
        && frame >= lowest
        && frame <= last
        && frame.is_multiple_of(size_of::<usize>())
    {
        // SAFETY: the stack is mapped from here to its end while the thread runs, and the two words lie in it.
        let [next, address] = unsafe { *(frame as *const [usize; 2]) };
        if address == 0 {
            break;
        }
        frames.addresses[frames.count % DEEPEST] = address;
        frames.count += 1;
        lowest = frame + 2 * size_of::<usize>();
        frame = next;
    }
    frames
}

/// Finds the stack of the calling thread. `false` on another, such as that of a coroutine or of a signal handler: where these end
/// is not known.
#[cold]
#[inline(never)]
fn find_stack(thread: &mut Thread, here: usize) -> bool {
    /// Looks of one thread: the first thread's stack grows, and a thread may have many others.
    const LOOKS: u32 = 64;
    /// The kernel keeps as much free below a stack that grows.
    const GAP: usize = 1 << 20;
    if thread.stack_looks >= LOOKS {
        return false;
    }
    thread.stack_looks += 1;
    let own = thread::current() as usize;
    let found = own_maps::around(here, |line, mapping| {
        // Both C libraries place a thread's own data above its stack.
        if (here..mapping.end).contains(&own) {
            Some((mapping.start, own & !15))
        } else {
            let grows = line.ends_with(b" [stack]");
            grows.then(|| (mapping.start.saturating_sub(GAP), mapping.end))
        }
    });
    if let Some((begin, end)) = found {
        (thread.stack_begin, thread.stack_end) = (begin, end);
    }
    found.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_thread() -> Thread {
        Thread::for_tests()
    }

    fn walked(frame: usize, most: usize) -> Vec<usize> {
        let caller = Caller { address: 7, frame };
        let frames = walk(&mut new_thread(), caller, most);
        frames.addresses().to_vec()
    }

    #[test]
    fn a_chain_is_followed_upwards_within_the_stack() {
        // The thread that runs a test has its data above its stack.
        let mut chain = [0_usize; 8];
        let at = |place: usize, chain: &[usize; 8]| (&raw const chain[place]) as usize;
        (chain[0], chain[1]) = (at(2, &chain), 11);
        (chain[2], chain[3]) = (at(6, &chain), 12);
        (chain[6], chain[7]) = (0, 13);
        assert_eq!(walked(at(0, &chain), 8), [7, 11, 12, 13]);
        assert_eq!(walked(at(0, &chain), 3), [7, 11, 12]);
        assert_eq!(walked(at(0, &chain), 1), [7]);
    }

    #[test]
    fn a_broken_chain_ends_where_it_breaks() {
        let mut chain = [0_usize; 8];
        let at = |place: usize, chain: &[usize; 8]| (&raw const chain[place]) as usize;
        let heap = Box::new([1_usize, 2]);
        let own = thread::current() as usize;
        let out_of_place = [
            0,
            1,
            usize::MAX,
            usize::MAX - 7,
            heap.as_ptr() as usize,
            own,
            (own & !15) - 8,
            at(4, &chain) + 1,
            // A frame that lies below, and one that is its own caller's.
            at(0, &chain),
            at(2, &chain),
        ];
        for next in out_of_place {
            (chain[2], chain[3]) = (next, 11);
            assert_eq!(walked(at(2, &chain), 8), [7, 11], "{next:#x}");
            if next != at(2, &chain) && next != at(0, &chain) {
                assert_eq!(walked(next, 8), [7], "{next:#x}");
            }
        }
        assert_eq!(*heap, [1, 2]);
    }

    #[test]
    fn what_is_within_a_python_function_is_kept() {
        // Small letters are the interpreter's.
        for (places, kept) in [
            ("A", "A"),
            ("a", "a"),
            ("abc", "a"),
            ("abC", "a"),
            ("AB", "AB"),
            ("ABcD", "AB"),
            ("abCDef", "aCD"),
            ("aBcD", "aB"),
            ("abcdefgh", "a"),
            ("", ""),
        ] {
            let mut frames = Frames::NONE;
            let mut is_own = [false; DEEPEST];
            for (at, place) in places.bytes().enumerate() {
                frames.addresses[at] = place.into();
                is_own[at] = place.is_ascii_lowercase();
            }
            frames.count = places.len();
            frames.within_function(&is_own);
            let left = frames.addresses().iter().map(|place| *place as u8 as char);
            assert_eq!(left.collect::<String>(), kept, "{places}");
        }
    }

    #[test]
    fn the_same_places_have_the_same_hash() {
        let frames = |addresses: [usize; 2], count| {
            let mut all = [0; DEEPEST];
            all[..2].copy_from_slice(&addresses);
            let addresses = all;
            Frames { addresses, count }.hash()
        };
        assert_eq!(frames([5, 9], 1), frames([5, 8], 1));
        assert_ne!(frames([5, 9], 2), frames([5, 8], 2));
        assert_ne!(frames([5, 9], 2), frames([9, 5], 2));
    }
}
