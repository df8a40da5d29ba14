//! The events of a trace as lines of text.

use std::io::{self, Write};

use highwater_hwr::{self as hwr, Placed};

use super::{PIECE, invalid};
use crate::Header;
use crate::trace::end::PROMISE;
use crate::trace::fields::breaks_line;
use crate::trace::header::{NOTED, Version};
use crate::trace::line::MAPPING_CALLS;

/// Text on its way out.
pub(in crate::trace) struct Text {
    pub(in crate::trace) buffer: Vec<u8>,
    decimal: itoa::Buffer,
    version: Version,
    /// The number of events, with those that are known to be missing.
    ticket: u64,
}

impl Text {
    /// Begins with nothing written.
    pub(in crate::trace) fn new(version: Version) -> Self {
        Self {
            buffer: Vec::with_capacity(PIECE + 4096),
            decimal: itoa::Buffer::new(),
            version,
            ticket: 0,
        }
    }

    pub(super) fn header(&mut self, header: &Header) -> io::Result<()> {
        let line = |buffer: &mut Vec<u8>, kind: &str, words: &[&str]| {
            if words.iter().any(|word| word.contains(breaks_line)) {
                return Err(invalid("header values without control characters"));
            }
            writeln!(buffer, "{kind} {}", words.join(" "))
        };
        let buffer = &mut self.buffer;
        writeln!(buffer, "{}\n{PROMISE}", self.version.first_line())?;
        if let Some(program) = &header.program {
            if program.is_empty() {
                return Err(invalid("a program's name that is not empty"));
            }
            line(buffer, "program", &[program])?;
        }
        writeln!(buffer, "page {}", header.page.0)?;
        writeln!(buffer, "cpus {}", header.cpus)?;
        if let Some(allowed) = header.cpus_allowed {
            writeln!(buffer, "cpus-allowed {allowed}")?;
        }
        if let Some((name, version)) = &header.allocator {
            if !is_word(name) || !is_word(version) {
                return Err(invalid("an allocator's name and version without spaces"));
            }
            line(buffer, "allocator", &[name, version])?;
        }
        for (name, value) in &header.env {
            if !is_word(name) || name.contains('=') {
                return Err(invalid("environment names without spaces or `=`"));
            }
            line(buffer, "env", &[&format!("{name}={value}")])?;
        }
        if let Some(brk) = header.brk {
            writeln!(buffer, "brk {brk}")?;
        }
        if let Some(mappings) = header.mappings {
            writeln!(buffer, "mappings {mappings}")?;
        }
        if !header.touch {
            writeln!(buffer, "touch none")?;
        }
        if header.snapshot > 0 {
            writeln!(buffer, "snapshot {}", header.snapshot)?;
        }
        for (name, value) in &header.noted {
            if !NOTED.contains(&&name[..]) || value.is_empty() {
                return Err(invalid("a machine of which only known things are noted"));
            }
            line(buffer, name, &[value])?;
        }
        Ok(())
    }

    /// Writes the line of an event, whose numbers are all in their ranges.
    pub(in crate::trace) fn placed(&mut self, placed: &Placed) {
        self.buffer.push(match placed.event {
            hwr::Event::Malloc { .. } => b'm',
            hwr::Event::Calloc { .. } => b'c',
            hwr::Event::Aligned { .. } => b'a',
            hwr::Event::Realloc { .. } => b'r',
            hwr::Event::Free { .. } => b'f',
            hwr::Event::Trim { .. } => b't',
            hwr::Event::ThreadEnd => b'e',
            hwr::Event::Mark(_) => b'k',
            hwr::Event::Mallopt { .. } => b'o',
            hwr::Event::Touched { .. } => b'p',
            hwr::Event::Fork => b'n',
            hwr::Event::Child => b'b',
            hwr::Event::Mapping(_) => b'v',
            hwr::Event::Sample(_) => b's',
            hwr::Event::Site { .. } => b'i',
            hwr::Event::Module(_) => b'l',
        });
        self.number(placed.time);
        self.number(u64::from(placed.thread));
        if self.version == Version::Two {
            self.origin(placed);
        }
        match placed.event {
            hwr::Event::Malloc { address, size } => {
                self.hex(address);
                self.number(size);
            }
            hwr::Event::Calloc {
                address,
                count: first,
                size,
            }
            | hwr::Event::Aligned {
                address,
                alignment: first,
                size,
            } => {
                self.hex(address);
                self.number(first);
                self.number(size);
            }
            hwr::Event::Realloc { address, old, size } => {
                self.hex(address);
                self.hex(old);
                self.number(size);
            }
            hwr::Event::Free { address } => self.hex(address),
            hwr::Event::Trim { pad } => self.number(pad),
            hwr::Event::ThreadEnd | hwr::Event::Fork | hwr::Event::Child => {}
            _ => self.rarer(&placed.event),
        }
        self.buffer.push(b'\n');
    }

    /// Writes what else the field of a thread says.
    fn origin(&mut self, placed: &Placed) {
        self.buffer.extend_from_slice(match placed.domain {
            hwr::Domain::Unknown => b"",
            hwr::Domain::Object => b":object",
            hwr::Domain::Raw => b":raw",
        });
        // A workload has no tickets.
        let gap = placed.ticket.saturating_sub(self.ticket);
        self.ticket += gap + 1;
        for (sign, number) in [(b'@', placed.site), (b'~', placed.width), (b'+', gap)] {
            if number > 0 {
                self.buffer.push(sign);
                let digits = self.decimal.format(number);
                self.buffer.extend_from_slice(digits.as_bytes());
            }
        }
    }

    fn rarer(&mut self, event: &hwr::Event) {
        match *event {
            hwr::Event::Sample(b"") | hwr::Event::Module(b"") => {}
            hwr::Event::Mark(text) | hwr::Event::Sample(text) | hwr::Event::Module(text) => {
                self.text(text);
            }
            hwr::Event::Mallopt { parameter, value } => {
                self.text(format!("{parameter} {value}").as_bytes())
            }
            hwr::Event::Touched { address, runs } => {
                self.hex(address);
                for (skipped, touched) in runs.iter() {
                    self.text(format!("{skipped}+{touched}").as_bytes());
                }
            }
            hwr::Event::Mapping(mapping) => {
                let call = MAPPING_CALLS[mapping.call as usize];
                self.text(call.as_bytes());
                self.hex(mapping.address);
                self.number(mapping.length);
                self.hex(mapping.detail);
                if !mapping.owner.is_empty() {
                    self.text(mapping.owner);
                }
            }
            hwr::Event::Site { number, frames } => {
                self.number(number);
                if !frames.is_empty() {
                    self.text(frames);
                }
            }
            // The others have been written.
            _ => {}
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.buffer.push(b' ');
        self.buffer.extend_from_slice(text);
    }

    #[inline]
    fn number(&mut self, value: u64) {
        self.buffer.push(b' ');
        let digits = self.decimal.format(value);
        self.buffer.extend_from_slice(digits.as_bytes());
    }

    #[inline]
    fn hex(&mut self, value: u64) {
        let mut text = *b" 0x0000000000000000";
        let digits = (16 - value.leading_zeros() as usize / 4).max(1);
        for place in 0..digits {
            let nibble = (value >> (4 * (digits - 1 - place))) & 15;
            text[3 + place] = b"0123456789abcdef"[nibble as usize];
        }
        self.buffer.extend_from_slice(&text[..3 + digits]);
    }
}

/// Whether this is empty, or words with one space between each.
pub(super) fn are_words(text: &str) -> bool {
    text.is_empty() || text.split(' ').all(is_word)
}

/// Whether this stands for itself as one field of a line.
pub(in crate::trace) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c| c == ' ' || breaks_line(c))
}
