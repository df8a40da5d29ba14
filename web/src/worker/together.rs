//! Several files that were opened at once: the recording of a forked process with those of its ancestors, as one.
//!
//! The page hands them over as one file, so that all that it does with a file can be done with them. It begins with text: a line
//! of its own, a line with size and name of each, and an empty one. Their bytes follow.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    rc::Rc,
};

use highwater_hwr::{layout::Control, read::Reader};
use highwater_workload::trace::{self, Beside, Orphan, Packing, ancestry};
use web_sys::File;

use crate::{
    protocol::Outcome,
    worker::{
        Engine, Job, Slice, Step,
        import::{LONGEST, TOO_MANY},
        recorded::read_slice,
    },
};

/// The line that several files in one begin with.
pub const FIRST_LINE: &str = "highwater-files 1\n";
/// Bytes of the text before the files at most.
const LONGEST_HEAD: usize = 1 << 20;
/// Bytes of a text of samples at most.
const LONGEST_SAMPLES: u64 = 64 << 20;
/// Bytes that are read at a time.
const PART: usize = 1 << 18;
/// Events between two looks at the clock.
const EVENTS: u64 = 1 << 12;
/// Ancestors that are named.
const NAMED: usize = 3;

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
        let members = members(&self.read).map_err(|error| error.to_string())?;
        let recordings: Vec<(&Member, Control)> = (members.iter())
            .filter_map(|member| Some((member, *self.open(member, 0, 1).ok()?.control())))
            .collect();
        let controls: Vec<Control> = recordings.iter().map(|(_, control)| *control).collect();
        let family = chosen(&recordings, &controls)?;
        let total: u64 = family
            .iter()
            .map(|place| length(recordings[*place].0))
            .sum();
        let mut before = 0;
        let mut readers = Vec::new();
        for place in &family {
            let member = recordings[*place].0;
            let reader = self.open(member, before, total);
            readers.push(reader.map_err(|error| format!("{}: {error}", member.name))?);
            before += length(member);
        }
        let [first, own] = [family[0], family[family.len() - 1]].map(|place| &recordings[place]);
        let samples = self.samples(&members, own.0, [&first.1, &own.1])?;
        let processes = family.iter().map(|place| recordings[*place].1.process);
        self.origin = origin(&processes.collect::<Vec<_>>(), recordings.len());
        if let Some((name, Orphan { parent })) = orphan(&recordings, &controls) {
            self.origin += &format!(" {name} also needs the recording of process {parent}.");
        }
        Packing::new(readers, samples).map_err(|error| format!("{}: {error}", own.0.name))
    }

    /// Opens one of the files as a recording. So many bytes of all are read before it.
    fn open(
        &self,
        member: &Member,
        before: u64,
        total: u64,
    ) -> Result<Reader<BufReader<Part>>, highwater_hwr::read::ReadError> {
        let part = Part {
            read: Rc::clone(&self.read),
            at: member.begins,
            ends: member.ends,
            begins: member.begins.wrapping_sub(before),
            total,
            done: Rc::clone(&self.done),
        };
        Reader::new(BufReader::with_capacity(PART, part))
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
                            Step::DoneWith(Outcome::Imported { origin }, written)
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

/// Reads which files there are.
fn members(read: &ReadAt) -> io::Result<Vec<Member>> {
    let mut head = vec![0; LONGEST_HEAD];
    let filled = read(0, &mut head)?;
    let wrong = || io::Error::other("these files cannot be opened at once: open fewer");
    let head = String::from_utf8_lossy(&head[..filled]).into_owned();
    let (head, _) = head.split_once("\n\n").ok_or_else(wrong)?;
    let mut at = (head.len() + 2) as u64;
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
    Ok(members)
}

/// Returns the recordings that are read as one, the oldest first: of the process that is nobody's parent here and has the
/// longest recording of those whose ancestors' are all there.
fn chosen(all: &[(&Member, Control)], controls: &[Control]) -> Result<Vec<usize>, String> {
    let families = (0..all.len()).map(|own| ancestry(controls, own));
    let families: Vec<Result<Vec<usize>, Orphan>> = families.collect();
    let whole = || families.iter().filter_map(|family| family.as_ref().ok());
    let is_parent = |own: usize| whole().any(|family| family[..family.len() - 1].contains(&own));
    let rank = |family: &&Vec<usize>| {
        let own = family[family.len() - 1];
        // A parent's own only where there is nothing else: it was opened for the sake of its child.
        (!is_parent(own), length(all[own].0))
    };
    if let Some(family) = whole().max_by_key(rank) {
        return Ok(family.clone());
    }
    Err(match orphan(all, controls) {
        Some((name, Orphan { parent })) => format!(
            "{name} is of a forked process, and the recording of its parent, process {parent}, is not among these files: choose it as well"
        ),
        None => "none of these files is a recording in binary form (.hwr): open other files one at a time".to_owned(),
    })
}

/// The name of the first whose ancestors' recordings are not all there, and what is missing.
fn orphan<'a>(all: &[(&'a Member, Control)], controls: &[Control]) -> Option<(&'a str, Orphan)> {
    let mut numbered = all.iter().enumerate();
    numbered.find_map(|(own, (member, _))| Some((&*member.name, ancestry(controls, own).err()?)))
}

/// Says what was opened of so many recordings.
fn origin(family: &[u32], recordings: usize) -> String {
    let (own, ancestors) = family.split_last().unwrap_or((&0, &[]));
    let named = ancestors.iter().rev().take(NAMED);
    let named: Vec<String> = named.map(u32::to_string).collect();
    let mut said = format!("Process {own}");
    if !named.is_empty() {
        let kin = if ancestors.len() == 1 {
            "its parent, process"
        } else {
            "its ancestors, processes"
        };
        let more = if ancestors.len() > NAMED { ", ..." } else { "" };
        said += &format!(
            ", which began with the heap of {kin} {}{more}",
            named.join(", ")
        );
    }
    let others = recordings - family.len();
    if others > 0 {
        let (word, open) = if others == 1 {
            ("recording", "it")
        } else {
            ("recordings", "one")
        };
        said += &format!(". Not shown: {others} other {word}; to see {open}, choose fewer files");
    }
    said + "."
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

#[cfg(test)]
mod tests;
