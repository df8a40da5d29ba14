//! The pins: what keeps free memory from going back, from the top down.

use highwater_simulator::{Diagnosis, Pin};
use yew::prelude::*;

use crate::{format, state::Action, words};

/// Pins that are shown at once; the others can be unfolded.
const SHOWN: usize = 6;

/// The card with the table of pins.
pub fn pins(diagnosis: &Diagnosis, pointed: Option<usize>, act: &Callback<Action>) -> Html {
    let arenas = diagnosis.arenas.len() > 1;
    let rows = |from: usize, to: usize| {
        let pins = diagnosis.pins.iter().enumerate();
        let pins = pins.take(to).skip(from);
        pins.map(|(index, pin)| row(index, pin, arenas, pointed, act))
            .collect::<Html>()
    };
    let count = diagnosis.pins.len();
    html! {
        <section class="card">
            <h2>{ "What holds it, from the top down" }</h2>
            if count == 0 {
                <p class="words">{ "Nothing lies on the heap yet." }</p>
            } else {
                <table id="pins" class="pins" data-count={count.to_string()}>
                    { columns() }
                    <thead>
                        <tr>
                            <th scope="col"><span class="hidden">{ "number" }</span></th>
                            <th scope="col">{ "pin" }</th>
                            <th scope="col" class="figure">{ "bytes" }</th>
                            <th scope="col" class="figure">{ "behind it" }</th>
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
            }
        </section>
    }
}

/// So that both tables have the same columns.
fn columns() -> Html {
    html! { <colgroup><col /><col /><col /><col /></colgroup> }
}

fn row(
    index: usize,
    pin: &Pin,
    arenas: bool,
    pointed: Option<usize>,
    act: &Callback<Action>,
) -> Html {
    let point = act.reform(move |_: PointerEvent| Action::Point(Some(index)));
    let focus = act.reform(move |_: FocusEvent| Action::Point(Some(index)));
    let leave = act.reform(|_: PointerEvent| Action::Point(None));
    let blur = act.reform(|_: FocusEvent| Action::Point(None));
    let state = words::state(pin);
    let arena = if arenas {
        format!("arena {} · ", pin.arena)
    } else {
        String::new()
    };
    let above = match pin.unlisted_above {
        0 => String::new(),
        n => format!(" · {n} small above"),
    };
    html! {
        <>
            <tr tabindex="0" data-state={state} data-pointed={(pointed == Some(index)).to_string()}
                onpointerenter={point} onpointerleave={leave} onfocus={focus} onblur={blur}>
                <td class="pin__number">{ index + 1 }</td>
                <td>
                    <span class={classes!("tag", format!("tag--{state}"))}>{ state }</span>
                    { " " }{ words::place(pin, arenas) }
                </td>
                <td class="figure">{ format::count(pin.requested.unwrap_or(pin.size).0) }</td>
                <td class="figure">{ pin.behind.to_string() }</td>
            </tr>
            <tr class="pin__origin">
                <td />
                <td colspan="3" title={format!("at {}", pin.address)}>{ arena }{ words::origin(pin) }{ above }</td>
            </tr>
        </>
    }
}
