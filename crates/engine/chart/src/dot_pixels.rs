//! The pixels of a dot of a heap map.

use highwater_simulator::PageKind;

/// Returns the opacity of each pixel of a dot, row by row. As far as a dot has room, each kind has a shape besides its
/// colour: memory in use fills the dot, a slab is hatched (the less of it is in use, the more), free memory is a lighter
/// grid, memory that is due to be purged half a dot, muzzy memory hollow, returned memory a speck, untouched memory empty.
pub fn dot_pixels(kind: PageKind, cell: u32) -> Vec<u8> {
    let gap = if cell > 3 { cell.div_ceil(5) } else { 0 };
    let inner = cell - gap;
    let is_large = cell > 3;
    let speck = (inner / 2).max(1);
    let first = (inner - speck) / 2;
    let is_speck = |at: u32| (first..first + speck).contains(&at);
    let is_inside = |at: u32| (1..inner - 1).contains(&at);
    let faint = |is_faint: bool| if is_faint { 130 } else { 255 };
    let pixel = |x: u32, y: u32| match kind {
        PageKind::Live | PageKind::Parked | PageKind::Metadata => 255,
        PageKind::Slab => faint(is_large && (x + y) % 4 == 3),
        PageKind::SparseSlab => faint(is_large && (x + y) % 4 > 1),
        PageKind::Free | PageKind::Dirty if !is_large => faint(x + 1 == cell || y + 1 == cell),
        PageKind::Due | PageKind::Muzzy if !is_large => 255,
        PageKind::Free | PageKind::Dirty if x < inner && y < inner => 255,
        PageKind::Due if x + y < inner => 255,
        PageKind::Muzzy if x < inner && y < inner && !(is_inside(x) && is_inside(y)) => 255,
        PageKind::GivenBack if is_speck(x) && is_speck(y) => 255,
        _ => 0,
    };
    (0..cell * cell)
        .map(|index| pixel(index % cell, index / cell))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_covers_less_than_the_one_before() {
        for cell in 2..=16 {
            let cover = [
                PageKind::Live,
                PageKind::Free,
                PageKind::GivenBack,
                PageKind::Untouched,
            ]
            .map(|kind| {
                dot_pixels(kind, cell)
                    .iter()
                    .map(|a| u32::from(*a))
                    .sum::<u32>()
            });
            assert!(cover.is_sorted_by(|a, b| a > b), "{cell}: {cover:?}");
        }
    }
}
