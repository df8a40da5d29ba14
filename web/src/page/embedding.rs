//! The page inside another: what of it is shown, and what the two say to each other.
//!
//! The address says what is shown (`?embed=1&panels=chart,map&controls=0&theme=dark`) and may say what runs
//! (`scenario=decay&events=300&env=MALLOC_ARENA_MAX=2`, with or without `embed`). Messages are objects with `highwater: 1`
//! and a `type`; docs/embedding.md has the set. Only the window around the page is listened to, and with `origin=` only
//! one of that origin.

mod messages;

use gloo_events::EventListener;
use highwater_chart::letter;
use highwater_simulator::Micros;
use highwater_workload::pattern::Parameters;
use js_sys::{Array, JsString, Object, Reflect};
pub use messages::{Told, listen, tell, tells_anyone};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, UrlSearchParams, Window};
use yew::Callback;

use super::{browser::window, remote};
use crate::{
    format,
    naming::plain,
    state::{Action, Depth, DisplayAction, Embed, Place, PlayheadAction, Remote, State, Theme},
    variants::place_of,
    worker_client::Health,
};

/// The version of the messages.
const VERSION: u32 = 1;

/// The part of the address that is not a link.
fn query() -> Option<UrlSearchParams> {
    let search = window()?.location().search().ok()?;
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

/// What an address asks for.
#[derive(Debug, Default)]
pub struct Asked {
    /// A recording that lies elsewhere, which is what runs.
    pub remote: Option<Remote>,
    /// What is to run, as the text of a link, where it says that.
    pub text: Option<String>,
    /// What of it was ignored, in sentences.
    pub notes: Vec<String>,
}

/// What the address asks for. Where there `is_link` in it, too, that says what runs.
pub fn asked(is_link: bool) -> Asked {
    query()
        .map(|query| asked_in(&query, is_link))
        .unwrap_or_default()
}

/// What an address's part behind `?` asks for.
pub fn asked_by(query: &str) -> Asked {
    let query = UrlSearchParams::new_with_str(query).ok();
    query
        .map(|query| asked_in(&query, false))
        .unwrap_or_default()
}

fn asked_in(query: &UrlSearchParams, is_link: bool) -> Asked {
    let mut notes = unknown_words(query);
    let pairs = Array::from(query);
    let remote = match query.get("trace").map(|address| remote::named(&address)) {
        Some(Ok(remote)) => Some(remote),
        Some(Err(note)) => {
            notes.push(note);
            None
        }
        None => None,
    };
    let scenario = query.get("scenario").filter(|_| !is_link);
    let subject = match (&remote, scenario) {
        (Some(remote), scenario) => {
            if scenario.is_some() {
                notes.push("Ignored `scenario`: the address has a `trace`.".to_owned());
            }
            (!is_link).then(|| ('f', remote.name.clone()))
        }
        (None, scenario) => scenario.map(|name| ('s', plain(&name))),
    };
    let Some((letter, name)) = subject else {
        let runs = if is_link { Runs::Link } else { Runs::Nothing };
        parameters(&pairs, runs, &mut notes);
        return Asked {
            remote,
            text: None,
            notes,
        };
    };
    let mut text = text((letter, &name), &pairs, query.get("env"), &mut notes);
    show(query, &mut text, &mut notes);
    Asked {
        remote,
        text: Some(text),
        notes,
    }
}

/// Returns a note on each value that must be one of a few words and is not.
fn unknown_words(query: &UrlSearchParams) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, allowed) in WORDS {
        let value = query.get(name).filter(|value| !value.is_empty());
        let mut words = value.iter().flat_map(|value| value.split(','));
        if !words.all(|word| allowed.contains(&word)) {
            notes.push(format!(
                "Ignored `{name}`: allowed values are {}.",
                allowed.join(", ")
            ));
        }
    }
    notes
}

/// Adds to the text of a link what is shown: variants by their letters, a moment in seconds, how much of the page.
fn show(query: &UrlSearchParams, text: &mut String, notes: &mut Vec<String>) {
    let mut place = |name| {
        let value = query.get(name)?;
        let letter = <[u8; 1]>::try_from(value.as_bytes()).ok();
        let place = letter.and_then(|[letter]| place_of(letter));
        if place.is_none() {
            notes.push(format!(
                "Ignored `{name}`: it must be a letter from A to H."
            ));
        }
        place
    };
    let beside = place("beside").map_or("-".to_owned(), |place| place.to_string());
    let first = place("variant").unwrap_or(0);
    text.push_str(&format!("u{first} 0 {beside}\n"));
    if let Some(at) = query.get("at") {
        let is_there = at.bytes().any(|byte| byte.is_ascii_digit());
        let seconds = JsValue::from_str(&at).unchecked_into_f64();
        if is_there && (0.0..1e9).contains(&seconds) {
            text.push_str(&format!("t{}\n", (seconds * 1e6) as u64));
        } else {
            notes.push("Ignored `at`: it must be a number of seconds from 0.".to_owned());
        }
    }
    let depth = query.get("depth");
    let depth = depth.filter(|depth| Depth::NAMES.iter().any(|(_, name)| name == depth));
    if let Some(depth) = depth {
        text.push_str(&format!("l{depth}\n"));
    }
}

/// What is asked for, as the text of a link: the letter of what runs with its name, pairs of a parameter's name and its value among which those names of
/// an address stand that are no parameter's, and the first variant's environment. What is ignored of it is noted.
fn text(
    (letter, name): (char, &str),
    pairs: &Array,
    environment: Option<String>,
    notes: &mut Vec<String>,
) -> String {
    // A line of a link is one thing, and nothing here makes two of it.
    let mut text = format!("{letter}{name}\n");
    let runs = match letter {
        'f' => Runs::Recording,
        _ => Runs::Scenario,
    };
    for (name, value) in parameters(pairs, runs, notes) {
        text.push_str(&format!("p{name} {value}\n"));
    }
    for setting in environment.unwrap_or_default().lines() {
        text.push_str(&format!("n{setting}\n"));
    }
    text
}

/// What an address says that is to run: a scenario, which alone has parameters; a recording; what a link in it says; or nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Scenario,
    Recording,
    Link,
    Nothing,
}

/// The parameters among some pairs, with their values. All others are noted, and these where there is no scenario that has them.
fn parameters(pairs: &Array, runs: Runs, notes: &mut Vec<String>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let told = notes.len();
    for (at, pair) in pairs.iter().enumerate() {
        if notes.len() - told >= MOST_NOTES {
            let more = pairs.length() as usize - at;
            notes.push(format!(
                "Ignored {} more parts.",
                format::count(more as u64)
            ));
            break;
        }
        let pair: &Array = pair.unchecked_ref();
        let name = pair.get(0).as_string().unwrap_or_default();
        // A number where it is a message's.
        let value = pair.get(1);
        let number = value.as_f64().map(format::number);
        let value = value.as_string().or(number).unwrap_or_default();
        let parameter = Parameters::ALL.iter().find(|one| one.name == name);
        match (parameter, runs) {
            (None, _) if NO_PARAMETERS.contains(&name.as_str()) => {
                if runs == Runs::Nothing && OF_RUNS.contains(&name.as_str()) {
                    notes.push(format!("Ignored `{name}`: it needs `scenario`."));
                }
            }
            (None, _) => notes.push(format!(
                "Ignored `{}`: there is no such parameter.",
                plain(&name)
            )),
            (Some(_), Runs::Recording | Runs::Nothing) => {
                notes.push(format!("Ignored `{name}`: it needs `scenario`."));
            }
            (Some(parameter), Runs::Scenario | Runs::Link) => {
                match Parameters::default().set_text(parameter.name, &value) {
                    Ok(()) => found.push((parameter.name, value.trim().to_owned())),
                    Err(_) => notes.push(format!("Ignored `{name}`: {}.", parameter.allowed())),
                }
            }
        }
    }
    found
}

/// Notes on parts of an address at most: whoever sends thousands of them has read the first.
const MOST_NOTES: usize = 20;

/// Characters of settings that an address or a message may hold. A link with more is refused.
const MOST_SETTINGS: u32 = 64 << 10;

/// What else an address may hold.
const NO_PARAMETERS: [&str; 14] = [
    "embed", "panels", "controls", "theme", "origin", "scenario", "env", "variant", "beside", "at",
    "tour", "lang", "trace", "depth",
];

/// What of that is said of what runs.
const OF_RUNS: [&str; 5] = ["env", "variant", "beside", "at", "depth"];

/// What is one of a few words, or several of them with commas.
const WORDS: [(&str, &[&str]); 5] = [
    ("depth", &["story", "compare", "expert"]),
    ("embed", &["0", "1"]),
    ("controls", &["0", "1"]),
    ("theme", &["light", "dark"]),
    ("panels", &["chart", "map", "why", "table", "settings"]),
];
