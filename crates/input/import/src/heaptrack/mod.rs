//! Files of heaptrack: what it records (`--raw`), and what it makes of that by itself.
//!
//! Both are lines whose first letter is the kind; numbers are hexadecimal without `0x`. Raw calls have addresses. The others name
//! only a size and a stack, so their blocks are numbered here, and a free releases the oldest block of its size and stack.

mod blocks;
mod interpreted;
mod names;
mod raw;

use crate::calls::{Calls, Origin};
use crate::error::Fault;
use crate::input::Input;
use crate::losses::{Loss, Losses};
use blocks::Blocks;
use highwater_hwr::Event;
use names::Places;
use std::io::Read;

/// Which of heaptrack's two formats a file has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Raw,
    Interpreted,
}

/// What a file says before its first call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) command: Vec<u8>,
    /// Whether heaptrack was attached to a running process.
    is_attached: bool,
}

/// Reads the lines of a file.
pub(crate) struct Heaptrack {
    form: Form,
    /// The version of the lines: strings have their length in front from 3 on.
    format: u64,
    page: u64,
    places: Places,
    blocks: Blocks,
    /// The address that the last line freed, where a realloc may follow.
    freed: Option<u64>,
}

/// Versions of the lines that can be read.
const FORMAT_LAST: u64 = 3;

/// Whether a text begins as a file of heaptrack does.
pub(crate) fn begins(start: &[u8]) -> bool {
    let line = first_line(start);
    let Some(numbers) = line.strip_prefix(b"v ") else {
        return false;
    };
    let mut fields = Fields::of(numbers);
    // The version of heaptrack itself has at least five digits: 1.2.0 is 10200.
    fields.hex().is_ok_and(|version| version >= 0x1_0000)
        && fields.hex().is_ok_and(|format| format <= 0xff)
}

fn first_line(start: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', start).unwrap_or(start.len());
    &start[..end]
}

/// Returns the form of a file, and what it says before its first call.
pub(crate) fn header(start: &[u8]) -> (Form, Header) {
    let mut form = Form::Interpreted;
    let mut header = Header::default();
    for line in start.split(|byte| *byte == b'\n') {
        match line {
            [b'x' | b'm', b' ', ..] => form = Form::Raw,
            [b'X', b' ', command @ ..] => header.command = command.to_vec(),
            [b'A', ..] => header.is_attached = true,
            [b'+', b' ', ..] => break,
            _ => {}
        }
    }
    (form, header)
}

impl Heaptrack {
    /// Begins before the first line.
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            format: 0,
            page: 4096,
            places: Places::default(),
            blocks: Blocks::default(),
            freed: None,
        }
    }

    /// Returns what every file of a form lacks.
    pub(crate) fn losses(form: Form, header: &Header) -> Losses {
        let mut lost = vec![
            Loss::Threads,
            Loss::Ticks,
            Loss::Kinds,
            Loss::Reallocs,
            Loss::Failures,
            Loss::Upkeep,
        ];
        if form == Form::Interpreted {
            lost.push(Loss::Addresses);
        }
        if header.is_attached {
            lost.push(Loss::Start);
        }
        let form = match form {
            Form::Raw => "heaptrack's raw format",
            Form::Interpreted => "heaptrack's interpreted format",
        };
        Losses::of(form, &lost)
    }

    /// Reads a line; `false` after the last.
    #[inline]
    pub(crate) fn step<R: Read>(
        &mut self,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<bool, Fault> {
        let line = input.line()?;
        match line {
            Some(line) => self.line(line, calls)?,
            None => self.flush(calls)?,
        }
        Ok(line.is_some())
    }

    #[inline]
    fn line(&mut self, line: &[u8], calls: &mut Calls) -> Result<(), Fault> {
        let Some((kind, rest)) = line.split_first() else {
            return Ok(());
        };
        let mut fields = Fields::of(rest.strip_prefix(b" ").unwrap_or(rest));
        match kind {
            b'+' => self.allocated(&mut fields, calls),
            b'-' => self.released(&mut fields, calls),
            b't' => {
                let (place, caller) = (fields.hex()?, fields.hex()?);
                self.places.stack(place, caller, self.form)
            }
            _ => {
                self.flush(calls)?;
                self.rarer(*kind, rest, fields, calls)
            }
        }
    }

    fn rarer(
        &mut self,
        kind: u8,
        rest: &[u8],
        mut fields: Fields,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        match (kind, self.form) {
            (b'c', _) => calls.time(fields.hex()?.saturating_mul(1000)),
            (b'R', _) => calls.resident(fields.hex()?.saturating_mul(self.page)),
            (b'I', _) => {
                self.page = fields.hex()?;
                Ok(())
            }
            (b'v', _) => {
                fields.hex()?;
                self.format = fields.hex()?;
                match self.format {
                    0..=FORMAT_LAST => Ok(()),
                    _ => Err(Fault::Bad(
                        "a version of heaptrack's lines that is not known; the versions 0 to 3 can be read",
                    )),
                }
            }
            (b'A', _) => {
                // What was live before is not in the file.
                calls.lose(Loss::Start);
                Ok(())
            }
            (b'm', Form::Raw) => self.places.module(fields, self.format, rest),
            (b'x', Form::Raw) => self.places.program(fields.text(self.format)?),
            (b's', Form::Interpreted) => self.places.string(fields.text(self.format)?, calls),
            (b'i', Form::Interpreted) => self.places.place(fields, calls),
            (b'a', Form::Interpreted) => self.blocks.info(fields.hex()?, fields.hex()?),
            (b'X' | b'S' | b'#' | b'x' | b'm', _) => Ok(()),
            _ => Err(Fault::Bad("a line of an unknown kind")),
        }
    }

    /// Reads a call that returned a block.
    #[inline]
    fn allocated(&mut self, fields: &mut Fields, calls: &mut Calls) -> Result<(), Fault> {
        let first = fields.hex()?;
        match fields.is_empty() {
            false => self.allocated_raw(first, fields, calls),
            true => self.allocated_interpreted(first, calls),
        }
    }

    /// Reads a call that released a block.
    #[inline]
    fn released(&mut self, fields: &mut Fields, calls: &mut Calls) -> Result<(), Fault> {
        self.flush(calls)?;
        let number = fields.hex()?;
        match self.form {
            Form::Interpreted if self.format > 0 => self.released_interpreted(number, calls),
            _ => {
                self.freed = (number != 0).then_some(number);
                Ok(())
            }
        }
    }

    /// Hands on a free that was no half of a realloc.
    fn flush(&mut self, calls: &mut Calls) -> Result<(), Fault> {
        match self.freed.take() {
            Some(address) => calls.call(Origin::default(), Event::Free { address }),
            None => Ok(()),
        }
    }
}

/// The fields of a line, one space between each.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn of(line: &'a [u8]) -> Self {
        Self(line)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next field.
    fn word(&mut self) -> &'a [u8] {
        let end = memchr::memchr(b' ', self.0).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        word
    }

    /// Returns the next field, a hexadecimal number.
    #[inline]
    pub(crate) fn hex(&mut self) -> Result<u64, Fault> {
        let (mut value, mut at) = (0_u64, 0);
        for byte in self.0 {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => break,
            };
            if value >> 60 != 0 {
                return Err(Fault::Bad("a number of more than 64 bits"));
            }
            value = value << 4 | u64::from(digit);
            at += 1;
        }
        let rest = &self.0[at..];
        if at == 0 || !(rest.is_empty() || rest[0] == b' ') {
            return Err(Fault::Bad("a field that is no hexadecimal number"));
        }
        self.0 = rest.get(1..).unwrap_or_default();
        Ok(value)
    }

    /// Returns a text, which has its length in front from version 3 on, and is one field or the rest of the line before.
    fn text(&mut self, format: u64) -> Result<&'a [u8], Fault> {
        if format < 3 {
            return Ok(std::mem::take(&mut self.0));
        }
        let length = usize::try_from(self.hex()?).unwrap_or(usize::MAX);
        // A line that is longer than is kept lacks its end.
        let (text, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest.strip_prefix(b" ").unwrap_or(rest);
        Ok(text)
    }
}
