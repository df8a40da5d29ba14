//! The packings that tools put around their files. Each is unpacked as it is read, with a window of bounded size.

use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::errors::ReadFrameHeaderError::SkipFrame;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder as ZstdDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// How a file is packed, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
    Lz4,
}

impl Packing {
    /// Returns the packing of a file that begins with these bytes.
    pub(crate) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            _ => Self::Plain,
        }
    }
}

/// A source that remembers whether its end was reached, so that a cut file is told from a damaged one.
pub(crate) struct Tracked<R> {
    source: BufReader<R>,
    is_over: bool,
}

impl<R: Read> Tracked<R> {
    fn note<T>(&mut self, read: io::Result<T>, is_end: impl Fn(&T) -> bool) -> io::Result<T> {
        self.is_over |= read.as_ref().is_ok_and(is_end);
        read
    }
}

impl<R: Read> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer);
        self.note(read, |count| *count == 0 && !buffer.is_empty())
    }
}

impl<R: Read> BufRead for Tracked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let filled = self.source.fill_buf().map(<[u8]>::is_empty);
        self.note(filled, |is_empty| *is_empty)?;
        Ok(self.source.buffer())
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
    }
}

/// The bytes of a file, unpacked.
pub(crate) enum Unpacked<R: Read> {
    Plain(Tracked<R>),
    Gzip(Box<MultiGzDecoder<Tracked<R>>>),
    Zstd(Box<Zstd<R>>),
    Lz4(Box<FrameDecoder<Tracked<R>>>),
}

/// Unpacks zstd, frame by frame.
pub(crate) struct Zstd<R> {
    source: Tracked<R>,
    decoder: ZstdDecoder,
    is_begun: bool,
    /// Why the frame at hand has no end.
    cut: Option<io::Error>,
}

impl<R: Read> Unpacked<R> {
    /// Begins to unpack a file, whose first bytes say how.
    pub(crate) fn new(source: R) -> io::Result<Self> {
        let mut source = Tracked {
            source: BufReader::with_capacity(1 << 16, source),
            is_over: false,
        };
        // The first read may return fewer bytes than it takes to tell.
        Ok(match Packing::of(source.fill_buf()?) {
            Packing::Plain => Self::Plain(source),
            Packing::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(source))),
            Packing::Lz4 => Self::Lz4(Box::new(FrameDecoder::new(source))),
            Packing::Zstd => Self::Zstd(Box::new(Zstd {
                source,
                decoder: ZstdDecoder::new(),
                is_begun: false,
                cut: None,
            })),
        })
    }

    /// Whether the packed file has been read to its end, so that an error means that it is cut.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Plain(source) => source.is_over,
            Self::Gzip(gzip) => gzip.get_ref().is_over,
            Self::Zstd(zstd) => zstd.source.is_over,
            Self::Lz4(lz4) => lz4.get_ref().is_over,
        }
    }

    /// Whether its errors may come from the packing.
    pub(crate) fn is_packed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
            Self::Zstd(zstd) => zstd.read(buffer),
            Self::Lz4(lz4) => lz4.read(buffer),
        }
    }
}

/// The end of a frame: a last block without bytes, and room for a checksum, which is not compared.
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

impl<R: Read> Zstd<R> {
    /// Unpacks some blocks of the frame at hand.
    fn decode(&mut self) -> io::Result<()> {
        /// Bytes that are unpacked at a time.
        const PIECE: usize = 1 << 16;
        let strategy = BlockDecodingStrategy::UptoBytes(PIECE);
        let Err(error) = self.decoder.decode_blocks(&mut self.source, strategy) else {
            return Ok(());
        };
        // The decoder holds back a window until the frame ends: of one that is cut off, what was unpacked is asked for.
        let all = BlockDecodingStrategy::All;
        if !self.source.is_over
            || self
                .decoder
                .decode_blocks(&mut &LAST_BLOCK[..], all)
                .is_err()
        {
            return Err(io::Error::other(error));
        }
        self.cut = Some(io::Error::other(error));
        Ok(())
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_begun {
                let read = self.decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                if !self.decoder.is_finished() {
                    self.decode()?;
                    continue;
                }
                self.is_begun = false;
            }
            if let Some(cut) = self.cut.take() {
                return Err(cut);
            }
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => self.is_begun = true,
                Err(FrameDecoderError::ReadFrameHeaderError(SkipFrame { length, .. })) => {
                    let mut skipped = self.source.by_ref().take(length.into());
                    io::copy(&mut skipped, &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}
