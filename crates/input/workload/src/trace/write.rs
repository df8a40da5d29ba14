//! Calls to lines.

use super::end::PROMISE;
use super::fields::breaks_line;
use super::header::FIRST_LINE;
use crate::{Address, BlockId, Call, Header, Mark, Workload};
use flate2::{Compression, write::GzEncoder};
use std::io::{self, Write};

/// Text is handed on in pieces of about this many bytes.
const PIECE: usize = 1 << 18;

/// Writes `workload` as the text of a trace.
///
/// `addresses` says what each block's pointer is, by block number, null for a call that failed: those a model gave, for
/// example. Without it the recorded addresses are written; a generated pattern has none, and its blocks get made-up names
/// 0x10, 0x20, ... that stay the same from one writing to the next.
///
/// The last line says how many calls there are, as the header promises, so that a file that was cut anywhere is refused.
///
/// Reading the text back gives an equal workload, with two exceptions: `skipped` is then 0 (what was skipped is not
/// kept), and a generated pattern comes back with its made-up names as recorded addresses. A trace written this way, read
/// and written again is the same to the byte.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::InvalidInput`] where the workload is no possible trace: `addresses` of another
/// length than it has blocks, a block or mark number out of range, a name or header text that is empty or would break
/// its line.
pub fn write(
    workload: &Workload,
    addresses: Option<&[Address]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let recorded = (!workload.recorded.is_empty()).then_some(&workload.recorded[..]);
    let addresses = addresses.or(recorded);
    if addresses.is_some_and(|addresses| addresses.len() != workload.blocks as usize) {
        return Err(invalid("one address for each block"));
    }
    let mut text = Text {
        buffer: Vec::with_capacity(PIECE + 4096),
        decimal: itoa::Buffer::new(),
        addresses,
        blocks: workload.blocks,
    };
    text.header(&workload.header)?;
    for event in &workload.events {
        text.event(workload, event)?;
        if text.buffer.len() >= PIECE {
            out.write_all(&text.buffer)?;
            text.buffer.clear();
        }
    }
    writeln!(text.buffer, "end {}", workload.events.len())?;
    out.write_all(&text.buffer)?;
    out.flush()
}

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

/// Text on its way out.
struct Text<'a> {
    buffer: Vec<u8>,
    decimal: itoa::Buffer,
    addresses: Option<&'a [Address]>,
    blocks: u32,
}

impl Text<'_> {
    fn header(&mut self, header: &Header) -> io::Result<()> {
        let line = |buffer: &mut Vec<u8>, kind: &str, words: &[&str]| {
            if words.iter().any(|word| word.contains(breaks_line)) {
                return Err(invalid("header values without control characters"));
            }
            writeln!(buffer, "{kind} {}", words.join(" "))
        };
        let buffer = &mut self.buffer;
        writeln!(buffer, "{FIRST_LINE}\n{PROMISE}")?;
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
        Ok(())
    }

    fn event(&mut self, workload: &Workload, event: &crate::Event) -> io::Result<()> {
        self.buffer.push(match event.call {
            Call::Malloc { .. } => b'm',
            Call::Calloc { .. } => b'c',
            Call::Aligned { .. } => b'a',
            Call::Realloc { .. } => b'r',
            Call::Free { .. } => b'f',
            Call::Trim { .. } => b't',
            Call::ThreadExit => b'e',
            Call::Mark(_) => b'k',
        });
        self.number(event.time.0);
        self.number(u64::from(event.thread.0));
        match event.call {
            Call::Malloc { block, size } => {
                self.pointer(block)?;
                self.number(size.0);
            }
            Call::Calloc { block, count, size } => {
                self.pointer(block)?;
                self.number(u64::from(count));
                self.number(size.0);
            }
            Call::Aligned {
                block,
                alignment,
                size,
            } => {
                self.pointer(block)?;
                self.number(u64::from(alignment));
                self.number(size.0);
            }
            Call::Realloc { block, old, size } => {
                self.pointer(block)?;
                match old {
                    Some(old) => self.pointer(old)?,
                    None => self.hex(0),
                }
                self.number(size.0);
            }
            Call::Free { block } => self.pointer(block)?,
            Call::Trim { pad } => self.number(pad.0),
            Call::ThreadExit => {}
            Call::Mark(id) => {
                let mark = workload.marks.get(id.0 as usize);
                self.mark(mark.ok_or_else(|| invalid("every mark it names"))?)?;
            }
        }
        self.buffer.push(b'\n');
        Ok(())
    }

    fn mark(&mut self, mark: &Mark) -> io::Result<()> {
        let keys = mark.measured.iter().map(|(key, _)| key);
        if !is_word(&mark.name) || keys.clone().any(|key| !is_word(key) || key.contains('=')) {
            return Err(invalid("marks whose names and keys have no spaces"));
        }
        self.buffer.push(b' ');
        self.buffer.extend_from_slice(mark.name.as_bytes());
        for (key, value) in &mark.measured {
            write!(self.buffer, " {key}={value}")?;
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self, value: u64) {
        self.buffer.push(b' ');
        let digits = self.decimal.format(value);
        self.buffer.extend_from_slice(digits.as_bytes());
    }

    #[inline]
    fn pointer(&mut self, block: BlockId) -> io::Result<()> {
        let address = match self.addresses {
            Some(addresses) => addresses.get(block.0 as usize).map(|address| address.0),
            None => (block.0 < self.blocks).then_some((u64::from(block.0) + 1) * 0x10),
        };
        self.hex(address.ok_or_else(|| invalid("every block it names"))?);
        Ok(())
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

/// Whether this stands for itself as one field of a line.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c| c == ' ' || breaks_line(c))
}
