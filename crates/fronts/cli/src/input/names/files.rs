//! A file with code: the functions and lines of addresses in it.

use super::word;
use addr2line::{Loader, demangle_auto};
use object::read::elf::ElfFile64;
use object::{Object, ObjectSymbol, ObjectSymbolTable, ReadCache, SymbolKind};
use std::borrow::Cow;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 4 << 30;

/// A function by its symbol.
struct Function {
    begin: u64,
    length: u64,
    name: String,
}

/// A file that was opened.
pub(super) struct CodeFile {
    /// In order of their addresses.
    functions: Vec<Function>,
    /// What knows lines, where the file or its debug file has them.
    lines: Option<Loader>,
}

impl CodeFile {
    /// Opens the file at a path, if it has this build id. A debug file with it is taken first: it knows more. `None` if there is
    /// none of them.
    pub(super) fn open(path: &str, id: Option<&str>) -> Option<Self> {
        let debug = id.and_then(debug_file);
        let mut paths = debug.into_iter().chain([PathBuf::from(path)]);
        let file = paths.find(|path| is_same(path, id))?;
        let functions = functions(&file).unwrap_or_default();
        let lines = Loader::new(&file).ok();
        (!functions.is_empty() || lines.is_some()).then_some(Self { functions, lines })
    }

    /// Returns what the place is called that a call returns to: a function with its line, behind those that were compiled into
    /// it, or with the place in it and the file's name.
    pub(super) fn name(&self, module: &str, address: u64) -> Option<String> {
        // The call itself lies before.
        let call = address.checked_sub(1)?;
        let by_symbol = || self.by_symbol(module, address);
        self.by_lines(call).or_else(by_symbol)
    }

    fn by_lines(&self, address: u64) -> Option<String> {
        let mut frames = self.lines.as_ref()?.find_frames(address).ok()?;
        let mut text = String::new();
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.as_ref()?;
            let name = function.demangle().ok()?;
            let location = frame.location.as_ref()?;
            let file = location.file?.rsplit('/').next()?;
            if !text.is_empty() {
                text.push(' ');
            }
            text += &word(&name);
            // Writing to a string cannot fail.
            let _ = match location.line {
                Some(line) => write!(text, "({}:{line})", word(file)),
                None => write!(text, "({})", word(file)),
            };
        }
        (!text.is_empty()).then_some(text)
    }

    fn by_symbol(&self, module: &str, address: u64) -> Option<String> {
        let after = self
            .functions
            .partition_point(|function| function.begin < address);
        let function = self.functions.get(after.checked_sub(1)?)?;
        let place = address - function.begin;
        // Where a call is the last of a function, it returns to the next.
        (place <= function.length).then(|| {
            let name = demangle_auto(Cow::Borrowed(&function.name), None);
            format!("{}+{place:#x}({module})", word(&name))
        })
    }
}

/// Returns where distributions put the debug file with a build id.
fn debug_file(id: &str) -> Option<PathBuf> {
    let is_hex = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (first, rest) = id.split_at_checked(2).filter(|_| is_hex)?;
    let path = format!("/usr/lib/debug/.build-id/{first}/{rest}.debug");
    Some(PathBuf::from(path))
}

/// Whether this is a file with code that has the build id, or none if there is none.
fn is_same(path: &Path, id: Option<&str>) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LONGEST);
    is_file && with_object(path, |_| ()).is_some() && build_id(path).as_deref() == id
}

/// Returns the build id of a file, in hexadecimal.
pub(super) fn build_id(path: impl AsRef<Path>) -> Option<String> {
    let id = with_object(path.as_ref(), |object| {
        object.build_id().ok().flatten().map(<[u8]>::to_vec)
    })??;
    let mut text = String::new();
    for byte in id.iter().take(20) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

/// Reads the functions of a file, in order.
fn functions(path: &Path) -> Option<Vec<Function>> {
    with_object(path, |object| {
        let table = object
            .symbol_table()
            .or_else(|| object.dynamic_symbol_table())?;
        let symbols = table.symbols().filter(|symbol| {
            symbol.is_definition() && symbol.kind() == SymbolKind::Text && symbol.size() > 0
        });
        let mut functions: Vec<_> = symbols
            .filter_map(|symbol| {
                Some(Function {
                    begin: symbol.address(),
                    length: symbol.size(),
                    name: symbol.name().ok()?.to_owned(),
                })
            })
            .collect();
        functions.sort_by(|one, other| (one.begin, &one.name).cmp(&(other.begin, &other.name)));
        functions.dedup_by_key(|function| function.begin);
        Some(functions)
    })?
}

/// Reads an ELF file of 64 bits; `None` if it is not one.
fn with_object<R>(
    path: &Path,
    look: impl FnOnce(&ElfFile64<'_, object::Endianness, &ReadCache<File>>) -> R,
) -> Option<R> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let object = ElfFile64::parse(&cache).ok()?;
    Some(look(&object))
}
