//! Modules as they are sent: packed when the page is built, which may take longer than a server has, and so in 4 % fewer bytes
//! than a server's own gzip takes. A server that packs nothing sends less than half of what it did.
//!
//! The module as it is lies beside it, for browsers that unpack nothing (`web/start.js`).

mod functions;
mod order;
mod places;
mod same;

use std::{fs, num::NonZeroU64, path::Path, thread};

use anyhow::{Context, Result, bail, ensure};
use zopfli::{Format, Options};

/// How the name of a module ends as it is built.
pub(crate) const PLAIN: &str = "_bg.wasm";

/// How it ends packed. No server takes this ending for a packed file, which it would tell the browser to unpack.
pub(crate) const PACKED: &str = "_bg.bin";

/// How often the compressor tries: with 15 there are 90 bytes more, and more often gains nothing.
const TRIES: NonZeroU64 = NonZeroU64::new(40).unwrap();

/// How many pieces each million bytes may be packed in, each by what is frequent there: with the usual 15 there are 0.3 % more bytes.
const PIECES: u16 = 60;

/// From how many functions on a run of code that they have says nothing about two of them, in each of the orders that are tried.
const COMMON: [usize; 6] = [70, 100, 140, 200, 280, 400];

/// Packs the modules of a folder, and has the page load its own packed.
pub(crate) fn modules(dist: &Path) -> Result<()> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(dist)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(PLAIN) {
            let module = fs::read(dist.join(&name))?;
            let (module, packed) =
                rewritten(&module).with_context(|| format!("cannot write {name} again"))?;
            fs::write(dist.join(format!("{stem}{PACKED}")), packed)?;
            fs::write(dist.join(&name), module)?;
            modules.push(stem.to_owned());
        }
    }
    let file = dist.join("index.html");
    let page = fs::read_to_string(&file).context("the page is not built")?;
    Ok(fs::write(file, loading_packed(&page, &modules)?)?)
}

/// A module that does the same and packs better, and the same packed: the smallest of several orders. Which of them that is nobody
/// foresees, and one alone is up to 0.2 % more after any change of the code.
fn rewritten(module: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let module = &places::without_columns(&same::kept_once(module)?)?;
    let tried = thread::scope(|scope| {
        let tries = COMMON.map(|common| {
            scope.spawn(move || {
                let ordered = order::packing_well(module, common)?;
                let packed = packed(&ordered)?;
                Ok((ordered, packed))
            })
        });
        let tried = tries.map(|one| one.join().unwrap_or_else(|_| bail!("a try panicked")));
        tried.into_iter().collect::<Result<Vec<_>>>()
    })?;
    let smallest = tried.into_iter().min_by_key(|(_, packed)| packed.len());
    smallest.context("no order was tried")
}

/// A page that loads its module packed.
fn loading_packed(page: &str, modules: &[String]) -> Result<String> {
    ensure!(page.contains("as=\"fetch\""), "the page loads no module");
    let mut text = page.replace(" type=\"application/wasm\"", "");
    for stem in modules {
        text = text.replace(&format!("{stem}{PLAIN}"), &format!("{stem}{PACKED}"));
    }
    Ok(text)
}

fn packed(module: &[u8]) -> Result<Vec<u8>> {
    let options = Options {
        iteration_count: TRIES,
        maximum_block_splits: PIECES,
        ..Options::default()
    };
    let mut bytes = Vec::new();
    zopfli::compress(options, Format::Gzip, module, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    #[test]
    fn a_packed_module_is_unpacked_to_what_it_was() -> Result<()> {
        let module = b"\0asm\x01\0\0\0".repeat(100);
        let bytes = packed(&module)?;
        assert!(bytes.len() < 100, "{}", bytes.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked)?;
        assert_eq!(unpacked, module);
        Ok(())
    }

    #[test]
    fn the_page_loads_its_module_packed() -> Result<()> {
        let page =
            "<link rel=\"preload\" href=\"./a-1_bg.wasm\" as=\"fetch\" type=\"application/wasm\">";
        let loads = loading_packed(page, &["a-1".to_owned()])?;
        assert_eq!(
            loads,
            "<link rel=\"preload\" href=\"./a-1_bg.bin\" as=\"fetch\">"
        );
        assert!(loading_packed("<p>", &[]).is_err());
        Ok(())
    }
}
