//! Finds functions of the libraries behind this one, in the tables that the loader keeps: `dlsym` allocates, and asking the
//! loader for it while the allocator initialises has led to deadlocks.

mod answers;

use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char};
use core::ptr;

pub(crate) use answers::{answer_with_own, is_own};

/// One loaded library, as both C libraries' loaders describe it in `link.h`.
#[repr(C)]
pub(crate) struct Library {
    base: usize,
    pub(crate) name: *const c_char,
    dynamic: *const [usize; 2],
    pub(crate) next: *const Library,
    previous: *const Library,
}

/// The beginning of the loader's `struct r_debug`.
#[repr(C)]
struct Debug {
    version: i32,
    first: *const Library,
}

global_asm!(".weak _r_debug", ".weak _dl_debug_addr");

/// Returns the first loaded library: the program itself.
pub(crate) fn first() -> *const Library {
    let (glibc, musl): (*const Debug, *const *const Debug);
    // SAFETY: the linker gives the addresses of the symbols, 0 where nothing defines them.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("mov {}, qword ptr [rip + _r_debug@GOTPCREL]", out(reg) glibc, options(pure, nomem, nostack));
        asm!("mov {}, qword ptr [rip + _dl_debug_addr@GOTPCREL]", out(reg) musl, options(pure, nomem, nostack));
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("adrp {0}, :got:_r_debug", "ldr {0}, [{0}, :got_lo12:_r_debug]", out(reg) glibc, options(pure, nomem, nostack));
        asm!("adrp {0}, :got:_dl_debug_addr", "ldr {0}, [{0}, :got_lo12:_dl_debug_addr]", out(reg) musl, options(pure, nomem, nostack));
    }
    // SAFETY: a symbol that is there is the loader's, which keeps the list for debuggers.
    unsafe {
        match (glibc.as_ref(), musl.as_ref()) {
            (Some(debug), _) => debug.first,
            (None, Some(debug)) => debug.as_ref().map_or(ptr::null(), |debug| debug.first),
            (None, None) => ptr::null(),
        }
    }
}

/// Returns the library behind this one, in the order in which names are looked up.
pub(crate) fn behind_this() -> *const Library {
    // SAFETY: as below.
    unsafe { this().as_ref() }.map_or(ptr::null(), |library| library.next)
}

/// Returns this library.
fn this() -> *const Library {
    let own: *const [usize; 2];
    // SAFETY: the linker gives the address of this library's own table.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("lea {}, [rip + _DYNAMIC]", out(reg) own, options(pure, nomem, nostack));
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("adrp {0}, _DYNAMIC", "add {0}, {0}, :lo12:_DYNAMIC", out(reg) own, options(pure, nomem, nostack));
    }
    let mut library = first();
    // SAFETY: the list is the loader's; nothing is loaded or removed while the process calls malloc for the first time.
    while let Some(found) = unsafe { library.as_ref() } {
        if found.dynamic == own {
            break;
        }
        library = found.next;
    }
    library
}

/// A function or an object, and the library that defines it.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) address: usize,
    pub(crate) library: *const Library,
}

/// Finds the first definition of a name in `library` and those behind it. An old version of a symbol counts only where there
/// is no other.
pub(crate) fn find(mut library: *const Library, name: &CStr) -> Option<Found> {
    let mut old = None;
    // SAFETY: as in `behind_this`.
    while let Some(found) = unsafe { library.as_ref() } {
        // SAFETY: the library is loaded.
        let tables = unsafe { Tables::of(found) };
        // SAFETY: as above.
        let symbol = tables.and_then(|tables| unsafe { tables.look_up(name.to_bytes()) });
        if let Some((address, is_old)) = symbol {
            let found = Found { address, library };
            if !is_old {
                return Some(found);
            }
            old = old.or(Some(found));
        }
        library = found.next;
    }
    old
}

/// Finds a name in one library.
pub(crate) fn find_in(library: *const Library, name: &CStr) -> Option<usize> {
    // SAFETY: as in `find`.
    let tables = unsafe { Tables::of(library.as_ref()?) }?;
    // SAFETY: as in `find`.
    unsafe { tables.look_up(name.to_bytes()) }.map(|(address, _)| address)
}

/// A symbol of an ELF file with 64 bits.
#[repr(C)]
struct Symbol {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
    value: usize,
    size: usize,
}

/// The tables of a library by which names are found.
struct Tables {
    base: usize,
    symbols: *const Symbol,
    strings: *const u8,
    versions: *const u16,
    gnu_hash: *const u32,
    hash: *const u32,
}

impl Tables {
    /// # Safety
    /// The library must be loaded.
    unsafe fn of(library: &Library) -> Option<Self> {
        let mut found = [0; 5];
        let mut entry = library.dynamic;
        // SAFETY: the table ends with a tag of 0.
        while let Some(&[tag, value]) = unsafe { entry.as_ref() } {
            let place = match tag {
                0 => break,
                6 => 0,
                5 => 1,
                0x6fff_fff0 => 2,
                0x6fff_fef5 => 3,
                4 => 4,
                _ => usize::MAX,
            };
            if let Some(found) = found.get_mut(place) {
                // glibc has added the base already, except for the kernel's own library; musl has not.
                *found = if value < library.base {
                    value + library.base
                } else {
                    value
                };
            }
            // SAFETY: the end has not been reached.
            entry = unsafe { entry.add(1) };
        }
        let [symbols, strings, versions, gnu_hash, hash] = found;
        (symbols != 0 && strings != 0).then_some(Self {
            base: library.base,
            symbols: symbols as *const Symbol,
            strings: strings as *const u8,
            versions: versions as *const u16,
            gnu_hash: gnu_hash as *const u32,
            hash: hash as *const u32,
        })
    }

    /// Returns the address of a name, and whether only an old version of it is there.
    ///
    /// # Safety
    /// The tables must be those of a loaded library.
    unsafe fn look_up(&self, name: &[u8]) -> Option<(usize, bool)> {
        let mut found = None;
        // SAFETY: the caller's.
        unsafe {
            self.each_of_hash(name, |at| {
                found = self.symbol(at, name).or(found);
                found.is_some_and(|(_, is_old)| !is_old)
            });
        }
        found
    }

    /// Calls `take` with the place of each symbol that may have this name, until it returns `true`.
    ///
    /// # Safety
    /// The tables must be those of a loaded library.
    unsafe fn each_of_hash(&self, name: &[u8], take: impl FnMut(usize) -> bool) {
        // SAFETY: the caller's.
        unsafe {
            if !self.gnu_hash.is_null() {
                self.by_gnu_hash(name, take);
            } else if !self.hash.is_null() {
                self.by_hash(name, take);
            }
        }
    }

    /// # Safety
    /// The tables must be those of a loaded library.
    unsafe fn by_gnu_hash(&self, name: &[u8], mut take: impl FnMut(usize) -> bool) {
        let hash = name.iter().fold(5381_u32, |hash, &byte| {
            hash.wrapping_mul(33).wrapping_add(byte.into())
        });
        // SAFETY: the table's own counts say how far it reaches, and the last of a chain has its lowest bit set.
        unsafe {
            let [buckets, first, blooms] = [0, 1, 2].map(|at| *self.gnu_hash.add(at));
            if buckets == 0 {
                return;
            }
            let bucket = self.gnu_hash.add(4 + 2 * blooms as usize);
            let chain = bucket.add(buckets as usize);
            let mut at = *bucket.add((hash % buckets) as usize);
            while at >= first {
                let value = *chain.add((at - first) as usize);
                if value | 1 == hash | 1 && take(at as usize) || value & 1 != 0 {
                    break;
                }
                at += 1;
            }
        }
    }

    /// # Safety
    /// The tables must be those of a loaded library.
    unsafe fn by_hash(&self, name: &[u8], mut take: impl FnMut(usize) -> bool) {
        let hash = name.iter().fold(0_u32, |hash, &byte| {
            let hash = (hash << 4).wrapping_add(byte.into());
            let high = hash & 0xf000_0000;
            (hash ^ (high >> 24)) & !high
        });
        // SAFETY: the table's own counts say how far it reaches, and 0 ends a chain.
        unsafe {
            let buckets = *self.hash;
            if buckets == 0 {
                return;
            }
            let bucket = self.hash.add(2);
            let chain = bucket.add(buckets as usize);
            let mut at = *bucket.add((hash % buckets) as usize) as usize;
            while at != 0 && !take(at) {
                at = *chain.add(at) as usize;
            }
        }
    }

    /// Returns the address of a symbol if it has this name and is defined, and whether it is an old version.
    ///
    /// # Safety
    /// The tables must be those of a loaded library, and have this symbol.
    unsafe fn symbol(&self, at: usize, name: &[u8]) -> Option<(usize, bool)> {
        const THREAD_LOCAL: u8 = 6;
        const INDIRECT: u8 = 10;
        const OLD: u16 = 0x8000;
        // SAFETY: the caller's; names end with zero, so the comparison stops within them.
        unsafe {
            let symbol = &*self.symbols.add(at);
            if symbol.section == 0 || symbol.info & 15 == THREAD_LOCAL {
                return None;
            }
            let text = self.strings.add(symbol.name as usize);
            for (place, &byte) in name.iter().enumerate() {
                if *text.add(place) != byte {
                    return None;
                }
            }
            if *text.add(name.len()) != 0 {
                return None;
            }
            let address = self.base + symbol.value;
            let address = match symbol.info & 15 {
                INDIRECT => {
                    let choose: extern "C" fn() -> usize = core::mem::transmute(address);
                    choose()
                }
                _ => address,
            };
            let is_old = !self.versions.is_null() && *self.versions.add(at) & OLD != 0;
            Some((address, is_old))
        }
    }
}
