//! The page with what it shows as one file, which opens without a server: the page as it was built into one file, with a link
//! and the user's recording put into its head.

use gloo_events::EventListener;
use highwater_chart::markup;
use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, Element, File, FileReader};
use yew::Callback;

use super::{browser, fetch};
use crate::{naming::plain, state::Action};

/// The page in one file, without anything of a user's. It lies beside the page where that was built to be handed on.
const EMPTY: &str = "single.html";

/// The names under which the page finds what it was saved with: the link, the name of the recording, and its bytes.
const LINK: &str = "link";
const OPENED: &str = "opened";

/// Bytes of a recording at most that are put into a page: a browser makes one text of them.
const LONGEST: f64 = (64 << 20) as f64;

/// Saves the page as a file with this name, with a link to what is shown and the recording that it is about; `act` is told why not
/// where that cannot be.
pub fn save(name: String, link: String, recording: Option<File>, act: Callback<Action>) {
    let is_too_long = |file: &File| file.size() > LONGEST;
    if recording.as_ref().is_some_and(is_too_long) {
        let why = "The page was not saved: a recording in it may have 64 MiB at most";
        return act.emit(Action::NotSaved(why.to_owned()));
    }
    let with = Callback::from(move |fetched: Result<ArrayBuffer, String>| {
        let (name, link, act) = (name.clone(), link.clone(), act.clone());
        let page = match fetched.and_then(in_one_file) {
            Ok(page) => page,
            Err(why) => {
                return act.emit(Action::NotSaved(format!(
                    "The page was not saved: {why}. The page has to be built for it, with `cargo xtask build --release`"
                )));
            }
        };
        let put = move |held: Option<(String, JsString)>| {
            if put_together(&name, &page, &link, held).is_err() {
                let why = "The page was not saved: the browser has no room for it";
                act.emit(Action::NotSaved(why.to_owned()));
            }
        };
        match &recording {
            None => put(None),
            Some(file) => read(file, put),
        }
    });
    fetch::fetch(EMPTY.to_owned(), with);
}

/// A page if it is the one in one file: a server may answer with another where it has no file of this name.
fn in_one_file(page: ArrayBuffer) -> Result<ArrayBuffer, String> {
    const HELD: &[u8] = b"\"file:script\"";
    let bytes = Uint8Array::new(&page).to_vec();
    match bytes.windows(HELD.len()).any(|here| here == HELD) {
        true => Ok(page),
        false => Err("the server has another page instead of single.html".to_owned()),
    }
}

/// Reads a file as text that stands for its bytes; without any where it cannot be read.
fn read(file: &File, done: impl FnOnce(Option<(String, JsString)>) + 'static) {
    // As the page knows it, so that nothing in it has to be written otherwise.
    let name = plain(&file.name());
    let Ok(reader) = FileReader::new() else {
        return done(None);
    };
    let heard = reader.clone();
    let listener = EventListener::once(&reader, "loadend", move |_| {
        let text = heard.result().ok();
        let text = text.and_then(|text| text.dyn_into::<JsString>().ok());
        // `data:application/octet-stream;base64,...`; of an empty file there is no comma.
        let bytes = text.map(|text| text.slice(text.index_of(",", 0) as u32 + 1, text.length()));
        done(bytes.map(|bytes| (name, bytes)));
    });
    listener.forget();
    // It fails only while it reads another.
    reader.read_as_data_url(file).ok();
}

fn put_together(
    name: &str,
    page: &ArrayBuffer,
    link: &str,
    held: Option<(String, JsString)>,
) -> Result<(), JsValue> {
    const END: &[u8] = b"</head>";
    let page = Uint8Array::new(page);
    let bytes = page.to_vec();
    let end = bytes.windows(END.len()).rposition(|here| here == END);
    let end = end.ok_or("the page has no head")? as u32;
    let parts = Array::of1(&page.subarray(0, end));
    let put = |text: &str| parts.push(&text.into());
    put(&said(LINK, link));
    if let Some((name, bytes)) = held {
        put(&said(OPENED, &name));
        put(&format!(
            "<script type=\"text/plain\" id=\"file:{OPENED}\">"
        ));
        parts.push(&bytes);
        parts.push(&"</script>".into());
    }
    parts.push(&page.subarray(end, page.length()));
    let options = BlobPropertyBag::new();
    options.set_type("text/html");
    let blob = Blob::new_with_blob_sequence_and_options(&parts, &options)?;
    browser::save_blob(name, &blob)
}

/// An element that says something to the page.
fn said(name: &str, what: &str) -> String {
    let mut text = String::new();
    markup(&mut text, "<meta name=\"$\" content=\"$\">", &[name, what]);
    text
}

fn found(name: &str) -> Option<String> {
    let named = format!("meta[name={name}]");
    let element: Element = browser::document()?.query_selector(&named).ok()??;
    element.get_attribute("content")
}

/// The link that the page was saved with.
pub fn link() -> Option<String> {
    found(LINK)
}

/// Reads the recording that the page was saved with, where there is one; `done` is told it.
pub fn held(done: Callback<Option<File>>) -> bool {
    let Some(name) = found(OPENED) else {
        return false;
    };
    let with = move |fetched: Result<ArrayBuffer, String>| {
        let bytes = fetched.ok();
        let file = bytes.and_then(|bytes| {
            File::new_with_buffer_source_sequence(&Array::of1(&bytes), &name).ok()
        });
        done.emit(file);
    };
    fetch::fetch(OPENED.to_owned(), with.into());
    true
}
