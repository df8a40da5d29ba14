//! What must hold of every run, whatever the program and the allocator.

use highwater_simulator::{Bytes, Simulation, SimulatorError, Variant};
use highwater_workload::{Address, BlockId, Call, Event, Workload};
use std::collections::BTreeMap;
use std::fmt;

/// A rule that a run broke.
#[derive(Debug)]
pub struct Fault {
    /// The event after which it did.
    pub event: u64,
    /// The rule, and the figures.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after event {}: {}", self.event, self.what)
    }
}

/// Runs a program through a variant and checks, after every event: no two live blocks overlap, every block is aligned,
/// the live bytes are their sum; and now and then that what could be given back is resident, that the diagnosis can be
/// made, and that nothing counts twice.
///
/// # Errors
/// The first rule that is broken, or that the variant cannot run the program (outer).
pub fn hold(workload: &Workload, variant: &Variant) -> Result<Result<(), Fault>, SimulatorError> {
    let mut simulation = Simulation::new(workload.clone(), variant)?;
    let mut live = Live::default();
    while let Some(event) = simulation.step() {
        let at = simulation.position();
        let fault = |what| Ok(Err(Fault { event: at, what }));
        if let Err(what) = live.take(&simulation, &event) {
            return fault(what);
        }
        if simulation.live() != live.bytes {
            return fault(format!(
                "{} live, the blocks' sum is {}",
                simulation.live(),
                live.bytes
            ));
        }
        if at % 64 == 0
            && let Err(what) = look(&simulation)
        {
            return fault(what);
        }
    }
    let at = simulation.position();
    Ok(look(&simulation).map_err(|what| Fault { event: at, what }))
}

/// Looks at everything that can be asked of a moment.
fn look(simulation: &Simulation) -> Result<(), String> {
    let (rss, reclaimable) = (simulation.rss(), simulation.reclaimable());
    if reclaimable > rss {
        return Err(format!("{reclaimable} reclaimable of {rss} resident"));
    }
    let diagnosis = simulation.diagnose();
    if diagnosis.free_resident > rss {
        return Err(format!(
            "{} free and resident of {rss} resident",
            diagnosis.free_resident
        ));
    }
    // A map of gigabytes takes longer than the run, so few are drawn.
    if addresses(simulation) <= SMALL_MAP || simulation.position().is_multiple_of(512) {
        let _ = simulation.frame();
    }
    Ok(())
}

/// Bytes of addresses whose map costs little.
const SMALL_MAP: u64 = 32 << 20;

/// Bytes of addresses that the process has, resident or not.
fn addresses(simulation: &Simulation) -> u64 {
    let kernel = simulation.kernel();
    let mapped = kernel
        .mappings()
        .map(|mapping| mapping.end.0 - mapping.start.0);
    mapped.sum::<u64>() + (kernel.highest_brk().0 - kernel.config().brk.0)
}

/// The blocks that the program holds, by address.
#[derive(Default)]
struct Live {
    blocks: BTreeMap<u64, (Bytes, BlockId)>,
    places: BTreeMap<u32, Address>,
    bytes: Bytes,
}

impl Live {
    fn take(&mut self, simulation: &Simulation, event: &Event) -> Result<(), String> {
        match event.call {
            Call::Free { block } => self.remove(block),
            Call::Realloc { block, old, size } => {
                let at = simulation.address(block);
                // One that failed leaves the old block as it was.
                if let Some(old) = old
                    && (!at.is_null() || size == Bytes::ZERO)
                {
                    self.remove(old);
                }
                self.insert(at, block, size, 16)?;
            }
            Call::Malloc { block, size } => {
                self.insert(simulation.address(block), block, size, 8)?;
            }
            Call::Calloc { block, count, size } => {
                let size = Bytes(size.0.saturating_mul(u64::from(count)));
                self.insert(simulation.address(block), block, size, 8)?;
            }
            Call::Aligned {
                block,
                alignment,
                size,
            } => {
                let alignment = u64::from(alignment).next_power_of_two();
                self.insert(simulation.address(block), block, size, alignment)?;
            }
            Call::Trim { .. }
            | Call::ThreadExit
            | Call::Mark(_)
            | Call::Mallopt { .. }
            | Call::Forked
            | Call::Touched(_) => {}
        }
        Ok(())
    }

    fn insert(
        &mut self,
        at: Address,
        block: BlockId,
        size: Bytes,
        alignment: u64,
    ) -> Result<(), String> {
        if at.is_null() {
            return Ok(());
        }
        let alignment = if size < Bytes(16) {
            alignment.min(8)
        } else {
            alignment
        };
        if size > Bytes::ZERO && !at.0.is_multiple_of(alignment) {
            return Err(format!("{at} is not a multiple of {alignment}"));
        }
        let end = at.0 + size.0.max(1);
        if let Some((other, (bytes, _))) = self.blocks.range(..end).next_back()
            && other + bytes.0.max(1) > at.0
        {
            return Err(format!("{size} at {at} overlap {bytes} at {other:#x}"));
        }
        self.blocks.insert(at.0, (size, block));
        self.places.insert(block.0, at);
        self.bytes += size;
        Ok(())
    }

    fn remove(&mut self, block: BlockId) {
        if let Some(at) = self.places.remove(&block.0)
            && let Some((size, _)) = self.blocks.remove(&at.0)
        {
            self.bytes -= size;
        }
    }
}
