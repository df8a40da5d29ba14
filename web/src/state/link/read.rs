//! Reading a link: whole and checked, before anything of the state is changed.

use highwater_simulator::{Choice, Micros};
use highwater_workload::{
    RunSpec,
    pattern::Parameters,
    spec::{Fault, Level, Tree},
};

use super::{
    Link, Linked, Through,
    entries::Entries,
    lines,
    view::{LATEST, View},
};
use crate::{
    form::EnvironmentForm,
    naming::plain,
    state::{MOST_NOTES, Note, Place},
    subject::{Choices, Subject},
    variants::{MOST, place_of},
};

/// Bytes of a link's text at most: a hundred times what eight variants take.
const LONGEST: usize = 64 << 10;

/// The longest settings of one variant that are read, in bytes, so that a link opens at once.
const LONGEST_BOX: usize = 8 << 10;

const NO_LETTER: &str = "a letter must be one from A to H";

impl Link {
    /// Reads a link's text.
    pub(super) fn read(text: &str, choices: &Choices) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err("it is too long".to_owned());
        }
        let tree = match text.starts_with('{') {
            true => Tree::from_json(text).map_err(|_| "it is no JSON".to_owned())?,
            false => lines::upgraded(text)?,
        };
        let mut entries = Entries::of(Some(tree))?;
        let said = |fault: Fault| plain(&fault.to_string());
        let run = entries.take("run").unwrap_or(Tree::Nothing);
        let run = RunSpec::try_from(run).map_err(said)?;
        run.check().map_err(said)?;
        let subject = subject_of(&run, choices)?;
        let mut link = Self {
            checksum: run.checksum().map_err(said)?,
            form: subject.form(),
            subject,
            variants: Vec::new(),
            over: Through::default(),
            settings: None,
            view: View::read(entries.take("view"))?,
            marked: notes(entries.take("notes"))?,
            tour: tour(entries.take("tour"))?,
            holds_more: false,
            notes: Vec::new(),
        };
        link.take_parameters(&run)?;
        let mut over = run.options();
        over.parameters.clear();
        over.take("pattern");
        let marks = match entries.take("marks") {
            Some(Tree::List(marks)) => marks,
            _ => Vec::new(),
        };
        let mut marks = marks.into_iter();
        for variant in &run.parts {
            link.take_variant(&over, variant, marks.next())?;
        }
        link.over = link.through(over)?;
        let first = entries.text("first").filter(|text| !text.trim().is_empty());
        link.settings = first.map(|text| link.cleaned(&text));
        entries.end()?;
        let view = &link.view;
        let used = [view.selected, view.baseline, view.beside];
        let number = link.variants.len() as u64;
        if number > 0 && used.into_iter().flatten().any(|at| at >= number) {
            return Err("it refers to a variant that it does not define".to_owned());
        }
        Ok(link)
    }

    /// Takes the parameters, each as it stands: one that cannot be is shown as such, as it was where the link was made.
    fn take_parameters(&mut self, run: &RunSpec) -> Result<(), String> {
        for (name, value) in &run.parameters {
            let mut all = Parameters::ALL.iter();
            let index = all.position(|parameter| parameter.name == name);
            let index = index.ok_or_else(|| format!("unknown parameter {}", plain(name)))?;
            self.form.edit(index, value.clone());
        }
        Ok(())
    }

    /// Takes a variant, with what is said of all set under it.
    fn take_variant(
        &mut self,
        over: &Level,
        spec: &Level,
        marks: Option<Tree>,
    ) -> Result<(), String> {
        if self.variants.len() >= MOST || !spec.parts.is_empty() {
            return Err(format!(
                "at most {MOST} variants, without stages of their own"
            ));
        }
        let number = self.variants.len();
        let mut marks = Entries::of(marks)?;
        let by_number = marks.number("base", u16::MAX.into())?;
        let colour = marks.number("colour", MOST as u64 - 1)?;
        let given = marks.text("given");
        let letter = match marks.text("letter").as_deref().map(str::as_bytes) {
            None => number,
            Some(&[letter]) => place_of(letter).ok_or(NO_LETTER)?,
            Some(_) => return Err(NO_LETTER.to_owned()),
        };
        marks.end()?;
        if self.variants.iter().any(|other| other.letter == letter) {
            return Err("two variants have the same letter".to_owned());
        }
        let base = self.base(spec.get("base"), by_number.unwrap_or(0))?;
        let mut options = over.clone();
        options.put(spec);
        let through = self.through(options)?;
        self.variants.push(Linked {
            name: plain(spec.text("name")),
            given: given.map(|name| plain(&name)),
            letter,
            colour: colour.unwrap_or(number as u64) as usize,
            base,
            through,
        });
        Ok(())
    }

    /// The scenario's variant of a name, or else of a number.
    fn base(&self, wanted: Option<&str>, number: u64) -> Result<usize, String> {
        let Some(run) = self.subject.bases() else {
            return Ok(0);
        };
        let is_base = |(at, variant): &(usize, &Level)| match wanted {
            Some(name) => variant.text("name") == name,
            None => *at as u64 == number,
        };
        let base = run.parts.iter().enumerate().find(is_base);
        let unknown = || format!("unknown variant {}", plain(wanted.unwrap_or("number")));
        base.map(|(at, _)| at).ok_or_else(unknown)
    }

    /// Takes the allocator, the nearest where it is not modelled, and the settings out of options.
    fn through(&mut self, mut options: Level) -> Result<Through, String> {
        let mut allocator = None;
        if let Some(name) = options.take("allocator") {
            let unknown = |_| format!("unknown allocator {}", plain(&name));
            let asked = Choice::nearest(&name).map_err(unknown)?;
            self.notes.extend(asked.instead);
            allocator = Some(asked.choice);
        }
        let environment = options.take("environment");
        Ok(Through {
            allocator,
            environment: environment.map(|text| self.cleaned(&text)),
            options,
        })
    }

    /// Takes the settings in a text, and leaves the rest of it.
    fn cleaned(&mut self, text: &str) -> EnvironmentForm {
        // A link that the page made holds nothing but settings.
        let short = text.lines().scan(0, |length, line| {
            *length += line.len() + 1;
            (*length <= LONGEST_BOX).then_some(line)
        });
        let short: Vec<&str> = short.collect();
        let form = EnvironmentForm::linked(short.join("\n"));
        self.holds_more |= form.is_reading || form.text.trim() != text.trim();
        form
    }
}

/// The step of a tour that a link says.
fn tour(tree: Option<Tree>) -> Result<Option<Place>, String> {
    if tree.is_none() {
        return Ok(None);
    }
    let mut tour = Entries::of(tree)?;
    let (step, language) = (tour.text("step"), tour.text("language"));
    tour.end()?;
    let place = step.and_then(|step| Place::of(language.as_deref(), &step));
    place
        .map(Some)
        .ok_or_else(|| "there is no such step of a tour".to_owned())
}

/// The notes that a link has, in order of time and at most as many as somebody can write.
fn notes(tree: Option<Tree>) -> Result<Vec<Note>, String> {
    let all = match tree {
        None => return Ok(Vec::new()),
        Some(Tree::List(all)) if all.len() <= MOST_NOTES => all,
        Some(_) => return Err(format!("`notes` must be a list of at most {MOST_NOTES}")),
    };
    let mut notes: Vec<Note> = Vec::new();
    for tree in all {
        let mut entries = Entries::of(Some(tree))?;
        let time = entries.number("time", LATEST)?;
        let time = Micros(time.ok_or("a note needs a `time`")?);
        let text = plain(&entries.text("text").unwrap_or_default());
        entries.end()?;
        let at = notes.partition_point(|note| note.time <= time);
        notes.insert(at, Note { time, text });
    }
    notes.dedup_by_key(|note| note.time);
    Ok(notes)
}

/// What a link's run is about.
fn subject_of(run: &RunSpec, choices: &Choices) -> Result<Subject, String> {
    let name = run.get("scenario").or(run.get("pattern"));
    match (name, run.get("trace")) {
        (None, Some(name)) => {
            let bundled = Subject::BUNDLED.into_iter();
            let mut bundled = bundled.filter(|_| run.get("checksum").is_none());
            let found = bundled.find(|one| one.key() == name);
            Ok(found.unwrap_or_else(|| Subject::File(plain(name))))
        }
        (Some(name), None) => {
            let found = choices.find(name);
            found.ok_or_else(|| format!("unknown workload {}", plain(name)))
        }
        _ => Err("it names no workload".to_owned()),
    }
}
