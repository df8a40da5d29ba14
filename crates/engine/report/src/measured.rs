//! The real process beside the model, in words.

use crate::{count, moment};
use highwater_simulator::{Bytes, Measured, RealProcess};

/// Says how far the real process and the model are apart at a moment that was measured, and what the rest of the process is.
pub fn measured(real: &RealProcess, at: &Measured) -> String {
    let time = moment::time(at.time);
    let (process, model) = (at.process, at.model);
    let mut text =
        format!("At {time} the real process had {process} of its allocator's memory resident");
    text += &match real.as_recorded {
        true => format!(", and the model {model}"),
        false => format!("; with this variant's allocator and settings it would be {model}"),
    };
    text += ".";
    if real.as_recorded {
        text += &match (real.count, real.apart) {
            (1, _) => String::new(),
            (all, Bytes::ZERO) => {
                format!(
                    " They are equal at all {} moments that were measured.",
                    count(all)
                )
            }
            (all, apart) => {
                let all = count(all);
                format!(" They are at most {apart} apart at the {all} moments that were measured.")
            }
        };
    }
    text + &rest(at)
}

/// Says what else of the process is resident.
fn rest(at: &Measured) -> String {
    let rest = &at.rest;
    let kinds = [
        (rest.files, "code and files"),
        (rest.stacks, "stacks"),
        (rest.python, "Python's arenas"),
        (rest.others, "other mappings"),
    ];
    let kinds = kinds.iter().filter(|(bytes, _)| *bytes > Bytes::ZERO);
    let kinds: Vec<String> = kinds
        .map(|(bytes, name)| format!("{bytes} {name}"))
        .collect();
    let mut text = match kinds.len() {
        0 => String::new(),
        _ => format!(" The rest of the process is {}.", kinds.join(", ")),
    };
    if rest.page_tables > Bytes::ZERO {
        text += &format!(" Its page tables take {} more.", rest.page_tables);
    }
    if at.not_compared > Bytes::ZERO {
        text += &format!(
            " The model has {} more in blocks with mappings of their own, which lie among the process's other mappings.",
            at.not_compared
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::{Micros, Rest};

    fn real(as_recorded: bool, count: u64, apart: Bytes) -> RealProcess {
        RealProcess {
            as_recorded,
            count,
            apart,
            moments: Vec::new(),
        }
    }

    #[test]
    fn the_distance_and_the_rest_are_said() {
        let at = Measured {
            time: Micros(2_500_000),
            process: Bytes::mib(20),
            model: Bytes::mib(21),
            ..Measured::default()
        };
        assert_eq!(
            measured(&real(true, 40, Bytes::mib(1)), &at),
            "At 2.50 s the real process had 20.0 MiB of its allocator's memory resident, and the model 21.0 MiB. \
             They are at most 1.0 MiB apart at the 40 moments that were measured."
        );
        let at = Measured {
            not_compared: Bytes::mib(3),
            rest: Rest {
                files: Bytes::mib(9),
                others: Bytes::mib(5),
                page_tables: Bytes(1 << 18),
                ..Rest::default()
            },
            ..at
        };
        assert_eq!(
            measured(&real(false, 40, Bytes::mib(1)), &at),
            "At 2.50 s the real process had 20.0 MiB of its allocator's memory resident; with this variant's allocator and \
             settings it would be 21.0 MiB. The rest of the process is 9.0 MiB code and files, 5.0 MiB other mappings. \
             Its page tables take 256 KiB more. The model has 3.0 MiB more in blocks with mappings of their own, which lie \
             among the process's other mappings."
        );
    }
}
