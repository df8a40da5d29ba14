//! The colours of pictures: those of the page, light and dark.

use highwater_simulator::PageKind;

/// What each thing is drawn in.
pub(crate) struct Theme {
    pub(crate) panel: &'static str,
    pub(crate) ink: &'static str,
    pub(crate) muted: &'static str,
    pub(crate) line: &'static str,
    pub(crate) border: &'static str,
    pub(crate) held: &'static str,
    pub(crate) burst: &'static str,
    pub(crate) error: &'static str,
    /// What is free is one colour, whether its allocator calls it dirty or not; it is told by what else there is.
    pub(crate) kinds: [&'static str; PageKind::ALL.len()],
    pub(crate) variants: [&'static str; 8],
}

impl Theme {
    pub(crate) fn of(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// A page kind's colour.
    pub(crate) fn kind(&self, kind: PageKind) -> &'static str {
        self.kinds[kind as usize]
    }

    /// A variant's colour, by its number.
    pub(crate) fn variant(&self, colour: usize) -> &'static str {
        self.variants[colour % self.variants.len()]
    }
}

static LIGHT: Theme = Theme {
    panel: "#ffffff",
    ink: "#1d2327",
    muted: "#59636a",
    line: "#e3e0da",
    border: "#b9b5ab",
    held: "#d4cfc4",
    burst: "#fbf0dc",
    error: "#b3261e",
    kinds: [
        "#1f507a", "#212527", "#4a92d1", "#aad2f6", "#eb8e02", "#ecb79c", "#ecb79c", "#9d2f25",
        "#7a32c8", "#7f888a", "#faf9f7",
    ],
    variants: [
        "#c9432a", "#0b6e99", "#2f8a4e", "#7a4fb8", "#a06a00", "#b8387f", "#4a5258", "#7d4b23",
    ],
};

static DARK: Theme = Theme {
    panel: "#1c2226",
    ink: "#e6e9eb",
    muted: "#9aa7af",
    line: "#2c353a",
    border: "#4a565d",
    held: "#4a5054",
    burst: "#2c2820",
    error: "#ff9d8f",
    kinds: [
        "#78cbf4", "#f8f8f6", "#247fcc", "#15496c", "#ffc257", "#7a3b29", "#7a3b29", "#db4d24",
        "#98c387", "#707475", "#191f22",
    ],
    variants: [
        "#f08060", "#58b7e0", "#62c98a", "#b795ee", "#e6b04a", "#ee86bd", "#c2cad0", "#d79d6e",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn they_are_the_colours_of_the_page() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/styles/theme.css");
        let styles = std::fs::read_to_string(file).expect("the page has its colours there");
        let of_page = |name: &str| {
            let from = styles.find(&format!("--{name}: light-dark(")).expect(name);
            let pair = styles[from..].split(['(', ')']).nth(1).expect(name);
            pair.split_once(", ").expect(name)
        };
        let kinds = [
            "live",
            "own",
            "slab",
            "sparse",
            "parked",
            "free",
            "free",
            "due",
            "muzzy",
            "returned",
            "untouched",
        ];
        let own = |theme: &Theme| {
            let named = [
                ("panel", theme.panel),
                ("ink", theme.ink),
                ("muted", theme.muted),
                ("line", theme.line),
                ("border", theme.border),
                ("held", theme.held),
                ("burst", theme.burst),
                ("error", theme.error),
            ];
            let mut all: Vec<(String, &str)> = named.map(|(n, c)| (n.to_owned(), c)).to_vec();
            all.extend(
                kinds
                    .iter()
                    .zip(theme.kinds)
                    .map(|(n, c)| ((*n).to_owned(), c)),
            );
            let variants = theme.variants.iter().enumerate();
            all.extend(variants.map(|(number, colour)| (format!("variant-{number}"), *colour)));
            all
        };
        for ((name, light), (_, dark)) in own(&LIGHT).into_iter().zip(own(&DARK)) {
            assert_eq!(of_page(&name), (light, dark), "{name}");
        }
    }
}
