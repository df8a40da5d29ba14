//! Several files that were opened at once: the recording of a forked process with those of its ancestors, as one.
//!
//! The page hands them over as one file, so that all that it does with a file can be done with them. It begins with text: a line
//! of its own, a line with size and name of each, and an empty one. Their bytes follow. Where the reader has chosen one of them, two
//! lines with its place come first.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    rc::Rc,
};

use highwater_hwr::{layout::Control, read::Reader};
use highwater_workload::trace::{self, Beside, Packing};
use web_sys::File;

use crate::{
    protocol::Outcome,
    worker::{Engine, Job, Slice, Step, import::TOO_MANY, recorded::read_slice},
};
use families::Families;

/// The line that several files in one begin with.
pub const FIRST_LINE: &str = "highwater-files 1\n";
/// What the second line begins with where one of them is chosen, before its place. The same text follows without that line.
pub const CHOSEN: &str = "chosen ";
/// Bytes of the two lines that say which is chosen at most.
const LONGEST_CHOICE: usize = 64;
/// Bytes of the text before the files at most.
const LONGEST_HEAD: usize = 1 << 20;
/// Bytes of the recording that is made of several at most.
const LONGEST: usize = 128 << 20;
/// Bytes of a text of samples at most.
const LONGEST_SAMPLES: u64 = 64 << 20;
/// Bytes that are read at a time.
const PART: usize = 1 << 18;
/// Bytes that are read of a recording to see what it is of: its control block, as recorders write it.
const CONTROL: usize = 1 << 14;
/// Events between two looks at the clock.
const EVENTS: u64 = 1 << 12;

/// Fills a buffer with what lies behind a place, as far as there is something.
pub(crate) type ReadAt = Rc<dyn Fn(u64, &mut [u8]) -> io::Result<usize>>;

/// One of the files: its name, and where its bytes lie.
struct Member {
    name: String,
    begins: u64,
    ends: u64,
}

/// Several files on their way to one recording.
pub(crate) struct Together {
    read: ReadAt,
    /// The share of what is read that was read.
    done: Rc<Cell<f64>>,
    packing: Option<Packing<BufReader<Part>>>,
    origin: String,
}

impl Together {
    /// Begins with a file of the user's, if it is several in one.
    pub(crate) fn of_file(file: &File) -> Option<Self> {
        let mut begins = [0; FIRST_LINE.len()];
        // What cannot be read is not several files: who reads it next says so.
        read_slice(file, 0, &mut begins).ok()?;
        let file = file.clone();
        let read = move |at, buffer: &mut [u8]| read_slice(&file, at, buffer);
        (begins == FIRST_LINE.as_bytes()).then(|| Self::of(Rc::new(read)))
    }

    /// Begins with several files in one.
    fn of(read: ReadAt) -> Self {
        Self {
            read,
            done: Rc::default(),
            packing: None,
            origin: String::new(),
        }
    }

    /// Chooses what is opened, and begins to read it.
    fn begin(&mut self) -> Result<Packing<BufReader<Part>>, String> {
        let (members, chosen) = members(&self.read).map_err(|error| error.to_string())?;
        let families = Families::of(self, &members).map_err(|error| error.to_string())?;
        let (family, origin) = families.choose(chosen)?;
        self.origin = origin;
        let total: u64 = family.iter().map(|one| length(one.member)).sum();
        let mut before = 0;
        let mut readers = Vec::new();
        for one in &family {
            let reader = self.open(one.member, PART, (before, total));
            readers.push(reader.map_err(|error| format!("{}: {error}", one.member.name))?);
            before += length(one.member);
        }
        let (first, own) = (family[0], family[family.len() - 1]);
        let samples = self.samples(&members, own.member, [&first.control, &own.control])?;
        Packing::new(readers, samples).map_err(|error| format!("{}: {error}", own.member.name))
    }

    /// Opens one of the files as a recording, which is read in parts of a size. So many bytes of all are read before it.
    fn open(
        &self,
        member: &Member,
        part: usize,
        (before, total): (u64, u64),
    ) -> Result<Reader<BufReader<Part>>, highwater_hwr::read::ReadError> {
        let capacity = part;
        let part = Part {
            read: Rc::clone(&self.read),
            at: member.begins,
            ends: member.ends,
            begins: member.begins.wrapping_sub(before),
            total,
            done: Rc::clone(&self.done),
        };
        Reader::new(BufReader::with_capacity(capacity, part))
    }

    /// Reads the samples that lie beside a recording.
    fn samples(
        &self,
        members: &[Member],
        own: &Member,
        [first, control]: [&Control; 2],
    ) -> Result<Vec<Beside>, String> {
        let name = format!("{}.samples", own.name.trim_end_matches(".hwr"));
        let beside = members.iter().find(|member| member.name == name);
        let Some(beside) = beside.filter(|beside| length(beside) <= LONGEST_SAMPLES) else {
            return Ok(Vec::new());
        };
        let mut bytes = vec![0; length(beside) as usize];
        fill(&self.read, beside.begins, &mut bytes).map_err(|error| error.to_string())?;
        let samples = trace::samples(&String::from_utf8_lossy(&bytes), first, control);
        samples.map_err(|line| format!("{name}, line {line}: expected `s TIME key=value ...`"))
    }
}

impl Job for Together {
    fn advance(&mut self, _: &mut Engine, slice: &Slice) -> Step {
        let packing = match &mut self.packing {
            Some(packing) => packing,
            None => match self.begin() {
                Ok(packing) => self.packing.insert(packing),
                Err(message) => return Step::Failed(message),
            },
        };
        while slice.may_go_on() {
            match packing.go_on(EVENTS) {
                Ok(true) => {}
                Ok(false) => {
                    let written = self.packing.take().map(Packing::finish);
                    return match written.unwrap_or_else(|| Ok(Vec::new())) {
                        Ok(written) => {
                            let origin = std::mem::take(&mut self.origin);
                            Step::DoneWith(Outcome::Imported { origin }, written.into())
                        }
                        Err(error) => Step::Failed(error.to_string()),
                    };
                }
                Err(error) => return Step::Failed(error.to_string()),
            }
            if packing.length() > LONGEST {
                return Step::Failed(TOO_MANY.to_owned());
            }
        }
        Step::More(self.done.get())
    }
}

fn length(member: &Member) -> u64 {
    member.ends - member.begins
}

/// Reads which one is chosen, if one is, and where the text about the files begins. Each choice stands before those that were made
/// before it.
fn choice(read: &ReadAt) -> io::Result<(Option<usize>, u64)> {
    let (mut at, mut chosen) = (0, None);
    loop {
        let mut begins = [0; LONGEST_CHOICE];
        let filled = read(at, &mut begins)?;
        let text = String::from_utf8_lossy(&begins[..filled]);
        let line = (text.strip_prefix(FIRST_LINE)).and_then(|rest| rest.strip_prefix(CHOSEN));
        let Some((place, _)) = line.and_then(|rest| rest.split_once('\n')) else {
            return Ok((chosen, at));
        };
        chosen = chosen.or(place.parse().ok());
        at += (FIRST_LINE.len() + CHOSEN.len() + place.len() + 1) as u64;
    }
}

/// Reads which files there are, and which one is chosen.
fn members(read: &ReadAt) -> io::Result<(Vec<Member>, Option<usize>)> {
    let (chosen, begins) = choice(read)?;
    let mut head = vec![0; LONGEST_HEAD];
    let filled = read(begins, &mut head)?;
    let wrong = || io::Error::other("these files cannot be opened at once: open fewer");
    let head = String::from_utf8_lossy(&head[..filled]).into_owned();
    let (head, _) = head.split_once("\n\n").ok_or_else(wrong)?;
    let mut at = begins + (head.len() + 2) as u64;
    let mut members = Vec::new();
    for line in head.lines().skip(1) {
        let (size, name) = line.split_once(' ').ok_or_else(wrong)?;
        let size = size.parse().map_err(|_| wrong())?;
        let ends = at.checked_add(size).ok_or_else(wrong)?;
        members.push(Member {
            name: name.to_owned(),
            begins: at,
            ends,
        });
        at = ends;
    }
    Ok((members, chosen))
}

/// A part of a file, from its beginning to its end.
struct Part {
    read: ReadAt,
    at: u64,
    ends: u64,
    /// The place from which the share that was read counts.
    begins: u64,
    total: u64,
    done: Rc<Cell<f64>>,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min((self.ends - self.at) as usize);
        let count = (self.read)(self.at, &mut buffer[..most])?;
        self.at += count as u64;
        let read = self.at.wrapping_sub(self.begins);
        self.done.set(read as f64 / self.total.max(1) as f64);
        Ok(count)
    }
}

/// Fills a whole buffer.
fn fill(read: &ReadAt, mut at: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match read(at, buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                at += count as u64;
                buffer = &mut buffer[count..];
            }
        }
    }
    Ok(())
}

mod families;
#[cfg(test)]
mod tests;
