//! `highwater-book DOCS OUT`: renders the folder DOCS as a book into OUT, with mdBook's library. It is a package of its own,
//! so that nobody compiles mdBook who does not build the book; `cargo xtask book` runs it and checks what it wrote.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(docs), Some(out), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: highwater-book DOCS OUT");
    };
    let mut book =
        MDBook::load(&docs).with_context(|| format!("cannot read {}", docs.display()))?;
    book.config.build.build_dir = out;
    book.build().context("cannot render the book")
}
