//! The table of what was measured.

use std::time::Instant;

use super::process::{Memory, processor_seconds};
use anyhow::Context as _;
use serde_json::{Value, json};

/// Rows that were measured, each printed as soon as it is there.
pub struct Table {
    memory: Memory,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    objects: usize,
    seconds: f64,
    processor: Option<f64>,
    peak: Option<u64>,
}

impl Row {
    fn rate(&self) -> f64 {
        self.objects as f64 / self.seconds
    }
}

impl Table {
    /// An empty table; peaks are told beyond what `memory` began with.
    pub fn new(memory: Memory) -> Self {
        println!(
            "{:<34} {:>9} {:>10} {:>12} {:>12} {:>10}",
            "measure", "objects", "seconds", "objects/s", "processor s", "peak MiB"
        );
        Self { memory, rows: Vec::new() }
    }

    /// Does some work and tells how long it took, and how much memory it had at most.
    pub fn measure(&mut self, what: &str, objects: usize, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
        let separate = Memory::forget_peak();
        let (begun, processor) = (Instant::now(), processor_seconds());
        work().with_context(|| what.to_owned())?;
        let seconds = begun.elapsed().as_secs_f64();
        let row = Row {
            what: what.to_owned(),
            objects,
            seconds,
            processor: processor_seconds().zip(processor).map(|(after, before)| after - before),
            peak: self.memory.peak().filter(|_| separate),
        };
        println!(
            "{what:<34} {objects:>9} {seconds:>10.2} {:>12.0} {:>12} {:>10}",
            row.rate(),
            row.processor.map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds:.2}")),
            row.peak.map_or_else(|| "unknown".to_owned(), |bytes| format!("{:.0}", mebibytes(bytes))),
        );
        self.rows.push(row);
        Ok(seconds)
    }

    /// What the peaks count.
    pub fn memory(&self) -> String {
        let Some(before) = self.memory.before() else {
            return "memory                            unknown on this system".to_owned();
        };
        format!(
            "memory                            peaks are beyond the {:.0} MiB resident once the forest was generated;\n\
             {:34}from the export on they hold the tenant's objects too",
            mebibytes(before),
            ""
        )
    }

    /// Tells how this table's figures relate to those of another size.
    pub fn compare(&self, other: &Self) {
        println!("{:<34} {:>12} {:>12} {:>10}", "ratio of the second to the first", "objects", "seconds", "objects/s");
        for (one, other) in self.rows.iter().zip(&other.rows) {
            println!(
                "{:<34} {:>12.2} {:>12.2} {:>10.2}",
                one.what,
                other.objects as f64 / one.objects as f64,
                other.seconds / one.seconds,
                other.rate() / one.rate()
            );
        }
    }

    /// The rows as JSON.
    pub fn rows(&self) -> Vec<Value> {
        let row = |row: &Row| {
            json!({
                "measure": row.what, "objects": row.objects, "seconds": row.seconds, "objectsPerSecond": row.rate(),
                "processorSeconds": row.processor, "peakBytes": row.peak,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

/// Bytes in the unit of all figures.
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
