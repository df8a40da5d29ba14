//! Notes at moments: where they are in the chart, and the list in which they are written.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use highwater_chart::{Scale, markup};

use super::attr::{self, press};
use crate::{
    format,
    naming::LONGEST,
    state::{Action, ChartAction, Note, PlayheadAction, State},
};

/// The flags in the chart, by number, each with its words as far as there is room.
pub(super) fn flags(notes: &[Note], scale: &Scale) -> Html {
    let mut text = String::new();
    for (at, note) in notes.iter().enumerate() {
        if scale.shows(note.time) {
            let share = scale.share(note.time);
            let class = if share < 0.5 {
                "flag"
            } else {
                "flag flag--left"
            };
            let style = attr::placed("left", share);
            let number = (at + 1).to_string();
            markup(
                &mut text,
                "<div class=\"$\" style=\"$\"><b>$</b><span>$</span></div>",
                &[class, &style, &number, &note.text],
            );
        }
    }
    Html::from_html_unchecked(text.into())
}

/// The button that begins one.
pub(super) fn begin(act: &Callback<Action>) -> Html {
    attr::button(
        "button button--small",
        Some("add-note"),
        Some("Write a note at the playhead (N); links keep it"),
        "Note".into(),
        press(act, Action::Chart(ChartAction::Note)),
    )
}

/// The list under the chart: as fields where the page is the user's own, else as words.
pub(super) fn list(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    let notes = &state.charted.notes;
    if notes.is_empty() {
        return Html::default();
    }
    let is_own = state.shows().controls && state.display.embed.is_none();
    html! {
        <ol id="notes-list" class="notes" aria-label="Notes">
            { for notes.iter().enumerate().map(|(at, note)| {
                let place = if state.charted.begun == Some(at) { place.clone() } else { NodeRef::default() };
                html! {
                    <li key={note.time.0}>
                        { attr::link(None, "Go to this moment", format::time(note.time),
                            press(act, Action::Playhead(PlayheadAction::Seek(note.time)))) }
                        if is_own { { field(at, note, act, &place) } } else { <span>{ note.text.clone() }</span> }
                    </li>
                }
            }) }
        </ol>
    }
}

fn field(at: usize, note: &Note, act: &Callback<Action>, place: &NodeRef) -> Html {
    let write = act.reform(move |event: InputEvent| {
        let field: HtmlInputElement = event.target_unchecked_into();
        Action::Chart(ChartAction::Write(at, field.value()))
    });
    html! {
        <>
            <input ref={place} class="text" aria-label={format!("Note at {}", format::time(note.time))} maxlength={LONGEST.to_string()}
                placeholder="What happened here?" autocomplete="off" value={note.text.clone()} oninput={write} />
            <button type="button" class="button button--small" aria-label="Remove this note" title="Remove this note"
                onclick={press(act, Action::Chart(ChartAction::Erase(at)))}>{ "✕" }</button>
        </>
    }
}
