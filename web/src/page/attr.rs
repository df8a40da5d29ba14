//! What stands in attributes, and what a press does. Each is a function that is called, and not code that is written out
//! wherever it is used: there are hundreds of such places, and all of them are sent.

use web_sys::HtmlSelectElement;
use yew::{
    prelude::*,
    virtual_dom::{self, AttributeOrProperty, VTag},
};

pub use AttributeOrProperty::Static;

use crate::{format, state::Action};

/// A whole number.
#[inline(never)]
pub fn number(number: u64) -> AttrValue {
    number.to_string().into()
}

/// `true` or `false`.
pub fn flag(flag: bool) -> AttrValue {
    AttrValue::Static(if flag { "true" } else { "false" })
}

/// The colour of a variant.
pub fn colour(colour: usize) -> AttrValue {
    const NUMBERS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
    AttrValue::Static(NUMBERS[colour % NUMBERS.len()])
}

/// A style that places something at a share of what it lies in: `left` or `bottom`, or how wide it is.
#[inline(never)]
pub fn placed(property: &'static str, share: f64) -> AttrValue {
    format!("{property}: {}", format::percent(share)).into()
}

/// A style that places something and says how wide it is.
#[inline(never)]
pub fn spanned(left: f64, width: f64) -> AttrValue {
    format!(
        "left: {}; width: {}",
        format::percent(left),
        format::percent(width)
    )
    .into()
}

/// What pressing a button does.
#[inline(never)]
pub fn press(act: &Callback<Action>, action: Action) -> Callback<MouseEvent> {
    act.reform(move |_| action.clone())
}

/// Attributes that never change.
pub type Attributes = &'static [(&'static str, AttributeOrProperty)];

/// An element with attributes that never change, and what is in it.
#[inline(never)]
pub fn element(tag: &'static str, attributes: Attributes, inner: Html) -> Html {
    let mut element = VTag::new(tag);
    element.set_attributes(virtual_dom::Attributes::Static(attributes));
    element.add_child(inner);
    element.into()
}

/// The same with words in it.
#[inline(never)]
pub fn words(tag: &'static str, attributes: Attributes, words: &str) -> Html {
    element(tag, attributes, Html::from(words.to_owned()))
}

/// A button with words on it, and a title where they do not say all.
#[inline(never)]
pub fn button(
    class: &'static str,
    id: Option<&'static str>,
    title: Option<&'static str>,
    words: AttrValue,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! { <button type="button" {class} {id} {title} {onclick}>{ words }</button> }
}

/// A plain button that does something of the page's.
pub fn action(
    act: &Callback<Action>,
    id: &'static str,
    title: Option<&'static str>,
    words: &'static str,
    action: Action,
) -> Html {
    button("button", Some(id), title, words.into(), press(act, action))
}

/// A button with a sign on it, which is called `label`.
#[inline(never)]
pub fn sign(
    id: &'static str,
    label: &'static str,
    sign: &'static str,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! {
        <button type="button" class="button" {id} aria-label={label} title={label} {onclick}>{ sign }</button>
    }
}

/// Words that lead to a moment or to chunks.
#[inline(never)]
pub fn link(
    part: Option<&'static str>,
    title: &'static str,
    words: String,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! { <button type="button" class="link" {title} data-part={part} {onclick}>{ words }</button> }
}

/// What can be chosen of a list. Which of them is, the list says in `data-chosen`, and [`choose`](super::browser::choose) sees to it.
#[inline(never)]
pub fn option(value: &str, words: String) -> Html {
    html! { <option value={value.to_owned()}>{ words }</option> }
}

/// A list that one is chosen from; `choose` is told its place.
#[inline(never)]
pub fn select(
    (id, label): (&'static str, &'static str),
    chosen: String,
    options: Html,
    choose: Callback<usize>,
) -> Html {
    let onchange = choose.reform(|event: Event| {
        let list: HtmlSelectElement = event.target_unchecked_into();
        usize::try_from(list.selected_index()).unwrap_or_default()
    });
    html! {
        <select {id} class="select select--small" aria-label={label} data-chosen={chosen} {onchange}>{ options }</select>
    }
}

/// A term of the field, which is explained where it is pointed at, tapped or has the focus.
#[inline(never)]
pub fn explained(term: &'static str, words: &str) -> Html {
    html! { <button type="button" class="term" data-term={term}>{ words.to_owned() }</button> }
}

/// A pair of a list of terms.
#[inline(never)]
pub fn term(name: Html, value: String) -> Html {
    html! { <><dt>{ name }</dt><dd>{ value }</dd></> }
}
