//! Time and identity as parameters: the engine never asks the system by itself.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still; for tests and reproducible reports.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Gives out new object identifiers.
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// A GUID never given out before.
    fn guid(&self) -> Uuid;
}

/// GUIDs of version 7: the time, then chance. What is made together stands together in an index, so an index of GUIDs
/// grows at its end instead of everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn guid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// GUIDs that count upwards; for tests.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn guid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}
