//! Tells a panic to whoever can show a way on: of the page to the guard (`web/guard.js`), of a worker to the page.

use std::panic::PanicHookInfo;

use js_sys::{Function, Reflect, global};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

/// The guard's function that shows a panic.
const STOPPED: &str = "highwaterStopped";

/// Tells a panic. The program cannot go on after it, so this uses nothing of its state.
pub fn tell(info: &PanicHookInfo<'_>) {
    console_error_panic_hook::hook(info);
    let words = JsValue::from(info.to_string());
    // Nobody is left to tell that this failed.
    match global().dyn_into::<DedicatedWorkerGlobalScope>() {
        Ok(worker) => {
            worker.post_message(&words).ok();
        }
        Err(page) => {
            let stopped = Reflect::get(&page, &STOPPED.into()).unwrap_or_default();
            if let Some(stopped) = stopped.dyn_ref::<Function>() {
                stopped.call1(&JsValue::NULL, &words).ok();
            }
        }
    }
}
