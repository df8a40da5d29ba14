//! The places in the program from which calls are made.

use super::{Fields, Form};
use crate::calls::Calls;
use crate::error::Fault;
use crate::sites::{Names, Stacks, append_word};

/// Modules, and places, that are kept.
const MODULES: usize = 1 << 13;
const PLACES: usize = 1 << 20;

/// A part of a module in memory.
struct Segment {
    start: u64,
    end: u64,
    base: u64,
    module: u32,
}

/// A place by the numbers of strings, 0 for what is not known.
#[derive(Clone, Copy)]
struct Place {
    address: u64,
    module: u32,
    function: u32,
    file: u32,
    line: u32,
}

/// The places of a file, and the stacks that they make.
#[derive(Default)]
pub(super) struct Places {
    stacks: Stacks,
    strings: Names,
    program: Vec<u8>,
    /// Of a raw file: modules by name, their segments by address, and the address of each stack's place.
    modules: Vec<Vec<u8>>,
    segments: Vec<Segment>,
    addresses: Vec<u64>,
    /// Of an interpreted one.
    places: Vec<Place>,
}

impl Places {
    /// Names a stack by the next number.
    pub(super) fn stack(&mut self, place: u64, caller: u64, form: Form) -> Result<(), Fault> {
        let caller = self.stacks.known(caller);
        let place = match form {
            Form::Raw if self.addresses.len() < PLACES => {
                self.addresses.push(place);
                self.addresses.len() as u32
            }
            Form::Raw => 0,
            Form::Interpreted => u32::try_from(place).unwrap_or(0),
        };
        self.stacks.add(caller, place);
        Ok(())
    }

    /// Returns the site of a stack.
    #[inline]
    pub(super) fn site(&mut self, stack: u64, calls: &mut Calls) -> Result<u64, Fault> {
        let stack = self.stacks.known(stack);
        let Self {
            stacks,
            strings,
            modules,
            segments,
            addresses,
            places,
            ..
        } = self;
        stacks.hand_on(calls, stack, &mut |place, text| {
            let index = (place as usize).wrapping_sub(1);
            if let Some(place) = places.get(index) {
                named(place, strings, text);
            } else if let Some(address) = addresses.get(index) {
                located(*address, segments, modules, text);
            } else {
                text.push(b'?');
            }
        })
    }

    /// Notes the name of the program.
    pub(super) fn program(&mut self, name: &[u8]) -> Result<(), Fault> {
        self.program = name.to_vec();
        Ok(())
    }

    /// Notes where a module lies, or forgets all of them.
    pub(super) fn module(
        &mut self,
        mut fields: Fields,
        format: u64,
        line: &[u8],
    ) -> Result<(), Fault> {
        if line.ends_with(b" -") && fields.0.len() <= 3 {
            self.segments.clear();
            self.modules.clear();
            return Ok(());
        }
        if self.modules.len() >= MODULES {
            let (what, limit) = ("modules", MODULES as u64);
            return Err(Fault::TooMuch { what, limit });
        }
        let name = match format {
            0..3 => fields.word(),
            _ => fields.text(format)?,
        };
        let name = if name == b"x" { &self.program } else { name };
        let name = base_name(name).to_vec();
        let module = self.modules.len() as u32;
        self.modules.push(name);
        let base = fields.hex()?;
        while !fields.is_empty() && self.segments.len() < MODULES {
            let (start, length) = (fields.hex()?, fields.hex()?);
            let start = base.saturating_add(start);
            self.segments.push(Segment {
                start,
                end: start.saturating_add(length),
                base,
                module,
            });
        }
        self.segments.sort_by_key(|segment| segment.start);
        Ok(())
    }

    /// Names a string by the next number.
    pub(super) fn string(&mut self, text: &[u8], calls: &mut Calls) -> Result<(), Fault> {
        self.strings.add(calls, &[text]).map(|_| ())
    }

    /// Names a place by the next number: the innermost function there, where that is known.
    pub(super) fn place(&mut self, mut fields: Fields, calls: &mut Calls) -> Result<(), Fault> {
        if self.places.len() >= PLACES {
            calls.lose(crate::losses::Loss::Names);
            return Ok(());
        }
        let mut number = || match fields.is_empty() {
            true => Ok(0),
            false => fields.hex(),
        };
        let address = number()?;
        let mut small = || number().map(|number| u32::try_from(number).unwrap_or(0));
        self.places.push(Place {
            address,
            module: small()?,
            function: small()?,
            file: small()?,
            line: small()?,
        });
        Ok(())
    }
}

/// Appends the name of a place by its function, or by its module.
fn named(place: &Place, strings: &Names, text: &mut Vec<u8>) {
    let string = |number: u32| match number {
        0 => &b""[..],
        number => strings.get(number as usize - 1),
    };
    let (function, file) = (string(place.function), string(place.file));
    if function.is_empty() {
        let module = base_name(string(place.module));
        append_word(text, module);
        text.extend_from_slice(format!("+{:#x}", place.address).as_bytes());
        return;
    }
    append_word(text, function);
    if !file.is_empty() {
        text.push(b'(');
        append_word(text, base_name(file));
        text.extend_from_slice(format!(":{})", place.line).as_bytes());
    }
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Appends the module in which an address lies, and how far behind its beginning.
fn located(address: u64, segments: &[Segment], modules: &[Vec<u8>], text: &mut Vec<u8>) {
    let behind = segments.partition_point(|segment| segment.start <= address);
    let segment = behind.checked_sub(1).and_then(|at| segments.get(at));
    let segment = segment.filter(|segment| address < segment.end);
    let offset = match segment {
        Some(segment) => {
            append_word(text, &modules[segment.module as usize]);
            text.push(b'+');
            address - segment.base
        }
        None => address,
    };
    text.extend_from_slice(format!("{offset:#x}").as_bytes());
}
