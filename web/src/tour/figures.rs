//! The figures that a text names, from the runs that are shown. docs/tour.md lists them.

use highwater_simulator::{Bytes, PinState, Sample};

use crate::{
    format,
    state::State,
    variants::{VariantState, place_of},
    view::{Now, RunView},
};

/// What a figure comes to: `rest` of the variant that is looked into, `B.rest` of another by its letter, and `A.rest / B.rest`, how
/// many times the one is the other. None if no figure is called that, and none within while its run is not there.
pub fn say(state: &State, name: &str) -> Option<Option<String>> {
    let Some((one, other)) = name.split_once(" / ") else {
        return Some(value(state, name)?.map(|value| match value {
            Value::Bytes(bytes) => bytes.to_string(),
            Value::Near(bytes) => format!("≈ {bytes}"),
            Value::Count(count) => format::count(count),
            Value::Words(words) => words.to_owned(),
        }));
    };
    let times = (value(state, one)?).zip(value(state, other)?);
    let times = times.map(|(one, other)| one.number() / other.number().max(1.0));
    Some(times.map(|times| format::number((times * 10.0).round() / 10.0)))
}

enum Value {
    Bytes(Bytes),
    /// Of a moment just before.
    Near(Bytes),
    Count(u64),
    Words(&'static str),
}

impl Value {
    fn number(&self) -> f64 {
        match self {
            Self::Bytes(Bytes(number)) | Self::Near(Bytes(number)) | Self::Count(number) => {
                *number as f64
            }
            Self::Words(_) => f64::NAN,
        }
    }
}

/// A figure: none if it is not called that, and none within if it is not known yet.
fn value(state: &State, name: &str) -> Option<Option<Value>> {
    let (variant, name) = match name.split_once('.') {
        Some((letter, name)) => {
            let &[letter] = letter.as_bytes() else {
                return None;
            };
            let letter = place_of(letter)?;
            let mut all = state.variants.all.iter();
            (all.find(|variant| variant.letter == letter), name)
        }
        None => (Some(state.variants.selected()), name),
    };
    let run = variant.and_then(|variant| variant.run.as_deref().filter(|_| variant.is_fresh()));
    of_run(name, run)
        .or_else(|| of_moment(state, name, variant, run.is_some()))
        .or_else(|| of_heap(state, name, variant))
}

/// Of a run as a whole.
fn of_run(name: &str, run: Option<&RunView>) -> Option<Option<Value>> {
    let of = run.map(|run| &run.ran.summary);
    Some(match name {
        "peak" => of.map(|of| Value::Bytes(of.peak)),
        "rest" => of.map(|of| Value::Bytes(of.after_rest)),
        "end" => of.map(|of| Value::Bytes(of.at_end)),
        "held" => of.map(|of| Value::Bytes(of.live)),
        "reclaimable" => of.map(|of| Value::Bytes(of.reclaimable)),
        "trimmed" => of.map(|of| Value::Bytes(of.trimmed)),
        "faults" => of.map(|of| Value::Count(of.faults)),
        "calls" => of.map(|of| Value::Count(of.syscalls)),
        _ => return None,
    })
}

/// Of the moment that is shown.
fn of_moment(
    state: &State,
    name: &str,
    variant: Option<&VariantState>,
    is_there: bool,
) -> Option<Option<Value>> {
    let of = variant
        .filter(|_| is_there)
        .and_then(|variant| state.now(variant));
    let bytes = |bytes: fn(&Sample) -> Bytes| {
        let value = |now: Now| match now.is_exact {
            true => Value::Bytes(bytes(&now.sample)),
            false => Value::Near(bytes(&now.sample)),
        };
        of.map(value)
    };
    Some(match name {
        "now" => bytes(|of| of.rss),
        "held now" => bytes(|of| of.live),
        "top" => bytes(|of| of.top),
        "threshold" => bytes(|of| of.trim_threshold),
        _ => return None,
    })
}

/// Of what was found by looking into it.
fn of_heap(state: &State, name: &str, variant: Option<&VariantState>) -> Option<Option<Value>> {
    let looked = variant.filter(|variant| state.look_is_exact(variant.id));
    let of = looked.and_then(|variant| Some(&state.inspection.look(variant.id)?.diagnosis));
    // The first that holds something: over it lies only the top.
    let pin = of.and_then(|of| of.pins.iter().find(|pin| pin.behind.0 > 0));
    Some(match name {
        "free now" => of.map(|of| Value::Bytes(of.free_resident)),
        "parked now" => of.map(|of| Value::Bytes(of.parked)),
        "reclaimable now" => of.map(|of| Value::Bytes(of.reclaimable)),
        "objects" => of.map(|of| Value::Bytes(of.objects.map_or(Bytes::ZERO, |of| of.live))),
        "pins" => of.map(|of| Value::Count(of.pins.len() as u64)),
        "pin size" => pin.map(|pin| Value::Bytes(pin.size)),
        "pin behind" => pin.map(|pin| Value::Bytes(pin.behind)),
        "pin state" => pin.map(|pin| {
            Value::Words(match pin.state {
                PinState::Live => "held by the program",
                PinState::Parked => "freed by the program and parked in a cache",
                PinState::Metadata => "the allocator's own",
            })
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tour as it is published.
    const TEXT: &str = include_str!("../../tour/en.md");
    /// What is said of figures to those who write one.
    const DOCS: &str = include_str!("../../../docs/tour.md");

    fn state() -> State {
        let mut state = State::new(false);
        state.open();
        state
    }

    #[test]
    fn every_figure_of_the_tour_is_known() -> Result<(), String> {
        let state = state();
        let mut figures = 0;
        for step in crate::tour::read(TEXT)? {
            for paragraph in &step.paragraphs {
                for piece in crate::tour::pieces(&paragraph.text) {
                    if let crate::tour::Piece::Figure(name) = piece {
                        figures += 1;
                        assert_eq!(say(&state, name), Some(None), "{name} in {}", step.title);
                    }
                }
                let digits = paragraph.text.contains(" MiB");
                assert!(!digits, "{}: a figure is typed", step.title);
            }
        }
        assert!(figures > 20, "{figures}");
        Ok(())
    }

    #[test]
    fn the_figures_of_the_docs_are_those_that_there_are() {
        let state = state();
        let rows = DOCS.split("## Figures").nth(1).unwrap_or_default().lines();
        let names = rows.filter_map(|row| row.strip_prefix("| `")?.split(" | ").next());
        let names: Vec<&str> = names
            .flat_map(|names| names.split(", "))
            .map(|name| name.trim_matches('`'))
            .collect();
        assert_eq!(names.len(), 20, "{names:?}");
        for name in names {
            assert_eq!(say(&state, name), Some(None), "{name}");
            assert_eq!(say(&state, &format!("B.{name}")), Some(None), "{name}");
        }
        for name in [
            "",
            "no",
            "A.",
            ".rest",
            "a.rest",
            "A.rest / no",
            "no / rest",
        ] {
            assert_eq!(say(&state, name), None, "{name}");
        }
    }
}
