//! The buttons that save pictures.

use yew::prelude::*;

use super::attr::press;
use crate::state::{Action, Format, InspectionAction, Picture};

/// The buttons that save a picture of something, `of` in words.
pub(super) fn buttons(act: &Callback<Action>, picture: Picture, of: &str) -> Html {
    let button = |name: &'static str, format| {
        html! {
            <button type="button" class="button button--small" aria-label={format!("{name} of {of}")}
                onclick={press(act, Action::Inspection(InspectionAction::Save(picture, format)))}>{ name }</button>
        }
    };
    [button("SVG", Format::Svg), button("PNG", Format::Png)]
        .into_iter()
        .collect()
}
