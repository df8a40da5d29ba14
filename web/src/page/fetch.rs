//! Files that lie beside the page.

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Response};
use yew::Callback;

use super::browser::{document, then, window};

/// What is told the bytes of a file, or why they are not there.
type Told = Callback<Result<ArrayBuffer, String>>;

/// Fetches a file that lies beside the page.
pub fn fetch(path: String, done: Told) {
    let request = path.clone();
    let done = done.reform(move |fetched: Result<_, String>| {
        fetched.map_err(|error| format!("{path} cannot be fetched: {error}"))
    });
    let Some(window) = window() else {
        return;
    };
    let answered = Callback::from(move |answer: Result<JsValue, JsValue>| {
        match answer.and_then(|response| bytes_of_answer(&response)) {
            Ok(bytes) => hand_on(&bytes, done.clone()),
            Err(error) => done.emit(Err(in_words(error))),
        }
    });
    then(&window.fetch_with_str(&request), answered);
}

/// Fetches styles that most visits do not need and gives them to the page, once; then it goes on, whether they are there or not.
pub fn style(path: &'static str, goes_on: Callback<()>) {
    let is_there = |document: Document| document.get_element_by_id(path).is_some();
    if document().is_none_or(is_there) {
        return goes_on.emit(());
    }
    let add = move |bytes: ArrayBuffer| {
        let text = String::from_utf8(Uint8Array::new(&bytes).to_vec()).ok()?;
        let document = document()?;
        let style = document.create_element("style").ok()?;
        style.set_id(path);
        style.set_text_content(Some(&text));
        document
            .query_selector("head")
            .ok()??
            .append_child(&style)
            .ok()
    };
    let fetched = move |bytes: Result<ArrayBuffer, String>| {
        bytes.ok().and_then(add);
        goes_on.emit(());
    };
    fetch(path.to_owned(), fetched.into());
}

fn bytes_of_answer(response: &JsValue) -> Result<Promise, JsValue> {
    let response = good_answer(response).map_err(|why| js_sys::Error::new(&why))?;
    response.array_buffer()
}

/// A server's answer that has what was asked for.
///
/// # Errors
/// Says what the server answers instead.
pub(super) fn good_answer(response: &JsValue) -> Result<&Response, String> {
    let response: &Response = response.unchecked_ref();
    if response.ok() {
        return Ok(response);
    }
    let (status, words) = (response.status(), response.status_text());
    Err(format!("the server answers {status} {words}"))
}

/// Hands on the bytes that are promised.
fn hand_on(bytes: &Promise, done: Told) {
    let known = done.reform(|bytes: Result<JsValue, JsValue>| {
        bytes.map(JsCast::unchecked_into).map_err(in_words)
    });
    then(bytes, known);
}

pub(super) fn in_words(error: JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
