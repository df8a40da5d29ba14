//! Carries [`protocol`](crate::protocol) messages over `postMessage`.
//!
//! A message crosses as a JavaScript array of buffers: the message itself as bytes, then the columns attached to it. All
//! are transferred, not copied: the sender loses them. A ready-made bridge (gloo-worker) was tried on paper and
//! rejected, since it encodes each message whole and has no place for the columns.

use js_sys::{Array, ArrayBuffer, Float64Array, Uint8Array, Uint32Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    bytes::{self, Crossing},
    protocol::Column,
};

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

/// Packs a message with its attachments: what to send, which is at the same time the list of what to hand over with it.
pub fn pack<M: Crossing>(message: &M, attachments: Attachments) -> Array {
    let message = Uint8Array::from(bytes::encode(message).as_slice()).buffer();
    std::iter::once(message)
        .chain(attachments.buffers)
        .collect()
}

/// Unpacks what [`pack`] packed.
///
/// # Errors
/// Says what is not as the protocol has it: most likely the other side is another version.
pub fn unpack<M: Crossing>(value: &JsValue) -> Result<(M, Attachments), String> {
    let parts: &Array = value.dyn_ref().ok_or("a message that is not an array")?;
    let mut buffers = parts.iter().map(|part| {
        part.dyn_into::<ArrayBuffer>()
            .map_err(|_| "a part of a message that is not a buffer")
    });
    let message = buffers.next().ok_or("an empty message")??;
    let message = bytes::decode(&Uint8Array::new(&message).to_vec())?;
    let buffers = buffers.collect::<Result<_, _>>()?;
    Ok((message, Attachments { buffers }))
}
