//! Where the focus is, and where it goes: to what was asked for, along a toolbar, and to what is left of its place.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};
use yew::NodeRef;

use super::browser::document;

/// Puts the focus on an element.
pub fn focus(element: &NodeRef) {
    if let Some(element) = element.cast::<HtmlElement>() {
        // It fails only where there is no window.
        element.focus().ok();
    }
}

/// Puts the focus where a link leads that was pressed; where that is folded away, on what unfolds it.
pub fn skip(event: &Event) {
    let link = event.target().and_then(|target| target.dyn_into().ok());
    let to = link.and_then(|link: Element| link.get_attribute("href"));
    let find = |selector: &str| document()?.query_selector(selector).ok()?;
    for selector in [&to.unwrap_or_default(), "#fold"] {
        if let Some(element) = find(selector) {
            let element: &HtmlElement = element.unchecked_ref();
            element.focus().ok();
            element.scroll_into_view();
            if element.matches(":focus").unwrap_or_default() {
                return;
            }
        }
    }
}

/// Lets every toolbar be one stop of the Tab key: its first button. The arrow keys lead to the others.
pub fn gather_tools() {
    let others = document().and_then(|document| {
        document
            .query_selector_all("[role=toolbar] button + button")
            .ok()
    });
    let Some(others) = others else { return };
    for button in (0..others.length()).filter_map(|at| others.get(at)) {
        let button: &Element = button.unchecked_ref();
        button.set_attribute("tabindex", "-1").ok();
    }
}

/// Moves the focus from a button of a toolbar to the next one, or the one before.
pub fn move_in_toolbar(from: &Element, is_back: bool) -> bool {
    if !from.matches("[role=toolbar] > button").unwrap_or_default() {
        return false;
    }
    let to = match is_back {
        true => from.previous_element_sibling(),
        false => from.next_element_sibling(),
    };
    if let Some(to) = to {
        let to: &HtmlElement = to.unchecked_ref();
        to.focus().ok();
    }
    true
}

/// What has the focus, and the cards and columns that it lies in, from the inside.
pub fn focused() -> Vec<Element> {
    let mut all = Vec::new();
    let active = document().and_then(|document| document.active_element());
    let mut next = active.filter(|element| element.tag_name() != "BODY");
    while let Some(element) = next {
        let parent = element.parent_element();
        next = parent.and_then(|parent| parent.closest(".card, .column, main").ok()?);
        all.push(element);
    }
    all
}

/// Where what had the focus was taken from the page, gives it to the card that it was in, or what that was in.
pub fn keep_focus(before: &[Element]) {
    let Some((had, around)) = before.split_first() else {
        return;
    };
    if had.is_connected() || !is_unfocused() {
        return;
    }
    let find = |selector: String| document()?.query_selector(&selector).ok()?;
    if let Some(heir) = had.get_attribute("data-heir").and_then(find) {
        let heir: &HtmlElement = heir.unchecked_ref();
        heir.focus().ok();
        return;
    }
    let left = around.iter().find(|element| element.is_connected());
    if let Some(element) = left.and_then(|element| element.dyn_ref::<HtmlElement>()) {
        element.set_attribute("tabindex", "-1").ok();
        element.focus().ok();
    }
}

/// Whether nothing has the focus.
pub fn is_unfocused() -> bool {
    let active = document().and_then(|document| document.active_element());
    active.is_none_or(|element| element.tag_name() == "BODY")
}
