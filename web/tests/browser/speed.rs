//! How fast it is, in figures. Not a check: it is asked for by name.

use anyhow::Result;

use crate::{page::View, simulation::settle, visit_alone};

#[test]
#[ignore = "prints figures"]
fn figures() -> Result<()> {
    visit_alone(View::default(), |page| {
        settle(page)?;
        for subject in [
            "bundled",
            "incident",
            "bundled",
            "incident",
            "survivors",
            "bundled",
            "incident",
            "survivors",
        ] {
            page.set_value("#source", subject)?;
            std::thread::sleep(std::time::Duration::from_millis(100));
            settle(page)?;
            println!("{subject}: {}", page.text("#status")?);
        }
        Ok(())
    })
}
