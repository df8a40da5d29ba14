//! Calls to lines.

use super::end::PROMISE;
use super::fields::breaks_line;
use super::header::{NOTED, Version};
use super::line::MAPPING_CALLS;
use crate::{Address, BlockId, Call, Domain, Header, Mark, Sample, SiteId, Workload};
use flate2::{Compression, write::GzEncoder};
use highwater_hwr::{self as hwr, Placed, Runs};
use std::io::{self, Write};
use std::slice;

/// Text is handed on in pieces of about this many bytes.
pub(super) const PIECE: usize = 1 << 18;

/// Writes `workload` as the text of a trace.
///
/// `addresses` says what each allocating call returned, in the order of the calls, null for one that failed: what a model
/// returned, for example. Without it the recorded addresses are written; a generated pattern has none, and its blocks get
/// made-up names 0x10, 0x20, ... that stay the same from one writing to the next.
///
/// The last line says how many calls there are, as the header promises, so that a file that was cut anywhere is refused.
///
/// The text has version 1 of the format where that suffices. Reading it back gives an equal workload, with three exceptions:
/// `skipped` and `passed_over` are then 0 (what they count is not kept), version 1 has no domains, sites stand in the order in which
/// they occur, and a generated pattern comes back with its made-up names as recorded addresses. A trace written this way, read
/// and written again is the same to the byte.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::InvalidInput`] where the workload is no possible trace: `addresses` of another
/// number than it has allocating calls, a block or mark number out of range, a name or header text that is empty or would break
/// its line.
pub fn write(
    workload: &Workload,
    addresses: Option<&[Address]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let recorded = (!workload.recorded.is_empty()).then_some(&workload.recorded[..]);
    let addresses = addresses.or(recorded);
    let version = version(workload);
    let mut text = Text::new(version);
    text.header(&workload.header)?;
    let mut blocks = Blocks {
        addresses: addresses.map(<[_]>::iter),
        live: vec![None; workload.blocks as usize],
        tail: Vec::new(),
    };
    let mut sites = SitesWritten::default();
    let mut samples = workload.samples.iter().peekable();
    let mut lines = (workload.events.len() + workload.modules.len()) as u64;
    for module in &workload.modules {
        text.placed(&placed_module(module)?);
    }
    for (number, event) in workload.events.iter().enumerate() {
        while let Some(sample) = samples.next_if(|sample| sample.event as usize <= number) {
            text.placed(&placed_sample(sample));
            lines += 1;
        }
        if let Some(frames) = sites.first(workload, event)? {
            text.placed(&frames);
            lines += 1;
        }
        text.placed(&blocks.placed(workload, event)?);
        if text.buffer.len() >= PIECE {
            out.write_all(&text.buffer)?;
            text.buffer.clear();
        }
    }
    for sample in samples {
        text.placed(&placed_sample(sample));
        lines += 1;
    }
    if blocks.addresses.is_some_and(|left| left.len() > 0) {
        return Err(invalid(ONE_EACH));
    }
    writeln!(text.buffer, "end {lines}")?;
    out.write_all(&text.buffer)?;
    out.flush()
}

/// Returns the version in which a workload can be written: the first where that suffices.
fn version(workload: &Workload) -> Version {
    let is_later = |event: &crate::Event| {
        let is_later = matches!(
            event.call,
            Call::Mallopt { .. } | Call::Forked | Call::Touched(_)
        );
        is_later || event.site != SiteId::UNKNOWN
    };
    let header = &workload.header;
    match header.snapshot > 0
        || !header.noted.is_empty()
        || !workload.samples.is_empty()
        || !workload.modules.is_empty()
        || workload.events.iter().any(is_later)
    {
        true => Version::Two,
        false => Version::One,
    }
}

/// The sites that were written, by their places.
#[derive(Default)]
struct SitesWritten(Vec<bool>);

impl SitesWritten {
    /// What the site of an event stands for, the first time that it occurs.
    fn first<'a>(
        &mut self,
        workload: &'a Workload,
        event: &crate::Event,
    ) -> io::Result<Option<Placed<'a>>> {
        let Some(place) = event.site.place() else {
            return Ok(None);
        };
        self.0.resize(self.0.len().max(place + 1), false);
        if std::mem::replace(&mut self.0[place], true) {
            return Ok(None);
        }
        let frames = workload.sites.get(place);
        let frames = frames.ok_or_else(|| invalid("every site it names"))?;
        if !are_words(frames) {
            return Err(invalid("sites whose places in the code have no spaces"));
        }
        Ok(Some(Placed {
            time: event.time.0,
            event: hwr::Event::Site {
                number: event.site.number().into(),
                frames: frames.as_bytes(),
            },
            ..NOTHING
        }))
    }
}

fn placed_module(module: &str) -> io::Result<Placed<'_>> {
    match are_words(module) {
        true => Ok(Placed {
            event: hwr::Event::Module(module.as_bytes()),
            ..NOTHING
        }),
        false => Err(invalid("files with code whose names have no spaces")),
    }
}

fn placed_sample(sample: &Sample) -> Placed<'_> {
    Placed {
        time: sample.time.0,
        event: hwr::Event::Sample(sample.text.as_bytes()),
        ..NOTHING
    }
}

/// An event of which nothing is known.
pub(super) const NOTHING: Placed<'static> = Placed {
    ticket: 0,
    width: 0,
    time: 0,
    thread: 0,
    domain: hwr::Domain::Unknown,
    site: 0,
    event: hwr::Event::Fork,
};

/// Like [`write()`], as gzip, without a time or a name in it, so that the same workload gives the same bytes.
///
/// # Errors
/// As [`write()`].
pub fn write_gzip(
    workload: &Workload,
    addresses: Option<&[Address]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut gzip = GzEncoder::new(Patient(out), Compression::fast());
    write(workload, addresses, &mut gzip)?;
    gzip.finish()?.flush()
}

/// Takes all it is given, where gzip would return a write that was interrupted as an error.
struct Patient<W>(W);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn invalid(wanted: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("a trace needs {wanted}"),
    )
}

/// What is missing where addresses do not match the calls.
const ONE_EACH: &str = "one address for each allocating call";

/// Names a workload's blocks, and makes its calls events.
struct Blocks<'a> {
    /// What the allocating calls to come return.
    addresses: Option<slice::Iter<'a, Address>>,
    /// The address of the block that has or had a number.
    live: Vec<Option<u64>>,
    /// The text or the runs of the event that was made last.
    tail: Vec<u8>,
}

impl Blocks<'_> {
    fn address(&self, block: BlockId) -> io::Result<u64> {
        let address = self.live.get(block.0 as usize).copied().flatten();
        address.ok_or_else(|| invalid("every block it names"))
    }

    /// Returns the address that an allocating call returned.
    fn allocated(&mut self, block: BlockId) -> io::Result<u64> {
        let live = self.live.get_mut(block.0 as usize);
        let live = live.ok_or_else(|| invalid("every block it names"))?;
        let address = match &mut self.addresses {
            Some(addresses) => addresses.next().ok_or_else(|| invalid(ONE_EACH))?.0,
            None => (u64::from(block.0) + 1) * 0x10,
        };
        *live = Some(address);
        Ok(address)
    }

    fn placed(&mut self, workload: &Workload, event: &crate::Event) -> io::Result<Placed<'_>> {
        let made = match event.call {
            Call::Malloc { block, size } => hwr::Event::Malloc {
                address: self.allocated(block)?,
                size: size.0,
            },
            Call::Calloc { block, count, size } => hwr::Event::Calloc {
                address: self.allocated(block)?,
                count: count.into(),
                size: size.0,
            },
            Call::Aligned {
                block,
                alignment,
                size,
            } => hwr::Event::Aligned {
                address: self.allocated(block)?,
                alignment: alignment.into(),
                size: size.0,
            },
            Call::Realloc { block, old, size } => hwr::Event::Realloc {
                old: old.map_or(Ok(0), |old| self.address(old))?,
                address: self.allocated(block)?,
                size: size.0,
            },
            Call::Free { block } => hwr::Event::Free {
                address: self.address(block)?,
            },
            Call::Trim { pad } => hwr::Event::Trim { pad: pad.0 },
            Call::ThreadExit => hwr::Event::ThreadEnd,
            Call::Mallopt { option, value } => hwr::Event::Mallopt {
                parameter: option.into(),
                value: value.into(),
            },
            Call::Forked => hwr::Event::Child,
            Call::Mark(id) => {
                let mark = workload.marks.get(id.0 as usize);
                self.mark(mark.ok_or_else(|| invalid("every mark it names"))?)?;
                hwr::Event::Mark(&self.tail)
            }
            Call::Touched(id) => {
                let touched = workload.touched.get(id.0 as usize);
                let touched = touched.ok_or_else(|| invalid("all touched pages it names"))?;
                let address = self.address(touched.block)?;
                self.tail.clear();
                for run in &touched.runs {
                    let tail = &mut self.tail;
                    Runs::write(run.skipped, run.pages, |bytes| {
                        tail.extend_from_slice(bytes);
                    });
                }
                let runs = Runs::from_bytes(&self.tail);
                let runs = runs.ok_or_else(|| invalid("runs of pages"))?;
                hwr::Event::Touched { address, runs }
            }
        };
        Ok(Placed {
            time: event.time.0,
            thread: event.thread.0.into(),
            domain: match event.domain {
                Domain::Object => hwr::Domain::Unknown,
                Domain::Raw => hwr::Domain::Raw,
            },
            site: event.site.number().into(),
            event: made,
            ..NOTHING
        })
    }

    fn mark(&mut self, mark: &Mark) -> io::Result<()> {
        let keys = mark.measured.iter().map(|(key, _)| key);
        if !is_word(&mark.name) || keys.clone().any(|key| !is_word(key) || key.contains('=')) {
            return Err(invalid("marks whose names and keys have no spaces"));
        }
        self.tail.clear();
        self.tail.extend_from_slice(mark.name.as_bytes());
        for (key, value) in &mark.measured {
            write!(self.tail, " {key}={value}")?;
        }
        Ok(())
    }
}

/// Text on its way out.
pub(super) struct Text {
    pub(super) buffer: Vec<u8>,
    decimal: itoa::Buffer,
    version: Version,
    /// The number of events, with those that are known to be missing.
    ticket: u64,
}

impl Text {
    /// Begins with nothing written.
    pub(super) fn new(version: Version) -> Self {
        Self {
            buffer: Vec::with_capacity(PIECE + 4096),
            decimal: itoa::Buffer::new(),
            version,
            ticket: 0,
        }
    }

    fn header(&mut self, header: &Header) -> io::Result<()> {
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
    pub(super) fn placed(&mut self, placed: &Placed) {
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
fn are_words(text: &str) -> bool {
    text.is_empty() || text.split(' ').all(is_word)
}

/// Whether this stands for itself as one field of a line.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c| c == ' ' || breaks_line(c))
}
