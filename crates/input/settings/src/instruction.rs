//! What a line begins with that is read by rules of its own: an instruction of a Dockerfile, a setting of a unit of systemd.

/// An instruction of a Dockerfile, or a setting of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    From,
    Arg,
    Env,
    Environment,
    UnsetEnvironment,
    PassEnvironment,
    EnvironmentFile,
}

impl Instruction {
    /// What a line begins with, if it is one of these.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let (word, rest) = line.split_at(line.find([' ', '\t', '=']).unwrap_or(line.len()));
        let unit = match word {
            "Environment" => Self::Environment,
            "UnsetEnvironment" => Self::UnsetEnvironment,
            "PassEnvironment" => Self::PassEnvironment,
            "EnvironmentFile" => Self::EnvironmentFile,
            _ if rest.trim_start().starts_with('=') => return None,
            _ if word.eq_ignore_ascii_case("FROM") && !rest.is_empty() => return Some(Self::From),
            "ENV" if !rest.is_empty() => return Some(Self::Env),
            // What a build is given is not there when the program runs.
            "ARG" if !rest.is_empty() => return Some(Self::Arg),
            _ => return None,
        };
        rest.trim_start().starts_with('=').then_some(unit)
    }
}
