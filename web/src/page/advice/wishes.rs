//! The button that begins the search, and what can be asked of it.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{
    Action, AdviceAction, State, Static, WEIGHTS, WHO, Wish, Wishes, attr, does, element, more,
    words,
};

/// The button that begins a search, and what the user can want of it.
pub fn ask(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    if state.display.embed.is_some() || state.tour.is_talk() {
        return Html::default();
    }
    html! {
        <div class="ask">
            <button ref={place.clone()} type="button" id="what-would-help" class="button button--strong"
                title="Search for changes that lower this variant's memory, and run each of them"
                onclick={does(act, AdviceAction::Search)}>{ "What would help?" }</button>
            { more("Options", wishes(&state.advice.wishes, act)) }
        </div>
    }
}

/// A field for a text, with its label.
#[inline(never)]
fn field(
    (id, label, example): (&'static str, &'static str, &'static str),
    value: &str,
    act: &Callback<Action>,
    make: fn(String) -> Wish,
) -> Html {
    let oninput = act.reform(move |event: InputEvent| {
        let field: HtmlInputElement = event.target_unchecked_into();
        wish(make(field.value()))
    });
    html! {
        <>
            <label for={id}>{ label }</label>
            <input {id} class="text" placeholder={example} value={value.to_owned()} autocomplete="off" {oninput} />
        </>
    }
}

fn wish(wish: Wish) -> Action {
    Action::Advice(AdviceAction::Wish(wish))
}

fn wishes(wishes: &Wishes, act: &Callback<Action>) -> Html {
    let choose = act.reform(|event: Event| {
        let list: HtmlSelectElement = event.target_unchecked_into();
        wish(Wish::Weigh(list.value()))
    });
    let may = |(place, words): (usize, &&'static str)| {
        let onchange = act.reform(move |event: Event| {
            let field: HtmlInputElement = event.target_unchecked_into();
            wish(Wish::Who(place, field.checked()))
        });
        html! { <label><input type="checkbox" checked={wishes.who[place]} {onchange} />{ *words }</label> }
    };
    let who = WHO.iter().enumerate().map(may);
    let who = html! { <>{ words("legend", &[], "Changes to try") }{ for who }</> };
    let image = (
        "advice-image",
        "Container image",
        "python:3.12-slim-bookworm",
    );
    let cap = ("advice-cap", "Cap, MiB", "none");
    let seconds = ("advice-seconds", "Time limit, seconds", "none");
    let all = html! {
        <>
            <label for="advice-weigh">{ "Memory that counts" }</label>
            <select id="advice-weigh" class="select" data-chosen={wishes.weigh.clone()} onchange={choose}>
                { for WEIGHTS.iter().map(|(value, words)| attr::option(value, (*words).to_owned())) }
            </select>
            { field(image, &wishes.image, act, Wish::Image) }
            { field(cap, &wishes.cap, act, Wish::Cap) }
            { field(seconds, &wishes.seconds, act, Wish::Seconds) }
            { element("fieldset", &[], who) }
        </>
    };
    element("div", &[("class", Static("wishes"))], all)
}
