//! What a file is, by its content.

use crate::refused::Refused;
use crate::{heaptrack, memray, text};

/// What a file is that another tool wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It holds calls, which can be read.
    Calls(Format),
    /// It holds none, or none that can be read.
    Refused(Refused),
}

/// A format that holds calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format(pub(crate) FormatOf);

/// The formats that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FormatOf {
    Memray,
    Heaptrack,
    Text(text::Tool),
}

impl FormatOf {
    /// Returns the name of the tool.
    pub(crate) fn tool(self) -> &'static str {
        match self {
            Self::Memray => "memray",
            Self::Heaptrack => "heaptrack",
            Self::Text(tool) => tool.name(),
        }
    }

    /// Whether places in the file are lines.
    pub(crate) fn has_lines(self) -> bool {
        self != Self::Memray
    }
}

/// Returns what an unpacked file is that begins so; `None` if it is no tool's.
pub(crate) fn of(start: &[u8]) -> Option<Kind> {
    let calls = |format| Some(Kind::Calls(Format(format)));
    if start.starts_with(memray::MAGIC) {
        return calls(FormatOf::Memray);
    }
    if let Some(refused) = refused(start) {
        return Some(Kind::Refused(refused));
    }
    if heaptrack::begins(start) {
        return calls(FormatOf::Heaptrack);
    }
    match text::Tool::of(start) {
        Some(tool) => calls(FormatOf::Text(tool)),
        None => text::perf::is_trace(start).then_some(Kind::Refused(Refused::KernelTrace)),
    }
}

fn refused(start: &[u8]) -> Option<Refused> {
    let has = |text: &str| memchr::memmem::find(start, text.as_bytes()).is_some();
    let text = start.trim_ascii_start();
    Some(match start {
        [b'F', b'L', b'R', 0, ..] => Refused::Jfr,
        [b'P', b'E', b'R', b'F', b'I', b'L', b'E', ..] => Refused::PerfData,
        _ if start.starts_with(b"heap_v2/") => Refused::Jemalloc,
        _ if start.starts_with(b"heap profile:") => Refused::Gperftools,
        _ if start.starts_with(b"desc:") && has("\ncmd:") && has("\ntime_unit:") => Refused::Massif,
        _ if text.starts_with(b"{") && has("\"dhatFileVersion\"") => Refused::Dhat,
        _ if text.starts_with(b"<malloc version=") => Refused::GlibcStatistics,
        _ if text.starts_with(b"Arena 0:\nsystem bytes") => Refused::GlibcStatistics,
        _ if has("___ Begin jemalloc statistics ___") => Refused::JemallocStatistics,
        _ if text.starts_with(b"{") && has("\"jemalloc\":") => Refused::JemallocStatistics,
        _ if start.starts_with(b"JAVA PROFILE 1.0") => Refused::JavaHeap,
        _ if text.starts_with(b"{\"snapshot\":") && has("\"node_fields\"") => Refused::V8Heap,
        _ if start.starts_with(b"Name:\t") && has("\nVmRSS:") => Refused::Proc,
        _ if is_mapping(start) => Refused::Proc,
        _ if is_pprof(start) => Refused::Pprof,
        _ if is_perfetto(start) => Refused::Perfetto,
        _ if is_bytehound(start) => Refused::Bytehound,
        _ => return None,
    })
}

/// Whether the first line is one of `/proc/PID/maps`: `55d0c0de1000-55d0c0de3000 r--p ...`.
fn is_mapping(start: &[u8]) -> bool {
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let mut fields = line.split(|byte| *byte == b' ');
    let range = fields.next().unwrap_or_default();
    let mut ends = range.split(|byte| *byte == b'-');
    let is_hex = |end: Option<&[u8]>| {
        end.is_some_and(|end| end.len() >= 8 && end.iter().all(u8::is_ascii_hexdigit))
    };
    let is_range = is_hex(ends.next()) && is_hex(ends.next()) && ends.next().is_none();
    let rights = fields.next().unwrap_or_default();
    is_range && rights.len() == 4 && rights.iter().all(|one| b"rwxps-".contains(one))
}

/// Takes a number of seven bits a byte.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes a field of a message: its number, and its bytes if it has a length.
fn field<'b>(bytes: &mut &'b [u8]) -> Option<(u64, Option<&'b [u8]>)> {
    let tag = varint(bytes)?;
    let number = tag >> 3;
    let length = match tag & 7 {
        0 => {
            varint(bytes)?;
            return (number > 0).then_some((number, None));
        }
        1 => 8,
        2 => usize::try_from(varint(bytes)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (inside, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    (number > 0).then_some((number, (tag & 7 == 2).then_some(inside)))
}

/// Whether a message begins with types of samples: field 1, whose fields 1 and 2 are numbers of strings.
fn is_pprof(mut start: &[u8]) -> bool {
    let Some((1, Some(mut kind))) = field(&mut start) else {
        return false;
    };
    let numbers = [field(&mut kind), field(&mut kind)];
    let are_names = numbers == [Some((1, None)), Some((2, None))];
    let next = field(&mut start).map(|(number, _)| number);
    are_names && kind.is_empty() && matches!(next, Some(1..=14))
}

/// Whether a message consists of packets: field 1, again and again, each a message itself.
fn is_perfetto(mut start: &[u8]) -> bool {
    let mut packets = 0;
    while packets < 2 {
        let Some((1, Some(mut packet))) = field(&mut start) else {
            break;
        };
        let mut fields = 0;
        while !packet.is_empty() {
            if field(&mut packet).is_none() {
                return false;
            }
            fields += 1;
        }
        if fields == 0 {
            return false;
        }
        packets += 1;
    }
    packets == 2
}

/// Whether a file begins as a recording of bytehound does: with a block that LZ4 has packed, whose first record has a length and
/// is a header.
fn is_bytehound(start: &[u8]) -> bool {
    const BLOCK_LONGEST: u32 = 1 << 20;
    const RECORD_LONGEST: u32 = 1 << 16;
    let [1, a, b, c, d, block @ ..] = start else {
        return false;
    };
    let length = u32::from_le_bytes([*a, *b, *c, *d]);
    let Some([a, b, c, d, kind @ ..]) = unpacked_start(block) else {
        return false;
    };
    let record = u32::from_le_bytes([a, b, c, d]);
    (1..BLOCK_LONGEST).contains(&length) && (64..RECORD_LONGEST).contains(&record) && kind == [0; 4]
}

/// Unpacks the first 8 bytes of a block that LZ4 has packed.
fn unpacked_start(block: &[u8]) -> Option<[u8; 8]> {
    let mut unpacked = Vec::new();
    let mut rest = block.iter();
    while unpacked.len() < 8 {
        let token = *rest.next()?;
        let mut literals = usize::from(token >> 4);
        if literals == 15 {
            literals += usize::from(*rest.next()?);
        }
        unpacked.extend(rest.by_ref().take(literals));
        if unpacked.len() < 8 {
            let offset = usize::from(u16::from_le_bytes([*rest.next()?, *rest.next()?]));
            for _ in 0..usize::from(token & 15) + 4 {
                let from = unpacked.len().checked_sub(offset)?;
                unpacked.push(*unpacked.get(from)?);
            }
        }
    }
    unpacked.first_chunk().copied()
}
