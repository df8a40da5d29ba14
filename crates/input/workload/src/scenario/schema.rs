//! What stands in a scenario's file, as it is written.
//!
//! The build script reads the files with it, and the program what the build script made of them; so nothing else of the
//! crate is used here.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// A structure with what can be said at every level: of the scenario, of a variant, of a stage. What is not said at one
/// level is as at the level above.
macro_rules! level {
    ($(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $own_type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$own_doc])* pub $own: $own_type,)*
            /// The pattern that runs.
            #[serde(default)]
            pub pattern: Option<String>,
            /// The release of CPython that runs it, or `none`.
            #[serde(default)]
            pub python: Option<String>,
            /// The allocator, `NAME` or `NAME@VERSION`.
            #[serde(default)]
            pub allocator: Option<String>,
            /// The environment, as lines.
            #[serde(default)]
            pub environment: Option<String>,
            /// Limit of resident memory for all processes together, in MiB.
            #[serde(default)]
            pub cap: Option<u64>,
            /// Cores of the machine.
            #[serde(default)]
            pub cores: Option<u32>,
            /// Processes side by side, each with its own seed.
            #[serde(default)]
            pub workers: Option<u32>,
            /// Parameters of the pattern.
            #[serde(default)]
            pub parameters: Settings,
        }

        impl $name {
            /// The settings of one level, which every level may have.
            #[allow(dead_code, reason = "the build script does not ask")]
            pub fn setup(&self) -> Setup<'_> {
                Setup {
                    pattern: self.pattern.as_deref(),
                    python: self.python.as_deref(),
                    allocator: self.allocator.as_deref(),
                    environment: self.environment.as_deref(),
                    cap: self.cap,
                    cores: self.cores,
                    workers: self.workers,
                    parameters: &self.parameters,
                }
            }
        }
    };
}

level! {
    /// A scenario.
    Script {
        /// A heading.
        title: String,
        /// What it shows, in a few sentences.
        shows: String,
        /// Where it comes from.
        source: String,
        /// The variants.
        variant: Vec<VariantScript>,
    }
}

level! {
    /// One way to run it.
    VariantScript {
        /// Its name, which no other variant has.
        name: String,
        /// The stages, if it has more than one.
        #[serde(default)]
        stage: Vec<StageScript>,
    }
}

level! {
    /// A part of a variant's time: processes start, run to their end, and are stopped.
    StageScript {
        /// Its name.
        name: String,
    }
}

/// What is said at one level.
#[allow(missing_docs, reason = "the fields of a level")]
#[allow(dead_code, reason = "the build script does not ask")]
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    pub pattern: Option<&'a str>,
    pub python: Option<&'a str>,
    pub allocator: Option<&'a str>,
    pub environment: Option<&'a str>,
    pub cap: Option<u64>,
    pub cores: Option<u32>,
    pub workers: Option<u32>,
    pub parameters: &'a Settings,
}

/// Parameters' names and values, in the order in which they are written.
///
/// A table in a file, and as bytes a sequence of pairs: there are few, and they are gone through one by one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Settings(pub Vec<(String, Setting)>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer).map(Self);
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of parameters")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut settings = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    settings.push(entry);
                }
                Ok(Settings(settings))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A parameter's value: a number, or the name of a choice; kept as the text of either.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Setting(pub String);

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return String::deserialize(deserializer).map(Self);
        }
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or the name of a choice")
            }
            fn visit_i64<E>(self, value: i64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Setting, E> {
                Ok(Setting(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
