//! Links in the page's address: the state's text, compressed by the browser, behind `#2=`. The number is the link's version.

use gloo_events::EventListener;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ReadableWritablePair, Response};
use yew::Callback;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{
    browser::{then, window},
    one_file,
};

#[wasm_bindgen]
extern "C" {
    // web-sys counts these two among what may still change, although every browser has had them since 2023.
    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// How links are compressed.
const FORMAT: &str = "deflate-raw";

/// What stands before a link of this version, and before those of earlier ones.
const VERSION: &str = "#2=";
const EARLIER: &str = "#1=";

/// Characters of a link at most: those of the longest text that is read, were it not compressed at all. So what a link
/// unpacks to is bounded, too.
const LONGEST: usize = 100_000;

/// Bytes of a link's text at most.
const LONGEST_TEXT: u32 = 64 << 10;

/// What the address says, as far as it has been brought there.
#[derive(Default)]
pub struct Keeper {
    shown: Option<String>,
    place: Rc<Place>,
}

/// The place in the history that the page is at. A text is compressed on its way into the address, and meanwhile somebody may
/// go elsewhere: what is written then is of the place before, and must not take the new one's.
struct Place {
    address: RefCell<Option<String>>,
    moves: Cell<u32>,
    /// Its number among the places that the page made, and that of the latest of them.
    number: Cell<u32>,
    latest: Cell<u32>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            address: RefCell::new(whole_address()),
            moves: Cell::new(0),
            number: Cell::new(number()),
            latest: Cell::new(number()),
        }
    }
}

impl Keeper {
    /// Takes the address as it is now: somebody has gone to it.
    pub fn moved(&self) {
        self.place.moves.set(self.place.moves.get() + 1);
        self.place.number.set(number());
        self.place.address.replace(whole_address());
    }

    /// Writes a text into the address, after `before`, unless somebody has gone elsewhere by then.
    fn write(&self, text: &str, before: String, is_new: bool) {
        let (place, moves) = (Rc::clone(&self.place), self.place.moves.get());
        let put_here = move |link: String| {
            if place.moves.get() == moves && *place.address.borrow() == whole_address() {
                let number = place.number.get() + u32::from(is_new);
                put(&(before.clone() + &link), number, is_new);
                place.number.set(number);
                if is_new {
                    place.latest.set(number);
                }
                place.address.replace(whole_address());
            }
        };
        write(text, Callback::from(put_here));
    }

    /// Takes what the page opens with, or has read from the address: that need not be put there.
    pub fn take(&mut self, text: Option<String>) {
        self.shown = text;
    }

    /// Whether nothing has been taken yet: the page is opening.
    pub fn is_empty(&self) -> bool {
        self.shown.is_none()
    }

    /// Puts a text into the address in place of all that it says: what was opened held more than is to stay there. The recording's
    /// address stays if it is `of_recording`, the one that the address names.
    pub fn replace(&mut self, text: Option<String>, of_recording: bool) {
        if let Some(text) = &text {
            self.write(text, clean(of_recording), false);
        }
        self.shown = text;
    }

    /// Puts a text into the address if it says something else. What runs and how is a new place if it `may` be one; another
    /// moment or zoom of it is not; `of_recording` says whether it is the recording that the address names. Returns whether what runs or how is another.
    pub fn keep(&mut self, text: Option<String>, may: bool, of_recording: bool) -> bool {
        let Some(text) = text.filter(|text| self.shown.as_ref() != Some(text)) else {
            return false;
        };
        let is_other = self.is_other(&text);
        // Of something else the recording's address says nothing.
        let names_one = || {
            let asked = asked_for();
            let mut parts = asked.split(['?', '&']);
            parts.any(|part| part.starts_with("trace="))
        };
        let before = match !of_recording && names_one() {
            true => clean(false),
            false => String::new(),
        };
        self.write(&text, before, may && is_other);
        self.shown = Some(text);
        is_other
    }

    /// Whether a text says that something else runs, or otherwise, than what the address does.
    pub fn is_other(&self, text: &str) -> bool {
        // A quote inside a text has a `\\` before it.
        let what = |text: &str| text.split("\"view\":").next().map(str::to_owned);
        self.shown
            .as_deref()
            .is_none_or(|shown| what(shown) != what(text))
    }

    /// Goes to the place before, or again to the one after, where the page made it.
    pub fn go(&self, again: bool) {
        let history = window().and_then(|window| window.history().ok());
        let (number, latest) = (self.place.number.get(), self.place.latest.get());
        // It fails only where there is no page any more.
        match history {
            Some(history) if again && number < latest => history.forward().ok(),
            Some(history) if !again && number > 0 => history.back().ok(),
            _ => None,
        };
    }
}

/// The number that the page has given to the place in the history.
fn number() -> u32 {
    let state = window().and_then(|window| window.history().ok()?.state().ok());
    state.and_then(|state| state.as_f64()).unwrap_or_default() as u32
}

/// The whole address.
fn whole_address() -> Option<String> {
    window()?.location().href().ok()
}

/// Whether neither the address nor the page itself says anything of what is to be shown.
pub fn is_bare() -> bool {
    if saved_link().is_some() {
        return false;
    }
    let bare = window().map(|window| {
        let location = window.location();
        let is_empty = |part: Result<String, _>| part.is_ok_and(|part: String| part.is_empty());
        is_empty(location.search()) && is_empty(location.hash())
    });
    bare.unwrap_or(false)
}

/// The part of the address that is a link, if there is one: even one that cannot be read. A page that was saved with one opens it.
pub fn link() -> Option<String> {
    let hash = window()?.location().hash().ok()?;
    (hash.len() > 1).then_some(hash).or_else(saved_link)
}

/// The link that the page was saved with, where the address is only the page's: the way on without a link ends in `?`.
fn saved_link() -> Option<String> {
    one_file::link()
        .filter(|_| whole_address().is_some_and(|address| !address.contains(['?', '#'])))
}

/// Tells when somebody goes back, forward, or to another link.
pub fn watch(moved: Callback<()>) -> Option<EventListener> {
    let window = window()?;
    Some(EventListener::new(&window, "popstate", move |_| {
        moved.emit(())
    }))
}

/// Puts a link into the address, with the number of its place: as one to come back to, or in place of the one before.
fn put(link: &str, number: u32, is_new: bool) {
    let history = window().and_then(|window| window.history().ok());
    let Some(history) = history else { return };
    let put = if is_new {
        history.push_state_with_url(&number.into(), "", Some(link))
    } else {
        history.replace_state_with_url(&number.into(), "", Some(link))
    };
    // Where it is refused (too many in a short time) the next change puts it.
    put.ok();
}

/// What the address asks for, behind `?`.
fn asked_for() -> String {
    let search = window().and_then(|window| window.location().search().ok());
    search.unwrap_or_default()
}

/// Has the address name no recording any more.
pub fn forget_recording() {
    let hash = window().and_then(|window| window.location().hash().ok());
    put(&(clean(false) + &hash.unwrap_or_default()), number(), false);
}

/// The address's path, and of what it asks for only how the page is embedded and coloured, and the recording's address where that
/// is kept. The rest is what a link says.
fn clean(keeps_recording: bool) -> String {
    let path = window().and_then(|window| window.location().pathname().ok());
    let search = asked_for();
    let parts = search.trim_start_matches('?').split('&');
    let is_kept = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        name == "trace" && keeps_recording
            || ["embed", "panels", "controls", "theme", "origin"].contains(&name)
    };
    let kept: Vec<&str> = parts.filter(is_kept).collect();
    let mut address = path.unwrap_or_default();
    if !kept.is_empty() {
        address.push('?');
        address.push_str(&kept.join("&"));
    }
    address
}

/// The whole address with a link, and with that of the recording, where it has one.
pub fn whole(link: &str, recording: Option<&str>) -> String {
    let recording = recording.map(|address| format!("?trace={}", encoded(address)));
    base() + &recording.unwrap_or_default() + link
}

/// A frame with a link's state, as a page of somebody else's takes it.
pub fn frame(link: &str, recording: Option<&str>) -> String {
    let page = base();
    let recording = recording.map(|address| format!("&amp;trace={}", encoded(address)));
    let recording = recording.unwrap_or_default();
    format!(
        "<iframe src=\"{page}?embed=1{recording}{link}\" width=\"100%\" height=\"640\" title=\"Highwater\"></iframe>"
    )
}

fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// The page's address, without what it says. A link says all of it.
fn base() -> String {
    let location = window().and_then(|window| window.location().href().ok());
    let location = location.unwrap_or_default();
    let base = location.split(['#', '?']).next();
    base.unwrap_or_default().to_owned()
}

/// The whole page with what is shown here, for one that is embedded.
pub fn outside() -> String {
    let location = window().map(|window| window.location());
    let part = |part: fn(&web_sys::Location) -> Result<String, JsValue>| {
        location.as_ref().and_then(|location| part(location).ok())
    };
    let path = part(web_sys::Location::pathname).unwrap_or_default();
    let link = part(web_sys::Location::hash).unwrap_or_default();
    // Without a link it is still what the address asks for; only not embedded.
    match link.as_str() {
        "" => {
            path + &part(web_sys::Location::search)
                .unwrap_or_default()
                .replace("embed=1", "")
        }
        link => path + link,
    }
}

/// Makes a link of a text.
pub fn write(text: &str, done: Callback<String>) {
    let Ok(stream) = CompressionStream::new(FORMAT) else {
        return;
    };
    through(
        &text.into(),
        stream.unchecked_ref(),
        Callback::from(move |bytes: Option<Vec<u8>>| {
            let letters: String = bytes
                .unwrap_or_default()
                .into_iter()
                .map(char::from)
                .collect();
            let coded = window().and_then(|window| window.btoa(&letters).ok());
            let coded = coded
                .unwrap_or_default()
                .replace('+', "-")
                .replace('/', "_");
            done.emit(format!("{VERSION}{}", coded.trim_end_matches('=')));
        }),
    );
}

/// Reads a link; nothing comes of one that is damaged, too long or of a later version.
pub fn read(link: &str, done: Callback<Option<String>>) {
    let coded = link.strip_prefix(VERSION).or(link.strip_prefix(EARLIER));
    let bytes = coded
        .filter(|coded| coded.len() <= LONGEST)
        .and_then(|coded| {
            let coded = coded.replace('-', "+").replace('_', "/");
            let letters = window()?.atob(&coded).ok()?;
            letters
                .chars()
                .map(|letter| u8::try_from(letter).ok())
                .collect::<Option<Vec<u8>>>()
        });
    let stream = DecompressionStream::new(FORMAT);
    match (bytes, stream) {
        (Some(bytes), Ok(stream)) => {
            let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes?).ok();
            let done = done.reform(text);
            through(&Uint8Array::from(&bytes[..]), stream.unchecked_ref(), done);
        }
        _ => done.emit(None),
    }
}

/// What a stream makes of some bytes.
fn through(bytes: &JsValue, stream: &ReadableWritablePair, done: Callback<Option<Vec<u8>>>) {
    let known = done.reform(|made: Result<JsValue, JsValue>| {
        let made = Uint8Array::new(&made.ok()?);
        // What is copied here stays taken of the page's memory.
        (made.length() <= LONGEST_TEXT).then(|| made.to_vec())
    });
    match try_through(bytes, stream) {
        Ok(made) => then(&made, known),
        Err(error) => known.emit(Err(error)),
    }
}

fn try_through(bytes: &JsValue, stream: &ReadableWritablePair) -> Result<Promise, JsValue> {
    let blob = Blob::new_with_blob_sequence(&Array::of1(bytes))?;
    let made = blob.stream().pipe_through(stream);
    Response::new_with_opt_readable_stream(Some(&made))?.array_buffer()
}
