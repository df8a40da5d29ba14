//! Texts with a line for each call: one reader, and a grammar for each tool.

mod android;
mod line;
mod logalloc;
mod ltrace;
mod lttng;
mod mtrace;
pub(crate) mod perf;

use crate::calls::{Calls, Origin};
use crate::error::Fault;
use crate::input::Input;
use crate::losses::{Loss, Losses};
use highwater_hwr::Event;
use rustc_hash::FxHashMap;
use std::io::Read;

/// The tools whose texts can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tool {
    Android,
    Logalloc,
    Mtrace,
    Ltrace,
    Lttng,
    Perf,
}

/// What a line says.
enum Said<'l> {
    /// A call, or the end of a thread.
    Call(Call),
    /// The first half of a call, as text, with its thread and time, or its second half.
    Begun(Option<u64>, Option<u64>, &'l [u8]),
    /// The name of the call that goes on, and what follows.
    Ended(u64, &'l [u8], &'l [u8]),
    /// The arguments of a call, whose result is a later line.
    Entered(Call),
    /// The result of the call that a thread has entered.
    Returned(u64, u64),
    /// So many events are missing.
    Missing(u64),
    /// Where the recording begins or ends.
    Bound,
    /// A call of another function, in a line of the tool's grammar.
    Beside,
    /// Something else.
    Other,
}

/// A call as a line has it.
#[derive(Clone, Copy)]
struct Call {
    /// The process, where it is told.
    process: Option<u64>,
    thread: Option<u64>,
    /// Nanoseconds on the tool's clock.
    time: Option<u64>,
    what: What,
}

/// What was called.
#[derive(Clone, Copy)]
enum What {
    Event(Event<'static>),
    /// An aligned block whose address is not told.
    Unnamed,
    /// An old block, to which a realloc belongs that is the next line.
    Reallocating(u64),
    /// What that realloc returned, and the size.
    Reallocated(u64, u64),
}

/// Threads that may be within a call at one time, calls within each other, and bytes of a line that are kept.
const WITHIN: usize = 1 << 14;
const DEEPEST: usize = 16;
const BEGUN_LONGEST: usize = 256;

/// Reads the lines of a text.
pub(crate) struct Text {
    tool: Tool,
    /// The process that was seen first; calls of others are left out.
    process: Option<u64>,
    /// The first time.
    beginning: Option<u64>,
    /// The last time, and the days that a clock of the day has gone round.
    last: u64,
    days: u64,
    /// The old block of a realloc whose second line is still to come.
    old: Option<u64>,
    /// The first halves of calls, by thread: the outermost first.
    begun: FxHashMap<u64, Vec<Vec<u8>>>,
    entered: FxHashMap<u64, Call>,
}

/// Lines by which a text is recognised.
const LOOKED_AT: usize = 64;

impl Tool {
    const ALL: [Self; 6] = [
        Self::Android,
        Self::Logalloc,
        Self::Mtrace,
        Self::Ltrace,
        Self::Lttng,
        Self::Perf,
    ];

    /// Returns the tool whose text begins so: most of the first lines must be of its grammar, and a call must be among what is
    /// known of the text.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        if start.contains(&0) {
            return None;
        }
        let lines = || {
            let whole = memchr::memrchr(b'\n', start).map_or(0, |end| end);
            let lines = start[..whole].split(|byte| *byte == b'\n');
            let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            lines.filter(|line| !line.is_empty())
        };
        let first = || lines().take(LOOKED_AT);
        let total = first().count();
        Self::ALL.into_iter().find(|tool| {
            let is_beside = |line: &[u8]| matches!(tool.say(line), Ok(Said::Beside));
            let fits = |line: &&[u8]| tool.says_something(line) || is_beside(line);
            first().filter(fits).count() * 2 >= total
                && lines().any(|line| tool.says_something(line))
        })
    }

    fn says_something(self, line: &[u8]) -> bool {
        !matches!(
            self.say(line),
            Ok(Said::Other | Said::Beside | Said::Bound) | Err(_)
        )
    }

    /// Reads a line.
    fn say(self, line: &[u8]) -> Result<Said<'_>, Fault> {
        match self {
            Self::Android => android::line(line),
            Self::Logalloc => logalloc::line(line),
            Self::Mtrace => mtrace::line(line),
            Self::Ltrace => ltrace::line(line),
            Self::Lttng => lttng::line(line),
            Self::Perf => perf::line(line),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Android => "Android malloc_debug",
            Self::Logalloc => "logalloc",
            Self::Mtrace => "mtrace",
            Self::Ltrace => "ltrace",
            Self::Lttng => "LTTng",
            Self::Perf => "perf",
        }
    }

    /// Returns what every text of the tool lacks, of which the first call is known.
    fn lost(self) -> &'static [Loss] {
        use Loss::{Calls, Failures, Kinds, Order, Sites, Start, Threads, Time, Upkeep};
        match self {
            Self::Android => &[Failures, Upkeep, Sites],
            Self::Logalloc => &[Time, Upkeep, Sites],
            Self::Mtrace => &[Start, Threads, Time, Kinds, Failures, Upkeep, Sites],
            Self::Ltrace => &[Order, Calls, Upkeep, Sites],
            Self::Lttng => &[Order, Calls, Upkeep, Sites],
            Self::Perf => &[Start, Order, Calls, Upkeep, Sites],
        }
    }
}

impl Text {
    /// Begins before the first line.
    pub(crate) fn new(tool: Tool) -> Self {
        Self {
            tool,
            process: None,
            beginning: None,
            last: 0,
            days: 0,
            old: None,
            begun: FxHashMap::default(),
            entered: FxHashMap::default(),
        }
    }

    /// Returns what a text lacks that begins so.
    pub(crate) fn losses(tool: Tool, start: &[u8]) -> Losses {
        let mut losses = Losses::of(format!("the text of {}", tool.name()), tool.lost());
        let lines = start
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let call = lines.into_iter().find_map(|line| match tool.say(line) {
            Ok(Said::Call(call) | Said::Entered(call)) => Some((call.thread, call.time)),
            Ok(Said::Begun(thread, time, _)) => Some((thread, time)),
            _ => None,
        });
        if let Some((thread, time)) = call {
            if thread.is_none() {
                losses.add(Loss::Threads);
            }
            if time.is_none() {
                losses.add(Loss::Time);
            }
        }
        losses
    }

    /// Reads a line; `false` after the last.
    pub(crate) fn step<R: Read>(
        &mut self,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<bool, Fault> {
        let line = input.line()?;
        if let Some(line) = line.filter(|line| !line.is_empty()) {
            self.line(line, calls)?;
        }
        Ok(line.is_some())
    }

    fn line(&mut self, line: &[u8], calls: &mut Calls) -> Result<(), Fault> {
        match self.tool.say(line)? {
            Said::Call(call) => {
                let thread = call.thread.unwrap_or(0);
                if matches!(call.what, What::Event(Event::ThreadEnd)) {
                    self.begun.remove(&thread);
                }
                // A call that another call makes is that call.
                match self.begun.contains_key(&thread) {
                    true => Ok(()),
                    false => self.call(call, calls),
                }
            }
            Said::Begun(thread, _, text) => {
                if self.begun.len() < WITHIN && text.len() < BEGUN_LONGEST {
                    let within = self.begun.entry(thread.unwrap_or(0)).or_default();
                    if within.len() < DEEPEST {
                        within.push(text.to_vec());
                    }
                }
                Ok(())
            }
            Said::Ended(thread, name, rest) => self.ended(thread, name, rest, calls),
            Said::Entered(call) => {
                if let (true, Some(thread)) = (self.entered.len() < WITHIN, call.thread) {
                    self.entered.insert(thread, call);
                }
                Ok(())
            }
            Said::Returned(thread, address) => match self.entered.remove(&thread) {
                Some(mut call) => {
                    returned(&mut call.what, address);
                    self.call(call, calls)
                }
                None => Ok(()),
            },
            Said::Missing(count) => {
                calls.lose(Loss::Dropped);
                let dropped = &mut calls.state.losses.dropped;
                *dropped = dropped.saturating_add(count);
                Ok(())
            }
            Said::Bound => Ok(()),
            Said::Beside | Said::Other => {
                calls.state.losses.other_lines += 1;
                Ok(())
            }
        }
    }

    /// Joins the halves of a call, and hands it on unless it is within another.
    fn ended(
        &mut self,
        thread: u64,
        name: &[u8],
        rest: &[u8],
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        let mut within = self.begun.remove(&thread).unwrap_or_default();
        // What began before the recording did has one half only.
        let whole = within.pop().filter(|whole| contains(whole, name));
        let Some(mut whole) = whole else {
            calls.state.losses.other_lines += 1;
            return Ok(());
        };
        if !within.is_empty() {
            self.begun.insert(thread, within);
            return Ok(());
        }
        whole.extend_from_slice(rest);
        match self.tool.say(&whole)? {
            Said::Call(call) => self.call(call, calls),
            _ => {
                calls.state.losses.other_lines += 1;
                Ok(())
            }
        }
    }

    /// Returns a time that does not fall where a clock of the day passes midnight.
    fn unwrapped(&mut self, time: u64) -> u64 {
        const DAY: u64 = 24 * 3600 * 1_000_000_000;
        if time >= DAY {
            return time;
        }
        if time + self.days + DAY / 2 < self.last {
            self.days += DAY;
        }
        self.last = self.last.max(time + self.days);
        time + self.days
    }

    /// Hands a call on, if it is of the process at hand.
    fn call(&mut self, call: Call, calls: &mut Calls) -> Result<(), Fault> {
        if let Some(process) = call.process
            && *self.process.get_or_insert(process) != process
        {
            calls.lose(Loss::Others);
            return Ok(());
        }
        if let Some(time) = call.time {
            let time = self.unwrapped(time);
            let beginning = *self.beginning.get_or_insert(time);
            calls.time(time.saturating_sub(beginning) / 1000)?;
        }
        let thread = calls.thread(call.thread.unwrap_or(0));
        let origin = Origin::thread(thread);
        let event = match call.what {
            What::Unnamed => {
                calls.lose(Loss::Outputs);
                return Ok(());
            }
            What::Reallocating(old) => {
                self.old = Some(old);
                return Ok(());
            }
            What::Reallocated(address, size) => Event::Realloc {
                address,
                old: self.old.take().unwrap_or(0),
                size,
            },
            What::Event(Event::Free { address: 0 }) => return Ok(()),
            What::Event(Event::ThreadEnd) => {
                // The end of the first thread is that of the process.
                if thread > 0 {
                    calls.hand_on(origin, Event::ThreadEnd)?;
                }
                if let Some(id) = call.thread {
                    calls.forget_thread(id);
                }
                return Ok(());
            }
            What::Event(event @ Event::Mark(_)) => return calls.hand_on(origin, event),
            What::Event(event) => event,
        };
        calls.call(origin, event)
    }
}

/// Sets the result of a call whose arguments are known.
fn returned(what: &mut What, result: u64) {
    if let What::Event(
        Event::Malloc { address, .. }
        | Event::Calloc { address, .. }
        | Event::Aligned { address, .. }
        | Event::Realloc { address, .. },
    ) = what
    {
        *address = result;
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
