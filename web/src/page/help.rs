//! The help: every key with what it does.

use yew::prelude::*;

use super::{
    attr::{self, press},
    keys::KEYS,
};
use crate::state::Action;

/// The help, over the page once it is opened. The browser keeps the focus in it, closes it by Escape, and puts the focus back.
pub fn help(act: &Callback<Action>, place: &NodeRef) -> Html {
    html! {
        <dialog ref={place} class="help" aria-labelledby="help-title">
            <div class="card">
                { attr::words("h2", &[("id", attr::Static("help-title"))], "Keyboard shortcuts") }
                <dl class="keys">
                    { for KEYS.iter().map(|(key, meaning)| html! { <><dt><kbd>{ *key }</kbd></dt><dd>{ *meaning }</dd></> }) }
                </dl>
                <p class="words">
                    { "On the chart, click to go to a moment, drag to zoom in, and double-click to show the whole run." }
                </p>
                { attr::button("button", Some("close-help"), None, "Close".into(), press(act, Action::ToggleHelp)) }
            </div>
        </dialog>
    }
}
