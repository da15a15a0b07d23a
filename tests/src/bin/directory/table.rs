//! The table of what was measured, each row printed as soon as it is there.

use serde_json::{Value, json};

/// Rows with their aims.
pub struct Table {
    reference: f64,
    rows: Vec<Value>,
}

impl Table {
    /// An empty table.
    pub fn new(server: &str) -> Self {
        println!("{server:<38} {:>9} {:>10} {:>12} {:>10} {:>10}", "objects", "seconds", "objects/s", "ratio", "aim");
        Self { reference: 0.0, rows: Vec::new() }
    }

    /// What the others are compared with.
    pub fn reference(&mut self, measured: (f64, usize)) {
        self.reference = measured.0;
        self.row("ldapsearch, pages, to /dev/null", measured, None, String::new());
    }

    /// A row whose aim is a multiple of the reference.
    pub fn ratio(&mut self, what: &str, measured: (f64, usize), aim: f64) {
        let ratio = measured.0 / self.reference;
        self.row(what, measured, Some(ratio), judged(ratio <= aim, &format!("{aim}")));
    }

    /// A row whose aim is a time.
    pub fn seconds(&mut self, what: &str, measured: (f64, usize), aim: f64) {
        self.row(what, measured, None, judged(measured.0 <= aim, &format!("{aim} s")));
    }

    fn row(&mut self, what: &str, (seconds, objects): (f64, usize), ratio: Option<f64>, aim: String) {
        let ratio_text = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let rate = if objects == 0 { String::new() } else { format!("{:.0}", objects as f64 / seconds) };
        println!("{what:<38} {objects:>9} {seconds:>10.2} {rate:>12} {ratio_text:>10} {aim:>10}");
        self.rows.push(json!({ "measure": what, "objects": objects, "seconds": seconds, "ratio": ratio, "aim": aim }));
    }

    /// Memory for a tenth of the objects and for all of them.
    pub fn memory(&mut self, what: &str, tenth: u64, all: u64, aim: f64) {
        let (tenth_mib, all_mib) = (mebibytes(tenth), mebibytes(all));
        let aim = judged(all_mib <= aim, &format!("{aim} MiB"));
        println!("{what:<38} {all_mib:.0} MiB, {tenth_mib:.0} MiB for a tenth of the objects; aim {aim}");
        self.rows.push(json!({ "measure": what, "bytes": all, "bytesForATenth": tenth, "aim": aim }));
    }

    /// The rows as JSON.
    pub fn rows(&self) -> &[Value] {
        &self.rows
    }
}

/// An aim, marked when it is missed.
fn judged(met: bool, aim: &str) -> String {
    if met { aim.to_owned() } else { format!("{aim} !") }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
