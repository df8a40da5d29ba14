//! Sizes, times and the numbers of axes as people read them.

use highwater_report::moment;
use highwater_simulator::{Bytes, Decimal, Micros};

/// A size in MiB without its unit: `207.6`, `8.94`, `0.0117`.
pub fn mib(bytes: Bytes) -> String {
    bytes.decimal_mib(decimals(bytes)).to_string()
}

/// The decimals with which a size in MiB is true within half a percent, at least one.
pub fn decimals(bytes: Bytes) -> u32 {
    let mib = bytes.as_mib();
    let mut decimals = 1;
    let mut least = 10.0;
    while mib < least && decimals < 6 && bytes > Bytes::ZERO {
        decimals += 1;
        least /= 10.0;
    }
    decimals
}

/// A time of any length: `412 µs`, `0.007 s`, `10.08 s`, `12 min 3 s`, `3 h 20 min`, `2 d 4 h`.
pub fn time(time: Micros) -> String {
    let whole = time.0 / 1_000_000;
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    match whole {
        0..600 => moment::time(time),
        600..3600 => format!("{minutes} min {} s", whole % 60),
        3600..86_400 => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// A number with at most six decimals, without zeros at the end.
pub fn number(value: f64) -> String {
    Decimal::short(value).to_string()
}

/// Round moments between two, about six, with their labels.
pub fn time_ticks(from: Micros, to: Micros) -> Vec<(Micros, String)> {
    let span = Micros(to.0 - from.0).as_seconds();
    let (unit, name) = match span {
        s if s < 0.001 => (1e-6, "µs"),
        s if s < 1.0 => (1e-3, "ms"),
        s if s < 600.0 => (1.0, "s"),
        s if s < 4.0 * 3600.0 => (60.0, "min"),
        s if s < 96.0 * 3600.0 => (3600.0, "h"),
        _ => (86_400.0, "d"),
    };
    let steps = ticks(span / unit, 6.0);
    let step = steps.get(1).copied().unwrap_or(1.0);
    let first = (from.as_seconds() / unit / step).ceil() as u64;
    let at = |number: u64| number as f64 * step;
    let moments = (first..).map(|number| (at(number), at(number) * unit * 1e6));
    let until = to.0 as f64 + 0.5;
    moments
        .take_while(|(_, micros)| *micros <= until)
        .map(|(value, micros)| {
            (
                Micros(micros.round() as u64),
                format!("{} {name}", number(value)),
            )
        })
        .collect()
}

/// The largest power of ten that is not above a number, which is above 0 and finite.
pub fn power_of_ten(number: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 <= number {
        power *= 10.0;
    }
    while power > number {
        power /= 10.0;
    }
    power
}

/// Round values from 0 to at least `most`, about `wanted` of them, in steps of 1, 2 or 5 times a power of ten.
pub fn ticks(most: f64, wanted: f64) -> Vec<f64> {
    if most <= 0.0 || !most.is_finite() {
        return vec![0.0];
    }
    let rough = most / wanted.max(1.0);
    let power = power_of_ten(rough);
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    let count = (most / step).floor() as u32;
    (0..=count).map(|n| f64::from(n) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_as_many_decimals_as_make_it_true() {
        let sizes = [Bytes(0), Bytes(12 << 10), Bytes::kib(9155), Bytes::mib(208)];
        assert_eq!(sizes.map(mib), ["0.0", "0.0117", "8.94", "208.0"]);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(315.3, 4.0), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!(ticks(10.136, 6.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(0.0, 4.0), [0.0]);
        let labels = |most: u64| -> Vec<String> {
            let ticks = time_ticks(Micros(0), Micros(most)).into_iter();
            ticks.map(|(_, label)| label).collect()
        };
        assert_eq!(labels(5_000_000)[..3], ["0 s", "1 s", "2 s"]);
        assert_eq!(labels(500_000)[..3], ["0 ms", "100 ms", "200 ms"]);
        assert_eq!(labels(20_000)[..3], ["0 ms", "5 ms", "10 ms"]);
        assert_eq!(labels(10)[..3], ["0 µs", "2 µs", "4 µs"]);
    }
}
