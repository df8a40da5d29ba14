//! The Python frames of each thread.

use crate::calls::Calls;
use crate::error::Fault;
use crate::losses::Loss;
use crate::sites::{Names, Stacks};
use rustc_hash::FxHashMap;

/// Frames that all threads together may have.
const DEEPEST: usize = 1 << 20;

/// The frames of all threads, and the names of their code.
#[derive(Default)]
pub(super) struct Frames {
    stacks: Stacks,
    names: Names,
    /// The name of each code object.
    codes: FxHashMap<u64, u32>,
    /// The frames of the thread at hand, and those of others.
    current: Thread,
    thread: u32,
    others: FxHashMap<u32, Thread>,
    /// Frames that are kept.
    kept: usize,
    /// Room for a text, and for those of a code object.
    pub(super) text: Vec<u8>,
    pub(super) function: Vec<u8>,
    pub(super) file: Vec<u8>,
}

/// A thread's frames: the number of the stack that each of them ends.
#[derive(Default)]
struct Thread {
    stacks: Vec<u32>,
    /// Frames that are not kept, above those that are.
    beyond: u64,
}

impl Frames {
    /// Names a code object by its function, file and line.
    pub(super) fn code(&mut self, id: u64, line: u64, calls: &mut Calls) -> Result<(), Fault> {
        let Self { function, file, .. } = self;
        let line = line.to_string();
        let parts = [
            &function[..],
            b"(",
            short(file),
            b":",
            line.as_bytes(),
            b")",
        ];
        let name = self.names.add(calls, &parts)?;
        self.codes.insert(id, name);
        Ok(())
    }

    /// Takes up the frames of another thread.
    pub(super) fn switch(&mut self, thread: u32) {
        if thread != self.thread {
            let next = self.others.remove(&thread).unwrap_or_default();
            let last = std::mem::replace(&mut self.current, next);
            self.others.insert(self.thread, last);
            self.thread = thread;
        }
    }

    /// Begins a frame of the thread at hand.
    #[inline]
    pub(super) fn push(&mut self, code: u64, calls: &mut Calls) {
        let frames = &mut self.current;
        if self.kept >= DEEPEST || frames.beyond > 0 {
            frames.beyond += 1;
            return calls.lose(Loss::Names);
        }
        let caller = frames.stacks.last().map_or(0, |caller| *caller);
        // Code without a name comes after those that have one.
        let place = self.codes.get(&code).map_or(u32::MAX, |name| *name);
        let stack = self.stacks.called(caller, place);
        if stack == 0 {
            calls.lose(Loss::Names);
        }
        frames.stacks.push(stack);
        self.kept += 1;
    }

    /// Ends so many frames of the thread at hand.
    #[inline]
    pub(super) fn pop(&mut self, count: u64) {
        let frames = &mut self.current;
        let beyond = count.min(frames.beyond);
        frames.beyond -= beyond;
        let left = (frames.stacks.len() as u64).saturating_sub(count - beyond) as usize;
        self.kept -= frames.stacks.len() - left;
        frames.stacks.truncate(left);
    }

    /// Returns the site of a call of the thread at hand.
    #[inline]
    pub(super) fn site(&mut self, calls: &mut Calls) -> Result<u64, Fault> {
        let Some(stack) = self.current.stacks.last() else {
            return Ok(0);
        };
        let names = &self.names;
        (self.stacks).hand_on(
            calls,
            *stack,
            &mut |place, text| match names.get(place as usize) {
                b"" => text.extend_from_slice(b"?"),
                name => text.extend_from_slice(name),
            },
        )
    }
}

/// Returns the last two parts of a file's path.
fn short(path: &[u8]) -> &[u8] {
    let mut slashes = memchr::memrchr_iter(b'/', path);
    let start = slashes.nth(1).map_or(0, |slash| slash + 1);
    &path[start..]
}
