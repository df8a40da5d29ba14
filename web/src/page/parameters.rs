//! The parameters of a pattern: a slider and a number for each, or a list where it is a choice.

use highwater_workload::{
    Pattern,
    pattern::{Parameter, Parameters},
};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::attr;

use crate::{form::ParameterForm, format, state::Action};

/// A range whose ends are further apart than this is shown by its powers.
const WIDE: f64 = 500.0;

/// Positions of a slider that shows powers.
const POSITIONS: f64 = 1000.0;

/// Those that are shown at once; the others can be unfolded.
const MAIN: [&str; 14] = [
    "streams",
    "subscribers",
    "events",
    "payload",
    "survivors",
    "threads",
    "requests",
    "row",
    "jobs",
    "tasks",
    "blocks",
    "block",
    "rest",
    "cycles",
];

/// All parameters of a pattern. Those that `own` has otherwise than usual are always shown.
pub fn parameters(
    pattern: Pattern,
    own: &Parameters,
    form: &ParameterForm,
    act: &Callback<Action>,
) -> Html {
    let fields = Parameters::ALL.iter().enumerate();
    let fields = fields.filter(|(_, parameter)| parameter.is_of(pattern.program()));
    let is_main = |index: usize, parameter: &Parameter| {
        MAIN.contains(&parameter.name)
            || own.get(parameter.name) != Some(parameter.default)
            || form.errors.get(index).is_some_and(Option::is_some)
    };
    let (main, others): (Vec<_>, Vec<_>) =
        fields.partition(|(index, parameter)| is_main(*index, parameter));
    let all = |fields: Vec<(usize, &'static Parameter)>| -> Html {
        let fields = fields.into_iter();
        fields
            .map(|(index, parameter)| field(index, parameter, form, act))
            .collect()
    };
    html! {
        <div class="parameters" role="group" aria-label="Parameters">
            { all(main) }
            if let Some(error) = form.together(pattern.program()) {
                { attr::words("p", &[("id", attr::Static("together-error")), ("class", attr::Static("error")), ("role", attr::Static("alert"))], &error) }
            }
            if !others.is_empty() {
                <details class="more">
                    <summary>{ format!("{} more parameters", others.len()) }</summary>
                    <div class="parameters">{ all(others) }</div>
                </details>
            }
        </div>
    }
}

fn field(
    index: usize,
    parameter: &'static Parameter,
    form: &ParameterForm,
    act: &Callback<Action>,
) -> Html {
    let (Some(text), Some(error)) = (form.texts.get(index), form.errors.get(index)) else {
        return Html::default();
    };
    let id = format!("parameter-{}", parameter.name);
    let error_id = format!("{id}-error");
    let value = form.values.get(parameter.name).unwrap_or(parameter.default);
    let type_in =
        act.reform(move |event: InputEvent| Action::EditParameter(index, input(&event).value()));
    let slide = act.reform(move |event: InputEvent| {
        let position = input(&event).value_as_number();
        Action::EditParameter(index, format::number(at_position(parameter, position)))
    });
    let choose = act.reform(move |value| Action::EditParameter(index, value));
    let name = parameter.name.replace('_', " ");
    html! {
        <div class="parameter" title={parameter.meaning}>
            <label for={id.clone()}>{ name }</label>
            if parameter.choices.is_empty() {
                <span class="parameter__value">
                    <input {id} class="number" inputmode="decimal" value={text.clone()} size="9"
                        aria-invalid={attr::flag(error.is_some())}
                        aria-describedby={error.is_some().then(|| error_id.clone())} oninput={type_in} />
                    { attr::words("span", &[("class", attr::Static("unit"))], parameter.unit) }
                </span>
                if parameter.name != "seed" {
                    { slider(parameter, value, slide) }
                }
            } else {
                { select(id, parameter, value, choose) }
            }
            if let Some(error) = error {
                <p id={error_id} class="error" role="alert">{ error.clone() }</p>
            }
        </div>
    }
}

/// A value out of a few with names.
fn select(id: String, parameter: &Parameter, value: f64, choose: Callback<String>) -> Html {
    let onchange = choose.reform(|event: Event| {
        let list: HtmlSelectElement = event.target_unchecked_into();
        list.value()
    });
    let choices = parameter.choices;
    html! {
        <select {id} class="select select--small" data-chosen={choices.get(value as usize).copied()} {onchange}>
            { for choices.iter().map(|name| attr::option(name, name.replace('_', " "))) }
        </select>
    }
}

fn slider(parameter: &Parameter, value: f64, slide: Callback<InputEvent>) -> Html {
    let (min, max, step) = if is_wide(parameter) {
        (0.0, POSITIONS, 1.0)
    } else {
        (parameter.min, parameter.max, parameter.step)
    };
    html! {
        <input type="range" min={format::number(min)} max={format::number(max)} step={format::number(step)}
            value={format::number(position_of(parameter, value))} oninput={slide}
            aria-label={format!("{}, slider", parameter.name.replace('_', " "))}
            aria-valuetext={format!("{} {}", format::number(value), parameter.unit).trim_end().to_owned()} />
    }
}

fn is_wide(parameter: &Parameter) -> bool {
    parameter.max - parameter.min > WIDE
}

/// Where a value lies on its slider. A wide range is shown by powers, shifted so that 0 has a place.
fn position_of(parameter: &Parameter, value: f64) -> f64 {
    if !is_wide(parameter) {
        return value;
    }
    let power = |value: f64| (value - parameter.min + 1.0).ln();
    (power(value) / power(parameter.max) * POSITIONS).round()
}

/// The value at a position of the slider, rounded to two digits where the range is wide.
fn at_position(parameter: &Parameter, position: f64) -> f64 {
    if !is_wide(parameter) {
        return position;
    }
    let most = (parameter.max - parameter.min + 1.0).ln();
    let value = (position / POSITIONS * most).exp() - 1.0 + parameter.min;
    if position <= 0.0 {
        return parameter.min;
    }
    if position >= POSITIONS {
        return parameter.max;
    }
    let digits = (format::power_of_ten(value.max(1.0)) / 10.0).max(1.0);
    let rounded = (value / digits).round() * digits;
    rounded.min(parameter.max).max(parameter.min)
}

fn input(event: &InputEvent) -> HtmlInputElement {
    event.target_unchecked_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slider_reaches_both_ends_and_stays_in_range() {
        for parameter in Parameters::ALL {
            let (first, last) = if is_wide(parameter) {
                (0.0, POSITIONS)
            } else {
                (parameter.min, parameter.max)
            };
            assert_eq!(at_position(parameter, first), parameter.min);
            assert_eq!(at_position(parameter, last), parameter.max);
            assert_eq!(position_of(parameter, parameter.min), first);
            assert_eq!(position_of(parameter, parameter.max), last);
            for n in 0..=100 {
                let position = first + (last - first) * f64::from(n) / 100.0;
                let value = at_position(parameter, position);
                assert!(value >= parameter.min && value <= parameter.max);
            }
        }
    }
}
