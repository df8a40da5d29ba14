//! Messages as bytes, and back.
//!
//! The values of a message stand one after another, without names; every number is a whole number in groups of seven bits,
//! the lowest first. Only those who know the type can read them, which holds here, since page and worker are one program.
//! Reading cannot fail on the way, only in the end: what is read from bytes that are none is zeros, so that no code is needed
//! at each value for what to do then. That is what serde's formats must have, and it was a fiftieth of all that is sent.

use std::str::FromStr;

use highwater_simulator::{Address, Bytes, Micros};

/// A value that crosses in a message.
pub trait Crossing: Sized {
    /// Puts it at the end of the bytes.
    fn put(&self, to: &mut Vec<u8>);
    /// Takes it from the front of the bytes; where they are not its, notes that and returns any value.
    fn take(from: &mut Reader<'_>) -> Self;
}

/// Bytes that are being read.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    failed: bool,
}

/// The bytes of a message.
pub fn encode<M: Crossing>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.put(&mut bytes);
    bytes
}

/// The message of these bytes.
///
/// # Errors
/// They are not those of a message of this type, or more than that.
pub fn decode<M: Crossing>(bytes: &[u8]) -> Result<M, String> {
    let mut reader = Reader {
        bytes,
        failed: false,
    };
    let message = M::take(&mut reader);
    match reader {
        Reader { failed: true, .. } => Err("these bytes are no message".to_owned()),
        Reader { bytes: [], .. } => Ok(message),
        Reader { bytes, .. } => Err(format!("{} bytes follow the message", bytes.len())),
    }
}

impl Reader<'_> {
    /// What was read is not as it should be. From here on all is zeros, and so comes to an end.
    #[inline(never)]
    pub fn fail(&mut self) {
        self.failed = true;
        self.bytes = &[];
    }

    #[inline(never)]
    fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let Some((byte, rest)) = self.bytes.split_first() else {
                break;
            };
            self.bytes = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if *byte < 0x80 {
                return number;
            }
        }
        self.fail();
        0
    }

    /// Which of so many kinds; the first where there is no such kind.
    pub fn kind(&mut self, kinds: usize) -> usize {
        let kind = self.number();
        if kind >= kinds as u64 {
            self.fail();
            return 0;
        }
        kind as usize
    }
}

#[inline(never)]
fn put_number(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Crossing for $number {
            fn put(&self, to: &mut Vec<u8>) {
                put_number(u64::from(*self), to);
            }
            fn take(from: &mut Reader<'_>) -> Self {
                let number = from.number();
                if number > u64::from(Self::MAX) {
                    from.fail();
                }
                number as Self
            }
        })*
    };
}

numbers!(u16, u32, u64);

/// Values that are a number in other words.
macro_rules! as_numbers {
    ($($type:ty: $value:ident => $to:expr, $number:ident => $from:expr;)*) => {
        $(impl Crossing for $type {
            fn put(&self, to: &mut Vec<u8>) {
                let $value = self;
                put_number($to, to);
            }
            fn take(from: &mut Reader<'_>) -> Self {
                let $number = from.number();
                $from
            }
        })*
    };
}

as_numbers! {
    Address: value => value.0, number => Self(number);
    Bytes: value => value.0, number => Self(number);
    Micros: value => value.0, number => Self(number);
    i64: value => *value as u64, number => number as Self;
    usize: value => *value as u64, number => Self::try_from(number).unwrap_or(Self::MAX);
    f64: value => value.to_bits(), number => Self::from_bits(number);
}

impl Crossing for bool {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }

    fn take(from: &mut Reader<'_>) -> Self {
        from.kind(2) == 1
    }
}

impl Crossing for String {
    #[inline(never)]
    fn put(&self, to: &mut Vec<u8>) {
        put_number(self.len() as u64, to);
        to.extend_from_slice(self.as_bytes());
    }

    #[inline(never)]
    fn take(from: &mut Reader<'_>) -> Self {
        let length = from.number() as usize;
        let text = from.bytes.split_at_checked(length);
        match text.map(|(text, rest)| (std::str::from_utf8(text), rest)) {
            Some((Ok(text), rest)) => {
                from.bytes = rest;
                text.to_owned()
            }
            _ => {
                from.fail();
                Self::new()
            }
        }
    }
}

impl<T: Crossing> Crossing for Option<T> {
    fn put(&self, to: &mut Vec<u8>) {
        self.is_some().put(to);
        if let Some(value) = self {
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Self {
        bool::take(from).then(|| T::take(from))
    }
}

impl<T: Crossing> Crossing for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        put_number(self.len() as u64, to);
        for value in self {
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Self {
        let mut values = Self::new();
        // Each has a byte at least: a length that cannot be is found out by that, and not by making room for it.
        for _ in 0..from.number() {
            if from.bytes.is_empty() {
                from.fail();
                break;
            }
            values.push(T::take(from));
        }
        values
    }
}

impl<T: Crossing> Crossing for Box<T> {
    fn put(&self, to: &mut Vec<u8>) {
        (**self).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Self {
        Self::new(T::take(from))
    }
}

/// Puts a value that has a form in words.
pub fn put_words(value: &impl ToString, to: &mut Vec<u8>) {
    value.to_string().put(to);
}

/// Takes it.
pub fn take_words<T: FromStr + Default>(from: &mut Reader<'_>) -> T {
    String::take(from).parse().unwrap_or_else(|_| {
        from.fail();
        T::default()
    })
}
