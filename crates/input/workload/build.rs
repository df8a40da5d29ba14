//! Reads the catalogue's files and writes them down in the form in which the program reads them: so no reader of TOML goes
//! into the page.

#[path = "src/scenario/schema.rs"]
#[allow(
    missing_docs,
    unreachable_pub,
    reason = "it is public where it is a module of the crate"
)]
mod schema;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The catalogue, in the order in which a reader would want it.
const CATALOGUE: [&str; 20] = [
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
    "paging",
    "periodic_trim",
    "other_settings",
    "survivors",
    "incident_full",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=src/scenario/schema.rs");
    let mut catalogue: Vec<(String, schema::Script)> = Vec::new();
    for name in CATALOGUE {
        let file = folder.join(format!("{name}.toml"));
        let text = fs::read_to_string(&file).map_err(|error| said(&file, &error))?;
        let script = toml::from_str(&text).map_err(|error| said(&file, &error))?;
        catalogue.push((name.to_owned(), script));
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("catalogue"), postcard::to_allocvec(&catalogue)?)?;
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
