//! Carries [`protocol`](crate::protocol) messages over `postMessage`.
//!
//! A message crosses as a JavaScript array: the message itself as bytes, then what belongs to it. Bytes are transferred, not
//! copied: the sender loses them. A file of the user's crosses by its name, so that its bytes are read where they are needed. A
//! ready-made bridge (gloo-worker) has no place for either.

use borsh::{BorshDeserialize, BorshSerialize};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

/// What can belong to a message.
#[derive(Debug, Clone)]
pub enum Beside {
    /// Bytes, which are handed over.
    Bytes(ArrayBuffer),
    /// A file of the user's.
    File(File),
}

impl Beside {
    /// Returns a copy to hand over: what is handed over is gone here.
    #[must_use]
    pub fn copied(&self) -> Self {
        match self {
            Self::Bytes(buffer) => Self::Bytes(buffer.slice(0)),
            Self::File(file) => Self::File(file.clone()),
        }
    }
}

/// Returns a value as bytes.
pub fn bytes<M: BorshSerialize>(value: &M) -> Vec<u8> {
    borsh::to_vec(value).expect("memory takes any number of bytes")
}

/// Packs a message with what belongs to it: what to send, and the list of what to hand over with it.
pub fn pack<M: BorshSerialize>(message: &M, beside: Option<Beside>) -> (Array, Array) {
    let message: JsValue = Uint8Array::from(bytes(message).as_slice()).buffer().into();
    let (parts, handed_over) = (Array::of1(&message), Array::of1(&message));
    match beside {
        Some(Beside::Bytes(buffer)) => {
            parts.push(&buffer);
            handed_over.push(&buffer);
        }
        Some(Beside::File(file)) => {
            parts.push(&file);
        }
        None => {}
    }
    (parts, handed_over)
}

/// Unpacks what [`pack`] packed.
///
/// # Errors
/// Says what is not as the protocol has it: most likely the other side is another version.
pub fn unpack<M: BorshDeserialize>(value: &JsValue) -> Result<(M, Option<Beside>), String> {
    const NO_BYTES: &str = "a part of a message that is neither bytes nor a file";
    let parts: &Array = value.dyn_ref().ok_or("a message that is not an array")?;
    let mut parts = parts.iter();
    let message = parts.next().ok_or("an empty message")?;
    let message: ArrayBuffer = message.dyn_into().map_err(|_| NO_BYTES)?;
    let message = borsh::from_slice(&Uint8Array::new(&message).to_vec());
    let message = message.map_err(|error| error.to_string())?;
    let Some(part) = parts.next() else {
        return Ok((message, None));
    };
    let beside = match part.dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Beside::Bytes(buffer),
        Err(part) => Beside::File(part.dyn_into().map_err(|_| NO_BYTES)?),
    };
    Ok((message, Some(beside)))
}
