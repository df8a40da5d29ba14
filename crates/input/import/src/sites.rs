//! Call sites: stacks of places in the program, each with a number.

use crate::calls::{Calls, Origin};
use crate::error::Fault;
use crate::losses::Loss;
use highwater_hwr::Event;
use rustc_hash::FxHashMap;

/// Stacks that are kept; a call with another one has no site.
const STACKS: usize = 1 << 20;
/// Frames of a stack that are named, the innermost.
const FRAMES: usize = 32;
/// Bytes of a stack's frames that are handed on.
const TEXT: usize = 4096;
/// Bytes of names that are kept.
const NAMES: usize = 32 << 20;

/// A stack: a place, and the stack of its caller.
#[derive(Clone, Copy)]
struct Stack {
    place: u32,
    caller: u32,
    /// Whether its frames were handed on.
    is_known: bool,
}

/// Stacks by number. Number 0 is the empty stack, or one that is not known.
pub(crate) struct Stacks {
    stacks: Vec<Stack>,
    numbers: FxHashMap<(u32, u32), u32>,
    text: Vec<u8>,
}

impl Default for Stacks {
    fn default() -> Self {
        let empty = Stack {
            place: 0,
            caller: 0,
            is_known: true,
        };
        Self {
            stacks: vec![empty],
            numbers: FxHashMap::default(),
            text: Vec::new(),
        }
    }
}

impl Stacks {
    /// Returns the stack of a place that is called from a stack; 0 if there are too many.
    #[inline]
    pub(crate) fn called(&mut self, caller: u32, place: u32) -> u32 {
        if let Some(number) = self.numbers.get(&(caller, place)) {
            return *number;
        }
        let number = self.add(caller, place);
        if number > 0 {
            self.numbers.insert((caller, place), number);
        }
        number
    }

    /// Adds a stack under the next number, which the file itself counts; 0 if there are too many.
    pub(crate) fn add(&mut self, caller: u32, place: u32) -> u32 {
        let number = self.stacks.len();
        if number >= STACKS || caller as usize >= number {
            return 0;
        }
        self.stacks.push(Stack {
            place,
            caller,
            is_known: false,
        });
        number as u32
    }

    /// Returns the number of a stack if it is kept, and 0 if not.
    pub(crate) fn known(&self, number: u64) -> u32 {
        let is_known = number < self.stacks.len() as u64;
        if is_known { number as u32 } else { 0 }
    }

    /// Hands on the frames of a stack, the first time that a call is made from it. `name` appends the name of a place.
    #[inline]
    pub(crate) fn hand_on(
        &mut self,
        calls: &mut Calls,
        number: u32,
        name: &mut dyn FnMut(u32, &mut Vec<u8>),
    ) -> Result<u64, Fault> {
        match self.stacks[number as usize].is_known {
            true => Ok(number.into()),
            false => self.introduce(calls, number, name),
        }
    }

    #[cold]
    fn introduce(
        &mut self,
        calls: &mut Calls,
        number: u32,
        name: &mut dyn FnMut(u32, &mut Vec<u8>),
    ) -> Result<u64, Fault> {
        self.stacks[number as usize].is_known = true;
        self.text.clear();
        let mut at = number;
        for _ in 0..FRAMES {
            let stack = self.stacks[at as usize];
            let before = self.text.len();
            if before > 0 {
                self.text.push(b' ');
            }
            name(stack.place, &mut self.text);
            if self.text.len() > TEXT {
                self.text.truncate(before);
                break;
            }
            at = stack.caller;
            if at == 0 {
                break;
            }
        }
        let event = Event::Site {
            number: number.into(),
            frames: &self.text,
        };
        calls.hand_on(Origin::default(), event)?;
        Ok(number.into())
    }
}

/// Names by number, kept up to a number of bytes.
#[derive(Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Names {
    /// Keeps a name as one word, and returns its number; an empty one where there is no room.
    pub(crate) fn add(&mut self, calls: &mut Calls, parts: &[&[u8]]) -> Result<u32, Fault> {
        let limit = NAMES / 8;
        if self.ends.len() >= limit {
            let limit = limit as u64;
            return Err(Fault::TooMuch {
                what: "names",
                limit,
            });
        }
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        if self.bytes.len() + length <= NAMES {
            parts
                .iter()
                .for_each(|part| append_word(&mut self.bytes, part));
        } else {
            calls.lose(Loss::Names);
        }
        self.ends.push(self.bytes.len() as u32);
        Ok(self.ends.len() as u32 - 1)
    }

    /// Returns a name; an empty one if there is none.
    pub(crate) fn get(&self, number: usize) -> &[u8] {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).map_or(0, end);
        self.bytes.get(start..end(number)).unwrap_or_default()
    }
}

/// Appends a text as a part of one word: what would end the word becomes an underscore.
pub(crate) fn append_word(word: &mut Vec<u8>, text: &[u8]) {
    for character in String::from_utf8_lossy(text).chars() {
        let breaks = character.is_whitespace() || character.is_control();
        let character = if breaks { '_' } else { character };
        word.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
