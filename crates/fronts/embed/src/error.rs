//! Errors as JavaScript's own, with a code.

use js_sys::Reflect;
use std::fmt::Display;
use wasm_bindgen::JsValue;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    /// The request does not say what to run, or says two things.
    Request,
    /// There is no such scenario, pattern or variant.
    Unknown,
    /// A parameter cannot be what it is.
    Parameter,
    /// The trace cannot be read.
    Trace,
    /// The allocator, the interpreter, the environment or the machine cannot be what they are.
    Variant,
    /// The result was asked for too early.
    Unfinished,
    /// The result could not be turned into an object.
    Result,
    /// The engine itself is at fault.
    Internal,
}

impl Code {
    /// Its name, the error's `code`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Unknown => "unknown",
            Self::Parameter => "parameter",
            Self::Trace => "trace",
            Self::Variant => "variant",
            Self::Unfinished => "unfinished",
            Self::Result => "result",
            Self::Internal => "internal",
        }
    }

    /// An error about the value of a key.
    pub(crate) fn at(self, key: &str, message: impl Display) -> JsValue {
        self.error(format!("{key}: {message}"))
    }

    /// An `Error` of this kind, whose `code` says which it is.
    pub(crate) fn error(self, message: impl Display) -> JsValue {
        let error = js_sys::Error::new(&highwater_report::one_line(&message.to_string()));
        // An object that was just made takes a property.
        let _ = Reflect::set(&error, &"code".into(), &self.name().into());
        error.into()
    }
}

/// What cannot be turned into an object.
pub(crate) fn unshown(error: serde_wasm_bindgen::Error) -> JsValue {
    Code::Result.error(error)
}

/// Makes a panic an exception with its message and place. The instance must not be called again: `index.js` replaces it.
pub(crate) fn throw_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = (payload.downcast_ref::<&str>().copied())
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = panic.location();
        let place = place.map_or(String::new(), |place| format!(" at {place}"));
        let message =
            format!("the engine stopped: {message}{place}; please report it with the request");
        wasm_bindgen::throw_val(Code::Internal.error(message));
    }));
}
