//! The pins: what keeps free memory from going back, from the top down.

use highwater_simulator::{Bytes, Diagnosis, Pin, Without};
use yew::prelude::*;

use super::attr::{self, press};

use crate::{
    format,
    state::{Action, InspectionAction, State},
    variants::VariantId,
};

/// Pins that are shown at once; the others can be unfolded.
const SHOWN: usize = 6;

/// The card with the table of pins, of a variant.
pub fn pins(state: &State, id: VariantId, diagnosis: &Diagnosis, act: &Callback<Action>) -> Html {
    let pointed = state.inspection.pointed;
    let arenas = diagnosis.arenas.len() > 1;
    let rows = |from: usize, to: usize| {
        let pins = diagnosis.pins.iter().enumerate();
        let pins = pins.take(to).skip(from);
        pins.map(|(index, pin)| row((index, pin), arenas, pointed, id, act))
            .collect::<Html>()
    };
    let count = diagnosis.pins.len();
    html! {
        <section class="card">
            { attr::words("h2", &[], "Chunks that pin free memory, top of the heap first") }
            if count == 0 {
                { attr::words("p", &[("class", attr::Static("words"))], "No chunk pins free memory.") }
            } else {
                <table id="pins" class="pins" data-count={attr::number(count as u64)}>
                    { columns() }
                    <thead>
                        <tr>
                            <th scope="col"><span class="hidden">{ "number" }</span></th>
                            <th scope="col">{ attr::explained("pin", "pin") }</th>
                            <th scope="col" class="figure" title="The chunk's size, header included">{ "bytes" }</th>
                            <th scope="col" class="figure" title="Free memory below the chunk that cannot reach the top">{ "free below" }</th>
                        </tr>
                    </thead>
                    <tbody>{ rows(0, SHOWN) }</tbody>
                </table>
                if count > SHOWN {
                    <details class="more">
                        <summary>{ format!("{} more pins", count - SHOWN) }</summary>
                        <table class="pins">{ columns() }<tbody>{ rows(SHOWN, count) }</tbody></table>
                    </details>
                }
                if diagnosis.unlisted_pins.count > 0 {
                    <p class="words" data-unlisted={attr::number(diagnosis.unlisted_pins.count)}>
                        { format!("{} more pins hold {} in total.", format::count(diagnosis.unlisted_pins.count), diagnosis.unlisted_pins.behind) }
                    </p>
                }
                { without(state.inspection.without, count, act) }
            }
        </section>
    }
}

/// So that both tables have the same columns.
fn columns() -> Html {
    html! { <colgroup><col /><col /><col /><col /></colgroup> }
}

/// What would be if pins were gone: asked, and answered.
fn without(
    without: Option<(usize, Option<Without>)>,
    count: usize,
    act: &Callback<Action>,
) -> Html {
    let ask = |pins: usize, words: String| {
        html! {
            <button type="button" class="button button--small" data-without={attr::number(pins as u64)}
                onclick={press(act, Action::Inspection(InspectionAction::AskWithout(pins)))}>{ words }</button>
        }
    };
    let few = SHOWN.min(count);
    html! {
        <div class="without">
            <div class="card__tools">
                { "What if " }
                { ask(1, "the first".to_owned()) }
                if few > 1 {
                    { ask(few, format!("the first {few}")) }
                }
                if count > few {
                    { ask(count, format!("all {count}")) }
                }
                { " were gone?" }
            </div>
            if let Some((pins, answer)) = without {
                <p id="without" class="words" role="status" data-given={answer.map(|answer| answer.given_back.0.to_string())}>
                    { answer.map_or("Simulating…".to_owned(), |answer| highwater_report::without(pins, &answer).to_string()) }
                </p>
            }
        </div>
    }
}

fn row(
    (index, pin): (usize, &Pin),
    arenas: bool,
    pointed: Option<usize>,
    id: VariantId,
    act: &Callback<Action>,
) -> Html {
    let address = pin.address;
    let open = act.reform(move |_: MouseEvent| {
        Action::Inspection(InspectionAction::OpenBlocks(Some((
            id,
            address - Bytes(256),
            address + Bytes(512),
        ))))
    });
    let point =
        act.reform(move |_: PointerEvent| Action::Inspection(InspectionAction::Point(Some(index))));
    let focus =
        act.reform(move |_: FocusEvent| Action::Inspection(InspectionAction::Point(Some(index))));
    let leave = act.reform(|_: PointerEvent| Action::Inspection(InspectionAction::Point(None)));
    let blur = act.reform(|_: FocusEvent| Action::Inspection(InspectionAction::Point(None)));
    let state = highwater_report::state(pin);
    let arena = if arenas {
        format!("arena {} · ", pin.arena)
    } else {
        String::new()
    };
    let above = match pin.unlisted_above {
        0 => String::new(),
        n => format!(" · {} above", format::of(n, "minor pin", "minor pins")),
    };
    html! {
        <>
            <tr tabindex="0" data-state={state} data-pointed={attr::flag(pointed == Some(index))}
                onpointerenter={point} onpointerleave={leave} onfocus={focus} onblur={blur}>
                <td class="pin__number">
                    <button type="button" class="link" title="Show this chunk and its neighbours" aria-label={format!("Chunks around pin {}", index + 1)}
                        onclick={open}>{ index + 1 }</button>
                </td>
                <td>
                    <span class={classes!("tag", format!("tag--{state}"))}>{ state }</span>
                    { " " }{ highwater_report::place(pin, arenas) }
                </td>
                { attr::words("td", &[("class", attr::Static("figure"))], &format::count(pin.size.0)) }
                { attr::words("td", &[("class", attr::Static("figure"))], &pin.behind.to_string()) }
            </tr>
            <tr class="pin__origin">
                <td />
                <td colspan="3" title={format!("at {}", pin.address)}>{ arena }{ highwater_report::origin(pin) }{ above }</td>
            </tr>
        </>
    }
}
