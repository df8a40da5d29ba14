//! What is said of each variant and stage, level by level: those of the scenario that a description begins with, then its own.

use super::fault::{Fault, Step};
use super::said::Said;
use super::schema::{Level, RunSpec};
use highwater_units::repeated;

/// Most scenarios that begin with one another.
const MOST_BEGUN: usize = 4;

/// A variant's stages, each with its name and its levels from the top down.
pub(super) struct Layered {
    pub(super) name: String,
    pub(super) is_trace: bool,
    pub(super) stages: Vec<(String, Vec<Said>)>,
}

/// Finds a scenario by its name.
pub type Find<'f> = dyn Fn(&str) -> Option<RunSpec> + 'f;

impl RunSpec {
    /// The place of a variant, for an error in it.
    pub(super) fn variant_place(&self, number: usize) -> Vec<Step> {
        match self.parts.is_empty() {
            true => Vec::new(),
            false => vec![Step::Key("variant".to_owned()), Step::Number(number)],
        }
    }

    /// The levels of each stage of each variant.
    pub(super) fn layers(&self, find: &Find<'_>, depth: usize) -> Result<Vec<Layered>, Fault> {
        let bases = match self.get("scenario") {
            Some(name) => self.begun(name, find, depth)?,
            None => Vec::new(),
        };
        let is_trace = self.get("trace").is_some();
        let top = Said::new(&[], self.options());
        if self.parts.is_empty() && bases.is_empty() {
            let name = self.text("title").to_owned();
            let stages = vec![(name.clone(), vec![top])];
            return Ok(vec![Layered {
                name,
                is_trace,
                stages,
            }]);
        }
        if self.parts.is_empty() {
            return Ok(bases);
        }
        let mut layered: Vec<Layered> = Vec::new();
        for (number, variant) in self.parts.iter().enumerate() {
            let place = self.variant_place(number);
            let base = base_of(variant, &bases, &place)?;
            let of_base = base.map_or("", |base| &base.name);
            let is_free = |name: &str| layered.iter().all(|other| other.name != name);
            // Its own name, else that of its base, else its number where another has that.
            let name = match variant.text("name") {
                "" if of_base.is_empty() || !is_free(of_base) => format!("variant {}", number + 1),
                "" => of_base.to_owned(),
                name => name.to_owned(),
            };
            let own = Said::new(&place, variant.options());
            let mut stages = match base {
                Some(base) => base.stages.clone(),
                None if variant.parts.is_empty() => vec![(name.clone(), vec![top.clone()])],
                None => {
                    let parts = variant.parts.iter();
                    let name = |stage: &Level| stage.text("name").to_owned();
                    parts
                        .map(|stage| (name(stage), vec![top.clone()]))
                        .collect()
                }
            };
            for (number, (_, levels)) in stages.iter_mut().enumerate() {
                levels.push(own.clone());
                if let Some(stage) = variant.parts.get(number) {
                    let mut place = place.clone();
                    place.extend([Step::Key("stage".to_owned()), Step::Number(number)]);
                    levels.push(Said::new(&place, stage.options()));
                }
            }
            let is_trace = base.map_or(is_trace, |base| base.is_trace);
            layered.push(Layered {
                name,
                is_trace,
                stages,
            });
        }
        Ok(layered)
    }

    /// The variants of the scenario that it begins with, with what is said at its own top.
    fn begun(&self, name: &str, find: &Find<'_>, depth: usize) -> Result<Vec<Layered>, Fault> {
        let begun = find(name).filter(|_| depth < MOST_BEGUN).ok_or_else(|| {
            let message = format!("unknown scenario `{}`", repeated(name));
            Fault::unknown(&[], "scenario", message)
        })?;
        let within = |fault: Fault| fault.within(Some(name));
        let mut bases = begun.layers(find, depth + 1).map_err(within)?;
        // Parameters go under what a variant sets for itself, and all other options over it.
        let mut over = self.options();
        let mut common = Level::default();
        common.parameters.append(&mut over.parameters);
        for (_, levels) in bases.iter_mut().flat_map(|base| &mut base.stages) {
            for level in levels.iter_mut() {
                level.within.get_or_insert_with(|| name.to_owned());
            }
            levels.insert(1, Said::new(&[], common.clone()));
            levels.push(Said::new(&[], over.clone()));
        }
        Ok(bases)
    }
}

/// The one of a scenario's variants that a variant begins as, where there is a scenario.
fn base_of<'b>(
    variant: &Level,
    bases: &'b [Layered],
    place: &[Step],
) -> Result<Option<&'b Layered>, Fault> {
    let wanted = variant.get("base");
    if bases.is_empty() {
        let message = "only a scenario has variants to begin as; remove it, or name a scenario";
        return match wanted {
            Some(_) => Err(Fault::at(place, "base", message)),
            None => Ok(None),
        };
    }
    if !variant.parts.is_empty() {
        let message = "a variant of a scenario has the stages of its base; remove them";
        return Err(Fault::at(place, "stage", message));
    }
    let mut found = bases.iter();
    let found = found.find(|base| wanted.is_none_or(|wanted| base.name == wanted));
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = bases.iter().map(|base| base.name.as_str()).collect();
        let message = format!(
            "no such variant `{}`; the scenario's variants are {}",
            repeated(wanted.unwrap_or_default()),
            known.join(", ")
        );
        Fault::unknown(place, "base", message)
    })
}
