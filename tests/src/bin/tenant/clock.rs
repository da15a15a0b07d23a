//! A clock on which waiting takes the time that it asks for, without taking any.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use syncline_engine::model::Clock;

/// The clock; nothing but waiting moves it.
#[derive(Debug)]
pub struct MovingClock(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    now: Timestamp,
    waited: Duration,
}

impl MovingClock {
    /// A clock that shows this time.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Inner { now, waited: Duration::ZERO }))
    }

    /// How long was waited since the last [`Self::forget`].
    pub fn waited(&self) -> Duration {
        self.lock().waited
    }

    /// Forgets what was waited so far.
    pub fn forget(&self) {
        self.lock().waited = Duration::ZERO;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn wait(&self, time: Duration, _given_up: &dyn Fn() -> bool) {
        let mut inner = self.lock();
        inner.waited += time;
        let later = SignedDuration::try_from(time).ok().and_then(|time| inner.now.checked_add(time).ok());
        inner.now = later.unwrap_or(inner.now);
    }
}
