//! Errors as JavaScript's own, with a code.

use std::fmt::Display;
use wasm_bindgen::{JsError, JsValue};

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
        }
    }

    /// An error of this kind. A `JsError` has no other place for it: the wrapper takes the code off the message again.
    pub(crate) fn error(self, message: impl Display) -> JsError {
        JsError::new(&format!("{}: {message}", self.name()))
    }
}

/// What cannot be turned into an object.
pub(crate) fn unshown(error: serde_wasm_bindgen::Error) -> JsError {
    JsError::new(&format!(
        "result: {}",
        JsValue::from(error).as_string().unwrap_or_default()
    ))
}
