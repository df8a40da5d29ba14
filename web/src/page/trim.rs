//! The gauge: the top against the threshold from which free() gives it back.

use highwater_simulator::{Bytes, Diagnosis};
use yew::prelude::*;

use super::attr;

use crate::format;

/// The card with the gauge.
pub fn trim(diagnosis: &Diagnosis) -> Html {
    let (top, threshold) = (diagnosis.top, diagnosis.trim_threshold);
    let (filled, mark) = places(top, threshold);
    let words = if top < threshold {
        "below it: nothing is given back"
    } else {
        "enough: the next merge of 64 KiB gives it back"
    };
    html! {
        <section id="trim" class="card" data-top={attr::number(top.0)} data-threshold={attr::number(threshold.0)}>
            <h2>{ "Trim" }</h2>
            <p class="words">
                { "The top is " }<b>{ top.to_string() }</b>{ ", the trim threshold " }<b>{ size(threshold) }</b>
                { format!(" — {words}.") }
            </p>
            <div class="gauge" role="img" aria-label={format!("top {top} of a threshold of {}", size(threshold))}>
                <div class="gauge__fill" style={format!("width: {}", format::percent(filled))} />
                <div class="gauge__mark" style={attr::placed("left", mark)}>
                    <span>{ "threshold" }</span>
                </div>
            </div>
        </section>
    }
}

/// A threshold may be set to more than any memory; that is said as what it means.
fn size(threshold: Bytes) -> String {
    if threshold.0 >= 1 << 50 {
        "out of reach".to_owned()
    } else {
        threshold.to_string()
    }
}

/// Where the top ends and where the threshold lies on the gauge: the larger of the two at three quarters.
fn places(top: Bytes, threshold: Bytes) -> (f64, f64) {
    const FULL: f64 = 0.75;
    let whole = (top.max(threshold).0 as f64).max(1.0);
    (
        top.0 as f64 / whole * FULL,
        threshold.0 as f64 / whole * FULL,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lie_on_the_gauge() {
        assert_eq!(places(Bytes(50), Bytes(100)), (0.375, 0.75));
        assert_eq!(places(Bytes(100), Bytes(0)), (0.75, 0.0));
        assert_eq!(places(Bytes(0), Bytes(0)), (0.0, 0.0));
        assert_eq!(size(Bytes(u64::MAX)), "out of reach");
    }
}
