//! The model that a variant runs on, chosen once and called often.

use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, Cache, DecisionLog, Figures, Kernel, Micros,
    Objects, PageRun, Reclaimable, ThreadId, Whereabouts,
};
use highwater_glibc::Glibc;
use highwater_jemalloc::Jemalloc;
use highwater_pymalloc::Pymalloc;
use highwater_workload::Domain;

/// The model a variant runs on. An enum and not a box, so that the call of a model costs no jump through a table.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one to a simulation")]
pub enum Model {
    /// glibc's malloc.
    Glibc(Glibc),
    /// jemalloc.
    Jemalloc(Jemalloc),
    /// Python's object allocator, on one of the others: one form of it for all that it can stand on.
    Python(Box<Pymalloc<Model>>),
}

impl Model {
    /// Returns the model of glibc's malloc, where the program's blocks come from it in the end.
    pub fn glibc(&self) -> Option<&Glibc> {
        match self {
            Self::Glibc(glibc) => Some(glibc),
            Self::Jemalloc(_) => None,
            Self::Python(python) => python.inner().glibc(),
        }
    }

    /// The same of jemalloc.
    pub fn jemalloc(&self) -> Option<&Jemalloc> {
        match self {
            Self::Glibc(_) => None,
            Self::Jemalloc(jemalloc) => Some(jemalloc),
            Self::Python(python) => python.inner().jemalloc(),
        }
    }
}

/// The model as it was at a moment.
#[derive(Clone)]
pub enum StoredModel {
    /// Of glibc's malloc.
    Glibc(Box<highwater_glibc::Stored>),
    /// Of jemalloc.
    Jemalloc(Box<highwater_jemalloc::Stored>),
    /// Of Python's object allocator on one of the others.
    Python(Box<Pymalloc<Self>>),
}

impl Model {
    /// Returns it as it is now.
    #[inline]
    pub fn stored(&self) -> StoredModel {
        match self {
            Self::Glibc(glibc) => StoredModel::Glibc(Box::new(glibc.stored())),
            Self::Jemalloc(jemalloc) => StoredModel::Jemalloc(Box::new(jemalloc.stored())),
            Self::Python(python) => StoredModel::Python(Box::new(python.over(Self::stored))),
        }
    }
}

impl StoredModel {
    /// Returns the model that goes on from here, in the same memory as it was then.
    #[inline]
    pub fn resumed(&self, kernel: &Kernel) -> Model {
        match self {
            Self::Glibc(glibc) => Model::Glibc(glibc.resumed(kernel)),
            Self::Jemalloc(jemalloc) => Model::Jemalloc(jemalloc.resumed()),
            Self::Python(python) => {
                Model::Python(Box::new(python.over(|inner| inner.resumed(kernel))))
            }
        }
    }

    /// Returns about how many bytes it takes.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        match self {
            Self::Glibc(glibc) => glibc.footprint(),
            Self::Jemalloc(jemalloc) => jemalloc.footprint(),
            Self::Python(python) => python.footprint() + python.inner().footprint(),
        }
    }
}

macro_rules! delegate {
    ($self:ident, $model:ident => $call:expr) => {
        match $self {
            Model::Glibc($model) => $call,
            Model::Jemalloc($model) => $call,
            Model::Python($model) => $call,
        }
    };
}

/// What serves the calls of a process, of whichever of its allocators.
pub(crate) trait Serve: Allocator {
    /// Whether it does anything as time passes: only then it need be told.
    fn is_timed(&self) -> bool;

    /// `malloc`, of the interpreter's allocator or, though there is one, of the C library.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn malloc_in(
        &mut self,
        _: Domain,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
    ) -> Option<Address> {
        self.malloc(kernel, thread, size)
    }

    /// `calloc`, in the same way.
    fn calloc_in(
        &mut self,
        _: Domain,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        self.calloc(kernel, thread, count, size)
    }
}

impl Serve for Glibc {
    #[inline]
    fn is_timed(&self) -> bool {
        false
    }
}

impl Serve for Jemalloc {
    #[inline]
    fn is_timed(&self) -> bool {
        true
    }
}

impl Serve for Model {
    fn is_timed(&self) -> bool {
        match self {
            Self::Glibc(glibc) => glibc.is_timed(),
            Self::Jemalloc(jemalloc) => jemalloc.is_timed(),
            Self::Python(python) => python.inner().is_timed(),
        }
    }

    #[inline]
    fn malloc_in(
        &mut self,
        domain: Domain,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
    ) -> Option<Address> {
        match (self, domain) {
            (Self::Python(python), Domain::Raw) => python.past(|c| c.malloc(kernel, thread, size)),
            (model, _) => model.malloc(kernel, thread, size),
        }
    }

    fn calloc_in(
        &mut self,
        domain: Domain,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        match (self, domain) {
            (Self::Python(python), Domain::Raw) => {
                python.past(|c| c.calloc(kernel, thread, count, size))
            }
            (model, _) => model.calloc(kernel, thread, count, size),
        }
    }
}

impl Allocator for Model {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        delegate!(self, model => model.malloc(kernel, thread, size))
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        delegate!(self, model => model.calloc(kernel, thread, count, size))
    }

    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        delegate!(self, model => model.realloc(kernel, thread, old, size))
    }

    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        delegate!(self, model => model.aligned(kernel, thread, alignment, size))
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        delegate!(self, model => model.free(kernel, thread, block));
    }

    fn trim(&mut self, kernel: &mut Kernel, thread: ThreadId, pad: Bytes) -> bool {
        delegate!(self, model => model.trim(kernel, thread, pad))
    }

    fn mallopt(&mut self, kernel: &mut Kernel, thread: ThreadId, option: i32, value: i32) -> bool {
        delegate!(self, model => model.mallopt(kernel, thread, option, value))
    }

    fn forked(&mut self, thread: ThreadId) {
        delegate!(self, model => model.forked(thread));
    }

    fn discard(&mut self, kernel: &mut Kernel, block: Address, cache: Option<Cache>) -> bool {
        delegate!(self, model => model.discard(kernel, block, cache))
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        delegate!(self, model => model.thread_exit(kernel, thread));
    }

    fn advance(&mut self, kernel: &mut Kernel, now: Micros) {
        delegate!(self, model => model.advance(kernel, now));
    }

    fn usable_size(&self, kernel: &Kernel, block: Address) -> Bytes {
        delegate!(self, model => model.usable_size(kernel, block))
    }

    fn whereabouts(&self, kernel: &Kernel, block: Address) -> Whereabouts {
        delegate!(self, model => model.whereabouts(kernel, block))
    }

    fn accounting(&self, kernel: &Kernel) -> Accounting {
        delegate!(self, model => model.accounting(kernel))
    }

    fn reclaimable(&self, kernel: &Kernel) -> Reclaimable {
        delegate!(self, model => model.reclaimable(kernel))
    }

    fn census(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        delegate!(self, model => model.census(kernel, visit));
    }

    fn figures(&self) -> Option<Figures> {
        delegate!(self, model => model.figures())
    }

    fn page_runs(&self, visit: &mut dyn FnMut(PageRun)) {
        delegate!(self, model => model.page_runs(visit));
    }

    fn objects(&self, kernel: &Kernel) -> Option<Objects> {
        delegate!(self, model => model.objects(kernel))
    }

    fn resident_at_start(&self) -> Bytes {
        delegate!(self, model => model.resident_at_start())
    }

    fn written_at_start(&self) -> Bytes {
        delegate!(self, model => model.written_at_start())
    }

    fn decisions(&self) -> &DecisionLog {
        delegate!(self, model => model.decisions())
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        delegate!(self, model => model.decisions_mut())
    }
}
