//! The bytes of a recording that a worker makes.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{Blob, File};

/// Bytes that are handed to the browser at a time.
const PART: usize = 4 << 20;

/// Bytes that are made one after another. Where there are many, the browser keeps them: it may put them on the disk, and whoever gets
/// them gets no copy.
#[derive(Debug, Default)]
pub struct Written {
    /// What is not handed over yet.
    bytes: Vec<u8>,
    /// Bytes handed over, with what keeps them.
    kept: (u64, Option<Array>),
}

impl Written {
    /// Adds bytes.
    ///
    /// # Errors
    /// The browser has no room for them.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PART {
            self.hand_over()?;
        }
        Ok(())
    }

    /// How many there are.
    pub fn length(&self) -> u64 {
        self.kept.0 + self.bytes.len() as u64
    }

    fn hand_over(&mut self) -> Result<&Array, JsValue> {
        let parts = self.kept.1.get_or_insert_default();
        let bytes = Array::of1(&Uint8Array::from(&self.bytes[..]));
        let part: JsValue = Blob::new_with_u8_array_sequence(&bytes)?.into();
        parts.push(&part);
        self.kept.0 += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(parts)
    }

    /// Returns all of them as a file.
    ///
    /// # Errors
    /// The browser has no room for them.
    pub fn into_file(mut self) -> Result<File, JsValue> {
        File::new_with_blob_sequence(self.hand_over()?, "recording.hwr")
    }

    /// Returns all of them, where there are too few to be handed over.
    #[cfg(test)]
    pub fn into_bytes(self) -> Vec<u8> {
        assert!(self.kept.1.is_none());
        self.bytes
    }
}

impl From<Vec<u8>> for Written {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }
}
