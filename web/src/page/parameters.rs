//! The parameters of a pattern: a slider and a number for each, or a list where it is a choice.

use highwater_workload::{
    Pattern,
    pattern::{Parameter, Parameters},
};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::{form::ParameterForm, state::Action};

/// A range whose ends are further apart than this is shown by its powers.
const WIDE: f64 = 500.0;

/// Positions of a slider that shows powers.
const POSITIONS: f64 = 1000.0;

/// All parameters of a scenario.
pub fn parameters(scenario: Pattern, form: &ParameterForm, act: &Callback<Action>) -> Html {
    let fields = Parameters::ALL.iter().enumerate();
    let fields = fields.filter(|(_, parameter)| parameter.is_of(scenario.program()));
    html! {
        <div class="parameters" role="group" aria-label="Parameters">
            { for fields.map(|(index, parameter)| field(index, parameter, form, act)) }
            if let Some(error) = form.together(scenario.program()) {
                <p id="together-error" class="error" role="alert">{ error }</p>
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
        Action::EditParameter(index, at_position(parameter, position).to_string())
    });
    let choose = act.reform(move |value| Action::EditParameter(index, value));
    let name = parameter.name.replace('_', " ");
    html! {
        <div class="parameter" title={parameter.meaning}>
            <label for={id.clone()}>{ name }</label>
            if parameter.choices.is_empty() {
                <span class="parameter__value">
                    <input {id} class="number" inputmode="decimal" value={text.clone()} size="9"
                        aria-invalid={error.is_some().to_string()}
                        aria-describedby={error.is_some().then(|| error_id.clone())} oninput={type_in} />
                    <span class="unit">{ parameter.unit }</span>
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
    let choices = parameter.choices.iter().enumerate();
    html! {
        <select {id} class="select select--small" {onchange}>
            { for choices.map(|(number, name)| html! {
                <option value={*name} selected={number as f64 == value}>{ name.replace('_', " ") }</option>
            }) }
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
        <input type="range" min={min.to_string()} max={max.to_string()} step={step.to_string()}
            value={position_of(parameter, value).to_string()} oninput={slide}
            aria-label={format!("{}, slider", parameter.name.replace('_', " "))}
            aria-valuetext={format!("{value} {}", parameter.unit).trim_end().to_owned()} />
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
    let digits = 10_f64.powf((value.max(1.0).log10().floor() - 1.0).max(0.0));
    let rounded = (value / digits).round() * digits;
    rounded.clamp(parameter.min, parameter.max)
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
