//! Writes a recording as text: `convert FILE.hwr FILE.hwt`.

use highwater_hwr::{read::Reader, text::convert};
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let input = arguments.next().ok_or("the recording is missing")?;
    let output = arguments.next().ok_or("the file to write is missing")?;
    let reader = Reader::new(BufReader::new(File::open(input)?))?;
    let converted = convert(reader, &mut BufWriter::new(File::create(output)?))?;
    println!("{converted:?}");
    Ok(())
}
