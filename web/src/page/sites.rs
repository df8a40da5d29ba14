//! From where in the program what is held was allocated.

use highwater_simulator::{Allotted, Diagnosis, PlaceShare, SiteShare, innermost};
use yew::prelude::*;

use super::{attr, flame::flame};
use crate::format;

/// Places that are shown at once; the others can be unfolded.
const SHOWN: usize = 8;

/// The card, for a recording that names call sites.
pub(super) fn sites(diagnosis: &Diagnosis) -> Html {
    let Some(shares) = &diagnosis.sites else {
        return Html::default();
    };
    let (first, rest) = shares.places.split_at(shares.places.len().min(SHOWN));
    html! {
        <section id="sites" class="card" data-count={attr::number(shares.places.len() as u64)}>
            { attr::words("h2", &[], "Held and parked, by call site") }
            { flame(shares) }
            { table(first, &shares.sites) }
            if !rest.is_empty() {
                <details class="more">
                    <summary>{ format!("{} more places", rest.len()) }</summary>
                    { table(rest, &shares.sites) }
                </details>
            }
            { others(shares.unlisted, &shares.from_unlisted, "places that are not listed") }
            { others(u64::from(shares.from_unknown != Allotted::default()), &shares.from_unknown, "calls of which the recording has no site") }
        </section>
    }
}

fn table(shares: &[PlaceShare], sites: &[SiteShare]) -> Html {
    html! {
        <table class="sites">
            <thead>
                <tr>
                    <th scope="col">{ "allocated in" }</th>
                    <th scope="col" class="figure" title="Bytes that the program holds">{ "live" }</th>
                    <th scope="col" class="figure" title="Bytes that it has freed and caches keep">{ "parked" }</th>
                </tr>
            </thead>
            <tbody>{ for shares.iter().map(|share| row(share, sites)) }</tbody>
        </table>
    }
}

/// A place, with the stack by which most of it was allocated.
fn row(share: &PlaceShare, sites: &[SiteShare]) -> Html {
    let stack = sites
        .iter()
        .find(|site| innermost(&site.site) == Some(&share.place[..]));
    let allotted = share.allotted;
    let title = format!(
        "{} blocks held, {} chunks parked, from {} stacks",
        format::count(allotted.live_blocks),
        format::count(allotted.parked_blocks),
        format::count(share.stacks)
    );
    html! {
        <tr {title}>
            <td>
                if let Some(stack) = stack {
                    <details>
                        <summary>{ share.place.clone() }</summary>
                        <ol>{ for stack.site.split(' ').skip(1).map(|place| attr::words("li", &[], place)) }</ol>
                    </details>
                } else if share.place.is_empty() {
                    { "call sites without a name" }
                } else {
                    { share.place.clone() }
                }
            </td>
            { attr::words("td", &[("class", attr::Static("figure"))], &allotted.live.to_string()) }
            { attr::words("td", &[("class", attr::Static("figure"))], &allotted.parked.to_string()) }
        </tr>
    }
}

/// What lies beside the list.
fn others(count: u64, allotted: &Allotted, which: &str) -> Html {
    if count == 0 {
        return Html::default();
    }
    let words = format!(
        "{} held and {} parked come from {which}.",
        allotted.live, allotted.parked
    );
    attr::words("p", &[("class", attr::Static("words"))], &words)
}
