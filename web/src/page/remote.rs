//! A recording at an address that the page's own address names: what it is, asking for it, and fetching it.

use std::rc::Rc;

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AbortController, File, ReadableStreamDefaultReader, ReferrerPolicy, RequestInit, Url,
};
use yew::{Callback, Html};

use super::{
    attr::{self, Static, element, words},
    browser::{document, then, window},
    fetch::{good_answer, in_words},
};
use highwater_simulator::Bytes;

use crate::{
    naming::plain,
    state::{Action, Offer, OfferAction, Offered, Remote},
};

/// Bytes of a recording at most that is fetched: the browser keeps it while it comes. A longer one can be downloaded and opened.
const LONGEST: u64 = 512 << 20;

/// The recording at an address, which may be relative to the page's.
///
/// # Errors
/// Says why there is none, as a sentence about `trace`.
pub fn named(address: &str) -> Result<Remote, String> {
    let ignored = |why: &str| Err(format!("Ignored `trace`: {why}."));
    let page = document().and_then(|document| document.base_uri().ok()?);
    let page = page.and_then(|page| Url::new(&page).ok());
    let Some(page) = page.filter(is_served) else {
        return ignored("a page that was opened from a file fetches nothing");
    };
    let url = Url::new_with_base(address, &page.href());
    // Nothing would be the address of the page itself.
    let is_named = !address.trim().is_empty();
    let Some(url) = url.ok().filter(|url| is_named && is_served(url)) else {
        return ignored("it must be the address of a recording, with http or https");
    };
    if !url.username().is_empty() || !url.password().is_empty() {
        return ignored("an address with a password cannot be fetched");
    }
    let path = url.pathname();
    let last = path.rsplit('/').next().unwrap_or_default();
    let last = js_sys::decode_uri_component(last).map_or(last.to_owned(), String::from);
    let name = plain(&last);
    let is_elsewhere = url.origin() != page.origin();
    Ok(Remote {
        address: url.href(),
        host: is_elsewhere.then(|| url.host()),
        name: match name.is_empty() {
            true => "recording".to_owned(),
            false => name,
        },
    })
}

fn is_served(url: &Url) -> bool {
    ["http:", "https:"].contains(&&*url.protocol())
}

/// The card that asks for it in place of a run.
pub fn card(offer: &Offer, act: &Callback<Action>) -> Option<Html> {
    let (remote, offered) = offer.at_hand.as_ref()?;
    let button = |id, words, action| attr::action(act, id, None, words, Action::Offer(action));
    let (says, fetch) = match offered {
        Offered::Asked => {
            let who = match &remote.host {
                Some(host) => format!("from {host}, which learns that you do"),
                None => "from this page's own server".to_owned(),
            };
            let says = format!(
                "This link shows a recording. Your browser fetches it {who}; the recording stays in this browser."
            );
            (says, Some("Open the recording"))
        }
        Offered::Fetching(bytes) => {
            let says = format!("Fetching the recording: {} so far.", Bytes(*bytes));
            (says, None)
        }
        Offered::Failed(why) => {
            let says = format!("The recording cannot be fetched: {why}.");
            (says, Some("Try again"))
        }
    };
    let decline = match offered {
        Offered::Fetching(_) => "Cancel",
        _ => "Go on without it",
    };
    let tools: Html = fetch
        .map(|words| button("fetch", words, OfferAction::Fetch))
        .into_iter()
        .chain([button("decline", decline, OfferAction::Decline)])
        .collect();
    let parts: Html = [
        words("h2", &[], &remote.name),
        words(
            "p",
            &[("id", Static("offer")), ("role", Static("status"))],
            &says,
        ),
        words(
            "p",
            &[("class", Static("words words--small offer__address"))],
            &remote.address,
        ),
        element("div", &[("class", Static("answer__tools"))], tools),
    ]
    .into_iter()
    .collect();
    Some(element(
        "section",
        &[
            ("class", Static("card offer")),
            ("aria-label", Static("Recording of this link")),
        ],
        parts,
    ))
}

/// What comes of fetching.
#[derive(Debug)]
pub enum Fetched {
    /// So many bytes are there.
    More(u64),
    /// All is.
    File(File),
    /// It cannot be fetched; why.
    Failed(String),
}

/// A recording that is fetched, until this is dropped.
pub struct Fetching(AbortController);

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Fetches a recording; none where the browser cannot.
pub fn fetch(remote: &Remote, tell: Callback<Fetched>) -> Option<Fetching> {
    let stop = AbortController::new().ok()?;
    let how = RequestInit::new();
    how.set_signal(Some(&stop.signal()));
    how.set_referrer_policy(ReferrerPolicy::NoReferrer);
    let coming = Rc::new(Coming {
        name: remote.name.clone(),
        parts: Array::new(),
        tell: tell.clone(),
    });
    let is_elsewhere = remote.host.is_some();
    let answered = move |answer: Result<JsValue, JsValue>| match answer {
        Ok(response) => match reader_of(&response) {
            Ok(reader) => read_on(&coming, &reader, 0),
            Err(why) => tell.emit(Fetched::Failed(why)),
        },
        // A browser says no more than that it failed.
        Err(error) => {
            let mut why = in_words(error);
            if is_elsewhere {
                why += "; the other server may not be reachable, or does not allow this page to read it (CORS)";
            }
            tell.emit(Fetched::Failed(why));
        }
    };
    let fetched = window()?.fetch_with_str_and_init(&remote.address, &how);
    then(&fetched, Callback::from(answered));
    Some(Fetching(stop))
}

/// What has come of a recording so far.
struct Coming {
    name: String,
    parts: Array,
    tell: Callback<Fetched>,
}

fn reader_of(response: &JsValue) -> Result<ReadableStreamDefaultReader, String> {
    let body = good_answer(response)?.body();
    let body = body.ok_or("the server's answer is empty")?;
    Ok(body.get_reader().unchecked_into())
}

/// Reads the next part, and those behind it; `bytes` are there.
fn read_on(coming: &Rc<Coming>, reader: &ReadableStreamDefaultReader, bytes: u64) {
    let (coming, reading) = (Rc::clone(coming), reader.clone());
    let read = move |read: Result<JsValue, JsValue>| {
        let tell = |fetched| coming.tell.emit(fetched);
        let get = |read: &JsValue, key: &str| Reflect::get(read, &key.into()).unwrap_or_default();
        let read = match read {
            Ok(read) => read,
            Err(error) => return tell(Fetched::Failed(in_words(error))),
        };
        if get(&read, "done").is_truthy() {
            return match File::new_with_buffer_source_sequence(&coming.parts, &coming.name) {
                Ok(file) => tell(Fetched::File(file)),
                Err(error) => tell(Fetched::Failed(in_words(error))),
            };
        }
        let part = get(&read, "value");
        let bytes = bytes + u64::from(part.unchecked_ref::<Uint8Array>().length());
        if bytes > LONGEST {
            return tell(Fetched::Failed(
                "it has more than 512 MiB. Download it and open the file".to_owned(),
            ));
        }
        coming.parts.push(&part);
        tell(Fetched::More(bytes));
        read_on(&coming, &reading, bytes);
    };
    then(&reader.read(), Callback::from(read));
}
