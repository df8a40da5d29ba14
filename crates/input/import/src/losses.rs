//! What a format does not hold, and which answers that touches.

use std::fmt;

/// Something that a format does not hold, or that a file lacks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Loss {
    /// The calls before the tool began to track.
    Start,
    /// Which thread made a call.
    Threads,
    /// The order of calls of different threads.
    Order,
    /// When a call was made.
    Time,
    /// Times between the tool's own ticks.
    Ticks,
    /// The alignments that were asked for; they are guessed from the addresses.
    Alignment,
    /// Which calls cleared or aligned their blocks: all are treated as malloc.
    Kinds,
    /// Which calls were realloc: those that keep their address are taken for it.
    Reallocs,
    /// The addresses of blocks: they are numbered instead.
    Addresses,
    /// The addresses of some aligned blocks, so that their frees are unknown.
    Outputs,
    /// Calls that the tool does not see.
    Calls,
    /// Calls that failed.
    Failures,
    /// Calls of malloc_trim and mallopt, and the ends of threads.
    Upkeep,
    /// Events that the tool dropped under load.
    Dropped,
    /// The end of the file.
    End,
    /// Names of some call sites, of which there are more than are kept.
    Names,
    /// All call sites.
    Sites,
    /// The blocks of Python's own allocator of objects.
    Objects,
    /// The calls of other processes in the same file, which are left out.
    Others,
}

/// An answer that a loss may touch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Answer {
    /// Sizes, counts and live bytes.
    Live,
    /// Where blocks lie, and what keeps free memory from going back.
    Placement,
    /// Arenas and the caches of threads.
    Arenas,
    /// Phases, rests and decay.
    Times,
    /// Who made a call.
    Sites,
}

impl Answer {
    /// Every answer, in the order in which they are named.
    pub const ALL: [Self; 5] = [
        Self::Live,
        Self::Placement,
        Self::Arenas,
        Self::Times,
        Self::Sites,
    ];

    /// Returns its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live bytes",
            Self::Placement => "the places of blocks and pins",
            Self::Arenas => "arenas and thread caches",
            Self::Times => "phases, rests and decay",
            Self::Sites => "call sites",
        }
    }
}

impl Loss {
    /// Every loss.
    pub const ALL: [Self; 19] = [
        Self::Start,
        Self::Threads,
        Self::Order,
        Self::Time,
        Self::Ticks,
        Self::Alignment,
        Self::Kinds,
        Self::Reallocs,
        Self::Addresses,
        Self::Outputs,
        Self::Calls,
        Self::Failures,
        Self::Upkeep,
        Self::Dropped,
        Self::End,
        Self::Names,
        Self::Sites,
        Self::Objects,
        Self::Others,
    ];

    /// Returns the word for it in the header of a trace.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Threads => "threads",
            Self::Order => "order",
            Self::Time => "time",
            Self::Ticks => "ticks",
            Self::Alignment => "alignment",
            Self::Kinds => "kinds",
            Self::Reallocs => "reallocs",
            Self::Addresses => "addresses",
            Self::Outputs => "outputs",
            Self::Calls => "calls",
            Self::Failures => "failures",
            Self::Upkeep => "upkeep",
            Self::Dropped => "dropped",
            Self::End => "end",
            Self::Names => "names",
            Self::Sites => "sites",
            Self::Objects => "objects",
            Self::Others => "others",
        }
    }

    /// Says what is lost.
    pub fn what(self) -> &'static str {
        match self {
            Self::Start => "the calls before tracking began",
            Self::Threads => "the threads (all calls are treated as one thread's)",
            Self::Order => "the exact order of calls of different threads",
            Self::Time => "the times of calls",
            Self::Ticks => "times within 10 ms",
            Self::Alignment => "alignments (guessed from addresses)",
            Self::Kinds => "which calls were calloc or aligned (all are treated as malloc)",
            Self::Reallocs => {
                "which calls were realloc (treated as free and malloc unless the address stays)"
            }
            Self::Addresses => "addresses (a free releases the oldest block of its size and stack)",
            Self::Outputs => "the addresses that posix_memalign returned",
            Self::Calls => "calls that the tool does not see",
            Self::Failures => "failed calls",
            Self::Upkeep => "malloc_trim, mallopt and the ends of threads",
            Self::Dropped => "events that the tool dropped",
            Self::End => "the end of the file (it is cut off)",
            Self::Names => "the names of some call sites",
            Self::Sites => "call sites",
            Self::Objects => "the small blocks of Python's own allocator",
            Self::Others => {
                "the calls of other processes in the file (only the first one's are read)"
            }
        }
    }

    /// Returns the answers that it touches.
    pub fn touches(self) -> &'static [Answer] {
        use Answer::{Arenas, Live, Placement, Sites, Times};
        match self {
            Self::Start | Self::Outputs | Self::Calls | Self::Dropped => &[Live, Placement],
            Self::Threads => &[Placement, Arenas],
            Self::Order | Self::Addresses => &[Placement],
            Self::Alignment | Self::Kinds | Self::Reallocs | Self::Failures => &[Placement],
            Self::Time | Self::Ticks => &[Times],
            Self::Upkeep => &[Placement, Arenas],
            Self::End => &[Live, Times],
            Self::Names | Self::Sites => &[Sites],
            Self::Objects => &[Live],
            Self::Others => &[],
        }
    }

    /// Returns why addresses cannot be compared where it is lost.
    fn forbids_check(self) -> Option<&'static str> {
        Some(match self {
            Self::Addresses => "its blocks have numbers instead of addresses",
            Self::Start => {
                "the calls before tracking began are missing, so its heap is not the recorded one from the beginning"
            }
            Self::Threads => {
                "it does not say which thread made a call, so its arenas are not the recorded ones"
            }
            Self::Dropped => "the tool dropped events",
            Self::Calls => "the tool does not see every call",
            Self::Order => "the order of calls is not exact",
            Self::Kinds | Self::Alignment => "it does not name the requested alignments",
            Self::Outputs => "it lacks the addresses that posix_memalign returned",
            Self::Reallocs | Self::Failures | Self::Upkeep => return None,
            Self::Time
            | Self::Ticks
            | Self::End
            | Self::Names
            | Self::Sites
            | Self::Objects
            | Self::Others => {
                return None;
            }
        })
    }
}

/// What an imported file lacks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Losses {
    /// The format that was read.
    pub format: String,
    /// What is lost, each once and in order.
    pub lost: Vec<Loss>,
    /// Calls that were read.
    pub calls: u64,
    /// Events that the tool itself says it dropped.
    pub dropped: u64,
    /// Lines of a text that are no calls.
    pub other_lines: u64,
}

impl Losses {
    /// The losses of a format.
    pub(crate) fn of(format: impl Into<String>, lost: &[Loss]) -> Self {
        let mut losses = Self {
            format: format.into(),
            ..Self::default()
        };
        lost.iter().for_each(|loss| losses.add(*loss));
        losses
    }

    /// Adds a loss that shows only while the file is read.
    pub(crate) fn add(&mut self, loss: Loss) {
        if let Err(at) = self.lost.binary_search(&loss) {
            self.lost.insert(at, loss);
        }
    }

    /// Returns the text of a trace's header line `imported`: the format, and a word for each loss.
    pub fn header_line(&self) -> String {
        let words: Vec<_> = self.lost.iter().map(|loss| loss.word()).collect();
        format!("{}; lost: {}", self.format, words.join(" "))
    }

    /// Reads what [`Losses::header_line`] returned; unknown words are passed over.
    pub fn from_header_line(text: &str) -> Self {
        let (format, words) = text.split_once("; lost: ").unwrap_or((text, ""));
        let mut losses = Self::of(format, &[]);
        for word in words.split(' ') {
            let known = Loss::ALL.into_iter().find(|loss| loss.word() == word);
            known.into_iter().for_each(|loss| losses.add(loss));
        }
        losses
    }

    /// Returns the answers that are touched, or those that are not.
    pub fn answers(&self, are_touched: bool) -> Vec<Answer> {
        let touches = |answer: &Answer| {
            let mut lost = self.lost.iter();
            lost.any(|loss| loss.touches().contains(answer))
        };
        let mut answers = Answer::ALL.to_vec();
        answers.retain(|answer| touches(answer) == are_touched);
        answers
    }

    /// Returns why the addresses of a replay cannot be compared with the file's; `None` if they can.
    pub fn check_refusal(&self) -> Option<&'static str> {
        self.lost.iter().find_map(|loss| loss.forbids_check())
    }
}

/// Joins the names of answers.
fn named(answers: &[Answer]) -> String {
    let names: Vec<_> = answers.iter().map(|answer| answer.name()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read as {}", self.format)?;
        if self.lost.is_empty() {
            return write!(f, ": nothing is lost");
        }
        let what = |loss: &Loss| match (loss, self.dropped) {
            (Loss::Dropped, 1) => "one event that the tool dropped".to_owned(),
            (Loss::Dropped, 2..) => format!("{} {}", self.dropped, loss.what()),
            _ => loss.what().to_owned(),
        };
        let lost: Vec<_> = self.lost.iter().map(what).collect();
        write!(f, "; it lacks {}", lost.join("; "))?;
        if self.other_lines > 0 {
            let lines = if self.other_lines == 1 {
                "line was"
            } else {
                "lines were"
            };
            write!(f, ". {} other {lines} skipped", self.other_lines)?;
        }
        let (touched, others) = (self.answers(true), self.answers(false));
        if !touched.is_empty() {
            write!(f, ". This affects {}", named(&touched))?;
        }
        if !others.is_empty() {
            write!(f, ", and not {}", named(&others))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Loss, Losses};

    #[test]
    fn a_header_line_has_every_loss() {
        let losses = Losses::of("a tool", &Loss::ALL);
        assert_eq!(Losses::from_header_line(&losses.header_line()), losses);
        assert_eq!(losses.answers(true), Answer::ALL);
    }

    #[test]
    fn a_loss_that_touches_no_placement_allows_a_check() {
        assert_eq!(
            Losses::of("a", &[Loss::Time, Loss::Upkeep]).check_refusal(),
            None
        );
        let refused = Losses::of("a", &[Loss::Addresses]).check_refusal();
        assert!(refused.is_some_and(|reason| reason.contains("numbers")));
    }
}
