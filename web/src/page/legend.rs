//! The legend of the curves: each variant with its name and its figure at the playhead, and what hides it or shows it alone.

use yew::prelude::*;

use super::{
    answer::least,
    attr::{self, press},
    chart_props::is_charted,
    notes,
    picture_buttons::buttons,
    quoted,
    variants::mark,
};
use crate::{
    format,
    state::{Action, ChartAction, Picture, State},
    variants::VariantState,
    view::Now,
};

/// The list under the plot; where the page is the user's own, with the choice of another figure, and the button that begins a note.
pub(super) fn legend(state: &State, now: &Now, is_own: bool, act: &Callback<Action>) -> Html {
    let variants = state.variants.all.iter();
    let least = least(state);
    let variants = variants.filter(|variant| is_charted(state, variant, least));
    let entries = variants.filter_map(|variant| entry(state, variant, act));
    html! { <ul id="legend" class="names" aria-label="Curves">
        <li class="names__held">
            <i class="key key--live" />{ attr::explained("live", "held by the program") }
            { " " }<b>{ now.words(&format::mib(now.sample.live)) }</b>
        </li>
        { for entries }
        if is_own {
            <li class="names__tools">{ quoted::switch(state.charted.quoted, act) }{ notes::begin(act) }{ buttons(act, Picture::Chart, "the chart") }</li>
        }
    </ul> }
}

/// A variant that has run.
fn entry(state: &State, variant: &VariantState, act: &Callback<Action>) -> Option<Html> {
    let now = state.now(variant)?;
    let letter = variant.letter;
    let is_shown = state.charted.shows(letter);
    let is_only = state.charted.shows_only(letter, &state.variants.all);
    let click = act.reform(move |event: MouseEvent| {
        Action::Chart(match event.shift_key() {
            true => ChartAction::Only(letter),
            false => ChartAction::Toggle(letter),
        })
    });
    let name = variant.name_of_run();
    let only = match is_only {
        true => "all",
        false => "only",
    };
    Some(html! {
        <li key={variant.id.0} class="names__one" data-shown={attr::flag(is_shown)}>
            <button type="button" class="names__name" data-variant={attr::number(letter as u64)} aria-pressed={attr::flag(is_shown)}
                title={format!("{name}: show or hide this curve; with Shift, show only this one")} onclick={click}>
                { mark(letter, variant.colour) }
                <span class="names__words">{ name }</span>
                <b>{ now.words(&format::mib(state.charted.quoted.of(&now.sample))) }</b>
            </button>
            if state.variants.all.len() > 1 {
                <button type="button" class="link names__only" data-variant={attr::number(letter as u64)}
                    title={if is_only { "Show all curves" } else { "Show only this curve" }}
                    onclick={press(act, Action::Chart(ChartAction::Only(letter)))}>{ only }</button>
            }
        </li>
    })
}
