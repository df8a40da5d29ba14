//! Opening a link: what it is about is chosen, and once that is there, what it says of it takes the place of what that begins with.

use highwater_chart::letter;
use highwater_simulator::{Address, Micros};

use super::{Link, Linked, Through, view::View};
use crate::{
    form::EnvironmentForm,
    naming::{Given, settings},
    state::{Effect, Place, State},
    subject::Subject,
    variants::{VariantId, VariantState},
};

impl State {
    /// Opens a link's text, and follows what it says of a tour where it is the user's own; one that cannot be read opens what the
    /// page opens with, and says so.
    pub(in crate::state) fn open_link(&mut self, text: Option<&str>, is_own: bool) -> Vec<Effect> {
        self.links.opened += 1;
        let damaged = || "it is damaged, too long or from a later release".to_owned();
        let read = text.ok_or_else(damaged);
        let (mut effects, place) =
            match read.and_then(|text| Link::read(text, &self.source.choices)) {
                Ok(link) => self.take_link(link),
                Err(what) => {
                    let effects = self.choose(Subject::Bundled);
                    self.trouble = Some(format!(
                        "This link is invalid ({what}). Showing the default example instead"
                    ));
                    (effects, None)
                }
            };
        if is_own {
            effects.extend(self.tour.follow(place));
        }
        effects
    }

    /// Chooses what a link is about. Also returns where in a tour it is.
    fn take_link(&mut self, mut link: Link) -> (Vec<Effect>, Option<Place>) {
        if let (Subject::File(_), Some(held)) = (&self.source.subject, &self.source.held)
            && link.checksum == Some(held.about.checksum)
        {
            // It is open, perhaps by another name.
            link.subject = self.source.subject.clone();
        }
        self.links.holds_more = link.holds_more;
        self.links.notes.append(&mut link.notes);
        let boxes = self.variants.all.iter();
        self.links.boxes = boxes
            .map(|variant| (variant.letter, variant.environment.clone()))
            .collect();
        let subject = link.subject.clone();
        let theme = link.view.theme;
        // At once, so that nothing is shown meanwhile that goes again.
        self.display.depth = link.view.depth.unwrap_or_default();
        let place = link.tour.take();
        self.links.awaited = Some(link);
        let mut effects = self.choose(subject);
        if let Some(theme) = theme.filter(|theme| *theme != self.display.theme) {
            self.display.theme = theme;
            effects.push(Effect::ApplyTheme(theme));
        }
        (effects, place)
    }

    /// What a link says of what is chosen now takes the place of what that begins with.
    pub(in crate::state) fn follow_link(&mut self) {
        let Some(link) = self.links.awaited.take() else {
            return;
        };
        let boxes = std::mem::take(&mut self.links.boxes);
        let (subject, held) = (&self.source.subject, &self.source.held);
        let held = held.as_ref().map(|held| held.about.checksum);
        let is_same = link.checksum.is_some() && link.checksum == held;
        if !is_same && link.subject != *subject {
            self.trouble = Some(format!(
                "{} is not the recording that the link was made with ({}). The link's settings are not applied",
                subject.title(),
                link.subject.title()
            ));
            return;
        }
        if !is_same && link.checksum.is_some() && held.is_some() {
            self.trouble = Some(format!(
                "{} has the name of the recording that the link was made with, but different contents",
                subject.title()
            ));
        }
        self.source.form = link.form;
        if link.variants.is_empty() {
            self.keep_variants(&link.over, link.settings);
        } else {
            self.take_variants(link.variants, &boxes);
        }
        self.charted.notes = link.marked;
        self.take_view(link.view);
    }

    fn take_view(&mut self, view: View) {
        let zoom = view.from.zip(view.to);
        self.playhead.zoom = zoom.map(|(from, to)| (Micros(from), Micros(to)));
        self.playhead.is_unmoved = view.time.is_none();
        self.links.time = view.time.map(Micros);
        let blocks = view.first.zip(view.last);
        self.links.blocks = blocks.map(|(from, to)| (Address(from), Address(to)));
        self.inspection.hidden = view.hidden.unwrap_or(0) as u16;
        self.inspection.only = view.only;
        let falls = view.falls == Some(1);
        self.table.sorted = view.column.map(|column| (column as usize, falls));
        self.table.at = view.at.unwrap_or_default();
        let all = &self.variants.all;
        self.display.depth = view.depth.unwrap_or_default();
        self.charted.quoted = view.memory.unwrap_or_default();
        self.charted.hide(&view.off.unwrap_or_default(), all);
        let last = all.len() - 1;
        let (selected, beside) = (view.selected.unwrap_or(0), view.beside);
        for at in [Some(selected), beside].into_iter().flatten() {
            if at as usize > last {
                self.links.notes.push(format!(
                    "Ignored variant {}: there are {}, A to {}.",
                    letter(at as usize),
                    last + 1,
                    letter(last)
                ));
            }
        }
        let id = |at: u64| all.get(at as usize).map(|variant| variant.id);
        let or_first = |at| id(at).unwrap_or(all[0].id);
        let selected = or_first(selected);
        self.variants.baseline = or_first(view.baseline.unwrap_or(0));
        self.variants.compared = beside.and_then(id).filter(|id| *id != selected);
        self.variants.selected = selected;
    }

    /// Keeps the variants that the subject begins with: a link says something of all of them, or of the first.
    fn keep_variants(&mut self, over: &Through, settings: Option<EnvironmentForm>) {
        for variant in &mut self.variants.all {
            variant.allocator = over.allocator.unwrap_or(variant.allocator);
            if let Some(environment) = &over.environment {
                variant.environment.clone_from(environment);
            }
            variant.options = over.options.clone();
        }
        if let Some(settings) = settings {
            self.variants.all[0].environment = settings;
        }
    }

    fn take_variants(&mut self, linked: Vec<Linked>, boxes: &[(usize, EnvironmentForm)]) {
        let variants = &mut self.variants;
        let begun = std::mem::take(&mut variants.all);
        let numbered = linked.into_iter().zip(variants.next..);
        variants.all = numbered
            .map(|(linked, number)| linked.into_variant(VariantId(number), &begun, boxes))
            .collect();
        variants.next += variants.all.len() as u32;
        variants.name();
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
        let of_base = of_base.map(|base| (base.allocator, &base.environment));
        let (allocator, environment) = of_base.unzip();
        let allocator = self.through.allocator.or(allocator).unwrap_or_default();
        let environment = (self.through.environment)
            .or_else(|| environment.cloned())
            .unwrap_or_default();
        let is_kept = |(letter, kept): &&(usize, EnvironmentForm)| {
            *letter == self.letter
                && !environment.is_reading
                && settings(&kept.variables) == environment.variables
        };
        let kept = boxes.iter().find(is_kept).map(|(_, kept)| kept.clone());
        let begun = begun.iter().find(|begun| begun.name == self.name);
        let given = self
            .given
            .map(|name| Given::new(name, allocator, &environment.variables));
        let marked = (self.letter, self.colour, self.base);
        let environment = kept.unwrap_or(environment);
        VariantState {
            typed: (begun.is_none() && !self.name.is_empty()).then_some(self.name),
            given: given.or_else(|| begun?.given.clone()),
            options: self.through.options,
            ..VariantState::new(id, marked, allocator, environment)
        }
    }
}
