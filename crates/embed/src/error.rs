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
        }
    }

    /// An `Error` of this kind, whose `code` says which it is.
    pub(crate) fn error(self, message: impl Display) -> JsValue {
        let error = js_sys::Error::new(&message.to_string());
        // An object that was just made takes a property.
        let _ = Reflect::set(&error, &"code".into(), &self.name().into());
        error.into()
    }
}

/// What cannot be turned into an object.
pub(crate) fn unshown(error: serde_wasm_bindgen::Error) -> JsValue {
    Code::Result.error(error)
}
