//! The help: every key with what it does.

use yew::prelude::*;

use super::{attr::press, keys::KEYS};
use crate::state::Action;

/// The help, over the page.
pub fn help(act: &Callback<Action>) -> Html {
    html! {
        <div class="help" role="dialog" aria-modal="true" aria-labelledby="help-title">
            <div class="card">
                <h2 id="help-title">{ "Keys" }</h2>
                <dl class="keys">
                    { for KEYS.iter().map(|(key, meaning)| html! { <><dt><kbd>{ *key }</kbd></dt><dd>{ *meaning }</dd></> }) }
                </dl>
                <p class="words">
                    { "On the chart: click to look at a moment, drag to see a part of the time, double-click to see all of it." }
                </p>
                <button id="close-help" type="button" class="button" onclick={press(act, Action::ToggleHelp)}>{ "Close" }</button>
            </div>
        </div>
    }
}
