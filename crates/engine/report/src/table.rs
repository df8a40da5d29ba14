//! The table in which variants are compared: its columns, and the whole as text, Markdown and CSV.

use crate::one_line;
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
pub const COLUMNS: [Column; 10] = [
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

/// What has no column: kills, and time at the cap.
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
    if summary.trims > 1 {
        said.push(format!("{} calls of malloc_trim", summary.trims));
    }
    said.join(", ")
}

impl Table {
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

    /// As plain text, with the figures in columns.
    pub fn text(&self) -> String {
        let wide = |of: fn(&Row) -> &str, least: usize| {
            let all = self
                .rows
                .iter()
                .map(|row| one_line(of(row)).chars().count());
            all.max().unwrap_or(0).max(least)
        };
        let names = wide(|row| &row.name, "variant".len());
        let allocators = wide(|row| &row.allocator, "allocator".len());
        let mut text = format!("{}\n\n", one_line(&self.title));
        for of in [Of::Burst, Of::Moment] {
            let column = COLUMNS.iter().find(|column| column.of == of);
            if let Some(column) = column {
                let moment = self.moment(of);
                text += &format!("{}: {}\n", self.head(column), one_line(&moment));
            }
        }
        text += &format!("\n{:<names$} {:<allocators$}", "variant", "allocator");
        for column in &COLUMNS {
            text += &format!(" {:>11}", self.head(column));
        }
        text.push('\n');
        for row in &self.rows {
            let name = one_line(&row.name);
            text += &format!("{name:<names$} {:<allocators$}", row.allocator);
            for column in &COLUMNS {
                let shown = row.figure(column).map(|summary| column.shown(summary));
                text += &format!(" {:>11}", shown.unwrap_or_else(|| "–".to_owned()));
            }
            let words = row.summary.map(|summary| in_words(&summary));
            let words = words.filter(|words| !words.is_empty());
            text += &words.map_or(String::new(), |words| format!("  {words}"));
            text.push('\n');
        }
        let with_settings = self.rows.iter().filter(|row| !row.settings.is_empty());
        let mut settings = with_settings.peekable();
        if settings.peek().is_some() {
            text.push('\n');
        }
        for row in settings {
            let (name, settings) = (one_line(&row.name), one_line(&row.settings));
            text += &format!("{name:<names$} {settings}\n");
        }
        text
    }

    /// As Markdown, for a document.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "**{}**\n\n| variant | allocator | settings |",
            escaped(&self.title)
        );
        for column in &COLUMNS {
            text += &format!(" {}", self.head(column));
            let moment = self.moment(column.of);
            if [1, RESIDENT].contains(&column.number) && !moment.is_empty() {
                text += &format!(" ({})", moment_in_markdown(&moment));
            }
            text += " |";
        }
        text += " |\n| --- | --- | --- |";
        text += &" ---: |".repeat(COLUMNS.len());
        text += " --- |\n";
        for row in &self.rows {
            text += &format!(
                "| {} | {} | {} |",
                escaped(&row.name),
                escaped(&row.allocator),
                code(&row.settings)
            );
            for column in &COLUMNS {
                let shown = row.figure(column).map(|summary| column.shown(summary));
                text += &format!(" {} |", shown.unwrap_or_else(|| "–".to_owned()));
            }
            let words = row.summary.map(|summary| in_words(&summary));
            text += &format!(" {} |\n", words.unwrap_or_default());
        }
        text
    }

    /// As CSV (RFC 4180), sizes in bytes and times in seconds.
    pub fn csv(&self) -> String {
        let mut text = "variant,allocator,settings,after_burst_at,moment".to_owned();
        for column in &COLUMNS {
            let key = match column.number {
                RESIDENT if !self.is_after_rest => "resident",
                _ => column.key,
            };
            text += &format!(",{key}");
        }
        text += ",killed,near_cap_s\n";
        for row in &self.rows {
            let words = [
                &row.name,
                &row.allocator,
                &row.settings,
                &row.burst,
                &row.moment,
            ];
            text += &words.map(|words| field(words)).join(",");
            for column in &COLUMNS {
                let value = row.figure(column);
                let value = value.map(|summary| (column.value)(summary).to_string());
                text += &format!(",{}", value.unwrap_or_default());
            }
            let killed = row.summary.map(|summary| summary.killed.to_string());
            let near = row.summary.and_then(|summary| summary.near_cap);
            let near = near.map(|near| near.decimal_seconds(6).to_string());
            text += &format!(
                ",{},{}\n",
                killed.unwrap_or_default(),
                near.unwrap_or_default()
            );
        }
        text
    }
}

/// Text in a cell of a Markdown table, which says nothing but itself there.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let mut escaped = String::new();
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = *letters.peek().unwrap_or(&' ');
        let is_sign = match letter {
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' => true,
            '<' => next.is_ascii_alphabetic() || "/!?".contains(next),
            '&' => next.is_ascii_alphabetic() || next == '#',
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            _ => false,
        };
        if is_sign {
            escaped.push('\\');
        }
        escaped.push(letter);
        before = letter;
    }
    escaped
}

/// Text in a cell of a Markdown table, as code.
fn code(text: &str) -> String {
    // A bar in code is written with a backslash, and where one is there already it would end the cell.
    if text.is_empty() || text.contains("\\|") {
        return escaped(text);
    }
    let text = one_line(text).replace('|', "\\|");
    let longest = text.split(|letter| letter != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    match text.starts_with('`') || text.ends_with('`') {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// A moment in a cell of a Markdown table: the name of a mark in it is code.
fn moment_in_markdown(moment: &str) -> String {
    let name = moment.find('`').zip(moment.rfind('`'));
    match name.filter(|(from, to)| from < to) {
        Some((from, to)) => {
            let (before, name, after) = (&moment[..from], &moment[from + 1..to], &moment[to + 1..]);
            format!("{}{}{}", escaped(before), code(name), escaped(after))
        }
        None => escaped(moment),
    }
}

/// A field of CSV, on one line. One that a spreadsheet would take for a formula begins with an apostrophe.
fn field(text: &str) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let text = one_line(text);
    let sign = if text.trim_start().starts_with(FORMULA) {
        "'"
    } else {
        ""
    };
    match text.contains([',', '"', ';']) {
        true => format!("\"{sign}{}\"", text.replace('"', "\"\"")),
        false => format!("{sign}{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Variable;

    fn variable(name: &str, value: &str) -> Variable {
        Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    fn table(name: &str, environment: Vec<Variable>) -> Table {
        let variant = Variant {
            environment,
            cap: Some(Bytes::mib(500)),
            ..Variant::default()
        };
        let (allocator, settings) = runtime([("", 1, &variant)]);
        let summary = Summary {
            peak: Bytes::mib(300),
            after_rest: Bytes::mib(200),
            killed: 1,
            near_cap: Some(Micros(1_500_000)),
            ..Summary::default()
        };
        Table {
            title: "A | B".to_owned(),
            is_after_rest: true,
            rows: vec![Row {
                name: name.to_owned(),
                allocator,
                settings,
                burst: "`burst1`, 5.84 s".to_owned(),
                moment: "`re|st`1`, 9.70 s".to_owned(),
                summary: Some(summary),
                lacks_moment: false,
            }],
        }
    }

    #[test]
    fn every_row_says_allocator_and_settings_and_no_secret() {
        let environment = vec![
            variable("MALLOC_ARENA_MAX", "2"),
            variable("DATABASE_URL", "postgres://admin:hunter2@db"),
        ];
        let table = table("plain", environment);
        for text in [table.text(), table.markdown(), table.csv()] {
            assert!(text.contains("glibc@2.36"), "{text}");
            assert!(text.contains("MALLOC_ARENA_MAX=2 cap 500.0 MiB"), "{text}");
            assert!(text.contains("9.70 s"), "{text}");
            assert!(
                !text.contains("hunter2") && !text.contains("DATABASE"),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_in_a_cell_leaves_it() {
        let table = table("a|b\n`c` <b> [x](http://y) *z*", vec![]);
        let markdown = table.markdown();
        let lines: Vec<&str> = markdown.lines().collect();
        assert_eq!(lines.len(), 5, "{markdown}");
        let cells = |line: &str| {
            let bare = line.replace("\\\\", "").replace("\\|", "");
            bare.matches('|').count()
        };
        assert_eq!(cells(lines[2]), cells(lines[3]), "{markdown}");
        assert_eq!(cells(lines[2]), cells(lines[4]), "{markdown}");
        assert!(
            lines[4].contains("a\\|b\\\\n\\`c\\` \\<b> \\[x\\](http://y) \\*z\\*"),
            "{markdown}"
        );
        assert!(lines[2].contains("(``re\\|st`1``, 9.70 s)"), "{markdown}");
    }

    #[test]
    fn no_field_of_csv_is_a_formula() {
        for name in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "=HYPERLINK(\"http://x\",\"y\")",
        ] {
            let csv = table(name, vec![]).csv();
            let row = csv.split_once('\n').expect("it has a row").1;
            let is_text = row.starts_with("'") || row.starts_with("\"'");
            assert!(is_text || row.starts_with("\\u0009=1"), "{row}");
        }
        assert_eq!(field("a, \"b\""), "\"a, \"\"b\"\"\"");
    }

    #[test]
    fn columns_keep_their_numbers() {
        let mut numbers: Vec<usize> = COLUMNS.iter().map(|column| column.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..COLUMNS.len()).collect::<Vec<_>>());
        let key = |number| {
            COLUMNS
                .iter()
                .find(|column| column.number == number)
                .map(|c| c.key)
        };
        assert_eq!(key(2), Some("after_rest"));
        assert_eq!(key(7), Some("syscalls"));
    }

    #[test]
    fn runs_with_moments_of_their_own_say_so() {
        let mut table = table("plain", vec![]);
        assert_eq!(table.moment(Of::Burst), "`burst1`, 5.84 s");
        table.rows.push(Row {
            burst: "`burst1`, 6.00 s".to_owned(),
            ..table.rows[0].clone()
        });
        assert_eq!(table.moment(Of::Burst), "each run's own");
        assert_eq!(table.moment(Of::Run), "");
    }
}
