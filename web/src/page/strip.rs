//! The whole heap block by block, from the lowest address on: for heaps of a few blocks, in the story.

use yew::prelude::*;

use super::{
    attr::{self, words},
    heap_map::swatch,
};
use crate::{protocol::BlockRow, state::State};

/// The card, once the blocks are known. Those of the moment before stay until then.
pub(super) fn strip(state: &State) -> Html {
    let rows = &state.inspection.whole;
    if !state.tour.is_story() || rows.is_empty() {
        return Html::default();
    }
    html! {
        <section class="card" aria-labelledby="strip-title">
            { words("h2", &[("id", attr::Static("strip-title"))], "The heap, block by block, lowest address first") }
            <ol id="strip" class="strip" data-count={attr::number(rows.len() as u64)}>{ for rows.iter().map(block) }</ol>
        </section>
    }
}

/// A block: the larger, the wider, but never too narrow for its words.
fn block(row: &BlockRow) -> Html {
    html! {
        <li style={format!("flex-grow: {}", row.size.0)} title={format!("{} at {}: {}", row.size, row.address, row.state)}>
            { swatch(row.kind) }
            <b>{ row.size.to_string() }</b>
            <span>{ row.state.clone() }</span>
        </li>
    }
}
