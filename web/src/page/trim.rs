//! The gauge: the top against the threshold from which free() gives it back.

use highwater_report::{threshold_in_words, top_and_threshold};
use highwater_simulator::{Bytes, Diagnosis};
use yew::prelude::*;

use super::attr;

use crate::format;

/// The card with the gauge.
pub fn trim(diagnosis: &Diagnosis) -> Html {
    let (top, threshold) = (diagnosis.top, diagnosis.trim_threshold);
    let (filled, mark) = places(top, threshold);
    html! {
        <section id="trim" class="card" data-top={attr::number(top.0)} data-threshold={attr::number(threshold.0)}>
            { attr::words("h2", &[], "Trim") }
            <p class="words">
                { top_and_threshold(diagnosis).to_string() }
            </p>
            <div class="gauge" role="img" aria-label={format!("top {top}, trim threshold {}", threshold_in_words(threshold))}>
                <div class="gauge__fill" style={format!("width: {}", format::percent(filled))} />
                <div class="gauge__mark" style={attr::placed("left", mark)}>
                    { attr::words("span", &[], "threshold") }
                </div>
            </div>
        </section>
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
    }
}
