//! What the system tells of this process: memory and processor time. Elsewhere than on Linux it tells nothing.

use std::fs;

/// Clock ticks of a second in `/proc`; the same on every Linux of today.
const TICKS: f64 = 100.0;

/// Seconds of processor time that all threads have used.
pub fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in brackets and may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// Memory of the process beyond what it had at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    before: Option<u64>,
}

impl Memory {
    /// Counts everything.
    pub fn all() -> Self {
        Self { before: Some(0) }
    }

    /// Counts from what is resident now.
    pub fn beyond_now() -> Self {
        Self { before: status("VmRSS:") }
    }

    /// What was resident when counting began, in bytes.
    pub fn before(self) -> Option<u64> {
        self.before
    }

    /// Forgets the peak so far. Without that no peak of a part can be told.
    pub fn forget_peak() -> bool {
        fs::write("/proc/self/clear_refs", "5").is_ok()
    }

    /// Highest resident memory since the peak was forgotten, beyond what was there before, in bytes.
    pub fn peak(self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.before?))
    }
}

fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
