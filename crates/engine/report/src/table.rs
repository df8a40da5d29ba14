//! The table in which variants are compared: its columns, and the whole as text, Markdown and CSV.

mod csv;
mod markdown;
mod text;

pub use csv::field;
pub use markdown::{code, escaped};

use highwater_simulator::{Bytes, Micros, Summary, Variant};

/// What of a run a column is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    /// All of it.
    Run,
    /// The end of the last burst.
    Burst,
    /// The moment of the comparison.
    Moment,
}

/// A figure of a summary, under a heading.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head, for people.
    pub head: &'static str,
    /// Its name, for programs.
    pub key: &'static str,
    /// Its number in links, which never changes.
    pub number: usize,
    /// The figure.
    pub value: fn(&Summary) -> u64,
    /// Whether that is bytes, and not a count.
    pub is_bytes: bool,
    /// What of the run it is of.
    pub of: Of,
}

const fn bytes(
    number: usize,
    head: &'static str,
    key: &'static str,
    of: Of,
    value: fn(&Summary) -> u64,
) -> Column {
    Column {
        head,
        key,
        number,
        value,
        is_bytes: true,
        of,
    }
}

/// The columns.
pub const COLUMNS: [Column; 13] = [
    bytes(0, "peak", "peak", Of::Run, |s| s.peak.0),
    bytes(1, "after burst", "after_burst", Of::Burst, |s| {
        s.after_burst.0
    }),
    bytes(2, "after rest", "after_rest", Of::Moment, |s| {
        s.after_rest.0
    }),
    bytes(3, "live", "live", Of::Moment, |s| s.live.0),
    bytes(8, "free", "free", Of::Moment, |s| s.free.0),
    bytes(4, "reclaimable", "reclaimable", Of::Moment, |s| {
        s.reclaimable.0
    }),
    bytes(10, "memory.current", "memory_current", Of::Moment, |s| {
        s.memory_current.0
    }),
    bytes(HUGE, "huge pages", "huge", Of::Moment, |s| s.huge.0),
    bytes(LAZY_FREE, "LazyFree", "lazy_free", Of::Moment, |s| {
        s.lazy_free.0
    }),
    bytes(9, "trim gave", "given_back_by_trim", Of::Run, |s| {
        s.trimmed.0
    }),
    bytes(5, "at end", "at_end", Of::Run, |s| s.at_end.0),
    Column {
        is_bytes: false,
        ..bytes(6, "faults", "faults", Of::Run, |s| s.faults)
    },
    Column {
        is_bytes: false,
        ..bytes(7, "syscalls", "syscalls", Of::Run, |s| s.syscalls)
    },
];

/// The columns that most runs have nothing in.
const HUGE: usize = 11;
const LAZY_FREE: usize = 12;

/// The column whose figure is of the moment itself.
pub const RESIDENT: usize = 2;

impl Column {
    /// Its figure for people.
    pub fn shown(&self, summary: &Summary) -> String {
        let value = (self.value)(summary);
        match self.is_bytes {
            true => Bytes(value).to_string(),
            false => value.to_string(),
        }
    }
}

/// A variant in the table.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What runs it.
    pub allocator: String,
    /// Its settings, those that an allocator reads, and limits of the machine.
    pub settings: String,
    /// What "after burst" is of.
    pub burst: String,
    /// What the moment of the comparison is.
    pub moment: String,
    /// Its figures, once they are known.
    pub summary: Option<Summary>,
    /// Whether those of the moment are not known.
    pub lacks_moment: bool,
}

impl Row {
    /// A figure, if it is known.
    fn figure(&self, column: &Column) -> Option<&Summary> {
        let lacks = self.lacks_moment && column.of == Of::Moment;
        self.summary.as_ref().filter(|_| !lacks)
    }
}

/// A table.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    /// What is compared.
    pub title: String,
    /// Whether the moment is the end of the last rest of each run, and not one that was chosen.
    pub is_after_rest: bool,
    /// The variants.
    pub rows: Vec<Row>,
}

/// What runs the processes of each stage, and with which settings: allocator and settings.
pub fn runtime<'a>(
    stages: impl IntoIterator<Item = (&'a str, u64, &'a Variant)>,
) -> (String, String) {
    let stages: Vec<_> = stages.into_iter().collect();
    let is_one = stages.len() == 1;
    let mut allocators: Vec<String> = Vec::new();
    let mut settings: Vec<String> = Vec::new();
    for (name, processes, variant) in stages {
        let python = variant
            .python
            .map(|version| format!("python@{version} on "));
        let allocator = format!("{}{}", python.unwrap_or_default(), variant.allocator);
        if !allocators.contains(&allocator) {
            allocators.push(allocator);
        }
        let read = variant.environment.iter();
        let read = read.filter(|variable| highwater_settings::is_read(&variable.name));
        let mut said: Vec<String> = read.map(|variable| variable.to_string()).collect();
        if processes > 1 {
            said.push(format!("{processes} processes"));
        }
        if let Some(cap) = variant.cap {
            said.push(format!("cap {cap}"));
        }
        if let Some(high) = variant.high {
            said.push(format!("memory.high {high}"));
        }
        if let Some(cores) = variant.cores {
            said.push(format!("{} of {} cores", cores.allowed, cores.online));
        }
        let said = said.join(" ");
        match (is_one, said.is_empty()) {
            (_, true) => {}
            (true, false) => settings.push(said),
            (false, false) => settings.push(format!("{name}: {said}")),
        }
    }
    (allocators.join(", "), settings.join("; "))
}

/// What has no column: kills, time at the cap, and slowing down.
pub fn in_words(summary: &Summary) -> String {
    let mut said = Vec::new();
    match summary.killed {
        0 => {}
        1 => said.push("1 process killed at the cap".to_owned()),
        n => said.push(format!("{n} processes killed at the cap")),
    }
    if let Some(near) = summary.near_cap.filter(|near| *near > Micros(0)) {
        said.push(format!("{near} within 2 % of the cap"));
    }
    if let Some(time) = summary.throttled {
        said.push(format!("slowed down by memory.high from {time} on"));
    }
    if summary.trims > 1 {
        said.push(format!("{} calls of malloc_trim", summary.trims));
    }
    said.join(", ")
}

impl Table {
    /// Returns the columns that people are shown: those for huge pages and for MADV_FREE only where a variant has any.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> + Clone + '_ {
        COLUMNS.iter().filter(|column| {
            let mut known = self.rows.iter().filter_map(|row| row.figure(column));
            let is_rare = [HUGE, LAZY_FREE].contains(&column.number);
            !is_rare || known.any(|summary| (column.value)(summary) > 0)
        })
    }

    /// The head of a column.
    pub fn head(&self, column: &Column) -> &'static str {
        match column.number {
            RESIDENT if !self.is_after_rest => "resident",
            _ => column.head,
        }
    }

    /// What the figures of a column are of, where that is one moment: the same for all variants, or each run's own.
    pub fn moment(&self, of: Of) -> String {
        let said = |row: &Row| match of {
            Of::Run => String::new(),
            Of::Burst => row.burst.clone(),
            Of::Moment => row.moment.clone(),
        };
        let known = self.rows.iter().filter(|row| row.summary.is_some());
        let mut known: Vec<String> = known.map(said).collect();
        known.dedup();
        match &known[..] {
            [] => String::new(),
            [one] => one.clone(),
            _ => "each run's own".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
