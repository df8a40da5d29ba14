//! From where in the program what is held was allocated.

use highwater_report::innermost;
use highwater_simulator::{Allotted, Diagnosis, SiteShare};
use yew::prelude::*;

use super::{attr, flame::flame};
use crate::format;

/// Sites that are shown at once; the others can be unfolded.
const SHOWN: usize = 8;

/// The card, for a recording that names call sites.
pub(super) fn sites(diagnosis: &Diagnosis) -> Html {
    let Some(shares) = &diagnosis.sites else {
        return Html::default();
    };
    let (first, rest) = shares.sites.split_at(shares.sites.len().min(SHOWN));
    html! {
        <section id="sites" class="card" data-count={attr::number(shares.sites.len() as u64)}>
            { attr::words("h2", &[], "Held and parked, by call site") }
            { flame(shares) }
            { table(first) }
            if !rest.is_empty() {
                <details class="more">
                    <summary>{ format!("{} more call sites", rest.len()) }</summary>
                    { table(rest) }
                </details>
            }
            { others(shares.unlisted, &shares.from_unlisted, "call sites that are not listed") }
            { others(u64::from(shares.from_unknown != Allotted::default()), &shares.from_unknown, "places that the recording does not name") }
        </section>
    }
}

fn table(shares: &[SiteShare]) -> Html {
    html! {
        <table class="sites">
            <thead>
                <tr>
                    <th scope="col">{ "allocated in" }</th>
                    <th scope="col" class="figure" title="Bytes that the program holds">{ "live" }</th>
                    <th scope="col" class="figure" title="Bytes that it has freed and caches keep">{ "parked" }</th>
                </tr>
            </thead>
            <tbody>{ for shares.iter().map(row) }</tbody>
        </table>
    }
}

fn row(share: &SiteShare) -> Html {
    let name = innermost(&share.site).map(str::to_owned);
    let allotted = share.allotted;
    let title = format!(
        "{} blocks held, {} chunks parked",
        format::count(allotted.live_blocks),
        format::count(allotted.parked_blocks)
    );
    html! {
        <tr {title}>
            <td>
                if let Some(name) = name {
                    <details>
                        <summary>{ name }</summary>
                        <ol>{ for share.site.split(' ').map(|place| attr::words("li", &[], place)) }</ol>
                    </details>
                } else {
                    { "a call site without a name" }
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
