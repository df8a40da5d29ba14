//! The state as a text that travels in the page's address: JSON with the description of the run (`run`), the marks of its
//! variants (`marks`), the step of a tour (`tour`), and what of it is shown (`view`).
//!
//! The form is a promise: links made today open in every later release. Names stand for what the catalogue has, never numbers; a
//! key that is not known is refused, so that a link of a later release is not opened as something else. Links of the
//! first form are turned into this one (`lines`).
//!
//! A link is passed on. It holds the variables that an allocator reads and no others, and of one that holds others they are
//! not read.

mod lines;

use highwater_chart::letter;
use highwater_simulator::{Address, Choice, Micros};
use highwater_workload::{
    RunSpec,
    pattern::{Parameters, Pattern},
    spec::{Fault, Level, Tree},
};

use super::{At, Effect, Place, State, Theme};
use crate::{
    form::{EnvironmentForm, ParameterForm},
    format,
    naming::{Given, plain, settings},
    protocol::ToldKind,
    subject::Subject,
    variants::{MOST, VariantId, VariantState},
};

/// The recording that comes with the page, as a run names it.
pub(super) const BUNDLED: &str = "bundled";

/// Bytes of a link's text at most: a hundred times what eight variants take.
const LONGEST: usize = 64 << 10;

/// The longest settings of one variant that are read, in bytes, so that a link opens at once.
const LONGEST_BOX: usize = 8 << 10;

/// Microseconds of a run that a link may speak of: 35 years.
const LATEST: u64 = 1 << 50;

/// The keys of a variant's marks. Links of the first form have its base by number.
const MARKS: [&str; 4] = ["base", "colour", "given", "letter"];

/// The keys of a view whose values are numbers, each with the most that it may be.
const NUMBERS: [(&str, u64); 11] = [
    ("selected", MOST as u64 - 1),
    ("baseline", MOST as u64 - 1),
    ("beside", MOST as u64 - 1),
    ("time", u64::MAX),
    ("from", LATEST),
    ("to", LATEST),
    ("hidden", u16::MAX as u64),
    ("column", highwater_report::table::COLUMNS.len() as u64 - 1),
    ("falls", 1),
    ("first", u64::MAX),
    ("last", u64::MAX),
];

const THEMES: [(Theme, &str); 2] = [(Theme::Light, "light"), (Theme::Dark, "dark")];

/// What a link says, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    subject: Subject,
    /// Of the recording that it was made with.
    checksum: Option<u32>,
    form: ParameterForm,
    variants: Vec<Linked>,
    /// What it says of all variants, where they are those that the subject begins with.
    over: Level,
    /// The first one's settings then.
    settings: String,
    view: View,
    tour: Option<Place>,
    /// Whether it held more than what was read of it.
    holds_more: bool,
    /// What of it is otherwise than it says, in sentences.
    notes: Vec<String>,
}

/// What of a run is shown.
#[derive(Debug, Clone, PartialEq)]
struct View {
    /// Places among the variants.
    selected: usize,
    baseline: usize,
    compared: Option<usize>,
    time: Option<Micros>,
    zoom: Option<(Micros, Micros)>,
    hidden: u16,
    sorted: Option<(usize, bool)>,
    only: Option<ToldKind>,
    at: At,
    blocks: Option<(Address, Address)>,
    theme: Theme,
}

/// A variant in it.
#[derive(Debug, Clone, PartialEq)]
struct Linked {
    /// The name that somebody typed; empty where nobody did.
    name: String,
    /// The name that it was given for these settings.
    given: Option<String>,
    letter: usize,
    colour: usize,
    base: usize,
    /// As its base has them where it says none.
    allocator: Option<Choice>,
    environment: Option<String>,
    options: Level,
}

/// The entries of one table of a link.
struct Entries(Vec<(String, Tree)>);

impl Entries {
    fn of(tree: Option<Tree>) -> Result<Self, String> {
        match tree {
            None => Ok(Self(Vec::new())),
            Some(Tree::Table(pairs)) => Ok(Self(pairs)),
            // Not what stands there: that may be anything.
            Some(_) => Err("it needs a table".to_owned()),
        }
    }

    fn take(&mut self, key: &str) -> Option<Tree> {
        let at = self.0.iter().position(|(of, _)| of == key)?;
        Some(self.0.swap_remove(at).1)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    fn number(&mut self, key: &str, most: u64) -> Result<Option<u64>, String> {
        let Some(tree) = self.take(key) else {
            return Ok(None);
        };
        let number = match &tree {
            Tree::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number <= most);
        let wrong = || format!("`{key}` must be a whole number between 0 and {most}");
        number.map(Some).ok_or_else(wrong)
    }

    /// Of some values the one that is named.
    fn named<T: Copy>(&mut self, key: &str, known: &[(T, &str)]) -> Result<Option<T>, String> {
        let Some(words) = self.text(key) else {
            return Ok(None);
        };
        let found = known.iter().find(|(_, name)| *name == words);
        let found = found.map(|(value, _)| *value);
        found.map(Some).ok_or_else(|| not_one(key))
    }

    /// Whether all was taken: a key that is left is that of a later release.
    fn end(&self) -> Result<(), String> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err("it says something that this release does not know".to_owned()),
        }
    }
}

fn not_one(key: &str) -> String {
    format!("`{key}` is not one of its values")
}

/// Two numbers, the first less than the second.
fn range(key: &str, from: Option<u64>, to: Option<u64>) -> Result<Option<(u64, u64)>, String> {
    match (from, to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) if from < to => Ok(Some((from, to))),
        _ => Err(format!("`{key}` must be less than the key after it")),
    }
}

impl View {
    fn read(tree: Option<Tree>) -> Result<Self, String> {
        let mut entries = Entries::of(tree)?;
        let mut numbers = [None; NUMBERS.len()];
        for (number, (key, most)) in numbers.iter_mut().zip(NUMBERS) {
            *number = entries.number(key, most)?;
        }
        let [
            selected,
            baseline,
            beside,
            time,
            from,
            to,
            hidden,
            column,
            falls,
            first,
            last,
        ] = numbers;
        let only = entries.named("only", &ToldKind::NAMES)?;
        let theme = entries.named("theme", &THEMES)?;
        let at = match entries.text("at") {
            None => At::default(),
            Some(words) => At::of_link(&words).ok_or_else(|| not_one("at"))?,
        };
        entries.end()?;
        let (zoom, blocks) = (range("from", from, to)?, range("first", first, last)?);
        let place = |number: u64| number as usize;
        Ok(Self {
            selected: selected.map_or(0, place),
            baseline: baseline.map_or(0, place),
            compared: beside.filter(|_| beside != selected.or(Some(0))).map(place),
            time: time.map(Micros),
            zoom: zoom.map(|(from, to)| (Micros(from), Micros(to))),
            hidden: hidden.unwrap_or(0) as u16,
            sorted: column.map(|column| (place(column), falls == Some(1))),
            only,
            at,
            blocks: blocks.map(|(from, to)| (Address(from), Address(to))),
            theme: theme.unwrap_or(Theme::Preferred),
        })
    }
}

impl Link {
    /// Whether it is about this.
    pub(super) fn is_of(&self, subject: &Subject) -> bool {
        self.subject == *subject
    }

    /// Whether it may be about this: a file is known by its checksum once it is read, whatever its name.
    pub(super) fn may_be_of(&self, subject: &Subject) -> bool {
        let is_file = |subject: &Subject| matches!(subject, Subject::File(_));
        self.is_of(subject) || self.checksum.is_some() && is_file(subject) && is_file(&self.subject)
    }

    /// Takes the settings in a text, and leaves the rest of it.
    fn cleaned(&mut self, text: &str) -> String {
        // A link that the page made holds nothing but settings.
        let short = text.lines().scan(0, |length, line| {
            *length += line.len() + 1;
            (*length <= LONGEST_BOX).then_some(line)
        });
        let short: Vec<&str> = short.collect();
        let form = EnvironmentForm::typed(short.join("\n"));
        let kept = EnvironmentForm::of(&settings(&form.variables)).text;
        self.holds_more |= kept.trim() != text.trim();
        kept
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

    /// The allocator of a name, the nearest where it is not modelled.
    fn allocator(&mut self, name: &str) -> Result<Choice, String> {
        let asked =
            Choice::nearest(name).map_err(|_| format!("unknown allocator {}", plain(name)))?;
        self.notes.extend(asked.instead);
        Ok(asked.choice)
    }

    /// Takes a variant, with what is said of all set under it.
    fn take_variant(&mut self, spec: &Level, marks: Option<Tree>) -> Result<(), String> {
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
            Some([letter @ b'A'..=b'H']) => usize::from(letter - b'A'),
            Some(_) => return Err("a letter must be one from A to H".to_owned()),
        };
        marks.end()?;
        if self.variants.iter().any(|other| other.letter == letter) {
            return Err("two variants have the same letter".to_owned());
        }
        let base = match self
            .subject
            .run()
            .filter(|_| !is_pattern(self.subject.key()))
        {
            // A pattern's variants all begin alike.
            None => 0,
            Some(run) => {
                let wanted = spec.get("base");
                let is_base = |(at, variant): &(usize, &Level)| match wanted {
                    Some(name) => variant.text("name") == name,
                    None => *at as u64 == by_number.unwrap_or(0),
                };
                let base = run.parts.iter().enumerate().find(is_base);
                let unknown = || format!("unknown variant {}", plain(wanted.unwrap_or("number")));
                base.ok_or_else(unknown)?.0
            }
        };
        let mut options = self.over.clone();
        options.put(spec);
        let (allocator, environment) = self.run_through(&mut options)?;
        self.variants.push(Linked {
            name: plain(spec.text("name")),
            given: given.map(|name| plain(&name)),
            letter,
            colour: colour.unwrap_or(number as u64) as usize,
            base,
            allocator,
            environment,
            options,
        });
        Ok(())
    }

    /// Takes the allocator and the settings out of options.
    fn run_through(
        &mut self,
        options: &mut Level,
    ) -> Result<(Option<Choice>, Option<String>), String> {
        let allocator = options.take("allocator");
        let allocator = allocator.map(|name| self.allocator(&name)).transpose()?;
        let environment = options.take("environment");
        Ok((allocator, environment.map(|text| self.cleaned(&text))))
    }
}

/// What is wrong with a link, in words for the user.
fn unreadable(what: &str) -> String {
    format!("This link is invalid ({what}). Showing the default example instead")
}

pub(super) fn is_pattern(name: &str) -> bool {
    name.parse::<Pattern>().is_ok()
}

/// Those of which something is said.
fn said<const N: usize>(pairs: [(&str, Option<String>); N]) -> Vec<(&str, String)> {
    let pairs = pairs.into_iter();
    pairs.filter_map(|(key, text)| Some((key, text?))).collect()
}

/// A table of texts.
fn table(pairs: Vec<(&str, String)>) -> Tree {
    let pairs = pairs.into_iter();
    Tree::Table(
        pairs
            .map(|(key, text)| (key.to_owned(), Tree::Text(text)))
            .collect(),
    )
}

impl State {
    /// The state as a link's text; none while it is not what somebody wants to link to: while a recording is read, or waited for.
    pub fn link(&self) -> Option<String> {
        let is_settled = self.loading.is_none() && self.linked.is_none();
        is_settled.then(|| self.link_of_shown())
    }

    /// What is shown, as a link's text.
    pub fn link_of_shown(&self) -> String {
        let mut run = self.described();
        for (parameter, text) in Parameters::ALL.iter().zip(self.form.wrong()) {
            // A number that is out of range; nothing that was pasted there by mistake.
            let is_number = |text: &&String| {
                let of_numbers = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
                text.len() < 20 && text.bytes().all(of_numbers)
            };
            let text = text.filter(is_number).cloned();
            let wrong = text.map(|text| (parameter.name.to_owned(), text));
            run.parameters.extend(wrong);
        }
        if let Some(name) = run.take("scenario") {
            let is_pattern = is_pattern(&name);
            run.set(if is_pattern { "pattern" } else { "scenario" }, name);
        }
        let mut marks = Vec::new();
        for (place, variant) in self.variants.iter().enumerate() {
            let (spec, own) = self.linked_of(place, variant);
            run.parts.push(spec);
            marks.push(table(own));
        }
        let mut all = vec![
            ("run".to_owned(), Tree::from(run)),
            ("marks".to_owned(), Tree::List(marks)),
        ];
        if let Some(place) = self.tour_place() {
            let step = (place.at + 1).to_string();
            let tour = table(vec![("step", step), ("language", place.language)]);
            all.push(("tour".to_owned(), tour));
        }
        all.push(("view".to_owned(), table(self.view())));
        Tree::Table(all).to_json()
    }

    /// A variant, and its marks.
    fn linked_of(&self, place: usize, variant: &VariantState) -> (Level, Vec<(&str, String)>) {
        let mut spec = variant.options.clone();
        let typed = variant.typed_name();
        if let Some(base) = self.base_name(variant).filter(|_| variant.base > 0) {
            spec.set("base", base);
        }
        if !variant.is_staged() {
            let mut lines = String::new();
            for setting in settings(&variant.environment.variables) {
                lines.push_str(&setting.to_string());
                lines.push('\n');
            }
            spec.set("allocator", variant.allocator.to_string());
            spec.set("environment", lines);
        }
        let runs = variant.variant();
        let given = variant.given_for(&runs).filter(|_| typed.is_none());
        let is_other = |number: usize| number != place;
        let marks = [
            ("given", given.map(|given| given.name.clone())),
            (
                "letter",
                is_other(variant.letter).then(|| letter(variant.letter).to_string()),
            ),
            (
                "colour",
                is_other(variant.colour).then(|| variant.colour.to_string()),
            ),
        ];
        if let Some(name) = typed {
            spec.set("name", name);
        }
        (spec, said(marks))
    }

    /// What is shown of the run.
    fn view(&self) -> Vec<(&str, String)> {
        let place = |id| {
            let place = self.variants.iter().position(|variant| variant.id == id)?;
            Some(place as u64)
        };
        // Another variant may have been chosen since the moment was.
        let is_first = self
            .run()
            .is_none_or(|run| run.first_look().time == self.time);
        let time = self.linked_time.unwrap_or(self.time);
        let opened = self
            .opened
            .as_ref()
            .filter(|opened| opened.id == self.selected);
        let opened = opened
            .map(|opened| (opened.from, opened.to))
            .or(self.linked_blocks);
        let is_said = |number: &u64| *number > 0;
        let numbers: [Option<u64>; NUMBERS.len()] = [
            place(self.selected).filter(is_said),
            place(self.baseline).filter(is_said),
            self.compared.and_then(place),
            (!self.unmoved || !is_first).then_some(time.0),
            self.zoom.map(|(from, _)| from.0),
            self.zoom.map(|(_, to)| to.0),
            Some(self.hidden.into()).filter(is_said),
            self.sorted.map(|(column, _)| column as u64),
            self.sorted.map(|(_, falls)| falls.into()).filter(is_said),
            opened.map(|(from, _)| from.0),
            opened.map(|(_, to)| to.0),
        ];
        let mut view = said(std::array::from_fn::<_, { NUMBERS.len() }, _>(|at| {
            (NUMBERS[at].0, numbers[at].map(|number| number.to_string()))
        }));
        let only = ToldKind::NAMES
            .iter()
            .find(|(kind, _)| Some(*kind) == self.only);
        let theme = THEMES.iter().find(|(theme, _)| *theme == self.theme);
        view.extend(said([
            ("at", self.at.in_link()),
            ("only", only.map(|(_, name)| (*name).to_owned())),
            ("theme", theme.map(|(_, name)| (*name).to_owned())),
        ]));
        view
    }

    /// The parameters that are otherwise than they were at first, by name, as text.
    pub fn changed(&self) -> Vec<(String, String)> {
        let Some((pattern, own)) = self.subject.common() else {
            return Vec::new();
        };
        let parameters = pattern.parameters().filter_map(|parameter| {
            let value = self.form.values.get(parameter.name)?;
            let is_changed = own.get(parameter.name) != Some(value);
            is_changed.then(|| (parameter.name.to_owned(), format::number(value)))
        });
        parameters.collect()
    }

    /// Opens a link's text; one that cannot be read opens what the page opens with, and says so. Also returns where in a tour it is.
    pub(super) fn open_link(&mut self, text: Option<&str>) -> (Vec<Effect>, Option<Place>) {
        self.links_opened += 1;
        match text.map(|text| self.read_link(text)) {
            Some(Ok(mut link)) => {
                if let (Subject::File(_), Some(held)) = (&self.subject, &self.held)
                    && link.checksum == Some(held.about.checksum)
                {
                    // It is open, perhaps by another name.
                    link.subject = self.subject.clone();
                }
                self.holds_more = link.holds_more;
                self.notes.append(&mut link.notes);
                let boxes = self.variants.iter();
                self.boxes = boxes
                    .map(|variant| (variant.letter, variant.environment.clone()))
                    .collect();
                let subject = link.subject.clone();
                let theme = link.view.theme;
                let place = link.tour.clone();
                self.linked = Some(link);
                let mut effects = self.choose(subject);
                if theme != Theme::Preferred && theme != self.theme {
                    self.theme = theme;
                    effects.push(Effect::ApplyTheme(theme));
                }
                (effects, place)
            }
            problem => {
                let effects = self.choose(Subject::Bundled);
                let what = problem.and_then(Result::err);
                self.trouble = Some(unreadable(&what.unwrap_or_else(|| {
                    "it is damaged, too long or from a later release".to_owned()
                })));
                (effects, None)
            }
        }
    }

    /// What a link says of what is chosen now takes the place of what that begins with.
    pub(super) fn follow_link(&mut self) {
        let Some(link) = self.linked.take() else {
            return;
        };
        let boxes = std::mem::take(&mut self.boxes);
        let held = self.held.as_ref().map(|held| held.about.checksum);
        let is_same = link.checksum.is_some() && link.checksum == held;
        if !is_same && !link.is_of(&self.subject) {
            self.trouble = Some(format!(
                "{} is not the recording that the link was made with ({}). The link's settings are not applied",
                self.subject.title(),
                link.subject.title()
            ));
            return;
        }
        self.form = link.form;
        let view = link.view;
        self.unmoved = view.time.is_none();
        self.linked_time = view.time;
        self.zoom = view.zoom;
        self.hidden = view.hidden;
        self.sorted = view.sorted;
        self.only = view.only;
        self.at = view.at;
        self.linked_blocks = view.blocks;
        if let (Some(sum), Some(held)) = (link.checksum, &self.held)
            && held.about.checksum != sum
        {
            self.trouble = Some(format!(
                "{} has the name of the recording that the link was made with, but different contents",
                self.subject.title()
            ));
        }
        if link.variants.is_empty() {
            for variant in &mut self.variants {
                variant.take_over(&link.over);
            }
            if !link.settings.is_empty() {
                self.variants[0].environment.edit(link.settings);
            }
            let last = self.variants.len() - 1;
            for at in [Some(view.selected), view.compared].into_iter().flatten() {
                if at > last {
                    self.notes.push(format!(
                        "Ignored variant {}: there are {}, A to {}.",
                        letter(at),
                        last + 1,
                        letter(last)
                    ));
                }
            }
            let id = |at: usize| self.variants[if at > last { 0 } else { at }].id;
            let (selected, baseline) = (id(view.selected), id(view.baseline));
            let compared = view.compared.filter(|at| *at <= last);
            self.compared = compared.map(id).filter(|id| *id != selected);
            (self.selected, self.baseline) = (selected, baseline);
            return;
        }
        let first = self.next_variant;
        let begun = std::mem::take(&mut self.variants);
        self.variants = (link.variants.into_iter().zip(first..))
            .map(|(linked, number)| linked.into_variant(VariantId(number), &begun, &boxes))
            .collect();
        self.next_variant += self.variants.len() as u32;
        let id = |place: usize| VariantId(first + place as u32);
        self.selected = id(view.selected);
        self.baseline = id(view.baseline);
        self.compared = view.compared.map(id);
        self.name_variants();
    }

    /// Reads a link's text whole, before anything is changed.
    fn read_link(&self, text: &str) -> Result<Link, String> {
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
        let subject = self.subject_of(&run)?;
        let own = subject.common();
        let mut link = Link {
            checksum: run.checksum().map_err(said)?,
            form: own.map_or_else(ParameterForm::default, |(_, own)| ParameterForm::of(own)),
            subject,
            variants: Vec::new(),
            over: run.options(),
            settings: String::new(),
            view: View::read(entries.take("view"))?,
            tour: None,
            holds_more: false,
            notes: Vec::new(),
        };
        link.take_parameters(&run)?;
        link.over.parameters.clear();
        link.over.take("pattern");
        let mut marks = match entries.take("marks") {
            Some(Tree::List(marks)) => marks,
            _ => Vec::new(),
        }
        .into_iter();
        for variant in &run.parts {
            link.take_variant(variant, marks.next())?;
        }
        let mut over = link.over.clone();
        let (allocator, environment) = link.run_through(&mut over)?;
        if let Some(choice) = allocator {
            over.set("allocator", choice.to_string());
        }
        if let Some(lines) = environment {
            over.set("environment", lines);
        }
        link.over = over;
        link.settings = link.cleaned(&entries.text("first").unwrap_or_default());
        if let Some(tour) = entries.take("tour") {
            let mut tour = Entries::of(Some(tour))?;
            let (step, language) = (tour.text("step"), tour.text("language"));
            let place = step.and_then(|step| Place::of(language.as_deref(), &step));
            link.tour = Some(place.ok_or("there is no such step of a tour")?);
            tour.end()?;
        }
        entries.end()?;
        let view = &link.view;
        let used = [view.selected, view.baseline, view.compared.unwrap_or(0)];
        let begins = link.variants.is_empty();
        if !begins && used.iter().any(|at| *at >= link.variants.len()) {
            return Err("it refers to a variant that it does not define".to_owned());
        }
        Ok(link)
    }

    /// What a link's run is about.
    fn subject_of(&self, run: &RunSpec) -> Result<Subject, String> {
        let name = run.get("scenario").or(run.get("pattern"));
        match (name, run.get("trace")) {
            (None, Some(BUNDLED)) if run.get("checksum").is_none() => Ok(Subject::Bundled),
            (None, Some(name)) => Ok(Subject::File(plain(name))),
            (Some(name), None) => {
                let found = self.choices.find(name);
                found.ok_or_else(|| format!("unknown workload {}", plain(name)))
            }
            _ => Err("it names no workload".to_owned()),
        }
    }
}

impl Linked {
    /// The variant. Links of earlier releases have names for all: one that the subject begins with is not taken for typed.
    /// A box of this tab that comes to the same settings stays as it is.
    fn into_variant(
        self,
        id: VariantId,
        begun: &[VariantState],
        boxes: &[(usize, EnvironmentForm)],
    ) -> VariantState {
        let of_base = begun.iter().find(|begun| begun.base == self.base);
        let allocator = self
            .allocator
            .or_else(|| Some(of_base?.allocator))
            .unwrap_or_default();
        let environment = match self.environment {
            Some(text) => EnvironmentForm::typed(text),
            None => of_base
                .map(|base| base.environment.clone())
                .unwrap_or_default(),
        };
        let is_kept = |(letter, kept): &&(usize, EnvironmentForm)| {
            *letter == self.letter && settings(&kept.variables) == environment.variables
        };
        let kept = boxes.iter().find(is_kept).map(|(_, kept)| kept.clone());
        let mut begun = begun.iter();
        let begun = begun.find(|begun| begun.name == self.name);
        let given = self
            .given
            .map(|name| Given::new(name, allocator, &environment.variables));
        let marked = (self.letter, self.colour, self.base);
        let environment = kept.unwrap_or(environment);
        VariantState {
            typed: (begun.is_none() && !self.name.is_empty()).then_some(self.name),
            given: given.or_else(|| begun?.given.clone()),
            options: self.options,
            ..VariantState::new(id, marked, allocator, environment)
        }
    }
}

impl VariantState {
    /// Takes what is said of all variants.
    fn take_over(&mut self, said: &Level) {
        let mut options = said.clone();
        if let Some(Ok(choice)) = options.take("allocator").map(|name| name.parse()) {
            self.allocator = choice;
        }
        if let Some(lines) = options.take("environment") {
            self.environment.edit(lines);
        }
        self.options = options;
    }
}

#[cfg(test)]
mod tests;
