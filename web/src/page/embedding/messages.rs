//! What the page and the window around it say to each other.

use wasm_bindgen::JsCast;

use super::{
    Action, Array, Callback, DisplayAction, EventListener, Health, JsString, JsValue,
    MOST_SETTINGS, MessageEvent, Micros, Object, PlayheadAction, Reflect, State, VERSION, Window,
    format, letter, plain, query, text, window,
};

/// The window around the page, if there is one, and the origin that it must have.
fn around() -> Option<(Window, String)> {
    let window = window()?;
    let parent = window.parent().ok()??;
    if parent == window {
        return None;
    }
    let origin = query().and_then(|query| query.get("origin"));
    Some((parent, origin.unwrap_or_else(|| "*".to_owned())))
}

/// Says, where the page tells its results to whatever page is around it, that it does.
pub fn tells_anyone() -> bool {
    around().is_some_and(|(_, origin)| origin == "*")
}

/// Listens to the window around the page.
pub fn listen(act: Callback<Action>) -> Option<EventListener> {
    let (parent, origin) = around()?;
    if origin == "*" {
        web_sys::console::warn_1(
            &"Highwater tells its results to any page that frames it, since its address states no `origin=`. \
              To restrict them to one page, add `origin=` with that page's origin (docs: Embedding and hosting)."
                .into(),
        );
    }
    let window = window()?;
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
            let mut notes = Vec::new();
            let environment = get("environment");
            let mut environment = environment.dyn_into::<JsString>().ok();
            // Refused before it is copied.
            if environment
                .as_ref()
                .is_some_and(|text| text.length() > MOST_SETTINGS)
            {
                notes.push(format!(
                    "Ignored `environment`: it may have {} characters at most.",
                    format::count(u64::from(MOST_SETTINGS))
                ));
                environment = None;
            }
            let environment = environment.map(String::from);
            let text = text(
                ('s', &plain(&scenario)),
                &parameters,
                environment,
                &mut notes,
            );
            Some(Action::OpenWith(text, notes))
        }
        "seek" => Some(Action::Playhead(PlayheadAction::Seek(Micros(
            (get("seconds").as_f64()?.max(0.0) * 1e6) as u64,
        )))),
        "play" => match get("playing").as_bool() {
            Some(playing) => Some(Action::Playhead(PlayheadAction::Play(playing))),
            None => Some(Action::Playhead(PlayheadAction::TogglePlay)),
        },
        "theme" => Some(Action::Display(DisplayAction::Theme(
            get("theme").as_string()? == "dark",
        ))),
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
    let is_over = !state.is_busy() && state.variants.run().is_some();
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
    for variant in &state.variants.all {
        let one = Object::new();
        set(&one, "name", variant.name.as_str().into());
        set(&one, "letter", letter(variant.letter).to_string().into());
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
    set(&message, "scenario", state.source.subject.key().into());
    set(&message, "variants", variants.into());
    let notes: Array = state
        .links
        .notes
        .iter()
        .map(|note| JsValue::from(note.as_str()))
        .collect();
    set(&message, "notes", notes.into());
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
