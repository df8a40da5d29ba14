//! The table of the places from which calls come. Each has a number, and is written once, before the first call that has it.

use crate::hash::{mixed, place, tag};
use crate::modules::{Modules, Place};
use crate::python::Interpreter;
use crate::python_frames::Functions;
use crate::python_names::{Names, Numbers};
use crate::recorder::Recorder;
use crate::stack::{self, Caller, Frames};
use crate::text::Text;
use crate::thread::Thread;
use core::cell::UnsafeCell;
use highwater_hwr::Event;

/// Sites that are told apart: as many as readers do.
const MOST: usize = 65_535;
/// Slots of the table, and of the one that is looked at first: powers of two.
const SLOTS: usize = 1 << 17;
const RECENT: usize = 1 << 12;

/// Sites by the hashes of their frames. A slot is the hash's upper 48 bits and the number; 0 if it is free.
struct Table {
    /// Of frames as they were found, which may end in what is no code. A newer hash takes the slot.
    recent: [u64; RECENT],
    /// Of frames without that.
    slots: [u64; SLOTS],
    count: usize,
    /// The places of each, for a file that begins in the middle.
    places: [Places; MOST],
    modules: Modules,
    names: Names,
}

/// The places of a site: those in code, and then Python's functions.
#[derive(Clone, Copy)]
struct Places {
    frames: Frames,
    functions: Numbers,
}

impl Places {
    const NONE: Self = Self {
        frames: Frames::NONE,
        functions: Numbers::NONE,
    };

    /// Returns a number that hardly any other places have. It is not 0.
    fn hash(&self) -> u64 {
        let add = |hash, number: &u16| mixed(hash, u64::from(*number));
        let functions = self.functions.all().iter();
        functions.fold(self.frames.hash(), add) | 1 << 63
    }
}

/// The table lies apart from the recorder, in memory that is not in the library's file: where no sites are wanted, it takes none.
struct Shared(UnsafeCell<Table>);

// SAFETY: it is reached through the recorder alone, whose holder is the only one.
unsafe impl Sync for Shared {}

static TABLE: Shared = Shared(UnsafeCell::new(Table::new()));

/// The interpreter lies apart from the table, whose bytes must all be zero at first: else they would be in the library's file.
struct SharedInterpreter(UnsafeCell<Interpreter>);

// SAFETY: as above.
unsafe impl Sync for SharedInterpreter {}

static INTERPRETER: SharedInterpreter = SharedInterpreter(UnsafeCell::new(Interpreter::None));

impl Table {
    const fn new() -> Self {
        Self {
            recent: [0; RECENT],
            slots: [0; SLOTS],
            count: 0,
            places: [Places::NONE; MOST],
            modules: Modules::new(),
            names: Names::new(),
        }
    }

    /// Returns the number of a hash, which is 0 if no more can be told apart, and whether it is new.
    fn number(&mut self, hash: u64) -> (u16, bool) {
        let mut at = place(hash, SLOTS);
        // The table is at most half full.
        loop {
            let Some(slot) = self.slots.get_mut(at) else {
                return (0, false);
            };
            if *slot == 0 {
                if self.count >= MOST {
                    return (0, false);
                }
                self.count += 1;
                *slot = tag(hash) | self.count as u64;
                return (self.count as u16, true);
            }
            if tag(*slot) == tag(hash) {
                return (*slot as u16, false);
            }
            at = (at + 1) % SLOTS;
        }
    }
}

impl Recorder {
    #[inline(always)]
    fn table(&mut self) -> &mut Table {
        // SAFETY: see above; the result lives no longer than the recorder's own reference.
        unsafe { &mut *TABLE.0.get() }
    }

    #[inline(always)]
    fn interpreter(&self) -> &Interpreter {
        // SAFETY: as of the table; it is written before anything else is recorded.
        unsafe { &*INTERPRETER.0.get() }
    }

    /// Finds the interpreter whose functions are to be among the places.
    ///
    /// # Safety
    /// The process must have one thread, which makes its first call.
    pub(crate) unsafe fn find_python(&mut self) {
        // SAFETY: the caller's; the recorder has one holder.
        unsafe { *INTERPRETER.0.get() = Interpreter::find() };
    }

    /// Returns the number of the site that a call of the calling thread comes from: at most `most` places in code, and as many
    /// Python functions; 0 where that is not known.
    #[inline(never)]
    pub(crate) fn site(&mut self, thread: &mut Thread, caller: Caller, most: usize) -> u16 {
        let interpreter = self.interpreter();
        let frames = stack::walk(thread, caller, most);
        let (functions, hash) = interpreter.functions(most, frames.hash());
        let hash = hash | 1 << 63;
        let recent = self.table().recent[place(hash, RECENT)];
        if tag(recent) == tag(hash) {
            return recent as u16;
        }
        self.new_site(thread.number.wrapping_sub(1), frames, &functions, hash)
    }

    /// Returns the number of places that were not looked up lately, and writes those that are new.
    #[cold]
    #[inline(never)]
    fn new_site(
        &mut self,
        thread: u32,
        mut frames: Frames,
        functions: &Functions,
        hash: u64,
    ) -> u16 {
        /// Microseconds after which the address space is read anew, for a caller, and for what may be no caller.
        const PATIENCE: [u64; 2] = [1_000, 100_000];
        let time = self.clock.present();
        let modules = &mut self.table().modules;
        let mut found = [Place::Elsewhere; stack::DEEPEST];
        let mut count = 0;
        for (&address, found) in frames.addresses().iter().zip(&mut found) {
            *found = modules.place(address as u64, time, PATIENCE[usize::from(count > 0)]);
            if *found == Place::NoCode && count > 0 {
                break;
            }
            count += 1;
        }
        frames.truncate(count);
        let interpreter = *self.interpreter();
        let table = self.table();
        if let Some(code) = interpreter.code()
            && !functions.codes().is_empty()
            && let Place::InFile(file, _) = table.modules.place(code as u64, time, u64::MAX)
        {
            let is_own =
                found.map(|place| matches!(place, Place::InFile(other, _) if other == file));
            frames.within_function(&is_own);
        }
        let functions = table.names.numbers(&interpreter, functions);
        let places = Places { frames, functions };
        let (number, is_new) = table.number(places.hash());
        if is_new {
            table.modules.refresh(time);
            if let Some(kept) = table.places.get_mut(usize::from(number) - 1) {
                *kept = places;
            }
            self.introduce(thread, number, &places);
        }
        self.table().recent[place(hash, RECENT)] = tag(hash) | u64::from(number);
        number
    }

    /// Writes all sites again: in a file that begins in the middle.
    pub(crate) fn introduce_all(&mut self, thread: u32) {
        self.table().modules.forget_written();
        for number in 1..=self.table().count.min(MOST) {
            let places = self.table().places[number - 1];
            self.introduce(thread, number as u16, &places);
        }
    }

    /// Writes a site, and before it the files that its places are the first to name.
    fn introduce(&mut self, thread: u32, number: u16, places: &Places) {
        let time = self.clock.present();
        let mut text = Text::<2688>::new();
        for (at, &address) in places.frames.addresses().iter().enumerate() {
            let found = self.table().modules.place(address as u64, time, u64::MAX);
            if at > 0 {
                text.push(b" ");
            }
            let Place::InFile(file, symbol) = found else {
                text.push_address(address as u64);
                continue;
            };
            if let Some(module) = self.table().modules.introduce(file) {
                self.append(thread, &Event::Module(module.bytes()));
            }
            text.push(self.table().modules.name(file)).push(b"+");
            text.push_address(symbol);
        }
        for &function in places.functions.all() {
            text.push(b" ").push(self.table().names.get(function));
        }
        let (number, frames) = (number.into(), text.bytes());
        self.append(thread, &Event::Site { number, frames });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_sites_as_readers_tell_apart_have_numbers() {
        let mut table = Box::new(Table::new());
        let hash = |site: u64| (site + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63;
        for site in 0..MOST as u64 {
            assert_eq!(table.number(hash(site)), (site as u16 + 1, true));
        }
        assert_eq!(table.number(hash(MOST as u64)), (0, false));
        for site in 0..MOST as u64 {
            assert_eq!(table.number(hash(site)), (site as u16 + 1, false));
        }
    }
}
