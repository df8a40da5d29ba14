//! Carries [`protocol`](crate::protocol) messages over `postMessage`.
//!
//! A message crosses as a JavaScript array of buffers: the message itself as bytes, then the bytes of a file where one
//! belongs to it. Both are transferred, not copied: the sender loses them. A ready-made bridge (gloo-worker) has no place for
//! the file.

use borsh::{BorshDeserialize, BorshSerialize};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// Returns a value as bytes.
pub fn bytes<M: BorshSerialize>(value: &M) -> Vec<u8> {
    borsh::to_vec(value).expect("memory takes any number of bytes")
}

/// Packs a message with the bytes of its file: what to send, which is at the same time the list of what to hand over with it.
pub fn pack<M: BorshSerialize>(message: &M, file: Option<ArrayBuffer>) -> Array {
    let message = Uint8Array::from(bytes(message).as_slice()).buffer();
    std::iter::once(message).chain(file).collect()
}

/// Unpacks what [`pack`] packed.
///
/// # Errors
/// Says what is not as the protocol has it: most likely the other side is another version.
pub fn unpack<M: BorshDeserialize>(value: &JsValue) -> Result<(M, Option<Vec<u8>>), String> {
    let parts: &Array = value.dyn_ref().ok_or("a message that is not an array")?;
    let mut parts = parts.iter().map(|part| {
        let buffer = part.dyn_into::<ArrayBuffer>();
        let buffer = buffer.map_err(|_| "a part of a message that is not a buffer")?;
        Ok::<_, &str>(Uint8Array::new(&buffer).to_vec())
    });
    let message = parts.next().ok_or("an empty message")??;
    let message = borsh::from_slice(&message).map_err(|error| error.to_string())?;
    Ok((message, parts.next().transpose()?))
}
