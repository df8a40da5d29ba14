//! Which of several recordings can be shown, each with those of its ancestors, and which one is.

use std::{io, rc::Rc};

use highwater_hwr::{
    extent::{Extent, extent},
    layout::Control,
};
use highwater_simulator::Micros;
use highwater_workload::trace::{Orphan, ancestry};

use super::{CONTROL, Member, Together, length};
use crate::{format, naming::plain};

/// Ancestors that are named.
const NAMED: usize = 3;
/// Letters of a command that are shown at most.
const LONGEST_COMMAND: usize = 60;

/// A recording among the files.
pub(super) struct Recording<'a> {
    pub(super) member: &'a Member,
    pub(super) control: Control,
    /// What its header says was run; empty where it does not.
    command: String,
    extent: Extent,
}

/// The recordings among the files, and the families of which one can be shown.
pub(super) struct Families<'a> {
    all: Vec<Recording<'a>>,
    /// Places of a process's recording and of its ancestors', the oldest first. What is most likely looked for comes first: a
    /// process that is nobody's parent here, with the most events.
    whole: Vec<Vec<usize>>,
    /// The first whose ancestors' recordings are not all there, and what is missing.
    orphan: Option<(usize, Orphan)>,
}

impl<'a> Families<'a> {
    /// Looks into the files.
    pub(super) fn of(together: &Together, members: &'a [Member]) -> io::Result<Self> {
        let mut all = Vec::new();
        for member in members {
            // What is no recording may be one's samples.
            let Ok(reader) = together.open(member, CONTROL, (0, 1)) else {
                continue;
            };
            let program = reader.header_text().lines();
            let program = program
                .filter_map(|line| line.strip_prefix("program "))
                .next();
            let read = Rc::clone(&together.read);
            let extent = extent(&mut |at, buffer| {
                let left = length(member).saturating_sub(at);
                let most = buffer.len().min(left as usize);
                read(member.begins + at, &mut buffer[..most])
            });
            all.push(Recording {
                member,
                control: *reader.control(),
                command: program.unwrap_or_default().to_owned(),
                extent: extent?,
            });
        }
        let controls: Vec<Control> = all.iter().map(|one| one.control).collect();
        let (mut whole, mut orphan) = (Vec::new(), None);
        for own in 0..all.len() {
            match ancestry(&controls, own) {
                Ok(family) => whole.push(family),
                Err(missing) => orphan = orphan.or(Some((own, missing))),
            }
        }
        let mut is_parent = vec![false; all.len()];
        for family in &whole {
            for ancestor in &family[..family.len() - 1] {
                is_parent[*ancestor] = true;
            }
        }
        whole.sort_by_key(|family| {
            let own = family[family.len() - 1];
            (is_parent[own], u64::MAX - all[own].extent.events)
        });
        Ok(Self { all, whole, orphan })
    }

    /// Returns the recordings that are read as one, the oldest first: those of the family at a place, or of the first. What is said
    /// of them is as [`Imported`](crate::protocol::Outcome::Imported) has it.
    pub(super) fn choose(
        &self,
        chosen: Option<usize>,
    ) -> Result<(Vec<&Recording<'a>>, String), String> {
        let chosen = chosen.filter(|place| *place < self.whole.len());
        let chosen = chosen.unwrap_or_default();
        let Some(family) = self.whole.get(chosen) else {
            return Err(self.why_none());
        };
        let family: Vec<_> = family.iter().map(|place| &self.all[*place]).collect();
        let mut said = origin(&family);
        if let Some((own, Orphan { parent })) = self.orphan {
            let name = &self.all[own].member.name;
            said += &format!(" {name} also needs the recording of process {parent}.");
        }
        if self.whole.len() > 1 {
            said += &format!(
                " These files hold {} recordings that can be shown: choose another in the list above.",
                format::count(self.whole.len() as u64)
            );
            let last = self.whole.iter().filter_map(|family| family.last());
            let mut lines: Vec<String> = Vec::new();
            for line in last.map(|own| self.all[*own].line()) {
                // A name is what is asked for: one that there is already gets a number.
                let name = |line: &str| line.split('\t').next().map(str::to_owned);
                let same = lines.iter().filter(|other| name(other) == name(&line));
                lines.push(match same.count() {
                    0 => line,
                    n => line.replacen('\t', &format!(" ({})\t", n + 1), 1),
                });
            }
            said = [&[said, lines[chosen].clone()], &lines[..]]
                .concat()
                .join("\n");
        }
        Ok((family, said))
    }

    /// Says why nothing can be shown.
    fn why_none(&self) -> String {
        match self.orphan {
            Some((own, Orphan { parent })) => format!(
                "{} is of a forked process, and the recording of its parent, process {parent}, is not among these files: choose it as well",
                self.all[own].member.name
            ),
            None => "none of these files is a recording in binary form (.hwr): open other files one at a time".to_owned(),
        }
    }
}

impl Recording<'_> {
    /// Returns a line to choose it by: the name of its file, a tab, and what is known of it.
    fn line(&self) -> String {
        let command: String = self.command.chars().take(LONGEST_COMMAND).collect();
        let command = match command.as_str() {
            "" => String::new(),
            command => format!(", {}", plain(command)),
        };
        let Extent { events, lasts } = self.extent;
        format!(
            "{}\t(process {}, {}, {}{command})",
            plain(&self.member.name),
            self.control.process,
            format::of(events, "event", "events"),
            format::time(Micros(lasts)),
        )
    }
}

/// Says whose recording is shown.
fn origin(family: &[&Recording]) -> String {
    let Some((own, ancestors)) = family.split_last() else {
        return String::new();
    };
    let named = ancestors.iter().rev().take(NAMED);
    let named: Vec<String> = named.map(|one| one.control.process.to_string()).collect();
    let mut said = format!("Process {}", own.control.process);
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
    said + "."
}
