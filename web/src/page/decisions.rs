//! The latest decisions of the allocator up to the playhead.

use yew::prelude::*;

use crate::{format, protocol::ToldKind, view::Look};

/// The card with the log.
pub fn decisions(look: &Look) -> Html {
    html! {
        <section class="card">
            <h2>{ "What the allocator decided" }</h2>
            if look.decisions.is_empty() {
                <p class="words">{ "Nothing so far." }</p>
            } else {
                <ol id="decisions" class="log" tabindex="0" aria-label="Latest decisions, the latest first"
                    data-count={look.decided.to_string()}>
                    { for look.decisions.iter().map(|told| html! {
                        <li class={classes!("told", class(told.kind))}>
                            <b>{ format::seconds(told.time) }</b>
                            <span>
                                { told.words.clone() }
                                if told.times > 1 {
                                    <i>{ format!(" ({} times)", told.times) }</i>
                                }
                            </span>
                        </li>
                    }) }
                </ol>
            }
        </section>
    }
}

fn class(kind: ToldKind) -> &'static str {
    match kind {
        ToldKind::GaveBack => "told--gave",
        ToldKind::Refused => "told--refused",
        ToldKind::Took => "told--took",
        ToldKind::Changed => "told--changed",
        ToldKind::Failed => "told--failed",
    }
}
