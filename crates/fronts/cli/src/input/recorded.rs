//! Opens what was recorded: a trace in text, or a recording in binary form with those of the process's ancestors.

use crate::input::imported::{self, Told};
use crate::input::names;
use anyhow::{Result, anyhow};
use flate2::read::MultiGzDecoder;
use highwater_hwr::read::Reader;
use highwater_workload::trace::{self, Beside, Limits, Orphan, TraceFile, ancestry};
use highwater_workload::{Micros, Sample, Source, Workload};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A recording in binary form.
pub(crate) type Recording = Reader<BufReader<trace::Bytes>>;

/// Bytes of a file by which it is told what it is: at least a packed block.
pub(crate) const BEGINNING: u64 = 1 << 18;

/// A file that was recorded, not read yet.
pub(crate) enum Recorded {
    /// A trace in text, whole. Of a file that is none it has the beginning.
    Text(Vec<u8>),
    /// The recordings of a process's ancestors, the oldest first, and its own.
    Family(Vec<Recording>),
    /// The file of another tool, as a recording.
    Imported(Vec<Recording>, Told),
}

impl Recorded {
    /// Opens a file, which its content says the kind of.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        file.by_ref().take(BEGINNING).read_to_end(&mut bytes)?;
        if trace::is_recording(&bytes) {
            return Ok(Self::Family(family(path)?.recordings));
        }
        if imported::is_one(&bytes)? {
            let told = Told::default();
            let whole = Box::new(io::Cursor::new(bytes).chain(file));
            let recording = imported::open(whole, &told)?;
            let recording = Reader::new(BufReader::new(recording))?;
            return Ok(Self::Imported(vec![recording], told));
        }
        if trace::is_packed_recording(&bytes) {
            let packed = io::Cursor::new(bytes).chain(file);
            let unpacked: trace::Bytes = Box::new(MultiGzDecoder::new(packed));
            return Ok(Self::Family(vec![Reader::new(BufReader::new(unpacked))?]));
        }
        // Of any other file only the beginning: it may have no end.
        if trace::begins_like_one(&bytes) {
            let most = Limits::default().text + 1;
            file.take(most).read_to_end(&mut bytes)?;
        }
        Ok(Self::Text(bytes))
    }

    /// Returns what the file of another tool lacks, once it has been read.
    pub(crate) fn told(&self) -> Option<Told> {
        match self {
            Self::Imported(_, told) => Some(told.clone()),
            Self::Text(_) | Self::Family(_) => None,
        }
    }

    /// Reads the calls, and the samples that were taken from outside and lie beside them.
    pub(crate) fn read(self, path: &Path) -> Result<Workload> {
        match self {
            Self::Text(bytes) => {
                let mut workload = trace::read(&bytes)?;
                names::name(&mut workload);
                Ok(workload)
            }
            Self::Family(family) => {
                let samples = samples(&family, path)?;
                let mut workload = trace::read_recording(family, Limits::default())?;
                add(&mut workload, samples);
                names::name(&mut workload);
                Ok(workload)
            }
            Self::Imported(recording, told) => {
                let mut workload = trace::read_recording(recording, Limits::default())?;
                told.tell(path, &mut workload.header);
                Ok(workload)
            }
        }
    }
}

/// Opens a trace to be read as it is replayed. What is no file, such as a pipe, can be read only once: it is kept in memory.
pub(crate) fn source(path: &Path) -> Result<Source> {
    if !fs::metadata(path)?.is_file() {
        return Ok(Recorded::open(path)?.read(path)?.into());
    }
    let mut start = Vec::new();
    File::open(path)?.take(BEGINNING).read_to_end(&mut start)?;
    if imported::is_one(&start)? {
        return imported_source(path);
    }
    let (files, samples) = match trace::is_recording(&start) {
        false => (vec![path.to_owned()], Vec::new()),
        true => {
            let family = family(path)?;
            let sample = |(time, text): Beside| Sample {
                event: 0,
                time: Micros(time),
                text: text.into(),
            };
            let samples = samples(&family.recordings, path)?;
            let samples = samples.into_iter().map(sample).collect();
            (family.files, samples)
        }
    };
    let count = files.len();
    let open = move |number: usize, at| {
        let mut file = File::open(&files[number])?;
        file.seek(SeekFrom::Start(at))?;
        Ok(Box::new(file) as trace::Bytes)
    };
    let file = TraceFile::new(count, open, Limits::in_parts());
    Ok(Source::traced(file, Limits::KEPT, samples)?.with(names::name))
}

/// Opens a file of another tool to be read as it is replayed.
fn imported_source(path: &Path) -> Result<Source> {
    let (file, told) = (path.to_owned(), Told::default());
    let seen = told.clone();
    let open = move |_, at| {
        let bytes = imported::open(Box::new(File::open(&file)?), &seen);
        let mut bytes = bytes.map_err(io::Error::other)?;
        // What lies before is made again: there is no other way to a place in it.
        io::copy(&mut bytes.by_ref().take(at), &mut io::sink())?;
        Ok(bytes)
    };
    let file = TraceFile::new(1, open, Limits::in_parts());
    let source = Source::traced(file, Limits::KEPT, Vec::new())?;
    Ok(source.with(|workload| told.tell(path, &mut workload.header)))
}

/// Reads the checksum of a file.
pub(crate) fn checksum(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let (mut sum, mut part) = (0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(sum),
            read => sum = highwater_hwr::checksum(sum, &part[..read]),
        }
    }
}

/// Reads the samples that lie beside a recording, if there are any, in order of time. Their times count from the beginning of
/// the first ancestor's.
pub(crate) fn samples(family: &[Recording], path: &Path) -> Result<Vec<Beside>> {
    let path = path.with_extension("samples");
    let (Ok(text), Some((first, own))) =
        (fs::read_to_string(&path), family.first().zip(family.last()))
    else {
        return Ok(Vec::new());
    };
    trace::samples(&text, first.control(), own.control()).map_err(|line| {
        anyhow!(
            "{}, line {line}: expected `s TIME key=value ...`",
            path.display()
        )
    })
}

/// Adds samples to those of the recording itself.
fn add(workload: &mut Workload, samples: Vec<Beside>) {
    for (time, text) in samples {
        let time = Micros(time);
        let event = workload.events.partition_point(|event| event.time <= time);
        workload.alive = workload.alive.max(time);
        workload.samples.push(Sample {
            event: event as u32,
            time,
            text: text.into(),
        });
    }
    workload
        .samples
        .sort_by_key(|sample| (sample.event, sample.time));
}

/// A recording and those of its ancestors, the oldest first.
struct Family {
    files: Vec<PathBuf>,
    recordings: Vec<Recording>,
}

/// Opens a recording and those of its ancestors, the oldest first.
fn family(path: &Path) -> Result<Family> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut all = vec![(path.to_owned(), *open(path)?.control())];
    if all[0].1.parent_ticket.is_some() {
        let control = |path: &PathBuf| Some(*open(path).ok()?.control());
        let others = in_folder(folder).into_iter();
        all.extend(others.filter_map(|path| control(&path).map(|control| (path, control))));
    }
    let (mut paths, controls): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let places = ancestry(&controls, 0).map_err(|Orphan { parent }| {
        anyhow!("it is the recording of a forked process, and that of its parent (process {parent}) is not in the same folder")
    })?;
    let files = places
        .into_iter()
        .map(|place| std::mem::take(&mut paths[place]));
    let files: Vec<PathBuf> = files.collect();
    let recordings = files.iter().map(|path| open(path));
    let recordings = recordings.collect::<Result<_>>()?;
    Ok(Family { files, recordings })
}

fn open(path: &Path) -> Result<Recording> {
    let file: trace::Bytes = Box::new(File::open(path)?);
    Ok(Reader::new(BufReader::new(file))?)
}

/// Returns the recordings of a folder.
pub(crate) fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "hwr"));
    paths.sort();
    paths
}
