//! Lines to calls.

use super::end::End;
use super::error::{Fault, TraceError, found};
use super::fields::{Fields, SIZE, SIZE_END};
use super::header::HeaderReader;
use super::names::Names;
use super::{Limits, PAIR_BYTES};
use crate::{
    Address, BlockId, Bytes, Call, Domain, Event, Mark, MarkId, Micros, ThreadId, Workload,
};

const TIME: &str = "TIME in decimal microseconds, below 2^53,";
const FALLING: &str = "a TIME that is not below the line before's";
const THREAD: &str = "THREAD, a decimal number up to 65535,";
const ENDED: &str = "a THREAD that has not ended";
const PTR: &str = "PTR in hex with 0x, below 2^48,";
const OLD: &str = "OLD in hex with 0x, below 2^48,";
const COUNT: &str = "COUNT in decimal (COUNT times SIZE below 2^47 for a call that succeeded)";
const ALIGNMENT: &str = "ALIGNMENT, a number up to 4294967295,";
const NAME: &str = "the mark's NAME";
const PAIR: &str = "key=value with a decimal value";
const OP: &str = "a call (m c a r f t e k)";
const FIELD: &str = "one space and a further field";

/// 285 years, and still exact in a JavaScript number.
const TIME_END: u64 = 1 << 53;

/// Takes the lines of a trace one after another and keeps the workload they make.
pub(super) struct Parser {
    line: u64,
    limits: Limits,
    /// Bytes of marks that were read, as [`Limits::mark_text`] counts them.
    mark_text: u64,
    header: HeaderReader,
    end: End,
    names: Names,
    /// The moment of the call that was read last.
    time: Micros,
    /// Whether each thread has ended, as far up as one has.
    ended: Vec<bool>,
    /// Whether a call was read: then the header is over.
    begun: bool,
    workload: Workload,
}

impl Parser {
    /// Before the first line. `text` is how many bytes are to come, as far as that is known.
    pub(super) fn new(limits: Limits, text: usize) -> Self {
        let mut workload = Workload::default();
        // A call takes some 30 bytes of text. What cannot be had now is asked for again when it is needed.
        let events = (text / 28).min(limits.events as usize).min(1 << 22);
        let _ = workload.events.try_reserve(events);
        let _ = workload.recorded.try_reserve(events / 2);
        Self {
            line: 0,
            limits,
            mark_text: 0,
            header: HeaderReader::new(limits.header),
            end: End::default(),
            names: Names::default(),
            time: Micros(0),
            ended: Vec::new(),
            begun: false,
            workload,
        }
    }

    /// The line that is being read or comes next, from 1.
    pub(super) fn next_line(&self) -> u64 {
        self.line + 1
    }

    /// Whole lines, each with its newline.
    pub(super) fn lines(&mut self, text: &[u8]) -> Result<(), TraceError> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            let line = &text[start..end];
            self.one(line)
                .map_err(|fault| self.error(fault, line, false))?;
            start = end + 1;
        }
        Ok(())
    }

    /// A last line without its newline.
    pub(super) fn last_line(&mut self, line: &[u8]) -> Result<(), TraceError> {
        self.one(line)
            .map_err(|fault| self.error(fault, line, true))?;
        self.workload.unended = !self.end.is_known();
        Ok(())
    }

    /// Calls and marks that have been read.
    pub(super) fn calls(&self) -> u64 {
        self.workload.events.len() as u64
    }

    /// The end of the file.
    pub(super) fn finish(mut self) -> Result<Workload, TraceError> {
        if self.end.read == 0 && !self.end.is_known() {
            return Err(TraceError::NoCalls { line: self.line });
        }
        if self.header.is_end_promised && !self.end.is_known() {
            return Err(TraceError::EndMissing {
                // The one that is missing, or in which the file ends.
                line: self.line + u64::from(!self.workload.unended),
                calls: self.calls(),
            });
        }
        self.workload.header = self.header.header;
        Ok(self.workload)
    }

    fn error(&self, fault: Fault, line: &[u8], last: bool) -> TraceError {
        match fault {
            Fault::Expected { at, expected } => {
                let (found, expected) = (found(line, at), expected.trim_end_matches(',').into());
                let line = self.line;
                if last {
                    TraceError::CutOff {
                        line,
                        found,
                        expected,
                        calls: self.calls(),
                        is_end_promised: self.header.is_end_promised,
                    }
                } else {
                    TraceError::Malformed {
                        line,
                        found,
                        expected,
                    }
                }
            }
            Fault::Incomplete { told, read } => TraceError::Incomplete {
                line: self.line,
                told,
                read,
            },
            Fault::TooManyEvents => TraceError::TooManyEvents {
                line: self.line,
                limit: self.limits.events,
            },
            Fault::TooMuch { what, limit } => TraceError::TooMuch {
                line: self.line,
                what,
                limit,
            },
            Fault::OutOfMemory => TraceError::OutOfMemory { line: self.line },
        }
    }

    #[inline]
    fn one(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.line == 1 {
            return HeaderReader::first_line(line);
        }
        match line {
            [] | [b'#', ..] => Ok(()),
            [op, b' ', ..] => self.event(*op, line),
            _ if End::is_one(line) => self.end.line(line),
            _ if !self.begun => self.header.line(line),
            _ => Err(Fault::Expected {
                at: 0,
                expected: OP,
            }),
        }
    }

    #[inline]
    fn event(&mut self, op: u8, line: &[u8]) -> Result<(), Fault> {
        let fields = &mut Fields::new(line, 2);
        if !matches!(op, b'm' | b'c' | b'a' | b'r' | b'f' | b't' | b'e' | b'k') {
            return expected(0, OP);
        }
        let time = self.time(fields)?;
        fields.space(FIELD)?;
        let thread = self.thread(fields)?;
        if op != b'e' {
            fields.space(FIELD)?;
        }
        if self.workload.events.len() >= self.limits.events as usize {
            return Err(Fault::TooManyEvents);
        }
        let call = match op {
            b'm' => self.malloc(fields)?,
            b'c' => self.calloc(fields)?,
            b'a' => self.aligned(fields)?,
            b'r' => self.realloc(fields)?,
            b'f' => self.free(fields)?,
            b't' => Some(Call::Trim { pad: fields.pad()? }),
            b'e' => Some(Call::ThreadExit),
            _ => Some(self.mark(fields)?),
        };
        fields.end()?;
        self.end.nothing_after()?;
        self.end.read += 1;
        self.time = time;
        self.begun = true;
        if op == b'e' {
            self.exit(thread);
        }
        match call {
            Some(call) => self.push(thread, call),
            None => Ok(()),
        }
    }

    /// Reads the moment of a call.
    #[inline]
    fn time(&self, fields: &mut Fields) -> Result<Micros, Fault> {
        let at = fields.position();
        match Micros(fields.decimal(TIME)?) {
            time if time.0 >= TIME_END => expected(at, TIME),
            time if time < self.time => expected(at, FALLING),
            time => Ok(time),
        }
    }

    /// Reads the thread of a call, which has not ended.
    #[inline]
    fn thread(&self, fields: &mut Fields) -> Result<ThreadId, Fault> {
        let at = fields.position();
        match u16::try_from(fields.decimal(THREAD)?) {
            Ok(thread) if !self.has_ended(thread) => Ok(ThreadId(thread)),
            Ok(_) => expected(at, ENDED),
            Err(_) => expected(at, THREAD),
        }
    }

    /// Adds a call of the moment that was read last.
    #[inline]
    fn push(&mut self, thread: ThreadId, call: Call) -> Result<(), Fault> {
        self.workload.last_thread = self.workload.last_thread.max(thread);
        let events = &mut self.workload.events;
        if events.len() == events.capacity() {
            events
                .try_reserve(events.len().max(1024))
                .map_err(|_| Fault::OutOfMemory)?;
        }
        events.push(Event {
            time: self.time,
            thread,
            domain: Domain::Object,
            call,
        });
        Ok(())
    }

    /// Notes that a thread has ended.
    fn exit(&mut self, thread: ThreadId) {
        let place = usize::from(thread.0);
        self.ended.resize(self.ended.len().max(place + 1), false);
        self.ended[place] = true;
    }

    #[inline]
    fn has_ended(&self, thread: u16) -> bool {
        self.ended
            .get(usize::from(thread))
            .is_some_and(|&ended| ended)
    }

    #[inline]
    fn malloc(&mut self, fields: &mut Fields) -> Result<Option<Call>, Fault> {
        let pointer = fields.pointer(PTR)?;
        fields.space(FIELD)?;
        let size = fields.size(pointer)?;
        let block = self.allocated(pointer)?;
        Ok(Some(Call::Malloc { block, size }))
    }

    fn calloc(&mut self, fields: &mut Fields) -> Result<Option<Call>, Fault> {
        let pointer = fields.pointer(PTR)?;
        fields.space(FIELD)?;
        let at = fields.position();
        let count = fields.decimal(COUNT)?;
        fields.space(FIELD)?;
        let size = fields.decimal(SIZE)?;
        if !pointer.is_null() && count.checked_mul(size).is_none_or(|n| n >= SIZE_END) {
            return expected(at, COUNT);
        }
        let (count, size) = match (u32::try_from(count), u32::try_from(size)) {
            (Ok(count), _) => (count, size),
            (_, Ok(size)) => (size, count),
            // The product does not fit 64 bits and neither does this one: it fails as the recorded call did.
            _ => (u32::MAX, u64::MAX),
        };
        let block = self.allocated(pointer)?;
        let size = Bytes(size);
        Ok(Some(Call::Calloc { block, count, size }))
    }

    fn aligned(&mut self, fields: &mut Fields) -> Result<Option<Call>, Fault> {
        let pointer = fields.pointer(PTR)?;
        fields.space(FIELD)?;
        let at = fields.position();
        let alignment = match u32::try_from(fields.decimal(ALIGNMENT)?) {
            Ok(alignment) => alignment,
            _ => return expected(at, ALIGNMENT),
        };
        fields.space(FIELD)?;
        let size = fields.size(pointer)?;
        let block = self.allocated(pointer)?;
        Ok(Some(Call::Aligned {
            block,
            alignment,
            size,
        }))
    }

    #[inline]
    fn realloc(&mut self, fields: &mut Fields) -> Result<Option<Call>, Fault> {
        let new = fields.pointer(PTR)?;
        fields.space(FIELD)?;
        let pointer = fields.pointer(OLD)?;
        fields.space(FIELD)?;
        let size = fields.size(new)?;
        let failed = new.is_null() && size != Bytes::ZERO;
        let old = match pointer {
            Address::NULL => None,
            _ if failed => self.names.get(pointer),
            _ => self.names.forget(pointer),
        };
        if !pointer.is_null() && old.is_none() {
            self.workload.skipped += 1;
            if new.is_null() && !failed {
                return Ok(None);
            }
        }
        let block = self.allocated(new)?;
        Ok(Some(Call::Realloc { block, old, size }))
    }

    #[inline]
    fn free(&mut self, fields: &mut Fields) -> Result<Option<Call>, Fault> {
        let pointer = fields.pointer(PTR)?;
        if pointer.is_null() {
            return Ok(None);
        }
        let block = self.names.forget(pointer);
        if block.is_none() {
            self.workload.skipped += 1;
        }
        Ok(block.map(|block| Call::Free { block }))
    }

    fn mark(&mut self, fields: &mut Fields) -> Result<Call, Fault> {
        let limits = self.limits;
        if self.workload.marks.len() >= limits.marks as usize {
            return Err(Fault::TooMuch {
                what: "marks",
                limit: limits.marks.into(),
            });
        }
        let mut mark = Mark {
            name: fields.word(NAME)?.to_owned(),
            measured: Vec::new(),
        };
        self.count_mark_text(mark.name.len())?;
        while !fields.is_over() {
            fields.space(PAIR)?;
            let at = fields.position();
            let pair = fields.word(PAIR)?;
            let fault = Fault::Expected { at, expected: PAIR };
            let Some((key, value)) = pair.split_once('=') else {
                return Err(fault);
            };
            if key.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(fault);
            }
            let value = value.parse().map_err(|_| fault)?;
            self.count_mark_text(key.len() + PAIR_BYTES as usize)?;
            mark.measured.push((key.to_owned(), value));
        }
        // No more marks than events, which are counted in 32 bits.
        let id = MarkId(self.workload.marks.len() as u32);
        self.workload.marks.push(mark);
        Ok(Call::Mark(id))
    }

    fn count_mark_text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.mark_text += bytes as u64;
        let limit = self.limits.mark_text;
        if self.mark_text > limit {
            let what = "bytes of marks";
            return Err(Fault::TooMuch { what, limit });
        }
        Ok(())
    }

    /// Numbers the block that an allocating line returned.
    #[inline]
    fn allocated(&mut self, pointer: Address) -> Result<BlockId, Fault> {
        let block = BlockId(self.workload.blocks);
        let recorded = &mut self.workload.recorded;
        if recorded.len() == recorded.capacity() {
            recorded
                .try_reserve(recorded.len().max(1024))
                .map_err(|_| Fault::OutOfMemory)?;
        }
        recorded.push(pointer);
        // At most one block for each event, which are counted in 32 bits.
        self.workload.blocks += 1;
        if !pointer.is_null() {
            self.names.name(pointer, block);
        }
        Ok(block)
    }
}

#[cold]
fn expected<T>(at: usize, expected: &'static str) -> Result<T, Fault> {
    Err(Fault::Expected { at, expected })
}
