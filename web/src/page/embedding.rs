//! The page inside another: what of it is shown, and what the two say to each other.
//!
//! The address says what is shown (`?embed=1&panels=chart,map&controls=0&theme=dark`) and may say what runs
//! (`scenario=decay&events=300&env=MALLOC_ARENA_MAX=2`, with or without `embed`). Messages are objects with `highwater: 1`
//! and a `type`; docs/embedding.md has the set. Only the window around the page is listened to, and with `origin=` only
//! one of that origin.

use gloo_events::EventListener;
use highwater_simulator::Micros;
use js_sys::{Array, Number, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, UrlSearchParams, Window};
use yew::Callback;

use crate::{
    format,
    state::{Action, Embed, Place, State, Theme},
    worker_client::Health,
};

/// The version of the messages.
const VERSION: u32 = 1;

/// The part of the address that is not a link.
fn query() -> Option<UrlSearchParams> {
    let search = web_sys::window()?.location().search().ok()?;
    UrlSearchParams::new_with_str(&search).ok()
}

/// How the page is embedded, if it is.
pub fn embed() -> Option<Embed> {
    let query = query()?;
    query.get("embed").filter(|embed| embed == "1")?;
    let panels = query.get("panels");
    Some(Embed {
        controls: query.get("controls").as_deref() != Some("0"),
        ..Embed::of(panels.as_deref().unwrap_or("chart,map,why,table"))
    })
}

/// The colours that the address asks for.
pub fn theme() -> Option<Theme> {
    match query()?.get("theme")?.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    }
}

/// The step of the tour that the address asks for.
pub fn toured() -> Option<Place> {
    let query = query()?;
    Place::of(query.get("lang").as_deref(), &query.get("tour")?)
}

/// What the address says is to run, as the text of a link.
pub fn asked() -> Option<String> {
    asked_in(&query()?)
}

/// What an address's part behind `?` says is to run, as the text of a link.
pub fn asked_by(query: &str) -> Option<String> {
    asked_in(&UrlSearchParams::new_with_str(query).ok()?)
}

fn asked_in(query: &UrlSearchParams) -> Option<String> {
    let mut text = text(
        &query.get("scenario")?,
        &Array::from(query),
        query.get("env"),
    );
    // By its letter, and a moment in seconds.
    let place = |name| match query.get(name)?.as_bytes() {
        [letter @ b'A'..=b'H'] => Some(letter - b'A'),
        _ => None,
    };
    let beside = place("beside").map_or("-".to_owned(), |place| place.to_string());
    let first = place("variant").unwrap_or(0);
    text.push_str(&format!("u{first} 0 {beside}\n"));
    if let Some(at) = query.get("at") {
        // What is no number is 0.
        let micros = (Number::parse_float(&at) * 1e6) as u64;
        text.push_str(&format!("t{micros}\n"));
    }
    Some(text)
}

/// What is asked for, as the text of a link: a scenario, pairs of a parameter's name and its value among which those names of
/// an address stand that are no parameter's, and the first variant's environment.
fn text(scenario: &str, parameters: &Array, environment: Option<String>) -> String {
    let mut text = String::new();
    let mut line = |parts: [&str; 4]| parts.iter().for_each(|part| text.push_str(part));
    line(["s", scenario, "\n", ""]);
    for pair in parameters.iter() {
        let pair: &Array = pair.unchecked_ref();
        let name = pair.get(0).as_string().unwrap_or_default();
        if !NO_PARAMETERS.contains(&name.as_str()) {
            // A number where it is a message's.
            let value = pair.get(1);
            let number = value.as_f64().map(format::number);
            let value = value.as_string().or(number).unwrap_or_default();
            line(["p", &name, " ", &value]);
            line(["\n", "", "", ""]);
        }
    }
    for setting in environment.unwrap_or_default().lines() {
        line(["n", setting, "\n", ""]);
    }
    text
}

/// What else an address may hold.
const NO_PARAMETERS: [&str; 12] = [
    "embed", "panels", "controls", "theme", "origin", "scenario", "env", "variant", "beside", "at",
    "tour", "lang",
];

/// The window around the page, if there is one, and the origin that it must have.
fn around() -> Option<(Window, String)> {
    let window = web_sys::window()?;
    let parent = window.parent().ok()??;
    if parent == window {
        return None;
    }
    let origin = query().and_then(|query| query.get("origin"));
    Some((parent, origin.unwrap_or_else(|| "*".to_owned())))
}

/// Listens to the window around the page.
pub fn listen(act: Callback<Action>) -> Option<EventListener> {
    let (parent, origin) = around()?;
    let window = web_sys::window()?;
    Some(EventListener::new(&window, "message", move |event| {
        let event: &MessageEvent = event.unchecked_ref();
        let is_parents = event.source().is_some_and(|source| *source == ***parent);
        if is_parents
            && (origin == "*" || event.origin() == origin)
            && let Some(action) = action(&event.data())
        {
            act.emit(action);
        }
    }))
}

/// What a message is to do; nothing for one that is not of these.
fn action(message: &JsValue) -> Option<Action> {
    let get = |name: &str| Reflect::get(message, &name.into()).unwrap_or_default();
    if get("highwater").as_f64() != Some(f64::from(VERSION)) {
        return None;
    }
    match get("type").as_string()?.as_str() {
        "set" => {
            if let Some(link) = get("link").as_string() {
                return Some(Action::Go(link));
            }
            let parameters = get("parameters");
            let parameters = match parameters.dyn_ref::<Object>() {
                Some(parameters) => Object::entries(parameters),
                None => Array::new(),
            };
            let scenario = get("scenario").as_string()?;
            let text = text(&scenario, &parameters, get("environment").as_string());
            Some(Action::OpenLink(Some(text)))
        }
        "seek" => Some(Action::Seek(Micros(
            (get("seconds").as_f64()?.max(0.0) * 1e6) as u64,
        ))),
        "play" => match get("playing").as_bool() {
            Some(playing) => Some(Action::Play(playing)),
            None => Some(Action::TogglePlay),
        },
        "theme" => Some(Action::Theme(get("theme").as_string()? == "dark")),
        _ => None,
    }
}

/// What the window around the page has been told.
#[derive(Default)]
pub struct Told {
    /// That it can talk to the page.
    is_ready: bool,
    /// What came of the present runs.
    result: bool,
}

/// Tells the window around the page that it can talk to it, once the workers are there, and what came of all runs, each time they
/// are over.
pub fn tell(state: &State, told: &mut Told) {
    let is_ready = matches!(state.health, Health::Ready(_));
    if is_ready && !std::mem::replace(&mut told.is_ready, is_ready) {
        post("ready", &Object::new());
    }
    let is_over = !state.is_busy() && state.run().is_some();
    if !is_over || told.result {
        told.result &= is_over;
        return;
    }
    told.result = true;
    if around().is_none() {
        return;
    }
    let message = Object::new();
    let variants = Array::new();
    for variant in &state.variants {
        let one = Object::new();
        set(&one, "name", variant.name.as_str().into());
        if let Some(run) = variant.run.as_ref().filter(|_| variant.is_fresh()) {
            let summary = &run.ran.summary;
            for (name, bytes) in [
                ("peak", summary.peak),
                ("afterRest", summary.after_rest),
                ("live", summary.live),
                ("reclaimable", summary.reclaimable),
            ] {
                set(&one, name, (bytes.0 as f64).into());
            }
        }
        variants.push(&one);
    }
    set(&message, "scenario", state.subject.key().into());
    set(&message, "variants", variants.into());
    let trouble = state.trouble.as_deref();
    set(
        &message,
        "error",
        trouble.map_or(JsValue::NULL, JsValue::from),
    );
    post("result", &message);
}

fn set(object: &Object, name: &str, value: JsValue) {
    // It can fail only for an object that cannot be changed.
    let _ = Reflect::set(object, &name.into(), &value);
}

/// Posts a message of a type to the window around the page, if there is one.
fn post(named: &str, message: &Object) {
    let Some((parent, origin)) = around() else {
        return;
    };
    set(message, "highwater", VERSION.into());
    set(message, "type", named.into());
    // Refused only for an origin that is none.
    parent.post_message(message, &origin).ok();
}
