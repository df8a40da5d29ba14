//! The blocks of a few pages, one by one.

use highwater_chart::huge_at;
use highwater_simulator::{Micros, Origin};
use yew::prelude::*;

use super::{
    attr::{self, Static, press},
    heap_map::swatch,
};
use crate::{
    format,
    protocol::BlockRow,
    state::{Action, InspectionAction, Opened, State},
};

/// The card with them, if any are looked at.
pub fn blocks(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    let opened = state.inspection.opened.as_ref();
    let Some(opened) = opened.filter(|opened| !opened.is_whole()) else {
        return Html::default();
    };
    let close = Action::Inspection(InspectionAction::OpenBlocks(None));
    html! {
        <section id="blocks" class="card" aria-labelledby="blocks-title" data-count={opened.rows.as_ref().map(|rows| rows.len().to_string())}>
            <div class="card__head">
                <h2 id="blocks-title" ref={place} tabindex="-1">{ format!("Blocks at {}", opened.from) }</h2>
                { attr::button("button button--small", Some("close-blocks"), None, "Close".into(), press(act, close)) }
            </div>
            { in_huge_page(state, opened) }
            { body(opened, state.playhead.time) }
        </section>
    }
}

/// What the huge page holds that the blocks lie in, if they lie in one.
fn in_huge_page(state: &State, opened: &Opened) -> Html {
    let look = state.inspection.latest_look(opened.id);
    let frame = look.and_then(|look| look.frame.as_ref());
    let run = state.variants.get(opened.id);
    let page = run.and_then(|run| Some(run.run.as_ref()?.ran.page_size));
    let said = frame
        .zip(page)
        .map(|(frame, page)| huge_at(frame, opened.from, page));
    match said.unwrap_or_default() {
        said if said.is_empty() => Html::default(),
        said => attr::words("p", &[("class", Static("words"))], &said),
    }
}

fn body(opened: &Opened, now: Micros) -> Html {
    let Some(rows) = &opened.rows else {
        return html! { <p class="words">{ "Loading…" }</p> };
    };
    if rows.is_empty() {
        return html! { <p class="words">{ "These pages contain no blocks." }</p> };
    }
    html! {
        <div class="scrolls scrolls--high" data-scrolls="y" tabindex="0" role="region" aria-label="Table of blocks">
            <table class="table">
                <thead>
                    <tr>
                        { for ["address", "state"].iter().map(|head| html! { <th scope="col">{ *head }</th> }) }
                        { for ["bytes", "asked for", "age"].iter().map(|head| html! { <th scope="col" class="figure">{ *head }</th> }) }
                        { for ["allocated", "freed"].iter().map(|head| html! { <th scope="col">{ *head }</th> }) }
                    </tr>
                </thead>
                <tbody>{ for rows.iter().map(|row| line(row, now)) }</tbody>
            </table>
        </div>
    }
}

fn line(row: &BlockRow, now: Micros) -> Html {
    let age = row
        .allocated
        .map(|origin| Micros(now.0.saturating_sub(origin.time.0)));
    let requested = row
        .requested
        .map_or(String::new(), |bytes| format::count(bytes.0));
    html! {
        <tr>
            <th scope="row"><code>{ row.address.to_string() }</code></th>
            <td>{ swatch(row.kind) }{ row.state.clone() }</td>
            { attr::words("td", &[("class", Static("figure"))], &format::count(row.size.0)) }
            { attr::words("td", &[("class", Static("figure"))], &requested) }
            { attr::words("td", &[("class", Static("figure"))], &age.map_or(String::new(), format::time)) }
            <td>{ origin(row.allocated) }</td>
            <td>{ origin(row.freed) }</td>
        </tr>
    }
}

fn origin(origin: Option<Origin>) -> String {
    origin.map_or(String::new(), |origin| {
        format!(
            "{} · event {} · thread {}",
            format::time(origin.time),
            format::count(origin.event),
            origin.thread
        )
    })
}
