//! The names of Python functions: read when a function is first met, and kept, since the function may be gone when they are needed
//! again.

use crate::hash::{NOTHING, mixed, place, tag};
use crate::python::{Interpreter, LENGTH, Python, STATE};
use crate::python_frames::Functions;
use crate::stack::DEEPEST;
use crate::system;
use crate::text::Text;

/// What stands for the functions of an interpreter that is not known.
const UNKNOWN: &[u8] = b"Python_function";

/// Names that are kept, and their bytes. A function without a number is told as `?`.
const MOST: usize = 32_767;
const BYTES: usize = 4 << 20;
/// Slots of the table of names, and of the one that is looked at first: powers of two.
const SLOTS: usize = 1 << 16;
const RECENT: usize = 1 << 13;
/// Bytes of a function's own name, and of its file's, that are kept.
const FUNCTION: usize = 120;
const FILE: usize = 100;
/// Characters of a text that are looked at.
const LONGEST: usize = 8192;

/// The name of a function, as one word: `read(app/main.py:12)`.
type Name = Text<256>;

/// The numbers of names, the innermost function's first. 0 is that of a name that is not kept.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    numbers: [u16; DEEPEST],
    count: u8,
}

impl Numbers {
    /// None.
    pub(crate) const NONE: Self = Self {
        numbers: [0; DEEPEST],
        count: 0,
    };

    /// Returns the numbers.
    pub(crate) fn all(&self) -> &[u16] {
        self.numbers
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }

    fn push(&mut self, number: u16) {
        if let Some(place) = self.numbers.get_mut(usize::from(self.count)) {
            *place = number;
            self.count += 1;
        }
    }
}

/// Names, each once, by their numbers.
pub(crate) struct Names {
    bytes: [u8; BYTES],
    /// Where each ends.
    ends: [u32; MOST],
    count: usize,
    /// Names by their hashes. A slot is the hash's upper 48 bits and the number; 0 if it is free.
    slots: [u64; SLOTS],
    /// Functions by their identities, likewise. A newer one takes the slot.
    recent: [u64; RECENT],
}

impl Names {
    /// No names.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; BYTES],
            ends: [0; MOST],
            count: 0,
            slots: [0; SLOTS],
            recent: [0; RECENT],
        }
    }

    /// Returns a name; `?` for number 0.
    pub(crate) fn get(&self, number: u16) -> &[u8] {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let Some(at) = usize::from(number).checked_sub(1) else {
            return b"?";
        };
        let begin = at.checked_sub(1).map_or(0, end);
        self.bytes.get(begin..end(at)).unwrap_or_default()
    }

    /// Returns the numbers of functions that were found in this call.
    pub(crate) fn numbers(&mut self, interpreter: &Interpreter, functions: &Functions) -> Numbers {
        let mut numbers = Numbers::NONE;
        match interpreter {
            Interpreter::Known(python) => {
                for &code in functions.codes() {
                    numbers.push(self.number(python, code));
                }
            }
            Interpreter::Unknown(release, _) if functions.are_unknown => {
                let mut name = Name::new();
                name.push(UNKNOWN).push(b"(").push(release.bytes());
                numbers.push(self.keep(name.push(b":not_known)").bytes()));
            }
            Interpreter::Unknown(..) | Interpreter::None => {}
        }
        numbers
    }

    fn number(&mut self, python: &Python, code: usize) -> u16 {
        // SAFETY: the calling thread's frame keeps the object alive during the call.
        let Some(identity) = (unsafe { python.identity(code) }) else {
            return 0;
        };
        let at = place(identity, RECENT);
        if tag(self.recent[at]) == tag(identity) {
            return self.recent[at] as u16;
        }
        // SAFETY: as above.
        let name = unsafe { python.name(code) };
        let number = self.keep(name.bytes());
        self.recent[at] = tag(identity) | u64::from(number);
        number
    }

    /// Returns the number of a name, and keeps it if it is new; 0 where there is no room.
    fn keep(&mut self, name: &[u8]) -> u16 {
        let hash = name
            .iter()
            .fold(NOTHING, |hash, byte| mixed(hash, u64::from(*byte)));
        // It is no free slot's.
        let hash = hash | 1 << 63;
        let mut at = place(hash, SLOTS);
        // At most half of the slots are taken.
        while self.slots[at] != 0 {
            let number = self.slots[at] as u16;
            if tag(self.slots[at]) == tag(hash) && self.get(number) == name {
                return number;
            }
            at = (at + 1) % SLOTS;
        }
        let begin = match self.count {
            0 => 0,
            count => self.ends[count - 1] as usize,
        };
        let room = self.bytes.get_mut(begin..begin + name.len());
        let (Some(room), Some(end)) = (room, self.ends.get_mut(self.count)) else {
            return 0;
        };
        room.copy_from_slice(name);
        *end = (begin + name.len()) as u32;
        self.count += 1;
        self.slots[at] = tag(hash) | self.count as u64;
        self.count as u16
    }
}

impl Python {
    /// Returns what a function is called: its name, and in parentheses the last two parts of its file's path and the line of its
    /// definition.
    ///
    /// # Safety
    /// `code` must be a code object that is kept alive.
    unsafe fn name(&self, code: usize) -> Name {
        let layout = &self.layout;
        // SAFETY: the caller's; the fields are a code object's.
        let (line, texts) = unsafe {
            let text = |field: usize| self.text(*((code + field) as *const usize));
            let line = *((code + layout.line) as *const u32);
            (line, [text(layout.full_name), text(layout.file)])
        };
        let mut name = Name::new();
        let [function, file] = texts;
        function.push_to(&mut name, 0, FUNCTION);
        name.push(b"(");
        file.push_to(&mut name, file.short(), FILE);
        name.push(b":").push_number(line.into()).push(b")");
        name
    }

    /// Returns the characters of a text; none where it is no text, or its memory is not there.
    ///
    /// # Safety
    /// `object` must be an object of the interpreter, or 0.
    unsafe fn text(&self, object: usize) -> Characters {
        /// Bits of `PyASCIIObject.state` (Include/cpython/unicodeobject.h, 3.9 to 3.15): `kind`, `compact` and `ascii`.
        const KIND: u32 = 2;
        const COMPACT: u32 = 1 << 5;
        const ASCII: u32 = 1 << 6;
        let none = Characters {
            begin: 0,
            count: 0,
            width: 1,
        };
        if object == 0 || !system::is_mapped(object, self.layout.compact) {
            return none;
        }
        // SAFETY: the bytes are mapped, and the object's own.
        let (state, length) = unsafe {
            (
                *((object + STATE) as *const u32),
                *((object + LENGTH) as *const usize),
            )
        };
        let begin = match state & ASCII {
            0 => object + self.layout.compact,
            _ => object + self.layout.ascii,
        };
        let (width, count) = ((state >> KIND & 7) as usize, length.min(LONGEST));
        let is_readable = matches!(width, 1 | 2 | 4)
            && state & COMPACT != 0
            && system::is_mapped(begin, count * width);
        match is_readable {
            true => Characters {
                begin,
                count,
                width,
            },
            false => none,
        }
    }
}

/// The characters of a text that lie in mapped memory, of 1, 2 or 4 bytes each.
#[derive(Clone, Copy)]
struct Characters {
    begin: usize,
    count: usize,
    width: usize,
}

impl Characters {
    fn get(&self, at: usize) -> char {
        let place = self.begin + at * self.width;
        // SAFETY: the text is mapped, has this character, and does not change: Python's texts do not.
        let number = unsafe {
            match self.width {
                1 => u32::from(*(place as *const u8)),
                2 => u32::from(*(place as *const u16)),
                _ => *(place as *const u32),
            }
        };
        char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Returns where the last two parts of a path begin.
    fn short(&self) -> usize {
        let is_slash = |at: &usize| self.get(*at) == '/';
        let mut slashes = (0..self.count).rev().filter(is_slash);
        slashes.nth(1).map_or(0, |slash| slash + 1)
    }

    /// Appends the characters from one on, at most so many bytes, as a part of one word: what would end the word becomes an
    /// underscore. A question mark where there are none.
    fn push_to(&self, name: &mut Name, from: usize, most: usize) {
        let mut left = most;
        for at in from..self.count {
            let character = self.get(at);
            let breaks = character.is_whitespace() || character.is_control();
            let mut bytes = [0; 4];
            let character = if breaks { '_' } else { character };
            let bytes = character.encode_utf8(&mut bytes).as_bytes();
            if bytes.len() > left {
                break;
            }
            left -= bytes.len();
            name.push(bytes);
        }
        if from >= self.count {
            name.push(b"?");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Megabytes, which a test's own stack may not have room for.
    static NAMES: [Mutex<Names>; 2] = [const { Mutex::new(Names::new()) }; 2];

    #[test]
    fn a_name_is_kept_once_while_there_is_room() {
        let [mut names, mut others] = NAMES
            .each_ref()
            .map(|names| names.lock().expect("one test"));
        assert_eq!(names.get(0), b"?");
        let name = |number: usize| format!("f{number}(a.py:{number})");
        for number in 1..=MOST {
            assert_eq!(names.keep(name(number).as_bytes()), number as u16);
        }
        assert_eq!(names.keep(b"one more(a.py:1)"), 0, "as many as are kept");
        for number in [1, 2, MOST] {
            assert_eq!(names.keep(name(number).as_bytes()), number as u16);
            assert_eq!(names.get(number as u16), name(number).as_bytes());
        }
        let long = |number: usize| format!("{number:0>250}");
        let fit = BYTES / 250;
        for number in 0..fit {
            assert_eq!(others.keep(long(number).as_bytes()), number as u16 + 1);
        }
        assert_eq!(others.keep(long(fit).as_bytes()), 0, "as many bytes");
        assert_eq!(others.get(fit as u16), long(fit - 1).as_bytes());
        assert_eq!(others.get(u16::MAX), b"");
    }

    #[test]
    fn characters_of_any_width_become_one_word() {
        let word = |begin: usize, count, width, from, most| {
            let characters = Characters {
                begin,
                count,
                width,
            };
            let mut name = Name::new();
            let from = if from { characters.short() } else { 0 };
            characters.push_to(&mut name, from, most);
            String::from_utf8(name.bytes().to_vec()).expect("whole characters")
        };
        let path = b"/srv/an app/main\t.py";
        let begin = path.as_ptr() as usize;
        assert_eq!(word(begin, path.len(), 1, true, 99), "an_app/main_.py");
        assert_eq!(word(begin, path.len(), 1, false, 9), "/srv/an_a");
        assert_eq!(word(begin, 0, 1, true, 9), "?");
        // In Latin-1, a byte is a character.
        let latin = [b'g', 0xf6, 0xdf];
        assert_eq!(word(latin.as_ptr() as usize, 3, 1, true, 99), "göß");
        assert_eq!(word(latin.as_ptr() as usize, 3, 1, true, 4), "gö");
        let wide: Vec<u16> = "/大/き".encode_utf16().chain([0xd800, 0x3000]).collect();
        assert_eq!(
            word(wide.as_ptr() as usize, 6, 2, true, 99),
            "大/き\u{fffd}_"
        );
        let widest: Vec<u32> = "a/𝒳".chars().map(u32::from).chain([u32::MAX]).collect();
        assert_eq!(
            word(widest.as_ptr() as usize, 4, 4, true, 99),
            "a/𝒳\u{fffd}"
        );
    }
}
