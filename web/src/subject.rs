//! What runs: a recording, a scenario of the catalogue, or a pattern by itself; and the variants each begins with.

use std::rc::Rc;

use highwater_simulator::Choice;
use highwater_workload::{Pattern, RunSpec, Scenario, pattern::Parameters, spec::Level};

use crate::form::ParameterForm;

/// What runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The recording that the page opens with.
    Bundled,
    /// The recording of a service, which also comes with the page.
    Service,
    /// A program of ten blocks, which the story is told with.
    TenBlocks,
    /// A file of the user's, by its name.
    File(String),
    /// A scenario, or a pattern in the form of one.
    Scenario(Rc<Scenario>),
}

/// The settings that a recording or a pattern is run with at first: a name, the allocator, and its lines. They are those that
/// everyone tries, and those that do something.
const TRIED: [(&str, &str, &str); 5] = [
    ("no setting", "", ""),
    ("trim threshold 64 KiB", "", "MALLOC_TRIM_THRESHOLD_=65536"),
    (
        "tcache off",
        "",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    ),
    ("mmap from 16 KiB", "", "MALLOC_MMAP_THRESHOLD_=16384"),
    (
        "jemalloc, 1000 ms",
        "jemalloc",
        "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000",
    ),
];

impl Subject {
    /// A heading for people.
    pub fn title(&self) -> &str {
        match self {
            Self::Bundled => "asyncio burst · recorded",
            Self::Service => "FastAPI service with Redis · recorded",
            Self::TenBlocks => "Ten blocks · recorded",
            Self::File(name) => name,
            Self::Scenario(scenario) => scenario.run.text("title"),
        }
    }

    /// What it shows. A scenario of the catalogue and a recording that the page does not open with have that in a file, which the page
    /// loads for who looks (`web/start.js`).
    pub fn shows(&self) -> Option<&str> {
        let words = match self {
            Self::Bundled => {
                "A real asyncio service under CPython 3.11 and glibc 2.36: two bursts, 4 s of rest after each, then one \
                 malloc_trim(0)."
            }
            Self::Service | Self::TenBlocks => return None,
            Self::File(_) => "Your recording. It stays in this browser.",
            Self::Scenario(scenario) => scenario.name.parse::<Pattern>().ok()?.shows(),
        };
        Some(words)
    }

    /// The value it has in the list.
    pub fn key(&self) -> &str {
        match self {
            Self::Bundled => "bundled",
            Self::Service => "bundled-service",
            Self::TenBlocks => "ten-blocks",
            Self::File(_) => "file",
            Self::Scenario(scenario) => &scenario.name,
        }
    }

    /// The name it is known by outside the page: that of its file, or of the scenario.
    pub fn name(&self) -> &str {
        match self {
            Self::File(name) => name,
            Self::Bundled => "asyncio_burst",
            Self::Service => "service",
            Self::TenBlocks => "ten_blocks",
            Self::Scenario(scenario) => &scenario.name,
        }
    }

    /// The pattern that runs where a variant does not say another, and its parameters.
    pub fn common(&self) -> Option<(Pattern, Parameters)> {
        self.run()?.common().ok()
    }

    /// Those that come with the page as recordings.
    pub const BUNDLED: [Self; 3] = [Self::Bundled, Self::Service, Self::TenBlocks];

    /// The file that it is read from, relative to the page, where it comes with it.
    pub fn file(&self) -> Option<&'static str> {
        match self {
            Self::Bundled => Some("traces/asyncio_burst.hwt.gz"),
            Self::Service => Some("traces/service.hwr.gz"),
            Self::TenBlocks => Some("traces/ten_blocks.hwt"),
            Self::File(_) | Self::Scenario(_) => None,
        }
    }

    /// The description of the scenario, where it is one.
    pub fn run(&self) -> Option<&RunSpec> {
        match self {
            Self::Scenario(scenario) => Some(&scenario.run),
            _ => None,
        }
    }

    /// The parameters of its pattern, as fields.
    pub fn form(&self) -> ParameterForm {
        self.common()
            .map_or_else(ParameterForm::default, |(_, parameters)| {
                ParameterForm::of(parameters)
            })
    }

    /// The scenario that has variants to begin as. A pattern's all begin alike.
    pub fn bases(&self) -> Option<&RunSpec> {
        let is_pattern = self.key().parse::<Pattern>().is_ok();
        self.run().filter(|_| !is_pattern)
    }

    /// Whether it is a recording.
    pub fn is_trace(&self) -> bool {
        self.run().is_none()
    }
}

/// Everything that can be chosen by name: the catalogue, and behind it the patterns.
pub struct Choices {
    /// The catalogue.
    pub scenarios: Vec<Rc<Scenario>>,
    /// The patterns, each as a scenario of its name.
    pub patterns: Vec<Rc<Scenario>>,
}

impl Choices {
    /// All of them.
    pub fn all() -> Self {
        Self {
            scenarios: Scenario::catalogue().into_iter().map(Rc::new).collect(),
            patterns: Pattern::ALL.map(|pattern| Rc::new(alone(pattern))).to_vec(),
        }
    }

    /// The one with this key.
    pub fn find(&self, key: &str) -> Option<Subject> {
        let mut all = self.scenarios.iter().chain(&self.patterns);
        let found = all.find(|scenario| scenario.name == key);
        found.map(|scenario| Subject::Scenario(Rc::clone(scenario)))
    }
}

/// A pattern with the settings that everyone tries.
fn alone(pattern: Pattern) -> Scenario {
    let variant = |(name, allocator, lines): (&str, &str, &str)| {
        let mut variant = Level::with("name", name);
        if !allocator.is_empty() {
            variant.set("allocator", allocator.to_owned());
        }
        variant.set("environment", lines.to_owned());
        variant
    };
    let mut run = RunSpec::with("title", pattern.title());
    run.set("pattern", pattern.name().to_owned());
    run.parts = TRIED.map(variant).to_vec();
    Scenario {
        name: pattern.name().to_owned(),
        run,
    }
}

/// What a recording is run through at first: `own` is the allocator it was recorded on.
pub fn tried(own: Choice) -> Vec<(&'static str, Choice, &'static str)> {
    let on = |name: &str| match (name, own) {
        ("", Choice::Glibc(_)) => own,
        (name, Choice::Jemalloc(_)) if !name.is_empty() => own,
        (name, _) => name.parse().unwrap_or_default(),
    };
    TRIED
        .into_iter()
        .map(|(name, allocator, lines)| (name, on(allocator), lines))
        .collect()
}
