//! Tells a panic to whoever can show a way on: of the page to the guard (`web/guard.js`), of a worker to the page.

use std::panic::PanicHookInfo;

use js_sys::{Function, Reflect, global};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

/// Tells a panic. The program cannot go on after it, so this uses nothing of its state.
pub fn tell(info: &PanicHookInfo<'_>) {
    console_error_panic_hook::hook(info);
    let words = JsValue::from(info.to_string());
    // Nobody is left to tell that this failed.
    match global().dyn_into::<DedicatedWorkerGlobalScope>() {
        Ok(worker) => {
            worker.post_message(&words).ok();
        }
        Err(_) => ask_guard("highwaterStopped", &words),
    }
}

/// Calls a function of the guard, where the page has it.
pub fn ask_guard(name: &str, argument: &JsValue) {
    let function = Reflect::get(&global(), &name.into()).unwrap_or_default();
    if let Some(function) = function.dyn_ref::<Function>() {
        function.call1(&JsValue::NULL, argument).ok();
    }
}
