//! The colours of pictures and of the page's maps: those of the page's styles, light and dark.

use highwater_simulator::PageKind;

/// The colours, each as red, green and blue, in the order of [`Colour`].
pub(crate) struct Theme([u32; 27]);

/// What a colour is of.
#[derive(Clone, Copy)]
pub(crate) enum Colour {
    Panel,
    Ink,
    Muted,
    Line,
    Border,
    Held,
    Burst,
    Error,
    /// Pages of a kind. What is free is one colour, whether its allocator calls it dirty or not; it is told by what else
    /// there is.
    Kind(PageKind),
    /// A variant, by its number.
    Variant(usize),
}

impl Colour {
    /// Its place in a theme.
    fn place(self) -> usize {
        const KINDS: usize = 8;
        const VARIANTS: usize = KINDS + PageKind::ALL.len();
        match self {
            Self::Panel => 0,
            Self::Ink => 1,
            Self::Muted => 2,
            Self::Line => 3,
            Self::Border => 4,
            Self::Held => 5,
            Self::Burst => 6,
            Self::Error => 7,
            Self::Kind(kind) => KINDS + kind as usize,
            Self::Variant(number) => VARIANTS + number % 8,
        }
    }
}

/// What the pages of a kind are drawn in: red, green and blue.
pub fn kind_colour(of: PageKind, dark: bool) -> [u8; 3] {
    let [_, red, green, blue] = Theme::of(dark).get(Colour::Kind(of)).to_be_bytes();
    [red, green, blue]
}

impl Theme {
    pub(crate) fn of(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    pub(crate) fn get(&self, colour: Colour) -> u32 {
        self.0[colour.place()]
    }
}

static LIGHT: Theme = Theme([
    0xffffff, 0x1d2327, 0x59636a, 0xe3e0da, 0xb9b5ab, 0xd4cfc4, 0xfbf0dc, 0xb3261e, //
    0x1f507a, 0x212527, 0x4a92d1, 0xaad2f6, 0xeb8e02, 0xecb79c, 0xecb79c, 0x9d2f25,
    0x7a32c8, //
    0x7f888a, 0xfaf9f7, //
    0xc9432a, 0x0b6e99, 0x2f8a4e, 0x7a4fb8, 0xa06a00, 0xb8387f, 0x4a5258, 0x7d4b23,
]);

static DARK: Theme = Theme([
    0x1c2226, 0xe6e9eb, 0x9aa7af, 0x2c353a, 0x4a565d, 0x4a5054, 0x2c2820, 0xff9d8f, //
    0x78cbf4, 0xf8f8f6, 0x247fcc, 0x15496c, 0xffc257, 0x7a3b29, 0x7a3b29, 0xdb4d24,
    0x98c387, //
    0x707475, 0x191f22, //
    0xf08060, 0x58b7e0, 0x62c98a, 0xb795ee, 0xe6b04a, 0xee86bd, 0xc2cad0, 0xd79d6e,
]);

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn they_are_the_colours_of_the_page() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../web/styles/theme.css");
        let styles = std::fs::read_to_string(file).expect("the page has its colours there");
        let of_page = |name: &str| {
            let from = styles.find(&format!("--{name}: light-dark(")).expect(name);
            let pair = styles[from..].split(['(', ')']).nth(1).expect(name);
            let (light, dark) = pair.split_once(", ").expect(name);
            (light.to_owned(), dark.to_owned())
        };
        let named = [
            "panel",
            "ink",
            "muted",
            "line",
            "border",
            "held",
            "burst",
            "error",
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
        let variants = (0..8).map(|number| format!("variant-{number}"));
        let names = named.map(str::to_owned).into_iter().chain(variants);
        for (number, name) in names.enumerate() {
            let own = |theme: &Theme| format!("#{:06x}", theme.0[number]);
            assert_eq!((own(&LIGHT), own(&DARK)), of_page(&name), "{name}");
        }
        assert_eq!(kind_colour(PageKind::Parked, false), [0xeb, 0x8e, 0x02]);
        assert_eq!(Colour::Variant(7).place(), 26);
        assert_eq!(Colour::Variant(8).place(), 19);
    }
}
