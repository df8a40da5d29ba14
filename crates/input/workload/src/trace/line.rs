//! A line to an event.

mod process;

use super::error::Fault;
use super::fields::{Fields, SIZE, SIZE_END};
use super::header::Version;
use highwater_hwr::{Domain, Event, Placed};
pub(super) use process::MAPPING_CALLS;

const TIME: &str = "TIME in decimal microseconds, below 2^53,";
const FALLING: &str = "a TIME that is not below the line before's";
const THREAD: &str = "THREAD, a decimal number up to 65535,";
const CALLER: &str = "THREAD, a decimal number up to 65535, with no more than :object or :raw, @SITE, ~WIDTH and +GAP after it, in this order,";
const ENDED: &str = "a THREAD that has not ended";
const PTR: &str = "PTR in hex with 0x, below 2^48,";
const OLD: &str = "OLD in hex with 0x, below 2^48,";
const COUNT: &str = "COUNT in decimal (COUNT times SIZE below 2^47 for a call that succeeded)";
const ALIGNMENT: &str = "ALIGNMENT, a number up to 4294967295,";
const NAME: &str = "the mark's NAME";
const PAIR: &str = "key=value with a decimal value";
const FIELD: &str = "one space and a further field";

const OP: [&str; 2] = [
    "a call (m c a r f t e k)",
    "a call or another event (m c a r f t e k o p n b v s i l)",
];

/// 285 years, and still exact in a JavaScript number.
pub(super) const TIME_END: u64 = 1 << 53;

/// What the lines up to here leave open for the next one.
#[derive(Clone, Default)]
pub(super) struct Order {
    /// The moment of the event that was read last.
    pub(super) time: u64,
    /// Whether each thread has ended, as far up as one has.
    ended: Vec<bool>,
    /// The number of events, with those that are known to be missing.
    pub(super) ticket: u64,
}

impl Order {
    /// Notes an event that was read.
    #[inline]
    pub(super) fn note(&mut self, placed: &Placed) {
        self.time = placed.time;
        self.ticket = placed.ticket.saturating_add(1);
        if matches!(placed.event, Event::ThreadEnd) {
            let place = placed.thread as usize;
            self.ended.resize(self.ended.len().max(place + 1), false);
            self.ended[place] = true;
        }
    }

    /// Whether a thread has ended.
    #[inline]
    pub(super) fn has_ended(&self, thread: u32) -> bool {
        let ended = self.ended.get(thread as usize);
        ended.is_some_and(|&ended| ended)
    }
}

/// Reads one line after another.
#[derive(Clone, Default)]
pub(super) struct Lines {
    pub(super) version: Version,
    /// The runs of pages of the line that was read last, as they lie in a file.
    runs: Vec<u8>,
}

impl Lines {
    /// Returns the error of a line that is no event.
    pub(super) fn no_event<T>(&self) -> Result<T, Fault> {
        expected(0, OP[self.version as usize])
    }

    /// Reads the line of an event.
    #[inline]
    pub(super) fn event<'a>(
        &'a mut self,
        order: &Order,
        op: u8,
        line: &'a [u8],
    ) -> Result<Placed<'a>, Fault> {
        let mut fields = Fields::new(line, 2);
        let is_call = matches!(op, b'm' | b'c' | b'a' | b'r' | b'f' | b't' | b'e' | b'k');
        if !is_call && (self.version == Version::One || !b"opnbvsil".contains(&op)) {
            return self.no_event();
        }
        let time = time(&mut fields, order)?;
        fields.space(FIELD)?;
        let at = fields.position();
        let mut placed = self.caller(&mut fields, order)?;
        // Samples, sites and files are of no thread, and bear the number of any.
        if order.has_ended(placed.thread) && !matches!(op, b's' | b'i' | b'l') {
            return expected(at, ENDED);
        }
        placed.time = time;
        placed.event = if is_call {
            call(&mut fields, op, line)?
        } else {
            process::event(&mut fields, op, line, &mut self.runs)?
        };
        fields.end()?;
        Ok(placed)
    }

    /// Reads the thread of an event, and what its field says besides.
    #[inline]
    fn caller<'p>(&self, fields: &mut Fields, order: &Order) -> Result<Placed<'p>, Fault> {
        let at = fields.position();
        let mut placed = Placed {
            ticket: order.ticket,
            width: 0,
            time: 0,
            thread: 0,
            domain: Domain::Unknown,
            site: 0,
            event: Event::Fork,
        };
        let thread = match self.version {
            Version::One => fields.decimal(THREAD)?,
            Version::Two => {
                let field = fields.field();
                origin(field, &mut placed).ok_or(Fault::Expected {
                    at,
                    expected: CALLER,
                })?
            }
        };
        match u16::try_from(thread) {
            Ok(thread) => placed.thread = thread.into(),
            Err(_) => return expected(at, THREAD),
        }
        Ok(placed)
    }
}

/// Reads the moment of a call.
#[inline]
fn time(fields: &mut Fields, order: &Order) -> Result<u64, Fault> {
    let at = fields.position();
    match fields.decimal(TIME)? {
        time if time >= TIME_END => expected(at, TIME),
        time if time < order.time => expected(at, FALLING),
        time => Ok(time),
    }
}

/// Reads the field of a thread with all that it may say, and returns the thread.
#[inline]
fn origin(mut field: &[u8], placed: &mut Placed) -> Option<u64> {
    let thread = digits(&mut field)?;
    if field.is_empty() {
        return Some(thread);
    }
    for (word, domain) in [(&b":object"[..], Domain::Object), (b":raw", Domain::Raw)] {
        if placed.domain == Domain::Unknown
            && let Some(rest) = field.strip_prefix(word)
        {
            (field, placed.domain) = (rest, domain);
        }
    }
    let mut gap = 0;
    let numbers = [
        (b'@', &mut placed.site),
        (b'~', &mut placed.width),
        (b'+', &mut gap),
    ];
    for (sign, number) in numbers {
        if field.first() == Some(&sign) {
            field = &field[1..];
            *number = digits(&mut field).filter(|&number| number > 0)?;
        }
    }
    placed.ticket = placed.ticket.checked_add(gap)?;
    field.is_empty().then_some(thread)
}

/// Takes a decimal number from the front.
fn digits(field: &mut &[u8]) -> Option<u64> {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let (digits, rest) = field.split_at(field.iter().take_while(is_digit).count());
    *field = rest;
    let add = |value: u64, &digit: &u8| {
        let value = value.checked_mul(10)?;
        value.checked_add(u64::from(digit & 15))
    };
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, add))?
}

/// Reads the rest of a line that tells of a call, the end of a thread or a mark.
#[inline]
fn call<'a>(fields: &mut Fields, op: u8, line: &'a [u8]) -> Result<Event<'a>, Fault> {
    Ok(match op {
        b'm' => {
            let address = pointer(fields, PTR)?;
            let size = size(fields, address)?;
            Event::Malloc { address, size }
        }
        b'c' => calloc(fields)?,
        b'a' => aligned(fields)?,
        b'r' => {
            let address = pointer(fields, PTR)?;
            let old = pointer(fields, OLD)?;
            let size = size(fields, address)?;
            Event::Realloc { address, old, size }
        }
        b'f' => Event::Free {
            address: pointer(fields, PTR)?,
        },
        b't' => {
            fields.space(FIELD)?;
            let pad = fields.pad()?;
            Event::Trim { pad }
        }
        b'e' => Event::ThreadEnd,
        _ => Event::Mark(mark(fields, line)?),
    })
}

#[inline]
fn pointer(fields: &mut Fields, expected: &'static str) -> Result<u64, Fault> {
    fields.space(FIELD)?;
    fields.pointer(expected)
}

#[inline]
fn size(fields: &mut Fields, address: u64) -> Result<u64, Fault> {
    fields.space(FIELD)?;
    fields.size(address)
}

fn calloc<'a>(fields: &mut Fields) -> Result<Event<'a>, Fault> {
    let address = pointer(fields, PTR)?;
    fields.space(FIELD)?;
    let at = fields.position();
    let count = fields.decimal(COUNT)?;
    fields.space(FIELD)?;
    let size = fields.decimal(SIZE)?;
    if address != 0 && count.checked_mul(size).is_none_or(|n| n >= SIZE_END) {
        return expected(at, COUNT);
    }
    Ok(Event::Calloc {
        address,
        count,
        size,
    })
}

fn aligned<'a>(fields: &mut Fields) -> Result<Event<'a>, Fault> {
    let address = pointer(fields, PTR)?;
    fields.space(FIELD)?;
    let at = fields.position();
    let alignment = fields.decimal(ALIGNMENT)?;
    if alignment > u32::MAX.into() {
        return expected(at, ALIGNMENT);
    }
    let size = size(fields, address)?;
    Ok(Event::Aligned {
        address,
        alignment,
        size,
    })
}

/// Reads a mark, and returns its text.
fn mark<'a>(fields: &mut Fields, line: &'a [u8]) -> Result<&'a [u8], Fault> {
    fields.space(FIELD)?;
    let at = fields.position();
    fields.word(NAME)?;
    while !fields.is_over() {
        fields.space(PAIR)?;
        pair(fields)?;
    }
    Ok(&line[at..])
}

fn pair(fields: &mut Fields) -> Result<(), Fault> {
    let at = fields.position();
    match split_pair(fields.word(PAIR)?) {
        Some(_) => Ok(()),
        None => expected(at, PAIR),
    }
}

/// The key and the number of a word that is a pair.
pub(super) fn split_pair(word: &str) -> Option<(&str, u64)> {
    let (key, value) = word.split_once('=')?;
    let is_number = !key.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| value.parse().ok())
        .flatten()
        .map(|value| (key, value))
}

#[cold]
fn expected<T>(at: usize, expected: &'static str) -> Result<T, Fault> {
    Err(Fault::Expected { at, expected })
}
