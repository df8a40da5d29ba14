//! Carries [`protocol`](crate::protocol) messages over `postMessage`.
//!
//! A message crosses as a JavaScript array of two: the message itself, through `serde-wasm-bindgen`, and the array of
//! its attached buffers. The buffers are transferred, not copied: the sender loses them. A ready-made bridge
//! (gloo-worker) was tried on paper and rejected, since it encodes each message whole and has no place for these.

use js_sys::{Array, ArrayBuffer, Float64Array, Uint8Array, Uint32Array};
use serde::{Serialize, de::DeserializeOwned};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

use crate::protocol::Column;

/// The buffers that travel with one message.
#[derive(Debug, Default)]
pub struct Attachments {
    buffers: Vec<ArrayBuffer>,
}

impl Attachments {
    /// Attaches a column of numbers.
    pub fn push_f64(&mut self, values: &[f64]) -> Column {
        self.push(Float64Array::from(values).buffer())
    }

    /// Attaches a column of 32-bit numbers.
    pub fn push_u32(&mut self, values: &[u32]) -> Column {
        self.push(Uint32Array::from(values).buffer())
    }

    /// Attaches a column of bytes.
    pub fn push_u8(&mut self, values: &[u8]) -> Column {
        self.push(Uint8Array::from(values).buffer())
    }

    /// Attaches a buffer as it is.
    pub fn push_buffer(&mut self, buffer: ArrayBuffer) -> Column {
        self.push(buffer)
    }

    /// The numbers of a column; nothing if no such column came with the message.
    #[must_use]
    pub fn f64(&self, column: Column) -> Vec<f64> {
        self.buffer(column)
            .map(|buffer| Float64Array::new(buffer).to_vec())
            .unwrap_or_default()
    }

    /// The 32-bit numbers of a column; nothing if no such column came with the message.
    #[must_use]
    pub fn u32(&self, column: Column) -> Vec<u32> {
        self.buffer(column)
            .map(|buffer| Uint32Array::new(buffer).to_vec())
            .unwrap_or_default()
    }

    /// The bytes of a column; nothing if no such column came with the message.
    #[must_use]
    pub fn u8(&self, column: Column) -> Vec<u8> {
        self.buffer(column)
            .map(|buffer| Uint8Array::new(buffer).to_vec())
            .unwrap_or_default()
    }

    /// The buffer of a column itself, for those who can use it without copying it into WebAssembly's memory (a canvas).
    #[must_use]
    pub fn buffer(&self, column: Column) -> Option<&ArrayBuffer> {
        self.buffers.get(usize::try_from(column.0).ok()?)
    }

    fn push(&mut self, buffer: ArrayBuffer) -> Column {
        let column = u32::try_from(self.buffers.len()).expect("a message has few attachments");
        self.buffers.push(buffer);
        Column(column)
    }
}

/// A message made ready for `postMessage`.
#[derive(Debug)]
pub struct Envelope {
    /// What to send.
    pub value: JsValue,
    /// What to hand over with it.
    pub transfer: Array,
}

/// Packs a message with its attachments.
///
/// # Errors
/// Says which part of the message JavaScript cannot represent.
pub fn pack<M: Serialize>(message: &M, attachments: Attachments) -> Result<Envelope, String> {
    // A threshold may be set to anything below 2^64, which no JavaScript number holds.
    let serializer = Serializer::new().serialize_large_number_types_as_bigints(true);
    let message = message
        .serialize(&serializer)
        .map_err(|error| error.to_string())?;
    let transfer: Array = attachments.buffers.into_iter().collect();
    let value = Array::of2(&message, &transfer).into();
    Ok(Envelope { value, transfer })
}

/// Unpacks what [`pack`] packed.
///
/// # Errors
/// Says what is not as the protocol has it: most likely the other side is another version.
pub fn unpack<M: DeserializeOwned>(value: &JsValue) -> Result<(M, Attachments), String> {
    let parts: &Array = value.dyn_ref().ok_or("a message that is not an array")?;
    let message =
        serde_wasm_bindgen::from_value(parts.get(0)).map_err(|error| error.to_string())?;
    let buffers = parts
        .get(1)
        .dyn_ref::<Array>()
        .ok_or("a message without its list of attachments")?
        .iter()
        .map(|buffer| buffer.dyn_into::<ArrayBuffer>())
        .collect::<Result<_, _>>()
        .map_err(|_| "an attachment that is not a buffer")?;
    Ok((message, Attachments { buffers }))
}
