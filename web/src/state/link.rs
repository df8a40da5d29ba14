//! The state as a text that travels in the page's address: what runs and what is changed of it, the variants, the moment,
//! the part of the time that is shown, and what the map and the table show.
//!
//! One thing to a line, by a letter. Without variants, those that the subject begins with stay, and `n` lines are settings of the
//! first: so is written what an address or a page around this one asks for. The form is the first version of a promise: links made today open in every later
//! release. Names stand for what the catalogue has, never numbers; a letter that is not known is refused, so that a link
//! of a later release is not opened as something else.
//!
//! A link is passed on. It holds the variables that an allocator reads and no others, and of one that holds others they are
//! not read.

use highwater_chart::letter;
use highwater_simulator::{Address, Choice, Micros};
use highwater_workload::pattern::Parameters;

use super::{At, Effect, Place, State, Theme};
use crate::{
    form::{EnvironmentForm, ParameterForm},
    format,
    naming::{Given, plain, settings},
    protocol::ToldKind,
    subject::Subject,
    variants::{MOST, VariantId, VariantState},
};

/// Bytes of a link's text at most: a hundred times what eight variants take.
const LONGEST: usize = 64 << 10;

/// The longest settings of one variant that are read, in bytes, so that a link opens at once.
const LONGEST_BOX: usize = 8 << 10;

/// Microseconds of a run that a link may speak of: 35 years.
const LATEST: u64 = 1 << 50;

/// What a link says, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    subject: Subject,
    /// Of the recording that it was made with.
    checksum: Option<u32>,
    form: ParameterForm,
    variants: Vec<Linked>,
    /// The first one's settings, where the variants are those that the subject begins with.
    settings: String,
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
    tour: Option<Place>,
    /// Whether it held more than what was read of it.
    holds_more: bool,
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
    allocator: Choice,
    environment: String,
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
}

/// What is wrong with a link, in words for the user.
fn unreadable(what: &str) -> String {
    format!("This link is invalid ({what}). Showing the default example instead")
}

impl State {
    /// The state as a link's text; none while it is not what somebody wants to link to: while a recording is read, or waited for.
    pub fn link(&self) -> Option<String> {
        let is_settled = self.loading.is_none() && self.linked.is_none();
        is_settled.then(|| self.link_of_shown())
    }

    /// What is shown, as a link's text.
    pub fn link_of_shown(&self) -> String {
        let mut text = String::new();
        let mut line = |letter: char, words: &str| {
            text.push(letter);
            text.push_str(words);
            text.push('\n');
        };
        match &self.subject {
            Subject::File(name) => {
                line('f', name);
                if let Some(held) = &self.held {
                    line('k', &format!("{:x}", held.about.checksum));
                }
            }
            subject => line('s', subject.key()),
        }
        for (name, value) in self.changed() {
            line('p', &format!("{name} {value}"));
        }
        for (parameter, text) in Parameters::ALL.iter().zip(self.form.wrong()) {
            // A number that is out of range; nothing that was pasted there by mistake.
            let is_number = |text: &&String| {
                let of_numbers = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
                text.len() < 20 && text.bytes().all(of_numbers)
            };
            let text = text.filter(is_number);
            if let Some(text) = text {
                line('p', &format!("{} {text}", parameter.name));
            }
        }
        for (place, variant) in self.variants.iter().enumerate() {
            let runs = variant.variant();
            let allocator = match variant.is_staged() {
                true => variant.allocator,
                false => runs.allocator,
            };
            let (base, colour) = (variant.base, variant.colour);
            let typed = variant.typed_name().unwrap_or_default();
            line('v', &format!("{base} {colour} {allocator} {typed}"));
            if let Some(given) = variant.given_for(&runs).filter(|_| typed.is_empty()) {
                line('i', &given.name);
            }
            if variant.letter != place {
                line('a', &letter(variant.letter).to_string());
            }
            for setting in settings(&variant.environment.variables) {
                setting
                    .to_string()
                    .lines()
                    .for_each(|words| line('e', words));
            }
        }
        let place = |id| self.variants.iter().position(|variant| variant.id == id);
        let places = [Some(self.selected), Some(self.baseline), self.compared].map(|id| {
            id.and_then(place)
                .map_or("-".to_owned(), |at| at.to_string())
        });
        line('u', &places.join(" "));
        // Another variant may have been chosen since the moment was.
        let is_first = self
            .run()
            .is_none_or(|run| run.first_look().time == self.time);
        if !self.unmoved || !is_first {
            let time = self.linked_time.unwrap_or(self.time);
            line('t', &time.0.to_string());
        }
        if let Some((from, to)) = self.zoom {
            line('z', &format!("{} {}", from.0, to.0));
        }
        if self.hidden != 0 {
            line('h', &self.hidden.to_string());
        }
        if let Some((column, falls)) = self.sorted {
            line('o', &format!("{column} {}", u8::from(falls)));
        }
        if let Some(words) = self.at.in_link() {
            line('m', &words);
        }
        let name = |only| ToldKind::NAMES.into_iter().find(|(kind, _)| *kind == only);
        if let Some((_, name)) = self.only.and_then(name) {
            line('d', name);
        }
        let opened = self
            .opened
            .as_ref()
            .filter(|opened| opened.id == self.selected);
        let opened = opened
            .map(|opened| (opened.from, opened.to))
            .or(self.linked_blocks);
        if let Some((from, to)) = opened {
            line('b', &format!("{} {}", from.0, to.0));
        }
        if let Some(place) = self.tour_place() {
            line('g', &format!("{} {}", place.at + 1, place.language));
        }
        match self.theme {
            Theme::Preferred => {}
            Theme::Light => line('c', "light"),
            Theme::Dark => line('c', "dark"),
        }
        text
    }

    /// The parameters that are otherwise than they were at first, by name, as text.
    pub fn changed(&self) -> Vec<(String, String)> {
        let own = self.subject.common().map(|(_, own)| own);
        changed(&own.unwrap_or_default(), &self.form)
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
                let boxes = self.variants.iter();
                self.boxes = boxes
                    .map(|variant| (variant.letter, variant.environment.clone()))
                    .collect();
                let subject = link.subject.clone();
                let theme = link.theme;
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
        self.unmoved = link.time.is_none();
        self.linked_time = link.time;
        self.zoom = link.zoom;
        self.hidden = link.hidden;
        self.sorted = link.sorted;
        self.only = link.only;
        self.at = link.at;
        self.linked_blocks = link.blocks;
        if let (Some(sum), Some(held)) = (link.checksum, &self.held)
            && held.about.checksum != sum
        {
            self.trouble = Some(format!(
                "{} has the name of the recording that the link was made with, but different contents",
                self.subject.title()
            ));
        }
        if link.variants.is_empty() {
            if !link.settings.is_empty() {
                self.variants[0].environment.edit(link.settings);
            }
            let last = self.variants.len() - 1;
            for at in [Some(link.selected), link.compared].into_iter().flatten() {
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
            let (selected, baseline) = (id(link.selected), id(link.baseline));
            let compared = link.compared.filter(|at| *at <= last);
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
        self.selected = id(link.selected);
        self.baseline = id(link.baseline);
        self.compared = link.compared.map(id);
        self.name_variants();
    }

    /// Reads a link's text whole, before anything is changed.
    fn read_link(&self, text: &str) -> Result<Link, String> {
        let mut subject = None;
        let mut link = Link {
            subject: Subject::Bundled,
            checksum: None,
            form: ParameterForm::default(),
            variants: Vec::new(),
            settings: String::new(),
            selected: 0,
            baseline: 0,
            compared: None,
            time: None,
            zoom: None,
            hidden: 0,
            sorted: None,
            only: None,
            at: At::LastRest,
            blocks: None,
            theme: Theme::Preferred,
            tour: None,
            holds_more: false,
        };
        if text.len() > LONGEST {
            return Err("it is too long".to_owned());
        }
        for (number, line) in text.lines().enumerate() {
            let mut letters = line.chars();
            let letter = letters.next().unwrap_or(' ');
            let words = letters.as_str();
            // Not what stands there: that may be anything.
            let strange = || format!("line {} is not understood", number + 1);
            match letter {
                's' | 'f' => {
                    let named = match (letter, words) {
                        ('f', name) => Some(Subject::File(plain(name))),
                        (_, "bundled") => Some(Subject::Bundled),
                        (_, key) => self.choices.find(key),
                    };
                    let named =
                        named.ok_or_else(|| format!("unknown workload {}", plain(words)))?;
                    if let Some((_, own)) = named.common() {
                        link.form = ParameterForm::of(own);
                    }
                    subject = Some(named);
                }
                'p' => {
                    let (name, value) = words.split_once(' ').ok_or_else(strange)?;
                    let mut all = Parameters::ALL.iter();
                    let index = all.position(|parameter| parameter.name == name);
                    let index =
                        index.ok_or_else(|| format!("unknown parameter {}", plain(name)))?;
                    // One that cannot be is shown as such, as it was where the link was made.
                    link.form.edit(index, value.to_owned());
                }
                'v' => {
                    let mut parts = words.splitn(4, ' ');
                    let mut next = || parts.next().ok_or_else(strange);
                    let base = place(next()?).ok_or_else(strange)?;
                    let colour: usize = next()?.parse().map_err(|_| strange())?;
                    let allocator = next()?;
                    let allocator = allocator
                        .parse()
                        .map_err(|_| format!("unknown allocator {}", plain(allocator)))?;
                    let name = plain(next()?);
                    if colour >= MOST || link.variants.len() >= MOST {
                        return Err(strange());
                    }
                    link.variants.push(Linked {
                        name,
                        given: None,
                        letter: link.variants.len(),
                        colour,
                        base,
                        allocator,
                        environment: String::new(),
                    });
                }
                'i' => {
                    let variant = link.variants.last_mut().ok_or_else(strange)?;
                    variant.given = Some(plain(words));
                }
                'a' => {
                    let [letter @ b'A'..=b'H'] = words.as_bytes() else {
                        return Err(strange());
                    };
                    let variant = link.variants.last_mut().ok_or_else(strange)?;
                    variant.letter = usize::from(letter - b'A');
                }
                'e' => {
                    let variant = link.variants.last_mut().ok_or_else(strange)?;
                    variant.environment.push_str(words);
                    variant.environment.push('\n');
                }
                'n' => {
                    link.settings.push_str(words);
                    link.settings.push('\n');
                }
                'u' => {
                    let places: Vec<Option<usize>> = words.split(' ').map(place).collect();
                    let [Some(selected), Some(baseline), compared] = places[..] else {
                        return Err(strange());
                    };
                    link.selected = selected;
                    link.baseline = baseline;
                    link.compared = compared.filter(|at| *at != selected);
                }
                't' => link.time = Some(Micros(words.parse().map_err(|_| strange())?)),
                'z' => {
                    let (from, to) = pair(words).ok_or_else(strange)?;
                    if from >= to || to > LATEST {
                        return Err(strange());
                    }
                    link.zoom = Some((Micros(from), Micros(to)));
                }
                'h' => link.hidden = words.parse().map_err(|_| strange())?,
                'o' => {
                    let (column, falls) = pair(words).ok_or_else(strange)?;
                    if column >= highwater_report::table::COLUMNS.len() as u64 {
                        return Err(strange());
                    }
                    link.sorted = Some((column as usize, falls != 0));
                }
                'm' => link.at = At::of_link(words).ok_or_else(strange)?,
                'k' => {
                    let sum = u32::from_str_radix(words, 16).map_err(|_| strange())?;
                    link.checksum = Some(sum);
                }
                'd' => {
                    let mut all = ToldKind::NAMES.into_iter();
                    let named = all.find(|(_, name)| *name == words);
                    link.only = Some(named.ok_or_else(strange)?.0);
                }
                'b' => {
                    let (from, to) = pair(words).ok_or_else(strange)?;
                    if from >= to {
                        return Err(strange());
                    }
                    link.blocks = Some((Address(from), Address(to)));
                }
                'g' => {
                    let (step, language) = words.split_once(' ').ok_or_else(strange)?;
                    link.tour = Some(Place::of(Some(language), step).ok_or_else(strange)?);
                }
                'c' if words == "light" => link.theme = Theme::Light,
                'c' if words == "dark" => link.theme = Theme::Dark,
                _ => return Err(strange()),
            }
        }
        link.subject = subject.ok_or("it names no workload")?;
        let used = [link.selected, link.baseline, link.compared.unwrap_or(0)];
        let begins = link.variants.is_empty();
        if !begins && used.iter().any(|at| *at >= link.variants.len()) {
            return Err("it refers to a variant that it does not define".to_owned());
        }
        let mut letters = 0u32;
        for variant in &link.variants {
            if letters & 1 << variant.letter != 0 {
                return Err("two variants have the same letter".to_owned());
            }
            letters |= 1 << variant.letter;
        }
        let text = std::mem::take(&mut link.settings);
        link.settings = link.cleaned(&text);
        for at in 0..link.variants.len() {
            let text = std::mem::take(&mut link.variants[at].environment);
            link.variants[at].environment = link.cleaned(&text);
        }
        Ok(link)
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
        let environment = EnvironmentForm::typed(self.environment);
        let is_kept = |(letter, kept): &&(usize, EnvironmentForm)| {
            *letter == self.letter && settings(&kept.variables) == environment.variables
        };
        let kept = boxes.iter().find(is_kept).map(|(_, kept)| kept.clone());
        let mut begun = begun.iter();
        let begun = begun.find(|begun| begun.base == self.base && begun.name == self.name);
        let given = self
            .given
            .map(|name| Given::new(name, self.allocator, &environment.variables));
        let marked = (self.letter, self.colour, self.base);
        let environment = kept.unwrap_or(environment);
        VariantState {
            typed: (begun.is_none() && !self.name.is_empty()).then_some(self.name),
            given: given.or_else(|| begun?.given.clone()),
            ..VariantState::new(id, marked, self.allocator, environment)
        }
    }
}

/// A place in a list, in the same range natively and in the browser.
fn place(word: &str) -> Option<usize> {
    word.parse::<u16>().ok().map(usize::from)
}

/// Two numbers.
fn pair(words: &str) -> Option<(u64, u64)> {
    let (first, second) = words.split_once(' ')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

/// The parameters that are otherwise than they were at first, by name, as text.
pub(super) fn changed(own: &Parameters, form: &ParameterForm) -> Vec<(String, String)> {
    Parameters::ALL
        .iter()
        .filter_map(|parameter| {
            let value = form.values.get(parameter.name)?;
            (own.get(parameter.name) != Some(value))
                .then(|| (parameter.name.to_owned(), format::number(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests;
