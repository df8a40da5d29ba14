//! Which allocator runs it, in which version.

use highwater_simulator::Choice;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::state::Action;

/// The card with the choice.
pub fn allocator(chosen: Choice, act: &Callback<Action>) -> Html {
    let choose = act.reform(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let index = usize::try_from(select.selected_index()).unwrap_or_default();
        Action::ChooseAllocator(Choice::all().nth(index).unwrap_or(chosen))
    });
    html! {
        <section class="card">
            <h2 id="allocator-title">{ "Allocator" }</h2>
            <select id="allocator" class="select" aria-labelledby="allocator-title" onchange={choose}>
                { for Choice::all().map(|choice| html! {
                    <option value={choice.to_string()} selected={choice == chosen}>
                        { choice.to_string().replace('@', " ") }{ " · " }{ choice.found_in() }
                    </option>
                }) }
            </select>
        </section>
    }
}
