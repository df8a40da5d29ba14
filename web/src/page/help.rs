//! The help: every key with what it does. The list is in `web/glossary/keys.html`, for few ever open it.

use yew::prelude::*;

use super::attr::{self, press};
use crate::state::Action;

/// The help, over the page once it is opened. The browser keeps the focus in it, closes it by Escape, and puts the focus back.
pub fn help(act: &Callback<Action>, place: &NodeRef) -> Html {
    html! {
        <dialog ref={place} class="help" aria-labelledby="help-title" data-term="keys">
            <div class="card">
                { attr::words("h2", &[("id", attr::Static("help-title"))], "Keyboard shortcuts") }
                <dl class="keys" />
                { attr::button("button", Some("close-help"), None, "Close".into(), press(act, Action::ToggleHelp)) }
            </div>
        </dialog>
    }
}
