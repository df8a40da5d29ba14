//! What of the browser the page uses besides drawing: files, time, promises, the user's preferences.

use std::{cell::Cell, rc::Rc};

use gloo_events::{EventListener, EventListenerOptions};
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, Document, DragEvent, Element, File, FileList,
    HtmlAnchorElement, HtmlCanvasElement, HtmlDialogElement, HtmlImageElement, HtmlSelectElement,
    MediaQueryList, Url, Window,
};
use yew::{Callback, NodeRef};

use crate::{
    state::{Action, Theme},
    worker::{CHOSEN, FIRST_LINE},
};

/// The page's window; none where the page is drawn without a browser, as tests do.
pub(super) fn window() -> Option<Window> {
    cfg!(target_arch = "wasm32").then(web_sys::window).flatten()
}

/// The page's document, where there is a page.
pub(super) fn document() -> Option<Document> {
    window()?.document()
}

/// Milliseconds on a clock that is never set.
pub fn now_ms() -> f64 {
    window()
        .and_then(|window| window.performance())
        .map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Cores that the browser says there are; two where it does not say.
pub fn cores() -> usize {
    let cores = window().map(|window| window.navigator().hardware_concurrency());
    match cores {
        Some(cores) if cores >= 1.0 => cores as usize,
        _ => 2,
    }
}

/// Files that are dropped anywhere on the page; without it the browser would open them in its place.
pub fn watch_drops(opened: Callback<File>) -> Vec<EventListener> {
    let Some(window) = window() else {
        return Vec::new();
    };
    let options = || EventListenerOptions::enable_prevent_default();
    let over = |event: &web_sys::Event| event.prevent_default();
    let dropped = move |event: &web_sys::Event| {
        event.prevent_default();
        let event: &DragEvent = event.unchecked_ref();
        let files = event.data_transfer().and_then(|data| data.files());
        if let Some(file) = files.and_then(|files| in_one(&files)) {
            opened.emit(file);
        }
    };
    vec![
        EventListener::new_with_options(&window, "dragover", options(), over),
        EventListener::new_with_options(&window, "drop", options(), dropped),
    ]
}

/// The file that was opened; several as one, which the reader's worker takes apart (`worker/together`). Their bytes stay where
/// they are.
pub(super) fn in_one(files: &FileList) -> Option<File> {
    let first = files.get(0)?;
    let others = files.length() - 1;
    if others == 0 {
        return Some(first);
    }
    let parts = Array::new();
    let mut head = FIRST_LINE.to_owned();
    for file in (0..=others).filter_map(|number| files.get(number)) {
        let name = file.name().replace('\n', " ");
        head += &format!("{} {name}\n", file.size() as u64);
        parts.push(&file);
    }
    head.push('\n');
    headed(&head, &parts, &format!("{} files", others + 1))
}

/// Several files in one of which the recording at this place is chosen, under that one's name.
pub fn of_one(files: &File, place: usize, name: &str) -> Option<File> {
    headed(
        &format!("{FIRST_LINE}{CHOSEN}{place}\n"),
        &Array::of1(files),
        name,
    )
}

/// Files as one that begins with a text.
#[inline(never)]
fn headed(head: &str, files: &Array, name: &str) -> Option<File> {
    files.unshift(&head.into());
    File::new_with_blob_sequence(files, name).ok()
}

/// Whether the user prefers dark pages; `changed` is told for as long as the listener lives.
pub fn watch_preference(changed: Callback<bool>) -> (bool, Option<EventListener>) {
    let query = window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok())
        .flatten();
    let Some(query) = query else {
        return (false, None);
    };
    let dark = query.matches();
    let listener = EventListener::new(&query.clone(), "change", move |_| {
        let query: &MediaQueryList = &query;
        changed.emit(query.matches());
    });
    (dark, Some(listener))
}

/// Tells whenever the window has another size, for as long as the listener lives.
pub fn watch_size(changed: Callback<()>) -> Option<EventListener> {
    let window = window()?;
    Some(EventListener::new(&window, "resize", move |_| {
        changed.emit(());
    }))
}

/// Makes the page light or dark, whatever is preferred elsewhere.
pub fn apply_theme(theme: Theme) {
    let name = match theme {
        Theme::Preferred => "",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    let root = document().and_then(|document| document.document_element());
    if let Some(root) = root {
        // It can fail only for a name that is no attribute's.
        root.set_attribute("data-theme", name).ok();
    }
}

/// Puts a text on the clipboard. Where the browser does not let the page (a server without TLS, a frame) the user is shown it.
pub fn copy(text: &str) {
    let Some(here) = window() else {
        return;
    };
    let shown = text.to_owned();
    let refused = Callback::from(move |copied: Result<JsValue, JsValue>| {
        if copied.is_err()
            && let Some(window) = window()
        {
            // It fails in a frame, where nothing is left to be done.
            window
                .prompt_with_message_and_default("To copy:", &shown)
                .ok();
        }
    });
    if here.is_secure_context() {
        then(&here.navigator().clipboard().write_text(text), refused);
    } else {
        refused.emit(Err(JsValue::NULL));
    }
}

/// Saves a text as a file of the user's.
pub fn save(name: &str, kind: &str, text: &str) {
    // Each step fails only where there is no page any more.
    let _ = try_to_save(name, kind, text);
}

fn try_to_save(name: &str, kind: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    save_blob(
        name,
        &Blob::new_with_str_sequence_and_options(&parts, &options)?,
    )
}

pub(super) fn save_blob(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let address = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = create("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&address)
}

/// A new element, which is nowhere on the page.
fn create(name: &str) -> Result<Element, JsValue> {
    document().ok_or("there is no page")?.create_element(name)
}

/// Pixels to one of the picture's, so that it is sharp on the screens of today and in print.
const SCALE: u32 = 2;

/// Saves a picture in pixels; `act` is told where the browser cannot draw it. The picture is drawn from an address that
/// holds it, which every policy of content allows that allows pictures in addresses.
pub fn save_png(name: String, svg: &str, act: Callback<Action>) {
    let Ok(image) = HtmlImageElement::new() else {
        return act.emit(Action::SaveFailed);
    };
    let encoded = String::from(js_sys::encode_uri_component(svg));
    image.set_src(&format!("data:image/svg+xml,{encoded}"));
    let drawn = image.decode();
    let draw = Callback::from(move |decoded: Result<JsValue, JsValue>| {
        if decoded.and_then(|_| draw_png(&name, &image, &act)).is_err() {
            act.emit(Action::SaveFailed);
        }
    });
    then(&drawn, draw);
}

fn draw_png(
    name: &str,
    image: &HtmlImageElement,
    act: &Callback<Action>,
) -> Result<JsValue, JsValue> {
    let canvas: HtmlCanvasElement = create("canvas")?.unchecked_into();
    let (width, height) = (
        image.natural_width() * SCALE,
        image.natural_height() * SCALE,
    );
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas
        .get_context("2d")?
        .ok_or("no canvas")?
        .unchecked_into();
    let (width, height) = (f64::from(width), f64::from(height));
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width, height)?;
    let (name, act) = (name.to_owned(), act.clone());
    let made = Closure::once_into_js(move |blob: JsValue| {
        // There is none where the browser has no room for that many pixels.
        let saved = blob
            .dyn_into()
            .and_then(|blob: Blob| save_blob(&name, &blob));
        if saved.is_err() {
            act.emit(Action::SaveFailed);
        }
    });
    canvas.to_blob(made.unchecked_ref())?;
    Ok(JsValue::UNDEFINED)
}

/// The date where the user is, as `2026-03-31`.
pub fn today() -> String {
    let now = js_sys::Date::new_0();
    let (year, month, day) = (now.get_full_year(), now.get_month() + 1, now.get_date());
    format!("{year}-{month:02}-{day:02}")
}

/// Opens a dialog above everything, or closes it.
pub fn toggle(dialog: &NodeRef) {
    let Some(dialog) = dialog.cast::<HtmlDialogElement>() else {
        return;
    };
    if dialog.open() {
        dialog.close();
    } else {
        // It fails only for a dialog that is open or not on the page.
        dialog.show_modal().ok();
    }
}

/// Lets every list have chosen what it says in `data-chosen`. An attribute of an option would be nothing to a list in which the
/// user has chosen before.
pub fn choose() {
    let lists = document().map(|document| document.get_elements_by_tag_name("select"));
    let Some(lists) = lists else { return };
    for list in (0..lists.length()).filter_map(|at| lists.item(at)) {
        let list: &HtmlSelectElement = list.unchecked_ref();
        if let Some(chosen) = list.get_attribute("data-chosen")
            && list.value() != chosen
        {
            list.set_value(&chosen);
        }
    }
}

/// Fills the screen with the page, or not any more. Where that is not allowed the page stays as large as it is: asked for all the
/// same, it would be refused by a promise, which the console calls an error.
pub fn fill_screen(is_full: bool) {
    let Some(document) = document() else {
        return;
    };
    match document.document_element() {
        Some(whole) if is_full && document.fullscreen_enabled() => {
            whole.request_fullscreen().ok();
        }
        _ if document.fullscreen_element().is_some() => document.exit_fullscreen(),
        _ => {}
    }
}

/// Tells when the page does not fill the screen any more.
pub fn watch_screen(left: Callback<()>) -> Option<EventListener> {
    let document = document()?;
    let changed = move |event: &web_sys::Event| {
        let document = event.current_target().and_then(|at| at.dyn_into().ok());
        if document.is_some_and(|at: Document| at.fullscreen_element().is_none()) {
            left.emit(());
        }
    };
    Some(EventListener::new(&document, "fullscreenchange", changed))
}

/// Tells what becomes of a promise. The two functions that JavaScript is given for that are gone once either was called.
/// Futures would need more to be sent.
pub(super) fn then(promise: &Promise, done: Callback<Result<JsValue, JsValue>>) {
    type Known = Closure<dyn FnMut(JsValue)>;
    let kept: Rc<Cell<Option<[Known; 2]>>> = Rc::default();
    let told = |known: fn(JsValue) -> Result<JsValue, JsValue>| {
        let (kept, done) = (Rc::clone(&kept), done.clone());
        Known::new(move |value| {
            let both = kept.take();
            done.emit(known(value));
            drop(both);
        })
    };
    let both = [told(Ok), told(Err)];
    let _ = promise.then2(&both[0], &both[1]);
    kept.set(Some(both));
}
