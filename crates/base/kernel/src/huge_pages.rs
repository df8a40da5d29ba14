//! Transparent huge pages as a machine sets them up, and a process asks for them.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_units::{Bytes, repeated};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Bytes of a page: one of the sizes that Linux uses.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(try_from = "u64", into = "u64")]
pub enum PageSize {
    /// 4 KiB: x86-64, and most of 64-bit Arm.
    #[default]
    Kib4,
    /// 16 KiB: 64-bit Arm.
    Kib16,
    /// 64 KiB: 64-bit Arm.
    Kib64,
}

impl PageSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Kib4, Self::Kib16, Self::Kib64];

    /// Returns its bytes.
    pub const fn bytes(self) -> Bytes {
        Bytes::kib(match self {
            Self::Kib4 => 4,
            Self::Kib16 => 16,
            Self::Kib64 => 64,
        })
    }

    /// Returns the bytes of a huge page, which takes the place of a whole table of entries of 8 bytes: 2, 32 or 512 MiB.
    pub const fn huge(self) -> Bytes {
        let page = self.bytes().0;
        Bytes(page / 8 * page)
    }

    /// Returns the bytes that one table of each level above the lowest spans. With pages of 64 KiB there are but three levels
    /// for 48 bits, and the highest table is no part of what the kernel counts (arch/arm64/include/asm/pgtable-hwdef.h).
    pub(crate) fn upper_spans(self) -> &'static [u32] {
        match self {
            Self::Kib4 => &[30, 39],
            Self::Kib16 => &[36, 47],
            Self::Kib64 => &[42],
        }
    }
}

/// A page size that no machine of Linux has, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a page of {0} bytes: it must be 4096, 16384 or 65536")]
pub struct NoPageSize(pub u64);

impl TryFrom<u64> for PageSize {
    type Error = NoPageSize;

    fn try_from(bytes: u64) -> Result<Self, NoPageSize> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|size| size.bytes().0 == bytes);
        found.ok_or(NoPageSize(bytes))
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bytes().0 / 1024)
    }
}

impl FromStr for PageSize {
    type Err = UnknownWord;

    /// Reads the size in KiB.
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, word.trim(), "4, 16 or 64 KiB")
    }
}

impl From<PageSize> for u64 {
    fn from(size: PageSize) -> Self {
        size.bytes().0
    }
}

/// Who gets transparent huge pages (`/sys/kernel/mm/transparent_hugepage/enabled`).
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HugeMode {
    /// All memory that has not been excluded by MADV_NOHUGEPAGE.
    Always,
    /// Memory for which the program asked by MADV_HUGEPAGE.
    #[default]
    Madvise,
    /// None.
    Never,
}

/// How far khugepaged makes huge pages of small ones.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Khugepaged {
    /// Not at all.
    #[default]
    Off,
    /// As it does where no other process has anything for it: every 10 seconds it looks at eight ranges of the size of a huge page.
    Clock,
    /// At once and everywhere: the most that it can add.
    Everything,
}

/// A word that is none of the known ones.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("it must be {expected}, not {word}")]
pub struct UnknownWord {
    expected: &'static str,
    word: String,
}

/// Returns the value that a word names.
fn named<T: Copy + fmt::Display>(
    all: &[T],
    word: &str,
    expected: &'static str,
) -> Result<T, UnknownWord> {
    let found = all.iter().find(|value| value.to_string() == word);
    found.copied().ok_or_else(|| UnknownWord {
        expected,
        word: repeated(word),
    })
}

impl HugeMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Always, Self::Madvise, Self::Never];
}

impl fmt::Display for HugeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::Madvise => "madvise",
            Self::Never => "never",
        })
    }
}

impl FromStr for HugeMode {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, word, "always, madvise or never")
    }
}

impl Khugepaged {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Clock, Self::Everything];
}

impl fmt::Display for Khugepaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Clock => "clock",
            Self::Everything => "everything",
        })
    }
}

impl FromStr for Khugepaged {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, word, "off, clock or everything")
    }
}

/// Transparent huge pages of a machine, and of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HugePages {
    /// Who gets them.
    pub mode: HugeMode,
    /// How far khugepaged adds to them.
    pub khugepaged: Khugepaged,
    /// How many pages of a range may be missing for khugepaged to make it huge (`khugepaged/max_ptes_none`); all but one
    /// where not set, as kernels do by default.
    pub max_ptes_none: Option<u32>,
    /// Whether the process has them switched off: `prctl(PR_SET_THP_DISABLE)`.
    pub is_disabled: bool,
    /// Whether MADV_DONTNEED of a whole range of a page table frees the table as well, so that the next write there may get a
    /// huge page: Linux 6.14 on x86-64, mm/pt_reclaim.c.
    pub frees_tables: bool,
}
