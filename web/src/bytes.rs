//! Messages as bytes, and back.
//!
//! The bytes are postcard's: the values of a message one after another, without names. Only those who know the type can
//! read them, which holds here, since page and worker are one program; in return a message is a tenth of what its
//! JavaScript objects would be, and no code is needed that looks fields up by name.

use serde::{Serialize, de::DeserializeOwned};

/// The bytes of a message.
///
/// # Errors
/// A part of the message has no form in bytes: one that only formats with names have (serde's `flatten`, for example).
pub fn encode<M: Serialize>(message: &M) -> Result<Vec<u8>, String> {
    postcard::to_allocvec(message).map_err(|error| error.to_string())
}

/// The message of these bytes.
///
/// # Errors
/// They are not those of a message of this type, or more than that.
pub fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(format!("{} bytes follow the message", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}
