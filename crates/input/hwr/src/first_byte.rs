//! The first byte of an event: its kind (3 bits), the age of its address among the recent ones (4 bits, 15 for none of them)
//! and whether a time follows (1 bit).

/// The kind in the lowest three bits of an event's first byte.
pub(crate) mod kind {
    pub(crate) const MALLOC: u8 = 0;
    pub(crate) const FREE: u8 = 1;
    pub(crate) const REALLOC: u8 = 2;
    pub(crate) const CALLOC: u8 = 3;
    pub(crate) const ALIGNED: u8 = 4;
    /// The next events are of another thread: its number in place of the age, or after the byte if it is 15 or more.
    pub(crate) const THREAD: u8 = 5;
    /// The site of the next event: the age of its number among the recent ones in place of an address's, or the number after the
    /// byte if it is 15.
    pub(crate) const SITE: u8 = 6;
    /// The rarer events: which one in place of the age.
    pub(crate) const RARE: u8 = 7;
}

/// What stands in place of the age in the first byte of a rare event.
pub(crate) mod rare {
    pub(crate) const THREAD_END: u8 = 0;
    pub(crate) const FORK: u8 = 1;
    pub(crate) const MARK: u8 = 2;
    pub(crate) const SAMPLE: u8 = 3;
    pub(crate) const TRIM: u8 = 4;
    pub(crate) const MALLOPT: u8 = 5;
    /// `realloc` of the null pointer.
    pub(crate) const FIRST_REALLOC: u8 = 6;
    /// An allocating call that returned the null pointer: its kind and its numbers.
    pub(crate) const FAILED: u8 = 7;
    pub(crate) const TOUCHED: u8 = 8;
    pub(crate) const MAPPING: u8 = 9;
    /// The ticket and the width of the next event.
    pub(crate) const JUMP: u8 = 10;
    /// The bits of the next event's address below the granule.
    pub(crate) const ODD: u8 = 11;
    /// The allocator that the next event is a call of, and its site.
    pub(crate) const ORIGIN: u8 = 12;
    pub(crate) const SITE: u8 = 13;
    pub(crate) const CHILD: u8 = 14;
    pub(crate) const MODULE: u8 = 15;
}

/// The bit of the first byte that says that a time follows.
pub(crate) const TIMED: u8 = 0x80;

/// An alignment that is no power of two is written as itself plus this.
pub(crate) const PLAIN_ALIGNMENT: u64 = 64;
