//! Reads the catalogue's files and writes them down in the form in which the program reads them: so no reader of TOML goes
//! into the page.

#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "they are public where they are modules of the crate"
)]
#[path = "src/spec"]
mod spec {
    pub(crate) mod fault;
    pub(crate) mod schema;
    pub(crate) mod tree;
}

use spec::{schema::RunSpec, tree::Tree};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The catalogue, in the order in which a reader would want it.
const CATALOGUE: [&str; 22] = [
    "incident",
    "environment",
    "decay",
    "decay_short_rest",
    "prefork",
    "four_weeks",
    "long_stream",
    "sunday",
    "reproduction",
    "tracemalloc",
    "one_at_a_time",
    "without_rest",
    "dask",
    "sidekiq",
    "shared_arenas",
    "base_image",
    "huge_pages",
    "paging",
    "periodic_trim",
    "other_settings",
    "survivors",
    "incident_full",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=src/spec");
    let mut catalogue = Vec::new();
    for name in CATALOGUE {
        let file = folder.join(format!("{name}.toml"));
        let text = fs::read_to_string(&file).map_err(|error| said(&file, &error))?;
        let mut run: RunSpec = toml::from_str(&text).map_err(|error| said(&file, &error))?;
        if env::var_os("CARGO_FEATURE_WORDS").is_none() {
            run.take("shows");
            run.take("source");
        }
        catalogue.push((name.to_owned(), Tree::from(run)));
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("catalogue"), Tree::Table(catalogue).to_json())?;
    let texts = CATALOGUE.map(|name| {
        let file = folder.join(format!("{name}.toml"));
        format!("({name:?}, include_str!({file:?})),")
    });
    fs::write(out.join("texts.rs"), format!("[{}]", texts.concat()))?;
    Ok(())
}

fn said(file: &Path, error: &dyn std::error::Error) -> String {
    format!("{}: {error}", file.display())
}
