//! The fields of an object as JavaScript gives it, each read with an error that names its key.

use crate::error::Code;
use js_sys::{Array, Object, Reflect, Uint8Array};
use std::fmt::Display;
use std::ops::RangeInclusive;
use wasm_bindgen::{JsCast, JsValue};

/// The longest text that an error repeats.
const REPEATED: usize = 60;

/// The fields of an object.
pub(crate) struct Fields<'a>(&'a JsValue);

impl<'a> Fields<'a> {
    /// Takes an object that has no other keys than these.
    pub(crate) fn of(object: &'a JsValue, known: &[&str]) -> Result<Self, JsValue> {
        for key in keys(object, "the request")? {
            if !known.contains(&key.as_str()) {
                let message = format!(
                    "unknown key `{}`; the keys are {}",
                    shortened(&key),
                    known.join(", ")
                );
                return Err(Code::Request.error(message));
            }
        }
        Ok(Self(object))
    }

    fn get(&self, key: &str) -> Result<Option<JsValue>, JsValue> {
        let value = Reflect::get(self.0, &key.into())
            .map_err(|_| wrong(key, "reading it threw an exception"))?;
        Ok((!value.is_undefined() && !value.is_null()).then_some(value))
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, JsValue> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        match value.as_string() {
            Some(text) => Ok(Some(text)),
            None => Err(wrong(key, format!("expected a text, not {}", kind(&value)))),
        }
    }

    /// Whether an option is on; it is off where nothing is said.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, JsValue> {
        let Some(value) = self.get(key)? else {
            return Ok(false);
        };
        let message = || format!("expected true or false, not {}", kind(&value));
        value.as_bool().ok_or_else(|| wrong(key, message()))
    }

    /// A whole number within a range.
    pub(crate) fn whole(
        &self,
        key: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, JsValue> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        let number = value.as_f64();
        let is_within = |number: &f64| {
            number.fract() == 0.0
                && *number >= f64::from(*range.start())
                && *number <= f64::from(*range.end())
        };
        match number.filter(is_within) {
            Some(number) => Ok(Some(number as u32)),
            None => {
                let (from, to) = range.into_inner();
                let given = number.map_or_else(|| kind(&value).to_owned(), shown);
                let message = format!("expected a whole number from {from} to {to}, not {given}");
                Err(wrong(key, message))
            }
        }
    }

    /// Bytes as a typed array.
    pub(crate) fn bytes(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, JsValue> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        let Some(array) = value.dyn_ref::<Uint8Array>() else {
            let message = format!("expected a Uint8Array, not {}", kind(&value));
            return Err(wrong(key, message));
        };
        if u64::from(array.length()) > most {
            let message = format!("expected at most {most} bytes, not {}", array.length());
            return Err(Code::Trace.at(key, message));
        }
        Ok(Some(array.to_vec()))
    }

    /// Numbers and texts by name, as texts.
    pub(crate) fn settings(&self, key: &str) -> Result<Vec<(String, String)>, JsValue> {
        let Some(object) = self.get(key)? else {
            return Ok(Vec::new());
        };
        if !is_record(&object) {
            let message = format!("expected an object, not {}", kind(&object));
            return Err(wrong(key, message));
        }
        let fields = Fields(&object);
        let mut settings = Vec::new();
        for name in keys(&object, key)? {
            let path = format!("{key}.{}", shortened(&name));
            let value = Reflect::get(fields.0, &name.as_str().into())
                .map_err(|_| wrong(&path, "reading it threw an exception"))?;
            if value.is_undefined() || value.is_null() {
                continue;
            }
            let text = value.as_string().or_else(|| {
                let number = value.as_f64().filter(|number| number.is_finite());
                number.map(|number| number.to_string())
            });
            let Some(text) = text else {
                let message = format!("expected a number or a text, not {}", kind(&value));
                return Err(wrong(&path, message));
            };
            settings.push((name, text));
        }
        Ok(settings)
    }
}

fn wrong(key: &str, message: impl Display) -> JsValue {
    Code::Request.at(key, message)
}

fn is_record(value: &JsValue) -> bool {
    value.is_object() && !Array::is_array(value)
}

fn keys(object: &JsValue, what: &str) -> Result<Vec<String>, JsValue> {
    if !is_record(object) {
        let message = format!("{what} must be an object, not {}", kind(object));
        return Err(Code::Request.error(message));
    }
    // It is an object, and no proxy: the package hands over copies.
    let keys = Object::keys(object.unchecked_ref::<Object>());
    Ok(keys.iter().filter_map(|key| key.as_string()).collect())
}

/// What kind of thing a value is, in words.
fn kind(value: &JsValue) -> &'static str {
    if value.is_null() {
        return "null";
    }
    match value.as_f64() {
        Some(number) if number.is_nan() => return "NaN",
        Some(number) if number.is_infinite() => return "an infinite number",
        _ => {}
    }
    match value.js_typeof().as_string().as_deref() {
        Some("number") => "a number",
        Some("string") => "a text",
        Some("boolean") => "a boolean",
        Some("bigint") => "a BigInt",
        Some("symbol") => "a symbol",
        Some("function") => "a function",
        Some("undefined") => "undefined",
        // Whether it is an array cannot be asked of a revoked proxy.
        _ => "an object",
    }
}

/// A number that is not a whole one within a range.
fn shown(number: f64) -> String {
    match number.abs() {
        ..1e-6 | 1e15.. if number != 0.0 => format!("{number:e}"),
        _ => number.to_string(),
    }
}

/// The beginning of a text.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(REPEATED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
