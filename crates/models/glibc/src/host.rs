//! What the allocator finds around it when a process starts, beside its environment.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The cores of a machine, as a process can count them.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Cores {
    /// Those that are online (`/sys/devices/system/cpu/online`).
    pub online: u32,
    /// Those the process may run on (`sched_getaffinity`): fewer where a cpuset or taskset says so. A quota, such as a
    /// container's limit of so many cores, changes neither.
    pub allowed: u32,
}

/// The process and the machine it runs on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Host {
    /// The cores, which bound the number of arenas.
    pub cores: Cores,
    /// Whether the process has more than one thread. It is taken to have them from its start.
    pub threaded: bool,
}

impl Cores {
    /// A machine all of whose cores the process may use.
    pub fn all(count: u32) -> Self {
        Self {
            online: count,
            allowed: count,
        }
    }
}

impl Default for Host {
    /// A process of one thread on a machine of two cores.
    fn default() -> Self {
        Self {
            cores: Cores::all(2),
            threaded: false,
        }
    }
}
