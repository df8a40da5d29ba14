//! The program of the page, and of its worker: which of the two it is depends on where it is started. One program for
//! both, because they share a third of what each of them needs, and what shares a file is sent and compiled once.

use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

fn main() {
    // Yew would set a hook of its own in place of one that it is not told of.
    yew::set_custom_panic_hook(Box::new(highwater_web::panics::tell));
    if js_sys::global().is_instance_of::<DedicatedWorkerGlobalScope>() {
        highwater_web::worker::start(|work, beside| {
            highwater_web::worker::simulating(work, beside.map(Into::into))
        });
    } else {
        yew::Renderer::<highwater_web::app::App>::new().render();
    }
}
